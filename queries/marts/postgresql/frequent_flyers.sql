CREATE TABLE IF NOT EXISTS presentation.frequent_flyers (
    created_at TIMESTAMPTZ NOT NULL,
    passenger_id TEXT NOT NULL,
    passenger_name TEXT,
    flights_number INT NOT NULL,
    purchase_sum NUMERIC(18,2) NOT NULL,
    home_airport VARCHAR(3),
    customer_group VARCHAR(3) NOT NULL
);
CREATE INDEX IF NOT EXISTS frequent_flyers_by ON presentation.frequent_flyers (created_at);
-- What a run works on; nothing is lost with them.
CREATE UNLOGGED TABLE IF NOT EXISTS presentation._frequent_flyers_named (
    tickets_sk UUID NOT NULL,
    ticket_no TEXT NOT NULL,
    passenger_id TEXT NOT NULL,
    passenger_name TEXT
);
CREATE UNLOGGED TABLE IF NOT EXISTS presentation._frequent_flyers_names (
    passenger_id TEXT NOT NULL,
    passenger_name TEXT,
    several INT NOT NULL
);
CREATE UNLOGGED TABLE IF NOT EXISTS presentation._frequent_flyers_renamed
    (LIKE presentation._frequent_flyers_named);
