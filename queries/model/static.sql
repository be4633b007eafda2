INSERT INTO {table} ({sk}, {value}, _changed_at, _lsn, _ordinal, _source, _created_at)
SELECT w.sk, w.v, w.ts, w.lsn, w.ord, {source}, {now}
FROM (SELECT d.sk, {new_value} AS v, d.ts, d.lsn, d.ord,
             ROW_NUMBER() OVER (PARTITION BY d.sk ORDER BY d.ts, d.lsn, d.ord) AS n
      FROM {delta} d{join}
      WHERE {applies} AND {new_value} IS NOT NULL) w
WHERE w.n = 1 AND NOT EXISTS (SELECT 1 FROM {table} s WHERE {s_sk} = w.sk)