SELECT {moment}, {lsn}, MIN(r._offset)
FROM {raw} r
WHERE r._batch > CAST(? AS BIGINT) AND r._batch <= CAST(? AS BIGINT) AND r.op = 't'
GROUP BY {moment}, {lsn}
ORDER BY 1, 2