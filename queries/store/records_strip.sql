-- how many, the oldest first
UPDATE records SET body = NULL
WHERE ts_us IN (SELECT ts_us FROM records WHERE body IS NOT NULL ORDER BY ts_us LIMIT ?1)
