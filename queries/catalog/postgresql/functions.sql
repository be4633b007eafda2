-- Every function, aggregate and procedure: schema, name, what it gives, what it takes.
SELECT n.nspname, p.proname,
       CASE WHEN p.prokind = 'p' THEN 'procedure' ELSE pg_catalog.pg_get_function_result(p.oid) END,
       pg_catalog.pg_get_function_arguments(p.oid)
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
