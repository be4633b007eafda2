-- Every role and what it may.
SELECT r.rolname,
       concat_ws(', ', CASE WHEN r.rolsuper THEN 'Superuser' END,
                 CASE WHEN NOT r.rolinherit THEN 'No inheritance' END,
                 CASE WHEN r.rolcreaterole THEN 'Create role' END,
                 CASE WHEN r.rolcreatedb THEN 'Create DB' END,
                 CASE WHEN NOT r.rolcanlogin THEN 'Cannot login' END,
                 CASE WHEN r.rolreplication THEN 'Replication' END,
                 CASE WHEN r.rolbypassrls THEN 'Bypass RLS' END),
       coalesce((SELECT string_agg(b.rolname, ', ' ORDER BY b.rolname)
                 FROM pg_catalog.pg_auth_members m
                 JOIN pg_catalog.pg_roles b ON b.oid = m.roleid
                 WHERE m.member = r.oid), '')
FROM pg_catalog.pg_roles r
WHERE r.rolname !~ '^pg_'
