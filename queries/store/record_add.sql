-- ts_us, tier, figures, body
INSERT OR REPLACE INTO records (ts_us, tier, figures, body) VALUES (?1, ?2, ?3, ?4)
