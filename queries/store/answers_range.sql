-- of all: how many, the oldest, bytes
SELECT count(*), coalesce(min(ts_us), 0), coalesce(sum(bytes), 0) FROM answers
