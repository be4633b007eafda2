-- Open transactions, the longest first, prepared ones too: while one is open no slot lets go of the WAL from its begin on.
SELECT coalesce(json_agg(json_build_object(
    'id', x.id, 'user_name', x.user_name, 'application', x.application, 'client', x.client, 'state', x.state,
    'seconds', x.seconds, 'state_s', x.state_s, 'waits_for', x.waits_for, 'text', x.text) ORDER BY x.seconds DESC), '[]')
FROM (
    SELECT a.pid::text AS id, a.usename::text AS user_name, a.application_name AS application,
           coalesce(host(a.client_addr), 'local') AS client, a.state,
           extract(epoch FROM clock_timestamp() - a.xact_start) AS seconds,
           extract(epoch FROM clock_timestamp() - a.state_change) AS state_s,
           CASE WHEN a.state = 'active' THEN a.wait_event_type || ': ' || a.wait_event END AS waits_for,
           left(a.query, 2000) AS text
    FROM pg_catalog.pg_stat_activity a
    WHERE a.backend_type = 'client backend' AND a.xact_start IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()
      AND a.datname = current_database()
    UNION ALL
    SELECT p.gid, p.owner::text, '', '', 'prepared',
           extract(epoch FROM clock_timestamp() - p.prepared), NULL, NULL, NULL
    FROM pg_catalog.pg_prepared_xacts p
    WHERE p.database = current_database()
    ORDER BY 6 DESC
    LIMIT 200
) x
