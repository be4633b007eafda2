-- name, state, now
INSERT INTO connectors (name, state, created_us, updated_us) VALUES (?1, ?2, ?3, ?3)
ON CONFLICT (name) DO UPDATE SET state = ?2, updated_us = ?3
