-- Flight $1 (locked) is cancelled: its boarding passes and legs go, the bookings are refunded, and
-- tickets and bookings with nothing left go too. See cancel_turn.sql.
WITH passes AS (
    DELETE FROM boarding_passes WHERE flight_id = $1::int RETURNING 1
), legs AS (
    DELETE FROM ticket_flights WHERE flight_id = $1::int RETURNING ticket_no, amount
), refund AS MATERIALIZED (
    SELECT t.book_ref, sum(l.amount) AS amount,
           array_agg(l.ticket_no) FILTER (WHERE NOT EXISTS (
               SELECT FROM ticket_flights o WHERE o.ticket_no = l.ticket_no AND o.flight_id <> $1::int)) AS empty
    FROM legs l JOIN tickets t USING (ticket_no)
    GROUP BY t.book_ref
), tickets_gone AS (
    DELETE FROM tickets t
    USING refund r
    WHERE t.book_ref = r.book_ref AND t.ticket_no = ANY (r.empty)
    RETURNING 1
), bookings_gone AS (
    DELETE FROM bookings b
    USING refund r
    WHERE b.book_ref = r.book_ref
      AND NOT EXISTS (SELECT FROM tickets t WHERE t.book_ref = b.book_ref AND t.ticket_no <> ALL (coalesce(r.empty, '{}')))
    RETURNING 1
), refunded AS (
    UPDATE bookings b SET total_amount = b.total_amount - r.amount
    FROM refund r
    WHERE b.book_ref = r.book_ref
      AND EXISTS (SELECT FROM tickets t WHERE t.book_ref = b.book_ref AND t.ticket_no <> ALL (coalesce(r.empty, '{}')))
    RETURNING 1
), cancelled AS (
    UPDATE flights SET status = 'Cancelled' WHERE flight_id = $1::int RETURNING 1
)
SELECT (SELECT count(*) FROM passes) + (SELECT count(*) FROM legs) + (SELECT count(*) FROM tickets_gone)
     + (SELECT count(*) FROM bookings_gone) + (SELECT count(*) FROM refunded) + (SELECT count(*) FROM cancelled)
