/* What is known of DAGs and runs, as JSON (docs/control.md). */
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/engine_dags.h"
#include "backend/engine/engine_dags_find.h"
#include "backend/engine/engine_run.h"
#include "backend/engine/held_files.h"
#include "backend/engine/schedule_run.h"

enum {
    RUNS_DEFAULT = 50,
    RUNS_WITH_TASKS = 200, /* of one answer: each costs a look into the store */
    RUNS_OF_EACH_MAX = 50, /* of dag.list */
    DAGS_WITH_RUNS = 500,  /* the same */
    FIRES_SHOWN = 3,
    LOG_BYTES_DEFAULT = 65536,
    LOG_BYTES_MAX = 1 << 20
};

static enum err no_memory(struct errbuf *e)
{
    return err_set(e, ERR_NOMEM, "no memory for the answer");
}

/* Times that are not yet, numbers that are not known. */
static json_t *time_or_null(int64_t us)
{
    return us == 0 || us == INT64_MAX || us == INT64_MIN ? json_null() : json_integer(us);
}

static json_t *count_or_null(int64_t n)
{
    return n < 0 ? json_null() : json_integer(n);
}

/* What a program or a server wrote may be no UTF-8: the rest of it is shown all the same. */
static json_t *text(const char *s)
{
    json_t *j = json_string(s);
    if (j)
        return j;
    struct buf b;
    buf_init(&b, 1 << 22);
    buf_json_string(&b, s, strlen(s));
    j = json_loads(buf_cstr(&b), JSON_DECODE_ANY, NULL);
    buf_free(&b);
    return j ? j : json_string("");
}

static json_t *texts(const char *const *list)
{
    json_t *a = json_array();
    for (; list && *list; list++)
        (void)json_array_append_new(a, text(*list));
    return a;
}

/* ---- DAGs ---- */

static json_t *last_run(const struct scheduler_dag_view *v)
{
    if (!v->last_run)
        return json_null();
    return json_pack("{s:I, s:s, s:o, s:o, s:o, s:o}", "id", (json_int_t)v->last_run, "state",
                     run_state_word(v->last_state), "logical_us", time_or_null(v->last_logical_us),
                     "started_us", time_or_null(v->last_started_us), "ended_us",
                     time_or_null(v->last_ended_us), "reason", text(v->last_reason));
}

static json_t *dag_json(const struct dag_set *set, const struct scheduler_dag_view *v)
{
    const struct dag *d = v->dag;
    struct buf words;
    buf_init(&words, 1 << 14);
    dag_describe_schedule(set, d, &words);
    json_t *j = json_pack(
        "{s:s, s:s, s:o, s:s?, s:s, s:s, s:b, s:o, s:I, s:i, s:i, s:o, s:o}", "name", d->name,
        "description", d->description, "tags", texts(d->tags), "schedule", d->schedule,
        "schedule_words", buf_cstr(&words), "time_zone", d->zone_name, "paused", (int)v->paused,
        "next_us", time_or_null(v->next_us), "queued", (json_int_t)v->queued, "active", v->active,
        "running_tasks", v->running_tasks, "last_run", last_run(v), "trouble", text(v->trouble));
    buf_free(&words);
    return j;
}

/* Where nothing runs, the DAGs of the configuration with the reason. */
static enum err views(struct engine *g, struct scheduler_dags *out, struct errbuf *e)
{
    struct scheduler *s = engine_scheduler(g);
    const char *trouble = atomic_load(&g->schedule_trouble);
    if (s)
        return scheduler_dags_list(s, out, e);
    out->items = calloc((size_t)g->dags->n + 1, sizeof *out->items);
    if (!out->items)
        return no_memory(e);
    for (; out->n < g->dags->n; out->n++)
        out->items[out->n] =
            (struct scheduler_dag_view){.dag = g->dags->dags[out->n],
                                        .next_us = INT64_MAX,
                                        .last_reason = "",
                                        .trouble = trouble ? trouble : ENGINE_NO_SCHEDULER};
    return ERR_OK;
}

/* `at_us`: as of which moment runs are asked for; 0: now. */
static enum err read_at(const json_t *params, int64_t *at_us, struct errbuf *e)
{
    const json_t *at = json_object_get(params, "at_us");
    *at_us = json_integer_value(at);
    if (at && (!json_is_integer(at) || *at_us <= 0))
        return err_set(e, ERR_USAGE, "`at_us` is a time in microseconds since 1970");
    return ERR_OK;
}

/* The newest runs of one DAG, in few words: what a row of signs is drawn from. */
static enum err add_runs(const struct engine *g, json_t *dag, const struct store_run_filter *f,
                         struct errbuf *e)
{
    struct store_runs l = {0};
    json_t *runs = json_array();
    enum err rc = store_runs_list(g->store, f, &l, e);
    for (int i = 0; i < l.n && !rc; i++) {
        const struct store_run *r = &l.items[i];
        (void)json_array_append_new(
            runs, json_pack("{s:I, s:s, s:o, s:o, s:o}", "id", (json_int_t)r->id, "state",
                            run_state_word(r->state), "created_us", time_or_null(r->created_us),
                            "started_us", time_or_null(r->started_us), "ended_us",
                            time_or_null(r->ended_us)));
    }
    if (!rc && json_object_set(dag, "runs", runs) != 0)
        rc = no_memory(e);
    json_decref(runs);
    store_runs_free(&l);
    return rc;
}

enum err engine_dag_list(struct engine *g, const json_t *params, const char *who, json_t **result,
                         struct errbuf *e)
{
    (void)who;
    struct scheduler_dags l = {0};
    struct store_run_filter f = {0};
    int64_t runs = json_integer_value(json_object_get(params, "runs"));
    if (read_at(params, &f.at_us, e))
        return e->code;
    if (runs < 0 || runs > RUNS_OF_EACH_MAX)
        return err_set(e, ERR_USAGE, "`runs` is at most %d", RUNS_OF_EACH_MAX);
    f.limit = (int)runs;
    json_t *dags = json_array();
    enum err rc = views(g, &l, e);
    for (int i = 0; i < l.n && !rc; i++) {
        json_t *d = dag_json(g->dags, &l.items[i]);
        f.dag = l.items[i].dag->name;
        if (d && runs && l.n <= DAGS_WITH_RUNS)
            rc = add_runs(g, d, &f, e);
        if (json_array_append_new(dags, d) != 0 && !rc)
            rc = no_memory(e);
    }
    scheduler_dags_free(&l);
    *result = rc ? NULL : json_pack("{s:O}", "dags", dags);
    json_decref(dags);
    return rc || *result ? rc : no_memory(e);
}

/* What a task works on, in one line. */
static json_t *task_about(const struct dag_task *t)
{
    switch (t->kind) {
    case DAG_SQL:
        return json_string(t->file);
    case DAG_SHELL:
        return json_string(t->command);
    default:
        return t->names ? texts(t->names) : json_string("all");
    }
}

static json_t *task_json(const struct dag_set *set, const struct dag *d, const struct dag_task *t)
{
    json_t *after = json_array();
    for (int i = 0; i < t->n_after; i++)
        (void)json_array_append_new(after, json_string(d->tasks[t->after[i]].name));
    return json_pack("{s:s, s:s, s:o, s:o, s:i, s:I, s:I, s:s}", "name", t->name, "kind",
                     dag_task_kind_word(t->kind), "after", after, "about", task_about(t), "retries",
                     t->retries, "retry_delay_ms", (json_int_t)t->retry_delay_ms, "timeout_ms",
                     (json_int_t)t->timeout_ms, "pool", set->pools[t->pool].name);
}

static json_t *param_json(const struct dag_param *p)
{
    return json_pack("{s:s, s:s, s:s, s:s?, s:o}", "name", p->name, "type",
                     dag_param_type_word(p->type), "description", p->description, "default", p->def,
                     "allowed", p->allowed ? texts(p->allowed) : json_null());
}

static json_t *next_fires(const struct dag *d, int64_t now)
{
    json_t *a = json_array();
    for (int i = 0; i < FIRES_SHOWN && (now = dag_next_fire(d, now)) != INT64_MAX; i++) {
        char date[DAG_DATE_MAX], clock[DAG_CLOCK_MAX];
        struct dag_interval at = dag_interval_of_fire(d, now);
        (void)json_array_append_new(
            a, json_pack("{s:I, s:s, s:I, s:I, s:s}", "at_us", (json_int_t)now, "at",
                         dag_wall_clock(d, now, clock), "begin_us", (json_int_t)at.begin_us,
                         "end_us", (json_int_t)at.end_us, "business_date",
                         dag_business_date(d, at.begin_us, date)));
    }
    return a;
}

/* What the engine holds is what they said when it started. */
json_t *engine_dag_changed_files(const struct engine *g)
{
    return held_files_changed(g->config, clock_wall_us() - (clock_mono_us() - g->started_us));
}

static void add_details(json_t *j, const struct dag_set *set, const struct dag *d)
{
    json_t *tasks = json_array(), *params = json_array(), *triggers = json_array();
    for (int i = 0; i < d->n_tasks; i++)
        (void)json_array_append_new(tasks, task_json(set, d, &d->tasks[i]));
    for (int i = 0; i < d->n_params; i++)
        (void)json_array_append_new(params, param_json(&d->params[i]));
    for (int i = 0; i < d->n_trigger_dags; i++)
        (void)json_array_append_new(triggers, json_string(set->dags[d->trigger_dags[i]]->name));
    json_t *more =
        json_pack("{s:s, s:o, s:b, s:i, s:i, s:I, s:o, s:o, s:I, s:o, s:o, s:o}", "file", d->file,
                  "start_us", time_or_null(d->start_us), "catchup", (int)d->catchup,
                  "max_active_runs", d->max_active_runs, "concurrency", d->concurrency,
                  "timeout_ms", (json_int_t)d->timeout_ms, "after_dags", triggers, "on_change",
                  texts(d->on_change), "min_interval_ms", (json_int_t)d->min_interval_ms, "params",
                  params, "tasks", tasks, "next_fires", next_fires(d, clock_wall_us()));
    (void)json_object_update_missing(j, more);
    json_decref(more);
}

enum err engine_dag_show(struct engine *g, const json_t *params, const char *who, json_t **result,
                         struct errbuf *e)
{
    struct scheduler_dags l = {0};
    const struct dag *d;
    (void)who;
    enum err rc = engine_dag_find(g, params, &d, e);
    if (!rc)
        rc = views(g, &l, e);
    if (!rc) {
        *result = dag_json(g->dags, &l.items[dag_index(g->dags, d->name)]);
        if (*result)
            add_details(*result, g->dags, d);
        if (*result)
            (void)json_object_set_new(*result, "changed_files", engine_dag_changed_files(g));
        else
            rc = no_memory(e);
    }
    scheduler_dags_free(&l);
    return rc;
}

/* ---- runs ---- */

/* "{{ business_date }}", however it is spaced. */
static bool is_business_date(const char *def)
{
    const char *want = "{{business_date}}";
    for (; def && *def; def++)
        if (*def != ' ' && *def != *want++)
            return false;
    return def && !*want;
}

/* The param that is the run's business date unless another is given has what its tasks work on. */
static const char *date_of_run(const struct dag *d, const struct store_run *r, const json_t *params,
                               char date[DAG_DATE_MAX])
{
    for (int i = 0; d && i < d->n_params; i++) {
        const struct dag_param *p = &d->params[i];
        const char *given = json_string_value(json_object_get(params, p->name));
        if (given && p->type == DAG_DATE && is_business_date(p->def))
            return given;
    }
    return d ? dag_business_date(d, r->begin_us, date) : NULL;
}

static json_t *run_json(const struct engine *g, const struct store_run *r)
{
    char date[DAG_DATE_MAX] = "";
    const struct dag *d = dag_find(g->dags, r->dag);
    json_t *params = json_loads(r->params[0] ? r->params : "{}", 0, NULL);
    const char *business_date = date_of_run(d, r, params, date);
    return json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "id", (json_int_t)r->id, "dag", r->dag, "kind", run_kind_word(r->kind),
                     "state", run_state_word(r->state), "logical_us", time_or_null(r->logical_us),
                     "begin_us", time_or_null(r->begin_us), "end_us", time_or_null(r->end_us),
                     "business_date", business_date, "params", params ? params : json_object(),
                     "who", text(r->who), "created_us", time_or_null(r->created_us), "started_us",
                     time_or_null(r->started_us), "ended_us", time_or_null(r->ended_us), "rows",
                     count_or_null(r->rows), "reason", text(r->reason));
}

static enum err read_filter(const json_t *params, struct store_run_filter *f, struct errbuf *e)
{
    const char *kind = json_string_value(json_object_get(params, "kind"));
    const char *state = json_string_value(json_object_get(params, "state"));
    const json_t *limit = json_object_get(params, "limit");
    *f = (struct store_run_filter){
        .dag = json_string_value(json_object_get(params, "name")),
        .by_kind = kind != NULL,
        .by_state = state != NULL,
        .before = json_integer_value(json_object_get(params, "before")),
        .limit = json_is_integer(limit) ? (int)json_integer_value(limit) : RUNS_DEFAULT,
    };
    if (f->limit < 1 || f->limit > STORE_RUNS_MAX)
        return err_set(e, ERR_USAGE, "`limit` is 1 to %d", STORE_RUNS_MAX);
    if (read_at(params, &f->at_us, e))
        return e->code;
    if (kind && run_kind_parse(kind, &f->kind, e))
        return err_set(e, ERR_USAGE, "%s", e->text);
    if (state && run_state_parse(state, &f->state, e))
        return err_set(e, ERR_USAGE, "%s", e->text);
    return ERR_OK;
}

/* In the DAG's order; those that it has no more stand at the end. */
static int rank_of(const struct dag *d, const char *task)
{
    const struct dag_task *t = d ? dag_task_find(d, task) : NULL;
    return t ? (int)(t - d->tasks) : DAG_TASKS_MAX;
}

/* "tasks": {"load": "success", ..}, in the DAG's order. */
static enum err add_task_states(const struct engine *g, json_t *run, const struct store_run *r,
                                struct errbuf *e)
{
    struct store_tasks l = {0};
    const struct dag *d = dag_find(g->dags, r->dag);
    json_t *tasks = json_object();
    enum err rc = store_tasks_list(g->store, r->id, &l, e);
    for (int rank = 0; rank <= DAG_TASKS_MAX && !rc; rank++) {
        rank = d && rank < d->n_tasks ? rank : DAG_TASKS_MAX;
        for (int i = 0; i < l.n; i++)
            if (rank_of(d, l.items[i].task) == rank)
                (void)json_object_set_new(tasks, l.items[i].task,
                                          json_string(task_instance_state_word(l.items[i].state)));
    }
    if (!rc && json_object_set(run, "tasks", tasks) != 0)
        rc = no_memory(e);
    json_decref(tasks);
    store_tasks_free(&l);
    return rc;
}

enum err engine_dag_runs(struct engine *g, const json_t *params, const char *who, json_t **result,
                         struct errbuf *e)
{
    (void)who;
    struct store_run_filter f;
    struct store_runs l = {0};
    bool tasks = json_is_true(json_object_get(params, "tasks"));
    json_t *runs = json_array();
    enum err rc = read_filter(params, &f, e);
    if (!rc && tasks && f.limit > RUNS_WITH_TASKS)
        rc = err_set(e, ERR_USAGE, "with `tasks` `limit` is at most %d", RUNS_WITH_TASKS);
    /* Runs of a DAG that is not configured any more are still there to be looked at. */
    if (!rc)
        rc = store_runs_list(g->store, &f, &l, e);
    const struct dag *d;
    if (!rc && l.n == 0 && f.dag)
        rc = engine_dag_find(g, params, &d, e);
    for (int i = 0; i < l.n && !rc; i++) {
        json_t *run = run_json(g, &l.items[i]);
        if (run && tasks)
            rc = add_task_states(g, run, &l.items[i], e);
        if (json_array_append_new(runs, run) != 0 && !rc)
            rc = no_memory(e);
    }
    store_runs_free(&l);
    *result = rc ? NULL : json_pack("{s:O}", "runs", runs);
    json_decref(runs);
    return rc || *result ? rc : no_memory(e);
}

static json_t *try_json(const struct store_try *t)
{
    return json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:I, s:I}", "try", t->attempt, "state",
                     task_instance_state_word(t->state), "started_us", time_or_null(t->started_us),
                     "ended_us", time_or_null(t->ended_us), "rows", count_or_null(t->rows),
                     "reason", text(t->reason), "log_bytes", (json_int_t)t->log_bytes,
                     "log_dropped", (json_int_t)t->log_dropped);
}

static json_t *instance_json(const struct store_tasks *l, const struct store_task *t)
{
    json_t *tries = json_array();
    for (int i = 0; i < l->n_tries; i++)
        if (strcmp(l->tries[i].task, t->task) == 0)
            (void)json_array_append_new(tries, try_json(&l->tries[i]));
    return json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "task", t->task, "state",
                     task_instance_state_word(t->state), "try", t->attempt, "queued_us",
                     time_or_null(t->queued_us), "started_us", time_or_null(t->started_us),
                     "ended_us", time_or_null(t->ended_us), "retry_us", time_or_null(t->retry_us),
                     "rows", count_or_null(t->rows), "reason", text(t->reason), "tries", tries);
}

static json_t *instances(const struct dag *d, const struct store_tasks *l)
{
    json_t *a = json_array();
    for (int rank = 0; rank <= DAG_TASKS_MAX; rank++) {
        if (d && rank >= d->n_tasks)
            rank = DAG_TASKS_MAX;
        for (int i = 0; i < l->n; i++)
            if (rank_of(d, l->items[i].task) == rank)
                (void)json_array_append_new(a, instance_json(l, &l->items[i]));
    }
    return a;
}

enum err engine_dag_run(struct engine *g, const json_t *params, const char *who, json_t **result,
                        struct errbuf *e)
{
    struct store_runs runs = {0};
    struct store_tasks tasks = {0};
    int64_t run;
    (void)who;
    enum err rc = engine_dag_run_of(params, &run, e);
    if (!rc)
        rc = store_run_get(g->store, run, &runs, e);
    if (!rc)
        rc = store_tasks_list(g->store, run, &tasks, e);
    if (!rc) {
        const struct dag *d = dag_find(g->dags, runs.items[0].dag);
        *result = json_pack("{s:o, s:o}", "run", run_json(g, &runs.items[0]), "tasks",
                            instances(d, &tasks));
        if (!*result)
            rc = no_memory(e);
    }
    store_tasks_free(&tasks);
    store_runs_free(&runs);
    return rc;
}

/* ---- logs ---- */

enum err engine_dag_logs(struct engine *g, const json_t *params, const char *who, json_t **result,
                         struct errbuf *e)
{
    struct scheduler_log l = {0};
    int64_t run;
    (void)who;
    if (engine_dag_run_of(params, &run, e))
        return e->code;
    const json_t *limit = json_object_get(params, "limit");
    int64_t bytes = json_is_integer(limit) ? json_integer_value(limit) : LOG_BYTES_DEFAULT;
    const char *task = json_string_value(json_object_get(params, "task"));
    if (!task)
        return err_set(e, ERR_USAGE, "dag.logs needs `task`");
    if (bytes < 1 || bytes > LOG_BYTES_MAX)
        return err_set(e, ERR_USAGE, "`limit` is 1 to %d", LOG_BYTES_MAX);
    struct scheduler *s;
    if (engine_dag_scheduler(g, &s, e))
        return e->code;
    json_t *lines = json_array();
    enum err rc =
        scheduler_log_read(s, run, task, (int)json_integer_value(json_object_get(params, "try")),
                           json_integer_value(json_object_get(params, "after")), bytes, &l, e);
    for (int i = 0; i < l.n && !rc; i++)
        (void)json_array_append_new(lines,
                                    json_pack("{s:I, s:o}", "ts_us", (json_int_t)l.items[i].ts_us,
                                              "text", text(l.items[i].text)));
    if (!rc)
        *result = json_pack("{s:s, s:i, s:O, s:I, s:b, s:I}", "task", task, "try", l.attempt,
                            "lines", lines, "next", (json_int_t)l.next, "ended", (int)l.ended,
                            "dropped", (json_int_t)l.dropped);
    json_decref(lines);
    scheduler_log_free(&l);
    return rc || *result ? rc : no_memory(e);
}
