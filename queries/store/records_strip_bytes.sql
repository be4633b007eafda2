-- how many: what records_strip takes away
SELECT coalesce(sum(n), 0)
FROM (SELECT length(body) AS n FROM records WHERE body IS NOT NULL ORDER BY ts_us LIMIT ?1)
