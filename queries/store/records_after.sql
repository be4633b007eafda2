-- ts_us: what a clock that was set back left in the future
DELETE FROM records WHERE ts_us > ?1
