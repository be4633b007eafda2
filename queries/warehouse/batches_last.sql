SELECT COALESCE(MAX(batch), 0) AS last_batch
FROM {schema}._flightdeck_batches
WHERE connector = ?
