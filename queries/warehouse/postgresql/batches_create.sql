CREATE TABLE IF NOT EXISTS {schema}._flightdeck_batches (
    connector varchar(255) NOT NULL,
    batch bigint NOT NULL,
    row_count bigint NOT NULL,
    byte_count bigint NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (connector, batch)
)
