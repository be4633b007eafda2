SELECT s.slot_type, s.plugin, s.database, nullif(s.active_pid, pg_backend_pid()),
       coalesce(to_jsonb(s) ->> 'wal_status', ''),
       s.database = current_database()
FROM pg_catalog.pg_replication_slots s
WHERE s.slot_name = {slot}
