-- Passengers of each day's snapshot.
SELECT CAST(created_at AS DATE) AS flight_date, COUNT(DISTINCT passenger_id) AS unique_passengers
FROM presentation.frequent_flyers
WHERE created_at >= CAST(:from AS DATE) AND created_at < CAST(:to AS DATE) + 1
GROUP BY CAST(created_at AS DATE)
ORDER BY CAST(created_at AS DATE)
