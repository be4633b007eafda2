-- Airports with an arrival or a departure on each date of the range.
SELECT flight_date, COUNT(DISTINCT airport_code) AS active_airports
FROM presentation.airports_traffic
WHERE flight_date >= CAST(:from AS DATE) AND flight_date <= CAST(:to AS DATE)
  AND (flights_in > 0 OR flights_out > 0)
GROUP BY flight_date
ORDER BY flight_date
