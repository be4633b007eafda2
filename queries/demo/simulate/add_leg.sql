-- Somebody who lands where flight $1 (locked) begins, some hours before it, flies on with it.
WITH target AS MATERIALIZED (
    SELECT f.* FROM flights f WHERE flight_id = $1::int
), cabin AS MATERIALIZED (
    SELECT s.fare_conditions AS class,
           count(*) - (SELECT count(*) FROM ticket_flights l
                       WHERE l.flight_id = $1::int AND l.fare_conditions = s.fare_conditions) AS free
    FROM target f JOIN seats s USING (aircraft_code)
    GROUP BY s.fare_conditions
), feeder AS MATERIALIZED (
    SELECT f.flight_id
    FROM flights f, target
    WHERE f.scheduled_departure > target.scheduled_departure - interval '30 hours'
      AND f.scheduled_departure < target.scheduled_departure
      AND f.status <> 'Cancelled'
      AND f.arrival_airport = target.departure_airport
      AND f.scheduled_arrival < target.scheduled_departure - interval '45 minutes'
    ORDER BY random()
    LIMIT 1
), traveller AS MATERIALIZED (
    SELECT t.ticket_no, t.book_ref, l.fare_conditions, l.amount
    FROM feeder
    JOIN ticket_flights l USING (flight_id)
    JOIN tickets t USING (ticket_no)
    JOIN cabin c ON c.class = l.fare_conditions AND c.free > 0
    WHERE NOT EXISTS (SELECT FROM ticket_flights o JOIN tickets p USING (ticket_no)
                      WHERE o.flight_id = $1::int AND p.passenger_id = t.passenger_id)
    ORDER BY random()
    LIMIT 1
), added AS (
    INSERT INTO ticket_flights (ticket_no, flight_id, fare_conditions, amount)
    SELECT ticket_no, $1::int, fare_conditions, amount FROM traveller
    RETURNING 1
), paid AS (
    UPDATE bookings b SET total_amount = b.total_amount + t.amount
    FROM traveller t
    WHERE b.book_ref = t.book_ref
    RETURNING 1
)
SELECT (SELECT count(*) FROM added) + (SELECT count(*) FROM paid)
