/* Inside of struct source, shared by source*.c. */
#ifndef POSTGRES_SOURCE_INTERNAL_H
#define POSTGRES_SOURCE_INTERNAL_H

#include "backend/postgres/session.h"
#include "backend/postgres/source.h"

struct source {
    PGconn *conn; /* NULL or broken after a loss: the next statement outside a transaction
                     connects again */
    char *conninfo;
    char *database;
    int version;
    bool in_transaction;
    struct wake wake;
};

/* A usable connection. ERR_CONNECT inside a transaction that was lost with its connection. */
enum err source_ready(struct source *s, struct errbuf *e) MUST_CHECK;

/*
 * source_query of queries/source/<name>.sql (its cells are NUL-terminated). For statements that may
 * run twice: when an idle connection turns out to be dead, a new one is tried once. `what` begins
 * the error's text.
 */
enum err source_run(struct source *s, const char *name, int n_params, const char *const *params,
                    source_row_fn *fn, void *arg, const char *what, struct errbuf *e) MUST_CHECK;

/* Simple protocol, no rows: BEGIN and DDL. */
enum err source_command(struct source *s, const char *sql, const char *what,
                        struct errbuf *e) MUST_CHECK;

bool source_cell_true(const struct cell *c);
int64_t source_cell_int(const struct cell *c, int64_t when_null);
uint64_t source_cell_lsn(const struct cell *c); /* 0 for NULL */
void source_cell_copy(const struct cell *c, char *out, size_t n);
/* *out is a copy, or NULL for NULL; false without memory. */
bool source_cell_dup(const struct cell *c, char **out);

#endif
