/*
 * When runs are made: by schedule, because inputs changed, and what the clock does meanwhile.
 *
 * By schedule: last_fire_us, in the file, is the newest time that has fired. The next one follows
 * from it and never from the clock, so no time fires twice, whatever the clock does. The run and
 * last_fire_us are written in one transaction.
 *
 * By change: changed_us, in the file, says that inputs changed and no run has begun since. It is
 * taken up by one run, as soon as none is going on or waiting and min_interval is over; a run by
 * schedule or change takes it up as it begins. So nothing is missed, and many changes cost one run.
 *
 * A clock that went back by more than a DAG's period would leave it without runs until it has
 * caught up: the DAG runs once a period meanwhile, as by change. Nothing fires twice by that.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/log.h"
#include "backend/schedule/scheduler_run.h"

enum { FIRES_AT_ONCE = 100, CATCHUP_AHEAD = 500, UNIQUE_TRIES = 10000, CLOCK_STEP_US = 60000000 };

/* ---- params ---- */

enum err due_params(const struct dag *d, const struct dag_interval *iv, int64_t logical_us,
                    const struct dag_value *given, int n_given, char **json, struct errbuf *e)
{
    const struct dag_value *values = NULL;
    struct arena *a = arena_create(0);
    json_t *j = json_object();
    const struct dag_context at = {
        .dag = d, .interval = *iv, .logical_us = logical_us, .run = "", .attempt = 1};
    *json = NULL;
    enum err rc = a && j ? dag_params(&at, given, n_given, a, &values, e)
                         : err_set(e, ERR_NOMEM, "no memory for params");
    for (int i = 0; i < d->n_params && !rc; i++)
        if (values[i].value &&
            json_object_set_new(j, values[i].name, json_string(values[i].value)) != 0)
            rc = err_set(e, ERR_USAGE, "param %s is not UTF-8 text", values[i].name);
    if (!rc && !(*json = json_dumps(j, JSON_COMPACT)))
        rc = err_set(e, ERR_NOMEM, "no memory for params");
    json_decref(j);
    arena_destroy(a);
    return rc;
}

/* Of a run that nobody gave params. When a default cannot be filled in, the run begins all the
 * same, and fails in words that stay. */
static char *default_params(const struct dag *d, const struct dag_interval *iv, int64_t logical_us)
{
    struct errbuf e;
    char *json = NULL;
    if (due_params(d, iv, logical_us, NULL, 0, &json, &e) != ERR_OK)
        json = strdup("{}");
    return json;
}

/* ---- one run about now ---- */

enum err due_insert(struct scheduler *s, struct dag_state *d, enum run_kind kind,
                    const char *params, const char *who, int64_t *id, struct errbuf *e)
{
    int64_t now = wall_now(s);
    struct dag_interval iv = dag_interval_of_trigger(d->dag, now);
    struct store_run row = {.dag = d->dag->name,
                            .kind = kind,
                            .lane = kind == RUN_KIND_MANUAL ? LANE_ASKED : LANE_ITSELF,
                            .state = RUN_QUEUED,
                            .logical_us = now,
                            .begin_us = iv.begin_us,
                            .end_us = iv.end_us,
                            .params = params,
                            .who = who,
                            .created_us = now};
    enum err rc = ERR_OK;
    for (int i = 0; i < UNIQUE_TRIES && !rc && !row.id; i++, row.logical_us++)
        rc = store_runs_insert(s->o.store, &row, 1, NULL, e);
    if (!rc && !row.id)
        rc = err_set(e, ERR_EXISTS, "%s has runs at all moments around now: try again",
                     d->dag->name);
    if (rc)
        return rc;
    *id = row.id;
    d->queued[row.lane]++;
    d->last.id = row.id;
    d->last.state = RUN_QUEUED;
    d->last.logical_us = row.logical_us - 1;
    d->last.started_us = d->last.ended_us = 0;
    d->last.reason[0] = '\0';
    note_run(s, CHANGE_RUN_QUEUED, d->dag->name, row.id, kind, who, run_kind_word(kind));
    return ERR_OK;
}

/* ---- changed inputs ---- */

static int64_t period_of(const struct dag_state *d)
{
    return d->next_fire_us == INT64_MAX ? INT64_MAX : d->next_fire_us - d->kept.last_fire_us;
}

bool clock_is_behind(const struct scheduler *s, const struct dag_state *d)
{
    if (!d->dag->cron || d->kept.last_fire_us == INT64_MIN || d->next_fire_us == INT64_MAX)
        return false;
    return wall_now(s) < d->kept.last_fire_us - period_of(d);
}

/* INT64_MAX: there is nothing to take up, or not now. */
static int64_t change_due(const struct scheduler *s, const struct dag_state *d)
{
    int64_t now = mono_now(s);
    int64_t wait;
    if (d->kept.paused || d->active[0] || d->queued[LANE_ITSELF] || s->o.asked_only)
        return INT64_MAX;
    if (d->kept.changed_us)
        wait = d->dag->min_interval_ms * 1000;
    else if (clock_is_behind(s, d))
        wait = period_of(d);
    else
        return INT64_MAX;
    if (d->last_start_mono == INT64_MIN)
        return now;
    return d->last_start_mono + wait > now ? d->last_start_mono + wait : now;
}

static void on_change(void *arg, struct timer *timer)
{
    struct scheduler *s = arg;
    struct errbuf e;
    struct dag_state *d = TIMER_OWNER(timer, struct dag_state, change);
    int64_t id;
    if (change_due(s, d) > mono_now(s)) {
        due_change(s, d);
        return;
    }
    struct dag_interval iv = dag_interval_of_trigger(d->dag, wall_now(s));
    char *params = default_params(d->dag, &iv, wall_now(s));
    enum err rc = params ? due_insert(s, d, RUN_KIND_CHANGE, params, "scheduler", &id, &e)
                         : err_set(&e, ERR_NOMEM, "no memory for a run of %s", d->dag->name);
    free(params);
    if (rc) {
        trouble_begin(s, &e);
        (void)timer_set(s->timers, &d->change, mono_now(s) + s->trouble_us);
    }
}

void due_change(struct scheduler *s, struct dag_state *d)
{
    int64_t due = change_due(s, d);
    d->change.fire = on_change;
    d->change.arg = s;
    if (due == INT64_MAX)
        timer_clear(s->timers, &d->change);
    else
        (void)timer_set(s->timers, &d->change, due);
}

/* ---- the schedule ---- */

void due_plan(struct scheduler *s, struct dag_state *d)
{
    const struct dag *dag = d->dag;
    if (!dag->cron) {
        d->next_fire_us = INT64_MAX;
    } else if (d->kept.last_fire_us != INT64_MIN) {
        d->next_fire_us = dag_next_fire(dag, d->kept.last_fire_us);
    } else if (dag->start_us != INT64_MIN) { /* the end of the first interval behind the start */
        int64_t begin = dag_next_fire(dag, dag->start_us - 1);
        d->next_fire_us = begin == INT64_MAX ? begin : dag_next_fire(dag, begin);
    } else {
        d->next_fire_us = dag_next_fire(dag, wall_now(s));
    }
}

/* Enough runs wait already. Without catchup the newest time fires when they have begun; with it
 * years of missed times are not put into the file at once. */
static bool held(const struct dag_state *d)
{
    return d->queued[LANE_ITSELF] >= (d->dag->catchup ? CATCHUP_AHEAD : 1);
}

static bool is_due(const struct dag_state *d, int64_t now)
{
    return d->next_fire_us <= now && !d->kept.paused && !held(d);
}

static void fill_row(struct store_run *row, const struct dag *dag, int64_t fire, int64_t now)
{
    struct dag_interval iv = dag_interval_of_fire(dag, fire);
    *row = (struct store_run){.dag = dag->name,
                              .kind = RUN_KIND_SCHEDULE,
                              .lane = LANE_ITSELF,
                              .state = RUN_QUEUED,
                              .logical_us = iv.begin_us,
                              .begin_us = iv.begin_us,
                              .end_us = iv.end_us,
                              .params = default_params(dag, &iv, iv.begin_us),
                              .who = "scheduler",
                              .created_us = now};
}

static enum err fire(struct scheduler *s, struct dag_state *d, int64_t now, struct errbuf *e)
{
    struct store_run rows[FIRES_AT_ONCE];
    struct store_dag kept = d->kept;
    int n = 0;
    int64_t at = d->dag->catchup ? d->next_fire_us : dag_last_fire(d->dag, now);
    if (at < d->next_fire_us) /* it only ever moves on */
        at = d->next_fire_us;
    enum err rc = ERR_OK;
    while (at <= now && n < FIRES_AT_ONCE && !rc) {
        fill_row(&rows[n], d->dag, at, now);
        if (!rows[n].params)
            rc = err_set(e, ERR_NOMEM, "no memory for a run of %s", d->dag->name);
        n++;
        kept.last_fire_us = at;
        at = dag_next_fire(d->dag, at);
    }
    if (!rc)
        rc = store_runs_insert(s->o.store, rows, n, &kept, e);
    for (int i = 0; i < n; i++) {
        free((char *)rows[i].params);
        if (rc || !rows[i].id)
            continue;
        d->queued[LANE_ITSELF]++;
        d->last.id = rows[i].id;
        d->last.state = RUN_QUEUED;
        d->last.logical_us = rows[i].logical_us;
        d->last.started_us = d->last.ended_us = 0;
        d->last.reason[0] = '\0';
        note_run(s, CHANGE_RUN_QUEUED, d->dag->name, rows[i].id, RUN_KIND_SCHEDULE, "scheduler",
                 run_kind_word(RUN_KIND_SCHEDULE));
    }
    if (!rc) {
        d->kept = kept;
        d->next_fire_us = at;
    }
    return rc;
}

void due_fire(struct scheduler *s)
{
    struct errbuf e;
    int64_t now = wall_now(s);
    for (int i = 0; i < s->o.dags->n && !s->o.asked_only; i++)
        if (is_due(&s->dags[i], now) && fire(s, &s->dags[i], now, &e) != ERR_OK) {
            trouble_begin(s, &e);
            return;
        }
}

int64_t due_next(const struct scheduler *s)
{
    int64_t next = INT64_MAX;
    for (int i = 0; i < s->o.dags->n && !s->o.asked_only; i++) {
        const struct dag_state *d = &s->dags[i];
        if (!d->kept.paused && !held(d) && d->next_fire_us < next)
            next = d->next_fire_us;
    }
    return next;
}

/* ---- the clock ---- */

void due_look_at_clock(struct scheduler *s)
{
    char text[256];
    int64_t offset = wall_now(s) - mono_now(s);
    int64_t step = offset - s->offset_us;
    s->offset_us = offset;
    if (step > -CLOCK_STEP_US && step < CLOCK_STEP_US)
        return;
    (void)snprintf(text, sizeof text, "the clock went %s by %lld s%s", step < 0 ? "back" : "on",
                   (long long)((step < 0 ? -step : step) / 1000000),
                   step < 0 ? ": no time that has fired fires again" : "");
    note_add(s, CHANGE_TROUBLE, "", 0, "", "scheduler", text);
    for (int i = 0; i < s->o.dags->n; i++)
        due_change(s, &s->dags[i]);
}

/* ---- at the start ---- */

static const struct store_dag *stored(const struct store_dags *l, const char *name)
{
    for (int i = 0; i < l->n; i++)
        if (!strcmp(l->items[i].name, name))
            return &l->items[i];
    return NULL;
}

/* A DAG that is seen for the first time: what is missed from now on is made up for. */
static enum err first_seen(struct scheduler *s, struct dag_state *d, struct errbuf *e)
{
    d->kept.paused = d->dag->paused_at_start;
    if (d->dag->cron && d->dag->start_us == INT64_MIN)
        d->kept.last_fire_us = dag_last_fire(d->dag, wall_now(s));
    return store_dag_put(s->o.store, &d->kept, e);
}

static enum err newest_run(struct scheduler *s, struct dag_state *d, struct errbuf *e)
{
    struct store_runs l = {0};
    enum err rc = store_run_newest(s->o.store, d->dag->name, &l, e);
    if (!rc && l.n) {
        const struct store_run *r = &l.items[0];
        int64_t ago = wall_now(s) - r->started_us;
        d->last.id = r->id;
        d->last.state = r->state;
        d->last.logical_us = r->logical_us;
        d->last.started_us = r->started_us;
        d->last.ended_us = r->ended_us;
        (void)snprintf(d->last.reason, sizeof d->last.reason, "%s", r->reason);
        if (r->started_us)
            d->last_start_mono = mono_now(s) - (ago > 0 ? ago : 0);
    }
    store_runs_free(&l);
    return rc;
}

static enum err newest_over(struct scheduler *s, struct dag_state *d, struct errbuf *e)
{
    struct store_runs l = {0};
    enum err rc = store_run_newest_over(s->o.store, d->dag->name, &l, e);
    if (!rc && l.n) {
        const struct store_run *r = &l.items[0];
        d->over.id = r->id;
        d->over.ended_us = r->ended_us;
        d->over.failed = r->state == RUN_FAILED;
        (void)snprintf(d->over.reason, sizeof d->over.reason, "%s", r->reason);
    }
    store_runs_free(&l);
    return rc;
}

enum err due_init(struct scheduler *s, struct errbuf *e)
{
    struct store_dags l = {0};
    enum err rc = store_dags_list(s->o.store, &l, e);
    for (int i = 0; i < s->o.dags->n && !rc; i++) {
        struct dag_state *d = &s->dags[i];
        const struct store_dag *found = stored(&l, d->dag->name);
        d->last_start_mono = INT64_MIN;
        d->kept = (struct store_dag){.last_fire_us = INT64_MIN};
        if (found)
            d->kept = *found;
        d->kept.name = d->dag->name;
        if (!found)
            rc = first_seen(s, d, e);
        if (!rc)
            rc = newest_run(s, d, e);
        if (!rc)
            rc = newest_over(s, d, e);
        due_plan(s, d);
    }
    store_dags_free(&l);
    s->offset_us = wall_now(s) - mono_now(s);
    return rc;
}
