-- key: when it was kept last; 0
SELECT coalesce(max(ts_us), 0) FROM answers WHERE key = ?1
