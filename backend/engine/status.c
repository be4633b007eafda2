/*
 * The snapshot of docs/control.md, made when somebody asks: figures of the connectors, the last
 * answers of the probes, and rates over the time since the last look (at least RATE_US apart, so
 * that two clients do not halve each other's).
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/engine/schedule_run.h"
#include "backend/engine/status_run.h"
#include "backend/postgres/replication.h"

enum {
    QUIET_US = 5000000,
    RATE_US = 400000,
    LISTS_MAX = 500, /* of connectors and topics, where the engine looks for itself */
};

json_t *status_text_or_null(const char *s)
{
    return s && s[0] ? json_string(s) : json_null();
}

json_t *status_int_or_null(int64_t v)
{
    return v >= 0 ? json_integer(v) : json_null();
}

json_t *status_real_or_null(double v)
{
    return isnan(v) ? json_null() : json_real(v);
}

static json_t *lsn_json(uint64_t lsn)
{
    char text[LSN_TEXT_MAX];
    return lsn ? json_string(lsn_format(lsn, text)) : json_null();
}

static int64_t resident_bytes(void)
{
    long pages = -1;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f)
        return -1;
    if (fscanf(f, "%*s %ld", &pages) != 1)
        pages = -1;
    (void)fclose(f);
    return pages < 0 ? -1 : (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int64_t cpu_used_us(void)
{
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) != 0)
        return 0;
    return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

/* ---- rates ---- */

static int64_t waiting_of(const struct engine *g, const struct probe_view *v);

static void sample_cpu(struct engine *g, int64_t now)
{
    int64_t used = cpu_used_us();
    if (g->cpu_sampled_us)
        g->cpu_percent =
            100.0 * (double)(used - g->cpu_used_us) / (double)(now - g->cpu_sampled_us);
    g->cpu_sampled_us = now;
    g->cpu_used_us = used;
}

/* What the probes tell changes by the round. */
static void sample_servers(struct engine *g, const struct probe_view *v)
{
    int64_t waiting = probe_topics_old(v) ? -1 : waiting_of(g, v);
    uint64_t lsn = v->primary.up ? v->primary.health.lsn : 0;
    double seconds = (double)(v->asked_us - g->sampled_us) / 1e6;
    if (v->asked_us == g->sampled_us)
        return;
    bool before = g->sampled_us && seconds > 0;
    g->wal_bytes_s = before && g->sampled_wal && lsn >= g->sampled_wal
                         ? (double)(lsn - g->sampled_wal) / seconds
                         : NAN;
    g->waiting_growth = before && g->sampled_waiting >= 0 && waiting >= 0
                            ? (double)(waiting - g->sampled_waiting) / seconds
                            : NAN;
    way_sample(g, v);
    g->sampled_us = v->asked_us;
    g->sampled_wal = lsn;
    g->sampled_waiting = waiting;
}

/* What dwh and the marts got, as the connectors' rates: over the time since the last look. */
static void sample_loads(struct engine *g, int64_t now)
{
    struct freshness_dwh d;
    double seconds = (double)(now - g->loads_sampled_us) / 1e6;
    freshness_of_dwh(g->freshness, &d);
    if (g->loads_sampled_us) {
        g->dwh_rate = (double)(d.total - g->sampled_dwh) / seconds;
        g->mart_rate = (double)(d.mart_total - g->sampled_marts) / seconds;
    }
    g->loads_sampled_us = now;
    g->sampled_dwh = d.total;
    g->sampled_marts = d.mart_total;
}

static void sample(struct engine *g, const struct probe_view *v)
{
    int64_t now = clock_mono_us();
    if (g->cpu_sampled_us && now - g->cpu_sampled_us < RATE_US)
        return;
    for (int i = 0; i < g->n_connectors; i++) {
        struct engine_connector *c = g->connectors[i];
        int64_t records = c->figures.records;
        if (c->sampled_us)
            c->rate = (double)(records - c->sampled_records) * 1e6 / (double)(now - c->sampled_us);
        int64_t bytes = c->figures.bytes;
        if (c->sampled_us)
            c->bytes_rate =
                (double)(bytes - c->sampled_bytes) * 1e6 / (double)(now - c->sampled_us);
        c->sampled_us = now;
        c->sampled_records = records;
        c->sampled_bytes = bytes;
    }
    sample_cpu(g, now);
    sample_loads(g, now);
    sample_servers(g, v);
}

/* ---- lag ---- */

/* What the sink says, else what is stored (one that does not run says nothing). Good for the place,
 * not for a lag: behind what is stored stand markers that are nothing to load. */
static bool position_of(const struct engine_connector *c, const struct probe_view *v,
                        const char *topic, int partition, int64_t *at)
{
    return sink_position(c->sink, topic, partition, at) ||
           probe_stored_offset(v, c->name, topic, partition, at);
}

static int64_t committed_of(const struct engine *g, const struct probe_view *v, const char *topic,
                            int partition)
{
    for (int i = 0; i < g->n_connectors; i++) {
        struct engine_connector *c = g->connectors[i];
        int64_t at;
        if (!c->is_source && position_of(c, v, topic, partition, &at))
            return at;
    }
    return -1;
}

const struct engine_connector *status_sink_of(const struct engine *g, const struct probe_view *v,
                                              const char *topic)
{
    for (int i = 0; i < g->n_connectors; i++) {
        int64_t at;
        if (!g->connectors[i]->is_source && position_of(g->connectors[i], v, topic, 0, &at))
            return g->connectors[i];
    }
    return NULL;
}

/* Of a sink that runs. */
static int64_t read_of(const struct engine *g, const char *topic, int partition)
{
    for (int i = 0; i < g->n_connectors; i++) {
        struct engine_connector *c = g->connectors[i];
        int64_t at;
        if (!c->is_source && sink_position(c->sink, topic, partition, &at))
            return at;
    }
    return -1;
}

/* Records between what a sink has read and the topic's end; -1: no sink reads it, or the end is not
 * known. */
static int64_t partition_lag(const struct engine *g, const struct probe_topic *t, int p)
{
    int64_t at = read_of(g, t->name, p);
    if (at < 0 || t->high[p] < 0)
        return -1;
    return t->high[p] > at ? t->high[p] - at : 0;
}

/* Of all that is known; -1: nothing is. */
int64_t status_topic_lag(const struct engine *g, const struct probe_topic *t)
{
    int64_t sum = -1;
    for (int p = 0; p < t->n_partitions; p++) {
        int64_t lag = partition_lag(g, t, p);
        if (lag >= 0)
            sum = (sum < 0 ? 0 : sum) + lag;
    }
    return sum;
}

static int64_t waiting_of(const struct engine *g, const struct probe_view *v)
{
    int64_t sum = -1;
    for (int i = 0; i < v->n_topics; i++) {
        int64_t lag = status_topic_lag(g, &v->topics[i]);
        if (lag >= 0)
            sum = (sum < 0 ? 0 : sum) + lag;
    }
    return sum;
}

/* One partition that is not known makes the sum unknown. */
static void add_known(int64_t *sum, int64_t v)
{
    *sum = *sum >= 0 && v >= 0 ? *sum + v : -1;
}

struct lag_growth {
    int64_t now_us, lag;
    double records_s; /* NAN: not known yet */
};

static void measure_growth(void *arg, struct freshness_table *t)
{
    struct lag_growth *l = arg;
    l->records_s = growth_rate(&t->waiting, l->now_us, (double)l->lag);
}

/* Records a second; less than 0: it catches up. */
static json_t *growth_json(const struct engine *g, const struct probe_view *v, const char *topic,
                           int64_t lag)
{
    struct lag_growth l = {v->asked_us, lag, NAN};
    if (lag >= 0 && !probe_topics_old(v))
        freshness_with(g->freshness, topic, measure_growth, &l);
    return status_real_or_null(l.records_s);
}

static json_t *topic_json(const struct engine *g, const struct probe_view *v,
                          const struct probe_topic *t)
{
    json_t *partitions = json_array();
    int64_t records = 0;
    int64_t lag = 0;
    for (int p = 0; p < t->n_partitions; p++) {
        int64_t behind = partition_lag(g, t, p);
        bool known = t->low[p] >= 0 && t->high[p] >= t->low[p];
        add_known(&records, known ? t->high[p] - t->low[p] : -1);
        add_known(&lag, behind);
        (void)json_array_append_new(partitions,
                                    json_pack("{s:i, s:o, s:o, s:o, s:o}", "id", p, "low",
                                              status_int_or_null(t->low[p]), "high",
                                              status_int_or_null(t->high[p]), "committed",
                                              status_int_or_null(committed_of(g, v, t->name, p)),
                                              "lag", status_int_or_null(behind)));
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", t->name, "partitions",
                     partitions, "records", status_int_or_null(records), "rate_s",
                     status_real_or_null(t->rate), "lag", status_int_or_null(lag), "lag_growth_s",
                     growth_json(g, v, t->name, lag), "retention_ms",
                     status_int_or_null(t->retention_ms));
}

/* ---- connectors ---- */

/*
 * The lag of the newest change that is through; 0 when nothing has come for a while and nothing
 * waits. -1: nothing has come.
 */
static int64_t lag_ms_of(const struct engine_connector *c)
{
    const struct figures *f = &c->figures;
    if (!f->commits || !f->newest_commit_us)
        return -1;
    int64_t quiet_us = clock_wall_us() - (f->newest_commit_us + f->last_latency_us);
    if (quiet_us > QUIET_US && (c->is_source || f->caught_up))
        return 0;
    return f->last_latency_us / 1000;
}

/* Has the sink nothing to load? Transaction markers count as offsets, so the end seen by the reader
 * decides, not the difference. */
static json_t *sink_lag(const struct engine_connector *c, const struct probe_view *v)
{
    if (c->figures.caught_up)
        return json_integer(0);
    int64_t lag = -1; /* it reads nothing now, or not yet */
    for (int i = 0; i < v->n_topics; i++)
        for (int p = 0; p < v->topics[i].n_partitions; p++) {
            int64_t at;
            if (!sink_position(c->sink, v->topics[i].name, p, &at) || at < 0)
                continue;
            int64_t high = v->topics[i].high[p];
            if (high < 0)
                return json_null();
            lag = (lag < 0 ? 0 : lag) + (high > at ? high - at : 0);
        }
    return status_int_or_null(lag);
}

static json_t *topics_of(const struct engine_connector *c, const struct probe_view *v)
{
    json_t *names = json_array();
    char prefix[256];
    for (int i = 0; i < v->n_topics; i++) {
        int64_t at;
        bool mine;
        if (c->is_source) {
            (void)snprintf(prefix, sizeof prefix, "%s.", c->config->source.topic_prefix);
            mine = !strncmp(v->topics[i].name, prefix, strlen(prefix));
        } else {
            mine = position_of(c, v, v->topics[i].name, 0, &at);
        }
        if (mine)
            (void)json_array_append_new(names, json_string(v->topics[i].name));
    }
    return names;
}

json_t *engine_connector_json(struct engine_connector *c, const struct probe_view *v)
{
    struct task_view t;
    struct figures *f = &c->figures;
    char detail[320];
    task_view_get(c->task, &t);
    (void)snprintf(detail, sizeof detail, "%s", t.detail);
    if (f->snapshot_tables > 0)
        (void)snprintf(detail, sizeof detail, "snapshot: %lld of %lld tables",
                       (long long)f->snapshot_done, (long long)f->snapshot_tables);
    bool broken = t.state == TASK_FAILED || t.state == TASK_RETRYING;
    json_t *task = json_pack("{s:i, s:s, s:o}", "id", 0, "state", task_state_word(t.state), "trace",
                             broken ? status_text_or_null(t.last_error) : json_null());
    json_t *tasks = json_array();
    (void)json_array_append_new(tasks, task);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:o, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "name",
        c->name, "type", c->is_source ? "source" : "sink", "state", task_state_word(t.state),
        "detail", detail, "since_us", (json_int_t)t.since_us, "rate_s",
        status_real_or_null(c->rate), "total", (json_int_t)f->records, "lag_records",
        c->is_source ? json_null() : sink_lag(c, v), "lag_ms", status_int_or_null(lag_ms_of(c)),
        "errors", (json_int_t)f->errors, "dead_letters", (json_int_t)f->dead_letters, "clamped",
        (json_int_t)f->clamped, "restarts", (json_int_t)f->restarts, "last_error",
        status_text_or_null(t.last_error), "topics", topics_of(c, v), "tasks", tasks);
}

/* ---- the strip ---- */

static void add_slots(const struct probe_view *v, struct strip *s)
{
    for (int i = 0; i < v->n_slots; i++) {
        const struct source_slot *slot = &v->slots[i];
        if (!slot->exists)
            continue;
        if (slot->retained_bytes > s->retained)
            s->retained = slot->retained_bytes;
        if (!v->primary.up || !slot->confirmed_lsn)
            continue;
        int64_t unread = (int64_t)(v->primary.health.lsn - slot->confirmed_lsn);
        if (unread < 0) /* it was asked after the server was */
            unread = 0;
        if (unread > s->unread)
            s->unread = unread;
    }
}

static void add_sink(const struct engine_connector *c, struct strip *s)
{
    int64_t rows;
    int64_t bytes;
    sink_held(c->sink, &rows, &bytes);
    s->held = (s->held < 0 ? 0 : s->held) + rows;
    s->held_bytes = (s->held_bytes < 0 ? 0 : s->held_bytes) + bytes;
    s->raw_rate += c->rate;
    s->raw_bytes_rate += c->bytes_rate;
    s->loaded += c->figures.records;
    s->behind |= !c->figures.caught_up;
}

void status_strip(struct engine *g, const struct probe_view *v, struct strip *s)
{
    *s = (struct strip){
        .capture_ms = -1, .raw_ms = -1, .retained = -1, .unread = -1, .held = -1, .held_bytes = -1};
    for (int i = 0; i < g->n_connectors; i++) {
        const struct engine_connector *c = g->connectors[i];
        int64_t ms = lag_ms_of(c);
        if (c->is_source) {
            s->capture_rate += c->rate;
            s->captured += c->figures.records;
            if (ms > s->capture_ms)
                s->capture_ms = ms;
        } else {
            add_sink(c, s);
            if (ms > s->raw_ms)
                s->raw_ms = ms;
        }
    }
    add_slots(v, s);
    s->waiting = s->behind ? waiting_of(g, v) : 0;
}

static json_t *milliseconds_as_seconds(int64_t ms)
{
    return ms >= 0 ? json_real((double)ms / 1e3) : json_null();
}

int64_t status_bytes_of(const struct engine *g, int64_t records)
{
    int64_t bytes = 0;
    int64_t loaded = 0;
    for (int i = 0; i < g->n_connectors; i++)
        if (!g->connectors[i]->is_source) {
            bytes += g->connectors[i]->figures.bytes;
            loaded += g->connectors[i]->figures.records;
        }
    if (records <= 0)
        return records;
    return loaded > 0 ? (int64_t)((double)bytes / (double)loaded * (double)records) : -1;
}

json_t *status_pipeline(const struct way *w)
{
    const struct engine *g = w->g;
    const struct strip *s = w->strip;
    bool known = w->v->primary.up;
    return json_pack(
        "{s:{s:o, s:o, s:o}, s:{s:o, s:I, s:o, s:o}, s:{s:o, s:o, s:o, s:o, s:o}, "
        "s:{s:o, s:I, s:o, s:o, s:o, s:o}, s:o, s:o}",
        "wal", "bytes_s", status_real_or_null(known ? g->wal_bytes_s : NAN), "retained_bytes",
        status_int_or_null(s->retained), "lag_s", milliseconds_as_seconds(s->capture_ms), "capture",
        "rate_s", status_real_or_null(s->capture_rate), "total", (json_int_t)s->captured, "lag_ms",
        status_int_or_null(s->capture_ms), "waiting_bytes", status_int_or_null(s->unread), "topics",
        "rate_s", status_real_or_null(s->capture_rate), "waiting", status_int_or_null(s->waiting),
        "waiting_bytes", status_int_or_null(status_bytes_of(g, s->waiting)), "lag_s",
        w->topics_lag_us < 0 ? json_null() : json_real((double)w->topics_lag_us / 1e6), "growth_s",
        status_real_or_null(s->waiting < 0 ? NAN : g->waiting_growth), "raw", "rate_s",
        status_real_or_null(s->raw_rate), "total", (json_int_t)s->loaded, "lag_s",
        milliseconds_as_seconds(s->raw_ms), "bytes_s", status_real_or_null(s->raw_bytes_rate),
        "waiting", status_int_or_null(s->held), "waiting_bytes", status_int_or_null(s->held_bytes),
        "dwh", way_dwh(w), "marts", way_marts(w));
}

/* ---- the servers ---- */

static const char *up_word(bool known, bool up)
{
    return !known ? "unknown" : up ? "up" : "down";
}

static json_t *primary_json(const struct probe_server *p)
{
    if (p->known && !p->configured)
        return json_null();
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "state", up_word(p->known, p->up), "version",
                     p->up ? json_integer(p->health.version) : json_null(), "lsn",
                     lsn_json(p->up ? p->health.lsn : 0), "error", status_text_or_null(p->error),
                     "longest_transaction_s",
                     p->up ? json_real((double)p->health.longest_transaction_us / 1e6)
                           : json_null());
}

static json_t *standby_json(const struct probe_server *p, const struct probe_server *primary)
{
    if (!p->configured)
        return json_null();
    int64_t bytes = -1;
    if (p->up && primary->up)
        bytes = primary->health.lsn > p->health.lsn ? (int64_t)(primary->health.lsn - p->health.lsn)
                                                    : 0;
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "state", up_word(p->known, p->up), "replay_lsn",
                     lsn_json(p->up ? p->health.lsn : 0), "lag_bytes", status_int_or_null(bytes),
                     "lag_s", p->up ? json_real(p->health.replay_lag_seconds) : json_null(),
                     "error", status_text_or_null(p->error));
}

static json_t *slot_json(const char *name, const struct source_slot *s, const char *error)
{
    bool known = !error[0];
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "name", name, "active",
                     known ? json_boolean(s->active) : json_null(), "wal_status",
                     status_text_or_null(known ? s->wal_status : NULL), "retained_bytes",
                     status_int_or_null(known ? s->retained_bytes : -1), "safe_wal_bytes",
                     status_int_or_null(known ? s->safe_wal_bytes : -1), "error",
                     status_text_or_null(error));
}

static json_t *slots_json(const struct probe_view *v)
{
    json_t *a = json_array();
    for (int i = 0; i < v->n_slots; i++)
        if (v->slots[i].exists || v->slot_errors[i][0])
            (void)json_array_append_new(
                a, slot_json(v->slot_names[i], &v->slots[i], v->slot_errors[i]));
    return a;
}

static json_t *engine_json(const struct engine *g)
{
    return json_pack(
        "{s:s, s:i, s:I, s:o, s:o, s:{s:s, s:s, s:b}, s:s}", "version", FLIGHTDECK_VERSION, "pid",
        (int)getpid(), "uptime_s", (json_int_t)((clock_mono_us() - g->started_us) / 1000000),
        "rss_bytes", status_int_or_null(resident_bytes()), "cpu_percent",
        status_real_or_null(g->cpu_percent), "environment", "name", g->config->environment.name,
        "kind", config_environment_word(g->config), "looks_only", (int)config_looks_only(g->config),
        "dialect", config_dialect_word(g->config));
}

static json_t *server_json(bool known, bool up, const char *name, json_t *about, const char *error)
{
    return json_pack("{s:s, s:o, s:o}", "state", up_word(known, up), name, about, "error",
                     status_text_or_null(error));
}

static json_t *warehouse_json(const struct probe_view *v)
{
    return v->warehouse_none
               ? json_null()
               : server_json(v->warehouse_known, v->warehouse_up, "server",
                             status_text_or_null(v->warehouse_server), v->warehouse_error);
}

static json_t *kafka_json(const struct probe_view *v)
{
    json_t *o = server_json(v->kafka_known, v->kafka_up, "brokers",
                            v->kafka_up ? json_integer(v->brokers) : json_null(), v->kafka_error);
    (void)json_object_set_new(o, "topics_us",
                              v->topics_us ? json_integer(v->topics_us) : json_null());
    return o;
}

static json_t *source_json(const struct probe_view *v)
{
    return json_pack("{s:o, s:o, s:o}", "primary", primary_json(&v->primary), "standby",
                     standby_json(&v->standby, &v->primary), "slots", slots_json(v));
}

/* Where the lists are too long for each second: what alerts are about stands in them all the same.
 */
static bool is_noteworthy(const struct engine_connector *c)
{
    struct task_view t;
    task_view_get(c->task, &t);
    return t.state == TASK_FAILED || t.state == TASK_RETRYING || c->figures.dead_letters > 0;
}

static json_t *connectors_json(struct engine *g, const struct probe_view *v, bool all)
{
    json_t *a = json_array();
    for (int i = 0; i < g->n_connectors; i++)
        if (all || (is_noteworthy(g->connectors[i]) && json_array_size(a) < LISTS_MAX))
            (void)json_array_append_new(a, engine_connector_json(g->connectors[i], v));
    return a;
}

static json_t *topics_json(const struct engine *g, const struct probe_view *v, bool all)
{
    json_t *a = json_array();
    for (int i = 0; i < v->n_topics; i++)
        if (all || (status_topic_lag(g, &v->topics[i]) > 0 && json_array_size(a) < LISTS_MAX))
            (void)json_array_append_new(a, topic_json(g, v, &v->topics[i]));
    return a;
}

/* The mutex is held. */
static json_t *snapshot_json(struct engine *g, const struct probe_view *v, bool lists)
{
    struct strip s;
    sample(g, v);
    status_strip(g, v, &s);
    struct way w = {.g = g, .v = v, .strip = &s};
    way_look(&w, lists);
    json_t *out = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                            "now_us", (json_int_t)w.now_us, "engine", engine_json(g), "pipeline",
                            status_pipeline(&w), "bottleneck", way_bottleneck(&w), "eta", w.eta,
                            "freshness", w.freshness, "alerts", alerts_json(g->alerts), "source",
                            source_json(v), "kafka", kafka_json(v), "warehouse", warehouse_json(v),
                            "connectors", connectors_json(g, v, lists), "topics",
                            topics_json(g, v, lists), "dags", engine_schedule_json(g));
    way_free(&w);
    return out;
}

static json_t *look(struct engine *g,
                    enum err (*view)(struct probes *, struct probe_view *, struct errbuf *),
                    bool is_own)
{
    struct probe_view v = {0};
    struct errbuf e;
    if (g->probes && view(g->probes, &v, &e) != ERR_OK)
        v = (struct probe_view){0};
    (void)pthread_mutex_lock(&g->mutex);
    bool lists = !is_own || (g->n_connectors <= LISTS_MAX && v.n_topics <= LISTS_MAX);
    json_t *out = snapshot_json(g, &v, lists);
    (void)pthread_mutex_unlock(&g->mutex);
    if (out && !lists)
        (void)json_object_set_new(out, "trimmed", json_true());
    probe_view_free(&v);
    return out;
}

json_t *engine_status(struct engine *g)
{
    return look(g, probes_view, false);
}

json_t *engine_status_peek(struct engine *g)
{
    return look(g, probes_peek, true);
}
