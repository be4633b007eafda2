-- run, task, attempt, after (an id)
SELECT id, ts_us, text FROM logs WHERE run = ?1 AND task = ?2 AND attempt = ?3 AND id > ?4 ORDER BY id
