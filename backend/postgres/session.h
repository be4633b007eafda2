/*
 * What both kinds of connection to the source share (internal to backend/postgres): connecting
 * with canonical settings, waiting that another thread can end, and errors from results.
 *
 * Thread rule: a session belongs to one thread; wake_ask and wake_nudge come from any thread.
 */
#ifndef POSTGRES_SESSION_H
#define POSTGRES_SESSION_H

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdint.h>

#include "backend/base/buf.h"
#include "backend/base/err.h"

/* A request to stop waiting: sticky until taken, so that one made just before the wait counts. */
struct wake {
    int fd; /* eventfd */
    _Atomic bool asked;
    _Atomic bool sleeping;
};

enum err wake_init(struct wake *w, struct errbuf *e) MUST_CHECK;
void wake_free(struct wake *w);
void wake_ask(struct wake *w);
/* Wakes a sleeper without a request: it looks around and may sleep again. */
void wake_nudge(struct wake *w);
/* True once for each request. */
bool wake_take(struct wake *w);
bool wake_asked(struct wake *w);

/*
 * Connects. The text forms of values do not depend on the server's or the user's settings: ISO
 * dates, UTC, UTF-8, hex bytea, shortest exact floats, lc_monetary C; row security may not hide
 * rows (an error instead), and no time-out of the server's ends a long snapshot. wake may be NULL.
 */
enum err session_open(const char *conninfo, bool replication, struct wake *wake, PGconn **out,
                      struct errbuf *e) MUST_CHECK;

/*
 * Waits for the socket (POLLIN, POLLOUT), a request, the thread's stop (base/stop.h) or deadline_us
 * (of clock_mono_us; < 0: never); without a wake nothing but socket and deadline counts. ERR_OK
 * (ready, nudged, or worth another look), ERR_TIMEOUT, ERR_CANCELED (the request is left to be
 * taken; the stop stays), ERR_IO.
 */
enum err session_wait(PGconn *conn, struct wake *wake, short events, int64_t deadline_us,
                      struct errbuf *e) MUST_CHECK;

/*
 * Waits for the next result of what was sent: *out is the caller's to PQclear, NULL at the end. A
 * wake's request cancels the statement at the server, and the result is ERR_CANCELED (the request
 * is taken); the connection is then in order again, or closed where that took too long.
 */
enum err session_result(PGconn *conn, struct wake *wake, PGresult **out, const char *what,
                        struct errbuf *e) MUST_CHECK;
/* Sends one simple query and returns its last result, which is an error of `what` unless its status
 * is tuples, command or a copy. */
enum err session_exec(PGconn *conn, struct wake *wake, const char *sql, PGresult **out,
                      const char *what, struct errbuf *e) MUST_CHECK;
/*
 * Throws away what is left of a statement (no COPY FROM), canceling it first where it still runs.
 * When that takes too long the transaction status stays PQTRANS_ACTIVE: the connection is of no
 * use.
 */
void session_abandon(PGconn *conn, bool running);

/*
 * The error of a result (or, without one, of the connection): "what: the server's words", with
 * the SQLSTATE and the code that fits it.
 */
enum err session_error(PGconn *conn, const PGresult *res, const char *what, struct errbuf *e);

/* True when the result's SQLSTATE is `state`. */
bool session_sqlstate_is(const PGresult *res, const char *state);

struct session_word {
    const char *key;
    const char *value;
};

/*
 * The text of queries/source/<name>.sql with each {key} replaced by its value. The words end with
 * one without a key; values are SQL already (quoted by buf_ident or buf_literal).
 */
void session_sql(struct buf *out, const char *name, const struct session_word *words);
const char *session_query(const char *name);

#endif
