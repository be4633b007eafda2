-- When the mart's last run that was committed had begun: the moment, and how many seconds ago.
SELECT CAST((run_at AT TIME ZONE 'UTC') AS VARCHAR(40)) AS run_at,
       CAST(EXTRACT(EPOCH FROM (CURRENT_TIMESTAMP - run_at)) AS VARCHAR(40)) AS age_s
FROM {state} WHERE source = ''
