SELECT COUNT(*) AS running
FROM v_monitor.sessions
WHERE session_id = CAST(? AS VARCHAR(128)) AND statement_id = CAST(? AS INT) AND statement_start IS NOT NULL
