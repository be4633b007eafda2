-- The flights of _airports_traffic_flights as they were when the mart last ran (side `before`) and
-- as they are (`now`): each table is read up to the mark that the mart keeps of it.
CREATE OR REPLACE VIEW presentation._airports_traffic_sides AS
SELECT source, 'before' AS side, seen AS upto FROM presentation._airports_traffic_seen
UNION ALL
SELECT source, 'now' AS side, seen_next AS upto FROM presentation._airports_traffic_seen;

-- One row a flight and side. What is known of a flight is gathered as rows, the newest of each kind
-- taken, and laid side by side: one pass, where a join a table would be as many.
CREATE OR REPLACE VIEW presentation._airports_traffic_legs AS
SELECT side, flights_sk,
       MAX(CASE WHEN what = 'departed' THEN moment END) AS actual_departure,
       MAX(CASE WHEN what = 'arrived' THEN moment END) AS actual_arrival,
       MAX(CASE WHEN what = 'from' THEN airport_code END) AS departure_airport,
       MAX(CASE WHEN what = 'to' THEN airport_code END) AS arrival_airport,
       COALESCE(MAX(CASE WHEN what = 'sold' THEN number END), 0) AS passengers
FROM (
    SELECT side, flights_sk, what, moment, airport_code, number
    FROM (
        SELECT s.side, u.flights_sk, u.what, u.moment, a.airport_code, u.number,
               ROW_NUMBER() OVER (PARTITION BY s.side, u.flights_sk, u.what
                                  ORDER BY u._changed_at DESC, u._lsn DESC, u._ordinal DESC) AS newest
        FROM (
            SELECT f.flights_sk, 'known' AS what, 'dwh.anchor_flights' AS source,
                   CAST(NULL AS TIMESTAMPTZ) AS moment, CAST(NULL AS UUID) AS airports_sk,
                   CASE WHEN t._reference THEN 0 ELSE 1 END AS number,
                   t._changed_at, t._lsn, t._ordinal, t._created_at
            FROM presentation._airports_traffic_flights f
            JOIN dwh.anchor_flights t ON t.flights_sk = f.flights_sk
            UNION ALL
            SELECT f.flights_sk, 'exists' AS what, 'dwh.attr_flights_existence' AS source,
                   CAST(NULL AS TIMESTAMPTZ) AS moment, CAST(NULL AS UUID) AS airports_sk,
                   CASE WHEN t.existence THEN 1 ELSE 0 END AS number,
                   t._changed_at, t._lsn, t._ordinal, t._created_at
            FROM presentation._airports_traffic_flights f
            JOIN dwh.attr_flights_existence t ON t.flights_sk = f.flights_sk
            UNION ALL
            SELECT f.flights_sk, 'departed' AS what, 'dwh.attr_flights_actual_departure' AS source,
                   t.actual_departure AS moment, CAST(NULL AS UUID) AS airports_sk, CAST(NULL AS INT) AS number,
                   t._changed_at, t._lsn, t._ordinal, t._created_at
            FROM presentation._airports_traffic_flights f
            JOIN dwh.attr_flights_actual_departure t ON t.flights_sk = f.flights_sk
            UNION ALL
            SELECT f.flights_sk, 'arrived' AS what, 'dwh.attr_flights_actual_arrival' AS source,
                   t.actual_arrival AS moment, CAST(NULL AS UUID) AS airports_sk, CAST(NULL AS INT) AS number,
                   t._changed_at, t._lsn, t._ordinal, t._created_at
            FROM presentation._airports_traffic_flights f
            JOIN dwh.attr_flights_actual_arrival t ON t.flights_sk = f.flights_sk
            UNION ALL
            SELECT f.flights_sk, 'from' AS what, 'dwh.tie_airports_flights_departure' AS source,
                   CAST(NULL AS TIMESTAMPTZ) AS moment, t.airports_sk, CAST(NULL AS INT) AS number,
                   t._changed_at, t._lsn, t._ordinal, t._created_at
            FROM presentation._airports_traffic_flights f
            JOIN dwh.tie_airports_flights_departure t ON t.flights_sk = f.flights_sk
            UNION ALL
            SELECT f.flights_sk, 'to' AS what, 'dwh.tie_airports_flights_arrival' AS source,
                   CAST(NULL AS TIMESTAMPTZ) AS moment, t.airports_sk, CAST(NULL AS INT) AS number,
                   t._changed_at, t._lsn, t._ordinal, t._created_at
            FROM presentation._airports_traffic_flights f
            JOIN dwh.tie_airports_flights_arrival t ON t.flights_sk = f.flights_sk
        ) u
        JOIN presentation._airports_traffic_sides s ON s.source = u.source AND u._created_at <= s.upto
        LEFT JOIN dwh.anchor_airports a ON a.airports_sk = u.airports_sk
    ) v
    WHERE newest = 1
    UNION ALL
    -- A ticket's leg belongs to one flight for good; one that is gone has an existence that says so.
    SELECT s.side, t.flights_sk, 'sold' AS what, CAST(NULL AS TIMESTAMPTZ) AS moment,
           CAST(NULL AS VARCHAR(3)) AS airport_code, COUNT(DISTINCT t.ticket_flights_sk) AS number
    FROM presentation._airports_traffic_flights f
    JOIN dwh.tie_flights_ticket_flights t ON t.flights_sk = f.flights_sk
    JOIN presentation._airports_traffic_sides s
      ON s.source = 'dwh.tie_flights_ticket_flights' AND t._created_at <= s.upto
    LEFT JOIN (
        SELECT side, ticket_flights_sk, MAX(CASE WHEN newest = 1 AND NOT existence THEN 1 ELSE 0 END) AS gone
        FROM (
            SELECT s.side, e.ticket_flights_sk, e.existence,
                   ROW_NUMBER() OVER (PARTITION BY s.side, e.ticket_flights_sk
                                      ORDER BY e._changed_at DESC, e._lsn DESC, e._ordinal DESC) AS newest
            FROM dwh.attr_ticket_flights_existence e
            JOIN presentation._airports_traffic_sides s
              ON s.source = 'dwh.attr_ticket_flights_existence' AND e._created_at <= s.upto
        ) v
        GROUP BY side, ticket_flights_sk
    ) x ON x.side = s.side AND x.ticket_flights_sk = t.ticket_flights_sk
    WHERE COALESCE(x.gone, 0) = 0
    GROUP BY s.side, t.flights_sk
) w
GROUP BY side, flights_sk
HAVING COALESCE(MAX(CASE WHEN what = 'exists' THEN number END), MAX(CASE WHEN what = 'known' THEN number END)) = 1;

-- Departures and arrivals, each on the local date of the airport where it happens.
CREATE OR REPLACE VIEW presentation._airports_traffic_events AS
SELECT e.side, e.flights_sk, e.kind, e.passengers, e.airport_code, e.linked_airport_code,
       CAST(e.happened_at AT TIME ZONE COALESCE(z.timezone, 'UTC') AS DATE) AS flight_date
FROM (
    SELECT l.side, l.flights_sk, k.kind, l.passengers,
           CASE WHEN k.kind = 'out' THEN l.departure_airport ELSE l.arrival_airport END AS airport_code,
           CASE WHEN k.kind = 'out' THEN l.arrival_airport ELSE l.departure_airport END AS linked_airport_code,
           CASE WHEN k.kind = 'out' THEN l.actual_departure ELSE l.actual_arrival END AS happened_at
    FROM presentation._airports_traffic_legs l
    CROSS JOIN (SELECT 'in' AS kind UNION ALL SELECT 'out' AS kind) k
    WHERE l.departure_airport IS NOT NULL AND l.arrival_airport IS NOT NULL
) e
LEFT JOIN (
    SELECT side, airport_code, MAX(CASE WHEN newest = 1 THEN timezone END) AS timezone
    FROM (
        SELECT s.side, a.airport_code, CAST(t.timezone AS VARCHAR(200)) AS timezone,
               ROW_NUMBER() OVER (PARTITION BY s.side, a.airport_code
                                  ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.anchor_airports a
        JOIN dwh.attr_airports_timezone t ON t.airports_sk = a.airports_sk
        JOIN presentation._airports_traffic_sides s
          ON s.source = 'dwh.attr_airports_timezone' AND t._created_at <= s.upto
    ) v
    GROUP BY side, airport_code
) z ON z.side = e.side AND z.airport_code = e.airport_code
WHERE e.happened_at IS NOT NULL;
