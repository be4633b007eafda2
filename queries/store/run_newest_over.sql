-- dag
SELECT id, dag, kind, lane, state, logical_us, begin_us, end_us, params, who, created_us, started_us, ended_us,
       rows, reason
FROM runs WHERE dag = ?1 AND state IN ('success', 'failed') ORDER BY id DESC LIMIT 1
