-- dag, kind, lane, state, logical_us, begin_us, end_us, params, who, created_us
INSERT INTO runs (dag, kind, lane, state, logical_us, begin_us, end_us, params, who, created_us,
                  started_us, ended_us, rows, reason)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, 0, -1, '')
ON CONFLICT (dag, logical_us, kind) DO NOTHING
