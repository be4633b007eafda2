-- Columns that PostgreSQL does not send. (attgenerated came with version 12.)
SELECT a.attname::text
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
  AND coalesce(to_jsonb(a) ->> 'attgenerated', '') <> ''
ORDER BY a.attnum
