-- The newest loads of the model.
SELECT entity, batch_from, batch_to, raw_rows, inserted,
       CAST((_created_at AT TIME ZONE 'UTC') AS VARCHAR(40)) AS loaded_at,
       EXTRACT(EPOCH FROM (CURRENT_TIMESTAMP - _created_at)) AS age_s
FROM {schema}._flightdeck_loads
ORDER BY _created_at DESC, entity
LIMIT 100
