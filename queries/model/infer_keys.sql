-- What can identify a row, best first: the replica identity's index (only its columns come with an
-- UPDATE or DELETE), else the primary key, else a unique index over columns that are NOT NULL: the
-- one of the fewest columns. One row a column.
SELECT n.nspname, c.relname, ic.relname, i.indisprimary, c.relreplident, k.pos, a.attname
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, pos)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND c.relkind IN ('r', 'p')
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
  AND k.pos <= coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts)
  AND NOT EXISTS (SELECT FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u (attnum, pos)
                  JOIN pg_catalog.pg_attribute ua ON ua.attrelid = c.oid AND ua.attnum = u.attnum
                  WHERE NOT ua.attnotnull
                    AND u.pos <= coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts))
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C",
         (c.relreplident = 'i' AND i.indisreplident) DESC, i.indisprimary DESC,
         i.indnatts, ic.relname COLLATE "C", k.pos
