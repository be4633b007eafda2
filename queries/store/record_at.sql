-- ts_us: the newest at or before, and the ones beside it
SELECT r.ts_us, r.tier, r.figures, r.body,
       (SELECT max(p.ts_us) FROM records p WHERE p.ts_us < r.ts_us),
       (SELECT min(n.ts_us) FROM records n WHERE n.ts_us > r.ts_us)
FROM records r WHERE r.ts_us <= ?1 ORDER BY r.ts_us DESC LIMIT 1
