DELETE FROM {schema}._flightdeck_offsets WHERE connector = ?
