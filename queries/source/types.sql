-- What the given types ($1, an array of OIDs) are made of: a domain's base type (with the domain's
-- typmod and NOT NULL), an array's element type (its domains resolved too), an enum's labels.
WITH RECURSIVE walk AS (
    SELECT t.oid AS root, t.oid, t.typtype, t.typbasetype, t.typtypmod, t.typnotnull,
           -1 AS typmod
    FROM pg_catalog.pg_type t
    WHERE t.oid = ANY ($1::oid[])
    UNION ALL
    SELECT w.root, t.oid, t.typtype, t.typbasetype, t.typtypmod, w.typnotnull OR t.typnotnull,
           w.typtypmod
    FROM walk w
    JOIN pg_catalog.pg_type t ON t.oid = w.typbasetype
    WHERE w.typtype = 'd'
), base AS (
    SELECT w.root, w.oid, w.typmod, w.typnotnull, t.typname, t.typtype,
           -- int2vector and oidvector have an element type but no array syntax
           el.oid AS elem
    FROM walk w
    JOIN pg_catalog.pg_type t ON t.oid = w.oid
    LEFT JOIN pg_catalog.pg_type el ON el.oid = t.typelem AND el.typarray = t.oid
    WHERE w.typtype <> 'd'
), elem AS (
    SELECT b.root, t.oid, t.typname, t.typtype, t.typbasetype
    FROM base b
    JOIN pg_catalog.pg_type t ON t.oid = b.elem
    UNION ALL
    SELECT e.root, t.oid, t.typname, t.typtype, t.typbasetype
    FROM elem e
    JOIN pg_catalog.pg_type t ON t.oid = e.typbasetype
    WHERE e.typtype = 'd'
)
SELECT b.root, b.oid, b.typmod, b.typnotnull, b.typname, e.oid, e.typname,
       CASE WHEN b.typtype = 'e' THEN
           (SELECT string_agg(l.enumlabel, ',' ORDER BY l.enumsortorder)
            FROM pg_catalog.pg_enum l WHERE l.enumtypid = b.oid) END
FROM base b
LEFT JOIN elem e ON e.root = b.root AND e.typtype <> 'd'
