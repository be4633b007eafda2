-- When this load's rows are said to be loaded: now, yet behind every load before it, also where the clock
-- has been set back.
SELECT CAST((GREATEST(CURRENT_TIMESTAMP, MAX(m._created_at) + INTERVAL '0.000001' SECOND) AT TIME ZONE 'UTC') AS VARCHAR(40))
FROM {marks} m
