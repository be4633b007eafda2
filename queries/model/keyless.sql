-- Rows of raw that say no key: no table of the model can have them.
SELECT COUNT(*)
FROM (SELECT {raw_columns}
      FROM {raw} r
      WHERE r._batch > CAST(? AS BIGINT) AND r._batch <= CAST(? AS BIGINT) AND r.op IN ('r', 'c', 'u', 'd')) q
WHERE NOT ({keys_known})
