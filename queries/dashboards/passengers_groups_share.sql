SELECT customer_group, 
       SUM(purchase_sum) AS group_gmv
FROM presentation.frequent_flyers
WHERE created_at >= NOW() - INTERVAL '30 days'
GROUP BY customer_group;
