SELECT name, config, desired_state, created_us, updated_us
FROM connectors
ORDER BY name
