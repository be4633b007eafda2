/*
 * The last N of a topic are not at an offset that one could compute: transaction markers, aborted
 * records and compaction leave holes, and a filter leaves out most. So a window at the end of each
 * partition is read, and where it gave less than N, the one before it, four times larger, until
 * there are N or the partition's beginning is reached. Then the N newest of all partitions are
 * taken, in the order of their time.
 *
 * A window that is not read to its end is thrown away: what is kept of a partition has no holes.
 */
#include "backend/kafka/reader.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"

enum {
    SLICE_US = 200000,      /* how long a stop may go unseen */
    PATIENCE_US = 30000000, /* brokers away */
    WINDOW_MORE = 16,       /* markers */
    WINDOW_GROWS = 4,
};

/* What is kept of one partition: a ring of the window that is read, and what windows behind it
 * gave. */
struct kept_part {
    struct kafka_kept *ring, *done;
    int64_t n_ring; /* ever in this window */
    int64_t n_done; /* the newest ones, oldest first, at the array's end */
    int64_t window; /* offsets; 0: none yet */
};

struct kafka_reader {
    struct kafka_admin *admin;
    struct kafka_consumer *c;
    char *topic;
    int n_parts;
    struct kafka_reader_part *parts;
    int64_t away_since_us; /* 0: the brokers answer */
    /* kafka_reader_last's */
    struct kept_part *kept;
    int64_t count;
};

/* ---- life ---- */

enum err kafka_reader_create(const char *const *settings, size_t fetch_bytes,
                             struct kafka_reader **out, struct errbuf *e)
{
    struct kafka_reader *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r)
        return err_set(e, ERR_NOMEM, "kafka: out of memory for a reader");
    enum err rc = kafka_admin_create(settings, &r->admin, e);
    if (!rc)
        rc = kafka_consumer_create(settings, NULL, fetch_bytes, &r->c, e);
    if (rc) {
        kafka_reader_destroy(r);
        return rc;
    }
    *out = r;
    return ERR_OK;
}

static void forget_topic(struct kafka_reader *r)
{
    free(r->topic);
    free(r->parts);
    r->topic = NULL;
    r->parts = NULL;
    r->n_parts = 0;
}

void kafka_reader_destroy(struct kafka_reader *r)
{
    if (!r)
        return;
    forget_topic(r);
    kafka_consumer_destroy(r->c);
    kafka_admin_destroy(r->admin);
    free(r);
}

static enum err make_parts(struct kafka_reader *r, const struct kafka_topic_info *info,
                           int partition, struct errbuf *e)
{
    if (partition >= info->n_partitions)
        return err_set(e, ERR_NOT_FOUND, "topic %s has %d partitions, there is no %d", info->name,
                       info->n_partitions, partition);
    r->topic = strdup(info->name);
    r->parts = calloc((size_t)info->n_partitions + 1, sizeof *r->parts);
    if (!r->topic || !r->parts)
        return err_set(e, ERR_NOMEM, "no memory for %d partitions", info->n_partitions);
    r->n_parts = info->n_partitions;
    for (int i = 0; i < r->n_parts; i++) {
        int64_t low = info->low[i];
        int64_t high = info->high[i];
        bool wanted = partition < 0 || partition == i;
        if (wanted && (low < 0 || high < 0))
            return err_set(e, ERR_CONNECT, "kafka: topic %s, partition %d has no leader",
                           info->name, i);
        r->parts[i] = (struct kafka_reader_part){.wanted = wanted,
                                                 .low = low,
                                                 .high = high,
                                                 .floor = low,
                                                 .end = high,
                                                 .next = high,
                                                 .looked = high};
    }
    return ERR_OK;
}

enum err kafka_reader_open(struct kafka_reader *r, const char *topic, int partition,
                           struct errbuf *e)
{
    struct kafka_topics topics = {0};
    forget_topic(r);
    r->away_since_us = 0;
    enum err rc = kafka_admin_topics(r->admin, topic, true, false, &topics, e);
    if (!rc)
        rc = make_parts(r, &topics.items[0], partition, e);
    kafka_topics_free(&topics);
    return rc;
}

int kafka_reader_parts(struct kafka_reader *r, struct kafka_reader_part **out)
{
    *out = r->parts;
    return r->n_parts;
}

enum err kafka_reader_describe(struct kafka_reader *r, struct kafka_topics *out, struct errbuf *e)
{
    return kafka_admin_topics(r->admin, r->topic, false, true, out, e);
}

/* ---- from a place on ---- */

void kafka_reader_from(struct kafka_reader *r, int partition, int64_t offset)
{
    struct kafka_reader_part *p = &r->parts[partition];
    p->next = offset < p->low ? p->low : offset > p->high ? p->high : offset;
    p->reading = p->wanted && p->next < p->high;
}

enum err kafka_reader_from_time(struct kafka_reader *r, int64_t timestamp_ms, struct errbuf *e)
{
    int64_t *at = calloc((size_t)r->n_parts + 1, sizeof *at);
    if (!at)
        return err_set(e, ERR_NOMEM, "no memory for offsets");
    enum err rc = kafka_admin_offsets_at(r->admin, r->topic, timestamp_ms, r->n_parts, at, e);
    for (int i = 0; i < r->n_parts && !rc; i++)
        kafka_reader_from(r, i, at[i] < 0 ? r->parts[i].high : at[i]);
    free(at);
    return rc;
}

enum err kafka_reader_begin(struct kafka_reader *r, struct errbuf *e)
{
    struct kafka_position *at = calloc((size_t)r->n_parts + 1, sizeof *at);
    int n = 0;
    if (!at)
        return err_set(e, ERR_NOMEM, "no memory for %d partitions", r->n_parts);
    for (int i = 0; i < r->n_parts; i++)
        if (r->parts[i].reading)
            at[n++] = (struct kafka_position){r->topic, i, r->parts[i].next};
    enum err rc = kafka_consumer_assign(r->c, at, n, e);
    free(at);
    return rc;
}

bool kafka_reader_is_reading(const struct kafka_reader *r)
{
    for (int i = 0; i < r->n_parts; i++)
        if (r->parts[i].reading)
            return true;
    return false;
}

/* An outage is waited out for a while; the words of the last error stay. */
static bool waits_out(struct kafka_reader *r, const struct kafka_reader_use *u)
{
    int64_t now = clock_mono_us();
    if (r->away_since_us == 0)
        r->away_since_us = now;
    int64_t away = now - r->away_since_us;
    return u->patient ? u->patient(u->arg, away) : away < PATIENCE_US;
}

enum err kafka_reader_next(struct kafka_reader *r, const struct kafka_reader_use *u,
                           struct kafka_record *out, struct errbuf *e)
{
    if (u->stop(u->arg))
        return err_set(e, ERR_CANCELED, "interrupted");
    enum err got = kafka_consumer_poll(r->c, SLICE_US, out, e);
    if (got == ERR_CONNECT)
        return waits_out(r, u) ? ERR_TIMEOUT : got;
    if (got == ERR_OK || got == ERR_NOT_FOUND) {
        struct kafka_reader_part *p = &r->parts[out->partition];
        r->away_since_us = 0;
        p->next = got == ERR_OK ? out->offset + 1 : out->offset;
        if (p->next >= p->end)
            p->reading = false;
    }
    return got == ERR_NOT_FOUND ? ERR_TIMEOUT : got;
}

/* ---- the last N ---- */

static void drop(const struct kafka_reader_use *u, struct kafka_kept *k)
{
    if (k->what)
        u->drop(u->arg, k->what);
    k->what = NULL;
}

static void drop_ring(const struct kafka_reader *r, const struct kafka_reader_use *u,
                      struct kept_part *p)
{
    for (int64_t i = 0; p->ring && i < r->count && i < p->n_ring; i++)
        drop(u, &p->ring[i]);
    p->n_ring = 0;
}

static enum err keep(struct kafka_reader *r, const struct kafka_reader_use *u,
                     const struct kafka_record *rec, struct errbuf *e)
{
    struct kept_part *p = &r->kept[rec->partition];
    void *what = NULL;
    if (rec->offset >= r->parts[rec->partition].end)
        return ERR_OK; /* behind what is asked for */
    enum err rc = u->keep(u->arg, rec, &what, e);
    if (rc || !what)
        return rc;
    struct kafka_kept *k = &p->ring[p->n_ring % r->count];
    if (p->n_ring >= r->count)
        drop(u, k);
    *k = (struct kafka_kept){rec->timestamp_ms, rec->offset, rec->partition, what};
    p->n_ring++;
    return ERR_OK;
}

/* The window was read to its end: its newest go in front of what is there. */
static void settle(struct kafka_reader *r, const struct kafka_reader_use *u, int i)
{
    struct kept_part *p = &r->kept[i];
    int64_t have = p->n_ring < r->count ? p->n_ring : r->count;
    bool all = p->n_done + p->n_ring <= r->count;
    for (int64_t back = 1; back <= have; back++) {
        struct kafka_kept *k = &p->ring[(p->n_ring - back) % r->count];
        if (p->n_done < r->count)
            p->done[r->count - ++p->n_done] = *k;
        else
            drop(u, k);
        k->what = NULL;
    }
    if (!all)
        r->parts[i].looked = p->done[0].offset;
    p->n_ring = 0;
}

/* Starts a partition's next window, before the last one; false when it has what it needs. */
static bool widen(struct kafka_reader *r, int i)
{
    struct kafka_reader_part *p = &r->parts[i];
    struct kept_part *k = &r->kept[i];
    if (!p->wanted || k->n_done >= r->count || p->looked <= p->floor)
        return false;
    k->window = k->window ? k->window * WINDOW_GROWS : r->count * 2 + WINDOW_MORE;
    p->end = p->looked;
    p->next = p->end - k->window > p->floor ? p->end - k->window : p->floor;
    p->looked = p->next; /* once it is read */
    p->reading = true;
    return true;
}

static enum err read_windows(struct kafka_reader *r, const struct kafka_reader_use *u,
                             struct errbuf *e)
{
    struct kafka_record rec;
    enum err rc = kafka_reader_begin(r, e);
    while (!rc && kafka_reader_is_reading(r)) {
        rc = kafka_reader_next(r, u, &rec, e);
        if (rc == ERR_TIMEOUT) {
            rc = ERR_OK;
            continue;
        }
        if (rc)
            break;
        rc = keep(r, u, &rec, e);
        kafka_record_free(&rec);
    }
    for (int i = 0; i < r->n_parts; i++) {
        struct kafka_reader_part *p = &r->parts[i];
        if (!p->reading) {
            settle(r, u, i);
        } else { /* as if it had not been begun */
            drop_ring(r, u, &r->kept[i]);
            p->looked = p->end;
            p->reading = false;
        }
    }
    return rc;
}

static int by_time(const void *a, const void *b)
{
    const struct kafka_kept *x = a, *y = b;
    if (x->partition == y->partition) /* a partition's order is that of its offsets */
        return x->offset < y->offset ? -1 : x->offset > y->offset;
    if (x->timestamp_ms != y->timestamp_ms)
        return x->timestamp_ms < y->timestamp_ms ? -1 : 1;
    return x->partition < y->partition ? -1 : 1;
}

/* What is left out again was not looked at: the next call begins with it. */
static void leave_out(struct kafka_reader *r, const struct kafka_reader_use *u,
                      struct kafka_kept *k)
{
    struct kafka_reader_part *p = &r->parts[k->partition];
    if (k->offset + 1 > p->looked)
        p->looked = k->offset + 1;
    drop(u, k);
}

static enum err collect(struct kafka_reader *r, const struct kafka_reader_use *u,
                        struct kafka_kept **out, int64_t *n, struct errbuf *e)
{
    int64_t total = 0;
    for (int i = 0; i < r->n_parts; i++)
        total += r->kept[i].n_done;
    struct kafka_kept *all = calloc((size_t)total + 1, sizeof *all);
    if (!all)
        return err_set(e, ERR_NOMEM, "no memory for %lld records", (long long)total);
    int64_t have = 0;
    for (int i = 0; i < r->n_parts; i++) {
        struct kept_part *p = &r->kept[i];
        for (int64_t k = r->count - p->n_done; k < r->count; k++)
            all[have++] = p->done[k];
        p->n_done = 0;
    }
    qsort(all, (size_t)have, sizeof *all, by_time);
    int64_t over = have > r->count ? have - r->count : 0;
    for (int64_t k = 0; k < over; k++)
        leave_out(r, u, &all[k]);
    memmove(all, all + over, (size_t)(have - over) * sizeof *all);
    *out = all;
    *n = have - over;
    return ERR_OK;
}

static enum err make_room(struct kafka_reader *r, struct errbuf *e)
{
    r->kept = calloc((size_t)r->n_parts + 1, sizeof *r->kept);
    for (int i = 0; r->kept && i < r->n_parts; i++) {
        if (!r->parts[i].wanted)
            continue;
        r->kept[i].ring = calloc((size_t)r->count + 1, sizeof(struct kafka_kept));
        r->kept[i].done = calloc((size_t)r->count + 1, sizeof(struct kafka_kept));
        if (!r->kept[i].ring || !r->kept[i].done)
            return err_set(e, ERR_NOMEM, "no memory for %lld records", (long long)r->count);
    }
    return r->kept ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for %d partitions", r->n_parts);
}

enum err kafka_reader_last(struct kafka_reader *r, const struct kafka_reader_use *u, int64_t count,
                           struct kafka_kept **out, int64_t *n, struct errbuf *e)
{
    struct errbuf later;
    *out = NULL;
    *n = 0;
    r->count = count;
    enum err rc = make_room(r, e);
    for (int i = 0; i < r->n_parts; i++)
        r->parts[i].looked = r->parts[i].end;
    while (!rc && count > 0) {
        bool more = false;
        for (int i = 0; i < r->n_parts; i++)
            more |= widen(r, i);
        if (!more)
            break;
        rc = read_windows(r, u, e);
    }
    if (!rc || rc == ERR_CANCELED) {
        enum err kept = collect(r, u, out, n, &later);
        if (kept)
            rc = err_set(e, kept, "%s", later.text);
    }
    for (int i = 0; r->kept && i < r->n_parts; i++) {
        struct kept_part *p = &r->kept[i];
        for (int64_t k = r->count - p->n_done; p->done && k < r->count; k++)
            drop(u, &p->done[k]);
        free(p->ring);
        free(p->done);
    }
    free(r->kept);
    r->kept = NULL;
    return rc;
}

/* ---- keys ---- */

static bool reads_as(const json_t *v, const char *text)
{
    if (json_is_string(v))
        return !strcmp(json_string_value(v), text);
    char *s = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
    bool same = s && !strcmp(s, text);
    free(s);
    return same;
}

bool kafka_record_key_is(const struct kafka_record *r, const char *text)
{
    bool yes = false;
    json_error_t why;
    if (!r->key)
        return false;
    if (r->key_len == strlen(text) && !memcmp(r->key, text, r->key_len))
        return true;
    json_t *key = json_loadb(r->key, r->key_len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    /* with Connect's inline schema the key is under "payload" */
    json_t *members = json_object_get(key, "payload");
    if (!json_is_object(members) || !json_object_get(key, "schema"))
        members = key;
    if (json_is_object(members) && json_object_size(members) == 1)
        yes = reads_as(json_object_iter_value(json_object_iter(members)), text);
    json_decref(key);
    return yes;
}
