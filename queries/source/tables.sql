-- Ordinary and partitioned tables of the user's schemas, each partitioned table as one (rows and
-- bytes are the sums over its partitions). Unlogged and temporary ones have no WAL to read.
WITH RECURSIVE tree AS (
    SELECT c.oid AS root, c.oid
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p')
      -- before 13 only the partitions can be published
      AND CASE WHEN current_setting('server_version_num')::int >= 130000
               THEN NOT c.relispartition ELSE c.relkind = 'r' END
      AND c.relpersistence = 'p'
      AND n.nspname <> 'information_schema'
      AND n.nspname NOT LIKE 'pg\_%'
    UNION ALL
    SELECT t.root, i.inhrelid
    FROM tree t
    JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition
), size AS (
    SELECT t.root,
           sum(pg_catalog.pg_table_size(t.oid))::bigint AS bytes,
           sum(greatest(c.reltuples, 0)) FILTER (WHERE c.relkind = 'r')::bigint AS rows,
           bool_or(c.relkind = 'r' AND (c.reltuples < 0 OR c.relpages = 0)
                   AND pg_catalog.pg_relation_size(c.oid) > 0) AS unknown
    FROM tree t
    JOIN pg_catalog.pg_class c ON c.oid = t.oid
    GROUP BY t.root
)
SELECT n.nspname, c.relname, c.relreplident,
       EXISTS (SELECT FROM pg_catalog.pg_index i
               WHERE i.indrelid = c.oid
                 AND CASE c.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END),
       c.relkind = 'p',
       CASE WHEN size.unknown THEN -1 ELSE coalesce(size.rows, 0) END,
       coalesce(size.bytes, 0)
FROM size
JOIN pg_catalog.pg_class c ON c.oid = size.root
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
