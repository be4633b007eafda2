SELECT set_config('lock_timeout', ?, TRUE)
