/*
 * A run in memory: how its states move, and how what moved is written before anything follows.
 *
 * A change begins, moves states (each by the table in states.c), and is committed: what was touched
 * is written in one transaction, then the actions of the table are carried out. See
 * scheduler_run.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/log.h"
#include "backend/schedule/scheduler_run.h"

enum {
    PRUNE_EVERY = 20,
    PRUNE_LIMIT = 50,
    PRUNE_PIECES = 20000,
    KEEP_BYTES = 256 << 20,
    KEEP_DAYS = 90,
    KEEP_RUNS = 20000
};
#define DAY_US INT64_C(86400000000)

/* ---- moving ---- */

void run_change_begin(struct run *r)
{
    r->saved = r->v;
    r->head_touched = false;
    r->action = RUN_DO_NOTHING;
    r->tells = false;
    r->n_touched = 0;
}

void ti_touch(struct ti *t)
{
    if (t->touched)
        return;
    t->touched = true;
    t->try_touched = false;
    t->saved = t->v;
    t->action = TASK_DO_NOTHING;
    t->run->touched[t->run->n_touched++] = t->index;
}

static void count_try(struct ti *t, enum task_event ev)
{
    if (ev == TASK_EV_FAULT || ev == TASK_EV_LAST_FAULT)
        t->v.failures++;
    if (ev == TASK_EV_LOST || ev == TASK_EV_LAST_LOST)
        t->v.losses++;
    t->try_touched = true;
}

bool ti_move(struct scheduler *s, struct ti *t, enum task_event ev, const char *reason)
{
    enum task_instance_state from = t->v.state;
    enum task_instance_state to;
    enum task_action action;
    int64_t now = wall_now(s);
    if (!states_task_next(from, ev, &to, &action))
        return false;
    ti_touch(t);
    t->action = action;
    t->v.state = to;
    (void)snprintf(t->v.reason, sizeof t->v.reason, "%s", reason);
    if (from == TI_RUNNING)
        count_try(t, ev);
    if (action == TASK_DO_RESET) {
        int attempt = t->v.attempt;
        t->v = (struct ti_state){.state = to, .attempt = attempt, .rows = -1};
    } else if (to == TI_RUNNING) {
        t->v.attempt++;
        t->v.started_us = now;
        t->v.ended_us = 0;
        t->v.rows = -1;
        t->try_touched = true;
    } else if (from == TI_RUNNING || task_instance_ended(to)) {
        t->v.ended_us = now;
    }
    if (to == TI_QUEUED)
        t->v.queued_us = now;
    t->run->open += (int)task_instance_ended(from) - (int)task_instance_ended(to);
    return true;
}

bool run_move(struct scheduler *s, struct run *r, enum run_event ev, const char *reason)
{
    enum run_state to;
    enum run_action action;
    if (!states_run_next(r->v.state, ev, &to, &action))
        return false;
    r->head_touched = true;
    r->v.state = to;
    r->action = action;
    (void)snprintf(r->v.reason, sizeof r->v.reason, "%s", reason);
    if (ev == RUN_EV_BEGIN)
        r->v.started_us = wall_now(s);
    if (ev == RUN_EV_CLEAR)
        r->v = (struct run_head){.state = to, .lane = LANE_ASKED, .rows = -1};
    if (run_state_ended(to))
        r->v.ended_us = wall_now(s);
    return true;
}

/* ---- settling ---- */

static void settle_task(struct scheduler *s, struct ti *t)
{
    const struct run *r = t->run;
    const struct dag_task *task = &r->dag->dag->tasks[t->index];
    const char *bad = NULL;
    const char *skipped = NULL;
    bool pending = false;
    char reason[REASON_MAX];
    if (r->part >= 0 && t->index != r->part) {
        (void)snprintf(reason, sizeof reason, "the run is about task %s alone",
                       r->dag->dag->tasks[r->part].name);
        (void)ti_move(s, t, TASK_EV_LEFT_OUT, reason);
        return;
    }
    for (int i = 0; i < task->n_after && r->part < 0; i++) {
        enum task_instance_state before = r->tasks[task->after[i]].v.state;
        const char *name = r->dag->dag->tasks[task->after[i]].name;
        if (before == TI_FAILED || before == TI_UPSTREAM_FAILED || before == TI_CANCELED)
            bad = name;
        else if (before == TI_SKIPPED)
            skipped = name;
        else if (before != TI_SUCCESS)
            pending = true;
    }
    if (bad) {
        (void)snprintf(reason, sizeof reason, "task %s did not succeed", bad);
        (void)ti_move(s, t, TASK_EV_UPSTREAM_FAILED, reason);
    } else if (!pending && skipped) {
        (void)snprintf(reason, sizeof reason, "task %s was skipped", skipped);
        (void)ti_move(s, t, TASK_EV_UPSTREAM_SKIPPED, reason);
    } else if (!pending) {
        (void)ti_move(s, t, TASK_EV_READY, "");
    }
}

static const struct ti *first_fault(const struct run *r)
{
    for (int i = 0; i < r->n_tasks; i++)
        if (r->tasks[i].v.state == TI_FAILED || r->tasks[i].v.state == TI_UPSTREAM_FAILED ||
            r->tasks[i].v.state == TI_CANCELED) /* and only others were cleared */
            return &r->tasks[i];
    return NULL;
}

static void settle_run(struct scheduler *s, struct run *r)
{
    char reason[REASON_MAX];
    const struct ti *fault = first_fault(r);
    r->v.rows = -1;
    for (int i = 0; i < r->n_tasks; i++)
        if (r->tasks[i].v.rows >= 0)
            r->v.rows = (r->v.rows < 0 ? 0 : r->v.rows) + r->tasks[i].v.rows;
    if (r->v.state == RUN_CANCELING) {
        (void)snprintf(reason, sizeof reason, "%s", r->v.reason);
        (void)run_move(s, r, r->timed_out ? RUN_EV_FAULT : RUN_EV_CANCELED, reason);
    } else if (fault) {
        (void)snprintf(reason, sizeof reason, "task %s: %.400s",
                       r->dag->dag->tasks[fault->index].name, fault->v.reason);
        (void)run_move(s, r, RUN_EV_FAULT, reason);
    } else {
        /* what tells its rows and has none has changed nothing */
        r->tells = r->v.rows != 0;
        (void)run_move(s, r, RUN_EV_DONE, "");
    }
}

void run_settle(struct scheduler *s, struct run *r)
{
    /* in the tasks' order each stands behind those it waits for: once through is enough */
    for (int i = 0; i < r->n_tasks && r->v.state == RUN_RUNNING; i++)
        if (r->tasks[i].v.state == TI_WAITING)
            settle_task(s, &r->tasks[i]);
    if (!r->open)
        settle_run(s, r);
}

/* ---- writing ---- */

static enum task_instance_state state_of_try(enum task_instance_state s)
{
    return s == TI_UP_FOR_RETRY ? TI_FAILED : s == TI_QUEUED ? TI_CANCELED : s;
}

static struct store_task stored_task(const struct run *r, const struct ti *t)
{
    return (struct store_task){.task = r->dag->dag->tasks[t->index].name,
                               .state = t->v.state,
                               .attempt = t->v.attempt,
                               .failures = t->v.failures,
                               .losses = t->v.losses,
                               .queued_us = t->v.queued_us,
                               .started_us = t->v.started_us,
                               .ended_us = t->v.ended_us,
                               .retry_us = t->v.retry_us,
                               .rows = t->v.rows,
                               .reason = t->v.reason};
}

static struct store_try stored_try(const struct run *r, const struct ti *t)
{
    return (struct store_try){.task = r->dag->dag->tasks[t->index].name,
                              .attempt = t->v.attempt,
                              .state = state_of_try(t->v.state),
                              .started_us = t->v.started_us,
                              .ended_us = t->v.ended_us,
                              .rows = t->v.rows,
                              .reason = t->v.reason};
}

/* DAGs that run after this one, with the change noted; and its own, whose changed inputs this run
 * takes up as it begins. Returns how many. */
static int changed_dags(struct scheduler *s, const struct run *r, struct store_dag *out)
{
    int n = 0;
    bool begins = r->saved.state == RUN_QUEUED && r->v.started_us;
    if (begins && r->dag->kept.changed_us &&
        (r->kind == RUN_KIND_SCHEDULE || r->kind == RUN_KIND_CHANGE)) {
        out[n] = r->dag->kept;
        out[n++].changed_us = 0;
    }
    for (int i = 0; i < s->o.dags->n && r->tells; i++) {
        const struct dag *d = s->dags[i].dag;
        for (int k = 0; k < d->n_trigger_dags; k++)
            if (d->trigger_dags[k] == r->dag->index) {
                out[n] = s->dags[i].kept;
                if (!out[n].changed_us)
                    out[n].changed_us = wall_now(s);
                n++;
                break;
            }
    }
    return n;
}

static enum err write_change(struct scheduler *s, struct run *r, struct store_dag *dags, int n_dags,
                             struct errbuf *e)
{
    size_t room = (size_t)r->n_touched + 1;
    struct store_task *tasks = malloc(room * sizeof *tasks);
    struct store_try *tries = malloc(room * sizeof *tries);
    struct store_run head = {.lane = r->v.lane,
                             .state = r->v.state,
                             .started_us = r->v.started_us,
                             .ended_us = r->v.ended_us,
                             .rows = r->v.rows,
                             .reason = r->v.reason,
                             .params = r->params_json,
                             .who = r->who};
    struct store_run_changes c = {.run = r->id,
                                  .state = r->head_touched ? &head : NULL,
                                  .tasks = tasks,
                                  .tries = tries,
                                  .n_dags = n_dags,
                                  .dags = dags};
    for (int i = 0; i < r->n_touched && tasks && tries; i++) {
        const struct ti *t = &r->tasks[r->touched[i]];
        tasks[c.n_tasks++] = stored_task(r, t);
        if (t->try_touched)
            tries[c.n_tries++] = stored_try(r, t);
    }
    enum err rc = tasks && tries ? store_run_write(s->o.store, &c, e)
                                 : err_set(e, ERR_NOMEM, "no memory for the tasks of a run");
    free(tasks);
    free(tries);
    return rc;
}

void run_change_undo(struct run *r)
{
    for (int i = 0; i < r->n_touched; i++) {
        struct ti *t = &r->tasks[r->touched[i]];
        if (t->action == TASK_DO_START) {
            try_free(t->running);
            t->running = NULL;
        }
        t->v = t->saved;
        t->touched = false;
    }
    r->n_touched = 0;
    r->v = r->saved;
    r->open = 0;
    for (int i = 0; i < r->n_tasks; i++)
        r->open += !task_instance_ended(r->tasks[i].v.state);
}

/* ---- what follows ---- */

static void on_retry(void *arg, struct timer *timer)
{
    struct scheduler *s = arg;
    struct errbuf e;
    struct ti *t = TIMER_OWNER(timer, struct ti, retry);
    struct run *r = t->run;
    run_change_begin(r);
    if (!ti_move(s, t, TASK_EV_RETRY_DUE, ""))
        return;
    if (run_change_commit(s, &r, &e) != ERR_OK) {
        trouble_begin(s, &e);
        (void)timer_set(s->timers, &t->retry, mono_now(s) + s->trouble_us);
    }
}

void arm_retry(struct scheduler *s, struct ti *t)
{
    int64_t most = t->run->dag->dag->tasks[t->index].retry_delay_max_ms * 2000;
    int64_t wait = t->retry_wait_us;
    if (!wait) /* after a restart, when the clock may be another */
        wait = t->v.retry_us - wall_now(s);
    t->retry_wait_us = 0;
    t->retry.fire = on_retry;
    t->retry.arg = s;
    (void)timer_set(s->timers, &t->retry, mono_now(s) + (wait < 0 ? 0 : wait > most ? most : wait));
}

static void act_on_task(struct scheduler *s, struct ti *t)
{
    t->touched = false;
    switch (t->action) {
    case TASK_DO_QUEUE:
        ti_queue(s, t);
        break;
    case TASK_DO_DEQUEUE:
        ti_dequeue(s, t);
        break;
    case TASK_DO_START:
        ti_start(s, t);
        break;
    case TASK_DO_BACKOFF:
        arm_retry(s, t);
        break;
    case TASK_DO_FORGET:
        timer_clear(s->timers, &t->retry);
        break;
    case TASK_DO_NOTHING:
    case TASK_DO_PASS_ON: /* run_settle has */
    case TASK_DO_RESET:   /* ti_move has */
        break;
    }
}

static void keep_last(struct run *r)
{
    struct dag_state *d = r->dag;
    if (r->id >= d->over.id && (r->v.state == RUN_SUCCESS || r->v.state == RUN_FAILED)) {
        d->over.id = r->id;
        d->over.ended_us = r->v.ended_us;
        d->over.failed = r->v.state == RUN_FAILED;
        memcpy(d->over.reason, r->v.reason, sizeof d->over.reason);
    }
    if (r->id < d->last.id)
        return;
    d->last.id = r->id;
    d->last.state = r->v.state;
    d->last.logical_us = r->logical_us;
    d->last.started_us = r->v.started_us;
    d->last.ended_us = r->v.ended_us;
    memcpy(d->last.reason, r->v.reason, sizeof d->last.reason);
}

static void prune(struct scheduler *s, struct dag_state *d)
{
    struct errbuf e;
    int n;
    int64_t days = s->o.keep_days > 0 ? s->o.keep_days : KEEP_DAYS;
    if (d->ends_until_prune-- > 0)
        return;
    d->ends_until_prune = PRUNE_EVERY - 1;
    if (store_runs_prune(s->o.store, d->dag->name, wall_now(s) - days * DAY_US,
                         s->o.keep_runs > 0 ? s->o.keep_runs : KEEP_RUNS, PRUNE_LIMIT, &n,
                         &e) != ERR_OK)
        log_warning("schedule", "old runs of %s stay: %s", d->dag->name, e.text);
    if (store_logs_prune(s->o.store, s->o.keep_bytes > 0 ? s->o.keep_bytes : KEEP_BYTES,
                         PRUNE_PIECES, &n, &e) != ERR_OK)
        log_warning("schedule", "old logs stay: %s", e.text);
}

static void on_run_timeout(void *arg, struct timer *timer)
{
    struct scheduler *s = arg;
    struct errbuf e;
    char reason[64];
    struct run *r = TIMER_OWNER(timer, struct run, timeout);
    if (r->v.state != RUN_RUNNING)
        return;
    (void)snprintf(reason, sizeof reason, "out of time after %.1f s",
                   (double)r->dag->dag->timeout_ms / 1000);
    r->timed_out = true;
    if (run_cancel(s, &r, reason, &e) == ERR_OK)
        return;
    r->timed_out = false;
    trouble_begin(s, &e);
    (void)timer_set(s->timers, &r->timeout, mono_now(s) + s->trouble_us);
}

void run_activate(struct scheduler *s, struct run *r)
{
    struct dag_state *d = r->dag;
    r->active = true;
    r->prev = NULL;
    r->next = d->runs;
    if (d->runs)
        d->runs->prev = r;
    d->runs = r;
    d->active[r->v.lane == LANE_BACKFILL]++;
    if (d->dag->timeout_ms > 0 && r->v.state == RUN_RUNNING) {
        int64_t spent = wall_now(s) - r->v.started_us;
        int64_t left = d->dag->timeout_ms * 1000 - (spent > 0 ? spent : 0);
        r->timeout.fire = on_run_timeout;
        r->timeout.arg = s;
        (void)timer_set(s->timers, &r->timeout, mono_now(s) + (left > 0 ? left : 0));
    }
}

static void begin_run(struct scheduler *s, struct run *r)
{
    r->dag->queued[r->saved.lane]--;
    if (r->v.lane != LANE_BACKFILL)
        r->dag->last_start_mono = mono_now(s);
    run_activate(s, r);
    note_run(s, CHANGE_RUN_STARTED, r->dag->dag->name, r->id, r->kind, r->who,
             run_kind_word(r->kind));
}

static void finish_run(struct scheduler *s, struct run *r)
{
    struct dag_state *d = r->dag;
    if (r->active) {
        d->active[r->v.lane == LANE_BACKFILL]--;
        *(r->prev ? &r->prev->next : &d->runs) = r->next;
        if (r->next)
            r->next->prev = r->prev;
    } else {
        d->queued[r->saved.lane]--;
    }
    note_run(s,
             r->v.state == RUN_SUCCESS  ? CHANGE_RUN_SUCCEEDED
             : r->v.state == RUN_FAILED ? CHANGE_RUN_FAILED
                                        : CHANGE_RUN_CANCELED,
             d->dag->name, r->id, r->kind, r->who, r->v.reason);
    (void)pthread_cond_broadcast(&s->run_ended);
    prune(s, d);
    due_change(s, d); /* what changed while it ran */
}

static void act_on_run(struct scheduler *s, struct run **r)
{
    switch ((*r)->action) {
    case RUN_DO_NOTHING:
        return;
    case RUN_DO_TASKS:
        begin_run(s, *r);
        break;
    case RUN_DO_CANCEL:
        for (int i = 0; i < (*r)->n_tasks; i++)
            if ((*r)->tasks[i].running)
                try_cancel((*r)->tasks[i].running, BY_ORDER);
        break;
    case RUN_DO_QUEUE:
        (*r)->dag->queued[(*r)->v.lane]++;
        break;
    case RUN_DO_FINISH:
        finish_run(s, *r);
        keep_last(*r);
        run_free(s, *r);
        *r = NULL;
        return;
    }
    keep_last(*r);
}

/* A run that begins and is over at once (all of it is skipped or cleared away) does both. */
static bool began(const struct run *r)
{
    return r->saved.state == RUN_QUEUED && r->v.started_us && r->action == RUN_DO_FINISH &&
           !r->active;
}

enum err run_change_commit(struct scheduler *s, struct run **run, struct errbuf *e)
{
    struct run *r = *run;
    struct store_dag *dags = NULL;
    int n_dags = 0;
    enum err rc = ERR_OK;
    for (int i = 0; i < r->n_touched && !rc; i++) {
        struct ti *t = &r->tasks[r->touched[i]];
        if (t->action == TASK_DO_START && !(t->running = try_create(s, t)))
            rc = err_set(e, ERR_NOMEM, "no memory for a task");
    }
    if (!rc && r->head_touched) {
        dags = malloc((size_t)(s->o.dags->n + 1) * sizeof *dags);
        if (!dags)
            rc = err_set(e, ERR_NOMEM, "no memory for the end of a run");
        else
            n_dags = changed_dags(s, r, dags);
    }
    if (!rc)
        rc = write_change(s, r, dags, n_dags, e);
    if (rc) {
        run_change_undo(r);
        free(dags);
        return rc;
    }
    if (began(r))
        begin_run(s, r);
    for (int i = 0; i < r->n_touched; i++)
        act_on_task(s, &r->tasks[r->touched[i]]);
    r->n_touched = 0;
    act_on_run(s, run);
    for (int i = 0; i < n_dags; i++) {
        struct dag_state *d = &s->dags[dag_index(s->o.dags, dags[i].name)];
        d->kept = dags[i];
        due_change(s, d);
    }
    free(dags);
    trouble_end(s);
    return ERR_OK;
}

enum err run_cancel(struct scheduler *s, struct run **run, const char *reason, struct errbuf *e)
{
    struct run *r = *run;
    run_change_begin(r);
    if (!run_move(s, r, RUN_EV_CANCEL, reason))
        return err_set(e, ERR_STATE, "run %lld is %s: there is nothing to cancel", (long long)r->id,
                       run_state_word(r->v.state));
    for (int i = 0; i < r->n_tasks; i++)
        if (!r->tasks[i].running)
            (void)ti_move(s, &r->tasks[i], TASK_EV_CANCEL, reason);
    if (r->v.state == RUN_CANCELING)
        run_settle(s, r);
    return run_change_commit(s, run, e);
}
