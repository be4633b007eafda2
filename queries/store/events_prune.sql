-- how many to keep: ids have no gaps, so no row is counted
DELETE FROM events WHERE id <= (SELECT max(id) FROM events) - ?1
