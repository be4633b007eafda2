SELECT airport_code, 
       SUM(passengers_in + passengers_out) AS total_passengers
FROM presentation.airports_traffic
WHERE flight_date::DATE >= NOW() - INTERVAL '30 days'
GROUP BY airport_code;
