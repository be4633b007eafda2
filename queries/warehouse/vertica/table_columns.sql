SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,
       CASE WHEN is_nullable THEN 0 ELSE 1 END AS not_null
FROM v_catalog.columns
WHERE table_schema ILIKE ? AND table_name ILIKE ?
ORDER BY ordinal_position
