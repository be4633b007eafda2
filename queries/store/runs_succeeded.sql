-- dag, from_us, to_us (both included): intervals that a run has been through with success
SELECT count(DISTINCT logical_us) FROM runs
WHERE dag = ?1 AND logical_us BETWEEN ?2 AND ?3 AND kind IN ('schedule', 'backfill') AND state = 'success'
