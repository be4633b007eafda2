-- A booking on flight $1 (locked): a party of one to four in one cabin, as far as seats are left.
-- $2: the first of the numbers that its tickets may take.
WITH cabin AS MATERIALIZED (
    SELECT s.fare_conditions AS class,
           count(*) - (SELECT count(*) FROM ticket_flights l
                       WHERE l.flight_id = $1::int AND l.fare_conditions = s.fare_conditions) AS free
    FROM flights f JOIN seats s USING (aircraft_code)
    WHERE f.flight_id = $1::int
    GROUP BY s.fare_conditions
), choice AS MATERIALIZED (
    SELECT class, least(free, (ARRAY[1, 1, 1, 2, 2, 3, 4])[1 + floor(random() * 7)::int]) AS people
    FROM cabin
    WHERE free > 0
    ORDER BY random() * CASE class WHEN 'Economy' THEN 5 ELSE 1 END DESC
    LIMIT 1
), price AS MATERIALIZED (
    SELECT 50 * greatest(round(coalesce(avg(amount), 12000) * (0.9 + 0.2 * random())::numeric / 50), 1) AS amount
    FROM (SELECT amount FROM ticket_flights
          WHERE flight_id = $1::int AND fare_conditions = (SELECT class FROM choice) LIMIT 5) seen
), probe AS MATERIALIZED (
    SELECT m, lpad(floor(low + random() * (high - low))::bigint::text, 13, '0')::char(13) AS ticket_no
    FROM choice, generate_series(1, people) m,
         (SELECT min(ticket_no)::numeric AS low, max(ticket_no)::numeric AS high FROM tickets) range
), person AS MATERIALIZED (
    SELECT DISTINCT ON (passenger_id) passenger_id, passenger_name, contact_data
    FROM probe,
         LATERAL (SELECT t.* FROM tickets t WHERE t.ticket_no >= probe.ticket_no ORDER BY t.ticket_no LIMIT 1) known
    WHERE NOT EXISTS (SELECT FROM ticket_flights l JOIN tickets t USING (ticket_no)
                      WHERE l.flight_id = $1::int AND t.passenger_id = known.passenger_id)
), reference AS MATERIALIZED (
    SELECT string_agg(substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 1 + floor(random() * 36)::int, 1), '') AS book_ref
    FROM generate_series(1, 6)
), booked AS (
    INSERT INTO bookings (book_ref, book_date, total_amount)
    SELECT book_ref, now(), amount * (SELECT count(*) FROM person)
    FROM reference, price
    WHERE EXISTS (SELECT FROM person)
    RETURNING book_ref
), numbered AS MATERIALIZED (
    SELECT lpad(($2::bigint + row_number() OVER () - 1)::text, 13, '0')::char(13) AS ticket_no, person.* FROM person
), ticketed AS (
    INSERT INTO tickets (ticket_no, book_ref, passenger_id, passenger_name, contact_data)
    SELECT ticket_no, book_ref, passenger_id, passenger_name, contact_data FROM numbered, booked
    RETURNING ticket_no
), seated AS (
    INSERT INTO ticket_flights (ticket_no, flight_id, fare_conditions, amount)
    SELECT ticket_no, $1::int, class, amount FROM ticketed, choice, price
    RETURNING 1
)
SELECT (SELECT count(*) FROM booked) + (SELECT count(*) FROM ticketed) + (SELECT count(*) FROM seated)
