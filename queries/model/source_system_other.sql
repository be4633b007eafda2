SELECT MIN(source_system)
FROM {table}
HAVING COUNT(CASE WHEN source_system = CAST(? AS VARCHAR(200)) THEN 1 END) = 0
