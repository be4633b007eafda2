-- What airports_traffic holds, column by column as marts/verify/airports_traffic.sql writes it.
SELECT CAST(flight_date AS VARCHAR(10)) AS flight_date, RTRIM(airport_code) AS airport_code,
       RTRIM(linked_airport_code) AS linked_airport_code,
       CAST(flights_in AS VARCHAR(20)) AS flights_in, CAST(flights_out AS VARCHAR(20)) AS flights_out,
       CAST(passengers_in AS VARCHAR(20)) AS passengers_in, CAST(passengers_out AS VARCHAR(20)) AS passengers_out
FROM presentation.airports_traffic;
