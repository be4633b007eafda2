-- "ok", or the first damage that is found.
PRAGMA quick_check(1)
