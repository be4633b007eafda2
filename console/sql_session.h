/*
 * A connection for a person's SQL: the warehouse through ODBC, or the source through libpq, with
 * one face. Statements come one at a time; results are handed on row by row.
 *
 * Outside of begin/commit each statement is a transaction of its own, and BEGIN, COMMIT and the
 * like may be among the statements. Thread rule: one thread; _cancel, _give_up and _waits from any
 * other.
 */
#ifndef CONSOLE_SQL_SESSION_H
#define CONSOLE_SQL_SESSION_H

#include "backend/warehouse/warehouse.h"
#include "console/format.h"

struct sql_session;

/* Receives a result. columns: n 0 for a statement without one. */
struct sql_sink {
    enum err (*columns)(void *arg, const struct format_column *columns, int n, struct errbuf *e);
    enum err (*row)(void *arg, const struct cell *cells, struct errbuf *e);
    /* affected: -1 not known */
    enum err (*done)(void *arg, const char *sql, int64_t affected, struct errbuf *e);
    void *arg;
};

/* What the source says beside its answers: one text with its lines. Told on the session's thread;
 * without a listener it goes to stderr. */
typedef void sql_notice_fn(void *arg, const char *text);
void sql_session_on_notice(struct sql_session *s, sql_notice_fn *fn, void *arg);

enum err sql_session_open_odbc(const char *odbc, const char *dialect, struct sql_session **out,
                               struct errbuf *e) MUST_CHECK;
enum err sql_session_open_libpq(const char *conninfo, struct sql_session **out,
                                struct errbuf *e) MUST_CHECK;
void sql_session_close(struct sql_session *s);
/* Asks the server, and waits for it. */
void sql_session_cancel(struct sql_session *s);
/* What runs fails with these words and ERR_CONNECT, without asking anybody; a cancel that waits
 * returns. The session is of no use then but to be closed. */
void sql_session_give_up(struct sql_session *s, const char *words);
bool sql_session_waits(const struct sql_session *s); /* for the server, just now */
const char *sql_session_server(const struct sql_session *s);
const char *sql_session_target(const struct sql_session *s); /* where it is, for people */
/* A transaction that the person has begun: '*', '!' when it has failed; 0: none. */
char sql_session_block(const struct sql_session *s);
/* Of the error of the last statement: the character that the server names, from 1; 0: none. */
int sql_session_position(const struct sql_session *s);
/* Of the warehouse; NULL: this is the source. */
const char *sql_session_dialect(const struct sql_session *s);

enum err sql_session_run(struct sql_session *s, const char *sql, const struct sql_sink *sink,
                         struct errbuf *e) MUST_CHECK;
/* A query of ours with bound texts: $1 .. at the source, ? at the warehouse. */
enum err sql_session_query(struct sql_session *s, const char *sql, int n_params,
                           const char *const *params, const struct sql_sink *sink,
                           struct errbuf *e) MUST_CHECK;
/* warehouse_catalog; not for the source. schema and table as there. */
enum err sql_session_catalog(struct sql_session *s, enum warehouse_catalog what, const char *schema,
                             const char *table, const struct sql_sink *sink,
                             struct errbuf *e) MUST_CHECK;
enum err sql_session_begin(struct sql_session *s, struct errbuf *e) MUST_CHECK;
enum err sql_session_commit(struct sql_session *s, struct errbuf *e) MUST_CHECK;
enum err sql_session_rollback(struct sql_session *s, struct errbuf *e) MUST_CHECK;

#endif
