-- Locks a booking none of whose flights has begun and nobody of which has checked in.
WITH moment AS MATERIALIZED (
    SELECT now() + random() * random() * interval '20 hours' AS at
), near AS MATERIALIZED (
    SELECT flight_id
    FROM flights
    WHERE scheduled_departure > (SELECT at FROM moment) AND status NOT IN ('Arrived', 'Cancelled')
      AND status IN ('Scheduled', 'On Time', 'Delayed')
    ORDER BY scheduled_departure
    LIMIT 4
), candidate AS MATERIALIZED (
    SELECT t.book_ref
    FROM near
    JOIN ticket_flights USING (flight_id)
    JOIN tickets t USING (ticket_no)
    ORDER BY random()
    LIMIT 8
), open AS MATERIALIZED (
    SELECT c.book_ref
    FROM candidate c
    WHERE NOT EXISTS (
        SELECT FROM tickets t
        JOIN ticket_flights l USING (ticket_no)
        JOIN flights f USING (flight_id)
        WHERE t.book_ref = c.book_ref
          AND (f.status NOT IN ('Scheduled', 'On Time', 'Delayed')
               OR EXISTS (SELECT FROM boarding_passes b WHERE b.ticket_no = l.ticket_no AND b.flight_id = l.flight_id)))
    LIMIT 1
)
SELECT book_ref FROM bookings
WHERE book_ref = (SELECT book_ref FROM open)
FOR UPDATE SKIP LOCKED
