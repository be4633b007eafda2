-- presentation.airports_traffic: flights and passengers of each pair of airports by local date.
-- The business date is made anew, and each date that a change since the last run touched: a flight
-- is looked at as that run saw it and as it is, and where the two differ both dates are made again.
-- The marks in _airports_traffic_seen are kept by the program (docs/marts.md).

DELETE FROM presentation._airports_traffic_flights;

-- Flights with something new since the last run. Before the first run there is no mark, so none.
INSERT INTO presentation._airports_traffic_flights (flights_sk)
SELECT t.flights_sk FROM dwh.attr_flights_existence t
JOIN presentation._airports_traffic_seen m ON m.source = 'dwh.attr_flights_existence' AND t._created_at > m.seen
UNION
SELECT t.flights_sk FROM dwh.attr_flights_actual_departure t
JOIN presentation._airports_traffic_seen m ON m.source = 'dwh.attr_flights_actual_departure' AND t._created_at > m.seen
UNION
SELECT t.flights_sk FROM dwh.attr_flights_actual_arrival t
JOIN presentation._airports_traffic_seen m ON m.source = 'dwh.attr_flights_actual_arrival' AND t._created_at > m.seen
UNION
SELECT t.flights_sk FROM dwh.tie_airports_flights_departure t
JOIN presentation._airports_traffic_seen m ON m.source = 'dwh.tie_airports_flights_departure' AND t._created_at > m.seen
UNION
SELECT t.flights_sk FROM dwh.tie_airports_flights_arrival t
JOIN presentation._airports_traffic_seen m ON m.source = 'dwh.tie_airports_flights_arrival' AND t._created_at > m.seen
UNION
-- A ticket more or less.
SELECT t.flights_sk FROM dwh.tie_flights_ticket_flights t
JOIN presentation._airports_traffic_seen m ON m.source = 'dwh.tie_flights_ticket_flights' AND t._created_at > m.seen
WHERE t.flights_sk IS NOT NULL
UNION
SELECT t.flights_sk FROM dwh.attr_ticket_flights_existence e
JOIN presentation._airports_traffic_seen m ON m.source = 'dwh.attr_ticket_flights_existence' AND e._created_at > m.seen
JOIN dwh.tie_flights_ticket_flights t ON t.ticket_flights_sk = e.ticket_flights_sk
WHERE t.flights_sk IS NOT NULL
UNION
-- An airport whose time zone came or was corrected.
SELECT f.flights_sk FROM dwh.attr_airports_timezone t
JOIN presentation._airports_traffic_seen m ON m.source = 'dwh.attr_airports_timezone' AND t._created_at > m.seen
JOIN dwh.tie_airports_flights_departure f ON f.airports_sk = t.airports_sk
UNION
SELECT f.flights_sk FROM dwh.attr_airports_timezone t
JOIN presentation._airports_traffic_seen m ON m.source = 'dwh.attr_airports_timezone' AND t._created_at > m.seen
JOIN dwh.tie_airports_flights_arrival f ON f.airports_sk = t.airports_sk;

DELETE FROM presentation._airports_traffic_dates;

-- An event that both sides have stands there twice. Dates after the newest one that was asked for
-- are not over yet: their own run makes them.
INSERT INTO presentation._airports_traffic_dates (flight_date)
SELECT CAST(:business_date AS DATE)
UNION
SELECT changed.flight_date
FROM (
    SELECT flight_date FROM presentation._airports_traffic_events
    GROUP BY flights_sk, kind, flight_date, airport_code, linked_airport_code, passengers
    HAVING COUNT(*) = 1
) changed
WHERE changed.flight_date <= (
    SELECT COALESCE(MAX(flight_date), CAST(:business_date AS DATE)) FROM presentation.airports_traffic
) OR changed.flight_date <= CAST(:business_date AS DATE);

-- All flights that may have an event on one of these dates: local dates are within a day of UTC's.
DELETE FROM presentation._airports_traffic_flights;

INSERT INTO presentation._airports_traffic_flights (flights_sk)
SELECT t.flights_sk FROM dwh.attr_flights_actual_departure t
JOIN (
    SELECT flight_date - 1 AS utc_date FROM presentation._airports_traffic_dates
    UNION SELECT flight_date FROM presentation._airports_traffic_dates
    UNION SELECT flight_date + 1 FROM presentation._airports_traffic_dates
) near ON near.utc_date = CAST(t.actual_departure AT TIME ZONE 'UTC' AS DATE)
UNION
SELECT t.flights_sk FROM dwh.attr_flights_actual_arrival t
JOIN (
    SELECT flight_date - 1 AS utc_date FROM presentation._airports_traffic_dates
    UNION SELECT flight_date FROM presentation._airports_traffic_dates
    UNION SELECT flight_date + 1 FROM presentation._airports_traffic_dates
) near ON near.utc_date = CAST(t.actual_arrival AT TIME ZONE 'UTC' AS DATE);

DELETE FROM presentation.airports_traffic
WHERE flight_date IN (SELECT flight_date FROM presentation._airports_traffic_dates);

INSERT INTO presentation.airports_traffic
    (created_at, flight_date, airport_code, linked_airport_code, flights_in, flights_out, passengers_in, passengers_out)
SELECT CAST(:created_at AS TIMESTAMPTZ), e.flight_date, e.airport_code, e.linked_airport_code,
       SUM(CASE WHEN e.kind = 'in' THEN 1 ELSE 0 END),
       SUM(CASE WHEN e.kind = 'out' THEN 1 ELSE 0 END),
       SUM(CASE WHEN e.kind = 'in' THEN e.passengers ELSE 0 END),
       SUM(CASE WHEN e.kind = 'out' THEN e.passengers ELSE 0 END)
FROM presentation._airports_traffic_events e
JOIN presentation._airports_traffic_dates d ON d.flight_date = e.flight_date
WHERE e.side = 'now'
GROUP BY e.flight_date, e.airport_code, e.linked_airport_code;
