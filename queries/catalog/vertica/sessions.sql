-- Who is connected, the longest first.
SELECT session_id AS session, user_name, COALESCE(client_label, '') AS application, client_hostname AS client,
       CASE WHEN statement_start IS NULL THEN 'idle' ELSE 'active' END AS state,
       EXTRACT(EPOCH FROM (CURRENT_TIMESTAMP - login_timestamp)) AS seconds
FROM v_monitor.sessions
ORDER BY login_timestamp
LIMIT 1000
