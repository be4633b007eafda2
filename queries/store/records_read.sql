-- from, to (both included)
SELECT ts_us, tier, figures FROM records WHERE ts_us BETWEEN ?1 AND ?2 ORDER BY ts_us
