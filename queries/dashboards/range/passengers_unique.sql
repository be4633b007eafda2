-- Passengers of the snapshots from :from to :to (dates of UTC), each once.
SELECT COUNT(DISTINCT passenger_id) AS unique_passengers
FROM presentation.frequent_flyers
WHERE created_at >= CAST(:from AS DATE) AND created_at < CAST(:to AS DATE) + 1
