-- The airline's rules, each with the number of rows that break it: all 0 after generate.sql and
-- while simulate runs.
WITH sold AS (
    SELECT flight_id, fare_conditions, count(*) AS n
    FROM ticket_flights
    GROUP BY flight_id, fare_conditions
), cabin AS (
    SELECT aircraft_code, fare_conditions, count(*) AS n
    FROM seats
    GROUP BY aircraft_code, fare_conditions
)
SELECT 'a flight has a departure time exactly when it left' AS rule, count(*) AS broken
FROM flights
WHERE (actual_departure IS NOT NULL) <> (status IN ('Departed', 'Arrived'))
UNION ALL
SELECT 'a flight has an arrival time exactly when it landed', count(*)
FROM flights
WHERE (actual_arrival IS NOT NULL) <> (status = 'Arrived')
UNION ALL
SELECT 'nothing happened in the future', count(*)
FROM flights, (SELECT coalesce(nullif(current_setting('demo.as_of', true), '')::timestamptz, clock_timestamp()) AS as_of) t
WHERE actual_departure > as_of OR actual_arrival > as_of
UNION ALL
SELECT 'an aircraft reaches the other airport in time', count(*)
FROM flights
WHERE actual_arrival - actual_departure NOT BETWEEN interval '15 minutes' AND interval '20 hours'
UNION ALL
SELECT 'no ticket is for a cancelled flight', count(*)
FROM ticket_flights JOIN flights USING (flight_id)
WHERE status = 'Cancelled'
UNION ALL
SELECT 'no boarding pass is for a flight that is not open yet or cancelled', count(*)
FROM boarding_passes JOIN flights USING (flight_id)
WHERE status IN ('Scheduled', 'Cancelled')
UNION ALL
SELECT 'a boarding pass has a seat of the aircraft, in the cabin that was paid', count(*)
FROM boarding_passes b
JOIN flights f USING (flight_id)
JOIN ticket_flights l USING (ticket_no, flight_id)
LEFT JOIN seats s ON s.aircraft_code = f.aircraft_code AND s.seat_no = b.seat_no
WHERE s.fare_conditions IS DISTINCT FROM l.fare_conditions
UNION ALL
SELECT 'a cabin is not sold over its seats', count(*)
FROM sold
JOIN flights f USING (flight_id)
LEFT JOIN cabin c ON c.aircraft_code = f.aircraft_code AND c.fare_conditions = sold.fare_conditions
WHERE sold.n > coalesce(c.n, 0)
UNION ALL
SELECT 'nobody is on a flight twice', count(*)
FROM (SELECT FROM tickets JOIN ticket_flights USING (ticket_no)
      GROUP BY flight_id, passenger_id HAVING count(*) > 1) twice
UNION ALL
SELECT 'a booking costs what its legs cost', count(*)
FROM bookings b
LEFT JOIN (SELECT book_ref, sum(amount) AS total FROM tickets JOIN ticket_flights USING (ticket_no)
           GROUP BY book_ref) legs USING (book_ref)
WHERE b.total_amount IS DISTINCT FROM legs.total
UNION ALL
SELECT 'a ticket has a leg', count(*)
FROM tickets t
WHERE NOT EXISTS (SELECT FROM ticket_flights l WHERE l.ticket_no = t.ticket_no)
UNION ALL
SELECT 'a booking is made before its flights leave', count(*)
FROM bookings JOIN tickets USING (book_ref) JOIN ticket_flights USING (ticket_no) JOIN flights USING (flight_id)
WHERE book_date >= coalesce(actual_departure, scheduled_departure + interval '1 day')
UNION ALL
SELECT 'an airport''s zone is known', count(*)
FROM airports
WHERE timezone NOT IN (SELECT name FROM pg_timezone_names)
ORDER BY 2 DESC, 1
