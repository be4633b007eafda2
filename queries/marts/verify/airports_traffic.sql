-- What airports_traffic has to hold: verify asks this at the source, where {flights} is public.flights, and
-- may ask it of dwh, where it is dwh.flights_latest. Written apart from marts/airports_traffic.sql, so that
-- one mistake is not made twice.
SELECT CAST(e.flight_date AS VARCHAR(10)) AS flight_date, e.airport_code, e.linked_airport_code,
       CAST(SUM(e.flights_in) AS VARCHAR(20)) AS flights_in, CAST(SUM(e.flights_out) AS VARCHAR(20)) AS flights_out,
       CAST(SUM(e.passengers_in) AS VARCHAR(20)) AS passengers_in,
       CAST(SUM(e.passengers_out) AS VARCHAR(20)) AS passengers_out
FROM (
    SELECT CAST(f.actual_departure AT TIME ZONE COALESCE(CAST(a.timezone AS VARCHAR(200)), 'UTC') AS DATE) AS flight_date,
           RTRIM(CAST(f.departure_airport AS VARCHAR(12))) AS airport_code,
           RTRIM(CAST(f.arrival_airport AS VARCHAR(12))) AS linked_airport_code,
           0 AS flights_in, 1 AS flights_out, 0 AS passengers_in, COALESCE(c.passengers, 0) AS passengers_out
    FROM {flights} f
    JOIN {airports} a ON a.airport_code = f.departure_airport
    LEFT JOIN (
        SELECT flight_id, COUNT(DISTINCT ticket_no) AS passengers FROM {ticket_flights} GROUP BY flight_id
    ) c ON c.flight_id = f.flight_id
    WHERE f.actual_departure IS NOT NULL
    UNION ALL
    SELECT CAST(f.actual_arrival AT TIME ZONE COALESCE(CAST(a.timezone AS VARCHAR(200)), 'UTC') AS DATE) AS flight_date,
           RTRIM(CAST(f.arrival_airport AS VARCHAR(12))) AS airport_code,
           RTRIM(CAST(f.departure_airport AS VARCHAR(12))) AS linked_airport_code,
           1 AS flights_in, 0 AS flights_out, COALESCE(c.passengers, 0) AS passengers_in, 0 AS passengers_out
    FROM {flights} f
    JOIN {airports} a ON a.airport_code = f.arrival_airport
    LEFT JOIN (
        SELECT flight_id, COUNT(DISTINCT ticket_no) AS passengers FROM {ticket_flights} GROUP BY flight_id
    ) c ON c.flight_id = f.flight_id
    WHERE f.actual_arrival IS NOT NULL
) e
GROUP BY e.flight_date, e.airport_code, e.linked_airport_code;
