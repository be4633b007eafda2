-- Somebody with a leg on another flight that has not begun takes flight $1 (locked) instead: a
-- change of the leg's key.
WITH cabin AS MATERIALIZED (
    SELECT s.fare_conditions AS class,
           count(*) - (SELECT count(*) FROM ticket_flights l
                       WHERE l.flight_id = $1::int AND l.fare_conditions = s.fare_conditions) AS free
    FROM flights f JOIN seats s USING (aircraft_code)
    WHERE f.flight_id = $1::int
    GROUP BY s.fare_conditions
), near AS MATERIALIZED (
    SELECT flight_id
    FROM flights
    WHERE scheduled_departure > now() + interval '15 minutes' AND status NOT IN ('Arrived', 'Cancelled')
      AND status IN ('Scheduled', 'On Time', 'Delayed') AND flight_id <> $1::int
    ORDER BY scheduled_departure
    LIMIT 30
), other AS MATERIALIZED (
    SELECT flight_id FROM near ORDER BY random() LIMIT 2
), leg AS MATERIALIZED (
    SELECT l.ticket_no, l.flight_id
    FROM other
    JOIN ticket_flights l USING (flight_id)
    JOIN tickets t USING (ticket_no)
    JOIN cabin c ON c.class = l.fare_conditions AND c.free > 0
    WHERE NOT EXISTS (SELECT FROM boarding_passes b WHERE b.ticket_no = l.ticket_no AND b.flight_id = l.flight_id)
      AND NOT EXISTS (SELECT FROM ticket_flights o JOIN tickets p USING (ticket_no)
                      WHERE o.flight_id = $1::int AND p.passenger_id = t.passenger_id)
    ORDER BY random()
    LIMIT 1
), moved AS (
    UPDATE ticket_flights l SET flight_id = $1::int
    FROM leg
    WHERE l.ticket_no = leg.ticket_no AND l.flight_id = leg.flight_id
    RETURNING 1
)
SELECT count(*) FROM moved
