-- tier, before
DELETE FROM answers WHERE tier = ?1 AND ts_us < ?2
