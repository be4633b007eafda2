-- after, before (ids), limit
SELECT id, ts_us, level, area, who, object, text
FROM (SELECT * FROM events WHERE id > ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3)
ORDER BY id
