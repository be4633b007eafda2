-- Type names come without their domain: a domain takes what its base type takes.
SELECT a.attname::text, coalesce(b.typname, t.typname)::text,
       CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE t.typtypmod END, 0, 0, a.attnotnull::int
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype
WHERE n.nspname = ? AND c.relname = ? AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
