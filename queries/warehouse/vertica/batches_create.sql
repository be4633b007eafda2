CREATE TABLE IF NOT EXISTS {schema}._flightdeck_batches (
    connector VARCHAR(1020) NOT NULL,
    batch INT NOT NULL,
    row_count INT NOT NULL,
    byte_count INT NOT NULL,
    loaded_at TIMESTAMPTZ DEFAULT NOW(),
    CONSTRAINT _flightdeck_batches_key PRIMARY KEY (connector, batch) ENABLED
)
