/*
 * Canceling on threads of its own: a cancel of libpq opens a connection and waits for the server,
 * one of ODBC may wait for the statement, so a server that hangs would take whoever calls it along.
 *
 * A server that has not answered the cancel after some seconds hangs as a whole: the connection is
 * given up. One that took the cancel may need its time to undo things: it is said, and only the
 * next ask gives the connection up.
 *
 * The worker (whose session it is) says what a cancel hits now; anybody asks for one. Ownership:
 * the worker's, until stop. Thread rule: watch and stop are the worker's; ask is any thread's, as
 * long as the canceller is there, and never waits.
 */
#ifndef CONSOLE_SQL_CANCEL_H
#define CONSOLE_SQL_CANCEL_H

#include "console/sql_session.h"

struct sql_canceller;

/* The statement goes on though its cancel was taken: on a thread of ours, with a text for people.
 */
typedef void sql_stuck_fn(void *arg, const char *text);

/* on_stuck may be NULL. NULL: no thread. */
struct sql_canceller *sql_canceller_start(sql_stuck_fn *on_stuck, void *arg);

/* What an ask cancels from now on; NULL: nothing, an ask is forgotten. Waits for a cancel that is
 * on its way: it must not hit the next statement, nor outlive the session. */
void sql_canceller_watch(struct sql_canceller *c, struct sql_session *session);

void sql_canceller_ask(struct sql_canceller *c);

/* Waits for a cancel that is on its way. NULL: nothing. */
void sql_canceller_stop(struct sql_canceller *c);

#endif
