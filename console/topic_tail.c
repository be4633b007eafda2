/*
 * The last N of a topic are not at an offset that one could compute: transaction markers, aborted
 * records and compaction leave holes, and --key leaves out most. So a window at the end of each
 * partition is read, and where it gave less than N, one that is four times larger, until there
 * are N or the partition's beginning is reached. Then the N newest of all partitions are printed
 * in the order of their time.
 */
#include "console/topic_tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"

enum {
    LAST = 10,
    SLICE_US = 200000, /* how long Ctrl-C may go unseen */
    FETCH_BYTES = 8 << 20,
    PATIENCE_US = 30000000, /* brokers away */
};

struct kept { /* a record as it will be printed */
    int64_t timestamp_ms;
    int64_t offset;
    int32_t partition;
    char *text;
    size_t n;
};

struct part {
    bool wanted;
    bool reading;
    int64_t low, high; /* when we came */
    int64_t next;      /* read up to here */
    int64_t window;
    struct kept *kept; /* a ring of the last `count` */
    int64_t n_kept;    /* ever */
};

struct tail {
    const struct topic_tail *o;
    struct kafka_consumer *c;
    struct part *parts;
    int n_parts;
    int64_t count; /* -1: no end */
    int64_t printed;
    int64_t away_since_us; /* 0: the brokers answer */
    struct buf line;
};

/* ---- output ---- */

static enum err put(struct tail *t, const char *p, size_t n, struct errbuf *e)
{
    if (fwrite(p, 1, n, t->o->out) == n)
        return ERR_OK;
    return err_errno(e, ERR_IO, "cannot write to the standard output");
}

static enum err flush(struct tail *t, struct errbuf *e)
{
    if (fflush(t->o->out) == 0)
        return ERR_OK;
    return err_errno(e, ERR_IO, "cannot write to the standard output");
}

static enum err print_record(struct tail *t, const struct kafka_record *r, struct errbuf *e)
{
    buf_clear(&t->line);
    topic_print(r, t->o->form, t->o->terminal, &t->line);
    enum err rc = buf_check(&t->line, "a record", e);
    if (!rc)
        rc = put(t, t->line.p, t->line.len, e);
    t->printed++;
    return rc;
}

/* ---- reading ---- */

static enum err assign(struct tail *t, struct errbuf *e)
{
    struct kafka_position *at = calloc((size_t)t->n_parts + 1, sizeof *at);
    int n = 0;
    if (!at)
        return err_set(e, ERR_NOMEM, "no memory for %d partitions", t->n_parts);
    for (int i = 0; i < t->n_parts; i++)
        if (t->parts[i].reading)
            at[n++] = (struct kafka_position){t->o->topic, i, t->parts[i].next};
    enum err rc = kafka_consumer_assign(t->c, at, n, e);
    free(at);
    return rc;
}

/* An outage is waited out for a while; the words of the last error stay. */
static enum err away(struct tail *t, enum err got)
{
    int64_t now = clock_mono_us();
    if (t->away_since_us == 0)
        t->away_since_us = now;
    return now - t->away_since_us < PATIENCE_US || t->o->follow ? ERR_OK : got;
}

/* One poll: ERR_OK with a record, ERR_TIMEOUT without (an end of partition was noted). */
static enum err next_record(struct tail *t, struct kafka_record *r, struct errbuf *e)
{
    if (*t->o->stop)
        return err_set(e, ERR_CANCELED, "interrupted");
    enum err got = kafka_consumer_poll(t->c, SLICE_US, r, e);
    if (got == ERR_CONNECT)
        return away(t, got) ? got : ERR_TIMEOUT;
    if (got == ERR_OK || got == ERR_NOT_FOUND) {
        struct part *p = &t->parts[r->partition];
        t->away_since_us = 0;
        p->next = got == ERR_OK ? r->offset + 1 : r->offset;
        if (p->next >= p->high)
            p->reading = false;
    }
    return got == ERR_NOT_FOUND ? ERR_TIMEOUT : got;
}

static bool reading(const struct tail *t)
{
    for (int i = 0; i < t->n_parts; i++)
        if (t->parts[i].reading)
            return true;
    return false;
}

static bool matches(const struct tail *t, const struct kafka_record *r)
{
    return !t->o->key || topic_key_is(r, t->o->key);
}

/* Prints what comes, to the ends as they were when we came, or for ever. */
static enum err stream(struct tail *t, bool for_ever, struct errbuf *e)
{
    struct kafka_record r;
    while ((for_ever || reading(t)) && (t->count < 0 || t->printed < t->count)) {
        enum err rc = next_record(t, &r, e);
        if (rc == ERR_TIMEOUT) {
            rc = flush(t, e);
            if (rc)
                return rc;
            continue;
        }
        if (!rc && matches(t, &r))
            rc = print_record(t, &r, e);
        else if (rc)
            return rc;
        kafka_record_free(&r);
        if (rc)
            return rc;
    }
    return flush(t, e);
}

/* ---- the last N ---- */

static void drop_kept(struct part *p, int64_t count)
{
    for (int64_t i = 0; i < count && i < p->n_kept; i++)
        free(p->kept[i].text);
    p->n_kept = 0;
}

static enum err keep(struct tail *t, const struct kafka_record *r, struct errbuf *e)
{
    struct part *p = &t->parts[r->partition];
    struct kept *k = &p->kept[p->n_kept % t->count];
    buf_clear(&t->line);
    topic_print(r, t->o->form, t->o->terminal, &t->line);
    enum err rc = buf_check(&t->line, "a record", e);
    char *text = rc ? NULL : malloc(t->line.len + 1);
    if (!text)
        return rc ? rc : err_set(e, ERR_NOMEM, "no memory for a record");
    memcpy(text, t->line.p, t->line.len);
    if (p->n_kept >= t->count)
        free(k->text);
    *k = (struct kept){r->timestamp_ms, r->offset, r->partition, text, t->line.len};
    p->n_kept++;
    return ERR_OK;
}

/* Starts a partition's next, larger window; false when it has what it needs. */
static bool widen(struct tail *t, struct part *p)
{
    int64_t from = p->high - p->window;
    if (!p->wanted || p->n_kept >= t->count || (p->window > 0 && from <= p->low) ||
        p->high <= p->low)
        return false;
    p->window = p->window ? p->window * 4 : t->count * 2 + 16;
    from = p->high - p->window;
    p->next = from > p->low ? from : p->low;
    p->reading = true;
    drop_kept(p, t->count);
    return true;
}

static enum err read_windows(struct tail *t, struct errbuf *e)
{
    struct kafka_record r;
    enum err rc = assign(t, e);
    while (!rc && reading(t)) {
        rc = next_record(t, &r, e);
        if (rc == ERR_TIMEOUT) {
            rc = ERR_OK;
            continue;
        }
        if (rc)
            return rc;
        if (matches(t, &r))
            rc = keep(t, &r, e);
        kafka_record_free(&r);
    }
    return rc;
}

static int by_time(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;
    if (x->partition == y->partition) /* a partition's order is that of its offsets */
        return x->offset < y->offset ? -1 : x->offset > y->offset;
    if (x->timestamp_ms != y->timestamp_ms)
        return x->timestamp_ms < y->timestamp_ms ? -1 : 1;
    return x->partition < y->partition ? -1 : 1;
}

static enum err print_kept(struct tail *t, struct errbuf *e)
{
    struct kept *all = calloc((size_t)(t->count * t->n_parts) + 1, sizeof *all);
    int64_t n = 0;
    enum err rc = ERR_OK;
    if (!all)
        return err_set(e, ERR_NOMEM, "no memory for %lld records", (long long)t->count);
    for (int i = 0; i < t->n_parts; i++)
        for (int64_t k = 0; k < t->count && k < t->parts[i].n_kept; k++)
            all[n++] = t->parts[i].kept[k];
    qsort(all, (size_t)n, sizeof *all, by_time);
    for (int64_t k = n > t->count ? n - t->count : 0; k < n && !rc; k++)
        rc = put(t, all[k].text, all[k].n, e);
    free(all);
    return rc ? rc : flush(t, e);
}

static enum err last_records(struct tail *t, struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (;;) {
        bool more = false;
        for (int i = 0; i < t->n_parts; i++)
            more |= widen(t, &t->parts[i]);
        if (!more)
            break;
        rc = read_windows(t, e);
        if (rc)
            return rc;
    }
    return print_kept(t, e);
}

/* ---- the whole ---- */

static enum err make_parts(struct tail *t, const struct kafka_topic_info *info, struct errbuf *e)
{
    if (t->o->partition >= info->n_partitions)
        return err_set(e, ERR_NOT_FOUND, "topic %s has %d partitions, there is no %d", t->o->topic,
                       info->n_partitions, t->o->partition);
    t->parts = calloc((size_t)info->n_partitions + 1, sizeof *t->parts);
    if (!t->parts)
        return err_set(e, ERR_NOMEM, "no memory for %d partitions", info->n_partitions);
    t->n_parts = info->n_partitions;
    for (int i = 0; i < t->n_parts; i++) {
        struct part *p = &t->parts[i];
        p->wanted = t->o->partition < 0 || t->o->partition == i;
        p->low = info->low[i];
        p->high = p->next = info->high[i];
        if (p->low < 0 || p->high < 0)
            return err_set(e, ERR_CONNECT, "kafka: topic %s, partition %d has no leader",
                           t->o->topic, i);
        if (!t->o->has_from)
            p->kept = calloc((size_t)t->count + 1, sizeof *p->kept);
        if (!t->o->has_from && !p->kept)
            return err_set(e, ERR_NOMEM, "no memory for %lld records", (long long)t->count);
    }
    return ERR_OK;
}

static enum err place(struct tail *t, struct kafka_admin *admin, struct errbuf *e)
{
    const struct topic_from *f = &t->o->from;
    int64_t *at = calloc((size_t)t->n_parts + 1, sizeof *at);
    enum err rc = at ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for offsets");
    if (!rc && f->kind == TOPIC_FROM_TIME)
        rc = kafka_admin_offsets_at(admin, t->o->topic, f->value, t->n_parts, at, e);
    for (int i = 0; i < t->n_parts && !rc; i++) {
        struct part *p = &t->parts[i];
        int64_t next = f->kind == TOPIC_FROM_BEGINNING ? p->low
                       : f->kind == TOPIC_FROM_END     ? p->high
                       : f->kind == TOPIC_FROM_OFFSET  ? f->value
                       : at[i] < 0                     ? p->high
                                                       : at[i];
        p->next = next < p->low ? p->low : next > p->high ? p->high : next;
        p->reading = p->wanted && p->next < p->high;
    }
    free(at);
    return rc;
}

static enum err follow(struct tail *t, struct errbuf *e)
{
    for (int i = 0; i < t->n_parts; i++)
        t->parts[i].reading = t->parts[i].wanted;
    enum err rc = assign(t, e);
    return rc ? rc : stream(t, true, e);
}

static enum err run(struct tail *t, struct kafka_admin *admin, struct errbuf *e)
{
    struct kafka_topics topics = {0};
    enum err rc = kafka_admin_topics(admin, t->o->topic, true, false, &topics, e);
    if (!rc)
        rc = make_parts(t, &topics.items[0], e);
    kafka_topics_free(&topics);
    if (!rc)
        rc = kafka_consumer_create(t->o->kafka, NULL, FETCH_BYTES, &t->c, e);
    if (rc)
        return rc;
    if (t->o->has_from) {
        rc = place(t, admin, e);
        if (!rc && reading(t))
            rc = assign(t, e);
        if (!rc && reading(t))
            rc = stream(t, false, e);
        if (!rc && t->count >= 0 && t->printed >= t->count)
            return ERR_OK;
    } else {
        rc = last_records(t, e);
        t->count = -1;
    }
    return rc || !t->o->follow ? rc : follow(t, e);
}

enum err topic_tail_run(const struct topic_tail *o, struct errbuf *e)
{
    struct tail t = {.o = o, .count = o->count};
    struct kafka_admin *admin = NULL;
    int64_t rings;
    if (o->count < 0)
        t.count = o->has_from ? -1 : LAST;
    rings = t.count;
    buf_init(&t.line, 0);
    enum err rc = kafka_admin_create(o->kafka, &admin, e);
    if (!rc)
        rc = run(&t, admin, e);
    int saved = errno; /* of the output */
    for (int i = 0; i < t.n_parts; i++) {
        if (t.parts[i].kept)
            drop_kept(&t.parts[i], rings);
        free(t.parts[i].kept);
    }
    free(t.parts);
    kafka_consumer_destroy(t.c);
    kafka_admin_destroy(admin);
    buf_free(&t.line);
    errno = saved;
    return rc;
}
