-- tier, before
DELETE FROM records WHERE tier = ?1 AND ts_us < ?2
