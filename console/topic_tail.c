#include "console/topic_tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LAST = 10, FETCH_BYTES = 8 << 20, PATIENCE_US = 30000000 };

struct text { /* a record as it will be printed */
    size_t n;
    char p[];
};

struct tail {
    const struct topic_tail *o;
    struct kafka_reader *r;
    struct kafka_reader_use use;
    int64_t count; /* -1: no end */
    int64_t printed;
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

static bool stopped(void *arg)
{
    const struct tail *t = arg;
    return *t->o->stop;
}

/* An outage is waited out for a while; for ever by who follows. */
static bool patient(void *arg, int64_t away_us)
{
    const struct tail *t = arg;
    return away_us < PATIENCE_US || t->o->follow;
}

static bool matches(const struct tail *t, const struct kafka_record *r)
{
    return !t->o->key || kafka_record_key_is(r, t->o->key);
}

/* Prints what comes, to the ends as they were when we came, or for ever. */
static enum err stream(struct tail *t, bool for_ever, struct errbuf *e)
{
    struct kafka_record r;
    while ((for_ever || kafka_reader_is_reading(t->r)) && (t->count < 0 || t->printed < t->count)) {
        enum err rc = kafka_reader_next(t->r, &t->use, &r, e);
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

static enum err keep(void *arg, const struct kafka_record *r, void **out, struct errbuf *e)
{
    struct tail *t = arg;
    if (!matches(t, r))
        return ERR_OK;
    buf_clear(&t->line);
    topic_print(r, t->o->form, t->o->terminal, &t->line);
    enum err rc = buf_check(&t->line, "a record", e);
    struct text *text = rc ? NULL : malloc(sizeof *text + t->line.len + 1);
    if (!text)
        return rc ? rc : err_set(e, ERR_NOMEM, "no memory for a record");
    text->n = t->line.len;
    memcpy(text->p, t->line.p, t->line.len);
    *out = text;
    return ERR_OK;
}

static void drop(void *arg, void *what)
{
    (void)arg;
    free(what);
}

static enum err last_records(struct tail *t, struct errbuf *e)
{
    struct kafka_kept *kept = NULL;
    int64_t n = 0;
    enum err rc = kafka_reader_last(t->r, &t->use, t->count, &kept, &n, e);
    for (int64_t i = 0; i < n; i++) {
        const struct text *text = kept[i].what;
        if (!rc)
            rc = put(t, text->p, text->n, e);
        free(kept[i].what);
    }
    free(kept);
    return rc ? rc : flush(t, e);
}

/* ---- the whole ---- */

static enum err place(struct tail *t, struct errbuf *e)
{
    const struct topic_from *f = &t->o->from;
    struct kafka_reader_part *parts;
    int n = kafka_reader_parts(t->r, &parts);
    if (f->kind == TOPIC_FROM_TIME)
        return kafka_reader_from_time(t->r, f->value, e);
    for (int i = 0; i < n; i++)
        kafka_reader_from(t->r, i,
                          f->kind == TOPIC_FROM_BEGINNING ? parts[i].low
                          : f->kind == TOPIC_FROM_END     ? parts[i].high
                                                          : f->value);
    return ERR_OK;
}

static enum err follow(struct tail *t, struct errbuf *e)
{
    struct kafka_reader_part *parts;
    int n = kafka_reader_parts(t->r, &parts);
    for (int i = 0; i < n; i++) {
        if (!t->o->has_from) /* all before was looked at */
            parts[i].next = parts[i].high;
        parts[i].reading = parts[i].wanted;
    }
    enum err rc = kafka_reader_begin(t->r, e);
    return rc ? rc : stream(t, true, e);
}

static enum err run(struct tail *t, struct errbuf *e)
{
    enum err rc = kafka_reader_create(t->o->kafka, FETCH_BYTES, &t->r, e);
    if (!rc)
        rc = kafka_reader_open(t->r, t->o->topic, t->o->partition, e);
    if (rc)
        return rc;
    if (t->o->has_from) {
        rc = place(t, e);
        if (!rc && kafka_reader_is_reading(t->r))
            rc = kafka_reader_begin(t->r, e);
        if (!rc && kafka_reader_is_reading(t->r))
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
    t.use = (struct kafka_reader_use){
        .stop = stopped, .keep = keep, .drop = drop, .patient = patient, .arg = &t};
    if (o->count < 0)
        t.count = o->has_from ? -1 : LAST;
    buf_init(&t.line, 0);
    enum err rc = run(&t, e);
    int saved = errno; /* of the output */
    kafka_reader_destroy(t.r);
    buf_free(&t.line);
    errno = saved;
    return rc;
}
