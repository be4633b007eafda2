SELECT c.{column}, COUNT(*) AS rows_there
FROM (SELECT {column} FROM {table} WHERE {column} IS NOT NULL{where}) c
LEFT JOIN (SELECT DISTINCT {field} AS _there FROM {to}) p ON p._there = c.{column}
WHERE p._there IS NULL
GROUP BY c.{column}
