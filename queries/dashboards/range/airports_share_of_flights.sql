-- Flights of each airport in the range, the busiest first.
SELECT airport_code, SUM(flights_in + flights_out) AS total_flights
FROM presentation.airports_traffic
WHERE flight_date >= CAST(:from AS DATE) AND flight_date <= CAST(:to AS DATE)
GROUP BY airport_code
ORDER BY total_flights DESC, airport_code
