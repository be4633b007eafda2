-- after, limit
SELECT id, ts_us, level, area, who, object, text
FROM (SELECT * FROM events WHERE id > ?1 ORDER BY id DESC LIMIT ?2)
ORDER BY id
