-- The newest snapshot of frequent_flyers, column by column as marts/verify/frequent_flyers.sql writes it.
SELECT passenger_id, passenger_name, CAST(flights_number AS VARCHAR(20)) AS flights_number,
       CAST(purchase_sum AS VARCHAR(40)) AS purchase_sum, RTRIM(home_airport) AS home_airport, customer_group
FROM presentation.frequent_flyers
WHERE created_at = (SELECT MAX(created_at) FROM presentation.frequent_flyers);
