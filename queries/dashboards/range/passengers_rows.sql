-- The rows behind the figures of the passengers: the newest snapshot first, who spends most first.
SELECT created_at, passenger_id, passenger_name, flights_number, purchase_sum, home_airport, customer_group
FROM presentation.frequent_flyers
WHERE created_at >= CAST(:from AS DATE) AND created_at < CAST(:to AS DATE) + 1
ORDER BY created_at DESC, purchase_sum DESC, passenger_id
