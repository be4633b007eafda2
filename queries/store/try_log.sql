-- run, task, attempt, bytes, dropped, head
UPDATE tries SET log_bytes = ?4, log_dropped = ?5, log_head = ?6 WHERE run = ?1 AND task = ?2 AND attempt = ?3
