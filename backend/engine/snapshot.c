/*
 * The initial snapshot: COPY of each table in the slot's exported snapshot, several tables at a
 * time.
 *
 * Each worker has a connection of its own in the same snapshot and takes the next table until none
 * is left. The chunk with a table's last row says so, and the publisher writes it into the position
 * record of the same Kafka transaction: after a crash the tables that are through are not read
 * again. A table that was half through is read anew in the new snapshot: its rows come again as
 * reads (op r) with a later LSN, and the position says that it was begun, because then nothing of
 * the stream may be left out: a row that was read at first may have gone before the second time.
 *
 * Debezium marks the first and last row of the snapshot and of each table, so a row is held back
 * until the next one comes. Rows are small next to a chunk: copying one costs less than asking
 * twice.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/base/stop.h"
#include "backend/engine/capture_run.h"

enum { WORKERS_MAX = 8, CLOCK_EVERY = 64 };

struct held_row {
    struct buf bytes;
    struct cell *cells;
    bool any;
};

struct worker {
    struct capture *c;
    const struct snapshot_plan *plan;
    struct shared *shared;
    struct stop *stop; /* of the run */
    struct change_tables *tables;
    struct source *source;
    struct chunk *chunk;
    struct change_table *table;
    struct held_row held;
    bool begun; /* rows of the table have been pushed */
    struct change_context cx;
    int index; /* of the table among those to read */
    int64_t rows;
    pthread_t thread;
    bool started;
    enum err result;
    struct errbuf error;
};

struct shared {
    pthread_mutex_t mutex;
    const struct source_table **todo;
    int n_todo;
    int next;
    _Atomic bool failed; /* also read between rows, without the mutex */
};

static enum err push(struct worker *w, struct errbuf *e)
{
    if (!w->begun && !w->chunk->finished_table) {
        w->chunk->begun_table = strdup(w->table->full_name);
        if (!w->chunk->begun_table)
            return err_set(e, ERR_NOMEM, "no memory for a table's name");
        w->begun = true;
    }
    enum err rc = publisher_push(w->c->publisher, w->chunk);
    w->chunk = NULL;
    return rc ? err_set(e, ERR_CANCELED, "the publisher has ended") : ERR_OK;
}

static enum err need_chunk(struct worker *w, struct errbuf *e)
{
    enum err rc = ERR_OK;
    if (w->chunk && chunk_full(w->chunk))
        rc = push(w, e);
    if (!rc && !w->chunk)
        rc = publisher_chunk(w->c->publisher, -1, &w->chunk, e);
    return rc;
}

/* The held row goes out, marked by its place. */
static enum err release(struct worker *w, bool last_of_table, struct errbuf *e)
{
    if (!w->held.any)
        return ERR_OK;
    bool first_of_table = w->rows == 0;
    const char *mark = "true";
    if (last_of_table)
        mark = w->index == w->shared->n_todo - 1 ? "last" : "last_in_data_collection";
    else if (first_of_table)
        mark = w->index == 0 ? "first" : "first_in_data_collection";
    w->cx.snapshot = mark;
    if (w->rows % CLOCK_EVERY == 0)
        w->cx.now_ns = clock_wall_ns();
    enum err rc = need_chunk(w, e);
    if (!rc)
        rc = change_append(w->tables, w->table, CHANGE_READ, NULL, w->held.cells, &w->cx, w->chunk,
                           e);
    w->rows++;
    w->held.any = false;
    return rc;
}

static enum err hold(struct worker *w, const struct cell *cells, int n, struct errbuf *e)
{
    struct held_row *h = &w->held;
    buf_clear(&h->bytes);
    for (int i = 0; i < n; i++)
        if (cells[i].kind == CELL_TEXT)
            buf_add(&h->bytes, cells[i].p, cells[i].len);
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        h->cells[i] = cells[i];
        h->cells[i].p = h->bytes.p + at;
        if (cells[i].kind == CELL_TEXT)
            at += cells[i].len;
    }
    h->any = true;
    return buf_check(&h->bytes, "a row", e);
}

static enum err take_row(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    struct worker *w = arg;
    if (w->c->stop || w->shared->failed)
        return err_set(e, ERR_CANCELED, "stopped");
    enum err rc = release(w, false, e);
    return rc ? rc : hold(w, cells, n, e);
}

/* What of the stream is in the rows read: nothing may be left out where rows are out already. */
static uint64_t horizon_of(const struct capture *c, const struct snapshot_plan *plan,
                           const char *table)
{
    bool again = c->o->source->snapshot_mode == SNAPSHOT_ALWAYS;
    return again || position_begun(&c->position, table) ? c->position.at.confirmed_lsn
                                                        : plan->horizon;
}

static enum err finish_table(struct worker *w, struct errbuf *e)
{
    enum err rc = release(w, true, e);
    if (!rc)
        rc = need_chunk(w, e);
    if (rc)
        return rc;
    w->chunk->finished_table = strdup(w->table->full_name);
    if (!w->chunk->finished_table)
        return err_set(e, ERR_NOMEM, "no memory for a table's name");
    w->chunk->finished_horizon = horizon_of(w->c, w->plan, w->table->full_name);
    return push(w, e);
}

static enum err topic_compacted(struct worker *w, const char *topic, bool *out, struct errbuf *e)
{
    struct kafka_admin *admin = NULL;
    struct kafka_topics t = {0};
    *out = false;
    enum err rc = kafka_admin_create(w->c->o->kafka, &admin, e);
    if (!rc)
        rc = kafka_admin_topics(admin, topic, false, true, &t, e);
    for (int i = 0; !rc && t.n && t.items[0].config && t.items[0].config[i]; i += 2)
        if (!strcmp(t.items[0].config[i], "cleanup.policy") &&
            strstr(t.items[0].config[i + 1], "compact"))
            *out = true;
    kafka_topics_free(&t);
    kafka_admin_destroy(admin);
    return rc;
}

/* After a loss, before the table's first row: what was published of it does not hold any more. A
 * table that was begun has it before the rows that are out. */
static enum err forget(struct worker *w, struct errbuf *e)
{
    const struct position *p = &w->c->position;
    bool compacted;
    if (!p->forget_lsn || position_begun(p, w->table->full_name))
        return ERR_OK;
    enum err rc = topic_compacted(w, envelope_table_topic(w->table->envelope), &compacted, e);
    if (rc)
        return rc;
    if (compacted) { /* it refuses a record without a key, as a truncate is */
        log_warning("capture",
                    "%s: %s is compacted and takes no truncate: rows of %s that were deleted while "
                    "there was no slot stay in the warehouse",
                    w->c->o->name, envelope_table_topic(w->table->envelope), w->table->full_name);
        return ERR_OK;
    }
    struct change_context cx = w->cx;
    cx.lsn = p->forget_lsn;
    cx.snapshot = "true";
    cx.now_ns = clock_wall_ns();
    rc = need_chunk(w, e);
    return rc ? rc
              : change_append(w->tables, w->table, CHANGE_FORGET, NULL, NULL, &cx, w->chunk, e);
}

static enum err read_table(struct worker *w, const struct source_table *t, struct errbuf *e)
{
    struct relation *r = NULL;
    int64_t began = clock_mono_us();
    enum err rc = source_relation(w->source, t->schema, t->name, &r, e);
    if (!rc)
        rc = change_tables_get(w->tables, r, NULL, &w->table, e);
    if (rc)
        goto out;
    free(w->held.cells);
    w->held.cells = calloc((size_t)r->n_columns + 1, sizeof *w->held.cells);
    if (!w->held.cells) {
        rc = err_set(e, ERR_NOMEM, "no memory for a row of %s", w->table->full_name);
        goto out;
    }
    w->held.any = false;
    w->begun = false;
    w->rows = 0;
    rc = forget(w, e);
    if (!rc)
        rc = source_copy(w->source, r, NULL, take_row, w, e);
    if (!rc)
        rc = finish_table(w, e);
    if (!rc)
        log_info("capture", "%s: snapshot of %s: %lld rows in %.1f s", w->c->o->name,
                 w->table->full_name, (long long)w->rows, (double)(clock_mono_us() - began) / 1e6);
out:
    relation_unref(r);
    if (rc && rc != ERR_CANCELED)
        (void)err_prefix(e, "snapshot of %s.%s", t->schema, t->name);
    return rc;
}

static const struct source_table *take_table(struct worker *w)
{
    const struct source_table *t = NULL;
    struct shared *s = w->shared;
    (void)pthread_mutex_lock(&s->mutex);
    if (s->next < s->n_todo && !s->failed) {
        w->index = s->next;
        t = s->todo[s->next++];
    }
    (void)pthread_mutex_unlock(&s->mutex);
    return t;
}

static void *worker_main(void *arg)
{
    struct worker *w = arg;
    const struct source_table *t;
    (void)stop_bind(w->stop);
    while (!w->result && (t = take_table(w)) != NULL)
        w->result = read_table(w, t, &w->error);
    if (w->result) {
        (void)pthread_mutex_lock(&w->shared->mutex);
        w->shared->failed = true;
        (void)pthread_mutex_unlock(&w->shared->mutex);
    }
    publisher_give_back(w->c->publisher, w->chunk);
    w->chunk = NULL;
    return NULL;
}

static enum err start_worker(struct worker *w, struct capture *c, const struct snapshot_plan *plan,
                             struct shared *shared, struct errbuf *e)
{
    *w = (struct worker){.c = c, .plan = plan, .shared = shared, .stop = stop_bound()};
    buf_init(&w->held.bytes, 0);
    w->cx = (struct change_context){.lsn = plan->lsn, .source_us = plan->taken_us};
    w->tables = change_tables_create(&c->changes);
    if (!w->tables)
        return err_set(e, ERR_NOMEM, "no memory for the snapshot");
    c->worker_tables[c->n_workers++] = w->tables;
    enum err rc = source_open(c->o->source->conninfo, &w->source, e);
    if (!rc)
        rc = source_begin_snapshot(w->source, plan->snapshot, e);
    if (rc)
        return rc;
    if (pthread_create(&w->thread, NULL, worker_main, w) != 0)
        return err_set(e, ERR_NOMEM, "cannot start a snapshot thread");
    w->started = true;
    return ERR_OK;
}

/* Joins the workers; the first error that is not a mere consequence is the run's. */
static enum err join_workers(struct worker *workers, int n, enum err rc, struct errbuf *e)
{
    for (int i = 0; i < n; i++) {
        struct worker *w = &workers[i];
        if (w->started)
            (void)pthread_join(w->thread, NULL);
        source_close(w->source);
        buf_free(&w->held.bytes);
        free(w->held.cells);
        if (w->result && (!rc || rc == ERR_CANCELED)) {
            rc = w->result;
            if (e)
                *e = w->error;
        }
    }
    return rc;
}

/* The stream of this run has to know them too. */
static enum err keep_horizons(struct capture *c, const struct snapshot_plan *plan,
                              const struct shared *s, struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (int i = 0; i < s->n_todo && !rc; i++) {
        char name[512];
        (void)snprintf(name, sizeof name, "%s.%s", s->todo[i]->schema, s->todo[i]->name);
        rc = position_add_table(&c->position, name, horizon_of(c, plan, name), e);
    }
    return rc;
}

static enum err say_done(struct capture *c, struct errbuf *e)
{
    struct chunk *last;
    enum err rc = publisher_chunk(c->publisher, -1, &last, e);
    if (rc)
        return rc;
    last->finishes_snapshot = true;
    return publisher_push(c->publisher, last) ? err_set(e, ERR_CANCELED, "the publisher has ended")
                                              : ERR_OK;
}

enum err snapshot_run(struct capture *c, const struct snapshot_plan *plan, struct errbuf *e)
{
    struct worker workers[WORKERS_MAX];
    struct shared shared = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    enum err rc = ERR_OK;
    int n = 0;
    shared.todo = calloc((size_t)c->tables.n + 1, sizeof *shared.todo);
    c->worker_tables = calloc(WORKERS_MAX, sizeof *c->worker_tables);
    if (!shared.todo || !c->worker_tables) {
        rc = err_set(e, ERR_NOMEM, "no memory for the snapshot");
        goto out;
    }
    for (int i = 0; i < c->tables.n; i++) {
        struct source_table *t = &c->tables.items[i];
        char name[512];
        (void)snprintf(name, sizeof name, "%s.%s", t->schema, t->name);
        if (connector_table_snapshotted(c->o->source, t->schema, t->name) &&
            !position_horizon(&c->position, name))
            shared.todo[shared.n_todo++] = t;
    }
    atomic_store(&c->o->figures->snapshot_tables, c->tables.n);
    atomic_store(&c->o->figures->snapshot_done, c->tables.n - shared.n_todo);
    log_info("capture", "%s: snapshot of %d tables (%d are through already)", c->o->name,
             shared.n_todo, c->tables.n - shared.n_todo);
    int want = c->o->source->snapshot_threads < WORKERS_MAX ? (int)c->o->source->snapshot_threads
                                                            : WORKERS_MAX;
    if (want > shared.n_todo)
        want = shared.n_todo;
    while (n < want && !rc)
        rc = start_worker(&workers[n++], c, plan, &shared, e);
    if (rc) {
        (void)pthread_mutex_lock(&shared.mutex);
        shared.failed = true;
        (void)pthread_mutex_unlock(&shared.mutex);
    }
    rc = join_workers(workers, n, rc, e);
    if (!rc)
        rc = keep_horizons(c, plan, &shared, e);
    if (!rc)
        rc = say_done(c, e);
out:
    atomic_store(&c->o->figures->snapshot_tables, 0);
    free(shared.todo);
    return rc;
}
