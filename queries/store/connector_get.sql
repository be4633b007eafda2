SELECT name, config, desired_state, created_us, updated_us
FROM connectors
WHERE name = ?1
