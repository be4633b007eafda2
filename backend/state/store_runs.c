/* The store's tables of DAGs and runs. What a run is made of: store_tasks.c, store_logs.c. */
#include "backend/state/store_runs.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "backend/state/store_internal.h"

enum { ARENA_BLOCK = 16384 };

/* ---- words ---- */

static const char *const kind_words[] = {
#define X(name, word) word,
    RUN_KINDS(X)
#undef X
};
static const char *const run_words[] = {
#define X(name, word) word,
    RUN_STATES(X)
#undef X
};
static const char *const task_words[] = {
#define X(name, word) word,
    TASK_INSTANCE_STATES(X)
#undef X
};

const char *run_kind_word(enum run_kind k)
{
    return (unsigned)k < RUN_KIND_COUNT ? kind_words[k] : "unknown";
}

const char *run_state_word(enum run_state s)
{
    return (unsigned)s < RUN_STATE_COUNT ? run_words[s] : "unknown";
}

const char *task_instance_state_word(enum task_instance_state s)
{
    return (unsigned)s < TI_STATE_COUNT ? task_words[s] : "unknown";
}

static enum err find_word(const char *word, const char *const *words, int n, const char *what,
                          int *out, struct errbuf *e)
{
    char list[256] = "";
    for (int i = 0; i < n; i++) {
        if (!strcmp(word, words[i])) {
            *out = i;
            return ERR_OK;
        }
        (void)strncat(list, i ? ", " : "", sizeof list - strlen(list) - 1);
        (void)strncat(list, words[i], sizeof list - strlen(list) - 1);
    }
    return err_set(e, ERR_NOT_FOUND, "%s is no %s: there are %s", word, what, list);
}

enum err run_kind_parse(const char *word, enum run_kind *out, struct errbuf *e)
{
    int i = 0;
    enum err rc = find_word(word, kind_words, RUN_KIND_COUNT, "kind of run", &i, e);
    *out = (enum run_kind)i;
    return rc;
}

enum err run_state_parse(const char *word, enum run_state *out, struct errbuf *e)
{
    int i = 0;
    enum err rc = find_word(word, run_words, RUN_STATE_COUNT, "state of a run", &i, e);
    *out = (enum run_state)i;
    return rc;
}

enum err store_task_state_parse(const char *word, enum task_instance_state *out, struct errbuf *e)
{
    int i = 0;
    enum err rc = find_word(word, task_words, TI_STATE_COUNT, "state of a task", &i, e);
    *out = (enum task_instance_state)i;
    return rc;
}

bool run_state_ended(enum run_state s)
{
    return s == RUN_SUCCESS || s == RUN_FAILED || s == RUN_CANCELED;
}

bool task_instance_ended(enum task_instance_state s)
{
    return s == TI_SUCCESS || s == TI_FAILED || s == TI_UPSTREAM_FAILED || s == TI_SKIPPED ||
           s == TI_CANCELED;
}

/* ---- DAGs ---- */

static enum err append_dag(struct store_dags *l, sqlite3_stmt *st, struct errbuf *e)
{
    struct store_dag *grown = realloc(l->items, (size_t)(l->n + 1) * sizeof *grown);
    if (!grown)
        return err_set(e, ERR_NOMEM, "no memory for the DAGs");
    l->items = grown;
    struct store_dag *d = &l->items[l->n++];
    *d = (struct store_dag){
        .name = arena_strdup(l->arena, store_text(st, 0)),
        .paused = sqlite3_column_int(st, 1) != 0,
        .last_fire_us =
            sqlite3_column_type(st, 2) == SQLITE_NULL ? INT64_MIN : sqlite3_column_int64(st, 2),
        .changed_us = sqlite3_column_int64(st, 3),
        .backfill_running = sqlite3_column_int64(st, 4),
    };
    return d->name ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the DAGs");
}

enum err store_dags_list(struct store *s, struct store_dags *out, struct errbuf *e)
{
    bool row = true;
    enum err rc = ERR_OK;
    *out = (struct store_dags){.arena = arena_create(ARENA_BLOCK)};
    if (!out->arena)
        return err_set(e, ERR_NOMEM, "no memory for the DAGs");
    sqlite3_stmt *st = store_begin(s, QUERY_dags_list, "");
    while (!rc && row) {
        rc = store_step(s, st, &row, "read the DAGs", e);
        if (!rc && row)
            rc = append_dag(out, st, e);
    }
    store_end(s, st);
    if (rc)
        store_dags_free(out);
    return rc;
}

void store_dags_free(struct store_dags *l)
{
    free(l->items);
    arena_destroy(l->arena);
    *l = (struct store_dags){0};
}

static enum err put_dag(struct store *s, const struct store_dag *d, struct errbuf *e)
{
    return store_do(s,
                    store_bind(s, QUERY_dag_put, "tiiii", d->name, (int64_t)d->paused,
                               d->last_fire_us, d->changed_us, d->backfill_running),
                    "keep a DAG's state", e);
}

enum err store_dag_put(struct store *s, const struct store_dag *d, struct errbuf *e)
{
    enum err rc = store_transaction(s, e);
    return rc ? rc : store_commit(s, put_dag(s, d, e), e);
}

/* ---- reading runs ---- */

static enum err append_run(struct store_runs *l, sqlite3_stmt *st, struct errbuf *e)
{
    struct store_run *grown = realloc(l->items, (size_t)(l->n + 1) * sizeof *grown);
    if (!grown)
        return err_set(e, ERR_NOMEM, "no memory for the runs");
    l->items = grown;
    struct store_run *r = &l->items[l->n++];
    *r = (struct store_run){
        .id = sqlite3_column_int64(st, 0),
        .dag = arena_strdup(l->arena, store_text(st, 1)),
        .lane = sqlite3_column_int(st, 3),
        .logical_us = sqlite3_column_int64(st, 5),
        .begin_us = sqlite3_column_int64(st, 6),
        .end_us = sqlite3_column_int64(st, 7),
        .params = arena_strdup(l->arena, store_text(st, 8)),
        .who = arena_strdup(l->arena, store_text(st, 9)),
        .created_us = sqlite3_column_int64(st, 10),
        .started_us = sqlite3_column_int64(st, 11),
        .ended_us = sqlite3_column_int64(st, 12),
        .rows = sqlite3_column_int64(st, 13),
        .reason = arena_strdup(l->arena, store_text(st, 14)),
    };
    if (!r->dag || !r->params || !r->who || !r->reason)
        return err_set(e, ERR_NOMEM, "no memory for the runs");
    enum err rc = run_kind_parse(store_text(st, 2), &r->kind, e);
    return rc ? rc : run_state_parse(store_text(st, 4), &r->state, e);
}

static enum err read_runs(struct store *s, sqlite3_stmt *st, struct store_runs *out,
                          struct errbuf *e)
{
    bool row = true;
    enum err rc = ERR_OK;
    *out = (struct store_runs){.arena = arena_create(ARENA_BLOCK)};
    if (!out->arena)
        rc = err_set(e, ERR_NOMEM, "no memory for the runs");
    while (!rc && row) {
        rc = store_step(s, st, &row, "read the runs", e);
        if (!rc && row)
            rc = append_run(out, st, e);
    }
    store_end(s, st);
    if (rc)
        store_runs_free(out);
    return rc;
}

void store_runs_free(struct store_runs *l)
{
    free(l->items);
    arena_destroy(l->arena);
    *l = (struct store_runs){0};
}

enum err store_runs_list(struct store *s, const struct store_run_filter *f, struct store_runs *out,
                         struct errbuf *e)
{
    int64_t before = f->before ? f->before : INT64_MAX;
    int64_t to = f->to_us ? f->to_us : INT64_MAX;
    int64_t from = f->from_us ? f->from_us : INT64_MIN;
    int64_t at = f->at_us ? f->at_us : INT64_MAX;
    int64_t limit = f->limit < 1 ? 1 : f->limit > STORE_RUNS_MAX ? STORE_RUNS_MAX : f->limit;
    const char *kind = f->by_kind ? run_kind_word(f->kind) : NULL;
    const char *state = f->by_state ? run_state_word(f->state) : NULL;
    sqlite3_stmt *st = f->dag ? store_begin(s, QUERY_runs_list_dag, "ittiiiit", before, kind, state,
                                            from, to, limit, at, f->dag)
                              : store_begin(s, QUERY_runs_list, "ittiiii", before, kind, state,
                                            from, to, limit, at);
    return read_runs(s, st, out, e);
}

enum err store_run_get(struct store *s, int64_t id, struct store_runs *out, struct errbuf *e)
{
    enum err rc = read_runs(s, store_begin(s, QUERY_run_get, "i", id), out, e);
    if (rc || out->n)
        return rc;
    store_runs_free(out);
    return err_set(e, ERR_NOT_FOUND, "there is no run %lld: `flightdeck dag runs` lists them",
                   (long long)id);
}

enum err store_run_by_key(struct store *s, const char *dag, int64_t logical_us, enum run_kind kind,
                          struct store_runs *out, struct errbuf *e)
{
    return read_runs(
        s, store_begin(s, QUERY_run_by_key, "tit", dag, logical_us, run_kind_word(kind)), out, e);
}

enum err store_run_newest(struct store *s, const char *dag, struct store_runs *out,
                          struct errbuf *e)
{
    return read_runs(s, store_begin(s, QUERY_run_newest, "t", dag), out, e);
}

enum err store_run_newest_over(struct store *s, const char *dag, struct store_runs *out,
                               struct errbuf *e)
{
    return read_runs(s, store_begin(s, QUERY_run_newest_over, "t", dag), out, e);
}

enum err store_run_next(struct store *s, const char *dag, int lane, struct store_runs *out,
                        struct errbuf *e)
{
    return read_runs(s, store_begin(s, QUERY_run_next, "ti", dag, (int64_t)lane), out, e);
}

enum err store_runs_active(struct store *s, struct store_runs *out, struct errbuf *e)
{
    return read_runs(s, store_begin(s, QUERY_runs_active, ""), out, e);
}

enum err store_runs_queued(struct store *s, store_queued_fn *fn, void *arg, struct errbuf *e)
{
    bool row = true;
    enum err rc = ERR_OK;
    sqlite3_stmt *st = store_begin(s, QUERY_runs_queued, "");
    while (!rc && row) {
        rc = store_step(s, st, &row, "count the queued runs", e);
        if (!rc && row)
            fn(arg, store_text(st, 0), sqlite3_column_int(st, 1), sqlite3_column_int64(st, 2));
    }
    store_end(s, st);
    return rc;
}

enum err store_runs_succeeded(struct store *s, const char *dag, int64_t from_us, int64_t to_us,
                              int64_t *n, struct errbuf *e)
{
    bool row = false;
    sqlite3_stmt *st = store_begin(s, QUERY_runs_succeeded, "tii", dag, from_us, to_us);
    enum err rc = store_step(s, st, &row, "count the intervals that succeeded", e);
    *n = !rc && row ? sqlite3_column_int64(st, 0) : 0;
    store_end(s, st);
    return rc;
}

/* ---- writing runs ---- */

static enum err insert_run(struct store *s, struct store_run *r, struct errbuf *e)
{
    enum err rc =
        store_do(s,
                 store_bind(s, QUERY_run_insert, "ttitiiitti", r->dag, run_kind_word(r->kind),
                            (int64_t)r->lane, run_state_word(r->state), r->logical_us, r->begin_us,
                            r->end_us, r->params, r->who, r->created_us),
                 "keep a run", e);
    r->id = !rc && sqlite3_changes(s->db) ? sqlite3_last_insert_rowid(s->db) : 0;
    return rc;
}

enum err store_runs_insert(struct store *s, struct store_run *runs, int n,
                           const struct store_dag *dag, struct errbuf *e)
{
    enum err rc = store_transaction(s, e);
    if (rc)
        return rc;
    for (int i = 0; i < n && !rc; i++)
        rc = insert_run(s, &runs[i], e);
    if (!rc && dag)
        rc = put_dag(s, dag, e);
    return store_commit(s, rc, e);
}

static enum err update_run(struct store *s, int64_t id, const struct store_run *r, struct errbuf *e)
{
    return store_do(s,
                    store_bind(s, QUERY_run_update, "iitiiittt", id, (int64_t)r->lane,
                               run_state_word(r->state), r->started_us, r->ended_us, r->rows,
                               r->reason, r->params, r->who),
                    "keep a run's state", e);
}

static enum err put_task(struct store *s, int64_t run, const struct store_task *t, struct errbuf *e)
{
    return store_do(s,
                    store_bind(s, QUERY_task_put, "ittiiiiiiiit", run, t->task,
                               task_instance_state_word(t->state), (int64_t)t->attempt,
                               (int64_t)t->failures, (int64_t)t->losses, t->queued_us,
                               t->started_us, t->ended_us, t->retry_us, t->rows, t->reason),
                    "keep a task's state", e);
}

static enum err put_try(struct store *s, int64_t run, const struct store_try *t, struct errbuf *e)
{
    return store_do(s,
                    store_bind(s, QUERY_try_put, "ititiiit", run, t->task, (int64_t)t->attempt,
                               task_instance_state_word(t->state), t->started_us, t->ended_us,
                               t->rows, t->reason),
                    "keep a try of a task", e);
}

enum err store_run_write(struct store *s, const struct store_run_changes *c, struct errbuf *e)
{
    enum err rc = store_transaction(s, e);
    if (rc)
        return rc;
    if (c->state)
        rc = update_run(s, c->run, c->state, e);
    for (int i = 0; i < c->n_tasks && !rc; i++)
        rc = put_task(s, c->run, &c->tasks[i], e);
    for (int i = 0; i < c->n_tries && !rc; i++)
        rc = put_try(s, c->run, &c->tries[i], e);
    for (int i = 0; i < c->n_dags && !rc; i++)
        rc = put_dag(s, &c->dags[i], e);
    return store_commit(s, rc, e);
}

/* ---- deleting ---- */

static enum err delete_run(struct store *s, int64_t id, struct errbuf *e)
{
    static const enum store_query queries[] = {QUERY_run_delete_logs, QUERY_run_delete_tries,
                                               QUERY_run_delete_tasks, QUERY_run_delete};
    enum err rc = ERR_OK;
    for (size_t i = 0; i < sizeof queries / sizeof queries[0] && !rc; i++)
        rc = store_do(s, store_bind(s, queries[i], "i", id), "delete an old run", e);
    return rc;
}

enum err store_runs_prune(struct store *s, const char *dag, int64_t ended_before_us, int64_t keep,
                          int limit, int *n, struct errbuf *e)
{
    int64_t ids[64];
    int room = (int)(sizeof ids / sizeof ids[0]);
    bool row = true;
    *n = 0;
    if (limit > room)
        limit = room;
    enum err rc = store_transaction(s, e);
    if (rc)
        return rc;
    sqlite3_stmt *st =
        store_bind(s, QUERY_runs_old, "tiii", dag, ended_before_us, keep, (int64_t)limit);
    while (!rc && row && *n < limit) {
        rc = store_step(s, st, &row, "look for old runs", e);
        if (!rc && row)
            ids[(*n)++] = sqlite3_column_int64(st, 0);
    }
    store_reset(st);
    for (int i = 0; i < *n && !rc; i++)
        rc = delete_run(s, ids[i], e);
    return store_commit(s, rc, e);
}
