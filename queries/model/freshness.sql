SELECT entity,
       CAST((MAX(newest_at) AT TIME ZONE 'UTC') AS VARCHAR),
       CAST((MAX(_created_at) AT TIME ZONE 'UTC') AS VARCHAR),
       CASE WHEN MAX(newest_at) > TIMESTAMPTZ '1970-01-01 00:00:00+00' THEN 1 ELSE 0 END
FROM {loads}
GROUP BY entity
