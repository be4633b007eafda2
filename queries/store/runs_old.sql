-- dag, ended before, how many of its newest stay, limit: runs that are over and may go; never the newest
SELECT id FROM runs
WHERE dag = ?1 AND ended_us > 0 AND state IN ('success', 'failed', 'canceled')
      AND id < (SELECT max(id) FROM runs WHERE dag = ?1)
      AND (ended_us < ?2 OR id <= (SELECT id FROM runs WHERE dag = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?3))
ORDER BY id LIMIT ?4
