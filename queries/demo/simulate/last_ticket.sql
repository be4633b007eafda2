SELECT max(ticket_no)::bigint FROM tickets
