-- name
SELECT name, config, state, created_us, updated_us FROM connectors WHERE name = ?1
