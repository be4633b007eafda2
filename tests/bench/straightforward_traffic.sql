INSERT INTO straightforward.airports_traffic
SELECT now(), e.flight_date, e.airport_code, e.linked, SUM(e.fin), SUM(e.fout), SUM(e.fin * COALESCE(s.n, 0)), SUM(e.fout * COALESCE(s.n, 0))
FROM (SELECT f.flight_id, CAST(f.actual_departure AT TIME ZONE a.timezone AS DATE) AS flight_date, f.departure_airport AS airport_code, f.arrival_airport AS linked, 0 AS fin, 1 AS fout
      FROM dwh.flights_latest f JOIN dwh.airports_latest a ON a.airport_code = f.departure_airport WHERE f.actual_departure IS NOT NULL
      UNION ALL
      SELECT f.flight_id, CAST(f.actual_arrival AT TIME ZONE a.timezone AS DATE), f.arrival_airport, f.departure_airport, 1, 0
      FROM dwh.flights_latest f JOIN dwh.airports_latest a ON a.airport_code = f.arrival_airport WHERE f.actual_arrival IS NOT NULL) e
LEFT JOIN (SELECT flight_id, COUNT(DISTINCT ticket_no) AS n FROM dwh.ticket_flights_latest GROUP BY flight_id) s ON s.flight_id = e.flight_id
WHERE e.flight_date = CAST(? AS DATE) GROUP BY e.flight_date, e.airport_code, e.linked
