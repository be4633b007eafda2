INSERT INTO {loads} (entity, batch_from, batch_to, raw_rows, inserted, newest_at, _created_at, keyless)
SELECT CAST(? AS VARCHAR(200)), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT),
       GREATEST(CAST(? AS TIMESTAMPTZ), COALESCE(MAX(l.newest_at), TIMESTAMPTZ '1970-01-01 00:00:00+00')), {now},
       CAST(? AS BIGINT)
FROM {loads} l
WHERE l.entity = CAST(? AS VARCHAR(200))
