-- The first load of the model that began after the mart's last run.
SELECT CAST((MIN(l._created_at) AT TIME ZONE 'UTC') AS VARCHAR(40))
FROM {loads} l
JOIN {state} s ON s.source = '' AND l._created_at > s.run_at
WHERE l.inserted > 0
