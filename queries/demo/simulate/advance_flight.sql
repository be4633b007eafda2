-- The next flight whose hour has come: opens, boards, leaves, lands. Nothing happens in the future,
-- also where nobody played for days: what is overdue gets the time at which it was due.
WITH due AS MATERIALIZED (
    SELECT flight_id,
           CASE WHEN status = 'Scheduled' THEN CASE WHEN random() < 0.1 THEN 'Delayed' ELSE 'On Time' END
                WHEN status IN ('On Time', 'Delayed') THEN 'Boarding'
                WHEN status = 'Boarding' THEN 'Departed'
                ELSE 'Arrived' END AS next
    FROM flights
    WHERE status NOT IN ('Arrived', 'Cancelled')
      AND CASE status
          WHEN 'Scheduled' THEN scheduled_departure <= now() + interval '4 hours'
          WHEN 'Boarding' THEN scheduled_departure <= now()
          WHEN 'Departed' THEN actual_departure + (scheduled_arrival - scheduled_departure) <= now()
          ELSE scheduled_departure <= now() + interval '40 minutes' END
    ORDER BY scheduled_departure
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
), moved AS (
    UPDATE flights f
    SET status = due.next,
        actual_departure = CASE WHEN due.next = 'Departed'
            THEN least(now(), f.scheduled_departure + random() * interval '12 minutes') ELSE f.actual_departure END,
        actual_arrival = CASE WHEN due.next = 'Arrived'
            THEN f.actual_departure + (0.94 + 0.06 * random()) * (f.scheduled_arrival - f.scheduled_departure) END
    FROM due
    WHERE f.flight_id = due.flight_id
    RETURNING 1
)
SELECT count(*) FROM moved
