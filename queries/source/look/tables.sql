-- Ordinary and partitioned tables of the user's schemas: size with indexes, the planner's estimate of rows, replica
-- identity, who publishes them.
-- include: parts/held
SELECT coalesce(json_agg(json_build_object(
    'schema_name', t.schema_name, 'table_name', t.table_name, 'bytes', t.bytes, 'row_count', t.row_count, 'identity', t.identity,
    'has_key', t.has_key, 'identity_index', t.identity_index, 'persistence', t.persistence, 'publications', t.publications)
    ORDER BY t.schema_name, t.table_name), '[]')
FROM (
    SELECT n.nspname AS schema_name, c.relname AS table_name, s.bytes,
           CASE WHEN s.unknown THEN NULL ELSE s.row_count END AS row_count, c.relreplident AS identity,
           EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS has_key,
           (SELECT i.indexrelid::regclass::text FROM pg_catalog.pg_index i
            WHERE i.indrelid = c.oid AND i.indisreplident) AS identity_index,
           c.relpersistence AS persistence,
           coalesce(pub.names, '[]') AS publications
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    -- include: parts/table_sizes
    LEFT JOIN (SELECT p.schemaname, p.tablename, json_agg(p.pubname ORDER BY p.pubname) AS names
               FROM pg_catalog.pg_publication_tables p
               GROUP BY p.schemaname, p.tablename) pub ON pub.schemaname = n.nspname AND pub.tablename = c.relname
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
    ORDER BY s.bytes DESC NULLS LAST
    LIMIT 5000
) t
