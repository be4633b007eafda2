-- run, task, attempt, state, started_us, ended_us, rows, reason
INSERT INTO tries (run, task, attempt, state, started_us, ended_us, rows, reason)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (run, task, attempt) DO UPDATE SET state = ?4, started_us = ?5, ended_us = ?6, rows = ?7, reason = ?8
