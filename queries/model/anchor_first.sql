INSERT INTO {anchor} ({sk_and_keys}, _reference, _changed_at, _lsn, _ordinal, _source, _created_at)
SELECT {x_keys}, FALSE, x.ts, x.lsn, x.ord, {source}, {now}
FROM {delta} x