SELECT {columns}, COUNT(*) AS rows_there FROM {table}
{where}
GROUP BY {columns}
HAVING COUNT(*) > 1
