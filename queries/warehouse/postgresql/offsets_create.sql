CREATE TABLE IF NOT EXISTS {schema}._flightdeck_offsets (
    connector varchar(255) NOT NULL,
    topic varchar(255) NOT NULL,
    kafka_partition integer NOT NULL,
    next_offset bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (connector, topic, kafka_partition)
)
