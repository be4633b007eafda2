-- key, ts_us: what a clock that was set back left in the future
DELETE FROM answers WHERE key = ?1 AND ts_us >= ?2
