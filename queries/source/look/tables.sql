-- Ordinary and partitioned tables of the user's schemas: size with indexes, the planner's estimate of rows, replica
-- identity, who publishes them. Asking for a size waits for whoever holds the table, or waits to hold it, alone: of such a
-- table it is NULL.
WITH held AS MATERIALIZED (
    SELECT DISTINCT k.relation
    FROM pg_catalog.pg_locks k
    JOIN pg_catalog.pg_database d ON d.oid = k.database AND d.datname = current_database()
    WHERE k.locktype = 'relation' AND k.mode = 'AccessExclusiveLock'
)
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
    CROSS JOIN LATERAL (
        SELECT CASE WHEN bool_or(held.relation IS NOT NULL) THEN NULL
                    ELSE sum(CASE WHEN held.relation IS NULL THEN pg_catalog.pg_total_relation_size(l.oid) END)::bigint END AS bytes,
               sum(greatest(l.reltuples, 0)) FILTER (WHERE l.relkind <> 'p')::bigint AS row_count,
               coalesce(bool_or(l.relkind <> 'p' AND (l.reltuples < 0 OR l.relpages = 0)
                                AND CASE WHEN held.relation IS NULL THEN pg_catalog.pg_relation_size(l.oid) > 0 ELSE true END),
                        false) AS unknown
        FROM pg_catalog.pg_class l
        LEFT JOIN held ON held.relation = l.oid
        WHERE l.oid = c.oid
           OR (c.relkind = 'p' AND l.oid IN (SELECT q.relid FROM pg_catalog.pg_partition_tree(c.oid) q))
    ) s
    LEFT JOIN (SELECT p.schemaname, p.tablename, json_agg(p.pubname ORDER BY p.pubname) AS names
               FROM pg_catalog.pg_publication_tables p
               GROUP BY p.schemaname, p.tablename) pub ON pub.schemaname = n.nspname AND pub.tablename = c.relname
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
    ORDER BY s.bytes DESC NULLS LAST
    LIMIT 5000
) t
