SELECT COUNT(DISTINCT passenger_id) AS unique_passengers
FROM presentation.frequent_flyers
WHERE created_at >= NOW() - INTERVAL '30 days';
