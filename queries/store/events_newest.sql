SELECT id, ts_us, level, area, who, object, text
FROM (SELECT * FROM events ORDER BY id DESC LIMIT ?1)
ORDER BY id
