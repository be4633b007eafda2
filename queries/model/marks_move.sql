UPDATE {marks} SET batch = CAST(? AS BIGINT), _created_at = {now}
WHERE entity = CAST(? AS VARCHAR(200)) AND batch = CAST(? AS BIGINT)