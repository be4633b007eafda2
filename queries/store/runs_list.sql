-- before (an id), kind or NULL, state or NULL, from_us, to_us, limit, made by
SELECT id, dag, kind, lane, state, logical_us, begin_us, end_us, params, who, created_us, started_us, ended_us,
       rows, reason
FROM runs
WHERE id < ?1 AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR state = ?3)
      AND logical_us >= ?4 AND logical_us < ?5 AND created_us <= ?7
ORDER BY id DESC LIMIT ?6
