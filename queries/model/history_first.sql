INSERT INTO {table} ({sk}, {value}, _changed_at, _lsn, _ordinal, _source, _created_at)
SELECT d.sk, {new_value}, d.ts, d.lsn, d.ord, {source}, {now}
FROM {delta} d{join}
WHERE {applies} AND {new_value} IS NOT NULL