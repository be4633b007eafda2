-- The first value in the source's order that is not NULL, whichever came first: an earlier one that comes late is
-- added, and the views show the earliest.
INSERT INTO {table} ({sk}, {value}, _changed_at, _lsn, _ordinal, _source, _created_at)
SELECT w.sk, w.v, w.ts, w.lsn, w.ord, {source}, {now}
FROM (SELECT u.sk, u.v, u.ts, u.lsn, u.ord, u.stored,
             ROW_NUMBER() OVER (PARTITION BY u.sk ORDER BY u.ts, u.lsn, u.ord, u.stored DESC) AS n
      FROM (SELECT d.sk, {new_value} AS v, d.ts, d.lsn, d.ord, 0 AS stored
            FROM {delta} d{join}
            WHERE {applies} AND {new_value} IS NOT NULL
            UNION ALL
            SELECT {s_sk}, {s_value}, s._changed_at, s._lsn, s._ordinal, 1
            FROM {table} s WHERE {s_sk} IN (SELECT d.sk FROM {delta} d)) u) w
WHERE w.n = 1 AND w.stored = 0
