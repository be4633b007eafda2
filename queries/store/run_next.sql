-- dag, lane: the one that is queued for longest
SELECT id, dag, kind, lane, state, logical_us, begin_us, end_us, params, who, created_us, started_us, ended_us,
       rows, reason
FROM runs WHERE state = 'queued' AND dag = ?1 AND lane = ?2 ORDER BY id LIMIT 1
