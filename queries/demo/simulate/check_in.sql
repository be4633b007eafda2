-- Somebody on flight $1 (locked) gets a boarding pass: the next number, a free seat of the cabin.
WITH leg AS MATERIALIZED (
    SELECT ticket_no, fare_conditions
    FROM ticket_flights l
    WHERE flight_id = $1::int
      AND NOT EXISTS (SELECT FROM boarding_passes b WHERE b.ticket_no = l.ticket_no AND b.flight_id = l.flight_id)
    ORDER BY random()
    LIMIT 1
), seat AS MATERIALIZED (
    SELECT s.seat_no
    FROM flights f
    JOIN seats s USING (aircraft_code)
    WHERE f.flight_id = $1::int AND s.fare_conditions = (SELECT fare_conditions FROM leg)
      AND NOT EXISTS (SELECT FROM boarding_passes b WHERE b.flight_id = f.flight_id AND b.seat_no = s.seat_no)
    ORDER BY random()
    LIMIT 1
), given AS (
    INSERT INTO boarding_passes (ticket_no, flight_id, boarding_no, seat_no)
    SELECT ticket_no, $1::int,
           (SELECT coalesce(max(boarding_no), 0) + 1 FROM boarding_passes WHERE flight_id = $1::int), seat_no
    FROM leg, seat
    RETURNING 1
)
SELECT count(*) FROM given
