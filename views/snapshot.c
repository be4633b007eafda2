#include "views/snapshot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/arena.h"
#include "backend/base/json_reader.h"

enum { ARENA_BLOCK = 16 << 10 };

/* Those that may be long: read an element at a time, as a tree of all would take ten times the
 * text. */
enum list { LIST_FRESHNESS, LIST_ALERTS, LIST_ETA, LIST_CONNECTORS, LIST_TOPICS, LIST_DAGS, LISTS };
static const char *const list_names[LISTS] = {"freshness",  "alerts", "eta",
                                              "connectors", "topics", "dags"};

/* Reading state: the first allocation that fails turns `failed`, the rest goes on with less. */
struct reader {
    struct arena *a;
    bool failed;
    struct jtext lists[LISTS]; /* len 0: there is none */
};

static const char *text_of(struct reader *r, const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    if (!s)
        return NULL;
    char *copy = arena_strdup(r->a, s);
    r->failed = r->failed || !copy;
    return copy;
}

/* Words that tables show and filters search are never NULL. */
static const char *word_of(struct reader *r, const json_t *object, const char *name)
{
    const char *s = text_of(r, object, name);
    return s ? s : "";
}

static double real_of(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static int64_t int_of(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);
    if (json_is_integer(v))
        return json_integer_value(v);
    double d = json_is_real(v) ? json_real_value(v) : NAN;
    return d > -9e18 && d < 9e18 ? (int64_t)d : UNKNOWN_INT;
}

/* Room for an array's elements; *n is 0 when it is no array. */
static void *room_for(struct reader *r, const json_t *array, size_t size, size_t *n)
{
    *n = json_array_size(array);
    if (!*n)
        return NULL;
    void *p = arena_alloc(r->a, *n * size);
    if (p) {
        memset(p, 0, *n * size);
    } else {
        *n = 0;
        r->failed = true;
    }
    return p;
}

/* The elements of a long list, each read into `size` bytes of the arena; *n: how many. */
static void *read_list(struct reader *r, enum list which, size_t size, size_t *n,
                       void (*read)(struct reader *r, const json_t *json, void *out))
{
    const struct jtext *text = &r->lists[which];
    struct json_reader j;
    struct jtext item;
    size_t count = 0;
    *n = 0;
    jread_init(&j, text->p, text->len);
    for (bool any = jread_array(&j); any && jread_item(&j) && jread_skip(&j, NULL);)
        count++;
    char *all = count ? arena_alloc(r->a, count * size) : NULL;
    r->failed = r->failed || (count && !all);
    if (!all)
        return NULL;
    memset(all, 0, count * size);
    jread_init(&j, text->p, text->len);
    for (bool any = jread_array(&j); any && jread_item(&j) && jread_skip(&j, &item);) {
        json_t *json = json_loadb(item.p, item.len, JSON_DECODE_ANY, NULL);
        r->failed = r->failed || !json; /* the reader found no fault in it */
        read(r, json, all + (*n)++ * size);
        json_decref(json);
    }
    return all;
}

static void read_server(struct reader *r, const json_t *json, const char *about,
                        struct snap_server *out)
{
    *out = (struct snap_server){.known = json_is_object(json)};
    out->state = text_of(r, json, "state");
    out->error = text_of(r, json, "error");
    out->about = text_of(r, json, about);
}

static void read_pipeline(const json_t *p, struct snapshot *s)
{
    const json_t *wal = json_object_get(p, "wal");
    s->wal.bytes_s = real_of(wal, "bytes_s");
    s->wal.retained_bytes = real_of(wal, "retained_bytes");
    s->wal.lag_s = real_of(wal, "lag_s");
    const json_t *capture = json_object_get(p, "capture");
    s->capture.rate_s = real_of(capture, "rate_s");
    s->capture.lag_ms = real_of(capture, "lag_ms");
    s->capture.waiting_bytes = real_of(capture, "waiting_bytes");
    s->capture.total = int_of(capture, "total");
    const json_t *topics = json_object_get(p, "topics");
    s->queued.rate_s = real_of(topics, "rate_s");
    s->queued.waiting = real_of(topics, "waiting");
    s->queued.waiting_bytes = real_of(topics, "waiting_bytes");
    s->queued.lag_s = real_of(topics, "lag_s");
    const json_t *raw = json_object_get(p, "raw");
    s->raw.rate_s = real_of(raw, "rate_s");
    s->raw.lag_s = real_of(raw, "lag_s");
    s->raw.bytes_s = real_of(raw, "bytes_s");
    s->raw.waiting = real_of(raw, "waiting");
    s->raw.waiting_bytes = real_of(raw, "waiting_bytes");
    s->raw.total = int_of(raw, "total");
}

static void read_source(struct reader *r, const json_t *source, struct snapshot *s)
{
    const json_t *primary = json_object_get(source, "primary");
    read_server(r, primary, "server", &s->primary);
    int64_t version = int_of(primary, "version");
    if (!s->primary.about && version > 0) { /* 150020 is 15.20 */
        char text[64];
        (void)snprintf(text, sizeof text, "PostgreSQL %lld.%lld", (long long)(version / 10000),
                       (long long)(version % 10000));
        s->primary.about = arena_strdup(r->a, text);
    }
    s->lsn = text_of(r, primary, "lsn");
    s->longest_transaction_s = real_of(primary, "longest_transaction_s");
    const json_t *standby = json_object_get(source, "standby");
    read_server(r, standby, "server", &s->standby);
    s->standby_lsn = text_of(r, standby, "replay_lsn");
    s->standby_lag_bytes = real_of(standby, "lag_bytes");
    s->standby_lag_s = real_of(standby, "lag_s");
    const json_t *slots = json_object_get(source, "slots");
    s->slots = room_for(r, slots, sizeof *s->slots, &s->slot_count);
    for (size_t i = 0; i < s->slot_count; i++) {
        const json_t *slot = json_array_get(slots, i);
        const json_t *active = json_object_get(slot, "active");
        s->slots[i] = (struct snap_slot){
            .name = word_of(r, slot, "name"),
            .active = json_is_boolean(active) ? json_is_true(active) : -1,
            .wal_status = text_of(r, slot, "wal_status"),
            .retained_bytes = real_of(slot, "retained_bytes"),
            .safe_wal_bytes = real_of(slot, "safe_wal_bytes"),
            .error = text_of(r, slot, "error"),
        };
    }
}

static void read_connector(struct reader *r, const json_t *json, void *out)
{
    struct snap_connector *c = out;
    *c = (struct snap_connector){
        .name = word_of(r, json, "name"),
        .type = word_of(r, json, "type"),
        .state = word_of(r, json, "state"),
        .detail = text_of(r, json, "detail"),
        .last_error = text_of(r, json, "last_error"),
        .since_us = int_of(json, "since_us"),
        .rate_s = real_of(json, "rate_s"),
        .total = int_of(json, "total"),
        .lag_records = int_of(json, "lag_records"),
        .lag_ms = real_of(json, "lag_ms"),
        .errors = int_of(json, "errors"),
        .dead_letters = int_of(json, "dead_letters"),
        .clamped = int_of(json, "clamped"),
        .restarts = int_of(json, "restarts"),
    };
    const json_t *topics = json_object_get(json, "topics");
    c->topics = room_for(r, topics, sizeof *c->topics, &c->topic_count);
    for (size_t i = 0; i < c->topic_count; i++) {
        const char *name = json_string_value(json_array_get(topics, i));
        c->topics[i] = arena_strdup(r->a, name ? name : "");
        r->failed = r->failed || !c->topics[i];
    }
    const json_t *tasks = json_object_get(json, "tasks");
    c->tasks = room_for(r, tasks, sizeof *c->tasks, &c->task_count);
    for (size_t i = 0; i < c->task_count; i++) {
        const json_t *task = json_array_get(tasks, i);
        c->tasks[i] = (struct snap_task){.id = int_of(task, "id"),
                                         .state = word_of(r, task, "state"),
                                         .trace = text_of(r, task, "trace")};
    }
}

static void read_topic(struct reader *r, const json_t *json, void *out)
{
    struct snap_topic *t = out;
    *t = (struct snap_topic){
        .name = word_of(r, json, "name"),
        .records = int_of(json, "records"),
        .rate_s = real_of(json, "rate_s"),
        .lag = int_of(json, "lag"),
        .lag_growth_s = real_of(json, "lag_growth_s"),
        .retention_ms = int_of(json, "retention_ms"),
    };
    const json_t *parts = json_object_get(json, "partitions");
    t->partitions = room_for(r, parts, sizeof *t->partitions, &t->partition_count);
    for (size_t i = 0; i < t->partition_count; i++) {
        const json_t *p = json_array_get(parts, i);
        t->partitions[i] = (struct snap_partition){.id = int_of(p, "id"),
                                                   .low = int_of(p, "low"),
                                                   .high = int_of(p, "high"),
                                                   .committed = int_of(p, "committed"),
                                                   .lag = int_of(p, "lag")};
        (void)snprintf(t->partitions[i].key, sizeof t->partitions[i].key, "%lld",
                       (long long)t->partitions[i].id);
    }
}

/* "" says nothing. */
static const char *said(const char *text)
{
    return text && *text ? text : NULL;
}

static void read_dag(struct reader *r, const json_t *json, void *out)
{
    struct snap_dag *d = out;
    *d = (struct snap_dag){
        .name = word_of(r, json, "name"),
        .description = word_of(r, json, "description"),
        .paused = json_is_true(json_object_get(json, "paused")),
        .next_us = int_of(json, "next_us"),
        .queued = int_of(json, "queued"),
        .active = int_of(json, "active"),
        .running_tasks = int_of(json, "running_tasks"),
        .last_run = int_of(json, "last_run"),
        .state = word_of(r, json, "state"),
        .logical_us = int_of(json, "logical_us"),
        .started_us = int_of(json, "started_us"),
        .ended_us = int_of(json, "ended_us"),
        .reason = said(text_of(r, json, "reason")),
        .trouble = said(text_of(r, json, "trouble")),
    };
}

static void read_fresh(struct reader *r, const json_t *json, void *out)
{
    struct snap_fresh *f = out;
    const json_t *ok = json_object_get(json, "verified_ok");
    *f = (struct snap_fresh){
        .name = word_of(r, json, "name"),
        .is_mart = strcmp(word_of(r, json, "kind"), "mart") == 0,
        .topic = text_of(r, json, "topic"),
        .connector = text_of(r, json, "connector"),
        .dag = text_of(r, json, "dag"),
        .behind_s = real_of(json, "behind_s"),
        .of_it_s = real_of(json, "of_it_s"),
        .of_it_in = word_of(r, json, "of_it_in"),
        .waiting = int_of(json, "waiting"),
        .rows_today = int_of(json, "rows_today"),
        .last_refresh_us = int_of(json, "last_refresh_us"),
        .late_s = real_of(json, "late_s"),
        .verified_us = int_of(json, "verified_us"),
        .verified_ok = json_is_boolean(ok) ? json_is_true(ok) : -1,
    };
    (void)snprintf(f->key, sizeof f->key, "%s %s", f->is_mart ? "mart" : "table",
                   f->topic ? f->topic : f->name);
}

static void read_alert(struct reader *r, const json_t *json, void *out)
{
    struct snap_alert *a = out;
    *a = (struct snap_alert){
        .name = word_of(r, json, "name"),
        .rule = word_of(r, json, "rule"),
        .level = word_of(r, json, "level"),
        .object = word_of(r, json, "object"),
        .text = word_of(r, json, "text"),
        .since_us = int_of(json, "since_us"),
        .acknowledged_by = text_of(r, json_object_get(json, "acknowledged"), "who"),
    };
    (void)snprintf(a->key, sizeof a->key, "alert %s", a->name);
}

static void read_eta(struct reader *r, const json_t *json, void *out)
{
    *(struct snap_eta *)out =
        (struct snap_eta){.what = word_of(r, json, "what"),
                          .text = word_of(r, json, "text"),
                          .seconds = real_of(json, "seconds"),
                          .known = !json_is_false(json_object_get(json, "known"))};
}

static void read_station(struct reader *r, const json_t *json, struct snap_station *out)
{
    *out = (struct snap_station){.state = text_of(r, json, "state"),
                                 .dag = text_of(r, json, "dag"),
                                 .rate_s = real_of(json, "rate_s"),
                                 .lag_s = real_of(json, "lag_s"),
                                 .waiting = real_of(json, "waiting"),
                                 .waiting_bytes = real_of(json, "waiting_bytes"),
                                 .next_us = int_of(json, "next_us")};
}

static void read_all(struct reader *r, const json_t *json, struct snapshot *s)
{
    s->now_us = int_of(json, "now_us");
    s->trimmed = json_is_true(json_object_get(json, "trimmed"));
    const json_t *engine = json_object_get(json, "engine");
    s->engine.version = word_of(r, engine, "version");
    s->engine.pid = int_of(engine, "pid");
    s->engine.uptime_s = real_of(engine, "uptime_s");
    s->engine.rss_bytes = real_of(engine, "rss_bytes");
    s->engine.cpu_percent = real_of(engine, "cpu_percent");
    s->engine.dialect = text_of(r, engine, "dialect");
    const json_t *environment = json_object_get(engine, "environment");
    s->environment.name = word_of(r, environment, "name");
    s->environment.kind = word_of(r, environment, "kind");
    s->environment.looks_only = json_is_true(json_object_get(environment, "looks_only"));
    const json_t *pipeline = json_object_get(json, "pipeline");
    read_pipeline(pipeline, s);
    read_station(r, json_object_get(pipeline, "dwh"), &s->dwh);
    read_station(r, json_object_get(pipeline, "marts"), &s->marts);
    s->bottleneck = text_of(r, json, "bottleneck");
    read_source(r, json_object_get(json, "source"), s);

    const json_t *kafka = json_object_get(json, "kafka");
    read_server(r, kafka, "server", &s->kafka);
    int64_t brokers = int_of(kafka, "brokers");
    if (!s->kafka.about && brokers >= 0) {
        char text[64];
        (void)snprintf(text, sizeof text, "%lld broker%s", (long long)brokers,
                       brokers == 1 ? "" : "s");
        s->kafka.about = arena_strdup(r->a, text);
    }
    read_server(r, json_object_get(json, "warehouse"), "server", &s->warehouse);
}

static void read_lists(struct reader *r, struct snapshot *s)
{
    s->fresh = read_list(r, LIST_FRESHNESS, sizeof *s->fresh, &s->fresh_count, read_fresh);
    s->alerts = read_list(r, LIST_ALERTS, sizeof *s->alerts, &s->alert_count, read_alert);
    s->etas = read_list(r, LIST_ETA, sizeof *s->etas, &s->eta_count, read_eta);
    s->connectors =
        read_list(r, LIST_CONNECTORS, sizeof *s->connectors, &s->connector_count, read_connector);
    s->topics = read_list(r, LIST_TOPICS, sizeof *s->topics, &s->topic_count, read_topic);
    s->dags = read_list(r, LIST_DAGS, sizeof *s->dags, &s->dag_count, read_dag);
}

/* The long lists stay text; the rest is one small tree, a new reference. */
static json_t *split(struct reader *r, struct json_reader *j)
{
    struct jtext key;
    struct jtext value;
    json_t *rest = json_object();
    bool any = jread_object(j);
    while (any && jread_key(j, &key) && jread_skip(j, &value)) {
        int list = 0;
        while (list < LISTS && !jread_text_equal(&key, list_names[list], strlen(list_names[list])))
            list++;
        if (list < LISTS) {
            r->lists[list] = value;
            continue;
        }
        json_t *v = json_loadb(value.p, value.len, JSON_DECODE_ANY, NULL);
        char *name = v ? strndup(key.p, key.len) : NULL;
        if (name)
            (void)json_object_set(rest, name, v);
        r->failed = r->failed || !name;
        free(name);
        json_decref(v);
    }
    return rest;
}

enum err snapshot_from_text(const char *text, size_t n, struct snapshot **out, struct errbuf *e)
{
    struct json_reader j;
    *out = NULL;
    jread_init(&j, text, n);
    if (jread_peek(&j) != JREAD_OBJECT)
        return err_set(e, ERR_PROTOCOL, "the engine's status is not an object");
    struct arena *a = arena_create(ARENA_BLOCK);
    struct snapshot *s = a ? arena_alloc(a, sizeof *s) : NULL;
    if (!s) {
        arena_destroy(a);
        return err_set(e, ERR_NOMEM, "no memory for the engine's status");
    }
    memset(s, 0, sizeof *s);
    s->arena = a;
    struct reader r = {.a = a};
    json_t *rest = split(&r, &j);
    if (!jread_end(&j)) {
        json_decref(rest);
        snapshot_free(s);
        return jread_error(&j, "the engine's status", e);
    }
    read_all(&r, rest, s);
    read_lists(&r, s);
    json_decref(rest);
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

void snapshot_free(struct snapshot *s)
{
    if (s)
        arena_destroy(s->arena);
}

const struct snap_connector *snapshot_connector(const struct snapshot *s, const char *name)
{
    for (size_t i = 0; s && i < s->connector_count; i++)
        if (strcmp(s->connectors[i].name, name) == 0)
            return &s->connectors[i];
    return NULL;
}

const struct snap_topic *snapshot_topic(const struct snapshot *s, const char *name)
{
    for (size_t i = 0; s && i < s->topic_count; i++)
        if (strcmp(s->topics[i].name, name) == 0)
            return &s->topics[i];
    return NULL;
}

const struct snap_dag *snapshot_dag(const struct snapshot *s, const char *name)
{
    for (size_t i = 0; s && i < s->dag_count; i++)
        if (strcmp(s->dags[i].name, name) == 0)
            return &s->dags[i];
    return NULL;
}

const struct snap_fresh *snapshot_fresh(const struct snapshot *s, const char *key)
{
    for (size_t i = 0; s && key && i < s->fresh_count; i++)
        if (strcmp(s->fresh[i].key, key) == 0)
            return &s->fresh[i];
    return NULL;
}

const struct snap_alert *snapshot_alert(const struct snapshot *s, const char *key)
{
    for (size_t i = 0; s && key && i < s->alert_count; i++)
        if (strcmp(s->alerts[i].key, key) == 0)
            return &s->alerts[i];
    return NULL;
}

/* ---- events ---- */

static void event_free(struct event *v)
{
    free(v->level);
    free(v->area);
    free(v->who);
    free(v->object);
    free(v->text);
}

static char *copy_of(const json_t *object, const char *name, const char *otherwise)
{
    const char *s = json_string_value(json_object_get(object, name));
    s = s ? s : otherwise;
    return s ? strdup(s) : NULL;
}

/* Room for one more at the end; a full list forgets a tenth of its oldest. */
static bool event_room(struct event_list *l)
{
    if (l->n == EVENTS_KEPT) {
        size_t drop = EVENTS_KEPT / 10;
        for (size_t i = 0; i < drop; i++)
            event_free(&l->events[i]);
        memmove(l->events, l->events + drop, (l->n - drop) * sizeof *l->events);
        l->n -= drop;
    }
    if (l->n < l->cap)
        return true;
    size_t cap = l->cap ? l->cap * 2 : 64;
    struct event *p = realloc(l->events, cap * sizeof *p);
    if (!p)
        return false;
    l->events = p;
    l->cap = cap;
    return true;
}

static enum err add_event(struct event_list *l, const json_t *v, size_t *added, struct errbuf *e)
{
    int64_t id = int_of(v, "id");
    if (id == UNKNOWN_INT || id <= l->last_id)
        return ERR_OK;
    struct event ev = {
        .id = id,
        .ts_us = int_of(v, "ts_us"),
        .level = copy_of(v, "level", ""),
        .area = copy_of(v, "area", ""),
        .who = copy_of(v, "who", ""),
        .object = copy_of(v, "object", NULL),
        .text = copy_of(v, "text", ""),
    };
    if (!ev.level || !ev.area || !ev.who || !ev.text || !event_room(l)) {
        event_free(&ev);
        return err_set(e, ERR_NOMEM, "no memory for events");
    }
    (void)snprintf(ev.key, sizeof ev.key, "%lld", (long long)id);
    l->events[l->n++] = ev;
    l->last_id = id;
    (*added)++;
    return ERR_OK;
}

enum err event_list_add(struct event_list *l, const json_t *answer, size_t *added, struct errbuf *e)
{
    *added = 0;
    const json_t *events = json_object_get(answer, "events");
    enum err rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < json_array_size(events); i++)
        rc = add_event(l, json_array_get(events, i), added, e);
    return rc;
}

const struct event *event_list_find(const struct event_list *l, const char *key)
{
    for (size_t i = l->n; key && i > 0; i--)
        if (strcmp(l->events[i - 1].key, key) == 0)
            return &l->events[i - 1];
    return NULL;
}

void event_list_free(struct event_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        event_free(&l->events[i]);
    free(l->events);
    *l = (struct event_list){0};
}

/* ---- a connector's configuration ---- */

static char *value_text(const json_t *v)
{
    const char *s = json_string_value(v);
    return s ? strdup(s) : json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
}

enum err connector_config_from_json(const json_t *answer, struct connector_config *out,
                                    struct errbuf *e)
{
    *out = (struct connector_config){0};
    json_t *config = json_object_get(answer, "config");
    size_t n = json_object_size(config);
    out->connector = copy_of(answer, "name", "");
    out->names = calloc(n + 1, sizeof *out->names);
    out->values = calloc(n + 1, sizeof *out->values);
    bool ok = out->connector && out->names && out->values;
    const char *name;
    json_t *value;
    json_object_foreach(config, name, value)
    {
        if (!ok)
            break;
        out->names[out->n] = strdup(name);
        out->values[out->n] = value_text(value);
        ok = out->names[out->n] && out->values[out->n];
        out->n++;
    }
    if (ok)
        return ERR_OK;
    connector_config_free(out);
    return err_set(e, ERR_NOMEM, "no memory for a connector's configuration");
}

void connector_config_free(struct connector_config *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->names[i]);
        free(c->values[i]);
    }
    free(c->connector);
    free(c->names);
    free(c->values);
    *c = (struct connector_config){0};
}
