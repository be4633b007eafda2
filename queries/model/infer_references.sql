-- Foreign keys, one row a column. Those of partitions are their table's; the rows that a partitioned
-- target adds (conparentid, not in old servers) are no keys of their own.
SELECT n.nspname, c.relname, k.conname, tn.nspname, t.relname, k.confmatchtype = 'f',
       a.attname, ta.attname
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = k.confrelid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u (attnum, to_attnum, pos)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum
JOIN pg_catalog.pg_attribute ta ON ta.attrelid = t.oid AND ta.attnum = u.to_attnum
WHERE k.contype = 'f' AND NOT c.relispartition
  AND coalesce((to_jsonb(k) ->> 'conparentid')::oid, 0) = 0
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", k.conkey, k.conname COLLATE "C", u.pos
