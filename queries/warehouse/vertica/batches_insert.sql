INSERT INTO {schema}._flightdeck_batches (connector, batch, row_count, byte_count) VALUES (?, ?, ?, ?)
