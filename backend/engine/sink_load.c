/*
 * The loader thread: one batch, one warehouse transaction.
 *
 * Rows first, table by table; a table's rows that the warehouse calls faulty are halved until the
 * faulty ones stand alone. Then the dead letters go to Kafka and are acknowledged; only then
 * offsets and the batch's row are written and all is committed. So a row is in the table or in the
 * dead-letter topic before the offset moves past it (a crash between the two repeats a dead letter,
 * never loses one).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/engine/sink_run.h"

enum {
    DEAD_FETCH_BYTES = 1 << 20,
    DEAD_FLUSH_US = 30000000,
    DEAD_POLL_US = 200000,
    DEAD_SKIP = 2000, /* records are rather read over than sought */
};

/* ---- batches ---- */

void sink_batch_clear(struct sink_batch *b)
{
    for (int i = 0; i < b->n_topics; i++) {
        if (b->topics[i].rows)
            wbatch_clear(b->topics[i].rows);
        b->topics[i].truncate_first = false;
        b->topics[i].newest_commit_us = 0;
    }
    for (int i = 0; i < b->n_dead; i++)
        free(b->dead[i].reason);
    free(b->dead);
    b->dead = NULL;
    b->n_dead = 0;
    b->n_moves = 0;
    b->rows = b->bytes = 0;
    b->began_us = 0;
    b->newest_commit_us = 0;
}

void sink_batch_free(struct sink_batch *b)
{
    sink_batch_clear(b);
    for (int i = 0; i < b->n_topics; i++) {
        wbatch_destroy(b->topics[i].rows);
        free(b->topics[i].partitions);
        free(b->topics[i].offsets);
    }
    free(b->topics);
    free(b->moves);
    b->topics = NULL; /* one by one: rows and bytes are read by the status meanwhile */
    b->moves = NULL;
    b->n_topics = b->moves_capacity = 0;
    b->id = 0;
}

enum err sink_batch_dead(struct sink_batch *b, const char *topic, int32_t partition, int64_t offset,
                         const struct errbuf *why, struct errbuf *e)
{
    struct sink_dead *d = realloc(b->dead, (size_t)(b->n_dead + 1) * sizeof *d);
    char *copy = strdup(why->text);
    if (d)
        b->dead = d;
    if (!d || !copy) {
        free(copy);
        return err_set(e, ERR_NOMEM, "no memory for a dead letter");
    }
    d[b->n_dead] = (struct sink_dead){topic, partition, offset, copy, ""};
    memcpy(d[b->n_dead++].sqlstate, why->sqlstate, sizeof d->sqlstate);
    b->bytes += (int64_t)(sizeof *d + strlen(copy)); /* a batch of nothing else is bounded too */
    return ERR_OK;
}

/* ---- rows ---- */

static enum err write_rows(struct sink *s, struct sink_topic *t, struct wbatch *rows, int from,
                           int to, struct errbuf *e)
{
    if (s->o->sink->insert_mode != INSERT_UPSERT)
        return warehouse_insert(s->warehouse, t->schema, t->table, rows, from, to, e);
    struct upsert_plan plan = {.key = t->key,
                               .n_key = t->n_key,
                               .op_column = t->op_column,
                               .deletes = s->o->sink->delete_enabled};
    return warehouse_upsert(s->warehouse, t->schema, t->table, rows, from, to, &plan, e);
}

/* Halves a faulty range until each faulty row stands alone. */
static enum err load_range(struct sink *s, struct sink_batch *b, struct sink_topic *t, int from,
                           int to, struct errbuf *e)
{
    struct sink_rows *r = &b->topics[t->index];
    enum err rc = write_rows(s, t, r->rows, from, to, e);
    if (rc != ERR_DATA || !s->o->sink->tolerate_errors)
        return rc;
    if (to - from > 1) {
        int middle = from + (to - from) / 2;
        rc = load_range(s, b, t, from, middle, e);
        return rc ? rc : load_range(s, b, t, middle, to, e);
    }
    b->rows--;
    return sink_batch_dead(b, t->name, r->partitions[from], r->offsets[from], e, e);
}

static enum err empty_table(struct sink *s, const struct sink_topic *t, int64_t lsn,
                            struct errbuf *e)
{
    struct buf sql;
    buf_init(&sql, 0);
    buf_lit(&sql, "DELETE FROM ");
    buf_ident(&sql, t->schema);
    buf_ch(&sql, '.');
    buf_ident(&sql, t->table);
    if (lsn && t->lsn_column >= 0) { /* younger rows may have come by another partition */
        buf_lit(&sql, " WHERE ");
        buf_ident(&sql, t->columns[t->lsn_column].name);
        buf_lit(&sql, " IS NULL OR ");
        buf_ident(&sql, t->columns[t->lsn_column].name);
        buf_lit(&sql, " < ");
        buf_i64(&sql, lsn);
    }
    enum err rc = buf_check(&sql, "a statement", e);
    if (!rc)
        rc = warehouse_exec(s->warehouse, buf_cstr(&sql), 0, NULL, NULL, e);
    buf_free(&sql);
    return rc;
}

static enum err load_rows(struct sink *s, struct sink_batch *b, struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (int i = 0; i < s->n_topics && !rc; i++) {
        struct sink_topic *t = &s->topics[i];
        struct sink_rows *r = &b->topics[i];
        if (r->truncate_first)
            rc = empty_table(s, t, r->truncate_lsn, e);
        if (!rc && r->rows && wbatch_rows(r->rows))
            rc = load_range(s, b, t, 0, wbatch_rows(r->rows), e);
        if (rc)
            (void)err_prefix(e, "%s.%s", t->schema, t->table);
    }
    return rc;
}

/* ---- dead letters ---- */

/* The record's own headers (its schema's name is among them), then where it was and why. */
struct letter {
    struct kafka_header *headers;
    int n, capacity;
    bool failed;
};

static void add_header(void *arg, const char *name, const void *value, size_t len)
{
    struct letter *l = arg;
    if (l->n == l->capacity) {
        int capacity = l->capacity ? l->capacity * 2 : 16;
        struct kafka_header *grown = realloc(l->headers, (size_t)capacity * sizeof *grown);
        l->failed |= !grown;
        if (!grown)
            return;
        l->headers = grown;
        l->capacity = capacity;
    }
    l->headers[l->n++] = (struct kafka_header){name, value, len};
}

static void add_text(struct letter *l, const char *name, const char *text)
{
    add_header(l, name, text, strlen(text));
}

static enum err send_dead(struct sink *s, const struct sink_dead *d, const struct kafka_record *r,
                          struct errbuf *e)
{
    char partition[16];
    char offset[24];
    struct letter l = {0};
    (void)snprintf(partition, sizeof partition, "%d", (int)d->partition);
    (void)snprintf(offset, sizeof offset, "%lld", (long long)d->offset);
    kafka_record_headers(r, add_header, &l);
    if (s->o->sink->dead_letter_headers) {
        add_text(&l, "__connect.errors.topic", d->topic);
        add_text(&l, "__connect.errors.partition", partition);
        add_text(&l, "__connect.errors.offset", offset);
        add_text(&l, "__connect.errors.connector.name", s->o->name);
        add_text(&l, "__connect.errors.task.id", "0");
        add_text(&l, "__connect.errors.stage", "TASK_PUT");
        add_text(&l, "__connect.errors.exception.message", d->reason);
    }
    enum err rc = l.failed ? err_set(e, ERR_NOMEM, "no memory for a dead letter") : ERR_OK;
    if (!rc)
        rc = kafka_producer_send(s->dead_producer, s->o->dead_letter_topic, -1, r->key, r->key_len,
                                 r->value, r->value_len, l.headers, l.n, e);
    free(l.headers);
    return rc;
}

/* The topic is made with the first dead letter; brokers that make topics by themselves would choose
 * its settings. */
static enum err open_dead_letters(struct sink *s, struct errbuf *e)
{
    const struct kafka_topic_spec spec = {s->o->dead_letter_topic, 1,
                                          (int)s->o->sink->dead_letter_replication_factor, NULL};
    struct kafka_admin *admin = NULL;
    enum err rc = kafka_admin_create(s->o->kafka, &admin, e);
    if (!rc)
        rc = kafka_admin_ensure_topics(admin, &spec, 1, e);
    kafka_admin_destroy(admin);
    return rc ? rc : kafka_producer_create(s->o->kafka, NULL, &s->dead_producer, e);
}

/* Reads from where the consumer stands up to the dead record, and sends that. */
static enum err forward_dead(struct sink *s, struct kafka_consumer *c, const struct sink_dead *d,
                             struct errbuf *e)
{
    for (;;) {
        struct kafka_record r;
        if (s->stop)
            return err_set(e, ERR_CANCELED, "stopped");
        enum err rc = kafka_consumer_poll(c, DEAD_POLL_US, &r, e);
        if (rc == ERR_TIMEOUT)
            continue;
        if (rc == ERR_NOT_FOUND || (!rc && r.offset > d->offset)) {
            if (!rc)
                kafka_record_free(&r);
            return err_set(e, ERR_RETRY,
                           "%s/%d: record %lld for the dead-letter topic is gone by now", d->topic,
                           (int)d->partition, (long long)d->offset);
        }
        if (rc)
            return rc;
        bool found = r.offset == d->offset;
        if (found)
            rc = send_dead(s, d, &r, e);
        kafka_record_free(&r);
        if (found || rc)
            return rc;
    }
}

static int by_place(const void *a, const void *b)
{
    const struct sink_dead *x = a;
    const struct sink_dead *y = b;
    int c = strcmp(x->topic, y->topic);
    if (!c)
        c = x->partition - y->partition;
    return c ? c : (x->offset > y->offset) - (x->offset < y->offset);
}

/*
 * Reads the records once more: keeping the bytes of every row for the rare bad one would cost too
 * much. In the order of the topics, and on from one to the next where they lie close together: a
 * topic full of bad records is read once, not sought for each of them.
 */
static enum err forward_all(struct sink *s, struct kafka_consumer *c, struct sink_batch *b,
                            struct errbuf *e)
{
    enum err rc = ERR_OK;
    qsort(b->dead, (size_t)b->n_dead, sizeof *b->dead, by_place);
    for (int i = 0; i < b->n_dead && !rc; i++) {
        const struct sink_dead *d = &b->dead[i];
        const struct sink_dead *last = i ? d - 1 : NULL;
        bool near = last && !strcmp(last->topic, d->topic) && last->partition == d->partition &&
                    d->offset - last->offset <= DEAD_SKIP;
        struct kafka_position at = {d->topic, d->partition, d->offset};
        if (!near)
            rc = kafka_consumer_assign(c, &at, 1, e);
        if (!rc)
            rc = forward_dead(s, c, d, e);
    }
    return rc;
}

/* A broker holds a fetch back until there is something to send; a new assignment would wait for the
 * old one's. */
static enum err open_reader(const struct sink *s, struct kafka_consumer **out, struct errbuf *e)
{
    int n = 0;
    while (s->o->kafka[n])
        n++;
    const char **settings = calloc((size_t)n + 3, sizeof *settings);
    if (!settings)
        return err_set(e, ERR_NOMEM, "no memory for settings");
    memcpy(settings, s->o->kafka, (size_t)n * sizeof *settings);
    settings[n] = "fetch.wait.max.ms";
    settings[n + 1] = "5";
    enum err rc = kafka_consumer_create(settings, NULL, DEAD_FETCH_BYTES, out, e);
    free(settings);
    return rc;
}

/*
 * Where the letter is and what kind of fault it was. The reason in full quotes the row, so it
 * stands in the letter's headers alone: who may read the log need not be one who may read the data.
 */
static void say_dead(const struct sink *s, const struct sink_dead *d)
{
    static const char lead[] = "column "; /* how flat_decode names the column at fault */
    const char *table = "?";
    const char *schema = "?";
    const char *name = "";
    int len = 0;
    for (int i = 0; i < s->n_topics; i++)
        if (s->topics[i].name == d->topic) {
            schema = s->topics[i].schema;
            table = s->topics[i].table;
        }
    if (!d->sqlstate[0] && !strncmp(d->reason, lead, sizeof lead - 1)) {
        name = d->reason + sizeof lead - 1;
        len = (int)strcspn(name, ":");
    }
    log_warning("sink", "%s: %s/%d offset %lld went to %s, not to %s.%s: %s%s%s%.*s", s->o->name,
                d->topic, (int)d->partition, (long long)d->offset, s->o->dead_letter_topic, schema,
                table, d->sqlstate[0] ? "SQLSTATE " : "not a row of this table", d->sqlstate,
                len ? ", column " : "", len, name);
}

static enum err bury(struct sink *s, struct sink_batch *b, struct errbuf *e)
{
    struct kafka_consumer *c = NULL;
    enum err rc = ERR_OK;
    if (!b->n_dead)
        return ERR_OK;
    if (!s->o->sink->tolerate_errors)
        return err_set(
            e, ERR_DATA,
            "%s/%d offset %lld: %s (errors.tolerance=none: set it to all to pass such records "
            "to the dead-letter topic)",
            b->dead[0].topic, (int)b->dead[0].partition, (long long)b->dead[0].offset,
            b->dead[0].reason);
    if (!s->dead_producer)
        rc = open_dead_letters(s, e);
    if (!rc)
        rc = open_reader(s, &c, e);
    if (!rc)
        rc = forward_all(s, c, b, e);
    if (!rc)
        rc = kafka_producer_flush(s->dead_producer, DEAD_FLUSH_US, e);
    for (int i = 0; i < b->n_dead && !rc; i++)
        say_dead(s, &b->dead[i]);
    kafka_consumer_destroy(c);
    if (rc)
        (void)err_prefix(e, "dead letters");
    return rc;
}

/* ---- the transaction ---- */

static void count_batch(struct sink *s, const struct sink_batch *b)
{
    struct figures *f = s->o->figures;
    (void)atomic_fetch_add(&f->records, b->rows);
    (void)atomic_fetch_add(&f->bytes, b->bytes);
    (void)atomic_fetch_add(&f->dead_letters, b->n_dead);
    (void)atomic_fetch_add(&f->commits, 1);
    if (b->newest_commit_us) {
        atomic_store(&f->newest_commit_us, b->newest_commit_us);
        atomic_store(&f->last_latency_us, clock_wall_us() - b->newest_commit_us);
    }
}

static void tell_rows(struct sink *s, const struct sink_batch *b)
{
    for (int i = 0; i < b->n_topics && s->o->on_rows; i++) {
        const struct sink_rows *x = &b->topics[i];
        const struct sink_told told = {
            .topic = s->topics[i].name,
            .table = s->topics[i].table,
            .rows = x->rows ? (int64_t)wbatch_rows(x->rows) : 0,
            .newest_commit_us = x->newest_commit_us,
        };
        if (x->truncate_first || told.rows)
            s->o->on_rows(s->o->arg, &told);
    }
}

static enum err load(struct sink *s, struct sink_batch *b, struct errbuf *e)
{
    enum err rc = warehouse_begin(s->warehouse, e);
    if (!rc)
        rc = load_rows(s, b, e);
    if (!rc)
        rc = bury(s, b, e);
    if (!rc)
        rc = warehouse_offsets_write(s->warehouse, s->o->schema, s->o->name, b->id, b->rows,
                                     b->bytes, b->moves, b->n_moves, e);
    if (!rc)
        rc = warehouse_commit(s->warehouse, e);
    struct errbuf ignored;
    if (!rc) {
        count_batch(s, b);
        tell_rows(s, b);
    } else if (warehouse_rollback(s->warehouse, &ignored) != ERR_OK) {
        log_debug("sink", "%s: rollback: %s", s->o->name,
                  ignored.text); /* it is closed right after */
    }
    return rc;
}

/* For the status, and for other tools that look at the consumer group: the warehouse's own offsets
 * are what counts. */
static void report_offsets(struct sink *s, const struct sink_batch *b)
{
    for (int i = 0; i < b->n_moves; i++) {
        const struct offset_move *m = &b->moves[i];
        struct kafka_position at = {m->topic, m->partition, m->to};
        if (m->partition == TRUNCATE_PARTITION)
            continue;
        kafka_consumer_report(s->consumer, &at, 1);
        for (int t = 0; t < s->n_topics; t++)
            if (s->topics[t].name == m->topic)
                s->topics[t].partitions[m->partition].committed = m->to;
    }
}

static void *loader_main(void *arg)
{
    struct sink *s = arg;
    (void)pthread_mutex_lock(&s->mutex);
    for (;;) {
        while (!s->work && !s->closing)
            (void)pthread_cond_wait(&s->changed, &s->mutex);
        if (!s->work)
            break;
        struct sink_batch *b = s->work;
        (void)pthread_mutex_unlock(&s->mutex);
        struct errbuf e;
        enum err rc = load(s, b, &e);
        if (!rc)
            report_offsets(s, b);
        sink_batch_clear(b);
        (void)pthread_mutex_lock(&s->mutex);
        s->work = NULL;
        if (rc) {
            s->load_result = rc;
            s->load_error = e;
            s->failed = true;
        }
        (void)pthread_cond_broadcast(&s->changed);
        if (rc)
            break;
    }
    (void)pthread_mutex_unlock(&s->mutex);
    if (s->failed)
        kafka_consumer_interrupt(s->consumer);
    return NULL;
}

enum err sink_loader_start(struct sink *s, struct errbuf *e)
{
    s->work = NULL;
    s->closing = s->failed = false;
    if (pthread_create(&s->loader, NULL, loader_main, s) != 0)
        return err_set(e, ERR_NOMEM, "cannot start the loader's thread");
    s->loader_started = true;
    return ERR_OK;
}

bool sink_loader_idle(struct sink *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    bool idle = !s->work;
    (void)pthread_mutex_unlock(&s->mutex);
    return idle;
}

/* The mutex is held. */
static enum err wait_idle(struct sink *s, struct errbuf *e)
{
    while (s->work && !s->failed)
        (void)pthread_cond_wait(&s->changed, &s->mutex);
    if (!s->failed)
        return ERR_OK;
    if (e)
        *e = s->load_error;
    return s->load_result;
}

enum err sink_loader_wait(struct sink *s, struct errbuf *e)
{
    (void)pthread_mutex_lock(&s->mutex);
    enum err rc = wait_idle(s, e);
    (void)pthread_mutex_unlock(&s->mutex);
    return rc;
}

static enum err add_move(struct sink_batch *b, const struct offset_move *move, struct errbuf *e)
{
    if (b->n_moves == b->moves_capacity) {
        int capacity = b->moves_capacity ? b->moves_capacity * 2 : 8;
        struct offset_move *m = realloc(b->moves, (size_t)capacity * sizeof *m);
        if (!m)
            return err_set(e, ERR_NOMEM, "no memory for offsets");
        b->moves = m;
        b->moves_capacity = capacity;
    }
    b->moves[b->n_moves++] = *move;
    return ERR_OK;
}

/* Which offsets this batch moves; afterwards `stored` is what the warehouse will have. */
static enum err note_moves(struct sink *s, struct sink_batch *b, struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (int i = 0; i < s->n_topics && !rc; i++) {
        struct sink_topic *t = &s->topics[i];
        bool any = false;
        for (int p = 0; p < t->n_partitions && !rc; p++) {
            struct sink_partition *x = &t->partitions[p];
            if (!x->touched)
                continue;
            any = true;
            rc = add_move(b, &(struct offset_move){t->name, p, x->stored, x->next}, e);
            x->stored = x->next;
            x->touched = false;
        }
        if (rc || !any || t->truncated <= t->truncated_stored || !t->truncated)
            continue;
        rc = add_move(
            b,
            &(struct offset_move){t->name, TRUNCATE_PARTITION, t->truncated_stored, t->truncated},
            e);
        t->truncated_stored = t->truncated;
    }
    return rc;
}

enum err sink_hand_over(struct sink *s, struct errbuf *e)
{
    struct sink_batch *b = s->filling;
    enum err rc = note_moves(s, b, e);
    if (rc || !b->n_moves)
        return rc;
    (void)pthread_mutex_lock(&s->mutex);
    rc = wait_idle(s, e);
    if (!rc) {
        s->work = b;
        s->last_batch = b->id;
        s->filling = b == &s->batches[0] ? &s->batches[1] : &s->batches[0];
        s->filling->id = b->id + 1;
        (void)pthread_cond_broadcast(&s->changed);
    }
    (void)pthread_mutex_unlock(&s->mutex);
    return rc;
}

void sink_loader_join(struct sink *s)
{
    if (!s->loader_started)
        return;
    (void)pthread_mutex_lock(&s->mutex);
    s->closing = true;
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->mutex);
    (void)pthread_join(s->loader, NULL);
    s->loader_started = false;
}
