INSERT INTO connectors (name, config, desired_state, created_us, updated_us)
VALUES (?1, NULL, ?2, ?3, ?3)
ON CONFLICT (name) DO UPDATE
SET desired_state = excluded.desired_state, updated_us = excluded.updated_us
