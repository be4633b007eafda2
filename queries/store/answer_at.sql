-- key, ts_us: the newest at or before, and the one after it
SELECT a.ts_us, a.body, (SELECT min(n.ts_us) FROM answers n WHERE n.key = a.key AND n.ts_us > a.ts_us)
FROM answers a WHERE a.key = ?1 AND a.ts_us <= ?2 ORDER BY a.ts_us DESC LIMIT 1
