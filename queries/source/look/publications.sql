-- What this database publishes, with the tables that come of it.
SELECT coalesce(json_agg(json_build_object(
    'name', p.pubname, 'owner', pg_catalog.pg_get_userbyid(p.pubowner), 'all_tables', p.puballtables,
    'insert', p.pubinsert, 'update', p.pubupdate, 'delete', p.pubdelete, 'truncate', p.pubtruncate,
    'via_root', (to_jsonb(p) ->> 'pubviaroot')::boolean,
    'tables', (SELECT coalesce(json_agg(t.schemaname || '.' || t.tablename ORDER BY t.schemaname, t.tablename), '[]')
               FROM pg_catalog.pg_publication_tables t WHERE t.pubname = p.pubname)) ORDER BY p.pubname), '[]')
FROM pg_catalog.pg_publication p
