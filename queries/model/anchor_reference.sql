INSERT INTO {anchor} ({sk_and_keys}, _reference, _changed_at, _lsn, _ordinal, _source, _created_at)
SELECT DISTINCT {x_keys}, TRUE, TIMESTAMPTZ '1970-01-01 00:00:00+00', 0, 0, {source}, {now}
FROM {delta} x
WHERE {x_sk} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {anchor} a WHERE {a_sk} = {x_sk})