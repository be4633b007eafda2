-- Flight $1 (locked) is announced late, or on time again, or gets a later hour.
WITH draw AS MATERIALIZED (
    SELECT random() < 0.4 AS later, 5 * (1 + floor(random() * 6)) * interval '1 minute' AS by
), changed AS (
    UPDATE flights f
    SET status = CASE WHEN f.status = 'On Time' THEN 'Delayed'
                      WHEN f.status = 'Delayed' AND NOT later THEN 'On Time'
                      ELSE f.status END,
        scheduled_departure = f.scheduled_departure + CASE WHEN later OR f.status = 'Scheduled' THEN by ELSE interval '0' END,
        scheduled_arrival = f.scheduled_arrival + CASE WHEN later OR f.status = 'Scheduled' THEN by ELSE interval '0' END
    FROM draw
    WHERE f.flight_id = $1::int
    RETURNING 1
)
SELECT count(*) FROM changed
