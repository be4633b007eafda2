-- What the newest snapshot of frequent_flyers has to hold, from the source's tables (PostgreSQL), where
-- flown_only is not set. Written apart from marts/frequent_flyers.sql, so that one mistake is not made
-- twice.
WITH counted AS (
    SELECT t.passenger_id, tf.amount, f.departure_airport, f.arrival_airport
    FROM public.tickets t
    JOIN public.ticket_flights tf ON tf.ticket_no = t.ticket_no
    JOIN public.flights f ON f.flight_id = tf.flight_id
    WHERE f.status <> 'Cancelled'
), passengers AS (
    SELECT DISTINCT passenger_id FROM public.tickets
), totals AS (
    SELECT p.passenger_id, count(c.passenger_id) AS flights_number, coalesce(sum(c.amount), 0) AS purchase_sum
    FROM passengers p
    LEFT JOIN counted c ON c.passenger_id = p.passenger_id
    GROUP BY p.passenger_id
), ranked AS (
    SELECT passenger_id, flights_number, purchase_sum, percent_rank() OVER (ORDER BY purchase_sum DESC) AS place
    FROM totals
), visits AS (
    SELECT passenger_id, airport, count(*) AS times
    FROM (SELECT passenger_id, departure_airport AS airport FROM counted
          UNION ALL
          SELECT passenger_id, arrival_airport FROM counted) ends
    GROUP BY passenger_id, airport
), homes AS (
    SELECT DISTINCT ON (passenger_id) passenger_id, airport
    FROM visits
    ORDER BY passenger_id, times DESC, airport COLLATE "C"
), names AS (
    SELECT DISTINCT ON (t.passenger_id) t.passenger_id, t.passenger_name
    FROM public.tickets t
    JOIN public.bookings b ON b.book_ref = t.book_ref
    ORDER BY t.passenger_id, b.book_date DESC, t.ticket_no COLLATE "C" DESC
)
SELECT r.passenger_id::text AS passenger_id, n.passenger_name::text AS passenger_name,
       r.flights_number::text AS flights_number, r.purchase_sum::numeric(18, 2)::text AS purchase_sum,
       rtrim(h.airport::text) AS home_airport,
       CASE WHEN r.place <= 0.05 THEN '5' WHEN r.place <= 0.10 THEN '10'
            WHEN r.place <= 0.25 THEN '25' WHEN r.place <= 0.50 THEN '50' ELSE '50+' END AS customer_group
FROM ranked r
LEFT JOIN homes h ON h.passenger_id = r.passenger_id
LEFT JOIN names n ON n.passenger_id = r.passenger_id;
