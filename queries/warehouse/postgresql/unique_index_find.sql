-- Is there an index already that ON CONFLICT on just these columns can use?
SELECT count(*)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ? AND c.relname = ?
  AND i.indisunique AND i.indisvalid AND i.indimmediate
  AND i.indpred IS NULL AND i.indexprs IS NULL
  AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C")
       FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS k (attnum)
       JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)
    = (SELECT array_agg(x ORDER BY x COLLATE "C") FROM unnest(?::text[]) AS x)
