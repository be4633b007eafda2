-- Locks a flight that has not begun to board, near a moment drawn at random.
WITH moment AS MATERIALIZED (
    SELECT now() + interval '50 minutes' + random() * random() * interval '20 hours' AS at
), near AS MATERIALIZED (
    SELECT flight_id
    FROM flights
    WHERE scheduled_departure > (SELECT at FROM moment) AND status NOT IN ('Arrived', 'Cancelled')
      AND status IN ('Scheduled', 'On Time', 'Delayed')
    ORDER BY scheduled_departure
    LIMIT 8
), one AS MATERIALIZED (
    SELECT flight_id FROM near ORDER BY random() LIMIT 1
)
SELECT flight_id FROM flights
WHERE flight_id = (SELECT flight_id FROM one) AND status IN ('Scheduled', 'On Time', 'Delayed')
FOR NO KEY UPDATE SKIP LOCKED
