CREATE UNIQUE INDEX IF NOT EXISTS {index} ON {table} ({key})
