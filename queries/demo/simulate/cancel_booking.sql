-- Booking $1 (locked) with its tickets and legs goes. Who has checked in meanwhile keeps it: the
-- foreign keys refuse then.
WITH tickets_gone AS (
    DELETE FROM tickets WHERE book_ref = $1::char(6) RETURNING ticket_no
), legs AS (
    DELETE FROM ticket_flights l
    USING tickets t
    WHERE t.book_ref = $1::char(6) AND l.ticket_no = t.ticket_no
    RETURNING 1
), gone AS (
    DELETE FROM bookings WHERE book_ref = $1::char(6) RETURNING 1
)
SELECT (SELECT count(*) FROM tickets_gone) + (SELECT count(*) FROM legs) + (SELECT count(*) FROM gone)
