SELECT name, config, state, created_us, updated_us FROM connectors ORDER BY created_us, name
