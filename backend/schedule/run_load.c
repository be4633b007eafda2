/* Runs from the store into memory, and the turn of those that are queued. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/log.h"
#include "backend/schedule/scheduler_run.h"

enum { ARENA_BLOCK = 2048 };

/* ---- params ---- */

/* What a run of a part is about; a task that is gone breaks the run. */
static void read_part(struct run *r, const json_t *params)
{
    const char *task = json_string_value(json_object_get(params, PART_TASK));
    const char *only = json_string_value(json_object_get(params, PART_ONLY));
    const struct dag_task *found = task ? dag_task_find(r->dag->dag, task) : NULL;
    char text[REASON_MAX];
    if (!task)
        return;
    (void)snprintf(text, sizeof text, "the DAG has no task %.400s any more", task);
    if (!found) {
        r->broken = strdup(text);
        return;
    }
    r->part = (int)(found - r->dag->dag->tasks);
    r->only = only ? arena_strdup(r->arena, only) : NULL;
    if (only && !r->only)
        r->broken = strdup("out of memory");
}

/* The stored values as the DAG takes them today; what it does not know any more is left out. */
static void read_params(struct run *r)
{
    struct errbuf e;
    const struct dag *d = r->dag->dag;
    json_t *j = json_loads(r->params_json, 0, NULL);
    struct dag_value *given = calloc((size_t)d->n_params + 1, sizeof *given);
    int n = 0;
    for (int i = 0; i < d->n_params && given; i++) {
        const char *value = json_string_value(json_object_get(j, d->params[i].name));
        if (value)
            given[n++] = (struct dag_value){.name = d->params[i].name, .value = value};
    }
    const struct dag_context at = {.dag = d,
                                   .interval = {.begin_us = r->begin_us, .end_us = r->end_us},
                                   .logical_us = r->logical_us,
                                   .run = r->id_text,
                                   .attempt = 1};
    read_part(r, j);
    if (r->broken)
        r->params = NULL;
    else if (!given || dag_params(&at, given, n, r->arena, &r->params, &e) != ERR_OK) {
        r->params = NULL;
        r->broken = strdup(given ? e.text : "out of memory");
    }
    free(given);
    json_decref(j);
}

/* ---- tasks ---- */

static int by_name(const void *key, const void *item)
{
    return strcmp(key, ((const struct store_task *)item)->task);
}

static void copy_task(struct ti *t, const struct store_task *from)
{
    t->v = (struct ti_state){.state = from->state,
                             .attempt = from->attempt,
                             .failures = from->failures,
                             .losses = from->losses,
                             .queued_us = from->queued_us,
                             .started_us = from->started_us,
                             .ended_us = from->ended_us,
                             .retry_us = from->retry_us,
                             .rows = from->rows};
    (void)snprintf(t->v.reason, sizeof t->v.reason, "%s", from->reason);
}

/* Of a task that the DAG has no more: it ends, so that it does not wait for ever. */
static enum err end_stranger(struct scheduler *s, const struct run *r, struct store_task *t,
                             struct errbuf *e)
{
    enum task_instance_state to;
    enum task_action ignored;
    if (dag_task_find(r->dag->dag, t->task) ||
        !states_task_next(t->state, TASK_EV_CANCEL, &to, &ignored))
        return ERR_OK; /* it is none, or over */
    if (t->state == TI_RUNNING)
        recover_end_leftovers(s, r->id, t->task, t->attempt);
    t->state = to;
    t->ended_us = wall_now(s);
    t->reason = "the DAG has no such task any more";
    const struct store_try last = {.task = t->task,
                                   .attempt = t->attempt,
                                   .state = TI_CANCELED,
                                   .started_us = t->started_us,
                                   .ended_us = t->ended_us,
                                   .rows = t->rows,
                                   .reason = t->reason};
    const struct store_run_changes c = {
        .run = r->id, .n_tasks = 1, .tasks = t, .n_tries = t->attempt > 0, .tries = &last};
    return store_run_write(s->o.store, &c, e);
}

static enum err load_tasks(struct scheduler *s, struct run *r, struct errbuf *e)
{
    struct store_tasks l = {0};
    enum err rc = store_tasks_list(s->o.store, r->id, &l, e);
    for (int i = 0; i < r->n_tasks && !rc; i++) {
        struct ti *t = &r->tasks[i];
        const struct store_task *found = l.n ? bsearch(r->dag->dag->tasks[i].name, l.items,
                                                       (size_t)l.n, sizeof *l.items, by_name)
                                             : NULL;
        t->run = r;
        t->index = i;
        t->v.rows = -1;
        if (found)
            copy_task(t, found);
        r->open += !task_instance_ended(t->v.state);
    }
    for (int i = 0; i < l.n && !rc; i++)
        rc = end_stranger(s, r, &l.items[i], e);
    store_tasks_free(&l);
    return rc;
}

/* ---- a run ---- */

void run_free(struct scheduler *s, struct run *r)
{
    if (!r)
        return;
    timer_clear(s->timers, &r->timeout);
    for (int i = 0; i < r->n_tasks && r->tasks; i++) {
        ti_dequeue(s, &r->tasks[i]);
        timer_clear(s->timers, &r->tasks[i].retry);
    }
    free(r->tasks);
    free(r->touched);
    free(r->who);
    free(r->params_json);
    free(r->broken);
    arena_destroy(r->arena);
    free(r);
}

static void copy_row(struct run *r, const struct store_run *row)
{
    r->id = row->id;
    (void)snprintf(r->id_text, sizeof r->id_text, "%lld", (long long)row->id);
    r->kind = row->kind;
    r->logical_us = row->logical_us;
    r->begin_us = row->begin_us;
    r->end_us = row->end_us;
    r->created_us = row->created_us;
    r->who = strdup(row->who);
    r->params_json = strdup(row->params);
    r->v = (struct run_head){.state = row->state,
                             .lane = row->lane,
                             .started_us = row->started_us,
                             .ended_us = row->ended_us,
                             .rows = row->rows};
    (void)snprintf(r->v.reason, sizeof r->v.reason, "%s", row->reason);
}

enum err run_load(struct scheduler *s, struct dag_state *d, const struct store_run *row,
                  struct run **out, struct errbuf *e)
{
    struct run *r = calloc(1, sizeof *r);
    *out = NULL;
    if (!r)
        return err_set(e, ERR_NOMEM, "no memory for a run");
    copy_row(r, row);
    r->dag = d;
    r->part = -1;
    r->n_tasks = d->dag->n_tasks;
    r->tasks = calloc((size_t)r->n_tasks + 1, sizeof *r->tasks);
    r->touched = calloc((size_t)r->n_tasks + 1, sizeof *r->touched);
    r->arena = arena_create(ARENA_BLOCK);
    enum err rc = r->tasks && r->touched && r->arena && r->who && r->params_json
                      ? load_tasks(s, r, e)
                      : err_set(e, ERR_NOMEM, "no memory for a run");
    if (rc) {
        run_free(s, r);
        return rc;
    }
    read_params(r);
    *out = r;
    return ERR_OK;
}

struct run *run_find_active(struct scheduler *s, int64_t id)
{
    for (int i = 0; i < s->o.dags->n; i++)
        for (struct run *r = s->dags[i].runs; r; r = r->next)
            if (r->id == id)
                return r;
    return NULL;
}

/* ---- whose turn it is ---- */

static bool lane_may_begin(const struct scheduler *s, const struct dag_state *d, int lane)
{
    if (!d->queued[lane] || (lane != LANE_ASKED && d->kept.paused) ||
        (lane == LANE_ITSELF && s->o.asked_only))
        return false;
    int64_t limit = lane == LANE_BACKFILL && d->kept.backfill_running > 0 ? d->kept.backfill_running
                                                                          : d->dag->max_active_runs;
    return limit <= 0 || d->active[lane == LANE_BACKFILL] < limit;
}

static enum err begin(struct scheduler *s, struct dag_state *d, const struct store_run *row,
                      struct errbuf *e)
{
    struct run *r = NULL;
    enum err rc = run_load(s, d, row, &r, e);
    if (rc)
        return rc;
    run_change_begin(r);
    if (r->broken) {
        (void)run_move(s, r, RUN_EV_FAULT, r->broken);
    } else {
        (void)run_move(s, r, RUN_EV_BEGIN, "");
        for (int i = 0; i < r->n_tasks; i++) /* all of them are in the file from the start */
            ti_touch(&r->tasks[i]);
        run_settle(s, r);
    }
    rc = run_change_commit(s, &r, e);
    if (rc)
        run_free(s, r);
    return rc;
}

static enum err begin_next(struct scheduler *s, struct dag_state *d, int lane, struct errbuf *e)
{
    struct store_runs l = {0};
    enum err rc = store_run_next(s->o.store, d->dag->name, lane, &l, e);
    if (!rc && l.n)
        rc = begin(s, d, &l.items[0], e);
    else if (!rc)
        d->queued[lane] = 0; /* somebody has changed the file by hand */
    store_runs_free(&l);
    return rc;
}

bool runs_begin(struct scheduler *s, struct dag_state *d)
{
    struct errbuf e;
    for (int lane = 0; lane < STORE_LANES; lane++)
        while (lane_may_begin(s, d, lane))
            if (begin_next(s, d, lane, &e) != ERR_OK) {
                trouble_begin(s, &e);
                return false;
            }
    return true;
}
