-- What each group of passengers has spent; '5' are the 5 % that spend most.
SELECT customer_group, SUM(purchase_sum) AS group_gmv
FROM presentation.frequent_flyers
WHERE created_at >= CAST(:from AS DATE) AND created_at < CAST(:to AS DATE) + 1
GROUP BY customer_group
ORDER BY CASE customer_group WHEN '5' THEN 1 WHEN '10' THEN 2 WHEN '25' THEN 3 WHEN '50' THEN 4 ELSE 5 END
