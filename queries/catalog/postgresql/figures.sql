-- What PostgreSQL has of the figures in backend/engine/warehouse_figures.h: name, node, value.
SELECT 'database_size' AS name, '' AS node, pg_catalog.pg_database_size(current_database())::float8 AS value
UNION ALL
SELECT 'database_rows', '', sum(greatest(c.reltuples, 0))::float8
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
UNION ALL
SELECT 'connections', '', count(*)::float8 FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'
UNION ALL
SELECT 'nodes_down', '', 0
UNION ALL
SELECT 'node_connections', coalesce(host(pg_catalog.inet_server_addr()) || ':' || pg_catalog.inet_server_port(), 'local'),
       count(*)::float8
FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'
