CREATE TABLE IF NOT EXISTS presentation.frequent_flyers (
    created_at TIMESTAMPTZ NOT NULL,
    passenger_id VARCHAR(200) NOT NULL,
    passenger_name VARCHAR(4000),
    flights_number INT NOT NULL,
    purchase_sum NUMERIC(18,2) NOT NULL,
    home_airport VARCHAR(12),
    customer_group VARCHAR(3) NOT NULL
)
ORDER BY created_at, customer_group, passenger_id
SEGMENTED BY HASH(passenger_id) ALL NODES;
