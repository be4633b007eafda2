-- Tables with what their projections take, all copies. Rows: those of the projection that has most of them, a copy
-- on every node counted once, rows that are marked deleted among them; so an estimate.
SELECT schema_name, table_name, 'table' AS kind, CAST(SUM(bytes) AS INT) AS bytes, CAST(MAX(row_count) AS INT) AS row_count
FROM (
    SELECT s.anchor_table_schema AS schema_name, s.anchor_table_name AS table_name, s.projection_id,
           SUM(s.used_bytes) AS bytes,
           CASE WHEN MAX(CASE WHEN p.is_segmented THEN 1 ELSE 0 END) = 1 THEN SUM(s.row_count) ELSE MAX(s.row_count) END AS row_count
    FROM v_monitor.projection_storage s
    LEFT JOIN v_catalog.projections p ON p.projection_id = s.projection_id
    GROUP BY s.anchor_table_schema, s.anchor_table_name, s.projection_id
) v
GROUP BY schema_name, table_name
ORDER BY bytes DESC, schema_name, table_name
LIMIT 5000
