-- The first row of a table of `changes` that the mart's last run had not before it: of a load that ended
-- while it ran, say.
SELECT CAST((MIN(t._created_at) AT TIME ZONE 'UTC') AS VARCHAR(40))
FROM {table} t
JOIN {state} s ON s.source = CAST(? AS VARCHAR(260)) AND t._created_at > s.seen
