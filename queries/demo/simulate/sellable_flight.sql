-- Locks a flight that still has a seat to sell, near a moment drawn at random (soon more often than
-- later). Whoever puts somebody on a flight holds this lock, so no seat is sold twice.
WITH moment AS MATERIALIZED (
    SELECT now() + interval '15 minutes' + random() * random() * interval '20 hours' AS at
), near AS MATERIALIZED (
    SELECT flight_id, aircraft_code
    FROM flights
    WHERE scheduled_departure > (SELECT at FROM moment) AND status NOT IN ('Arrived', 'Cancelled')
      AND status IN ('Scheduled', 'On Time', 'Delayed')
    ORDER BY scheduled_departure
    LIMIT 16
), open AS MATERIALIZED (
    SELECT flight_id
    FROM near
    WHERE (SELECT count(*) FROM ticket_flights l WHERE l.flight_id = near.flight_id)
        < (SELECT count(*) FROM seats s WHERE s.aircraft_code = near.aircraft_code)
    ORDER BY random()
    LIMIT 1
)
SELECT flight_id FROM flights
WHERE flight_id = (SELECT flight_id FROM open) AND status IN ('Scheduled', 'On Time', 'Delayed')
FOR NO KEY UPDATE SKIP LOCKED
