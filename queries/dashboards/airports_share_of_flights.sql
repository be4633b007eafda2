SELECT airport_code, 
       SUM(flights_in + flights_out) AS total_flights
FROM presentation.airports_traffic
WHERE flight_date::DATE >= NOW() - INTERVAL '30 days'
GROUP BY airport_code;
