/*
 * Canceling on a thread of its own: a cancel of libpq opens a connection and waits for the server,
 * one of ODBC may wait for the statement, so a server that hangs would take whoever calls it along.
 *
 * The worker (whose session it is) says what a cancel hits now; anybody asks for one. Ownership:
 * the worker's, until stop. Thread rule: watch and stop are the worker's; ask is any thread's, as
 * long as the canceller is there, and never waits.
 */
#ifndef CONSOLE_SQL_CANCEL_H
#define CONSOLE_SQL_CANCEL_H

#include "console/sql_session.h"

struct sql_canceller;

struct sql_canceller *sql_canceller_start(void); /* NULL: no thread */

/* What an ask cancels from now on; NULL: nothing, an ask is forgotten. Waits for a cancel that is
 * on its way: it must not hit the next statement, nor outlive the session. */
void sql_canceller_watch(struct sql_canceller *c, struct sql_session *session);

void sql_canceller_ask(struct sql_canceller *c);

/* Waits for a cancel that is on its way. NULL: nothing. */
void sql_canceller_stop(struct sql_canceller *c);

#endif
