-- ts_us, level, area, who, object, text
INSERT INTO events (ts_us, level, area, who, object, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
