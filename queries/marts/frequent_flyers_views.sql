-- Airports by number, in the order of their codes' bytes whatever the database's collation is.
CREATE OR REPLACE VIEW presentation._frequent_flyers_airports AS
SELECT airports_sk, airport_code,
       ROW_NUMBER() OVER (ORDER BY ASCII(SUBSTR(airport_code, 1, 1)), ASCII(SUBSTR(airport_code, 2, 1)),
                                   ASCII(SUBSTR(airport_code, 3, 1)), airport_code) AS place
FROM dwh.anchor_airports;

-- The views below take the newest version of a value by a number and a maximum. The _latest views
-- say the same with `newest = 1`, which a planner takes for a handful of rows.

-- Flights that are not cancelled, and whether they have departed. A flight that is only referred to has
-- no airports yet and is left out.
CREATE OR REPLACE VIEW presentation._frequent_flyers_flights AS
SELECT a.flight_id, b.place AS departure, e.place AS arrival,
       CASE WHEN d.actual_departure IS NULL THEN 0 ELSE 1 END AS flown
FROM dwh.anchor_flights a
LEFT JOIN (
    SELECT flights_sk
    FROM (
        SELECT t.flights_sk, t.existence,
               ROW_NUMBER() OVER (PARTITION BY t.flights_sk ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.attr_flights_existence t
    ) v
    GROUP BY flights_sk
    HAVING MAX(CASE WHEN newest = 1 AND NOT existence THEN 1 ELSE 0 END) = 1
) gone ON gone.flights_sk = a.flights_sk
LEFT JOIN (
    SELECT flights_sk, MAX(CASE WHEN newest = 1 THEN status END) AS status
    FROM (
        SELECT t.flights_sk, k.flight_status AS status,
               ROW_NUMBER() OVER (PARTITION BY t.flights_sk ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.attr_flights_status t
        LEFT JOIN dwh.knot_flight_status k ON k.flight_status_id = t.flight_status_id
    ) v
    GROUP BY flights_sk
) s ON s.flights_sk = a.flights_sk
LEFT JOIN (
    SELECT flights_sk, MAX(CASE WHEN newest = 1 THEN actual_departure END) AS actual_departure
    FROM (
        SELECT t.flights_sk, t.actual_departure AS actual_departure,
               ROW_NUMBER() OVER (PARTITION BY t.flights_sk ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.attr_flights_actual_departure t
    ) v
    GROUP BY flights_sk
) d ON d.flights_sk = a.flights_sk
JOIN (
    SELECT flights_sk, MAX(CASE WHEN newest = 1 THEN place END) AS place
    FROM (
        SELECT t.flights_sk, p.place AS place,
               ROW_NUMBER() OVER (PARTITION BY t.flights_sk ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.tie_airports_flights_departure t
        LEFT JOIN presentation._frequent_flyers_airports p ON p.airports_sk = t.airports_sk
    ) v
    GROUP BY flights_sk
) b ON b.flights_sk = a.flights_sk
LEFT JOIN (
    SELECT flights_sk, MAX(CASE WHEN newest = 1 THEN place END) AS place
    FROM (
        SELECT t.flights_sk, p.place AS place,
               ROW_NUMBER() OVER (PARTITION BY t.flights_sk ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.tie_airports_flights_arrival t
        LEFT JOIN presentation._frequent_flyers_airports p ON p.airports_sk = t.airports_sk
    ) v
    GROUP BY flights_sk
) e ON e.flights_sk = a.flights_sk
WHERE gone.flights_sk IS NULL AND COALESCE(s.status, '') <> 'Cancelled';

CREATE OR REPLACE VIEW presentation._frequent_flyers_legs AS
SELECT a.ticket_no, a.flight_id, m.amount
FROM dwh.anchor_ticket_flights a
LEFT JOIN (
    SELECT ticket_flights_sk
    FROM (
        SELECT t.ticket_flights_sk, t.existence,
               ROW_NUMBER() OVER (PARTITION BY t.ticket_flights_sk ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.attr_ticket_flights_existence t
    ) v
    GROUP BY ticket_flights_sk
    HAVING MAX(CASE WHEN newest = 1 AND NOT existence THEN 1 ELSE 0 END) = 1
) gone ON gone.ticket_flights_sk = a.ticket_flights_sk
LEFT JOIN (
    SELECT ticket_flights_sk, MAX(CASE WHEN newest = 1 THEN amount END) AS amount
    FROM (
        SELECT t.ticket_flights_sk, t.amount AS amount,
               ROW_NUMBER() OVER (PARTITION BY t.ticket_flights_sk ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.attr_ticket_flights_amount t
    ) v
    GROUP BY ticket_flights_sk
) m ON m.ticket_flights_sk = a.ticket_flights_sk
WHERE gone.ticket_flights_sk IS NULL;

CREATE OR REPLACE VIEW presentation._frequent_flyers_tickets AS
SELECT a.tickets_sk, a.ticket_no, i.passenger_id, n.passenger_name
FROM dwh.anchor_tickets a
LEFT JOIN (
    SELECT tickets_sk
    FROM (
        SELECT t.tickets_sk, t.existence,
               ROW_NUMBER() OVER (PARTITION BY t.tickets_sk ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.attr_tickets_existence t
    ) v
    GROUP BY tickets_sk
    HAVING MAX(CASE WHEN newest = 1 AND NOT existence THEN 1 ELSE 0 END) = 1
) gone ON gone.tickets_sk = a.tickets_sk
JOIN (
    SELECT tickets_sk, MAX(CASE WHEN newest = 1 THEN passenger_id END) AS passenger_id
    FROM (
        SELECT t.tickets_sk, t.passenger_id AS passenger_id,
               ROW_NUMBER() OVER (PARTITION BY t.tickets_sk ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.attr_tickets_passenger_id t
    ) v
    GROUP BY tickets_sk
) i ON i.tickets_sk = a.tickets_sk
LEFT JOIN (
    SELECT tickets_sk, MAX(CASE WHEN newest = 1 THEN passenger_name END) AS passenger_name
    FROM (
        SELECT t.tickets_sk, CAST(t.passenger_name AS VARCHAR(4000)) AS passenger_name,
               ROW_NUMBER() OVER (PARTITION BY t.tickets_sk ORDER BY t._changed_at DESC, t._lsn DESC, t._ordinal DESC) AS newest
        FROM dwh.attr_tickets_passenger_name t
    ) v
    GROUP BY tickets_sk
) n ON n.tickets_sk = a.tickets_sk
WHERE gone.tickets_sk IS NULL AND i.passenger_id IS NOT NULL;
