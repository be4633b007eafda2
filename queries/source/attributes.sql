-- The columns of a table as the catalog has them now: by OID ($1), or by schema ($2) and name ($3).
-- One row a column in attnum order; a table without columns gives one row with NULLs. Generated
-- columns are left out. Columns that newer servers have are read through to_jsonb.
-- The key is the identity index where REPLICA IDENTITY USING INDEX is set (only its columns come
-- with an UPDATE or DELETE), else the primary key; INCLUDEd columns are not part of it.
WITH rel AS (
    SELECT c.oid, n.nspname, c.relname, c.relreplident
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = coalesce($1::oid, to_regclass(format('%I.%I', $2::text, $3::text))::oid)
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
), key AS (
    SELECT k.attnum, k.pos
    FROM rel
    JOIN pg_catalog.pg_index i ON i.indrelid = rel.oid
     AND CASE rel.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, pos)
    WHERE k.pos <= coalesce((to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts)
)
SELECT rel.oid, rel.nspname, rel.relname, rel.relreplident,
       a.attname, a.atttypid, a.atttypmod, a.attnotnull,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid),
       coalesce(key.pos, 0)
FROM rel
LEFT JOIN pg_catalog.pg_attribute a
       ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND coalesce(to_jsonb(a) ->> 'attgenerated', '') = ''
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = rel.oid AND d.adnum = a.attnum
LEFT JOIN key ON key.attnum = a.attnum
ORDER BY a.attnum
