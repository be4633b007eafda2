/*
 * Waiting for a snapshot's LSN to arrive in raw.
 *
 * 1. The slot confirms it: everything up to it is committed in Kafka (the engine confirms only
 * afterwards). A logical message nudges an idle stream to write its position at once.
 * 2. The sinks' stored offsets pass what the topics held at that moment. An offset that stands
 * before the end may still be all there is: transaction markers take offsets too. So the rest is
 * read: no record in it means arrived.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/base/clock.h"
#include "backend/engine/position.h"
#include "backend/engine/verify_run.h"
#include "backend/envelope/topic.h"
#include "backend/kafka/kafka.h"
#include "backend/postgres/replication.h"
#include "queries/queries.h"

enum { NO_SLOT_US = 3000000, POLL_NS = 20000000, FETCH_BYTES = 1 << 20, PROBE_US = 5000000 };

void verify_pause(void)
{
    const struct timespec t = {.tv_nsec = POLL_NS};
    (void)nanosleep(&t, NULL);
}

/* The failure, with what the engine says of the connector that it is about. */
static enum err add_state(struct verify *v, const char *connector, struct errbuf *e)
{
    struct buf words;
    enum err rc = e->code;
    buf_init(&words, ERRBUF_TEXT_MAX);
    if (v->o->state_of)
        v->o->state_of(v->o->arg, connector, &words);
    if (words.len)
        rc = err_set(e, rc, "%s: %s", e->text, buf_cstr(&words));
    buf_free(&words);
    return rc;
}

/* ---- the snapshot ---- */

struct snapshot_row {
    struct verify_snapshot *out;
    bool ok;
};

/* "xmin:xmax:xip,xip,..": 64-bit ids, of which events carry the low half */
static bool parse_snapshot(const struct cell *c, struct verify_snapshot *out)
{
    char text[VERIFY_XIP_MAX * 12];
    if (c->kind != CELL_TEXT || c->len >= sizeof text)
        return false;
    memcpy(text, c->p, c->len);
    text[c->len] = '\0';
    char *colon = strchr(text, ':');
    if (!colon)
        return false;
    out->xmax = (uint32_t)strtoull(colon + 1, &colon, 10);
    out->n_running = 0;
    while (*colon == ':' || *colon == ',') {
        char *end;
        uint64_t id = strtoull(colon + 1, &end, 10);
        if (end == colon + 1)
            break;
        if (out->n_running == VERIFY_XIP_MAX)
            return false;
        out->running[out->n_running++] = (uint32_t)id;
        colon = end;
    }
    return true;
}

static enum err take_snapshot_row(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    struct snapshot_row *r = arg;
    char lsn[LSN_TEXT_MAX] = "";
    if (n == 2 && cells[1].kind == CELL_TEXT && cells[1].len < sizeof lsn)
        memcpy(lsn, cells[1].p, cells[1].len);
    r->ok = n == 2 && parse_snapshot(&cells[0], r->out) && lsn_parse(lsn, &r->out->lsn);
    return r->ok ? ERR_OK : err_set(e, ERR_PROTOCOL, "the source's snapshot could not be read");
}

enum err verify_take_snapshot(struct verify *v, struct errbuf *e)
{
    struct snapshot_row row = {.out = &v->snapshot};
    enum err rc = source_begin_snapshot(v->source, NULL, e);
    if (!rc)
        rc = source_query(v->source, query_text("verify/snapshot"), 0, NULL, take_snapshot_row,
                          &row, e);
    if (!rc && !row.ok)
        rc = err_set(e, ERR_PROTOCOL, "the source's snapshot could not be read");
    return rc;
}

/* ---- the slot ---- */

/*
 * A slot alone does not tell: a new one stands at its consistent point while the snapshot is still
 * being read. The stored position does.
 */
static enum err position_through(struct verify *v, bool *through, struct errbuf *e)
{
    static const _Atomic bool never = false;
    struct position p;
    char topic[TOPIC_NAME_MAX + 16];
    (void)snprintf(topic, sizeof topic, "%s.__offsets", v->o->prefix);
    *through = false;
    enum err rc = position_read(v->o->kafka, topic, v->o->source_connector, &never, &p, e);
    if (rc == ERR_NOT_FOUND)
        return ERR_OK; /* the first one is not written yet */
    if (rc)
        return rc;
    *through =
        p.at.confirmed_lsn >= v->snapshot.lsn && (p.snapshot == SNAPSHOT_DONE || !v->o->snapshot);
    position_free(&p);
    return ERR_OK;
}

static enum err wait_slot(struct verify *v, struct errbuf *e)
{
    int64_t began = clock_mono_us();
    int64_t moved = began;
    uint64_t last = 0;
    enum err rc = source_emit_message(v->control, "flightdeck.verify", "", e);
    while (!rc) {
        struct source_slot slot;
        rc = source_slot_get(v->control, v->o->slot, &slot, e);
        if (rc)
            break;
        if (slot.exists && slot.confirmed_lsn >= v->snapshot.lsn) {
            bool through;
            rc = position_through(v, &through, e);
            if (rc || through)
                break;
        }
        int64_t now = clock_mono_us();
        if (slot.confirmed_lsn != last)
            moved = now;
        last = slot.confirmed_lsn;
        char a[LSN_TEXT_MAX];
        char b[LSN_TEXT_MAX];
        if (v->o->canceled && v->o->canceled(v->o->arg))
            rc = err_set(e, ERR_CANCELED, "interrupted");
        else if (now - moved > v->o->timeout_us ||
                 (!slot.exists && v->o->timeout_us != INT64_MAX && now - began > NO_SLOT_US))
            rc = !slot.exists || !slot.active
                     ? err_set(e, ERR_STATE,
                               "nobody streams from slot %s, so %s will not arrive: start the "
                               "engine, then "
                               "verify again",
                               v->o->slot, lsn_format(v->snapshot.lsn, a))
                     : err_set(e, ERR_TIMEOUT, "slot %s stands at %s and does not reach %s",
                               v->o->slot, lsn_format(slot.confirmed_lsn, b),
                               lsn_format(v->snapshot.lsn, a));
        else
            verify_pause();
    }
    bool stuck = rc == ERR_STATE || rc == ERR_TIMEOUT;
    return stuck ? add_state(v, v->o->source_connector, e) : rc;
}

enum err verify_wait_initial(struct verify *v, struct errbuf *e)
{
    if (!v->o->snapshot)
        return ERR_OK;
    v->snapshot = (struct verify_snapshot){0}; /* any LSN will do: the position says whether */
    enum err rc = wait_slot(v, e);
    if (rc == ERR_TIMEOUT || rc == ERR_STATE)
        (void)err_prefix(e, "the initial snapshot is not through");
    return rc;
}

/* ---- the sinks ---- */

struct ends {
    struct kafka_topics topics;
    struct kafka_consumer *consumer;
};

static int64_t stored_of(const struct stored_offset *s, int n, const char *topic, int partition)
{
    for (int i = 0; i < n; i++)
        if (s[i].partition == partition && !strcmp(s[i].topic, topic))
            return s[i].next_offset;
    return KAFKA_OFFSET_BEGINNING;
}

/* Is there a record in [from, end)? Markers are not. */
static enum err has_record(struct kafka_consumer *c, const char *topic, int partition, int64_t from,
                           int64_t end, bool *has, struct errbuf *e)
{
    struct kafka_position at = {topic, partition, from};
    int64_t until = clock_mono_us() + PROBE_US;
    *has = true;
    enum err rc = kafka_consumer_assign(c, &at, 1, e);
    while (!rc && clock_mono_us() < until) {
        struct kafka_record r;
        enum err got = kafka_consumer_poll(c, 100000, &r, e);
        if (got == ERR_TIMEOUT)
            continue;
        if (got == ERR_NOT_FOUND) {
            *has = false;
            break;
        }
        if (got)
            return got;
        *has = r.offset < end;
        kafka_record_free(&r);
        break;
    }
    return rc;
}

static enum err arrived(struct verify *v, struct kafka_consumer *c,
                        const struct kafka_topic_info *t, const char *connector, bool *yes,
                        int64_t *sum, struct errbuf *e)
{
    struct stored_offset *stored = NULL;
    int n = 0;
    int64_t batch;
    *yes = true;
    *sum = 0;
    enum err rc =
        warehouse_offsets_read(v->warehouse, v->o->schema, connector, &batch, &stored, &n, e);
    for (int p = 0; p < t->n_partitions && !rc; p++) {
        int64_t at = stored_of(stored, n, t->name, p);
        *sum += at;
        if (t->high[p] <= 0 || at >= t->high[p])
            continue;
        bool has = false;
        rc = has_record(c, t->name, p, at, t->high[p], &has, e);
        if (has)
            *yes = false;
    }
    free(stored);
    return rc;
}

static enum err wait_sink(struct verify *v, struct kafka_consumer *c, const char *topic,
                          const char *connector, struct errbuf *e)
{
    struct kafka_admin *admin = NULL;
    struct kafka_topics t = {0};
    int64_t moved = clock_mono_us();
    int64_t last = -1;
    enum err rc = kafka_admin_create(v->o->kafka, &admin, e);
    if (!rc)
        rc = kafka_admin_topics(admin, topic, true, false, &t, e);
    bool yes = rc == ERR_NOT_FOUND; /* no topic: no record */
    if (yes)
        rc = ERR_OK;
    while (!rc && !yes) {
        int64_t sum;
        rc = arrived(v, c, &t.items[0], connector, &yes, &sum, e);
        if (rc || yes)
            break;
        int64_t now = clock_mono_us();
        if (sum != last)
            moved = now;
        last = sum;
        if (v->o->canceled && v->o->canceled(v->o->arg))
            rc = err_set(e, ERR_CANCELED, "interrupted");
        else if (now - moved > v->o->timeout_us) {
            rc = err_set(e, ERR_TIMEOUT, "%s has records that connector %s does not load", topic,
                         connector);
            rc = add_state(v, connector, e);
        } else
            verify_pause();
    }
    kafka_topics_free(&t);
    kafka_admin_destroy(admin);
    return rc;
}

enum err verify_wait(struct verify *v, const struct source_tables *tables, struct errbuf *e)
{
    struct kafka_consumer *c = NULL;
    if (v->o->progress)
        v->o->progress(v->o->arg, "waiting for the slot");
    enum err rc = wait_slot(v, e);
    if (!rc)
        rc = kafka_consumer_create(v->o->kafka, NULL, FETCH_BYTES, &c, e);
    if (!rc && v->o->progress)
        v->o->progress(v->o->arg, "waiting for the sinks");
    for (int i = 0; i < tables->n && !rc; i++) {
        struct buf topic;
        const char *connector;
        char schema[VERIFY_NAME_MAX];
        char table[VERIFY_NAME_MAX];
        bool upsert;
        buf_init(&topic, 0);
        rc = topic_name_of_table(v->o->prefix, tables->items[i].schema, tables->items[i].name,
                                 &topic, e);
        if (!rc && v->o->sink_of(v->o->arg, buf_cstr(&topic), &connector, schema, table, &upsert))
            rc = wait_sink(v, c, buf_cstr(&topic), connector, e);
        buf_free(&topic);
    }
    kafka_consumer_destroy(c);
    return rc;
}
