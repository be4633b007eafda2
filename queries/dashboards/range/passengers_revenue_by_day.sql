-- What all passengers together have spent, by each day's snapshot.
SELECT CAST(created_at AS DATE) AS flight_date, SUM(purchase_sum) AS total_gmv
FROM presentation.frequent_flyers
WHERE created_at >= CAST(:from AS DATE) AND created_at < CAST(:to AS DATE) + 1
GROUP BY CAST(created_at AS DATE)
ORDER BY CAST(created_at AS DATE)
