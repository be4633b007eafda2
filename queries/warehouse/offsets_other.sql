SELECT MIN(connector)
FROM {schema}._flightdeck_offsets
WHERE topic = ? AND connector <> ?