/* The store's tables of tasks, by run, and of their tries. */
#include <stdlib.h>
#include <string.h>

#include "backend/state/store_internal.h"

enum { ARENA_BLOCK = 16384 };

static enum err append_task(struct store_tasks *l, sqlite3_stmt *st, struct errbuf *e)
{
    struct store_task *grown = realloc(l->items, (size_t)(l->n + 1) * sizeof *grown);
    if (!grown)
        return err_set(e, ERR_NOMEM, "no memory for the tasks");
    l->items = grown;
    struct store_task *t = &l->items[l->n++];
    *t = (struct store_task){
        .task = arena_strdup(l->arena, store_text(st, 0)),
        .attempt = sqlite3_column_int(st, 2),
        .failures = sqlite3_column_int(st, 3),
        .losses = sqlite3_column_int(st, 4),
        .queued_us = sqlite3_column_int64(st, 5),
        .started_us = sqlite3_column_int64(st, 6),
        .ended_us = sqlite3_column_int64(st, 7),
        .retry_us = sqlite3_column_int64(st, 8),
        .rows = sqlite3_column_int64(st, 9),
        .reason = arena_strdup(l->arena, store_text(st, 10)),
    };
    if (!t->task || !t->reason)
        return err_set(e, ERR_NOMEM, "no memory for the tasks");
    return store_task_state_parse(store_text(st, 1), &t->state, e);
}

static enum err append_try(struct store_tasks *l, sqlite3_stmt *st, struct errbuf *e)
{
    struct store_try *grown = realloc(l->tries, (size_t)(l->n_tries + 1) * sizeof *grown);
    if (!grown)
        return err_set(e, ERR_NOMEM, "no memory for the tries");
    l->tries = grown;
    struct store_try *t = &l->tries[l->n_tries++];
    *t = (struct store_try){
        .task = arena_strdup(l->arena, store_text(st, 0)),
        .attempt = sqlite3_column_int(st, 1),
        .started_us = sqlite3_column_int64(st, 3),
        .ended_us = sqlite3_column_int64(st, 4),
        .rows = sqlite3_column_int64(st, 5),
        .reason = arena_strdup(l->arena, store_text(st, 6)),
        .log_bytes = sqlite3_column_int64(st, 7),
        .log_dropped = sqlite3_column_int64(st, 8),
    };
    if (!t->task || !t->reason)
        return err_set(e, ERR_NOMEM, "no memory for the tries");
    return store_task_state_parse(store_text(st, 2), &t->state, e);
}

static enum err read_rows(struct store *s, enum store_query q, int64_t run,
                          enum err (*append)(struct store_tasks *, sqlite3_stmt *, struct errbuf *),
                          struct store_tasks *out, struct errbuf *e)
{
    bool row = true;
    enum err rc = ERR_OK;
    sqlite3_stmt *st = store_bind(s, q, "i", run);
    while (!rc && row) {
        rc = store_step(s, st, &row, "read the tasks", e);
        if (!rc && row)
            rc = append(out, st, e);
    }
    store_reset(st);
    return rc;
}

enum err store_tasks_list(struct store *s, int64_t run, struct store_tasks *out, struct errbuf *e)
{
    *out = (struct store_tasks){.arena = arena_create(ARENA_BLOCK)};
    if (!out->arena)
        return err_set(e, ERR_NOMEM, "no memory for the tasks");
    (void)pthread_mutex_lock(&s->mutex);
    enum err rc = read_rows(s, QUERY_tasks_list, run, append_task, out, e);
    if (!rc)
        rc = read_rows(s, QUERY_tries_list, run, append_try, out, e);
    (void)pthread_mutex_unlock(&s->mutex);
    if (rc)
        store_tasks_free(out);
    return rc;
}

void store_tasks_free(struct store_tasks *l)
{
    free(l->items);
    free(l->tries);
    arena_destroy(l->arena);
    *l = (struct store_tasks){0};
}
