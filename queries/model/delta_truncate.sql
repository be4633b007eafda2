INSERT INTO {delta} ({sk_and_keys}, kind, ts, lsn, ord)
SELECT {known}, 1, CAST(? AS TIMESTAMPTZ), CAST(? AS BIGINT), CAST(? AS BIGINT)
FROM (SELECT {anchor_keys} FROM {anchor} a WHERE a._changed_at <= CAST(? AS TIMESTAMPTZ)
      UNION
      SELECT {delta_keys} FROM {delta} d WHERE d.kind = 0 AND (d.ts < CAST(? AS TIMESTAMPTZ)
          OR (d.ts = CAST(? AS TIMESTAMPTZ) AND d.lsn < CAST(? AS BIGINT)))) k