/* What may be ordered of DAGs and runs; the scheduler checks and does. */
#include "backend/engine/engine_dags.h"

#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/engine_dags_find.h"
#include "backend/engine/engine_run.h"
#include "backend/engine/schedule_run.h"
#include "backend/schedule/civil.h"

enum { PARALLEL_MAX = 1000, INTERVALS_MAX = 100000 };

enum err engine_dag_find(const struct engine *g, const json_t *params, const struct dag **out,
                         struct errbuf *e)
{
    const char *name = json_string_value(json_object_get(params, "name"));
    *out = name ? dag_find(g->dags, name) : NULL;
    if (*out)
        return ERR_OK;
    if (!name)
        return err_set(e, ERR_USAGE, "`name` is missing: of a DAG");
    if (g->dags->n == 0)
        return err_set(e, ERR_NOT_FOUND,
                       "no DAG is named %s: the configuration has none (`dags` names folders with "
                       "them)",
                       name);
    return err_set(e, ERR_NOT_FOUND, "no DAG is named %s: `flightdeck dag list` shows them", name);
}

enum err engine_dag_scheduler(struct engine *g, struct scheduler **out, struct errbuf *e)
{
    const char *trouble = atomic_load(&g->schedule_trouble);
    *out = engine_scheduler(g);
    if (*out)
        return ERR_OK;
    return err_set(e, ERR_STATE, "%s", trouble ? trouble : ENGINE_NO_SCHEDULER);
}

enum err engine_dag_run_of(const json_t *params, int64_t *run, struct errbuf *e)
{
    const json_t *v = json_object_get(params, "run");
    *run = json_integer_value(v);
    return json_is_integer(v) ? ERR_OK
                              : err_set(e, ERR_USAGE, "`run` is missing: the number of a run");
}

/* {"name": "text", ..}; *out is the caller's, its texts are the JSON's. */
static enum err read_values(const json_t *params, struct dag_value **out, int *n, struct errbuf *e)
{
    json_t *values = json_object_get(params, "params"), *v;
    const char *name;
    *n = 0;
    *out = calloc(json_object_size(values) + 1, sizeof **out);
    if (!*out)
        return err_set(e, ERR_NOMEM, "no memory for the params");
    if (values && !json_is_object(values))
        return err_set(e, ERR_USAGE, "`params` is an object of texts");
    json_object_foreach(values, name, v)
    {
        if (!json_is_string(v))
            return err_set(e, ERR_USAGE, "param %s must be given as a text", name);
        (*out)[(*n)++] = (struct dag_value){name, json_string_value(v)};
    }
    return ERR_OK;
}

static enum err answer(json_t *made, json_t **result, struct errbuf *e)
{
    *result = made;
    return made ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the answer");
}

enum err engine_dag_trigger(struct engine *g, const json_t *params, const char *who,
                            json_t **result, struct errbuf *e)
{
    const struct dag *d;
    struct dag_value *given = NULL;
    int n = 0;
    int64_t run = 0;
    struct scheduler *s = NULL;
    enum err rc = engine_dag_find(g, params, &d, e);
    if (!rc)
        rc = engine_dag_scheduler(g, &s, e);
    if (!rc)
        rc = read_values(params, &given, &n, e);
    if (!rc)
        rc = scheduler_trigger(s, d->name, given, n, who, &run, e);
    free(given);
    return rc ? rc
              : answer(json_pack("{s:I, s:o}", "run", (json_int_t)run, "changed_files",
                                 engine_dag_changed_files(g)),
                       result, e);
}

static enum err read_date(const json_t *params, const char *name, const struct dag *d, int add_days,
                          int64_t *us, struct errbuf *e)
{
    const char *text = json_string_value(json_object_get(params, name));
    int64_t days;
    if (!text || !civil_parse_date(text, &days))
        return err_set(e, ERR_USAGE, "`%s` must be a date as 2026-11-28%s%s%s", name,
                       text ? ", not `" : "", text ? text : "", text ? "`" : "");
    *us = dag_local_time(d, days + add_days, 0);
    return ERR_OK;
}

/* The intervals that a backfill of these days would run. */
enum err engine_dag_intervals(struct engine *g, const json_t *params, const char *who,
                              json_t **result, struct errbuf *e)
{
    const struct dag *d;
    int64_t from_us = 0, to_us = 0, first = 0, last = 0, n = 0, succeeded = 0;
    (void)who;
    enum err rc = engine_dag_find(g, params, &d, e);
    if (!rc && !d->cron)
        rc = err_set(e, ERR_USAGE, "DAG %s has no schedule, so there are no intervals to fill",
                     d->name);
    if (!rc)
        rc = read_date(params, "from", d, 0, &from_us, e);
    if (!rc)
        rc = read_date(params, "to", d, 1, &to_us, e);
    if (!rc && from_us >= to_us)
        rc = err_set(e, ERR_USAGE, "`from` is after `to`");
    if (rc)
        return rc;
    int64_t now = clock_wall_us();
    int64_t begin = dag_next_fire(d, from_us - 1);
    while (begin < to_us && n < INTERVALS_MAX) {
        int64_t fire = dag_next_fire(d, begin);
        if (fire > now)
            break;
        first = n ? first : begin;
        last = begin;
        n++;
        begin = fire;
    }
    rc = store_runs_succeeded(g->store, d->name, first, last, &succeeded, e);
    return rc ? rc
              : answer(json_pack("{s:I, s:I, s:I, s:I}", "intervals", (json_int_t)n, "succeeded",
                                 (json_int_t)succeeded, "first_us", (json_int_t)first, "last_us",
                                 (json_int_t)last),
                       result, e);
}

enum err engine_dag_backfill(struct engine *g, const json_t *params, const char *who,
                             json_t **result, struct errbuf *e)
{
    const struct dag *d;
    struct dag_value *given = NULL;
    struct scheduler_backfill b = {0};
    int64_t parallel = json_integer_value(json_object_get(params, "parallel"));
    struct scheduler_backfill_result done = {0};
    struct scheduler *s = NULL;
    enum err rc = engine_dag_find(g, params, &d, e);
    if (!rc)
        rc = engine_dag_scheduler(g, &s, e);
    if (!rc)
        rc = read_date(params, "from", d, 0, &b.from_us, e);
    if (!rc)
        rc = read_date(params, "to", d, 1, &b.to_us, e);
    if (!rc && b.from_us >= b.to_us)
        rc = err_set(e, ERR_USAGE, "`from` is after `to`");
    if (!rc && (parallel < 0 || parallel > PARALLEL_MAX))
        rc = err_set(e, ERR_USAGE, "`parallel` is at most %d", PARALLEL_MAX);
    if (!rc)
        rc = read_values(params, &given, &b.n_params, e);
    b.parallel = (int)parallel;
    b.params = given;
    if (!rc)
        rc = scheduler_backfill(s, d->name, &b, who, &done, e);
    free(given);
    return rc ? rc
              : answer(json_pack("{s:i, s:i, s:i, s:i, s:I, s:I}", "intervals", done.n, "created",
                                 done.created, "again", done.again, "active", done.active,
                                 "first_us", (json_int_t)done.first, "last_us",
                                 (json_int_t)done.last),
                       result, e);
}

enum err engine_dag_clear(struct engine *g, const json_t *params, const char *who, json_t **result,
                          struct errbuf *e)
{
    const struct scheduler_clear c = {
        .task = json_string_value(json_object_get(params, "task")),
        .downstream = json_is_true(json_object_get(params, "downstream")),
        .failed = json_is_true(json_object_get(params, "failed")),
    };
    int n = 0;
    int64_t run;
    struct scheduler *s = NULL;
    enum err rc = engine_dag_run_of(params, &run, e);
    if (!rc)
        rc = engine_dag_scheduler(g, &s, e);
    if (!rc)
        rc = scheduler_clear(s, run, &c, who, &n, e);
    return rc ? rc : answer(json_pack("{s:i}", "tasks", n), result, e);
}

enum err engine_dag_cancel(struct engine *g, const json_t *params, const char *who, json_t **result,
                           struct errbuf *e)
{
    int64_t run;
    struct scheduler *s = NULL;
    enum err rc = engine_dag_run_of(params, &run, e);
    if (!rc)
        rc = engine_dag_scheduler(g, &s, e);
    if (!rc)
        rc = scheduler_cancel(s, run, who, e);
    return rc ? rc : answer(json_pack("{s:I}", "run", (json_int_t)run), result, e);
}

static enum err set_paused(struct engine *g, const json_t *params, bool paused, const char *who,
                           json_t **result, struct errbuf *e)
{
    const struct dag *d;
    struct scheduler *s = NULL;
    enum err rc = engine_dag_find(g, params, &d, e);
    if (!rc)
        rc = engine_dag_scheduler(g, &s, e);
    if (!rc)
        rc = scheduler_pause(s, d->name, paused, who, e);
    return rc ? rc : answer(json_pack("{s:b}", "paused", (int)paused), result, e);
}

enum err engine_dag_pause(struct engine *g, const json_t *params, const char *who, json_t **result,
                          struct errbuf *e)
{
    return set_paused(g, params, true, who, result, e);
}

enum err engine_dag_unpause(struct engine *g, const json_t *params, const char *who,
                            json_t **result, struct errbuf *e)
{
    return set_paused(g, params, false, who, result, e);
}
