INSERT INTO {schema}._flightdeck_offsets (connector, topic, kafka_partition, next_offset) VALUES (?, ?, ?, ?)
