-- run
DELETE FROM logs WHERE run = ?1
