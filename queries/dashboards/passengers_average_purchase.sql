SELECT AVG(purchase_sum) AS avg_ticket_price
FROM presentation.frequent_flyers
WHERE created_at >= NOW() - INTERVAL '30 days';
