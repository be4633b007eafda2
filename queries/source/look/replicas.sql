-- Who reads the WAL: physical standbys, and logical readers (whose slot is named).
SELECT coalesce(json_agg(json_build_object(
    'application', r.application_name, 'client', coalesce(host(r.client_addr), 'local'), 'user_name', r.usename,
    'state', r.state, 'sync_state', r.sync_state, 'slot', s.slot_name, 'logical', s.slot_type IS NOT DISTINCT FROM 'logical',
    'sent_lag_bytes', pg_catalog.pg_wal_lsn_diff(w.lsn, r.sent_lsn)::bigint,
    'flush_lag_bytes', pg_catalog.pg_wal_lsn_diff(w.lsn, r.flush_lsn)::bigint,
    'replay_lag_bytes', pg_catalog.pg_wal_lsn_diff(w.lsn, r.replay_lsn)::bigint,
    'replay_lag_s', extract(epoch FROM r.replay_lag)) ORDER BY r.application_name, r.pid), '[]')
FROM pg_catalog.pg_stat_replication r
LEFT JOIN pg_catalog.pg_replication_slots s ON s.active_pid = r.pid
CROSS JOIN (SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                        ELSE pg_catalog.pg_current_wal_insert_lsn() END AS lsn) w
