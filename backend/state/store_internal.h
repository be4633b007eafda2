/* What the store's files share. Not for others: here is SQLite.
 *
 * A table more: a migration in queries/store/migrate_<n>.sql, its queries in the list below, and a
 * file of functions like store_events.c. */
#ifndef STATE_STORE_INTERNAL_H
#define STATE_STORE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>

#include "backend/state/store_runs.h"

#define STORE_QUERIES(X)                                                                           \
    X(connector_put)                                                                               \
    X(connector_set_state)                                                                         \
    X(connector_forget_config)                                                                     \
    X(connector_delete)                                                                            \
    X(connector_get)                                                                               \
    X(connectors_list)                                                                             \
    X(event_add)                                                                                   \
    X(events_list)                                                                                 \
    X(events_prune)                                                                                \
    X(dags_list)                                                                                   \
    X(dag_put)                                                                                     \
    X(run_insert)                                                                                  \
    X(run_update)                                                                                  \
    X(run_get)                                                                                     \
    X(run_by_key)                                                                                  \
    X(run_newest)                                                                                  \
    X(run_newest_over)                                                                             \
    X(run_next)                                                                                    \
    X(runs_active)                                                                                 \
    X(runs_queued)                                                                                 \
    X(runs_succeeded)                                                                              \
    X(runs_list)                                                                                   \
    X(runs_list_dag)                                                                               \
    X(runs_old)                                                                                    \
    X(run_delete)                                                                                  \
    X(run_delete_tasks)                                                                            \
    X(run_delete_tries)                                                                            \
    X(run_delete_logs)                                                                             \
    X(task_put)                                                                                    \
    X(tasks_list)                                                                                  \
    X(try_put)                                                                                     \
    X(try_get)                                                                                     \
    X(try_log)                                                                                     \
    X(tries_list)                                                                                  \
    X(log_add)                                                                                     \
    X(log_read)                                                                                    \
    X(log_trim)                                                                                    \
    X(logs_bytes)                                                                                  \
    X(logs_prune)                                                                                  \
    X(record_add)                                                                                  \
    X(records_after)                                                                               \
    X(records_thin)                                                                                \
    X(records_thin_bytes)                                                                          \
    X(records_bytes)                                                                               \
    X(records_strip)                                                                               \
    X(records_strip_bytes)                                                                         \
    X(record_at)                                                                                   \
    X(records_read)                                                                                \
    X(records_range)                                                                               \
    X(answer_add)                                                                                  \
    X(answers_after)                                                                               \
    X(answers_thin)                                                                                \
    X(answers_bound)                                                                               \
    X(answer_at)                                                                                   \
    X(answer_last)                                                                                 \
    X(answers_range)

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
    int64_t record_bytes; /* -1: not counted yet */
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

/* Several statements in one transaction: store_transaction takes the mutex (unless it fails),
 * store_commit commits, or rolls back when rc is an error, and gives the mutex back; between them
 * store_bind, store_step and store_reset, or store_do for a statement without rows. */
enum err store_transaction(struct store *s, struct errbuf *e) MUST_CHECK;
enum err store_commit(struct store *s, enum err rc, struct errbuf *e) MUST_CHECK;
sqlite3_stmt *store_bind(struct store *s, enum store_query q, const char *types, ...);
void store_reset(sqlite3_stmt *st);
enum err store_do(struct store *s, sqlite3_stmt *st, const char *what, struct errbuf *e) MUST_CHECK;

enum err store_task_state_parse(const char *word, enum task_instance_state *out,
                                struct errbuf *e) MUST_CHECK;

/* A column's text; "" for NULL. Valid until the next step. */
const char *store_text(sqlite3_stmt *st, int column);

#endif
