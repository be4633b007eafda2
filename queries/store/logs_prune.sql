-- how many of the oldest pieces go
DELETE FROM logs WHERE id IN (SELECT id FROM logs ORDER BY id LIMIT ?1)
