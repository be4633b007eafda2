INSERT INTO {anchor} ({sk_and_keys}, _reference, _changed_at, _lsn, _ordinal, _source, _created_at)
SELECT {x_keys}, FALSE, x.ts, x.lsn, x.ord, {source}, {now}
FROM (SELECT d.*, ROW_NUMBER() OVER (PARTITION BY d.sk ORDER BY d.ts, d.lsn, d.ord) AS n
      FROM {delta} d
      WHERE d.kind = 0) x
WHERE x.n = 1 AND NOT EXISTS (SELECT 1 FROM {anchor} a WHERE {a_sk} = x.sk)