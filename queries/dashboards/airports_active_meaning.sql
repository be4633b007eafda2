-- What "active airports" means: airports with an arrival or a departure in the last 30 days, each
-- once. airports_active.sql, as it was handed down, counts one for each date and linked airport.
SELECT COUNT(DISTINCT airport_code) AS active_airports
FROM presentation.airports_traffic
WHERE flight_date::DATE >= NOW() - INTERVAL '30 days'
  AND (flights_in > 0 OR flights_out > 0);
