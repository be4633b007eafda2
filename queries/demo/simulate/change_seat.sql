-- Somebody on flight $1 (locked) moves to another free seat of the same cabin.
WITH sitting AS MATERIALIZED (
    SELECT b.ticket_no, l.fare_conditions
    FROM boarding_passes b
    JOIN ticket_flights l USING (ticket_no, flight_id)
    WHERE flight_id = $1::int
    ORDER BY random()
    LIMIT 1
), seat AS MATERIALIZED (
    SELECT s.seat_no
    FROM flights f
    JOIN seats s USING (aircraft_code)
    WHERE f.flight_id = $1::int AND s.fare_conditions = (SELECT fare_conditions FROM sitting)
      AND NOT EXISTS (SELECT FROM boarding_passes b WHERE b.flight_id = f.flight_id AND b.seat_no = s.seat_no)
    ORDER BY random()
    LIMIT 1
), moved AS (
    UPDATE boarding_passes b SET seat_no = seat.seat_no
    FROM sitting, seat
    WHERE b.flight_id = $1::int AND b.ticket_no = sitting.ticket_no
    RETURNING 1
)
SELECT count(*) FROM moved
