-- Airports by number, in the order of their codes' bytes whatever the database's collation is.
CREATE OR REPLACE VIEW presentation._frequent_flyers_airports AS
SELECT airports_sk, airport_code,
       ROW_NUMBER() OVER (ORDER BY ASCII(SUBSTR(airport_code, 1, 1)), ASCII(SUBSTR(airport_code, 2, 1)),
                                   ASCII(SUBSTR(airport_code, 3, 1)), airport_code) AS place
FROM dwh.anchor_airports;
