UPDATE {state} SET seen_next = CAST(? AS TIMESTAMPTZ) WHERE source = ?
