SELECT AVG(flights_number) AS avg_flights_per_passenger
FROM presentation.frequent_flyers
WHERE created_at >= NOW() - INTERVAL '30 days';
