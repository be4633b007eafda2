-- Who is connected to this database, the longest first.
SELECT pid::text AS session, usename::text AS user_name, application_name AS application,
       coalesce(host(client_addr), 'local') AS client, coalesce(state, '') AS state,
       extract(epoch FROM clock_timestamp() - backend_start)::float8 AS seconds
FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database()
ORDER BY backend_start
LIMIT 1000
