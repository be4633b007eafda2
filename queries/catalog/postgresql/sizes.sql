-- Tables with what they take on disk (indexes and long values too), partitioned ones as one. Rows are the planner's
-- estimate: NULL where it has none.
-- include: parts/held
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name,
       CASE c.relkind WHEN 'm' THEN 'materialized view' WHEN 'p' THEN 'partitioned table' ELSE 'table' END AS kind,
       s.bytes, CASE WHEN s.unknown THEN NULL ELSE s.row_count END AS row_count
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
-- include: parts/table_sizes
WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
ORDER BY s.bytes DESC NULLS LAST, n.nspname, c.relname
LIMIT 5000
