-- What runs, or holds a transaction open, in this database; the longest first. A statement is told by its
-- session and its begin, so that a cancel meets no later one.
SELECT pid || '/' || (extract(epoch FROM query_start) * 1000000)::bigint AS id,
       usename::text AS user_name, application_name AS application, state,
       extract(epoch FROM clock_timestamp() - query_start)::float8 AS seconds,
       extract(epoch FROM clock_timestamp() - xact_start)::float8 AS transaction_s,
       CASE WHEN state = 'active' AND wait_event_type <> 'Client' THEN wait_event_type || ': ' || wait_event END AS waits_for,
       nullif(array_to_string(pg_catalog.pg_blocking_pids(pid), ', '), '') AS blocked_by,
       left(query, 2000) AS text
FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_catalog.pg_backend_pid()
  AND state <> 'idle' AND query_start IS NOT NULL
ORDER BY query_start
LIMIT 500
