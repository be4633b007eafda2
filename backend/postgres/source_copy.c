/*
 * Design note
 *
 * COPY .. TO STDOUT in text format: the server sends one CopyData message a row. An ordinary table
 * is copied by name, which leaves out the rows of tables that inherit from it (those are published
 * as tables of their own); a partitioned table, a view or a foreign table can only be read by a
 * SELECT.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/postgres/copy_text.h"
#include "backend/postgres/source_internal.h"

static void add_columns(struct buf *b, const struct relation *r)
{
    for (int i = 0; i < r->n_columns; i++) {
        if (i)
            buf_lit(b, ", ");
        buf_ident(b, r->columns[i].name);
    }
}

static enum err take_kind(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    (void)n;
    (void)e;
    *(char *)arg = cells[0].p[0];
    return ERR_OK;
}

static enum err copy_sql(struct source *s, const struct relation *r, const char *select,
                         const char *what, struct buf *sql, struct errbuf *e)
{
    struct buf table;
    struct buf columns;
    struct buf query;
    enum err rc = ERR_OK;
    char kind = '\0';
    buf_init(&table, 0);
    buf_init(&columns, 0);
    buf_init(&query, 0);
    buf_ident(&table, r->schema);
    buf_ch(&table, '.');
    buf_ident(&table, r->name);
    add_columns(&columns, r);
    const struct session_word words[] = {
        {"table", buf_cstr(&table)}, {"columns", buf_cstr(&columns)}, {NULL, NULL}};
    if (!select) {
        const char *params[] = {r->schema, r->name};
        rc = source_run(s, "relation_kind", 2, params, take_kind, &kind, what, e);
        if (rc == ERR_OK && !kind)
            rc = err_set(e, ERR_NOT_FOUND, "%s: there is no such table", what);
        if (rc != ERR_OK)
            goto out;
        session_sql(&query, "select_table", words);
        select = buf_cstr(&query);
    }
    /* A table without columns has no column list. */
    if (kind == 'r' && r->n_columns)
        session_sql(sql, "copy_table", words);
    else
        session_sql(sql, "copy_select",
                    (const struct session_word[]){{"select", select}, {NULL, NULL}});
    rc = buf_check(&query, "a query", e);
    if (rc == ERR_OK)
        rc = buf_check(sql, "a statement", e);
out:
    buf_free(&table);
    buf_free(&columns);
    buf_free(&query);
    return rc;
}

/* Rows until the end of the data; an error leaves the COPY running. */
static enum err read_rows(struct source *s, const struct relation *r, struct cell *cells,
                          source_row_fn *fn, void *arg, const char *what, struct errbuf *e)
{
    for (;;) {
        char *line = NULL;
        int n = PQgetCopyData(s->conn, &line, 1);
        if (n == -1)
            return ERR_OK;
        if (n == -2)
            return session_error(s->conn, NULL, what, e);
        enum err rc = ERR_OK;
        if (n == 0) {
            if (!PQconsumeInput(s->conn))
                return session_error(s->conn, NULL, what, e);
            n = PQgetCopyData(s->conn, &line, 1);
            if (n < 0)
                continue;
            if (n == 0) {
                rc = session_wait(s->conn, &s->wake, POLLIN, -1, e);
                if (rc != ERR_OK)
                    return rc;
                continue;
            }
        }
        if (wake_asked(&s->wake))
            rc = err_set(e, ERR_CANCELED, "interrupted");
        else if (!copy_text_row(line, (size_t)n, cells, r->n_columns))
            rc = err_set(e, ERR_PROTOCOL, "%s: a row does not have %d columns in COPY's text form",
                         what, r->n_columns);
        else
            rc = fn(arg, cells, r->n_columns, e);
        PQfreemem(line);
        if (rc != ERR_OK)
            return rc;
    }
}

enum err source_copy(struct source *s, const struct relation *r, const char *select,
                     source_row_fn *fn, void *arg, struct errbuf *e)
{
    struct cell *cells = NULL;
    PGresult *res = NULL;
    struct buf sql;
    char what[256];
    buf_init(&sql, 0);
    (void)snprintf(what, sizeof what, "cannot read table %.100s.%.100s", r->schema, r->name);
    enum err rc = source_ready(s, e);
    if (rc == ERR_OK)
        rc = copy_sql(s, r, select, what, &sql, e);
    if (rc != ERR_OK)
        goto out;
    cells = calloc((size_t)r->n_columns + 1, sizeof *cells);
    if (!cells) {
        rc = err_set(e, ERR_NOMEM, "%s: no memory for a row", what);
        goto out;
    }
    rc = session_exec(s->conn, &s->wake, buf_cstr(&sql), &res, what, e);
    if (rc != ERR_OK)
        goto out;
    if (PQresultStatus(res) != PGRES_COPY_OUT) {
        rc = err_set(e, ERR_STATE, "%s: not a COPY TO STDOUT", what);
        goto out;
    }
    rc = read_rows(s, r, cells, fn, arg, what, e);
    if (rc != ERR_OK) {
        session_abandon(s->conn, true);
        (void)wake_take(&s->wake);
        goto out;
    }
    for (;;) { /* how it ended */
        PQclear(res);
        rc = session_result(s->conn, &s->wake, &res, what, e);
        if (rc != ERR_OK || !res)
            break;
        if (PQresultStatus(res) != PGRES_COMMAND_OK) {
            rc = session_error(s->conn, res, what, e);
            session_abandon(s->conn, false);
            break;
        }
    }
out:
    PQclear(res);
    free(cells);
    buf_free(&sql);
    return rc;
}
