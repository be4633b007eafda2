-- The last minute that is recorded of each node; a superuser's to read.
SELECT node_name AS node, cpu_percent, memory_percent, net_rx, net_tx, io_read, io_write
FROM (
    SELECT node_name, average_cpu_usage_percent AS cpu_percent, average_memory_usage_percent AS memory_percent,
           net_rx_kbytes_per_second * 1024 AS net_rx, net_tx_kbytes_per_second * 1024 AS net_tx,
           io_read_kbytes_per_second * 1024 AS io_read, io_written_kbytes_per_second * 1024 AS io_write,
           ROW_NUMBER() OVER (PARTITION BY node_name ORDER BY end_time DESC) AS newest
    FROM v_monitor.system_resource_usage
) v
WHERE newest = 1
ORDER BY node_name
