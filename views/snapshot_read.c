/*
 * The engine's status read out of its text.
 *
 * No tree is made of it: with 10,000 topics that takes ten times the text, and most of the time. An
 * object is opened to the places of its members in the text, values are read where they are asked
 * for, and lists an element at a time. What a string says is copied into the snapshot's arena.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/arena.h"
#include "backend/base/json_reader.h"
#include "views/snapshot.h"

enum { ARENA_BLOCK = 16 << 10, NODE_MEMBERS = 48, NUMBER_MAX = 64 };

/* A value; of an object its members. More than NODE_MEMBERS of them are of an engine to come. */
struct node {
    struct jtext text;
    size_t n;
    struct {
        struct jtext key, value;
    } members[NODE_MEMBERS];
};

/* Reading state: the first allocation that fails turns `failed`, the rest goes on with less. */
struct reader {
    struct arena *a;
    bool failed;
};

/* ---- values ---- */

/* False: there is a fault in the text, the reader says which. */
static bool read_node(struct node *o, const struct jtext *text, struct json_reader *j)
{
    struct jtext key;
    struct jtext value;
    o->text = *text;
    o->n = 0;
    if (jread_peek(j) != JREAD_OBJECT || !jread_object(j))
        return false;
    while (jread_key(j, &key) && jread_skip(j, &value)) {
        if (o->n == NODE_MEMBERS)
            continue;
        o->members[o->n].key = key;
        o->members[o->n++].value = value;
    }
    return jread_end(j);
}

/* Of a text that was read before as part of another one. */
static void open_node(struct node *o, const struct jtext *text)
{
    struct json_reader j;
    jread_init(&j, text->p, text->len);
    (void)read_node(o, text, &j);
}

/* Of length 0 where there is no such member. */
static const struct jtext *value_of(const struct node *o, const char *name)
{
    static const struct jtext none = {.p = "", .len = 0};
    size_t n = strlen(name);
    for (size_t i = 0; o && i < o->n; i++)
        if (o->members[i].key.len == n && memcmp(o->members[i].key.p, name, n) == 0)
            return &o->members[i].value;
    return &none;
}

static bool is_object(const struct node *o)
{
    return o && o->text.len > 0 && o->text.p[0] == '{';
}

/* NULL without memory. */
static const struct node *child(struct reader *r, const struct node *o, const char *name)
{
    struct node *c = arena_alloc(r->a, sizeof *c);
    r->failed = r->failed || !c;
    if (c)
        open_node(c, value_of(o, name));
    return c;
}

static const char *text_in(struct reader *r, const struct jtext *value)
{
    struct json_reader j;
    struct jtext s;
    jread_init(&j, value->p, value->len);
    if (jread_peek(&j) != JREAD_STRING || !jread_string(&j, &s) || s.nul)
        return NULL;
    char *copy = arena_alloc(r->a, s.len + 1);
    r->failed = r->failed || !copy;
    if (copy)
        copy[jread_unescape(&s, copy)] = '\0';
    return copy;
}

static const char *text_of(struct reader *r, const struct node *o, const char *name)
{
    return text_in(r, value_of(o, name));
}

/* Words that tables show and filters search are never NULL. */
static const char *word_of(struct reader *r, const struct node *o, const char *name)
{
    const char *s = text_of(r, o, name);
    return s ? s : "";
}

/* The number's characters; false: it is none. */
static bool number_text(const struct node *o, const char *name, char out[NUMBER_MAX])
{
    const struct jtext *v = value_of(o, name);
    bool number =
        v->len > 0 && v->len < NUMBER_MAX && (v->p[0] == '-' || (v->p[0] >= '0' && v->p[0] <= '9'));
    if (number) {
        memcpy(out, v->p, v->len);
        out[v->len] = '\0';
    }
    return number;
}

static double real_of(const struct node *o, const char *name)
{
    char text[NUMBER_MAX];
    return number_text(o, name, text) ? strtod(text, NULL) : NAN;
}

static int64_t int_of(const struct node *o, const char *name)
{
    char text[NUMBER_MAX];
    if (!number_text(o, name, text))
        return UNKNOWN_INT;
    if (!strpbrk(text, ".eE"))
        return strtoll(text, NULL, 10);
    double d = strtod(text, NULL);
    return d > -9e18 && d < 9e18 ? (int64_t)d : UNKNOWN_INT;
}

/* 1, 0; -1: neither. */
static int bool_of(const struct node *o, const char *name)
{
    const struct jtext *v = value_of(o, name);
    return v->len == 4 && v->p[0] == 't' ? 1 : v->len == 5 && v->p[0] == 'f' ? 0 : -1;
}

/* The elements of a list, each read into `size` bytes of the arena; *n: how many. */
static void *read_list(struct reader *r, const struct jtext *list, size_t size, size_t *n,
                       void (*read)(struct reader *r, const struct node *o, void *out))
{
    struct json_reader j;
    struct jtext item;
    struct node node;
    size_t count = 0;
    *n = 0;
    jread_init(&j, list->p, list->len);
    if (jread_peek(&j) != JREAD_ARRAY)
        return NULL;
    for (bool any = jread_array(&j); any && jread_item(&j) && jread_skip(&j, NULL);)
        count++;
    char *all = count ? arena_alloc(r->a, count * size) : NULL;
    r->failed = r->failed || (count && !all);
    if (!all)
        return NULL;
    jread_init(&j, list->p, list->len);
    for (bool any = jread_array(&j); any && jread_item(&j) && jread_skip(&j, &item);) {
        open_node(&node, &item);
        read(r, &node, all + (*n)++ * size);
    }
    return all;
}

/* ---- what stands in a status ---- */

static void read_server(struct reader *r, const struct node *o, const char *about,
                        struct snap_server *out)
{
    *out = (struct snap_server){.known = is_object(o)};
    out->state = text_of(r, o, "state");
    out->error = text_of(r, o, "error");
    out->about = text_of(r, o, about);
}

static bool is_null(const struct node *o, const char *name)
{
    const struct jtext *v = value_of(o, name);
    return v->len == 4 && memcmp(v->p, "null", 4) == 0;
}

static void read_pipeline(struct reader *r, const struct node *p, struct snapshot *s)
{
    const struct node *wal = child(r, p, "wal");
    s->wal.bytes_s = real_of(wal, "bytes_s");
    s->wal.retained_bytes = real_of(wal, "retained_bytes");
    s->wal.lag_s = real_of(wal, "lag_s");
    const struct node *capture = child(r, p, "capture");
    s->capture.rate_s = real_of(capture, "rate_s");
    s->capture.lag_ms = real_of(capture, "lag_ms");
    s->capture.waiting_bytes = real_of(capture, "waiting_bytes");
    s->capture.total = int_of(capture, "total");
    const struct node *topics = child(r, p, "topics");
    s->queued.rate_s = real_of(topics, "rate_s");
    s->queued.waiting = real_of(topics, "waiting");
    s->queued.waiting_bytes = real_of(topics, "waiting_bytes");
    s->queued.lag_s = real_of(topics, "lag_s");
    const struct node *raw = child(r, p, "raw");
    s->raw.rate_s = real_of(raw, "rate_s");
    s->raw.lag_s = real_of(raw, "lag_s");
    s->raw.bytes_s = real_of(raw, "bytes_s");
    s->raw.waiting = real_of(raw, "waiting");
    s->raw.waiting_bytes = real_of(raw, "waiting_bytes");
    s->raw.total = int_of(raw, "total");
}

static void read_slot(struct reader *r, const struct node *o, void *out)
{
    *(struct snap_slot *)out = (struct snap_slot){
        .name = word_of(r, o, "name"),
        .active = bool_of(o, "active"),
        .wal_status = text_of(r, o, "wal_status"),
        .retained_bytes = real_of(o, "retained_bytes"),
        .safe_wal_bytes = real_of(o, "safe_wal_bytes"),
        .error = text_of(r, o, "error"),
    };
}

static void read_source(struct reader *r, const struct node *source, struct snapshot *s)
{
    const struct node *primary = child(r, source, "primary");
    read_server(r, primary, "server", &s->primary);
    s->primary.none = is_null(source, "primary");
    int64_t version = int_of(primary, "version");
    if (!s->primary.about && version > 0) { /* 150020 is 15.20 */
        char text[64];
        (void)snprintf(text, sizeof text, "PostgreSQL %lld.%lld", (long long)(version / 10000),
                       (long long)(version % 10000));
        s->primary.about = arena_strdup(r->a, text);
    }
    s->lsn = text_of(r, primary, "lsn");
    s->longest_transaction_s = real_of(primary, "longest_transaction_s");
    const struct node *standby = child(r, source, "standby");
    read_server(r, standby, "server", &s->standby);
    s->standby_lsn = text_of(r, standby, "replay_lsn");
    s->standby_lag_bytes = real_of(standby, "lag_bytes");
    s->standby_lag_s = real_of(standby, "lag_s");
    s->slots = read_list(r, value_of(source, "slots"), sizeof *s->slots, &s->slot_count, read_slot);
}

static void read_name(struct reader *r, const struct node *o, void *out)
{
    const char *name = text_in(r, &o->text);
    *(const char **)out = name ? name : "";
}

static void read_task(struct reader *r, const struct node *o, void *out)
{
    *(struct snap_task *)out = (struct snap_task){
        .id = int_of(o, "id"), .state = word_of(r, o, "state"), .trace = text_of(r, o, "trace")};
}

static void read_connector(struct reader *r, const struct node *o, void *out)
{
    struct snap_connector *c = out;
    *c = (struct snap_connector){
        .name = word_of(r, o, "name"),
        .type = word_of(r, o, "type"),
        .state = word_of(r, o, "state"),
        .detail = text_of(r, o, "detail"),
        .last_error = text_of(r, o, "last_error"),
        .since_us = int_of(o, "since_us"),
        .rate_s = real_of(o, "rate_s"),
        .total = int_of(o, "total"),
        .lag_records = int_of(o, "lag_records"),
        .lag_ms = real_of(o, "lag_ms"),
        .errors = int_of(o, "errors"),
        .dead_letters = int_of(o, "dead_letters"),
        .clamped = int_of(o, "clamped"),
        .restarts = int_of(o, "restarts"),
    };
    c->topics = read_list(r, value_of(o, "topics"), sizeof *c->topics, &c->topic_count, read_name);
    c->tasks = read_list(r, value_of(o, "tasks"), sizeof *c->tasks, &c->task_count, read_task);
}

static void read_partition(struct reader *r, const struct node *o, void *out)
{
    struct snap_partition *p = out;
    (void)r;
    *p = (struct snap_partition){.id = int_of(o, "id"),
                                 .low = int_of(o, "low"),
                                 .high = int_of(o, "high"),
                                 .committed = int_of(o, "committed"),
                                 .lag = int_of(o, "lag")};
    (void)snprintf(p->key, sizeof p->key, "%lld", (long long)p->id);
}

static void read_topic(struct reader *r, const struct node *o, void *out)
{
    struct snap_topic *t = out;
    *t = (struct snap_topic){
        .name = word_of(r, o, "name"),
        .records = int_of(o, "records"),
        .rate_s = real_of(o, "rate_s"),
        .lag = int_of(o, "lag"),
        .lag_growth_s = real_of(o, "lag_growth_s"),
        .retention_ms = int_of(o, "retention_ms"),
    };
    t->partitions = read_list(r, value_of(o, "partitions"), sizeof *t->partitions,
                              &t->partition_count, read_partition);
}

/* "" says nothing. */
static const char *said(const char *text)
{
    return text && *text ? text : NULL;
}

static void read_dag(struct reader *r, const struct node *o, void *out)
{
    struct snap_dag *d = out;
    *d = (struct snap_dag){
        .name = word_of(r, o, "name"),
        .description = word_of(r, o, "description"),
        .paused = bool_of(o, "paused") == 1,
        .next_us = int_of(o, "next_us"),
        .queued = int_of(o, "queued"),
        .active = int_of(o, "active"),
        .running_tasks = int_of(o, "running_tasks"),
        .last_run = int_of(o, "last_run"),
        .state = word_of(r, o, "state"),
        .logical_us = int_of(o, "logical_us"),
        .started_us = int_of(o, "started_us"),
        .ended_us = int_of(o, "ended_us"),
        .reason = said(text_of(r, o, "reason")),
        .trouble = said(text_of(r, o, "trouble")),
    };
}

static void read_fresh(struct reader *r, const struct node *o, void *out)
{
    struct snap_fresh *f = out;
    *f = (struct snap_fresh){
        .name = word_of(r, o, "name"),
        .is_mart = strcmp(word_of(r, o, "kind"), "mart") == 0,
        .topic = text_of(r, o, "topic"),
        .connector = text_of(r, o, "connector"),
        .dag = text_of(r, o, "dag"),
        .behind_s = real_of(o, "behind_s"),
        .of_it_s = real_of(o, "of_it_s"),
        .of_it_in = word_of(r, o, "of_it_in"),
        .waiting = int_of(o, "waiting"),
        .rows_today = int_of(o, "rows_today"),
        .last_refresh_us = int_of(o, "last_refresh_us"),
        .late_s = real_of(o, "late_s"),
        .verified_us = int_of(o, "verified_us"),
        .verified_ok = bool_of(o, "verified_ok"),
    };
    (void)snprintf(f->key, sizeof f->key, "%s %s", f->is_mart ? "mart" : "table",
                   f->topic ? f->topic : f->name);
}

static void read_alert(struct reader *r, const struct node *o, void *out)
{
    struct snap_alert *a = out;
    *a = (struct snap_alert){
        .name = word_of(r, o, "name"),
        .rule = word_of(r, o, "rule"),
        .level = word_of(r, o, "level"),
        .object = word_of(r, o, "object"),
        .text = word_of(r, o, "text"),
        .since_us = int_of(o, "since_us"),
        .acknowledged_by = text_of(r, child(r, o, "acknowledged"), "who"),
    };
    (void)snprintf(a->key, sizeof a->key, "alert %s", a->name);
}

static void read_eta(struct reader *r, const struct node *o, void *out)
{
    *(struct snap_eta *)out = (struct snap_eta){.what = word_of(r, o, "what"),
                                                .text = word_of(r, o, "text"),
                                                .seconds = real_of(o, "seconds"),
                                                .known = bool_of(o, "known") != 0};
}

static void read_station(struct reader *r, const struct node *o, struct snap_station *out)
{
    *out = (struct snap_station){.state = text_of(r, o, "state"),
                                 .dag = text_of(r, o, "dag"),
                                 .rate_s = real_of(o, "rate_s"),
                                 .lag_s = real_of(o, "lag_s"),
                                 .waiting = real_of(o, "waiting"),
                                 .waiting_bytes = real_of(o, "waiting_bytes"),
                                 .next_us = int_of(o, "next_us")};
}

static void read_all(struct reader *r, const struct node *o, struct snapshot *s)
{
    s->now_us = int_of(o, "now_us");
    s->trimmed = bool_of(o, "trimmed") == 1;
    const struct node *engine = child(r, o, "engine");
    s->engine.version = word_of(r, engine, "version");
    s->engine.pid = int_of(engine, "pid");
    s->engine.uptime_s = real_of(engine, "uptime_s");
    s->engine.rss_bytes = real_of(engine, "rss_bytes");
    s->engine.cpu_percent = real_of(engine, "cpu_percent");
    s->engine.dialect = text_of(r, engine, "dialect");
    const struct node *environment = child(r, engine, "environment");
    s->environment.name = word_of(r, environment, "name");
    s->environment.kind = word_of(r, environment, "kind");
    s->environment.looks_only = bool_of(environment, "looks_only") == 1;
    const struct node *pipeline = child(r, o, "pipeline");
    read_pipeline(r, pipeline, s);
    read_station(r, child(r, pipeline, "dwh"), &s->dwh);
    read_station(r, child(r, pipeline, "marts"), &s->marts);
    s->bottleneck = text_of(r, o, "bottleneck");
    read_source(r, child(r, o, "source"), s);

    const struct node *kafka = child(r, o, "kafka");
    read_server(r, kafka, "server", &s->kafka);
    int64_t brokers = int_of(kafka, "brokers");
    if (!s->kafka.about && brokers >= 0) {
        char text[64];
        (void)snprintf(text, sizeof text, "%lld broker%s", (long long)brokers,
                       brokers == 1 ? "" : "s");
        s->kafka.about = arena_strdup(r->a, text);
    }
    read_server(r, child(r, o, "warehouse"), "server", &s->warehouse);
    s->warehouse.none = is_null(o, "warehouse");
}

static void read_lists(struct reader *r, const struct node *o, struct snapshot *s)
{
    s->fresh =
        read_list(r, value_of(o, "freshness"), sizeof *s->fresh, &s->fresh_count, read_fresh);
    s->alerts = read_list(r, value_of(o, "alerts"), sizeof *s->alerts, &s->alert_count, read_alert);
    s->etas = read_list(r, value_of(o, "eta"), sizeof *s->etas, &s->eta_count, read_eta);
    s->connectors = read_list(r, value_of(o, "connectors"), sizeof *s->connectors,
                              &s->connector_count, read_connector);
    s->topics = read_list(r, value_of(o, "topics"), sizeof *s->topics, &s->topic_count, read_topic);
    s->dags = read_list(r, value_of(o, "dags"), sizeof *s->dags, &s->dag_count, read_dag);
}

enum err snapshot_from_text(const char *text, size_t n, struct snapshot **out, struct errbuf *e)
{
    struct json_reader j;
    const struct jtext all = {.p = text, .len = n};
    struct node o;
    *out = NULL;
    jread_init(&j, text, n);
    if (jread_peek(&j) != JREAD_OBJECT)
        return err_set(e, ERR_PROTOCOL, "the engine's status is not an object");
    if (!read_node(&o, &all, &j))
        return jread_error(&j, "the engine's status", e);
    struct arena *a = arena_create(ARENA_BLOCK);
    struct snapshot *s = a ? arena_alloc(a, sizeof *s) : NULL;
    if (!s) {
        arena_destroy(a);
        return err_set(e, ERR_NOMEM, "no memory for the engine's status");
    }
    memset(s, 0, sizeof *s);
    s->arena = a;
    struct reader r = {.a = a};
    read_all(&r, &o, s);
    read_lists(&r, &o, s);
    if (r.failed) {
        snapshot_free(s);
        return err_set(e, ERR_NOMEM, "no memory for the engine's status");
    }
    *out = s;
    return ERR_OK;
}

enum err snapshot_from_json(const json_t *json, struct snapshot **out, struct errbuf *e)
{
    *out = NULL;
    if (!json_is_object(json))
        return err_set(e, ERR_PROTOCOL, "the engine's status is not an object");
    char *text = json_dumps(json, JSON_COMPACT);
    enum err rc = text ? snapshot_from_text(text, strlen(text), out, e)
                       : err_set(e, ERR_NOMEM, "no memory for the engine's status");
    free(text);
    return rc;
}
