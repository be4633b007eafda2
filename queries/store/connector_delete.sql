-- name
DELETE FROM connectors WHERE name = ?1
