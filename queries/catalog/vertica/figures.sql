-- What vertica-prometheus-exporter tells: name, node, value. Bytes, where it says megabytes.
SELECT 'license_size' AS name, '' AS node, CAST(license_size_bytes AS FLOAT) AS value
FROM (SELECT license_size_bytes, ROW_NUMBER() OVER (ORDER BY audit_end_timestamp DESC) AS newest
      FROM v_catalog.license_audits WHERE audited_data = 'Total') a
WHERE newest = 1
UNION ALL
SELECT 'database_size', '', CAST(database_size_bytes AS FLOAT)
FROM (SELECT database_size_bytes, ROW_NUMBER() OVER (ORDER BY audit_end_timestamp DESC) AS newest
      FROM v_catalog.license_audits WHERE audited_data = 'Total') b
WHERE newest = 1
UNION ALL
SELECT 'database_rows', '', CAST(SUM(row_count) AS FLOAT) FROM v_monitor.projection_storage
UNION ALL
SELECT 'connections', '', CAST(COUNT(*) AS FLOAT) FROM v_monitor.sessions
UNION ALL
SELECT 'nodes_down', '', CAST(COUNT(*) AS FLOAT) FROM v_catalog.nodes WHERE node_state NOT IN ('UP', 'STANDBY', 'STAND BY')
UNION ALL
SELECT 'node_connections', node_name, CAST(COUNT(*) AS FLOAT) FROM v_monitor.sessions GROUP BY node_name
UNION ALL
SELECT 'node_transactions', node_name, CAST(COUNT(*) AS FLOAT)
FROM v_monitor.transactions
WHERE start_timestamp >= DATE_TRUNC('minute', CURRENT_TIMESTAMP) - INTERVAL '1 minute'
  AND start_timestamp < DATE_TRUNC('minute', CURRENT_TIMESTAMP)
GROUP BY node_name
