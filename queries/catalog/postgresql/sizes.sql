-- Tables with what they take on disk (indexes and long values too), partitioned ones as one. Rows are the planner's
-- estimate: NULL where it has none. Asking for a size waits for whoever holds the table, or waits to hold it, alone: of
-- such a table it is NULL.
WITH held AS MATERIALIZED (
    SELECT DISTINCT k.relation
    FROM pg_catalog.pg_locks k
    JOIN pg_catalog.pg_database d ON d.oid = k.database AND d.datname = current_database()
    WHERE k.locktype = 'relation' AND k.mode = 'AccessExclusiveLock'
)
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name,
       CASE c.relkind WHEN 'm' THEN 'materialized view' WHEN 'p' THEN 'partitioned table' ELSE 'table' END AS kind,
       s.bytes, CASE WHEN s.unknown THEN NULL ELSE s.row_count END AS row_count
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
       OR (c.relkind = 'p' AND l.oid IN (SELECT t.relid FROM pg_catalog.pg_partition_tree(c.oid) t))
) s
WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
ORDER BY s.bytes DESC NULLS LAST, n.nspname, c.relname
LIMIT 5000
