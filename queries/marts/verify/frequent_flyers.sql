-- What the newest snapshot of frequent_flyers has to hold where flown_only is not set: verify asks this at the
-- source, where {tickets} is public.tickets, and may ask it of dwh, where it is dwh.tickets_latest. Written
-- apart from marts/frequent_flyers.sql, so that one mistake is not made twice.
WITH counted AS (
    SELECT t.passenger_id, l.amount, RTRIM(CAST(f.departure_airport AS VARCHAR(12))) AS departure,
           RTRIM(CAST(f.arrival_airport AS VARCHAR(12))) AS arrival
    FROM {tickets} t
    JOIN {ticket_flights} l ON l.ticket_no = t.ticket_no
    JOIN {flights} f ON f.flight_id = l.flight_id
    WHERE f.status <> 'Cancelled'
), totals AS (
    SELECT passenger_id, SUM(legs) AS flights_number, SUM(amount) AS purchase_sum
    FROM (
        SELECT DISTINCT passenger_id, 0 AS legs, CAST(0 AS NUMERIC(18,2)) AS amount FROM {tickets}
        UNION ALL
        SELECT passenger_id, 1 AS legs, CAST(amount AS NUMERIC(18,2)) AS amount FROM counted
    ) x
    GROUP BY passenger_id
), ranked AS (
    SELECT passenger_id, flights_number, purchase_sum, PERCENT_RANK() OVER (ORDER BY purchase_sum DESC) AS place
    FROM totals
), homes AS (
    SELECT passenger_id, airport
    FROM (
        SELECT passenger_id, airport,
               ROW_NUMBER() OVER (PARTITION BY passenger_id
                                  ORDER BY times DESC, ASCII(SUBSTR(airport, 1, 1)), ASCII(SUBSTR(airport, 2, 1)),
                                           ASCII(SUBSTR(airport, 3, 1))) AS place
        FROM (
            SELECT passenger_id, airport, COUNT(*) AS times
            FROM (
                SELECT passenger_id, departure AS airport FROM counted
                UNION ALL
                SELECT passenger_id, arrival AS airport FROM counted
            ) ends
            GROUP BY passenger_id, airport
        ) visits
    ) placed
    WHERE place = 1
), names AS (
    SELECT passenger_id, passenger_name
    FROM (
        SELECT t.passenger_id, t.passenger_name,
               ROW_NUMBER() OVER (PARTITION BY t.passenger_id ORDER BY b.book_date DESC, t.ticket_no DESC) AS place
        FROM {tickets} t
        JOIN {bookings} b ON b.book_ref = t.book_ref
    ) booked
    WHERE place = 1
)
SELECT r.passenger_id, n.passenger_name, CAST(r.flights_number AS VARCHAR(20)) AS flights_number,
       CAST(CAST(r.purchase_sum AS NUMERIC(18,2)) AS VARCHAR(40)) AS purchase_sum, h.airport AS home_airport,
       CASE WHEN r.place <= 0.05 THEN '5' WHEN r.place <= 0.10 THEN '10'
            WHEN r.place <= 0.25 THEN '25' WHEN r.place <= 0.50 THEN '50' ELSE '50+' END AS customer_group
FROM ranked r
LEFT JOIN homes h ON h.passenger_id = r.passenger_id
LEFT JOIN names n ON n.passenger_id = r.passenger_id;
