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
