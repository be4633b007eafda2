/*
 * The snapshot's other half: the way beyond raw (dwh, marts), how fresh everything is, what fills
 * up and when, and the first bottleneck of the whole way in words.
 *
 * All of it comes from what the engine holds: the loads tell freshness.h, the probes bring slots
 * and topics' ends. A time to disaster is what is left divided by how fast it went in the last half
 * minute; what does not grow has none.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/schedule_run.h"
#include "backend/engine/status_run.h"
#include "backend/schedule/cron.h"

enum {
    QUIET_US = 5000000,
    BOTTLENECK_RECORDS = 1000,
    LATE_US = 60000000, /* dwh may take so long for a scheduled load */
    SEGMENT = 16 << 20, /* PostgreSQL removes its log by such: less than that is not kept back */
    WORDS_MAX = 32,
    ILL_MAX = 100,       /* as many as are alerts of one rule */
    STUCK_US = 10000000, /* records that are younger are on their way */
};

static const double LEAST_SHOWN = 50;    /* records a second: 0.1 k/s */
static const double STUCK_GROWTH = 0.01; /* seconds a second: less is the batches' up and down */

/* "2 h 5 m": the two largest units. */
static const char *duration_words(double seconds, char out[WORDS_MAX])
{
    static const struct {
        int64_t s;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
    int64_t s = seconds < 0 ? 0 : seconds > 1e10 ? (int64_t)1e10 : (int64_t)seconds;
    size_t i = 0;
    while (i < 3 && s < units[i].s)
        i++;
    int64_t rest = i < 3 ? s % units[i].s / units[i + 1].s : 0;
    int n = snprintf(out, WORDS_MAX, "%lld %s", (long long)(s / units[i].s), units[i].unit);
    if (rest)
        (void)snprintf(out + n, (size_t)(WORDS_MAX - n), " %lld %s", (long long)rest,
                       units[i + 1].unit);
    return out;
}

/* "12:05 UTC" */
static const char *clock_words(int64_t us, char out[WORDS_MAX])
{
    char text[CLOCK_TEXT_MAX];
    (void)snprintf(out, WORDS_MAX, "%.5s UTC", clock_format_utc(us, text, sizeof text) + 11);
    return out;
}

static json_t *seconds_or_null(int64_t us)
{
    return us >= 0 ? json_real((double)us / 1e6) : json_null();
}

static json_t *moment(int64_t us)
{
    return us > 0 && us < INT64_MAX ? json_integer(us) : json_null();
}

/* ---- what grows ---- */

struct age {
    int64_t now_us;
    int64_t lag;
    const struct probe_view *v;
    double growth;  /* out: seconds a second */
    int64_t age_us; /* out: of the oldest record that waits, at the most; -1: not known */
};

/* The oldest record that waits came after the newest that is through, and after nothing waited. */
static int64_t age_of(const struct freshness_table *t, int64_t lag, int64_t now_us)
{
    int64_t since = t->newest_commit_us > t->reached_us ? t->newest_commit_us : t->reached_us;
    if (lag <= 0)
        return lag < 0 ? -1 : 0;
    return since ? (now_us > since ? now_us - since : 0) : -1;
}

/* The same where the ends are of before and all up to them is through: what came since may wait. */
static int64_t age_now(const struct freshness_table *t, int64_t lag, int64_t now_us,
                       const struct probe_view *v)
{
    if (lag == 0 && probe_topics_old(v))
        return now_us > v->topics_us ? now_us - v->topics_us : 0;
    return age_of(t, lag, now_us);
}

static void sample_table(void *arg, struct freshness_table *t)
{
    const struct age *a = arg;
    if (a->lag == 0)
        t->reached_us = a->now_us;
    int64_t us = age_of(t, a->lag, a->now_us);
    growth_add(&t->age, a->now_us, us < 0 ? NAN : (double)us / 1e6);
    growth_add(&t->waiting, a->now_us, probe_topics_old(a->v) ? NAN : (double)a->lag);
}

void way_sample(struct engine *g, const struct probe_view *v)
{
    for (int i = 0; i < v->n_slots; i++) {
        bool known = v->slots[i].exists && !v->slot_errors[i][0];
        if (strcmp(g->slot_growth[i].name, v->slot_names[i]) != 0)
            g->slot_growth[i] = (struct slot_growth){.retained = {.n = 0}};
        memcpy(g->slot_growth[i].name, v->slot_names[i], sizeof g->slot_growth[i].name);
        growth_add(&g->slot_growth[i].retained, v->asked_us,
                   known ? (double)v->slots[i].retained_bytes : NAN);
    }
    for (int i = 0; i < v->n_topics; i++) {
        struct age a = {.now_us = v->asked_us, .lag = status_topic_lag(g, &v->topics[i]), .v = v};
        if (a.lag > 0 || (a.lag == 0 && !probe_topics_old(v)))
            freshness_with(g->freshness, v->topics[i].name, sample_table, &a);
    }
}

/* ---- time to disaster ---- */

static void add_eta(struct way *w, const char *what, double seconds, bool known)
{
    char words[WORDS_MAX];
    json_t *text = !known           ? json_string("not known")
                   : isnan(seconds) ? json_string("not growing")
                                    : json_sprintf("full in %s", duration_words(seconds, words));
    (void)json_array_append_new(w->eta, json_pack("{s:s, s:o, s:o, s:b}", "what", what, "seconds",
                                                  status_real_or_null(seconds), "text", text,
                                                  "known", (int)known));
}

static void look_slots(struct way *w)
{
    const struct probe_view *v = w->v;
    for (int i = 0; i < v->n_slots; i++) {
        const struct source_slot *s = &v->slots[i];
        char what[128];
        double seconds = NAN;
        bool known = !v->slot_errors[i][0];
        (void)snprintf(what, sizeof what, "slot %s: safe WAL size", v->slot_names[i]);
        if (!known)
            add_eta(w, what, NAN, false);
        if (!known || !s->exists || s->safe_wal_bytes < 0)
            continue;
        double rate =
            growth_rate(&w->g->slot_growth[i].retained, v->asked_us, (double)s->retained_bytes);
        if (s->retained_bytes > SEGMENT && rate > 0)
            seconds = (double)s->safe_wal_bytes / rate;
        add_eta(w, what, seconds, true);
    }
}

static void measure_age(void *arg, struct freshness_table *t)
{
    struct age *a = arg;
    a->age_us = age_now(t, a->lag, a->now_us, a->v);
    a->growth = a->age_us < 0 ? NAN : growth_rate(&t->age, a->now_us, (double)a->age_us / 1e6);
}

static void look_topics(struct way *w)
{
    for (int i = 0; i < w->v->n_topics; i++) {
        const struct probe_topic *t = &w->v->topics[i];
        struct age a = {
            .now_us = w->now_us, .lag = status_topic_lag(w->g, t), .v = w->v, .age_us = -1};
        char what[300];
        if (a.lag < 0)
            continue;
        freshness_with(w->g->freshness, t->name, measure_age, &a);
        if (a.age_us > w->topics_lag_us)
            w->topics_lag_us = a.age_us;
        if (a.lag == 0 || t->retention_ms < 0 || a.age_us < STUCK_US || !(a.growth > STUCK_GROWTH))
            continue;
        double left = (double)t->retention_ms / 1e3 - (double)a.age_us / 1e6;
        double seconds = left > 0 ? left / a.growth : 0;
        (void)snprintf(what, sizeof what, "topic %s: retention", t->name);
        add_eta(w, what, seconds, true);
        if (isnan(w->full_s) || seconds < w->full_s)
            w->full_s = seconds;
    }
}

/* ---- freshness ---- */

/* "flights" of postgres.public.flights, "sales.orders" of postgres.sales.orders */
static const char *name_of(const char *topic)
{
    const char *dot = strrchr(topic, '.');
    const char *before = dot;
    while (before && before > topic && before[-1] != '.')
        before--;
    return !dot ? topic : !strncmp(before, "public.", 7) ? dot + 1 : before;
}

static json_t *check_json(const struct freshness_check *c)
{
    return c->at_us ? json_boolean(c->ok) : json_null();
}

static json_t *rows_today(const struct freshness_table *t)
{
    return t->part_of_today ? json_null() : json_integer(t->rows_today);
}

struct table_look {
    struct way *w;
    const struct probe_topic *topic;
    int64_t lag; /* -1: its sink does not tell */
    const struct engine_connector *sink;
};

static void look_table(void *arg, struct freshness_table *t)
{
    const struct table_look *l = arg;
    const struct way *w = l->w;
    const struct engine_connector *c = l->sink;
    char resting[300];
    struct task_view task;
    bool waits = l->lag > 0;
    int64_t behind = age_now(t, l->lag, w->now_us, w->v);
    const char *in = "-";
    t->listed_us = w->now_us;
    if (l->lag < 0) {
        task_view_get(c->task, &task);
        (void)snprintf(resting, sizeof resting, "%s is %s", c->name, task_state_word(task.state));
        in = resting;
    } else if (waits)
        in = w->v->warehouse_known && !w->v->warehouse_up ? "warehouse" : "kafka";
    else if (probe_topics_old(w->v))
        in = "kafka";
    else if (behind == 0 && w->now_us - t->loaded_us < QUIET_US)
        behind = t->latency_us;
    (void)json_array_append_new(
        w->freshness,
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
                  name_of(t->topic), "kind", "table", "topic", t->topic, "connector", c->name,
                  "behind_s", seconds_or_null(behind), "of_it_in", in, "of_it_s",
                  waits ? seconds_or_null(behind) : json_null(), "waiting",
                  status_int_or_null(l->lag), "rows_today", rows_today(t), "last_refresh_us",
                  moment(t->loaded_us), "verified_us", moment(t->check.at_us), "verified_ok",
                  check_json(&t->check)));
}

static void look_topic(struct way *w, const struct probe_topic *t)
{
    struct table_look l = {.w = w, .topic = t, .lag = status_topic_lag(w->g, t)};
    l.sink = status_sink_of(w->g, w->v, t->name);
    if (l.sink)
        freshness_with(w->g->freshness, t->name, look_table, &l);
}

/* Servers are asked now and then: a topic that is younger, or all of a short batch, has rows first.
 */
static void look_early_table(void *arg, struct freshness_table *t)
{
    struct way *w = arg;
    if (!t->told || t->listed_us == w->now_us)
        return;
    (void)json_array_append_new(
        w->freshness,
        json_pack("{s:s, s:s, s:s, s:n, s:n, s:s, s:n, s:n, s:o, s:o, s:o, s:o}", "name",
                  name_of(t->topic), "kind", "table", "topic", t->topic, "connector", "behind_s",
                  "of_it_in", "kafka", "of_it_s", "waiting", "rows_today", rows_today(t),
                  "last_refresh_us", moment(t->loaded_us), "verified_us", moment(t->check.at_us),
                  "verified_ok", check_json(&t->check)));
}

static void look_tables(struct way *w)
{
    for (int i = 0; i < w->v->n_topics; i++)
        look_topic(w, &w->v->topics[i]);
    freshness_tables(w->g->freshness, look_early_table, w);
}

struct ill {
    char *topics[ILL_MAX];
    int n;
};

static void note_ill(void *arg, struct freshness_table *t)
{
    struct ill *ill = arg;
    if (t->check.at_us && !t->check.ok && ill->n < ILL_MAX &&
        (ill->topics[ill->n] = strdup(t->topic)) != NULL)
        ill->n++;
}

/* Where all would be too many: those that an alert is about. */
static void look_ill_tables(struct way *w)
{
    struct ill ill = {.n = 0};
    freshness_tables(w->g->freshness, note_ill, &ill);
    for (int k = 0; k < ill.n; k++) {
        for (int i = 0; i < w->v->n_topics; i++)
            if (!strcmp(w->v->topics[i].name, ill.topics[k]))
                look_topic(w, &w->v->topics[i]);
        free(ill.topics[k]);
    }
}

static const struct scheduler_dag_view *dag_view(const struct way *w, int dag)
{
    return dag >= 0 && dag < w->dags.n ? &w->dags.items[dag] : NULL;
}

/* "due at 12:05 every day", as `dag list` says it; the zone where it is not UTC, as all else is.
 */
static void its_time(const struct dag *d, char *out, size_t n)
{
    struct buf words;
    bool utc = strcmp(d->zone_name, "UTC") == 0;
    buf_init(&words, 0);
    cron_describe(d->cron, &words);
    (void)snprintf(out, n, "due %s%s%s", buf_cstr(&words), utc ? "" : " ", utc ? "" : d->zone_name);
    buf_free(&words);
}

/* What a mart that is behind waits for. */
static void waits_for(const struct way *w, const struct scheduler_dag_view *v, char *out, size_t n)
{
    if (!v)
        (void)snprintf(out, n, "-");
    else if (v->active)
        (void)snprintf(out, n, "runs now");
    else if (v->paused)
        (void)snprintf(out, n, "%s is paused", v->dag->name);
    else if (v->dag->n_trigger_dags > 0)
        (void)snprintf(out, n, "waits for %s", w->g->dags->dags[v->dag->trigger_dags[0]]->name);
    else if (v->dag->cron)
        its_time(v->dag, out, n);
    else
        (void)snprintf(out, n, "waits for a trigger");
}

/* Since its DAG should have made it; 0: it is not late. */
static int64_t late_of(const struct way *w, const struct scheduler_dag_view *v,
                       const struct freshness_mart *m)
{
    if (!v || v->paused || !v->dag->cron)
        return 0;
    int64_t fire = dag_last_fire(v->dag, w->now_us);
    int64_t known_since = w->now_us - (clock_mono_us() - w->g->started_us);
    int64_t made = m->began_us ? m->began_us : known_since;
    return fire != INT64_MIN && fire > made ? w->now_us - fire : 0;
}

static void look_mart(void *arg, const struct freshness_mart *m)
{
    struct way *w = arg;
    const struct scheduler_dag_view *v = dag_view(w, m->dag);
    char in[DAG_NAME_MAX + 64];
    int64_t behind = m->began_us && w->now_us > m->began_us ? w->now_us - m->began_us : -1;
    int64_t late = m->dag >= 0 && !v ? -1 : late_of(w, v, m); /* its DAG's state is not known */
    waits_for(w, v, in, sizeof in);
    w->n_marts++;
    if (behind > w->mart_behind_us)
        w->mart_behind_us = behind;
    if (v && v->next_us < INT64_MAX && (!w->mart_next_us || v->next_us < w->mart_next_us))
        w->mart_next_us = v->next_us;
    if (late > w->late_us) {
        w->late_us = late;
        (void)snprintf(w->late, sizeof w->late, "%s", m->mart->name);
    }
    (void)json_array_append_new(
        w->freshness,
        json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "name",
                  m->mart->name, "kind", "mart", "dag",
                  status_text_or_null(v ? v->dag->name : NULL), "behind_s", seconds_or_null(behind),
                  "of_it_in", in, "of_it_s", seconds_or_null(behind), "rows_today",
                  (json_int_t)m->rows_today, "last_refresh_us", moment(m->ended_us), "next_us",
                  moment(v ? v->next_us : 0), "late_s", seconds_or_null(late), "verified_us",
                  moment(m->check.at_us), "verified_ok", check_json(&m->check)));
}

/* ---- all of it ---- */

void way_look(struct way *w, bool lists)
{
    struct errbuf e;
    struct scheduler *s = engine_scheduler(w->g);
    w->now_us = clock_wall_us();
    w->freshness = json_array();
    w->eta = json_array();
    w->mart_behind_us = w->topics_lag_us = -1;
    w->full_s = NAN;
    if (s && scheduler_dags_list(s, &w->dags, &e) != ERR_OK)
        w->dags = (struct scheduler_dags){.n = 0};
    freshness_turn_day(w->g->freshness, w->now_us);
    freshness_of_dwh(w->g->freshness, &w->dwh);
    look_slots(w);
    look_topics(w);
    if (lists)
        look_tables(w);
    else
        look_ill_tables(w);
    freshness_marts(w->g->freshness, look_mart, w);
}

void way_free(struct way *w)
{
    scheduler_dags_free(&w->dags);
}

static const char *dag_word(const struct scheduler_dag_view *v)
{
    return !v                              ? NULL
           : v->active                     ? "running"
           : v->paused                     ? "paused"
           : !v->last_run                  ? "waiting"
           : v->last_state == RUN_FAILED   ? "failed"
           : v->last_state == RUN_CANCELED ? "canceled"
                                           : "waiting";
}

static int64_t dwh_behind(const struct way *w)
{
    return !w->dwh.known ? -1 : w->dwh.behind_us ? w->now_us - w->dwh.behind_us : 0;
}

json_t *way_dwh(const struct way *w)
{
    int64_t waiting = w->dwh.known ? w->dwh.waiting : -1;
    const struct scheduler_dag_view *v = dag_view(w, w->dwh.dag);
    return json_pack(
        "{s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "state",
        status_text_or_null(dag_word(v)), "dag", status_text_or_null(v ? v->dag->name : NULL),
        "rate_s", status_real_or_null(w->dwh.dag >= 0 ? w->g->dwh_rate : NAN), "total",
        (json_int_t)w->dwh.total, "lag_s", seconds_or_null(dwh_behind(w)), "waiting",
        status_int_or_null(waiting), "waiting_bytes",
        status_int_or_null(status_bytes_of(w->g, waiting)), "rows", status_int_or_null(w->dwh.rows),
        "seconds", seconds_or_null(w->dwh.ended_us ? w->dwh.ended_us - w->dwh.began_us : -1),
        "last_us", moment(w->dwh.ended_us), "next_us", moment(v ? v->next_us : 0));
}

json_t *way_marts(const struct way *w)
{
    const char *state = w->n_marts ? "waiting" : NULL;
    for (int i = 0; i < w->dags.n && state; i++) {
        const struct scheduler_dag_view *v = &w->dags.items[i];
        if (i != w->dwh.dag && v->active)
            state = "running";
    }
    if (w->late_us && state && strcmp(state, "running") != 0)
        state = "late";
    return json_pack(
        "{s:o, s:i, s:o, s:I, s:o, s:o, s:o}", "state", status_text_or_null(state), "count",
        w->n_marts, "rate_s", status_real_or_null(w->n_marts ? w->g->mart_rate : NAN), "total",
        (json_int_t)w->dwh.mart_total, "lag_s", seconds_or_null(w->mart_behind_us), "late_s",
        w->n_marts ? seconds_or_null(w->late_us) : json_null(), "next_us", moment(w->mart_next_us));
}

/* ---- the bottleneck ---- */

static json_t *broken_connector(const struct engine *g)
{
    for (int i = 0; i < g->n_connectors; i++) {
        struct task_view t;
        task_view_get(g->connectors[i]->task, &t);
        if (t.state == TASK_FAILED || t.state == TASK_RETRYING)
            return json_sprintf("%s is %s: %.300s", g->connectors[i]->name,
                                task_state_word(t.state), t.last_error);
    }
    return NULL;
}

static json_t *silent_server(const struct probe_view *v)
{
    if (v->primary.known && v->primary.configured && !v->primary.up)
        return json_sprintf("the source does not answer: %.300s", v->primary.error);
    if (v->kafka_known && !v->kafka_up)
        return json_sprintf("Kafka does not answer: %.300s", v->kafka_error);
    if (v->warehouse_known && !v->warehouse_up)
        return json_sprintf("the warehouse does not answer: %.300s", v->warehouse_error);
    return NULL;
}

static json_t *slow_raw(const struct way *w)
{
    const struct strip *s = w->strip;
    double growth = w->g->waiting_growth;
    char full[WORDS_MAX + 16] = "";
    char words[WORDS_MAX];
    if (s->waiting <= BOTTLENECK_RECORDS)
        return NULL;
    if (isnan(s->raw_rate) || isnan(s->capture_rate))
        return json_sprintf("raw: %.1f k records wait", (double)s->waiting / 1e3);
    char moves[WORDS_MAX + 16] = ""; /* less than what is shown, or not known: nothing is said */
    if (fabs(growth) >= LEAST_SHOWN)
        (void)snprintf(moves, sizeof moves, ", %s %.1f k/s", growth > 0 ? "growing" : "shrinking",
                       fabs(growth) / 1e3);
    if (growth > 0 && !isnan(w->full_s))
        (void)snprintf(full, sizeof full, ", full in %s", duration_words(w->full_s, words));
    return json_sprintf("raw: the warehouse takes %.1f k/s of %.1f k/s; %.1f k records wait%s%s",
                        s->raw_rate / 1e3, s->capture_rate / 1e3, (double)s->waiting / 1e3, moves,
                        full);
}

/* Waiting for its time is no fault: only what goes on longer than that. */
static json_t *slow_dwh(const struct way *w)
{
    const struct scheduler_dag_view *v = dag_view(w, w->dwh.dag);
    int64_t behind = dwh_behind(w);
    char words[WORDS_MAX];
    if (!v)
        return NULL;
    if (v->failed_run) /* also while the next one is under way */
        return json_sprintf("dwh: its last load failed (%s, run %lld): %.300s", v->dag->name,
                            (long long)v->failed_run, v->failed_reason);
    if (behind <= LATE_US)
        return NULL;
    (void)duration_words((double)behind / 1e6, words);
    if (v->paused)
        return json_sprintf("dwh: %s behind raw: %s is paused", words, v->dag->name);
    int64_t fire = v->dag->cron ? dag_last_fire(v->dag, w->now_us) : INT64_MIN;
    if (v->active)
        return json_sprintf("dwh: %s behind raw: a load has been running since then", words);
    if (fire == INT64_MIN || (fire > w->dwh.behind_us && w->now_us - fire > LATE_US))
        return json_sprintf("dwh: %s behind raw, and no load runs", words);
    return NULL;
}

/* Somebody asked for that: said when nothing else is. */
static json_t *resting(const struct way *w)
{
    for (int i = 0; i < w->g->n_connectors; i++) {
        const struct engine_connector *c = w->g->connectors[i];
        struct task_view t;
        task_view_get(c->task, &t);
        if (t.state == TASK_PAUSED || t.state == TASK_STOPPED)
            return json_sprintf("%s: %s is %s", c->is_source ? "capture" : "raw", c->name,
                                task_state_word(t.state));
    }
    return NULL;
}

static json_t *late_mart(const struct way *w)
{
    char words[WORDS_MAX];
    char at[WORDS_MAX];
    return w->late_us > LATE_US ? json_sprintf("marts: %s should have been made at %s, %s ago",
                                               w->late, clock_words(w->now_us - w->late_us, at),
                                               duration_words((double)w->late_us / 1e6, words))
                                : NULL;
}

json_t *way_bottleneck(const struct way *w)
{
    json_t *words = broken_connector(w->g);
    if (!words)
        words = silent_server(w->v);
    if (!words)
        words = slow_raw(w);
    if (!words)
        words = slow_dwh(w);
    if (!words)
        words = late_mart(w);
    if (!words)
        words = resting(w);
    return words ? words : json_null();
}
