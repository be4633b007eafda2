-- What runs, the longest first.
SELECT session_id || '/' || CAST(statement_id AS VARCHAR(20)) AS id, user_name, COALESCE(client_label, '') AS application,
       'active' AS state, EXTRACT(EPOCH FROM (CURRENT_TIMESTAMP - statement_start)) AS seconds,
       EXTRACT(EPOCH FROM (CURRENT_TIMESTAMP - transaction_start)) AS transaction_s,
       CAST(NULL AS VARCHAR(100)) AS waits_for, CAST(NULL AS VARCHAR(100)) AS blocked_by,
       SUBSTR(current_statement, 1, 2000) AS text
FROM v_monitor.sessions
WHERE statement_start IS NOT NULL AND statement_id IS NOT NULL AND session_id <> CURRENT_SESSION()
ORDER BY statement_start
LIMIT 500
