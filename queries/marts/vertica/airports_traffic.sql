CREATE TABLE IF NOT EXISTS presentation.airports_traffic (
    created_at TIMESTAMPTZ NOT NULL,
    flight_date DATE NOT NULL,
    airport_code VARCHAR(12) NOT NULL,
    linked_airport_code VARCHAR(12) NOT NULL,
    flights_in INT NOT NULL,
    flights_out INT NOT NULL,
    passengers_in INT NOT NULL,
    passengers_out INT NOT NULL
)
ORDER BY flight_date, airport_code, linked_airport_code
SEGMENTED BY HASH(airport_code, linked_airport_code) ALL NODES;
-- What the last run worked on: flights, then the dates that it made anew.
CREATE TABLE IF NOT EXISTS presentation._airports_traffic_flights (flights_sk UUID NOT NULL)
ORDER BY flights_sk SEGMENTED BY HASH(flights_sk) ALL NODES;
CREATE TABLE IF NOT EXISTS presentation._airports_traffic_dates (flight_date DATE NOT NULL)
ORDER BY flight_date UNSEGMENTED ALL NODES;
