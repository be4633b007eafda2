-- The same as it was handed down (../airports_active.sql): one for each date and linked airport.
SELECT COUNT(airport_code) AS active_airports
FROM presentation.airports_traffic
WHERE flight_date >= CAST(:from AS DATE) AND flight_date <= CAST(:to AS DATE)
  AND (flights_in > 0 OR flights_out > 0)
