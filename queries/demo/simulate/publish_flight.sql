-- An extra flight on a route that is flown, within the next hours: so there are always seats to
-- sell, however fast the play goes.
WITH probe AS MATERIALIZED (
    SELECT floor(1 + random() * (SELECT max(flight_id) FROM flights))::int AS flight_id,
           date_bin('5 minutes', now(), '2020-01-01') + interval '25 minutes'
               + floor(random() * random() * 240) * interval '5 minutes' AS at
), like_this AS MATERIALIZED (
    SELECT f.*, at
    FROM probe, LATERAL (SELECT * FROM flights f WHERE f.flight_id >= probe.flight_id ORDER BY f.flight_id LIMIT 1) f
), published AS (
    INSERT INTO flights (flight_no, scheduled_departure, scheduled_arrival, departure_airport, arrival_airport,
                         status, aircraft_code)
    SELECT flight_no, at, at + (scheduled_arrival - scheduled_departure), departure_airport, arrival_airport,
           CASE WHEN at < now() + interval '4 hours' THEN 'On Time' ELSE 'Scheduled' END, aircraft_code
    FROM like_this
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*) FROM published
