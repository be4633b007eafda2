INSERT INTO {table} (source_systems_id, source_system, _created_at)
SELECT COALESCE(MAX(s.source_systems_id), 0) + 1, CAST(? AS VARCHAR(200)), CURRENT_TIMESTAMP
FROM {table} s
HAVING COUNT(CASE WHEN s.source_system = CAST(? AS VARCHAR(200)) THEN 1 END) = 0