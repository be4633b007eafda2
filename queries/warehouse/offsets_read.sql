SELECT topic, kafka_partition, next_offset
FROM {schema}._flightdeck_offsets
WHERE connector = ?
ORDER BY topic, kafka_partition
