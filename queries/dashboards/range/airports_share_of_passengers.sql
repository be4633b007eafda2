-- Passengers of each airport in the range, the busiest first.
SELECT airport_code, SUM(passengers_in + passengers_out) AS total_passengers
FROM presentation.airports_traffic
WHERE flight_date >= CAST(:from AS DATE) AND flight_date <= CAST(:to AS DATE)
GROUP BY airport_code
ORDER BY total_passengers DESC, airport_code
