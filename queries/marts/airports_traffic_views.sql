-- The flights of _airports_traffic_flights as they were when the mart last ran (side `before`) and
-- as they are (`now`): each table is read up to the mark that the mart keeps of it.
CREATE OR REPLACE VIEW presentation._airports_traffic_sides AS
SELECT source, 'before' AS side, seen AS upto FROM presentation._airports_traffic_seen
UNION ALL
SELECT source, 'now' AS side, seen_next AS upto FROM presentation._airports_traffic_seen;

CREATE OR REPLACE VIEW presentation._airports_traffic_legs AS
SELECT f.flights_sk, s.side, departed.actual_departure, arrived.actual_arrival,
       start.airports_sk AS departure_sk, finish.airports_sk AS arrival_sk,
       COALESCE(sold.passengers, 0) AS passengers
FROM presentation._airports_traffic_flights f
JOIN dwh.anchor_flights a ON a.flights_sk = f.flights_sk
CROSS JOIN (SELECT side FROM presentation._airports_traffic_sides WHERE source = '') s
JOIN (
    SELECT side, flights_sk, airports_sk FROM (
        SELECT s.side, t.flights_sk, t.airports_sk,
               ROW_NUMBER() OVER (PARTITION BY s.side, t.flights_sk
                                  ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM presentation._airports_traffic_flights f
        JOIN dwh.tie_airports_flights_departure t ON t.flights_sk = f.flights_sk
        JOIN presentation._airports_traffic_sides s
          ON s.source = 'dwh.tie_airports_flights_departure' AND t._created_at <= s.upto
    ) v WHERE newest = 1
) start ON start.side = s.side AND start.flights_sk = f.flights_sk
JOIN (
    SELECT side, flights_sk, airports_sk FROM (
        SELECT s.side, t.flights_sk, t.airports_sk,
               ROW_NUMBER() OVER (PARTITION BY s.side, t.flights_sk
                                  ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM presentation._airports_traffic_flights f
        JOIN dwh.tie_airports_flights_arrival t ON t.flights_sk = f.flights_sk
        JOIN presentation._airports_traffic_sides s
          ON s.source = 'dwh.tie_airports_flights_arrival' AND t._created_at <= s.upto
    ) v WHERE newest = 1
) finish ON finish.side = s.side AND finish.flights_sk = f.flights_sk
LEFT JOIN (
    SELECT side, flights_sk, existence FROM (
        SELECT s.side, t.flights_sk, t.existence,
               ROW_NUMBER() OVER (PARTITION BY s.side, t.flights_sk
                                  ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM presentation._airports_traffic_flights f
        JOIN dwh.attr_flights_existence t ON t.flights_sk = f.flights_sk
        JOIN presentation._airports_traffic_sides s
          ON s.source = 'dwh.attr_flights_existence' AND t._created_at <= s.upto
    ) v WHERE newest = 1
) present ON present.side = s.side AND present.flights_sk = f.flights_sk
LEFT JOIN (
    SELECT side, flights_sk, actual_departure FROM (
        SELECT s.side, t.flights_sk, t.actual_departure,
               ROW_NUMBER() OVER (PARTITION BY s.side, t.flights_sk
                                  ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM presentation._airports_traffic_flights f
        JOIN dwh.attr_flights_actual_departure t ON t.flights_sk = f.flights_sk
        JOIN presentation._airports_traffic_sides s
          ON s.source = 'dwh.attr_flights_actual_departure' AND t._created_at <= s.upto
    ) v WHERE newest = 1
) departed ON departed.side = s.side AND departed.flights_sk = f.flights_sk
LEFT JOIN (
    SELECT side, flights_sk, actual_arrival FROM (
        SELECT s.side, t.flights_sk, t.actual_arrival,
               ROW_NUMBER() OVER (PARTITION BY s.side, t.flights_sk
                                  ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM presentation._airports_traffic_flights f
        JOIN dwh.attr_flights_actual_arrival t ON t.flights_sk = f.flights_sk
        JOIN presentation._airports_traffic_sides s
          ON s.source = 'dwh.attr_flights_actual_arrival' AND t._created_at <= s.upto
    ) v WHERE newest = 1
) arrived ON arrived.side = s.side AND arrived.flights_sk = f.flights_sk
LEFT JOIN (
    -- A ticket's link is found by its flight, then all of its history: its end names no flight.
    SELECT side, flights_sk, COUNT(*) AS passengers FROM (
        SELECT s.side, t.flights_sk,
               ROW_NUMBER() OVER (PARTITION BY s.side, t.ticket_flights_sk
                                  ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM (
            SELECT DISTINCT x.ticket_flights_sk
            FROM presentation._airports_traffic_flights f
            JOIN dwh.tie_flights_ticket_flights x ON x.flights_sk = f.flights_sk
        ) mine
        JOIN dwh.tie_flights_ticket_flights t ON t.ticket_flights_sk = mine.ticket_flights_sk
        JOIN presentation._airports_traffic_sides s
          ON s.source = 'dwh.tie_flights_ticket_flights' AND t._created_at <= s.upto
    ) v WHERE newest = 1 AND flights_sk IS NOT NULL
    GROUP BY side, flights_sk
) sold ON sold.side = s.side AND sold.flights_sk = f.flights_sk
WHERE COALESCE(present.existence, NOT a._reference);

-- Departures and arrivals, each on the local date of the airport where it happens.
CREATE OR REPLACE VIEW presentation._airports_traffic_events AS
SELECT e.side, e.flights_sk, e.kind, e.passengers, here.airport_code, there.airport_code AS linked_airport_code,
       CAST(e.happened_at AT TIME ZONE COALESCE(z.timezone, 'UTC') AS DATE) AS flight_date
FROM (
    SELECT side, flights_sk, 'out' AS kind, actual_departure AS happened_at,
           departure_sk AS here_sk, arrival_sk AS there_sk, passengers
    FROM presentation._airports_traffic_legs WHERE actual_departure IS NOT NULL
    UNION ALL
    SELECT side, flights_sk, 'in' AS kind, actual_arrival AS happened_at,
           arrival_sk AS here_sk, departure_sk AS there_sk, passengers
    FROM presentation._airports_traffic_legs WHERE actual_arrival IS NOT NULL
) e
JOIN dwh.anchor_airports here ON here.airports_sk = e.here_sk
JOIN dwh.anchor_airports there ON there.airports_sk = e.there_sk
LEFT JOIN (
    SELECT side, airports_sk, timezone FROM (
        SELECT s.side, t.airports_sk, CAST(t.timezone AS VARCHAR(200)) AS timezone,
               ROW_NUMBER() OVER (PARTITION BY s.side, t.airports_sk
                                  ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.attr_airports_timezone t
        JOIN presentation._airports_traffic_sides s
          ON s.source = 'dwh.attr_airports_timezone' AND t._created_at <= s.upto
    ) v WHERE newest = 1
) z ON z.side = e.side AND z.airports_sk = e.here_sk;
