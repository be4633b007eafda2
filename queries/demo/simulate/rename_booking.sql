-- Booking $1 (locked) gets another reference: a key change that its tickets follow.
WITH renamed AS (
    UPDATE bookings
    SET book_ref = (SELECT string_agg(substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 1 + floor(random() * 36)::int, 1), '')
                    FROM generate_series(1, 6))
    WHERE book_ref = $1::char(6)
    RETURNING 1
)
SELECT count(*) FROM renamed
