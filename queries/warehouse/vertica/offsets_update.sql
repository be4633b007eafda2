UPDATE {schema}._flightdeck_offsets
SET next_offset = ?, updated_at = NOW()
WHERE connector = ? AND topic = ? AND kafka_partition = ? AND next_offset = ?
