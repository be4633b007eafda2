#include "backend/engine/schedule_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/engine/dag_config.h"
#include "backend/engine/engine_run.h"
#include "backend/engine/refresh.h"

/* What carries out a task of each kind. NULL: it fails and says that the kind is not built in;
 * shell is the scheduler's own. */
static engine_task_fn *const kinds[DAG_TASK_KINDS] = {
    [DAG_MODEL] = engine_task_model,
    [DAG_SQL] = engine_task_sql,
    [DAG_TEST] = engine_task_test,
    [DAG_VERIFY] = engine_task_verify,
};

static enum err run_task(void *arg, struct task_run *t, struct errbuf *e)
{
    return kinds[task_run_task(t)->kind](arg, t, e);
}

struct scheduler *engine_scheduler(struct engine *g)
{
    return atomic_load(&g->scheduler);
}

/* ---- events ---- */

/* How an event is told. A run that its inputs started may come every few seconds: only its failure
 * and the success after that are told, lest they push all else out of the list. */
static const struct {
    const char *level;
    const char *words;
    bool always;
} telling[] = {
    [CHANGE_RUN_QUEUED] = {NULL, "", false},
    [CHANGE_RUN_STARTED] = {"info", "started", false},
    [CHANGE_RUN_SUCCEEDED] = {"info", "succeeded", false},
    [CHANGE_RUN_FAILED] = {"error", "FAILED", true},
    [CHANGE_RUN_CANCELED] = {"warning", "canceled", true},
    [CHANGE_TASK_FAILED] = {"warning", "", true},
    [CHANGE_DAG_PAUSED] = {NULL, "", false}, /* the audit has it */
    [CHANGE_DAG_RESUMED] = {NULL, "", false},
    [CHANGE_TROUBLE] = {"warning", "", true},
};

static void on_event(void *arg, const struct scheduler_event *v)
{
    struct engine *g = arg;
    char text[ERRBUF_TEXT_MAX];
    const char *level = telling[v->what].level;
    int dag = dag_index(g->dags, v->dag);
    bool failed_before = dag >= 0 && g->dag_failed[dag];
    if (dag >= 0 && (v->what == CHANGE_RUN_FAILED || v->what == CHANGE_RUN_SUCCEEDED))
        g->dag_failed[dag] = v->what == CHANGE_RUN_FAILED;
    bool quiet = v->kind == RUN_KIND_CHANGE && !telling[v->what].always &&
                 !(failed_before && v->what == CHANGE_RUN_SUCCEEDED);
    if (!level || quiet)
        return;
    if (!v->run)
        (void)snprintf(text, sizeof text, "%s", v->text);
    else if (v->task[0])
        (void)snprintf(text, sizeof text, "run %lld, task %s: %s", (long long)v->run, v->task,
                       v->text);
    else
        (void)snprintf(text, sizeof text, "run %lld %s%s%s", (long long)v->run,
                       telling[v->what].words, v->text[0] ? ": " : "", v->text);
    const char *dag_word = v->dag[0] ? v->dag : "scheduler";
    if (!strcmp(level, "error"))
        log_error("schedule", "%s: %s", dag_word, text);
    else if (!strcmp(level, "warning"))
        log_warning("schedule", "%s: %s", dag_word, text);
    else
        log_info("schedule", "%s: %s", dag_word, text);
    engine_note(g, level, "schedule", v->who, v->dag, text);
}

/* ---- changed inputs ---- */

/* By any name that a DAG may call them: the topic, the raw table, the source's table. */
void engine_schedule_rows(void *engine, const struct sink_told *told)
{
    struct engine *g = engine;
    struct scheduler *s = engine_scheduler(g);
    const char *dot = strrchr(told->topic, '.');
    freshness_rows(g->freshness, told->topic, told->rows, told->newest_commit_us, clock_wall_us());
    if (!s)
        return;
    scheduler_changed(s, told->topic);
    scheduler_changed(s, told->table);
    if (dot && strcmp(dot + 1, told->table) != 0)
        scheduler_changed(s, dot + 1);
}

/* ---- life ---- */

enum err engine_schedule_load(struct engine *g, struct errbuf *e)
{
    struct faults faults;
    struct declared declared;
    faults_init(&faults);
    enum err rc = declared_read(g->config, &declared, &faults, e);
    if (!rc || rc == ERR_CONFIG) /* faults of DAGs are told with those of the rest */
        rc = dag_load_all(g->config, &declared, &g->dags, &faults, e);
    if (!rc)
        rc = refresh_create(g->config, &declared, &g->refresh, e);
    declared_free(&declared);
    if (!rc)
        rc = dashboard_service_create(g->config, refresh_marts(g->refresh), &g->dashboards, &faults,
                                      e);
    faults_free(&faults);
    if (!rc)
        rc = freshness_bind(g->freshness, refresh_marts(g->refresh), g->dags, g->store, e);
    if (rc)
        return rc;
    g->dag_failed = calloc((size_t)g->dags->n + 1, sizeof *g->dag_failed);
    g->schedule_environment = calloc(2, sizeof *g->schedule_environment);
    /* flightdeck in a shell task speaks to this engine */
    if (!g->dag_failed || !g->schedule_environment ||
        asprintf(&g->schedule_environment[0], "FLIGHTDECK_CONFIG=%s", g->config->file) < 0)
        return err_set(e, ERR_NOMEM, "no memory for the DAGs");
    return ERR_OK;
}

/* What is replicated goes on; the status and the event list say why no DAG runs. */
static enum err go_without(struct engine *g, enum err rc, struct errbuf *e)
{
    char text[ERRBUF_TEXT_MAX + 64];
    (void)snprintf(text, sizeof text, "no DAG runs until the engine is started again: %s", e->text);
    char *copy = strdup(text);
    if (rc == ERR_NOMEM || !copy) {
        free(copy);
        return rc;
    }
    atomic_store(&g->schedule_trouble, copy);
    log_error("schedule", "%s", text);
    engine_note(g, "error", "schedule", "engine", "", text);
    return ERR_OK;
}

/* So that the success after a failure is told, also when a restart lies between them. */
static enum err remember_failures(struct engine *g, struct scheduler *s, struct errbuf *e)
{
    struct scheduler_dags l;
    enum err rc = scheduler_dags_list(s, &l, e);
    if (rc)
        return rc;
    for (int i = 0; i < l.n; i++)
        g->dag_failed[i] = l.items[i].failed_run > 0;
    scheduler_dags_free(&l);
    return ERR_OK;
}

enum err engine_start_schedule(struct engine *g, bool asked_only, struct errbuf *e)
{
    struct scheduler *s = NULL;
    struct scheduler_options o = {.dags = g->dags,
                                  .store = g->store,
                                  .executor = {.arg = g},
                                  .on_event = on_event,
                                  .on_event_arg = g,
                                  .environment = (const char *const *)g->schedule_environment,
                                  .asked_only = asked_only};
    if (!g->dags->n)
        return ERR_OK;
    for (int i = 0; i < DAG_TASK_KINDS; i++)
        if (kinds[i])
            o.executor.run[i] = run_task;
    enum err rc = scheduler_create(&o, &s, e);
    if (!rc)
        rc = remember_failures(g, s, e);
    if (!rc)
        rc = scheduler_start(s, e);
    if (rc) {
        scheduler_destroy(s);
        return go_without(g, rc, e);
    }
    atomic_store(&g->scheduler, s);
    log_info("schedule", "%d DAGs are scheduled", g->dags->n);
    return ERR_OK;
}

void engine_schedule_stop_begin(struct engine *g)
{
    struct scheduler *s = engine_scheduler(g);
    if (s)
        scheduler_stop_begin(s);
}

enum err engine_schedule_stop(struct engine *g, int64_t timeout_us, struct errbuf *e)
{
    struct scheduler *s = engine_scheduler(g);
    return s ? scheduler_stop(s, timeout_us, e) : ERR_OK;
}

/* A task that does not end would use what is freed here: then the scheduler and its DAGs stay. */
void engine_schedule_close(struct engine *g)
{
    struct errbuf e;
    struct scheduler *s = engine_scheduler(g);
    if (s && scheduler_stop(s, g->config->stop_timeout_s * INT64_C(1000000), &e) != ERR_OK) {
        log_error("schedule", "%s", e.text);
        return;
    }
    atomic_store(&g->scheduler, NULL);
    scheduler_destroy(s);
    dashboard_service_destroy(g->dashboards);
    refresh_destroy(g->refresh);
    freshness_destroy(g->freshness);
    dag_set_free(g->dags);
    free(g->dag_failed);
    free(g->schedule_environment ? g->schedule_environment[0] : NULL);
    free(g->schedule_environment);
    free(atomic_load(&g->schedule_trouble));
}

/* ---- status ---- */

static json_t *moment(int64_t us)
{
    return us > 0 && us < INT64_MAX ? json_integer(us) : json_null();
}

static json_t *words_or_null(const char *text)
{
    json_t *j = text[0] ? json_string(text) : NULL;
    return j ? j : json_null(); /* also for what is no UTF-8 */
}

static json_t *failed_json(const struct scheduler_dag_view *v)
{
    return v->failed_run > 0
               ? json_pack("{s:I, s:o, s:o}", "run", (json_int_t)v->failed_run, "ended_us",
                           moment(v->failed_ended_us), "reason", words_or_null(v->failed_reason))
               : json_null();
}

static json_t *dag_json(const struct scheduler_dag_view *v)
{
    bool ran = v->last_run > 0;
    return json_pack("{s:s, s:s, s:b, s:o, s:I, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "name", v->dag->name, "description", v->dag->description, "paused", v->paused,
                     "next_us", moment(v->next_us), "queued", (json_int_t)v->queued, "active",
                     v->active, "running_tasks", v->running_tasks, "last_run",
                     ran ? json_integer(v->last_run) : json_null(), "state",
                     ran ? json_string(run_state_word(v->last_state)) : json_null(), "logical_us",
                     moment(v->last_logical_us), "started_us", moment(v->last_started_us),
                     "ended_us", moment(v->last_ended_us), "reason", words_or_null(v->last_reason),
                     "failed", failed_json(v), "trouble", words_or_null(v->trouble));
}

json_t *engine_schedule_json(struct engine *g)
{
    struct scheduler_dags l;
    struct errbuf e;
    struct scheduler *s = engine_scheduler(g);
    json_t *a = json_array();
    const char *trouble = atomic_load(&g->schedule_trouble);
    for (int i = 0; !s && trouble && i < g->dags->n; i++) {
        const struct scheduler_dag_view none = {
            .dag = g->dags->dags[i], .next_us = INT64_MAX, .last_reason = "", .trouble = trouble};
        (void)json_array_append_new(a, dag_json(&none));
    }
    if (!s)
        return a;
    if (scheduler_dags_list(s, &l, &e) != ERR_OK) {
        log_error("schedule", "%s", e.text);
        return a;
    }
    for (int i = 0; i < l.n; i++)
        (void)json_array_append_new(a, dag_json(&l.items[i]));
    scheduler_dags_free(&l);
    return a;
}
