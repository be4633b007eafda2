-- Texts of few octets with few values, by the statistics of the last ANALYZE: at most 12 values of
-- at most 32 octets in at least 1,000 rows, and all of them listed.
SELECT s.schemaname, s.tablename, s.attname,
       array_to_string(ARRAY(SELECT v FROM unnest(s.most_common_vals::text::text[]) AS v
                             ORDER BY v COLLATE "C"), ', ')
FROM (SELECT DISTINCT ON (schemaname, tablename, attname) *
      FROM pg_catalog.pg_stats
      ORDER BY schemaname, tablename, attname, inherited DESC) s
JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
  AND t.typcategory = 'S'
  AND s.n_distinct BETWEEN 2 AND 12 AND s.avg_width <= 32
  AND (c.relkind = 'p' OR c.reltuples >= 1000)
  AND array_length(s.most_common_vals::text::text[], 1) = s.n_distinct
  AND NOT EXISTS (SELECT FROM unnest(s.most_common_vals::text::text[]) AS v
                  WHERE octet_length(v) > 32)
ORDER BY s.schemaname COLLATE "C", s.tablename COLLATE "C", s.attname COLLATE "C"
