-- Every slot of the server with the WAL that it keeps. Columns that came with PostgreSQL 13 are read through to_jsonb.
SELECT coalesce(json_agg(json_build_object(
    'name', s.slot_name, 'type', s.slot_type, 'plugin', s.plugin, 'database', s.database, 'active', s.active,
    'active_pid', s.active_pid, 'temporary', s.temporary, 'wal_status', to_jsonb(s) ->> 'wal_status',
    'restart_lsn', s.restart_lsn, 'confirmed_lsn', s.confirmed_flush_lsn,
    'retained_bytes', pg_catalog.pg_wal_lsn_diff(w.lsn, s.restart_lsn)::bigint,
    'behind_bytes', pg_catalog.pg_wal_lsn_diff(w.lsn, s.confirmed_flush_lsn)::bigint,
    'safe_bytes', (to_jsonb(s) ->> 'safe_wal_size')::bigint,
    'xmin_age', age(coalesce(s.catalog_xmin, s.xmin))) ORDER BY s.slot_name), '[]')
FROM pg_catalog.pg_replication_slots s
CROSS JOIN (SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                        ELSE pg_catalog.pg_current_wal_insert_lsn() END AS lsn) w
