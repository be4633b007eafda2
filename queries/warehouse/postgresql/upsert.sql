INSERT INTO {table} ({columns})
SELECT {values}
FROM unnest({arrays}) AS u ({names})
ON CONFLICT ({key}) {action}
