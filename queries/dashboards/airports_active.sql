SELECT COUNT(airport_code) AS active_airports
FROM presentation.airports_traffic
WHERE flight_date::DATE >= NOW() - INTERVAL '30 days'
  AND (flights_in > 0 OR flights_out > 0);
