-- dag, logical_us, kind
SELECT id, dag, kind, lane, state, logical_us, begin_us, end_us, params, who, created_us, started_us, ended_us,
       rows, reason
FROM runs WHERE dag = ?1 AND logical_us = ?2 AND kind = ?3
