-- presentation.frequent_flyers: each passenger with flights, money spent, home airport and group.
-- A snapshot replaces the rows of its own day (UTC) alone, so that days add up to a series; days
-- older than keep_days go. A leg counts when its flight is not cancelled; with flown_only it must
-- have departed as well.

DELETE FROM presentation.frequent_flyers
WHERE (created_at >= CAST(CAST(CAST(:created_at AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS DATE) AS TIMESTAMPTZ)
       AND created_at < CAST(CAST(CAST(:created_at AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS DATE) + 1 AS TIMESTAMPTZ))
   OR created_at < CAST(CAST(CAST(:created_at AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS DATE) AS TIMESTAMPTZ)
                   - CAST(CAST(:keep_days AS VARCHAR(10)) || ' days' AS INTERVAL);

-- Tickets are needed three times below: once for their legs, twice for names.
DELETE FROM presentation._frequent_flyers_named;

INSERT INTO presentation._frequent_flyers_named (tickets_sk, ticket_no, passenger_id, passenger_name)
SELECT tickets_sk, ticket_no, passenger_id, passenger_name FROM presentation._frequent_flyers_tickets;

-- A passenger's name: of one with several it is looked for below, by his newest booking.
DELETE FROM presentation._frequent_flyers_names;

INSERT INTO presentation._frequent_flyers_names (passenger_id, passenger_name, several)
SELECT passenger_id, MIN(passenger_name),
       CASE WHEN MIN(passenger_name) <> MAX(passenger_name) OR COUNT(passenger_name) < COUNT(*) THEN 1 ELSE 0 END
FROM presentation._frequent_flyers_named
GROUP BY passenger_id;

DELETE FROM presentation._frequent_flyers_renamed;

INSERT INTO presentation._frequent_flyers_renamed (tickets_sk, ticket_no, passenger_id, passenger_name)
SELECT t.tickets_sk, t.ticket_no, t.passenger_id, t.passenger_name
FROM presentation._frequent_flyers_named t
JOIN presentation._frequent_flyers_names n ON n.passenger_id = t.passenger_id AND n.several = 1;

-- From the inside out: legs with money and airports; each taken for its first and for its second
-- airport, by passenger and airport; by passenger. Names are left out of it: texts are dear to
-- compare and to carry. The home airport is the greatest of visits * 1000000 + 999999 - the
-- airport's place in the alphabet.
INSERT INTO presentation.frequent_flyers
    (created_at, passenger_id, passenger_name, flights_number, purchase_sum, home_airport, customer_group)
SELECT CAST(:created_at AS TIMESTAMPTZ), r.passenger_id,
       CASE WHEN names.several = 0 THEN names.passenger_name ELSE renamed.passenger_name END,
       r.flights_number, r.purchase_sum, home.airport_code,
       CASE WHEN r.place <= 0.05 THEN '5' WHEN r.place <= 0.10 THEN '10'
            WHEN r.place <= 0.25 THEN '25' WHEN r.place <= 0.50 THEN '50' ELSE '50+' END
FROM (
    SELECT passenger_id, SUM(legs) AS flights_number, SUM(amount) AS purchase_sum,
           999999 - MOD(MAX(visits * 1000000 + 999999 - airport), 1000000) AS home,
           PERCENT_RANK() OVER (ORDER BY SUM(amount) DESC) AS place
    FROM (
        SELECT t.passenger_id, CASE WHEN side.n = 1 THEN l.departure ELSE l.arrival END AS airport,
               SUM(COALESCE(l.counts, 0)) AS visits,
               SUM(CASE WHEN side.n = 1 THEN COALESCE(l.counts, 0) ELSE 0 END) AS legs,
               SUM(CASE WHEN side.n = 1 THEN COALESCE(l.amount, 0) ELSE 0 END) AS amount
        FROM presentation._frequent_flyers_named t
        LEFT JOIN (
            -- A leg that does not count keeps its place: filtered out, it would mislead the planner.
            SELECT ticket_no, counts, CASE WHEN counts = 1 THEN departure END AS departure,
                   CASE WHEN counts = 1 THEN arrival END AS arrival, CASE WHEN counts = 1 THEN amount END AS amount
            FROM (
                SELECT k.ticket_no, f.departure, f.arrival, k.amount,
                       CASE WHEN f.flown = 1 OR NOT CAST(:flown_only AS BOOLEAN) THEN 1 ELSE 0 END AS counts
                FROM presentation._frequent_flyers_legs k
                JOIN presentation._frequent_flyers_flights f ON f.flight_id = k.flight_id
            ) c
        ) l ON l.ticket_no = t.ticket_no
        CROSS JOIN (SELECT 1 AS n UNION ALL SELECT 2 AS n) side
        GROUP BY t.passenger_id, CASE WHEN side.n = 1 THEN l.departure ELSE l.arrival END
    ) v
    GROUP BY passenger_id
) r
JOIN presentation._frequent_flyers_names names ON names.passenger_id = r.passenger_id
LEFT JOIN presentation._frequent_flyers_airports home ON home.place = r.home
LEFT JOIN (
    -- Of a passenger with several names: the one of the newest booking, then of the highest ticket.
    SELECT passenger_id, MAX(CASE WHEN newest = 1 THEN passenger_name END) AS passenger_name
    FROM (
        SELECT passenger_id, passenger_name,
               ROW_NUMBER() OVER (PARTITION BY passenger_id
                                  ORDER BY version, CASE WHEN book_date IS NULL THEN 1 ELSE 0 END, book_date DESC,
                                           ticket_no DESC) AS newest
        FROM (
            -- version 1: the ticket's newest booking, and that one's newest date
            SELECT t.passenger_id, t.passenger_name, t.ticket_no, d.book_date,
                   ROW_NUMBER() OVER (PARTITION BY t.tickets_sk
                                      ORDER BY o._changed_at DESC, o._lsn DESC, o._ordinal DESC,
                                               d._changed_at DESC, d._lsn DESC, d._ordinal DESC) AS version
            FROM presentation._frequent_flyers_renamed t
            LEFT JOIN dwh.tie_bookings_tickets o ON o.tickets_sk = t.tickets_sk
            LEFT JOIN dwh.attr_bookings_book_date d ON d.bookings_sk = o.bookings_sk
        ) x
    ) v
    GROUP BY passenger_id
) renamed ON renamed.passenger_id = r.passenger_id;
