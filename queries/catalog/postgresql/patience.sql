-- Whoever looks does not stand in line behind what it wants to show.
SET lock_timeout = '3s'
