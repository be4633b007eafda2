SELECT n.node_name AS name, n.node_state AS state, COUNT(s.session_id) AS connections,
       CAST(NULL AS INT) AS connections_max, CAST(NULL AS FLOAT) AS up_s
FROM v_catalog.nodes n
LEFT JOIN v_monitor.sessions s ON s.node_name = n.node_name
GROUP BY n.node_name, n.node_state
ORDER BY n.node_name
