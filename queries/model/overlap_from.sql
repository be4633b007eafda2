-- Loads before raw last began anew (batch_from 0) say nothing of the batches that it has now.
SELECT MAX(l.batch_to)
FROM {loads} l
WHERE l.entity = CAST(? AS VARCHAR(200)) AND l.newest_at < CAST(? AS TIMESTAMPTZ)
      AND l._created_at >= (SELECT COALESCE(MAX(f._created_at), TIMESTAMPTZ '1970-01-01 00:00:00+00')
                            FROM {loads} f
                            WHERE f.entity = CAST(? AS VARCHAR(200)) AND f.batch_from = 0)