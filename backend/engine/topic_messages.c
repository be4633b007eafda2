/*
 * topic.messages: records as JSON, newest first, a screenful at a time.
 *
 * Which ones is a place and a direction: the last `limit` before a place (nothing given: the end),
 * those that came behind one (`after`: of more than `limit` the newest), or the first ones from one
 * on (`from`, `from_offset`, `from_time_us`). Places are cursors, an object of partition and
 * offset, as the answer before gave them: `before` goes on with older ones, `after` with newer
 * ones. Since a filter may find nothing in all that could be read in time, a cursor moves also
 * where no record came of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/base/buf.h"
#include "backend/base/clock.h"
#include "backend/base/stop.h"
#include "backend/engine/topic_run.h"

enum { LIMIT = 100, HEADERS_MAX = 100, AWAY_US = 1000000 };

/* ---- one record ---- */

/* At most n bytes that end with a whole character. */
static size_t cut_at(const char *p, size_t len, size_t n)
{
    if (len <= n)
        return len;
    while (n > 0 && ((unsigned char)p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

/* Text as it is; what is no text (invalid UTF-8, NUL) becomes U+FFFD. */
static json_t *text_json(const char *p, size_t n)
{
    json_t *v = memchr(p, 0, n) ? NULL : json_stringn(p, n);
    struct buf b;
    if (v)
        return v;
    buf_init(&b, 0);
    char *copy = malloc(n + 1);
    for (size_t i = 0; copy && i < n; i++)
        copy[i] = p[i] ? p[i] : (char)0xff;
    if (copy)
        buf_json_string(&b, copy, n);
    free(copy);
    v = buf_failed(&b) || !b.len ? NULL : json_loadb(b.p, b.len, JSON_DECODE_ANY, NULL);
    buf_free(&b);
    return v;
}

struct headers {
    struct topic_look *l;
    json_t *list;
};

static json_t *part_json(struct topic_look *l, const void *p, size_t len, bool *cut)
{
    size_t n = p ? cut_at(p, len, l->value_bytes) : 0;
    *cut = *cut || n < len;
    l->bytes += n;
    return p ? text_json(p, n) : json_null();
}

static void add_header(void *arg, const char *name, const void *value, size_t len)
{
    struct headers *h = arg;
    bool cut = false;
    if (json_array_size(h->list) >= HEADERS_MAX)
        return;
    (void)json_array_append_new(h->list,
                                json_pack("{s:o, s:o}", "name", text_json(name, strlen(name)),
                                          "value", part_json(h->l, value, len, &cut)));
}

static json_t *record_json(struct topic_look *l, const struct kafka_record *r)
{
    struct headers h = {l, json_array()};
    bool cut = false;
    kafka_record_headers(r, add_header, &h);
    json_t *key = part_json(l, r->key, r->key_len, &cut);
    json_t *value = part_json(l, r->value, r->value_len, &cut);
    return json_pack("{s:i, s:I, s:o, s:o, s:o, s:o, s:I, s:b}", "partition", (int)r->partition,
                     "offset", (json_int_t)r->offset, "timestamp_ms",
                     r->timestamp_ms >= 0 ? json_integer(r->timestamp_ms) : json_null(), "key", key,
                     "value", value, "headers", h.list, "value_bytes", (json_int_t)r->value_len,
                     "cut", cut);
}

/* ---- what matches ---- */

static bool has_text(const void *p, size_t len, const char *text)
{
    size_t n = strlen(text);
    const char *s = p;
    for (size_t i = 0; p && i + n <= len; i++)
        if (strncasecmp(s + i, text, n) == 0)
            return true;
    return false;
}

struct searched {
    const char *text;
    bool found;
};

static void look_in_header(void *arg, const char *name, const void *value, size_t len)
{
    struct searched *s = arg;
    s->found = s->found || has_text(name, strlen(name), s->text) || has_text(value, len, s->text);
}

static bool matches(const struct topic_look *l, const struct kafka_record *r)
{
    if (l->key && !kafka_record_key_is(r, l->key))
        return false;
    if (!l->text || has_text(r->key, r->key_len, l->text) ||
        has_text(r->value, r->value_len, l->text))
        return true;
    struct searched s = {l->text, false};
    kafka_record_headers(r, look_in_header, &s);
    return s.found;
}

/* ---- the uses of a reader ---- */

static bool stopped(void *arg)
{
    const struct topic_look *l = arg;
    return clock_mono_us() >= l->until_us || stop_asked();
}

static bool patient(void *arg, int64_t away_us)
{
    (void)arg;
    return away_us < AWAY_US;
}

static enum err keep(void *arg, const struct kafka_record *r, void **out, struct errbuf *e)
{
    struct topic_look *l = arg;
    l->looked++;
    if (!matches(l, r))
        return ERR_OK;
    *out = record_json(l, r);
    return *out ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for a record");
}

static void drop(void *arg, void *what)
{
    (void)arg;
    json_decref(what);
}

struct kafka_reader_use topic_use_messages(struct topic_look *l)
{
    return (struct kafka_reader_use){
        .stop = stopped, .keep = keep, .drop = drop, .patient = patient, .arg = l};
}

static void count_header(void *arg, const char *name, const void *value, size_t len)
{
    struct topic_look *l = arg;
    (void)value;
    l->bytes += strlen(name) + len;
}

static enum err count(void *arg, const struct kafka_record *r, void **out, struct errbuf *e)
{
    struct topic_look *l = arg;
    (void)out;
    (void)e;
    l->looked++;
    l->bytes += r->key_len + r->value_len;
    kafka_record_headers(r, count_header, l);
    return ERR_OK;
}

struct kafka_reader_use topic_use_sizes(struct topic_look *l)
{
    return (struct kafka_reader_use){
        .stop = stopped, .keep = count, .drop = drop, .patient = patient, .arg = l};
}

/* ---- places ---- */

/* Sets a place of every partition that the cursor names. */
static enum err read_cursor(struct kafka_reader *r, const json_t *cursor, const char *what,
                            void (*set)(struct kafka_reader *r, int partition, int64_t at),
                            struct errbuf *e)
{
    struct kafka_reader_part *parts;
    int n = kafka_reader_parts(r, &parts);
    const char *name;
    json_t *v;
    if (!json_is_object(cursor))
        return err_set(e, ERR_USAGE, "%s: an object of partitions and offsets is needed", what);
    json_object_foreach((json_t *)(uintptr_t)cursor, name, v)
    {
        char *end = NULL;
        long p = strtol(name, &end, 10);
        if (!*name || *end || p < 0 || p >= n || !json_is_integer(v))
            return err_set(e, ERR_USAGE, "%s: %s is no partition with an offset", what, name);
        set(r, (int)p, json_integer_value(v));
    }
    return ERR_OK;
}

static int64_t within(const struct kafka_reader_part *p, int64_t at)
{
    return at < p->low ? p->low : at > p->high ? p->high : at;
}

static void set_end(struct kafka_reader *r, int partition, int64_t at)
{
    struct kafka_reader_part *parts;
    (void)kafka_reader_parts(r, &parts);
    parts[partition].end = within(&parts[partition], at);
}

static void set_floor(struct kafka_reader *r, int partition, int64_t at)
{
    struct kafka_reader_part *parts;
    (void)kafka_reader_parts(r, &parts);
    parts[partition].floor = within(&parts[partition], at);
}

/* {"0":17,"1":4}: one end of what was looked at. */
static json_t *cursor_json(struct kafka_reader *r, bool first)
{
    struct kafka_reader_part *parts;
    char name[16];
    int n = kafka_reader_parts(r, &parts);
    json_t *cursor = json_object();
    for (int i = 0; i < n; i++) {
        if (!parts[i].wanted)
            continue;
        (void)snprintf(name, sizeof name, "%d", i);
        (void)json_object_set_new(cursor, name,
                                  json_integer(first ? parts[i].looked : parts[i].next));
    }
    return cursor;
}

static bool is_more(struct kafka_reader *r, bool before)
{
    struct kafka_reader_part *parts;
    int n = kafka_reader_parts(r, &parts);
    for (int i = 0; i < n; i++)
        if (parts[i].wanted &&
            (before ? parts[i].looked > parts[i].floor : parts[i].next < parts[i].high))
            return true;
    return false;
}

/* ---- reading ---- */

struct request {
    const char *name;
    int partition;
    int64_t limit;
    const json_t *before, *after, *from; /* NULL: not given */
    int64_t from_offset, from_time_us;   /* -1: not given */
};

static enum err number(const json_t *params, const char *name, int64_t least, int64_t most,
                       int64_t otherwise, int64_t *out, struct errbuf *e)
{
    const json_t *v = json_object_get(params, name);
    *out = otherwise;
    if (!v || json_is_null(v))
        return ERR_OK;
    if (!json_is_integer(v) || json_integer_value(v) < least || json_integer_value(v) > most)
        return err_set(e, ERR_USAGE, "%s: a whole number from %lld to %lld is needed", name,
                       (long long)least, (long long)most);
    *out = json_integer_value(v);
    return ERR_OK;
}

static enum err read_request(const json_t *params, struct request *q, struct topic_look *l,
                             struct errbuf *e)
{
    const json_t *filter = json_object_get(params, "filter");
    int64_t partition = -1;
    int64_t bytes = 0;
    *q = (struct request){.name = json_string_value(json_object_get(params, "name")),
                          .before = json_object_get(params, "before"),
                          .after = json_object_get(params, "after"),
                          .from = json_object_get(params, "from")};
    if (!q->name)
        return err_set(e, ERR_USAGE, "name: a topic's name is needed");
    enum err rc = number(params, "partition", 0, INT32_MAX, KAFKA_READER_ALL, &partition, e);
    if (!rc)
        rc = number(params, "limit", 1, TOPIC_LIMIT_MAX, LIMIT, &q->limit, e);
    if (!rc)
        rc = number(params, "bytes", 16, TOPIC_VALUE_BYTES_MAX, TOPIC_VALUE_BYTES, &bytes, e);
    if (!rc)
        rc = number(params, "from_offset", 0, INT64_MAX, -1, &q->from_offset, e);
    if (!rc)
        rc = number(params, "from_time_us", 0, INT64_MAX, -1, &q->from_time_us, e);
    if (rc)
        return rc;
    int places = (q->before != NULL) + (q->after != NULL) + (q->from != NULL) +
                 (q->from_offset >= 0) + (q->from_time_us >= 0);
    if (places > 1)
        return err_set(e, ERR_USAGE, "before, after, from, from_offset, from_time_us: one of them");
    if (q->limit * bytes > TOPIC_ANSWER_BYTES)
        return err_set(e, ERR_USAGE, "limit times bytes: at most %d", (int)TOPIC_ANSWER_BYTES);
    q->partition = (int)partition;
    l->value_bytes = (size_t)bytes;
    l->key = json_string_value(json_object_get(filter, "key"));
    l->text = json_string_value(json_object_get(filter, "text"));
    return ERR_OK;
}

/* The last ones; `looked` and `next` are then the ends of what was looked at. */
static enum err read_last(struct topic_look *l, const struct request *q, json_t *messages,
                          bool *more, struct errbuf *e)
{
    const struct kafka_reader_use use = topic_use_messages(l);
    struct kafka_kept *kept = NULL;
    struct kafka_reader_part *parts;
    int64_t n = 0;
    int n_parts = kafka_reader_parts(l->reader, &parts);
    enum err rc = ERR_OK;
    if (q->before)
        rc = read_cursor(l->reader, q->before, "before", set_end, e);
    else if (q->after)
        rc = read_cursor(l->reader, q->after, "after", set_floor, e);
    if (rc)
        return rc;
    int64_t *until = calloc((size_t)n_parts + 1, sizeof *until);
    if (!until)
        return err_set(e, ERR_NOMEM, "no memory for %d partitions", n_parts);
    for (int i = 0; i < n_parts; i++)
        until[i] = parts[i].end;
    rc = kafka_reader_last(l->reader, &use, q->limit, &kept, &n, e);
    for (int i = 0; i < n_parts; i++)
        parts[i].next = until[i];
    free(until);
    for (int64_t i = n - 1; i >= 0; i--)
        (void)json_array_append_new(messages, kept[i].what);
    free(kept);
    *more = is_more(l->reader, true);
    return rc;
}

static int64_t member(const json_t *record, const char *name)
{
    return json_integer_value(json_object_get(record, name));
}

static int newest_first(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    static const char *const by[] = {"timestamp_ms", "partition", "offset"};
    /* a partition's order is that of its offsets, whatever its times say */
    int i = member(x, "partition") == member(y, "partition") ? 2 : 0;
    for (; i < 3; i++)
        if (member(x, by[i]) != member(y, by[i]))
            return member(x, by[i]) > member(y, by[i]) ? -1 : 1;
    return 0;
}

static enum err sort_newest_first(json_t *messages, struct errbuf *e)
{
    size_t n = json_array_size(messages);
    json_t **all = calloc(n + 1, sizeof(json_t *));
    if (!all)
        return err_set(e, ERR_NOMEM, "no memory for %zu records", n);
    for (size_t i = 0; i < n; i++)
        all[i] = json_incref(json_array_get(messages, i));
    qsort(all, n, sizeof(json_t *), newest_first);
    for (size_t i = 0; i < n; i++)
        (void)json_array_set_new(messages, i, all[i]);
    free(all);
    return ERR_OK;
}

static enum err go_to_place(struct topic_look *l, const struct request *q, struct errbuf *e)
{
    struct kafka_reader_part *parts;
    int n = kafka_reader_parts(l->reader, &parts);
    enum err rc = ERR_OK;
    if (q->from)
        rc = read_cursor(l->reader, q->from, "from", kafka_reader_from, e);
    else if (q->from_time_us >= 0)
        rc = kafka_reader_from_time(l->reader, q->from_time_us / 1000, e);
    for (int i = 0; q->from_offset >= 0 && i < n; i++)
        kafka_reader_from(l->reader, i, q->from_offset);
    for (int i = 0; i < n; i++)
        parts[i].looked = parts[i].next;
    return rc;
}

/* The first ones from a place on. */
static enum err read_on(struct topic_look *l, const struct request *q, json_t *messages, bool *more,
                        struct errbuf *e)
{
    const struct kafka_reader_use use = topic_use_messages(l);
    struct kafka_record r;
    enum err rc = go_to_place(l, q, e);
    if (!rc && kafka_reader_is_reading(l->reader))
        rc = kafka_reader_begin(l->reader, e);
    while (!rc && kafka_reader_is_reading(l->reader) &&
           (int64_t)json_array_size(messages) < q->limit) {
        void *what = NULL;
        rc = kafka_reader_next(l->reader, &use, &r, e);
        if (rc == ERR_TIMEOUT) {
            rc = ERR_OK;
            continue;
        }
        if (rc)
            break;
        rc = keep(l, &r, &what, e);
        kafka_record_free(&r);
        if (what)
            (void)json_array_append_new(messages, what);
    }
    *more = is_more(l->reader, true);
    struct errbuf sorting;
    enum err sorted = sort_newest_first(messages, &sorting);
    return !rc && sorted ? err_set(e, sorted, "%s", sorting.text) : rc;
}

static enum err look(struct topic_look *l, const struct request *q, json_t **result,
                     struct errbuf *e)
{
    bool more_before = false;
    enum err rc = kafka_reader_open(l->reader, q->name, q->partition, e);
    if (rc)
        return rc;
    bool on = q->from || q->from_offset >= 0 || q->from_time_us >= 0;
    json_t *messages = json_array();
    rc = (on ? read_on : read_last)(l, q, messages, &more_before, e);
    bool late = rc == ERR_CANCELED && !stop_asked();
    if (late)
        rc = ERR_OK;
    if (rc) {
        json_decref(messages);
        return rc;
    }
    *result = json_pack("{s:s, s:o, s:o, s:o, s:b, s:b, s:I, s:b}", "name", q->name, "messages",
                        messages, "before", cursor_json(l->reader, true), "after",
                        cursor_json(l->reader, false), "more_before", more_before, "more_after",
                        is_more(l->reader, false), "looked", (json_int_t)l->looked, "late", late);
    return *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the answer");
}

enum err topic_service_messages(struct topic_service *s, const json_t *params, json_t **result,
                                struct errbuf *e)
{
    struct topic_look l = {0};
    struct request q;
    enum err rc = read_request(params, &q, &l, e);
    if (!rc)
        rc = topic_reader_take(s, &l.reader, e);
    if (rc)
        return rc;
    l.until_us = clock_mono_us() + TOPIC_TIME_US;
    rc = look(&l, &q, result, e);
    topic_reader_give(s, rc && rc != ERR_USAGE && rc != ERR_NOT_FOUND);
    return rc;
}
