-- run
SELECT task, attempt, state, started_us, ended_us, rows, reason, log_bytes, log_dropped
FROM tries WHERE run = ?1 ORDER BY task, attempt
