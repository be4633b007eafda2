-- name, config, state, now
INSERT INTO connectors (name, config, state, created_us, updated_us) VALUES (?1, ?2, ?3, ?4, ?4)
ON CONFLICT (name) DO UPDATE SET config = ?2, state = ?3, updated_us = ?4
