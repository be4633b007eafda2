-- All rows of the airline.
SELECT (SELECT count(*) FROM aircraft) + (SELECT count(*) FROM airports) + (SELECT count(*) FROM seats)
     + (SELECT count(*) FROM flights) + (SELECT count(*) FROM bookings) + (SELECT count(*) FROM tickets)
     + (SELECT count(*) FROM ticket_flights) + (SELECT count(*) FROM boarding_passes)
