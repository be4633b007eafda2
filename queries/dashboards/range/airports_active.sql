-- Airports with an arrival or a departure from :from to :to, each once: what "active" means.
SELECT COUNT(DISTINCT airport_code) AS active_airports
FROM presentation.airports_traffic
WHERE flight_date >= CAST(:from AS DATE) AND flight_date <= CAST(:to AS DATE)
  AND (flights_in > 0 OR flights_out > 0)
