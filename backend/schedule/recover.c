/*
 * What an earlier engine left: runs that were going on, and tasks of them that ran.
 *
 * A task that the file calls running may have done its work, some of it, or nothing: it is tried
 * again (model, sql and test tasks are one transaction each, which is either committed or not; a
 * shell command has to bear it). What its processes still do is ended first, so nothing runs twice
 * side by side. One that was there when the engine was killed too often fails: it may be the
 * reason.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/log.h"
#include "backend/schedule/scheduler_run.h"

enum { TOKEN_MAX = 8192 };

void recover_end_leftovers(struct scheduler *s, int64_t run, const char *task, int attempt)
{
    char token[TOKEN_MAX];
    try_token(s->o.store, run, task, attempt, token, sizeof token);
    shell_kill_leftovers(token);
}

static void recover_task(struct scheduler *s, struct ti *t)
{
    char reason[REASON_MAX];
    const struct run *r = t->run;
    if (t->v.state == TI_RUNNING) {
        const struct dag_task *task = &r->dag->dag->tasks[t->index];
        if (task->kind == DAG_SHELL)
            recover_end_leftovers(s, r->id, task->name, t->v.attempt);
        (void)snprintf(reason, sizeof reason, "the engine ended while try %d ran", t->v.attempt);
        if (r->v.state == RUN_CANCELING)
            (void)ti_move(s, t, TASK_EV_CANCEL, r->v.reason);
        else if (t->v.losses + 1 >= SCHEDULER_LOSSES_MAX)
            (void)ti_move(s, t, TASK_EV_LAST_LOST, reason);
        else
            (void)ti_move(s, t, TASK_EV_LOST, reason);
    } else if (r->v.state == RUN_CANCELING) {
        (void)ti_move(s, t, TASK_EV_CANCEL, r->v.reason);
    }
}

/* What waited goes on waiting: the states stay, the queue and the timer are made again. */
static void resume_waiting(struct scheduler *s, struct run *r)
{
    for (int i = 0; i < r->n_tasks; i++) {
        struct ti *t = &r->tasks[i];
        if (t->v.state == TI_QUEUED && !t->queued)
            ti_queue(s, t);
        else if (t->v.state == TI_UP_FOR_RETRY && !timer_armed(&t->retry))
            arm_retry(s, t);
    }
}

static enum err recover_run(struct scheduler *s, struct dag_state *d, const struct store_run *row,
                            struct errbuf *e)
{
    struct run *r = NULL;
    enum err rc = run_load(s, d, row, &r, e);
    if (rc)
        return rc;
    run_activate(s, r);
    run_change_begin(r);
    for (int i = 0; i < r->n_tasks; i++)
        recover_task(s, &r->tasks[i]);
    run_settle(s, r);
    bool lost = r->n_touched > 0;
    rc = run_change_commit(s, &r, e);
    if (rc || !r)
        return rc;
    resume_waiting(s, r);
    if (r->broken) { /* its params are not what the DAG takes today */
        char *why = strdup(r->broken);
        rc = run_cancel(s, &r, why ? why : "its params do not fit any more", e);
        free(why);
        return rc;
    }
    note_run(s, CHANGE_RUN_STARTED, d->dag->name, r->id, r->kind, "scheduler",
             lost ? "resumed: the engine ended while tasks of it ran"
                  : "resumed: the engine ended while it was going on");
    return ERR_OK;
}

/* ---- runs of a DAG that is not configured any more ---- */

static enum err fail_orphan(struct scheduler *s, const struct store_run *row, struct errbuf *e)
{
    static const char reason[] = "its DAG is not configured any more";
    struct store_tasks l = {0};
    struct store_run head = *row;
    int n = 0;
    int n_tries = 0;
    enum err rc = store_tasks_list(s->o.store, row->id, &l, e);
    if (rc)
        return rc;
    for (int i = 0; i < l.n; i++) {
        enum task_instance_state to;
        enum task_action ignored;
        if (!states_task_next(l.items[i].state, TASK_EV_CANCEL, &to, &ignored))
            continue; /* it is over */
        l.items[n] = l.items[i];
        l.items[n].state = to;
        l.items[n].ended_us = wall_now(s);
        l.items[n++].reason = reason;
    }
    for (int i = 0; i < l.n_tries; i++) {
        if (l.tries[i].state != TI_RUNNING)
            continue;
        recover_end_leftovers(s, row->id, l.tries[i].task, l.tries[i].attempt);
        l.tries[n_tries] = l.tries[i];
        l.tries[n_tries].state = TI_CANCELED;
        l.tries[n_tries].ended_us = wall_now(s);
        l.tries[n_tries++].reason = reason;
    }
    enum run_action nothing; /* it is not in memory: there is nothing to do */
    (void)states_run_next(row->state, RUN_EV_FAULT, &head.state, &nothing);
    head.ended_us = wall_now(s);
    head.reason = reason;
    const struct store_run_changes c = {.run = row->id,
                                        .state = &head,
                                        .n_tasks = n,
                                        .tasks = l.items,
                                        .n_tries = n_tries,
                                        .tries = l.tries};
    rc = store_run_write(s->o.store, &c, e);
    store_tasks_free(&l);
    if (!rc)
        note_run(s, CHANGE_RUN_FAILED, row->dag, row->id, row->kind, "scheduler", reason);
    return rc;
}

struct orphans {
    const struct dag_set *set;
    struct scheduler *s;
    int n;
    char *names[1000];
};

static void count_queued(void *arg, const char *dag, int lane, int64_t n)
{
    struct orphans *o = arg;
    int i = dag_index(o->set, dag);
    if (i >= 0 && lane >= 0 && lane < STORE_LANES)
        o->s->dags[i].queued[lane] = n;
    else if (o->n < (int)(sizeof o->names / sizeof *o->names))
        o->names[o->n++] = strdup(dag);
}

static enum err fail_queued_orphans(struct scheduler *s, const char *dag, struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (int lane = 0; lane < STORE_LANES && !rc; lane++)
        for (bool more = true; more && !rc;) {
            struct store_runs l = {0};
            rc = store_run_next(s->o.store, dag, lane, &l, e);
            more = !rc && l.n;
            if (more)
                rc = fail_orphan(s, &l.items[0], e);
            store_runs_free(&l);
        }
    return rc;
}

enum err recover_runs(struct scheduler *s, struct errbuf *e)
{
    struct store_runs l = {0};
    struct orphans o = {.set = s->o.dags, .s = s};
    enum err rc = store_runs_queued(s->o.store, count_queued, &o, e);
    for (int i = 0; i < o.n; i++) {
        if (!rc && o.names[i])
            rc = fail_queued_orphans(s, o.names[i], e);
        free(o.names[i]);
    }
    if (!rc)
        rc = store_runs_active(s->o.store, &l, e);
    for (int i = 0; i < l.n && !rc; i++) {
        int d = dag_index(s->o.dags, l.items[i].dag);
        rc = d >= 0 ? recover_run(s, &s->dags[d], &l.items[i], e) : fail_orphan(s, &l.items[i], e);
    }
    store_runs_free(&l);
    for (int i = 0; i < s->o.dags->n && !rc; i++)
        due_change(s, &s->dags[i]);
    return rc;
}
