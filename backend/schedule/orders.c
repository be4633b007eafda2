/* What somebody asks for: trigger, backfill, clear, cancel, pause; and what the engine tells. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/schedule/scheduler_run.h"

enum { BACKFILL_AT_ONCE = 100, BACKFILL_MAX = 100000 };

struct dag_state *scheduler_find(struct scheduler *s, const char *dag, struct errbuf *e)
{
    int i = dag_index(s->o.dags, dag);
    if (i >= 0)
        return &s->dags[i];
    (void)err_set(e, ERR_NOT_FOUND, "no DAG is named %s: `flightdeck dag list` shows them", dag);
    return NULL;
}

/* ---- trigger ---- */

/* A run with these stored params, which it takes. */
static enum err insert_manual(struct scheduler *s, struct dag_state *d, char *json, const char *who,
                              int64_t *run, struct errbuf *e)
{
    enum err rc = ERR_OK;
    (void)pthread_mutex_lock(&s->mutex);
    if (s->stopping)
        rc = err_set(e, ERR_STATE, "the engine stops: nothing is begun any more");
    else
        rc = due_insert(s, d, RUN_KIND_MANUAL, json, who, run, e);
    (void)pthread_mutex_unlock(&s->mutex);
    scheduler_poke(s);
    free(json);
    return rc;
}

enum err scheduler_trigger(struct scheduler *s, const char *dag, const struct dag_value *params,
                           int n_params, const char *who, int64_t *run, struct errbuf *e)
{
    char *json = NULL;
    *run = 0;
    struct dag_state *d = scheduler_find(s, dag, e);
    if (!d)
        return ERR_NOT_FOUND;
    int64_t now = wall_now(s);
    struct dag_interval iv = dag_interval_of_trigger(d->dag, now);
    enum err rc = due_params(d->dag, &iv, now, params, n_params, &json, e);
    return rc ? rc : insert_manual(s, d, json, who, run, e);
}

/* The params with what the run is about; json is taken, NULL without memory. */
static char *add_part(char *json, const char *task, const char *only)
{
    json_t *j = json_loads(json, 0, NULL);
    char *out = NULL;
    if (j && json_object_set_new(j, PART_TASK, json_string(task)) == 0 &&
        (!only || json_object_set_new(j, PART_ONLY, json_string(only)) == 0))
        out = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    free(json);
    return out;
}

enum err scheduler_trigger_part(struct scheduler *s, const char *dag, const char *task,
                                const char *only, const char *who, int64_t *run, struct errbuf *e)
{
    char *json = NULL;
    *run = 0;
    struct dag_state *d = scheduler_find(s, dag, e);
    if (!d)
        return ERR_NOT_FOUND;
    if (!dag_task_find(d->dag, task))
        return err_set(e, ERR_NOT_FOUND, "DAG %s has no task %s", dag, task);
    int64_t now = wall_now(s);
    struct dag_interval iv = dag_interval_of_trigger(d->dag, now);
    enum err rc = due_params(d->dag, &iv, now, NULL, 0, &json, e);
    json = rc ? NULL : add_part(json, task, only);
    if (!rc && !json)
        rc = err_set(e, ERR_NOMEM, "no memory for params");
    return rc ? rc : insert_manual(s, d, json, who, run, e);
}

/* ---- waiting ---- */

static enum err state_of(struct scheduler *s, int64_t id, enum run_state *state, struct errbuf *e)
{
    struct store_runs l = {0};
    const struct run *r = run_find_active(s, id);
    if (r) {
        *state = r->v.state;
        return ERR_OK;
    }
    enum err rc = store_run_get(s->o.store, id, &l, e);
    if (!rc)
        *state = l.items[0].state;
    store_runs_free(&l);
    return rc;
}

enum err scheduler_run_wait(struct scheduler *s, int64_t run, int64_t timeout_us,
                            enum run_state *state, struct errbuf *e)
{
    struct timespec until = clock_mono_after(timeout_us);
    int waited = 0;
    (void)pthread_mutex_lock(&s->mutex);
    enum err rc = state_of(s, run, state, e);
    while (!rc && !run_state_ended(*state) && waited != ETIMEDOUT && !s->quit) {
        waited = pthread_cond_timedwait(&s->run_ended, &s->mutex, &until);
        rc = state_of(s, run, state, e);
    }
    (void)pthread_mutex_unlock(&s->mutex);
    if (!rc && !run_state_ended(*state))
        rc =
            err_set(e, ERR_TIMEOUT, "run %lld is still %s", (long long)run, run_state_word(*state));
    return rc;
}

/* ---- clear ---- */

static bool wants_clear(const struct scheduler_clear *c, enum task_instance_state state)
{
    return c->failed ? state == TI_FAILED || state == TI_UPSTREAM_FAILED || state == TI_CANCELED
                     : task_instance_ended(state);
}

static enum err select_tasks(const struct run *r, const struct scheduler_clear *c, bool *chosen,
                             struct errbuf *e)
{
    const struct dag *d = r->dag->dag;
    bool found = !c->task;
    for (int i = 0; i < d->n_tasks; i++) {
        chosen[i] = !c->task || !strcmp(d->tasks[i].name, c->task);
        found |= chosen[i];
        /* what did not run because of it goes with it */
        bool follows = c->downstream || r->tasks[i].v.state == TI_UPSTREAM_FAILED;
        for (int k = 0; k < d->tasks[i].n_after && follows && !chosen[i]; k++)
            chosen[i] = chosen[d->tasks[i].after[k]];
    }
    return found ? ERR_OK : err_set(e, ERR_NOT_FOUND, "DAG %s has no task %s", d->name, c->task);
}

/* Moves what is chosen; *n counts. The change has begun. */
static enum err clear_tasks(struct scheduler *s, struct run *r, const struct scheduler_clear *c,
                            int *n, struct errbuf *e)
{
    bool *chosen = calloc((size_t)r->n_tasks + 1, sizeof *chosen);
    enum err rc =
        chosen ? select_tasks(r, c, chosen, e) : err_set(e, ERR_NOMEM, "no memory to clear a run");
    for (int i = 0; i < r->n_tasks && !rc; i++) {
        if (!chosen[i])
            continue;
        if (r->tasks[i].v.state == TI_RUNNING && !c->failed)
            rc = err_set(e, ERR_STATE,
                         "task %s of run %lld is running: wait for it, or cancel the run",
                         r->dag->dag->tasks[i].name, (long long)r->id);
        else if (wants_clear(c, r->tasks[i].v.state) && ti_move(s, &r->tasks[i], TASK_EV_CLEAR, ""))
            ++*n;
    }
    free(chosen);
    return rc;
}

/* A run that is over goes back into the queue; lane and params (NULL: as they were) are new. */
static enum err clear_run(struct scheduler *s, struct run *r, const struct scheduler_clear *c,
                          int lane, const char *params, int *n, struct errbuf *e)
{
    *n = 0;
    run_change_begin(r);
    if (r->v.state == RUN_CANCELING)
        return err_set(e, ERR_STATE, "run %lld is canceling: wait until it has ended",
                       (long long)r->id);
    enum err rc = clear_tasks(s, r, c, n, e);
    if (!rc && !*n)
        rc = err_set(e, ERR_STATE, "nothing of run %lld is to be cleared", (long long)r->id);
    if (rc) {
        run_change_undo(r);
        return rc;
    }
    if (run_move(s, r, RUN_EV_CLEAR, ""))
        r->v.lane = lane;
    char *fresh = params ? strdup(params) : NULL;
    if (fresh) {
        free(r->params_json);
        r->params_json = fresh;
    }
    run_settle(s, r);
    return run_change_commit(s, &r, e);
}

/* In memory, whether it is active or not; *own: the caller frees it. */
static enum err find_run(struct scheduler *s, int64_t id, struct run **out, bool *own,
                         struct errbuf *e)
{
    struct store_runs l = {0};
    *out = run_find_active(s, id);
    *own = false;
    if (*out)
        return ERR_OK;
    enum err rc = store_run_get(s->o.store, id, &l, e);
    struct dag_state *d = rc ? NULL : scheduler_find(s, l.items[0].dag, e);
    if (!rc)
        rc = d ? run_load(s, d, &l.items[0], out, e) : ERR_NOT_FOUND;
    *own = *out != NULL;
    store_runs_free(&l);
    return rc;
}

static void note_order(struct scheduler *s, const struct run *r, const char *who, const char *what)
{
    note_run(s, CHANGE_RUN_QUEUED, r->dag->dag->name, r->id, r->kind, who, what);
}

enum err scheduler_clear(struct scheduler *s, int64_t run, const struct scheduler_clear *c,
                         const char *who, int *n, struct errbuf *e)
{
    struct run *r = NULL;
    bool own = false;
    *n = 0;
    (void)pthread_mutex_lock(&s->mutex);
    enum err rc =
        s->stopping ? err_set(e, ERR_STATE, "the engine stops") : find_run(s, run, &r, &own, e);
    if (!rc)
        rc = clear_run(s, r, c, LANE_ASKED, NULL, n, e);
    if (!rc)
        note_order(s, r, who, "cleared");
    if (own)
        run_free(s, r);
    (void)pthread_mutex_unlock(&s->mutex);
    scheduler_poke(s);
    return rc;
}

/* ---- cancel, pause ---- */

enum err scheduler_cancel(struct scheduler *s, int64_t run, const char *who, struct errbuf *e)
{
    struct run *r = NULL;
    bool own = false;
    char reason[REASON_MAX];
    (void)snprintf(reason, sizeof reason, "cancelled by %s", who);
    (void)pthread_mutex_lock(&s->mutex);
    enum err rc = find_run(s, run, &r, &own, e);
    if (!rc)
        rc = run_cancel(s, &r, reason, e);
    if (own)
        run_free(s, r); /* NULL when it is over with it */
    (void)pthread_mutex_unlock(&s->mutex);
    scheduler_poke(s);
    return rc;
}

enum err scheduler_pause(struct scheduler *s, const char *dag, bool paused, const char *who,
                         struct errbuf *e)
{
    (void)pthread_mutex_lock(&s->mutex);
    struct dag_state *d = scheduler_find(s, dag, e);
    enum err rc = d ? ERR_OK : ERR_NOT_FOUND;
    if (!rc && d->kept.paused != paused) {
        struct store_dag kept = d->kept;
        kept.paused = paused;
        rc = store_dag_put(s->o.store, &kept, e);
        if (!rc) {
            d->kept = kept;
            due_change(s, d);
            note_add(s, paused ? CHANGE_DAG_PAUSED : CHANGE_DAG_RESUMED, dag, 0, "", who,
                     paused ? "paused" : "resumed");
        }
    }
    (void)pthread_mutex_unlock(&s->mutex);
    scheduler_poke(s);
    return rc;
}

/* ---- changed inputs ---- */

static bool listens(const struct dag *d, const char *name)
{
    for (const char *const *n = d->on_change; n && *n; n++)
        if (!strcmp(*n, name) || !strcmp(*n, "all"))
            return true;
    return false;
}

void scheduler_changed(struct scheduler *s, const char *name)
{
    bool news = false;
    struct errbuf e;
    (void)pthread_mutex_lock(&s->mutex);
    for (int i = 0; i < s->o.dags->n; i++) {
        struct dag_state *d = &s->dags[i];
        if (d->kept.changed_us || !listens(d->dag, name))
            continue;
        news = true;
        d->kept.changed_us = wall_now(s);
        if (store_dag_put(s->o.store, &d->kept, &e) != ERR_OK) /* it is known in memory */
            trouble_begin(s, &e);
        due_change(s, d);
    }
    (void)pthread_mutex_unlock(&s->mutex);
    if (news)
        scheduler_poke(s);
}

/* ---- backfill ---- */

struct backfill {
    struct dag_state *d;
    const struct scheduler_backfill *b;
    const char *who;
    struct scheduler_backfill_result *out;
};

static enum err again(struct scheduler *s, const struct backfill *f, const struct store_run *row,
                      struct errbuf *e)
{
    static const struct scheduler_clear all = {0};
    struct store_runs l = {0};
    struct run *r = NULL;
    int n = 0;
    enum err rc = store_run_by_key(s->o.store, row->dag, row->logical_us, row->kind, &l, e);
    if (!rc && (!l.n || !run_state_ended(l.items[0].state)))
        f->out->active++;
    else if (!rc) {
        rc = run_load(s, f->d, &l.items[0], &r, e);
        if (!rc)
            rc = clear_run(s, r, &all, LANE_BACKFILL, row->params, &n, e);
        f->out->again += !rc;
        run_free(s, r);
    }
    store_runs_free(&l);
    return rc;
}

/* Up to BACKFILL_AT_ONCE runs; *begin moves on. The mutex is held. */
static enum err backfill_some(struct scheduler *s, const struct backfill *f, int64_t *begin,
                              struct errbuf *e)
{
    struct store_run rows[BACKFILL_AT_ONCE];
    struct store_dag kept = f->d->kept;
    const struct dag *dag = f->d->dag;
    int64_t now = wall_now(s);
    int n = 0;
    enum err rc = ERR_OK;
    for (; n < BACKFILL_AT_ONCE && !rc && *begin < f->b->to_us; n++) {
        int64_t fire = dag_next_fire(dag, *begin);
        if (fire > now)
            break;
        struct dag_interval iv = dag_interval_of_fire(dag, fire);
        char *params = NULL;
        rc = due_params(dag, &iv, iv.begin_us, f->b->params, f->b->n_params, &params, e);
        rows[n] = (struct store_run){.dag = dag->name,
                                     .kind = RUN_KIND_BACKFILL,
                                     .lane = LANE_BACKFILL,
                                     .state = RUN_QUEUED,
                                     .logical_us = iv.begin_us,
                                     .begin_us = iv.begin_us,
                                     .end_us = iv.end_us,
                                     .params = params,
                                     .who = f->who,
                                     .created_us = now};
        *begin = fire;
    }
    kept.backfill_running = f->b->parallel > 0 ? f->b->parallel : 0;
    if (!rc)
        rc = store_runs_insert(s->o.store, rows, n, &kept, e);
    if (!rc)
        f->d->kept = kept;
    for (int i = 0; i < n; i++) {
        if (!rc && rows[i].id) {
            f->d->queued[LANE_BACKFILL]++;
            f->out->created++;
            f->d->last.id = rows[i].id;
            f->d->last.state = RUN_QUEUED;
        } else if (!rc) {
            rc = again(s, f, &rows[i], e);
        }
        if (!rc) {
            f->out->first = f->out->n ? f->out->first : rows[i].logical_us;
            f->out->last = rows[i].logical_us;
            f->out->n++;
        }
        free((char *)rows[i].params);
    }
    if (n < BACKFILL_AT_ONCE)
        *begin = INT64_MAX;
    return rc;
}

enum err scheduler_backfill(struct scheduler *s, const char *dag,
                            const struct scheduler_backfill *b, const char *who,
                            struct scheduler_backfill_result *out, struct errbuf *e)
{
    char text[128];
    *out = (struct scheduler_backfill_result){0};
    struct dag_state *d = scheduler_find(s, dag, e);
    if (!d)
        return ERR_NOT_FOUND;
    if (!d->dag->cron)
        return err_set(e, ERR_USAGE, "DAG %s has no schedule, so there are no intervals to fill",
                       dag);
    if (b->from_us >= b->to_us)
        return err_set(e, ERR_USAGE, "a backfill's end must be behind its begin");
    const struct backfill f = {.d = d, .b = b, .who = who, .out = out};
    int64_t begin = dag_next_fire(d->dag, b->from_us - 1);
    enum err rc = ERR_OK;
    while (!rc && begin < b->to_us && out->n < BACKFILL_MAX) {
        (void)pthread_mutex_lock(&s->mutex); /* in portions: dispatch goes on between them */
        rc = s->stopping ? err_set(e, ERR_STATE, "the engine stops")
                         : backfill_some(s, &f, &begin, e);
        (void)pthread_mutex_unlock(&s->mutex);
        scheduler_poke(s);
    }
    if (!rc && !out->n)
        rc = err_set(e, ERR_USAGE, "no interval of %s that is over begins in this span", dag);
    if (rc || !out->created)
        return rc;
    (void)snprintf(text, sizeof text, "backfill: %d runs, %d of them anew", out->n, out->again);
    (void)pthread_mutex_lock(&s->mutex);
    note_add(s, CHANGE_RUN_QUEUED, dag, 0, "", who, text);
    (void)pthread_mutex_unlock(&s->mutex);
    return rc;
}
