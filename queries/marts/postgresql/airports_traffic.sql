CREATE TABLE IF NOT EXISTS presentation.airports_traffic (
    created_at TIMESTAMPTZ NOT NULL,
    flight_date DATE NOT NULL,
    airport_code VARCHAR(3) NOT NULL,
    linked_airport_code VARCHAR(3) NOT NULL,
    flights_in INT NOT NULL,
    flights_out INT NOT NULL,
    passengers_in INT NOT NULL,
    passengers_out INT NOT NULL
);
CREATE INDEX IF NOT EXISTS airports_traffic_by ON presentation.airports_traffic (flight_date);
-- What the last run worked on: flights, then the dates that it made anew.
CREATE TABLE IF NOT EXISTS presentation._airports_traffic_flights (flights_sk UUID NOT NULL);
CREATE TABLE IF NOT EXISTS presentation._airports_traffic_dates (flight_date DATE NOT NULL);
-- New links, and the links of a flight, without reading all of them.
CREATE INDEX IF NOT EXISTS _airports_traffic_new ON dwh.tie_flights_ticket_flights (_created_at);
CREATE INDEX IF NOT EXISTS _airports_traffic_sold ON dwh.tie_flights_ticket_flights (flights_sk);
