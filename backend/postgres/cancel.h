/* A cancel request to the server that cannot hang (internal to backend/postgres). */
#ifndef POSTGRES_CANCEL_H
#define POSTGRES_CANCEL_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Asks the server to cancel what conn runs. True when the server has taken the request in, before
 * deadline_us (clock_mono_us): it then cannot hit a later statement. False: give the connection up.
 */
bool cancel_request(PGconn *conn, int64_t deadline_us);

#endif
