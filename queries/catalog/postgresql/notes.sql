-- What belongs to schema $1, relation $2 beside its columns: heading, line; in psql's order and words.
WITH rel AS (
    SELECT c.oid, c.relkind, c.relreplident, n.nspname, c.relname
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2
), note AS (
    SELECT 1 AS place, 'Partition key' AS heading, pg_catalog.pg_get_partkeydef(oid) AS line
    FROM rel WHERE relkind = 'p'
    UNION ALL
    SELECT 2, 'Indexes',
           format('%I', c.relname)
           || CASE WHEN i.indisprimary THEN ' PRIMARY KEY,'
                   WHEN i.indisunique AND u.conname IS NOT NULL THEN ' UNIQUE CONSTRAINT,'
                   WHEN i.indisunique THEN ' UNIQUE,' ELSE '' END
           || ' ' || substring(pg_catalog.pg_get_indexdef(i.indexrelid) FROM ' USING (.*)$')
           || CASE WHEN NOT i.indisvalid THEN ' INVALID' ELSE '' END
           || CASE WHEN i.indisreplident THEN ' REPLICA IDENTITY' ELSE '' END
    FROM rel
    JOIN pg_catalog.pg_index i ON i.indrelid = rel.oid
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    LEFT JOIN pg_catalog.pg_constraint u ON u.conindid = i.indexrelid AND u.contype = 'u'
    UNION ALL
    SELECT CASE k.contype WHEN 'c' THEN 3 ELSE 4 END,
           CASE k.contype WHEN 'c' THEN 'Check constraints' ELSE 'Foreign-key constraints' END,
           format('%I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid))
    FROM rel
    JOIN pg_catalog.pg_constraint k ON k.conrelid = rel.oid AND k.contype IN ('c', 'f')
    UNION ALL
    SELECT 5, 'Referenced by',
           format('TABLE %s CONSTRAINT %I %s', k.conrelid::regclass, k.conname,
                  pg_catalog.pg_get_constraintdef(k.oid))
    FROM rel
    JOIN pg_catalog.pg_constraint k ON k.confrelid = rel.oid AND k.contype = 'f'
    UNION ALL
    SELECT 6, 'Publications', format('%I', p.pubname)
    FROM rel
    JOIN pg_catalog.pg_publication_tables p
      ON p.schemaname = rel.nspname AND p.tablename = rel.relname
    UNION ALL
    SELECT 7, 'Replica identity',
           CASE relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE 'the index above' END
    FROM rel WHERE relkind IN ('r', 'p') AND relreplident <> 'd'
)
SELECT heading, line FROM note ORDER BY place, line
