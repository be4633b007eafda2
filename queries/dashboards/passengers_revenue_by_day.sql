SELECT DATE(created_at) AS flight_date, 
       SUM(purchase_sum) AS total_gmv
FROM presentation.frequent_flyers
WHERE created_at >= NOW() - INTERVAL '30 days'
GROUP BY flight_date
ORDER BY flight_date;
