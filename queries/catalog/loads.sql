-- The newest batches that were loaded into raw.
SELECT connector, batch, row_count, byte_count, CAST((loaded_at AT TIME ZONE 'UTC') AS VARCHAR(40)) AS loaded_at,
       EXTRACT(EPOCH FROM (CURRENT_TIMESTAMP - loaded_at)) AS age_s
FROM {schema}._flightdeck_batches
ORDER BY loaded_at DESC, connector
LIMIT 100
