INSERT INTO {state} (source)
SELECT CAST(? AS VARCHAR(260)) FROM (SELECT COUNT(*) AS n FROM {state} WHERE source = ?) have WHERE have.n = 0
