-- One row when the statement was there to be canceled.
SELECT CASE WHEN pg_catalog.pg_cancel_backend(pid) THEN 1 ELSE 0 END AS sent
FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_catalog.pg_backend_pid()
  AND state <> 'idle' AND pid::text = CAST(? AS text)
  AND (extract(epoch FROM query_start) * 1000000)::bigint::text = CAST(? AS text)
