-- One server, primary or standby, and the settings that a reader of its WAL depends on.
SELECT json_build_object(
    'version', split_part(current_setting('server_version'), ' ', 1),
    'database', current_database(),
    'database_bytes', pg_catalog.pg_database_size(current_database()),
    'in_recovery', pg_catalog.pg_is_in_recovery(),
    'up_s', extract(epoch FROM clock_timestamp() - pg_catalog.pg_postmaster_start_time()),
    'lsn', CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                ELSE pg_catalog.pg_current_wal_insert_lsn() END,
    'lsn_bytes', pg_catalog.pg_wal_lsn_diff(
        CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
             ELSE pg_catalog.pg_current_wal_insert_lsn() END, '0/0')::bigint,
    'received_bytes', CASE WHEN pg_catalog.pg_is_in_recovery()
                           THEN pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(), '0/0')::bigint END,
    'replay_paused', CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_is_wal_replay_paused() END,
    'replay_lag_s', CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN NULL
                         WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
                         ELSE extract(epoch FROM clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) END,
    'connections', (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'),
    'settings', (SELECT json_object_agg(s.name, CASE WHEN s.setting = '-1' THEN 'no limit'
                                                    ELSE s.setting || coalesce(' ' || s.unit, '') END ORDER BY s.name)
                 FROM pg_catalog.pg_settings s
                 WHERE s.name IN ('wal_level', 'max_connections', 'max_replication_slots', 'max_wal_senders',
                                  'max_slot_wal_keep_size', 'wal_sender_timeout', 'max_wal_size',
                                  'idle_in_transaction_session_timeout')))
