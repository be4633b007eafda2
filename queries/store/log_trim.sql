-- run, task, attempt, behind this id, up to this id
DELETE FROM logs WHERE run = ?1 AND task = ?2 AND attempt = ?3 AND id > ?4 AND id <= ?5
