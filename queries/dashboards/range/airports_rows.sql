-- The rows behind the figures of the airports, the newest first.
SELECT flight_date, airport_code, linked_airport_code, flights_in, flights_out, passengers_in, passengers_out
FROM presentation.airports_traffic
WHERE flight_date >= CAST(:from AS DATE) AND flight_date <= CAST(:to AS DATE)
ORDER BY flight_date DESC, airport_code, linked_airport_code
