/*
 * Design note
 *
 * Statements are sent and then waited for in poll over the socket and the eventfd of source_cancel,
 * so that a stop ends any wait; the thread that owns the connection sends the cancel request
 * itself. A connection that was lost is made anew by the next statement, except inside a
 * transaction: the snapshot went with it, and its owner must know.
 */
#include "backend/postgres/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/postgres/replication.h"
#include "backend/postgres/source_internal.h"

enum { CELLS_ON_STACK = 64 };

static enum err connect_now(struct source *s, struct errbuf *e)
{
    PQfinish(s->conn);
    s->conn = NULL;
    enum err rc = session_open(s->conninfo, false, &s->wake, &s->conn, e);
    if (rc == ERR_CANCELED)
        (void)wake_take(&s->wake);
    if (rc != ERR_OK)
        return rc;
    s->version = PQserverVersion(s->conn);
    if (!s->database || strcmp(s->database, PQdb(s->conn)) != 0) {
        free(s->database);
        s->database = strdup(PQdb(s->conn));
        if (!s->database)
            return err_set(e, ERR_NOMEM, "no memory for a connection to PostgreSQL");
    }
    return ERR_OK;
}

enum err source_open(const char *conninfo, struct source **out, struct errbuf *e)
{
    *out = NULL;
    struct source *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ERR_NOMEM, "no memory for a connection to PostgreSQL");
    enum err rc = wake_init(&s->wake, e);
    if (rc == ERR_OK) {
        s->conninfo = strdup(conninfo);
        rc = s->conninfo ? connect_now(s, e)
                         : err_set(e, ERR_NOMEM, "no memory for a connection to PostgreSQL");
    }
    if (rc != ERR_OK) {
        source_close(s);
        return rc;
    }
    *out = s;
    return ERR_OK;
}

void source_close(struct source *s)
{
    if (!s)
        return;
    PQfinish(s->conn);
    wake_free(&s->wake);
    if (s->conninfo)
        explicit_bzero(s->conninfo, strlen(s->conninfo));
    free(s->conninfo);
    free(s->database);
    free(s);
}

void source_cancel(struct source *s)
{
    wake_ask(&s->wake);
}

int source_server_version(const struct source *s)
{
    return s->version;
}

const char *source_database(const struct source *s)
{
    return s->database;
}

static bool broken(const struct source *s)
{
    return !s->conn || PQstatus(s->conn) == CONNECTION_BAD ||
           PQtransactionStatus(s->conn) == PQTRANS_ACTIVE;
}

enum err source_ready(struct source *s, struct errbuf *e)
{
    if (wake_take(&s->wake))
        return err_set(e, ERR_CANCELED, "canceled");
    if (!broken(s))
        return ERR_OK;
    if (s->in_transaction)
        return err_set(e, ERR_CONNECT,
                       "the connection to PostgreSQL was lost, and the snapshot with it");
    return connect_now(s, e);
}

/* Rows of one result to fn. */
static enum err deliver(const PGresult *res, source_row_fn *fn, void *arg, struct errbuf *e)
{
    struct cell stack[CELLS_ON_STACK];
    struct cell *cells = stack;
    int n = PQnfields(res);
    enum err rc = ERR_OK;
    if (n > CELLS_ON_STACK) {
        cells = calloc((size_t)n, sizeof *cells);
        if (!cells)
            return err_set(e, ERR_NOMEM, "no memory for a row of %d columns", n);
    }
    for (int row = 0; fn && row < PQntuples(res) && rc == ERR_OK; row++) {
        for (int i = 0; i < n; i++) {
            cells[i] = (struct cell){.kind = CELL_NULL};
            if (!PQgetisnull(res, row, i))
                cells[i] = (struct cell){.p = PQgetvalue(res, row, i),
                                         .len = (uint32_t)PQgetlength(res, row, i),
                                         .kind = CELL_TEXT};
        }
        rc = fn(arg, cells, n, e);
    }
    if (cells != stack)
        free(cells);
    return rc;
}

/* *begun: a row has gone to fn. */
static enum err run(struct source *s, const char *sql, int n_params, const char *const *params,
                    source_row_fn *fn, void *arg, const char *what, bool *begun, struct errbuf *e)
{
    if (!PQsendQueryParams(s->conn, sql, n_params, NULL, params, NULL, NULL, 0))
        return session_error(s->conn, NULL, what, e);
    (void)PQsetSingleRowMode(s->conn);
    bool copy_in = false;
    bool ended = false; /* by an error: nothing is left to cancel */
    for (;;) {
        PGresult *res;
        enum err rc = session_result(s->conn, &s->wake, &res, what, e);
        if (rc != ERR_OK || !res)
            return rc;
        ExecStatusType status = PQresultStatus(res);
        if (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK) {
            *begun |= PQntuples(res) > 0;
            rc = deliver(res, fn, arg, e);
        } else if (status == PGRES_COPY_IN && !copy_in) {
            /* Ended by us, not by a cancel request: the server would meet the statement's Sync and
             * that of the end, and answer both. */
            copy_in = PQputCopyEnd(s->conn, "refused") == 1;
            rc = copy_in ? ERR_OK : session_error(s->conn, NULL, what, e);
        } else if (copy_in) {
            rc = err_set(e, ERR_UNSUPPORTED, "%s: COPY cannot be run here", what);
            ended = true;
        } else if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            rc = session_error(s->conn, res, what, e);
            ended = true;
        } else if (status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
            rc = err_set(e, ERR_UNSUPPORTED, "%s: COPY cannot be run here", what);
        }
        PQclear(res);
        if (rc != ERR_OK) {
            session_abandon(s->conn, !ended);
            return rc;
        }
    }
}

enum err source_query(struct source *s, const char *sql, int n_params, const char *const *params,
                      source_row_fn *fn, void *arg, struct errbuf *e)
{
    bool begun = false;
    enum err rc = source_ready(s, e);
    if (rc != ERR_OK)
        return rc;
    return run(s, sql, n_params, params, fn, arg, "the query failed", &begun, e);
}

enum err source_run(struct source *s, const char *name, int n_params, const char *const *params,
                    source_row_fn *fn, void *arg, const char *what, struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (int attempt = 0; attempt < 2; attempt++) {
        bool begun = false;
        rc = source_ready(s, e);
        if (rc == ERR_OK)
            rc = run(s, session_query(name), n_params, params, fn, arg, what, &begun, e);
        if (rc != ERR_CONNECT || begun || s->in_transaction)
            break;
    }
    return rc;
}

enum err source_command(struct source *s, const char *sql, const char *what, struct errbuf *e)
{
    PGresult *res;
    enum err rc = source_ready(s, e);
    if (rc != ERR_OK)
        return rc;
    rc = session_exec(s->conn, &s->wake, sql, &res, what, e);
    PQclear(res);
    return rc;
}

/* ---- cells of our own queries ---------------------------------------------------------------- */

bool source_cell_true(const struct cell *c)
{
    return c->kind == CELL_TEXT && c->p[0] == 't';
}

int64_t source_cell_int(const struct cell *c, int64_t when_null)
{
    return c->kind == CELL_TEXT ? strtoll(c->p, NULL, 10) : when_null;
}

uint64_t source_cell_lsn(const struct cell *c)
{
    uint64_t lsn = 0;
    return c->kind == CELL_TEXT && lsn_parse(c->p, &lsn) ? lsn : 0;
}

void source_cell_copy(const struct cell *c, char *out, size_t n)
{
    (void)snprintf(out, n, "%s", c->kind == CELL_TEXT ? c->p : "");
}

bool source_cell_dup(const struct cell *c, char **out)
{
    *out = NULL;
    if (c->kind != CELL_TEXT)
        return true;
    *out = strdup(c->p);
    return *out != NULL;
}

/* ---- the snapshot's transaction -------------------------------------------------------------- */

static enum err leave_transaction(struct source *s, struct errbuf *e)
{
    s->in_transaction = false;
    if (broken(s))
        return ERR_OK; /* it ended with its connection */
    enum err rc = source_command(s, "ROLLBACK", "cannot end the snapshot's transaction", e);
    if (rc != ERR_OK) { /* canceled, say: it must not go on unseen */
        PQfinish(s->conn);
        s->conn = NULL;
    }
    return rc;
}

enum err source_begin_snapshot(struct source *s, const char *snapshot, struct errbuf *e)
{
    if (s->in_transaction)
        return err_set(e, ERR_STATE, "a snapshot's transaction is open already");
    enum err rc = source_command(s, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                                 "cannot begin the snapshot's transaction", e);
    if (rc != ERR_OK)
        return rc;
    s->in_transaction = true;
    if (!snapshot)
        return ERR_OK;
    struct buf name;
    struct buf sql;
    buf_init(&name, 0);
    buf_init(&sql, 0);
    buf_literal(&name, snapshot);
    session_sql(&sql, "set_snapshot",
                (const struct session_word[]){{"snapshot", buf_cstr(&name)}, {NULL, NULL}});
    rc = buf_check(&sql, "a statement", e);
    if (rc == ERR_OK)
        rc = source_command(s, buf_cstr(&sql), "cannot use the exported snapshot", e);
    buf_free(&name);
    buf_free(&sql);
    if (rc == ERR_SQL) { /* 22023 before PostgreSQL 17, 42704 since: it is not there */
        rc = ERR_NOT_FOUND;
        if (e)
            e->code = rc;
    }
    if (rc != ERR_OK)
        (void)leave_transaction(s, NULL); /* the first error is the one to tell */
    return rc;
}

enum err source_end_snapshot(struct source *s, struct errbuf *e)
{
    return s->in_transaction ? leave_transaction(s, e) : ERR_OK;
}
