-- run
SELECT task, state, attempt, failures, losses, queued_us, started_us, ended_us, retry_us, rows, reason
FROM tasks WHERE run = ?1 ORDER BY task
