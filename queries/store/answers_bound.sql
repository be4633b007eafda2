-- bytes: the oldest go until the rest is no more than that
DELETE FROM answers
WHERE rowid IN (SELECT id
                FROM (SELECT rowid AS id, sum(bytes) OVER (ORDER BY ts_us DESC, rowid) AS total FROM answers)
                WHERE total > ?1)
