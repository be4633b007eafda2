-- One round trip: the batch's row (its key refuses a second writer), new offsets, and moved ones,
-- each only from where this engine believes it to be. Answers how many offsets were written.
WITH move AS (
    SELECT m.topic, m.kafka_partition, m.old_offset, m.new_offset
    FROM unnest(?::text[], ?::int4[], ?::int8[], ?::int8[])
        AS m (topic, kafka_partition, old_offset, new_offset)
), batch AS (
    INSERT INTO {schema}._flightdeck_batches (connector, batch, row_count, byte_count)
    VALUES (?, ?::int8, ?::int8, ?::int8)
), first AS (
    INSERT INTO {schema}._flightdeck_offsets (connector, topic, kafka_partition, next_offset)
    SELECT ?, topic, kafka_partition, new_offset FROM move WHERE old_offset < 0
    RETURNING 1
), later AS (
    UPDATE {schema}._flightdeck_offsets AS o
    SET next_offset = m.new_offset, updated_at = now()
    FROM move AS m
    WHERE o.connector = ? AND o.topic = m.topic AND o.kafka_partition = m.kafka_partition
      AND o.next_offset = m.old_offset AND m.old_offset >= 0
    RETURNING 1
)
SELECT (SELECT count(*) FROM first) + (SELECT count(*) FROM later)
