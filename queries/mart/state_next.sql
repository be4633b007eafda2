UPDATE {state}
SET seen_next = (SELECT COALESCE(MAX(_created_at), CAST('1970-01-01 00:00:00+00' AS TIMESTAMPTZ)) FROM {source})
WHERE source = ?
