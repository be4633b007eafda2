-- One server is one node.
SELECT coalesce(host(pg_catalog.inet_server_addr()) || ':' || pg_catalog.inet_server_port(), 'local') AS name,
       CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'READ ONLY' ELSE 'UP' END AS state,
       (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend') AS connections,
       current_setting('max_connections')::bigint AS connections_max,
       extract(epoch FROM clock_timestamp() - pg_catalog.pg_postmaster_start_time())::float8 AS up_s
