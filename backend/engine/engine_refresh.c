#include "backend/engine/engine_refresh.h"

#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/engine_run.h"
#include "backend/engine/schedule_run.h"

enum { LOG_MAX = 1 << 20, WAIT_US = 200000, NAME_MAX_ = DAG_NAME_MAX + 1, DAYS_MAX = 10000 };

struct work {
    struct engine *g;
    struct scheduler *s;
    const struct engine_refresh_options *o;
    struct engine_refresh_report *out;
    bool *wanted;
    int *days;    /* a DAG: intervals of its backfill, the newest included; 0: none */
    int *level;   /* a DAG: after all of lower levels */
    int64_t *run; /* a DAG: what was triggered; 0 */
    int64_t began_us;
};

/* ---- what, in which order ---- */

static bool loads_model(const struct dag *d)
{
    for (int i = 0; i < d->n_tasks; i++)
        if (d->tasks[i].kind == DAG_MODEL)
            return true;
    return false;
}

bool engine_refresh_loads_model(const struct engine *g, const char *const *dags)
{
    for (int i = 0; i < g->dags->n; i++) {
        bool wanted = !dags;
        for (int k = 0; dags && dags[k]; k++)
            wanted = wanted || !strcmp(dags[k], g->dags->dags[i]->name);
        if (wanted && loads_model(g->dags->dags[i]))
            return true;
    }
    return false;
}

/* The model's DAGs stand at 0, all others behind them, and each behind those that it follows. */
static void set_levels(struct work *w)
{
    const struct dag_set *set = w->g->dags;
    for (int i = 0; i < set->n; i++)
        w->level[i] = loads_model(set->dags[i]) ? 0 : 1;
    for (int round = 0; round < set->n; round++)
        for (int i = 0; i < set->n; i++)
            for (int k = 0; k < set->dags[i]->n_trigger_dags; k++) {
                int before = set->dags[i]->trigger_dags[k];
                if (w->level[i] <= w->level[before])
                    w->level[i] = w->level[before] + 1;
            }
}

static enum err find(const struct work *w, const char *name, size_t n, int *out, struct errbuf *e)
{
    char text[NAME_MAX_];
    const struct dag_set *set = w->g->dags;
    *out = -1;
    if (n < sizeof text) {
        memcpy(text, name, n);
        text[n] = '\0';
        *out = dag_index(set, text);
    }
    if (*out >= 0)
        return ERR_OK;
    struct buf known;
    buf_init(&known, 4096);
    for (int i = 0; i < set->n; i++)
        buf_printf(&known, "%s%s", i ? ", " : "", set->dags[i]->name);
    enum err rc = err_set(e, ERR_NOT_FOUND, "there is no DAG %.*s; there %s %s", (int)n, name,
                          set->n ? "are" : "is", set->n ? buf_cstr(&known) : "none");
    buf_free(&known);
    return rc;
}

/* A backfill of a paused DAG would be waited for without end. */
static enum err not_paused(const struct work *w, struct errbuf *e)
{
    struct scheduler_dags l;
    enum err rc = scheduler_dags_list(w->s, &l, e);
    if (rc)
        return rc;
    for (int i = 0; i < l.n && !rc; i++)
        if (w->days[i] > 1 && l.items[i].paused)
            rc = err_set(e, ERR_USAGE,
                         "backfill: %s is paused, so no run of it would begin: `flightdeck dag "
                         "unpause %s` while the engine runs, or leave the backfill out",
                         l.items[i].dag->name, l.items[i].dag->name);
    scheduler_dags_free(&l);
    return rc;
}

static enum err choose(struct work *w, struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (int i = 0; i < w->g->dags->n && !w->o->dags; i++)
        w->wanted[i] = true;
    for (int i = 0; w->o->dags && w->o->dags[i] && !rc; i++) {
        int at;
        rc = find(w, w->o->dags[i], strlen(w->o->dags[i]), &at, e);
        if (!rc)
            w->wanted[at] = true;
    }
    for (int i = 0; w->o->backfill && w->o->backfill[i] && !rc; i++) {
        const char *text = w->o->backfill[i];
        size_t n = strcspn(text, "=");
        int at;
        char *end = NULL;
        long days = text[n] ? strtol(text + n + 1, &end, 10) : 0;
        if (!text[n] || end == text + n + 1 || *end || days < 1 || days > DAYS_MAX)
            return err_set(e, ERR_USAGE, "backfill: `%s`: DAG=N is wanted, N from 1 to %d", text,
                           DAYS_MAX);
        rc = find(w, text, n, &at, e);
        if (rc)
            break;
        if (!w->g->dags->dags[at]->cron)
            return err_set(e, ERR_USAGE, "backfill: %s has no schedule, so no intervals",
                           w->g->dags->dags[at]->name);
        w->wanted[at] = true;
        w->days[at] = (int)days;
    }
    return rc || !w->s ? rc : not_paused(w, e); /* without DAGs nothing schedules */
}

/* ---- waiting ---- */

static enum err wait_for(struct work *w, int64_t run, enum run_state *state, struct errbuf *e)
{
    enum err rc;
    do {
        if (w->o->canceled && w->o->canceled(w->o->arg))
            return err_set(e, ERR_CANCELED, "interrupted");
        rc = scheduler_run_wait(w->s, run, WAIT_US, state, e);
    } while (rc == ERR_TIMEOUT);
    if (!rc && *state != RUN_SUCCESS)
        w->out->ok = false;
    return rc;
}

/* ---- telling ---- */

static enum err add(struct work *w, struct engine_refresh_task task, struct errbuf *e)
{
    struct engine_refresh_report *r = w->out;
    struct engine_refresh_task *items = realloc(r->items, ((size_t)r->n + 1) * sizeof *items);
    if (!items)
        return err_set(e, ERR_NOMEM, "no memory for the report");
    r->items = items;
    task.dag = arena_strdup(r->arena, task.dag);
    task.task = arena_strdup(r->arena, task.task);
    task.reason = arena_strdup(r->arena, task.reason);
    if (!task.dag || !task.task || !task.reason)
        return err_set(e, ERR_NOMEM, "no memory for the report");
    items[r->n++] = task;
    return ERR_OK;
}

static bool is_test(const struct dag *d, const char *task)
{
    const struct dag_task *t = dag_task_find(d, task);
    return t && t->kind == DAG_TEST;
}

/* What the tests of a task said, into the report's arena. */
static enum err read_tests(struct work *w, const struct store_task *t, int64_t run,
                           struct engine_refresh_task *out, struct errbuf *e)
{
    struct scheduler_log log;
    enum err rc = scheduler_log_read(w->s, run, t->task, 0, 0, LOG_MAX, &log, e);
    if (rc)
        return rc;
    out->lines = arena_alloc(w->out->arena, ((size_t)log.n + 1) * sizeof *out->lines);
    for (int i = 0; i < log.n && out->lines && !rc; i++) {
        out->lines[i] = arena_strdup(w->out->arena, log.items[i].text);
        rc = out->lines[i] ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the report");
        out->n_lines += !rc;
    }
    if (!out->lines)
        rc = err_set(e, ERR_NOMEM, "no memory for the report");
    scheduler_log_free(&log);
    return rc;
}

static enum err tell_run(struct work *w, const struct dag *d, int64_t run, struct errbuf *e)
{
    struct store_tasks tasks;
    enum err rc = store_tasks_list(w->g->store, run, &tasks, e);
    if (rc)
        return rc;
    for (int i = 0; i < tasks.n && !rc; i++) {
        const struct store_task *t = &tasks.items[i];
        int64_t us = t->started_us && t->ended_us ? t->ended_us - t->started_us : 0;
        struct engine_refresh_task told = {.dag = d->name,
                                           .task = t->task,
                                           .run = run,
                                           .runs = 1,
                                           .state = t->state,
                                           .rows = t->rows,
                                           .seconds = (double)us / 1e6,
                                           .reason = t->reason};
        if (is_test(d, t->task))
            rc = read_tests(w, t, run, &told, e);
        if (!rc)
            rc = add(w, told, e);
    }
    store_tasks_free(&tasks);
    return rc;
}

/* ---- backfill ---- */

/* The runs of intervals before the triggered one: [from, to). */
static enum err wait_backfill(struct work *w, const struct dag *d, int64_t from_us, int64_t to_us,
                              struct errbuf *e)
{
    struct store_runs runs;
    const struct store_run_filter f = {.dag = d->name,
                                       .by_kind = true,
                                       .kind = RUN_KIND_BACKFILL,
                                       .from_us = from_us,
                                       .to_us = to_us,
                                       .limit = STORE_RUNS_MAX};
    struct engine_refresh_task all = {
        .dag = d->name, .task = "", .state = TI_SUCCESS, .reason = ""};
    int64_t began = clock_mono_us();
    enum err rc = store_runs_list(w->g->store, &f, &runs, e);
    if (rc)
        return rc;
    for (int i = runs.n - 1; i >= 0 && !rc; i--) {
        enum run_state state;
        struct store_runs one;
        rc = wait_for(w, runs.items[i].id, &state, e);
        if (!rc)
            rc = store_run_get(w->g->store, runs.items[i].id, &one, e);
        if (rc)
            break;
        all.runs++;
        all.rows += one.items[0].rows > 0 ? one.items[0].rows : 0;
        if (state != RUN_SUCCESS && all.state == TI_SUCCESS) {
            all.state = TI_FAILED;
            all.run = runs.items[i].id;
            all.reason = arena_strdup(w->out->arena, one.items[0].reason);
            all.reason = all.reason ? all.reason : "";
        }
        store_runs_free(&one);
    }
    all.seconds = (double)(clock_mono_us() - began) / 1e6;
    if (!rc && all.runs)
        rc = add(w, all, e);
    store_runs_free(&runs);
    return rc;
}

static enum err backfill(struct work *w, int at, struct errbuf *e)
{
    const struct dag *d = w->g->dags->dags[at];
    int64_t to = dag_interval_of_trigger(d, clock_wall_us()).begin_us;
    int64_t from = to;
    for (int i = 1; i < w->days[at]; i++) {
        int64_t before = dag_last_fire(d, from - 1);
        if (before == INT64_MIN || before < d->start_us)
            break;
        from = before;
    }
    if (from == to)
        return ERR_OK;
    const struct scheduler_backfill b = {.from_us = from, .to_us = to};
    struct scheduler_backfill_result made;
    enum err rc = scheduler_backfill(w->s, d->name, &b, w->o->who, &made, e);
    return rc ? rc : wait_backfill(w, d, from, to, e);
}

/* ---- one level ---- */

static enum err run_level(struct work *w, int level, struct errbuf *e)
{
    const struct dag_set *set = w->g->dags;
    enum err rc = ERR_OK;
    for (int i = 0; i < set->n && !rc; i++)
        if (w->wanted[i] && w->level[i] == level) {
            if (w->o->progress)
                w->o->progress(w->o->arg, set->dags[i]->name);
            if (w->days[i] > 1)
                rc = backfill(w, i, e);
            if (!rc)
                rc = scheduler_trigger(w->s, set->dags[i]->name, NULL, 0, w->o->who, &w->run[i], e);
        }
    for (int i = 0; i < set->n && !rc; i++)
        if (w->run[i] && w->level[i] == level) {
            enum run_state state;
            rc = wait_for(w, w->run[i], &state, e);
            if (!rc)
                rc = tell_run(w, set->dags[i], w->run[i], e);
        }
    return rc;
}

enum err engine_refresh(struct engine *g, const struct engine_refresh_options *o,
                        struct engine_refresh_report *out, struct errbuf *e)
{
    int n = g->dags ? g->dags->n : 0;
    struct work w = {.g = g, .s = engine_scheduler(g), .o = o, .out = out};
    *out = (struct engine_refresh_report){.ok = true, .arena = arena_create(4096)};
    w.wanted = calloc((size_t)n + 1, sizeof *w.wanted);
    w.days = calloc((size_t)n + 1, sizeof *w.days);
    w.level = calloc((size_t)n + 1, sizeof *w.level);
    w.run = calloc((size_t)n + 1, sizeof *w.run);
    enum err rc = w.wanted && w.days && w.level && w.run && out->arena
                      ? ERR_OK
                      : err_set(e, ERR_NOMEM, "no memory for the refresh");
    if (!rc && n && !w.s)
        rc = err_set(e, ERR_STATE, "no DAG runs: the engine's log says why");
    if (!rc)
        rc = choose(&w, e);
    if (!rc)
        set_levels(&w);
    /* A level whose runs failed ends it: what follows would work on what is not there. */
    for (int level = 0; level <= n && !rc && out->ok; level++)
        rc = run_level(&w, level, e);
    free(w.wanted);
    free(w.days);
    free(w.level);
    free(w.run);
    if (rc)
        engine_refresh_report_free(out);
    return rc;
}

void engine_refresh_report_free(struct engine_refresh_report *r)
{
    free(r->items);
    arena_destroy(r->arena);
    *r = (struct engine_refresh_report){.ok = false};
}
