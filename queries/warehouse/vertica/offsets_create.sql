CREATE TABLE IF NOT EXISTS {schema}._flightdeck_offsets (
    connector VARCHAR(1020) NOT NULL,
    topic VARCHAR(1020) NOT NULL,
    kafka_partition INT NOT NULL,
    next_offset INT NOT NULL,
    updated_at TIMESTAMPTZ DEFAULT NOW(),
    CONSTRAINT _flightdeck_offsets_key PRIMARY KEY (connector, topic, kafka_partition) ENABLED
)
