SELECT MAX(l.batch_to)
FROM {loads} l
WHERE l.entity = CAST(? AS VARCHAR(200)) AND l.newest_at < CAST(? AS TIMESTAMPTZ)