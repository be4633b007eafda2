SELECT name, paused, last_fire_us, changed_us, backfill_running FROM dags ORDER BY name
