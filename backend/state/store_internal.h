/* What the store's files share. Not for others: here is SQLite.
 *
 * A table more: a migration in queries/store/migrate_<n>.sql, its queries in the list below, and a
 * file of functions like store_events.c. */
#ifndef STATE_STORE_INTERNAL_H
#define STATE_STORE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>

#include "backend/state/store.h"

#define STORE_QUERIES(X)                                                                           \
    X(connector_put)                                                                               \
    X(connector_set_state)                                                                         \
    X(connector_forget_config)                                                                     \
    X(connector_delete)                                                                            \
    X(connector_get)                                                                               \
    X(connectors_list)                                                                             \
    X(event_add)                                                                                   \
    X(events_list)                                                                                 \
    X(events_prune)

enum store_query {
#define X(name) QUERY_##name,
    STORE_QUERIES(X)
#undef X
        QUERY_COUNT
};

struct store {
    char *path;
    sqlite3 *db;
    pthread_mutex_t mutex; /* guards the connection and its statements */
    sqlite3_stmt *statements[QUERY_COUNT];
    int events_until_prune;
};

/* The code for SQLite's last one, in words: "cannot <what>: <why>, <what to do>". */
enum err store_error(struct store *s, const char *what, struct errbuf *e) MUST_CHECK;

/*
 * A statement with its values bound: the mutex is taken, until store_end. types: 't' a const
 * char * (NULL is NULL; it must live until store_end), 'i' an int64_t.
 */
sqlite3_stmt *store_begin(struct store *s, enum store_query q, const char *types, ...);
/* The next row: ERR_OK and *row says whether there is one. */
enum err store_step(struct store *s, sqlite3_stmt *st, bool *row, const char *what,
                    struct errbuf *e) MUST_CHECK;
void store_end(struct store *s, sqlite3_stmt *st);
/* begin, step and end for a statement without rows. */
#define STORE_RUN(s, q, what, e, ...) store_run((s), store_begin((s), (q), __VA_ARGS__), what, e)
enum err store_run(struct store *s, sqlite3_stmt *st, const char *what,
                   struct errbuf *e) MUST_CHECK;
/* A column's text; "" for NULL. Valid until the next step. */
const char *store_text(sqlite3_stmt *st, int column);

#endif
