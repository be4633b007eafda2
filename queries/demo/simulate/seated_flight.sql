-- Locks a flight that people have checked in for and that has not left.
WITH near AS MATERIALIZED (
    SELECT flight_id
    FROM flights
    WHERE scheduled_departure BETWEEN now() - interval '1 hour' AND now() + interval '5 hours'
      AND status NOT IN ('Arrived', 'Cancelled')
      AND status IN ('On Time', 'Delayed', 'Boarding')
    ORDER BY random()
), seated AS MATERIALIZED (
    SELECT flight_id
    FROM near
    WHERE EXISTS (SELECT FROM boarding_passes b WHERE b.flight_id = near.flight_id)
    LIMIT 1
)
SELECT flight_id FROM flights
WHERE flight_id = (SELECT flight_id FROM seated) AND status IN ('On Time', 'Delayed', 'Boarding')
FOR NO KEY UPDATE SKIP LOCKED
