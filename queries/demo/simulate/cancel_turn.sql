-- One flight is cancelled at a time: else two could each leave a ticket to the other.
SELECT pg_advisory_xact_lock(hashtext('flightdeck.simulate.cancel'))
