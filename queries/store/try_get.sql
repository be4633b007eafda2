-- run, task, attempt (0: the newest)
SELECT attempt, state, log_dropped, log_head
FROM tries WHERE run = ?1 AND task = ?2 AND (?3 = 0 OR attempt = ?3) ORDER BY attempt DESC LIMIT 1
