-- name, paused, last_fire_us (the least integer: none), changed_us, backfill_running
INSERT INTO dags (name, paused, last_fire_us, changed_us, backfill_running)
VALUES (?1, ?2, nullif(?3, -9223372036854775808), ?4, ?5)
ON CONFLICT (name) DO UPDATE
SET paused = ?2, last_fire_us = nullif(?3, -9223372036854775808), changed_us = ?4, backfill_running = ?5
