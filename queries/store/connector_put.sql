INSERT INTO connectors (name, config, desired_state, created_us, updated_us)
VALUES (?1, ?2, ?3, ?4, ?4)
ON CONFLICT (name) DO UPDATE
SET config = excluded.config, desired_state = excluded.desired_state, updated_us = excluded.updated_us
