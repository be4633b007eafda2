-- ts_us, key, tier, bytes, body
INSERT INTO answers (ts_us, key, tier, bytes, body) VALUES (?1, ?2, ?3, ?4, ?5)
