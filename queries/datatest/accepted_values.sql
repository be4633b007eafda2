SELECT {column}, COUNT(*) AS rows_there FROM {table}
WHERE {column} IS NOT NULL AND CAST({column} AS VARCHAR(4000)) NOT IN ({values}){where}
GROUP BY {column}
