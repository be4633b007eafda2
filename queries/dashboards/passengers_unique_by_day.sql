SELECT DATE(created_at) AS flight_date, 
       COUNT(DISTINCT passenger_id) AS unique_passengers
FROM presentation.frequent_flyers
WHERE created_at >= NOW() - INTERVAL '30 days'
GROUP BY flight_date
ORDER BY flight_date;
