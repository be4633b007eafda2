INSERT INTO {table} ({sk}, {value}, _changed_at, _lsn, _ordinal, _source, _created_at)
SELECT w.sk, w.v, w.ts, w.lsn, w.ord, {source}, {now}
FROM (SELECT u.sk, u.v, u.ts, u.lsn, u.ord, u.stored,
             LAG(u.v) OVER (PARTITION BY u.sk ORDER BY u.ts, u.lsn, u.ord, u.stored DESC) AS p
      FROM (SELECT d.sk, {new_value} AS v, d.ts, d.lsn, d.ord, 0 AS stored
            FROM {delta} d{join}
            WHERE {applies}
            UNION ALL
            SELECT {s_sk}, {s_value}, s._changed_at, s._lsn, s._ordinal, 1
            FROM {table} s WHERE {s_sk} IN (SELECT d.sk FROM {delta} d)) u) w
WHERE w.stored = 0 AND {differs}