SELECT id, ts_us, level, area, who, object, text
FROM events
WHERE id > ?1
ORDER BY id
LIMIT ?2
