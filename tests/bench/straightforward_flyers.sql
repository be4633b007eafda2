INSERT INTO straightforward.frequent_flyers
SELECT now(), p.passenger_id, p.passenger_name, COALESCE(s.flights, 0), COALESCE(s.amount, 0), h.airport_code,
       CASE WHEN PERCENT_RANK() OVER (ORDER BY COALESCE(s.amount, 0) DESC) <= 0.05 THEN '5'
            WHEN PERCENT_RANK() OVER (ORDER BY COALESCE(s.amount, 0) DESC) <= 0.10 THEN '10'
            WHEN PERCENT_RANK() OVER (ORDER BY COALESCE(s.amount, 0) DESC) <= 0.25 THEN '25'
            WHEN PERCENT_RANK() OVER (ORDER BY COALESCE(s.amount, 0) DESC) <= 0.50 THEN '50' ELSE '50+' END
FROM (SELECT passenger_id, passenger_name FROM (
          SELECT t.passenger_id, t.passenger_name,
                 ROW_NUMBER() OVER (PARTITION BY t.passenger_id ORDER BY b.book_date DESC, t.ticket_no DESC) AS n
          FROM dwh.tickets_latest t JOIN dwh.bookings_latest b ON b.book_ref = t.book_ref) x WHERE n = 1) p
LEFT JOIN (SELECT t.passenger_id, COUNT(*) AS flights, SUM(l.amount) AS amount
           FROM dwh.ticket_flights_latest l
           JOIN dwh.flights_latest f ON f.flight_id = l.flight_id AND f.status <> 'Cancelled'
           JOIN dwh.tickets_latest t ON t.ticket_no = l.ticket_no GROUP BY t.passenger_id) s ON s.passenger_id = p.passenger_id
LEFT JOIN (SELECT passenger_id, airport_code FROM (
               SELECT passenger_id, airport_code, ROW_NUMBER() OVER (PARTITION BY passenger_id ORDER BY COUNT(*) DESC, airport_code) AS n
               FROM (SELECT t.passenger_id, f.departure_airport AS airport_code FROM dwh.ticket_flights_latest l
                     JOIN dwh.flights_latest f ON f.flight_id = l.flight_id AND f.status <> 'Cancelled'
                     JOIN dwh.tickets_latest t ON t.ticket_no = l.ticket_no
                     UNION ALL
                     SELECT t.passenger_id, f.arrival_airport FROM dwh.ticket_flights_latest l
                     JOIN dwh.flights_latest f ON f.flight_id = l.flight_id AND f.status <> 'Cancelled'
                     JOIN dwh.tickets_latest t ON t.ticket_no = l.ticket_no) e
               GROUP BY passenger_id, airport_code) y WHERE n = 1) h ON h.passenger_id = p.passenger_id
