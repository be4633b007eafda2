-- One slot. wal_status and safe_wal_size came with PostgreSQL 13 (to_jsonb reads them if there).
SELECT s.active, s.active_pid, s.plugin, s.database,
       to_jsonb(s) ->> 'wal_status',
       s.confirmed_flush_lsn, s.restart_lsn,
       to_jsonb(s) ->> 'safe_wal_size',
       pg_catalog.pg_wal_lsn_diff(
           CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
                ELSE pg_catalog.pg_current_wal_insert_lsn() END,
           s.restart_lsn)::bigint
FROM pg_catalog.pg_replication_slots s
WHERE s.slot_name = $1
