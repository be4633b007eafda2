/*
 * The figures of a warehouse that `warehouse.show` tells: those of vertica-prometheus-exporter
 * under their names there, in bytes where it says megabytes. One that a server does not tell is
 * null.
 */
#ifndef ENGINE_WAREHOUSE_FIGURES_H
#define ENGINE_WAREHOUSE_FIGURES_H

/* name (a row's of queries/catalog/<dialect>/figures.sql, or a column's of resources.sql), the
 * exporter's metric, unit, a value each node?, words */
#define WAREHOUSE_FIGURES(X)                                                                       \
    X("license_size", "vertica_license_size", "bytes", false, "licensed size")                     \
    X("database_size", "vertica_database_size", "bytes", false, "size of the database")            \
    X("database_rows", "vertica_total_database_rows", "rows", false, "rows, estimated")            \
    X("connections", "vertica_total_database_connections", "sessions", false, "sessions")          \
    X("nodes_down", "vertica_state_not_up_or_standby", "nodes", false, "nodes that are down")      \
    X("node_connections", "vertica_connections_per_node", "sessions", true,                        \
      "sessions of the node")                                                                      \
    X("node_transactions", "vertica_query_requests_transactions_count_per_node", "transactions",   \
      true, "transactions in the last full minute")                                                \
    X("cpu_percent", "vertica_cpu_usage_pct", "%", true, "CPU")                                    \
    X("memory_percent", "vertica_mem_usage_pct", "%", true, "memory")                              \
    X("net_rx", "vertica_net_rx_bytespersec", "bytes/s", true, "network, received")                \
    X("net_tx", "vertica_net_tx_bytespersec", "bytes/s", true, "network, sent")                    \
    X("io_read", "vertica_io_read_bytespersec", "bytes/s", true, "disk, read")                     \
    X("io_write", "vertica_io_write_bytespersec", "bytes/s", true, "disk, written")

#endif
