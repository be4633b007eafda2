INSERT INTO {delta} ({columns})
SELECT {values}
FROM (SELECT {raw_columns}
      FROM {raw} r
      WHERE r._batch > CAST(? AS BIGINT) AND r._batch <= CAST(? AS BIGINT) AND r.op <> 't') q
WHERE {keys_known}{only}