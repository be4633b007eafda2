-- The database and its owner.
SELECT database_name, owner_name
FROM v_catalog.databases
