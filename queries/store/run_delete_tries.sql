-- run
DELETE FROM tries WHERE run = ?1
