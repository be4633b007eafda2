-- Flights of a passenger, on the average of the range's snapshots.
SELECT AVG(flights_number) AS avg_flights_per_passenger
FROM presentation.frequent_flyers
WHERE created_at >= CAST(:from AS DATE) AND created_at < CAST(:to AS DATE) + 1
