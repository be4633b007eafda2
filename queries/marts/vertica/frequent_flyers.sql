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
-- What a run works on.
CREATE TABLE IF NOT EXISTS presentation._frequent_flyers_named (
    tickets_sk UUID NOT NULL,
    ticket_no VARCHAR(80) NOT NULL,
    passenger_id VARCHAR(200) NOT NULL,
    passenger_name VARCHAR(4000)
)
ORDER BY passenger_id SEGMENTED BY HASH(passenger_id) ALL NODES;
CREATE TABLE IF NOT EXISTS presentation._frequent_flyers_names (
    passenger_id VARCHAR(200) NOT NULL,
    passenger_name VARCHAR(4000),
    several INT NOT NULL
)
ORDER BY passenger_id SEGMENTED BY HASH(passenger_id) ALL NODES;
CREATE TABLE IF NOT EXISTS presentation._frequent_flyers_renamed (
    tickets_sk UUID NOT NULL,
    ticket_no VARCHAR(80) NOT NULL,
    passenger_id VARCHAR(200) NOT NULL,
    passenger_name VARCHAR(4000)
)
ORDER BY passenger_id SEGMENTED BY HASH(passenger_id) ALL NODES;
