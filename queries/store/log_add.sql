-- run, task, attempt, ts_us, text
INSERT INTO logs (run, task, attempt, ts_us, text) VALUES (?1, ?2, ?3, ?4, ?5)
