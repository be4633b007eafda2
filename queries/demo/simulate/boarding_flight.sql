-- Locks a flight that people check in for: it leaves within hours and somebody has no seat yet.
WITH near AS MATERIALIZED (
    SELECT flight_id
    FROM flights
    WHERE scheduled_departure BETWEEN now() - interval '1 hour' AND now() + interval '5 hours'
      AND status NOT IN ('Arrived', 'Cancelled')
      AND status IN ('On Time', 'Delayed', 'Boarding')
    ORDER BY random()
), waiting AS MATERIALIZED (
    SELECT flight_id
    FROM near
    WHERE EXISTS (SELECT FROM ticket_flights l
                  WHERE l.flight_id = near.flight_id
                    AND NOT EXISTS (SELECT FROM boarding_passes b
                                    WHERE b.ticket_no = l.ticket_no AND b.flight_id = l.flight_id))
    LIMIT 1
)
SELECT flight_id FROM flights
WHERE flight_id = (SELECT flight_id FROM waiting) AND status IN ('On Time', 'Delayed', 'Boarding')
FOR NO KEY UPDATE SKIP LOCKED
