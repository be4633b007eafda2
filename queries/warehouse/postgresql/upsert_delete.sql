DELETE FROM {table} AS t
USING (SELECT {values} FROM unnest({arrays}) AS u ({names})) AS s ({columns})
WHERE {match}
