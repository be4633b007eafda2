#include "views/dag_then.h"

#include <stdbool.h>
#include <string.h>

#include "views/answer.h"
#include "views/dag_data.h"

static bool happened(const json_t *o, const char *name, int64_t then_us)
{
    int64_t us = answer_int(o, name);
    return us != UNKNOWN_INT && us <= then_us;
}

static void unset(json_t *o, const char *name)
{
    (void)json_object_set_new(o, name, json_null());
}

static void set_state(json_t *o, const char *state)
{
    (void)json_object_set_new(o, "state", json_string(state));
}

/* What came of it was not known yet. */
static void take_end(json_t *o)
{
    unset(o, "ended_us");
    unset(o, "rows");
    (void)json_object_set_new(o, "reason", json_string(""));
}

/* Keeps the tries that had begun; the last of them, NULL: there was none. `whole`: it is the last
 * one of now, too. */
static json_t *cut_tries(json_t *task, int64_t then_us, bool *whole)
{
    json_t *tries = json_object_get(task, "tries");
    size_t n = json_array_size(tries);
    *whole = true;
    for (; n > 0 && !happened(json_array_get(tries, n - 1), "started_us", then_us); n--) {
        (void)json_array_remove(tries, n - 1);
        *whole = false;
    }
    json_t *last = json_array_get(tries, n ? n - 1 : 0);
    if (last && !happened(last, "ended_us", then_us)) {
        take_end(last);
        set_state(last, "running");
    }
    return last;
}

/* Between two tries; or after one that succeeded, and was asked for again later. */
static const char *between(const json_t *try)
{
    const char *state = answer_text(try, "state");
    return strcmp(state, "failed") == 0 ? "up_for_retry" : state;
}

static void task_then(json_t *task, int64_t then_us, bool run_over)
{
    bool whole;
    const json_t *last = cut_tries(task, then_us, &whole);
    bool ended = happened(task, "ended_us", then_us);
    bool known = answer_int(task, "started_us") != UNKNOWN_INT; /* its times say when it was what */
    if (run_over || (whole && ended) || (!last && known && ended))
        return;
    take_end(task);
    if (last) {
        bool runs = !happened(last, "ended_us", then_us);
        set_state(task, runs ? "running" : between(last));
        (void)json_object_set(task, "try", json_object_get(last, "try"));
        (void)json_object_set(task, "started_us", json_object_get(last, "started_us"));
        (void)json_object_set(task, "ended_us", json_object_get(last, "ended_us"));
        return;
    }
    set_state(task, happened(task, "started_us", then_us)  ? "running"
                    : happened(task, "queued_us", then_us) ? "queued"
                                                           : "waiting");
    if (!happened(task, "started_us", then_us)) {
        unset(task, "started_us");
        (void)json_object_set_new(task, "try", json_integer(0));
    }
    if (!happened(task, "queued_us", then_us))
        unset(task, "queued_us");
}

json_t *dag_run_then(const json_t *answer, int64_t then_us)
{
    json_t *copy = json_deep_copy(answer);
    json_t *run = json_object_get(copy, "run");
    json_t *tasks = json_object_get(copy, "tasks"), *task;
    size_t i;
    const char *state =
        dag_state_at(answer_text(run, "state"), answer_int(run, "created_us"),
                     answer_int(run, "started_us"), answer_int(run, "ended_us"), then_us);
    bool over = happened(run, "ended_us", then_us);
    if (!run)
        return copy;
    set_state(run, state ? state : "");
    if (!over)
        take_end(run);
    if (!happened(run, "started_us", then_us))
        unset(run, "started_us");
    if (!state)
        (void)json_array_clear(tasks);
    json_array_foreach(tasks, i, task)
    {
        task_then(task, then_us, over);
    }
    return copy;
}

/* ---- a row of dag.list ---- */

static void take_recorded(struct dag_row *r, const struct snap_dag *then)
{
    const char *trouble = then ? then->trouble : NULL;
    r->paused = then && then->paused;
    r->next_us = then ? then->next_us : UNKNOWN_INT;
    r->queued = then ? then->queued : UNKNOWN_INT;
    r->active = then ? then->active : UNKNOWN_INT;
    r->running_tasks = then ? then->running_tasks : UNKNOWN_INT;
    r->trouble = trouble ? trouble : "";
    r->last_run = then ? then->last_run : UNKNOWN_INT;
    r->last_state = then ? then->state : "";
    r->last_reason = then && then->reason ? then->reason : "";
    r->last_started_us = then ? then->started_us : UNKNOWN_INT;
    r->last_ended_us = then ? then->ended_us : UNKNOWN_INT;
}

struct dag_row dag_row_then(const struct dag_row *d, const struct snap_dag *then, int64_t then_us)
{
    struct dag_row r = *d;
    const char *state = NULL;
    take_recorded(&r, then);
    for (; r.n_marks; r.marks++, r.n_marks--) {
        const struct dag_mark *m = r.marks;
        state = dag_state_at(m->state, m->created_us, m->started_us, m->ended_us, then_us);
        if (!state) /* it was not made yet */
            continue;
        bool over = m->ended_us != UNKNOWN_INT && m->ended_us <= then_us;
        r.last_run = m->id;
        r.last_state = state;
        r.last_started_us = m->started_us;
        r.last_ended_us = over ? m->ended_us : UNKNOWN_INT;
        break;
    }
    return r;
}
