-- Records that are in raw more than once. An offset alone is not a record: a topic that was deleted
-- and made anew counts from 0 again, and several topics may go into one table ({more}: columns that
-- tell such apart, where the table has them).
SELECT _partition, _offset, COUNT(*)
FROM {table}
WHERE _partition IS NOT NULL AND _offset IS NOT NULL
GROUP BY _partition, _offset{more}
HAVING COUNT(*) > 1
ORDER BY _partition, _offset
