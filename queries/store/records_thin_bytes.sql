-- tier, before: what records_thin takes away
SELECT coalesce(sum(length(figures) + coalesce(length(body), 0)), 0) FROM records WHERE tier = ?1 AND ts_us < ?2
