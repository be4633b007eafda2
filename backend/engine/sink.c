#include "backend/engine/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/engine/sink_run.h"

enum {
    FETCH_BYTES = 6 << 20, /* of all sinks together */
    FETCH_LEAST = 1 << 20,
    FETCH_MOST = 3 << 20,
    BATCH_LEAST = 256 << 10,
    ARENA_BLOCK = 64 * 1024,
    IDLE_US = 500000,
    BUSY_US = 2000,            /* while the loader works on the other batch */
    DISCOVER_WAIT_US = 300000, /* until the first topic is there */
    DISCOVER_EVERY_US = 5000000,
    NUMBER_MAX = 24,
};

struct sink *sink_create(const struct sink_options *o)
{
    struct sink *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->o = o;
    (void)pthread_mutex_init(&s->mutex, NULL);
    (void)pthread_cond_init(&s->changed, NULL);
    (void)pthread_mutex_init(&s->view_mutex, NULL);
    return s;
}

void sink_destroy(struct sink *s)
{
    if (!s)
        return;
    (void)pthread_cond_destroy(&s->changed);
    (void)pthread_mutex_destroy(&s->mutex);
    (void)pthread_mutex_destroy(&s->view_mutex);
    free(s);
}

void sink_stop(struct sink *s)
{
    s->stop = true;
    (void)pthread_mutex_lock(&s->mutex);
    if (s->consumer)
        kafka_consumer_interrupt(s->consumer);
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->mutex);
}

/* Nothing stored is the beginning, once the warehouse has been asked; before that it is unknown. */
static int64_t shown_position(const struct sink *s, const struct sink_partition *p)
{
    if (p->committed >= 0)
        return p->committed;
    return s->placed ? 0 : -1;
}

bool sink_position(struct sink *s, const char *topic, int partition, int64_t *at)
{
    bool found = false;
    (void)pthread_mutex_lock(&s->view_mutex);
    for (int i = 0; i < s->n_topics && !found; i++) {
        const struct sink_topic *t = &s->topics[i];
        if (strcmp(t->name, topic) != 0 || partition >= t->n_partitions)
            continue;
        *at = shown_position(s, &t->partitions[partition]);
        found = true;
    }
    (void)pthread_mutex_unlock(&s->view_mutex);
    return found;
}

void sink_positions(struct sink *s,
                    void (*told)(void *arg, const char *topic, int partition, int64_t at),
                    void *arg)
{
    (void)pthread_mutex_lock(&s->view_mutex);
    for (int i = 0; i < s->n_topics; i++) {
        const struct sink_topic *t = &s->topics[i];
        for (int p = 0; p < t->n_partitions; p++)
            told(arg, t->name, p, shown_position(s, &t->partitions[p]));
    }
    (void)pthread_mutex_unlock(&s->view_mutex);
}

void sink_held(const struct sink *s, int64_t *rows, int64_t *bytes)
{
    *rows = s->batches[0].rows + s->batches[1].rows;
    *bytes = s->batches[0].bytes + s->batches[1].bytes;
}

static bool upsert(const struct sink *s)
{
    return s->o->sink->insert_mode == INSERT_UPSERT;
}

/* This sink's part of what all of them may hold. */
static int64_t share(const struct sink *s, int64_t bytes, int64_t least)
{
    int n = atomic_load(s->o->n_sinks);
    int64_t part = n > 1 ? bytes / n : bytes;
    return part < least ? least : part;
}

static size_t fetch_bytes(const struct sink *s)
{
    int64_t n = share(s, FETCH_BYTES, FETCH_LEAST);
    return n > FETCH_MOST ? FETCH_MOST : (size_t)n;
}

/* ---- topics and offsets ---- */

static bool wanted(const struct sink *s, const char *topic)
{
    /* its own dead letters are not read again, whatever the expression */
    return strcmp(topic, s->o->dead_letter_topic) != 0 &&
           connector_topic_included(s->o->sink, topic);
}

static struct sink_topic *find_topic(struct sink *s, const char *name)
{
    for (int i = 0; i < s->n_topics; i++)
        if (!strcmp(s->topics[i].name, name))
            return &s->topics[i];
    return NULL;
}

static enum err name_table(const struct sink *s, struct sink_topic *t, struct errbuf *e)
{
    struct buf schema;
    struct buf table;
    buf_init(&schema, sizeof t->schema - 1);
    buf_init(&table, sizeof t->table - 1);
    connector_table_name(s->o->sink, t->name, &schema, &table);
    enum err rc = buf_check(&schema, "a schema's name", e);
    if (!rc)
        rc = buf_check(&table, "a table's name", e);
    if (!rc) {
        memcpy(t->schema, schema.p, schema.len);
        memcpy(t->table, table.p, table.len);
    }
    buf_free(&schema);
    buf_free(&table);
    return rc;
}

static enum err fill_topic(struct sink *s, struct sink_topic *t,
                           const struct kafka_topic_info *info, struct errbuf *e)
{
    *t = (struct sink_topic){.index = s->n_topics};
    t->name = strdup(info->name);
    t->partitions = calloc((size_t)info->n_partitions, sizeof *t->partitions);
    if (!t->name || !t->partitions)
        return err_set(e, ERR_NOMEM, "no memory for a topic");
    t->n_partitions = info->n_partitions;
    t->truncated_stored = -1;
    for (int p = 0; p < info->n_partitions; p++) {
        t->partitions[p].stored = -1;
        t->partitions[p].committed = -1;
        t->partitions[p].next = KAFKA_OFFSET_BEGINNING;
    }
    return name_table(s, t, e);
}

static enum err add_topic(struct sink *s, const struct kafka_topic_info *info, struct errbuf *e)
{
    enum err rc = ERR_OK;
    (void)pthread_mutex_lock(&s->view_mutex);
    struct sink_topic *grown = realloc(s->topics, (size_t)(s->n_topics + 1) * sizeof *grown);
    if (grown) {
        s->topics = grown;
        rc = fill_topic(s, &grown[s->n_topics], info, e);
        s->n_topics++;
    } else {
        rc = err_set(e, ERR_NOMEM, "no memory for a topic");
    }
    (void)pthread_mutex_unlock(&s->view_mutex);
    return rc;
}

/* A topic's topic of schemas: <prefix>.__schemas, of the longest prefix that is there. Schemas and
 * tables may have dots in their names, so the name of a topic alone does not tell; where none is
 * there (a foreign topic) its last two parts lead to one that nothing asks for. */
static void name_schemas(struct sink_topic *t, const struct kafka_topics *all)
{
    static const char end[] = ".__schemas";
    size_t best = 0;
    for (int i = 0; i < all->n; i++) {
        const char *name = all->items[i].name;
        size_t n = strlen(name);
        size_t prefix = n < sizeof end ? 0 : n - (sizeof end - 1);
        if (prefix <= best || n >= sizeof t->schemas_topic || strcmp(name + prefix, end) != 0 ||
            strncmp(name, t->name, prefix + 1) != 0)
            continue;
        best = prefix;
        memcpy(t->schemas_topic, name, n + 1);
    }
    if (best)
        return;
    const char *stop = t->name + strlen(t->name);
    for (int dots = 0; stop > t->name && dots < 2;)
        dots += *--stop == '.';
    (void)snprintf(t->schemas_topic, sizeof t->schemas_topic, "%.*s%s", (int)(stop - t->name),
                   t->name, end);
}

/* The topics that are there now; none: s->n_topics stays 0. */
static enum err list_topics(struct sink *s, struct kafka_admin *admin, struct errbuf *e)
{
    struct kafka_topics all = {0};
    enum err rc = kafka_admin_topics(admin, NULL, false, false, &all, e);
    for (int i = 0; i < all.n && !rc; i++)
        if (wanted(s, all.items[i].name))
            rc = add_topic(s, &all.items[i], e);
    for (int i = 0; i < s->n_topics && !rc; i++)
        name_schemas(&s->topics[i], &all);
    kafka_topics_free(&all);
    return rc;
}

static int missing_topics(struct sink *s)
{
    int n = 0;
    for (int i = 0; s->o->sink->topics && s->o->sink->topics[i]; i++)
        n += !find_topic(s, s->o->sink->topics[i]);
    return n;
}

/* True when the topics have more partitions than this run knows, or a wanted topic is new: the run
 * starts anew. */
static enum err topics_changed(struct sink *s, bool *changed, struct errbuf *e)
{
    struct kafka_topics all = {0};
    *changed = false;
    enum err rc = kafka_consumer_topics(s->consumer, &all, e);
    for (int i = 0; i < all.n && !rc; i++) {
        if (!wanted(s, all.items[i].name))
            continue;
        const struct sink_topic *t = find_topic(s, all.items[i].name);
        if (!t || t->n_partitions < all.items[i].n_partitions)
            *changed = true;
    }
    kafka_topics_free(&all);
    return rc;
}

static enum err pause_us(struct sink *s, int64_t us)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)us * 1000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_mutex_lock(&s->mutex);
    if (!s->stop)
        (void)pthread_cond_timedwait(&s->changed, &s->mutex, &until);
    (void)pthread_mutex_unlock(&s->mutex);
    return s->stop ? ERR_CANCELED : ERR_OK;
}

static enum err wait_for_topics(struct sink *s, struct errbuf *e)
{
    struct kafka_admin *admin = NULL;
    enum err rc = kafka_admin_create(s->o->kafka, &admin, e);
    if (!rc)
        rc = list_topics(s, admin, e);
    if (!rc && !s->n_topics)
        s->o->on_detail(s->o->arg, true, "waiting for its topics");
    while (!rc && !s->n_topics) {
        rc = pause_us(s, DISCOVER_WAIT_US);
        if (!rc)
            rc = list_topics(s, admin, e);
    }
    kafka_admin_destroy(admin);
    return rc;
}

static enum err read_offsets(struct sink *s, struct errbuf *e)
{
    struct stored_offset *stored = NULL;
    int n = 0;
    enum err rc = warehouse_offsets_ensure(s->warehouse, s->o->schema, e);
    if (!rc)
        rc = warehouse_offsets_read(s->warehouse, s->o->schema, s->o->name, &s->last_batch, &stored,
                                    &n, e);
    for (int i = 0; i < n && !rc; i++) {
        struct sink_topic *t = find_topic(s, stored[i].topic);
        if (!t || stored[i].partition >= t->n_partitions)
            continue;
        if (stored[i].partition == TRUNCATE_PARTITION) {
            t->truncated = t->truncated_stored = stored[i].next_offset;
            continue;
        }
        t->partitions[stored[i].partition].stored = stored[i].next_offset;
        t->partitions[stored[i].partition].next = stored[i].next_offset;
        t->partitions[stored[i].partition].committed = stored[i].next_offset;
    }
    free(stored);
    s->placed = rc == ERR_OK;
    return rc;
}

static enum err assign(struct sink *s, struct errbuf *e)
{
    int n = 0;
    for (int i = 0; i < s->n_topics; i++)
        n += s->topics[i].n_partitions;
    struct kafka_position *at = calloc((size_t)n, sizeof *at);
    if (!at)
        return err_set(e, ERR_NOMEM, "no memory for partitions");
    int k = 0;
    for (int i = 0; i < s->n_topics; i++)
        for (int p = 0; p < s->topics[i].n_partitions; p++)
            at[k++] =
                (struct kafka_position){s->topics[i].name, p, s->topics[i].partitions[p].next};
    enum err rc = kafka_consumer_assign(s->consumer, at, n, e);
    free(at);
    return rc;
}

/* ---- one record ---- */

static enum err room_for_row(struct sink_rows *r, int rows, struct errbuf *e)
{
    if (rows < r->capacity)
        return ERR_OK;
    int capacity = r->capacity ? r->capacity * 2 : 256;
    int32_t *p = realloc(r->partitions, (size_t)capacity * sizeof *p);
    if (p)
        r->partitions = p;
    int64_t *o = realloc(r->offsets, (size_t)capacity * sizeof *o);
    if (o)
        r->offsets = o;
    if (!p || !o)
        return err_set(e, ERR_NOMEM, "no memory for a batch");
    r->capacity = capacity;
    return ERR_OK;
}

static struct cell number_cell(int64_t v, char *out)
{
    char *p = out + NUMBER_MAX; /* offsets, partitions, batches: never negative */
    do
        *--p = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    return (struct cell){.p = p, .len = (uint32_t)(out + NUMBER_MAX - p), .kind = CELL_TEXT};
}

static void note_time(struct sink *s, struct sink_rows *rows, const struct flat_columns *f)
{
    if (f->source_ts_us < 0 || s->flat[f->source_ts_us].kind != CELL_TEXT)
        return;
    int64_t us = 0;
    const struct cell *c = &s->flat[f->source_ts_us];
    for (uint32_t i = 0; i < c->len && c->p[i] >= '0' && c->p[i] <= '9'; i++)
        us = us * 10 + (c->p[i] - '0');
    if (us > s->filling->newest_commit_us)
        s->filling->newest_commit_us = us;
    if (us > rows->newest_commit_us)
        rows->newest_commit_us = us;
}

static enum err add_row(struct sink *s, struct sink_topic *t, const struct sink_plan *p,
                        const struct kafka_record *r, struct errbuf *e)
{
    const struct flat_columns *f = flat_plan_columns(p->plan);
    struct sink_rows *rows = &s->filling->topics[t->index];
    char numbers[3][NUMBER_MAX];
    for (int i = 0; i < t->n_columns; i++)
        t->cells[i].kind = CELL_NULL;
    for (int i = 0; i < f->n; i++)
        if (p->to_table[i] >= 0)
            t->cells[p->to_table[i]] = s->flat[i];
    if (t->batch_column >= 0)
        t->cells[t->batch_column] = number_cell(s->filling->id, numbers[0]);
    if (t->partition_column >= 0)
        t->cells[t->partition_column] = number_cell(r->partition, numbers[1]);
    if (t->offset_column >= 0)
        t->cells[t->offset_column] = number_cell(r->offset, numbers[2]);
    bool deleted = f->op >= 0 && s->flat[f->op].kind == CELL_TEXT && s->flat[f->op].p[0] == 'd';
    if (upsert(s) && deleted) /* a delete has its key in `before` */
        for (int i = 0; i < t->n_key; i++)
            if (t->key_before[i] >= 0)
                t->cells[t->key[i]] = t->cells[t->key_before[i]];
    enum err rc = ERR_OK;
    if (!rows->rows) {
        rows->rows = wbatch_create(s->o->dialect, t->columns, t->n_columns);
        if (!rows->rows)
            rc = err_set(e, ERR_NOMEM, "no memory for a batch of %s", t->table);
    }
    int n = rc ? 0 : wbatch_rows(rows->rows);
    if (!rc)
        rc = room_for_row(rows, n, e);
    if (rc)
        return rc;
    size_t before = wbatch_bytes(rows->rows);
    rc = wbatch_add(rows->rows, t->cells, e);
    if (rc)
        return rc;
    rows->partitions[n] = r->partition;
    rows->offsets[n] = r->offset;
    s->filling->rows++;
    s->filling->bytes += (int64_t)(wbatch_bytes(rows->rows) - before);
    note_time(s, rows, f);
    return ERR_OK;
}

static enum err room_for_flat(struct sink *s, int n, struct errbuf *e)
{
    if (n <= s->n_flat)
        return ERR_OK;
    struct cell *c = realloc(s->flat, (size_t)n * sizeof *c);
    if (!c)
        return err_set(e, ERR_NOMEM, "no memory for a row");
    s->flat = c;
    s->n_flat = n;
    return ERR_OK;
}

/* Where in the WAL the row was changed; 0: it does not say. */
static int64_t lsn_of(const struct sink *s, const struct flat_columns *f)
{
    int64_t lsn = 0;
    if (f->source_lsn < 0 || s->flat[f->source_lsn].kind != CELL_TEXT)
        return 0;
    const struct cell *c = &s->flat[f->source_lsn];
    for (uint32_t i = 0; i < c->len && c->p[i] >= '0' && c->p[i] <= '9'; i++)
        lsn = lsn * 10 + (c->p[i] - '0');
    return lsn;
}

/* Current-state tables: a truncate empties the table, after what came before and before what comes
 * after. */
static enum err truncate_table(struct sink *s, struct sink_topic *t, int64_t lsn, struct errbuf *e)
{
    if (!s->o->sink->truncate_enabled || lsn < t->truncated)
        return ERR_OK;
    enum err rc = sink_hand_over(s, e);
    if (rc)
        return rc;
    t->truncated = lsn;
    s->filling->topics[t->index].truncate_first = true;
    s->filling->topics[t->index].truncate_lsn = lsn;
    return ERR_OK;
}

/* Current-state tables have no use for every row. */
static enum err add_state(struct sink *s, struct sink_topic *t, const struct sink_plan *p,
                          const struct kafka_record *r, struct errbuf *e)
{
    const struct flat_columns *f = flat_plan_columns(p->plan);
    int64_t lsn = lsn_of(s, f);
    if (f->op >= 0 && s->flat[f->op].kind == CELL_TEXT && s->flat[f->op].p[0] == 't')
        return truncate_table(s, t, lsn, e);
    return lsn && lsn < t->truncated ? ERR_OK : add_row(s, t, p, r, e);
}

static enum err decode_row(struct sink *s, struct sink_topic *t, const struct kafka_record *r,
                           struct errbuf *e)
{
    enum envelope_form form;
    struct cell schema;
    struct cell payload;
    struct sink_plan *p;
    int unknown = 0;
    enum err rc = envelope_form_of(r->value, r->value_len, &form, &schema, &payload, e);
    if (rc || form == FORM_TOMBSTONE)
        return rc;
    if (form == FORM_PLAIN)
        payload = (struct cell){.p = r->value, .len = (uint32_t)r->value_len, .kind = CELL_TEXT};
    rc = sink_plan_for(s, t, r, form == FORM_INLINE ? &schema : NULL, &p, e);
    if (rc)
        return rc == ERR_DATA ? err_set(e, ERR_CONFIG, "%s", e->text) : rc;
    const struct flat_columns *f = flat_plan_columns(p->plan);
    rc = room_for_flat(s, f->n, e);
    if (!rc)
        rc = flat_decode(p->plan, payload.p, payload.len, s->arena, s->flat, &unknown, e);
    if (rc)
        return rc;
    return upsert(s) ? add_state(s, t, p, r, e) : add_row(s, t, p, r, e);
}

static enum err take_record(struct sink *s, const struct kafka_record *r, struct errbuf *e)
{
    struct sink_topic *t = find_topic(s, r->topic);
    if (!t || r->partition >= t->n_partitions)
        return err_set(e, ERR_INTERNAL, "a record of %s/%d, which is not assigned", r->topic,
                       (int)r->partition);
    enum err rc = ERR_OK;
    arena_reset(s->arena);
    if (r->value)
        rc = decode_row(s, t, r, e);
    if (rc == ERR_DATA)
        rc = sink_batch_dead(s->filling, t->name, r->partition, r->offset, e, e);
    if (rc)
        return rc;
    if (!s->filling->began_us)
        s->filling->began_us = clock_mono_us();
    t->partitions[r->partition].next = r->offset + 1;
    t->partitions[r->partition].touched = true;
    t->partitions[r->partition].at_end = false;
    return ERR_OK;
}

/* ---- the reader's loop ---- */

static bool gathered(const struct sink *s)
{
    return s->filling->began_us != 0;
}

static bool all_at_end(const struct sink *s)
{
    for (int i = 0; i < s->n_topics; i++)
        for (int p = 0; p < s->topics[i].n_partitions; p++)
            if (!s->topics[i].partitions[p].at_end)
                return false;
    return true;
}

static bool full(const struct sink *s)
{
    return s->filling->rows >= s->o->batch_rows ||
           s->filling->bytes >= share(s, s->o->batch_bytes, BATCH_LEAST);
}

/* How long the poll may wait when nothing is at hand. */
static int64_t plan_wait(struct sink *s)
{
    if (!gathered(s))
        return IDLE_US;
    int64_t age = clock_mono_us() - s->filling->began_us;
    if (age < s->o->linger_us)
        return s->o->linger_us - age < IDLE_US ? s->o->linger_us - age : IDLE_US;
    return BUSY_US; /* the loader still has the batch before */
}

/* The end of a partition: behind its last record stand markers, which are nothing to load. */
static void note_end(struct sink *s, const struct kafka_record *r)
{
    struct sink_topic *t = find_topic(s, r->topic);
    if (!t || r->partition >= t->n_partitions)
        return;
    struct sink_partition *p = &t->partitions[r->partition];
    p->at_end = true;
    if (r->offset > p->next)
        p->next = r->offset;
}

/* All that was read is loaded: what is left up to an end that was seen is markers, and nobody waits
 * for them. The loader, which reports what it loaded, is idle. */
static void settle_ends(struct sink *s)
{
    for (int i = 0; i < s->n_topics; i++)
        for (int k = 0; k < s->topics[i].n_partitions; k++) {
            struct sink_partition *p = &s->topics[i].partitions[k];
            if (p->at_end && p->committed < p->next)
                p->committed = p->next;
        }
}

/* Nothing is at hand: what is gathered goes, if it may; otherwise it shows whether all has arrived.
 */
static enum err at_rest(struct sink *s, bool *handed, struct errbuf *e)
{
    bool rests = sink_loader_idle(s);
    *handed = false;
    if (gathered(s)) {
        bool lingers = clock_mono_us() - s->filling->began_us < s->o->linger_us;
        *handed = rests && !lingers;
        return *handed ? sink_hand_over(s, e) : ERR_OK;
    }
    enum err rc = rests ? sink_loader_wait(s, e) : ERR_OK; /* its error, if it ended by one */
    if (rests && !rc)
        settle_ends(s);
    atomic_store(&s->o->figures->caught_up, !rc && rests && all_at_end(s));
    return rc;
}

static enum err take(struct sink *s, enum err polled, struct kafka_record *r, struct errbuf *e)
{
    enum err rc = ERR_OK;
    switch (polled) {
    case ERR_OK:
        if (s->o->figures->caught_up)
            atomic_store(&s->o->figures->caught_up, 0);
        rc = take_record(s, r, e);
        kafka_record_free(r);
        return rc;
    case ERR_NOT_FOUND:
        note_end(s, r);
        return ERR_OK;
    case ERR_TIMEOUT:
    case ERR_CONNECT: /* the consumer comes back by itself */
        return ERR_OK;
    default:
        return polled;
    }
}

static enum err turn(struct sink *s, struct errbuf *e)
{
    struct kafka_record r;
    bool handed;
    if (full(s))
        return sink_hand_over(s, e);
    enum err polled = kafka_consumer_poll(s->consumer, 0, &r, e);
    if (polled == ERR_OK || polled == ERR_NOT_FOUND)
        return take(s, polled, &r, e);
    enum err rc = at_rest(s, &handed, e);
    if (rc || handed)
        return rc;
    return take(s, kafka_consumer_poll(s->consumer, plan_wait(s), &r, e), &r, e);
}

static enum err read_loop(struct sink *s, struct errbuf *e)
{
    int64_t looked = clock_mono_us();
    enum err rc = ERR_OK;
    while (!rc && !s->stop) {
        rc = turn(s, e);
        if (rc == ERR_CANCELED && !s->stop) /* woken by the loader's failure */
            rc = sink_loader_wait(s, e);
        if (rc || gathered(s))
            continue;
        int64_t every = missing_topics(s) ? DISCOVER_WAIT_US : DISCOVER_EVERY_US;
        if (clock_mono_us() - looked > every) {
            bool changed;
            looked = clock_mono_us();
            if (topics_changed(s, &changed, e) == ERR_OK && changed) {
                log_info("sink", "%s: its topics or their partitions have changed: starting anew",
                         s->o->name);
                break;
            }
        }
    }
    if (!rc || (s->stop && rc == ERR_CANCELED)) {
        rc = sink_hand_over(s, e); /* a clean end loads what has been read */
        if (!rc)
            rc = sink_loader_wait(s, e);
    }
    return rc;
}

/* ---- start and end of a run ---- */

/* One registry a prefix: a sink may read what several sources write. */
static enum err make_schemas(struct sink *s, struct errbuf *e)
{
    s->schemas = calloc((size_t)s->n_topics, sizeof *s->schemas);
    if (!s->schemas)
        return err_set(e, ERR_NOMEM, "no memory for schemas");
    for (int i = 0; i < s->n_topics; i++) {
        struct sink_topic *t = &s->topics[i];
        for (int k = 0; k < i && !t->schemas; k++)
            if (!strcmp(s->topics[k].schemas_topic, t->schemas_topic))
                t->schemas = s->topics[k].schemas;
        if (t->schemas)
            continue;
        t->schemas = schemas_create(s->o->kafka, t->schemas_topic, &s->stop);
        if (!t->schemas)
            return err_set(e, ERR_NOMEM, "no memory for schemas");
        s->schemas[s->n_schemas++] = t->schemas;
    }
    return ERR_OK;
}

static enum err make_batches(struct sink *s, struct errbuf *e)
{
    for (int i = 0; i < 2; i++) {
        /* empty since the run before; what it counts is read by the status */
        s->batches[i].topics = calloc((size_t)s->n_topics, sizeof *s->batches[i].topics);
        if (!s->batches[i].topics)
            return err_set(e, ERR_NOMEM, "no memory for batches");
        s->batches[i].n_topics = s->n_topics;
    }
    s->filling = &s->batches[0];
    s->filling->id = s->last_batch + 1;
    s->arena = arena_create(ARENA_BLOCK);
    return s->arena ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for batches");
}

static enum err open_all(struct sink *s, struct errbuf *e)
{
    struct warehouse_options w = {.odbc = s->o->sink->odbc,
                                  .dialect = s->o->dialect,
                                  .label = "flightdeck sink",
                                  .timeout_us = s->o->timeout_us,
                                  .grace_us = s->o->grace_us};
    struct kafka_consumer *c = NULL;
    enum err rc = wait_for_topics(s, e);
    if (!rc)
        rc = warehouse_open(&w, &s->warehouse, e);
    if (!rc)
        rc = read_offsets(s, e);
    if (!rc)
        rc = make_batches(s, e);
    if (!rc)
        rc = make_schemas(s, e);
    if (!rc)
        rc = kafka_consumer_create(s->o->kafka, s->o->name, fetch_bytes(s), &c, e);
    (void)pthread_mutex_lock(&s->mutex);
    s->consumer = c;
    (void)pthread_mutex_unlock(&s->mutex);
    if (!rc)
        rc = assign(s, e);
    if (!rc)
        rc = sink_loader_start(s, e);
    return rc;
}

static void close_all(struct sink *s)
{
    sink_loader_join(s);
    struct kafka_consumer *c = s->consumer;
    (void)pthread_mutex_lock(&s->mutex);
    s->consumer = NULL;
    (void)pthread_mutex_unlock(&s->mutex);
    kafka_consumer_destroy(c);
    kafka_producer_destroy(s->dead_producer);
    s->dead_producer = NULL;
    warehouse_close(s->warehouse);
    s->warehouse = NULL;
    for (int i = 0; i < s->n_schemas; i++)
        schemas_destroy(s->schemas[i]);
    free(s->schemas);
    s->schemas = NULL;
    s->n_schemas = 0;
    for (int i = 0; i < 2; i++)
        sink_batch_free(&s->batches[i]);
    (void)pthread_mutex_lock(&s->view_mutex);
    for (int i = 0; i < s->n_topics; i++)
        sink_topic_free(&s->topics[i]);
    free(s->topics);
    s->topics = NULL;
    s->n_topics = 0;
    s->placed = false;
    (void)pthread_mutex_unlock(&s->view_mutex);
    arena_destroy(s->arena);
    s->arena = NULL;
    free(s->flat);
    s->flat = NULL;
    s->n_flat = 0;
}

enum err sink_run(struct sink *s, struct errbuf *e)
{
    s->o->on_detail(s->o->arg, false, "connecting");
    atomic_store(&s->o->figures->caught_up, 0);
    enum err rc = open_all(s, e);
    if (!rc) {
        s->o->on_detail(s->o->arg, true, "loading");
        rc = read_loop(s, e);
    }
    close_all(s);
    atomic_store(&s->o->figures->caught_up, 0);
    if (rc == ERR_FENCED && s->link_lost) {
        /* not another engine: what the server still had of the connection that was given up */
        rc = ERR_RETRY;
        e->code = rc;
    }
    s->link_lost = rc == ERR_CONNECT;
    bool stopped = s->stop;
    if (stopped)
        s->stop = false;
    return stopped && rc == ERR_CANCELED ? ERR_OK : rc;
}
