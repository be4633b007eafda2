-- $1: the slot's name. Made once; an interrupted copy of the primary uses it again.
SELECT pg_create_physical_replication_slot($1::text::name, true)
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1::text)
