-- id, lane, state, started_us, ended_us, rows, reason, params, who
UPDATE runs
SET lane = ?2, state = ?3, started_us = ?4, ended_us = ?5, rows = ?6, reason = ?7, params = ?8, who = ?9
WHERE id = ?1
