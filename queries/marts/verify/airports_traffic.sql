-- What airports_traffic has to hold, from the source's tables (PostgreSQL): verify compares the two.
-- Written apart from marts/airports_traffic.sql, so that one mistake is not made twice.
WITH carried AS (
    SELECT flight_id, count(DISTINCT ticket_no) AS passengers
    FROM public.ticket_flights
    GROUP BY flight_id
), flown AS (
    SELECT f.departure_airport, f.arrival_airport,
           (f.actual_departure AT TIME ZONE coalesce(d.timezone, 'UTC'))::date AS departed_on,
           (f.actual_arrival AT TIME ZONE coalesce(a.timezone, 'UTC'))::date AS arrived_on,
           coalesce(c.passengers, 0) AS passengers
    FROM public.flights f
    JOIN public.airports d ON d.airport_code = f.departure_airport
    JOIN public.airports a ON a.airport_code = f.arrival_airport
    LEFT JOIN carried c ON c.flight_id = f.flight_id
), events AS (
    SELECT departed_on AS flight_date, departure_airport AS airport_code, arrival_airport AS linked_airport_code,
           0 AS flights_in, 1 AS flights_out, 0 AS passengers_in, passengers AS passengers_out
    FROM flown
    WHERE departed_on IS NOT NULL
    UNION ALL
    SELECT arrived_on, arrival_airport, departure_airport, 1, 0, passengers, 0
    FROM flown
    WHERE arrived_on IS NOT NULL
)
SELECT to_char(flight_date, 'YYYY-MM-DD') AS flight_date, rtrim(airport_code::text) AS airport_code,
       rtrim(linked_airport_code::text) AS linked_airport_code,
       sum(flights_in)::text AS flights_in, sum(flights_out)::text AS flights_out,
       sum(passengers_in)::text AS passengers_in, sum(passengers_out)::text AS passengers_out
FROM events
GROUP BY events.flight_date, events.airport_code, events.linked_airport_code;
