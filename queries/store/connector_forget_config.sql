-- name, now
UPDATE connectors SET config = NULL, updated_us = ?2 WHERE name = ?1
