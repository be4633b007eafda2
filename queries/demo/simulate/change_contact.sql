-- Somebody has a new number, or an address for the first time.
WITH probe AS MATERIALIZED (
    SELECT lpad(floor(low + random() * (high - low))::bigint::text, 13, '0')::char(13) AS ticket_no
    FROM (SELECT min(ticket_no)::numeric AS low, max(ticket_no)::numeric AS high FROM tickets) range
), found AS MATERIALIZED (
    SELECT t.ticket_no
    FROM probe,
         LATERAL (SELECT ticket_no FROM tickets t WHERE t.ticket_no >= probe.ticket_no ORDER BY ticket_no LIMIT 1) t
), changed AS (
    UPDATE tickets t
    SET contact_data = coalesce(contact_data, '{}') || CASE WHEN random() < 0.7
        THEN jsonb_build_object('phone', '+7' || floor(9e9 + random() * 999999999)::bigint)
        ELSE jsonb_build_object('email', 'new' || floor(random() * 1e6)::int || '@example.net') END
    FROM found
    WHERE t.ticket_no = found.ticket_no
    RETURNING 1
)
SELECT count(*) FROM changed
