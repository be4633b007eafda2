-- run, task, state, attempt, failures, losses, queued_us, started_us, ended_us, retry_us, rows, reason
INSERT OR REPLACE INTO tasks (run, task, state, attempt, failures, losses, queued_us, started_us, ended_us,
                              retry_us, rows, reason)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
