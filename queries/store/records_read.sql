-- from, to: between them, and the one that stands for the time from `from` on
SELECT ts_us, tier, figures FROM records
WHERE ts_us BETWEEN coalesce((SELECT max(ts_us) FROM records WHERE ts_us <= ?1), ?1) AND ?2
ORDER BY ts_us
