-- stored: 2 a row of the table; 1 what the anchor itself says, a row only where something came before it; 0 news.
INSERT INTO {table} ({sk}, existence, _changed_at, _lsn, _ordinal, _source, _created_at)
SELECT w.sk, w.v, w.ts, w.lsn, w.ord, {source}, {now}
FROM (SELECT u.sk, u.v, u.ts, u.lsn, u.ord, u.stored,
             LAG(u.v) OVER (PARTITION BY u.sk ORDER BY u.ts, u.lsn, u.ord, u.stored DESC) AS p
      FROM (SELECT d.sk, CASE WHEN d.kind = 0 THEN TRUE ELSE FALSE END AS v, d.ts, d.lsn, d.ord, 0 AS stored
            FROM {delta} d
            UNION ALL
            SELECT {s_sk}, s.existence, s._changed_at, s._lsn, s._ordinal, 2
            FROM {table} s WHERE {s_sk} IN (SELECT d.sk FROM {delta} d)
            UNION ALL
            SELECT {a_sk}, NOT a._reference, a._changed_at, a._lsn, a._ordinal, 1
            FROM {anchor} a WHERE {a_sk} IN (SELECT d.sk FROM {delta} d)) u) w
WHERE (w.stored = 0 AND w.v <> COALESCE(w.p, FALSE)) OR (w.stored = 1 AND w.v <> w.p)