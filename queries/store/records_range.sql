-- by tier
SELECT tier, count(*), min(ts_us), max(ts_us) FROM records GROUP BY tier ORDER BY tier
