-- CHECKs over one column, and those of the domain that a column has. `VALUE` is the domain's column.
WITH RECURSIVE base AS (
    SELECT a.attrelid, a.attname, a.atttypid AS typ
    FROM pg_catalog.pg_attribute a
    JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
      AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
    UNION ALL
    SELECT b.attrelid, b.attname, t.typbasetype
    FROM base b
    JOIN pg_catalog.pg_type t ON t.oid = b.typ AND t.typtype = 'd'
), checks AS (
    SELECT k.conrelid AS rel, a.attname, k.conname, a.attname AS said, k.oid
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'c' AND cardinality(k.conkey) = 1
    UNION ALL
    SELECT b.attrelid, b.attname, k.conname, 'VALUE', k.oid
    FROM base b
    JOIN pg_catalog.pg_constraint k ON k.contypid = b.typ AND k.contype = 'c'
)
SELECT n.nspname, c.relname, k.attname, k.said, pg_catalog.pg_get_constraintdef(k.oid)
FROM checks k
JOIN pg_catalog.pg_class c ON c.oid = k.rel AND c.relkind IN ('r', 'p')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", k.attname COLLATE "C", k.conname COLLATE "C"
