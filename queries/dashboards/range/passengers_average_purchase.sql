-- What a passenger has spent, on the average of the range's snapshots.
SELECT AVG(purchase_sum) AS avg_ticket_price
FROM presentation.frequent_flyers
WHERE created_at >= CAST(:from AS DATE) AND created_at < CAST(:to AS DATE) + 1
