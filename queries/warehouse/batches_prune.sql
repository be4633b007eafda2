DELETE FROM {schema}._flightdeck_batches WHERE connector = ? AND batch <= ?
