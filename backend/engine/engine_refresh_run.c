/*
 * The refresh of one thing on demand: a mart, an entity of the model, or a whole DAG, by its name.
 *
 * It is a run of the DAG whose task makes it, about that task alone (scheduler_trigger_part): so it
 * stands in the DAG's queue with the runs of the schedule and never collides with them, has their
 * tries, log and record, and what follows that DAG follows it too.
 */
#include <string.h>

#include "backend/base/nearest.h"
#include "backend/engine/engine_dags.h"
#include "backend/engine/engine_dags_find.h"
#include "backend/engine/engine_run.h"
#include "backend/engine/refresh_run.h"
#include "backend/engine/schedule_run.h"
#include "backend/model/model.h"

/* What makes a thing: a task of a DAG, and what of that task. */
struct maker {
    const char *kind; /* "mart", "entity", "dag" */
    const struct dag *dag;
    const struct dag_task *task; /* NULL: the whole DAG */
    const char *only;            /* NULL: all of the task */
};

static bool is_listed(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

/* How well a task makes the thing: 0 not at all, 2 when it is named there. */
static int makes(const struct refresh *r, const struct dag *d, const struct dag_task *t,
                 const struct mart *m, const char *entity)
{
    if (m)
        return t->kind == DAG_SQL && marts_find_sql(r->declared.marts, d->file, t->file) == m ? 2
                                                                                              : 0;
    if (t->kind != DAG_MODEL)
        return 0;
    return !t->names ? 1 : is_listed(t->names, entity) ? 2 : 0;
}

static void find_task(const struct engine *g, const struct mart *m, const char *entity,
                      struct maker *out)
{
    int best = 0;
    for (int i = 0; i < g->dags->n; i++) {
        const struct dag *d = g->dags->dags[i];
        for (int k = 0; k < d->n_tasks; k++) {
            int how = makes(g->refresh, d, &d->tasks[k], m, entity);
            if (how > best) {
                best = how;
                out->dag = d;
                out->task = &d->tasks[k];
            }
        }
    }
}

static enum err unknown(const struct engine *g, const char *name, struct errbuf *e)
{
    struct nearest near;
    char hint[160];
    const struct refresh *r = g->refresh;
    nearest_start(&near, name);
    for (int i = 0; i < marts_count(r->declared.marts); i++)
        nearest_offer(&near, marts_at(r->declared.marts, i)->name);
    for (int i = 0; r->declared.model && i < r->declared.model->n_entities; i++)
        nearest_offer(&near, r->declared.model->entities[i].name);
    for (int i = 0; i < g->dags->n; i++)
        nearest_offer(&near, g->dags->dags[i]->name);
    return err_set(e, ERR_NOT_FOUND,
                   "nothing that can be refreshed is named %s (a mart, an entity of the model, a "
                   "DAG)%s",
                   name, nearest_hint(&near, hint, sizeof hint));
}

/* By its name, or a mart by its table: "presentation.airports_traffic". */
static const struct mart *find_mart(const struct refresh *r, const char *name)
{
    const struct mart *m = marts_find(r->declared.marts, name);
    for (int i = 0; !m && i < marts_count(r->declared.marts); i++)
        if (strcmp(marts_at(r->declared.marts, i)->target, name) == 0)
            m = marts_at(r->declared.marts, i);
    return m;
}

/* A mart's name goes before an entity's, and that before a DAG's. */
static enum err find_maker(const struct engine *g, const char *name, struct maker *out,
                           struct errbuf *e)
{
    const struct refresh *r = g->refresh;
    struct errbuf ignored;
    const struct mart *m = find_mart(r, name);
    bool entity =
        !m && r->declared.model && model_find_entity(r->declared.model, name, &ignored) >= 0;
    *out = (struct maker){.kind = m ? "mart" : entity ? "entity" : "dag"};
    if (entity)
        out->only = name;
    if (m || entity)
        find_task(g, m, name, out);
    if (!out->dag) {
        out->dag = dag_find(g->dags, name);
        out->only = NULL;
    }
    if (out->dag)
        return ERR_OK;
    if (m || entity)
        return err_set(e, ERR_NOT_FOUND, "no DAG makes the %s %s: a task of the kind %s would",
                       out->kind, name, m ? "sql" : "model");
    return unknown(g, name, e);
}

enum err engine_refresh_run(struct engine *g, const json_t *params, const char *who,
                            json_t **result, struct errbuf *e)
{
    const char *name = json_string_value(json_object_get(params, "name"));
    struct scheduler *s;
    struct maker by;
    int64_t run = 0;
    if (!name)
        return err_set(e, ERR_USAGE, "`name` is missing: of a mart, an entity or a DAG");
    enum err rc = find_maker(g, name, &by, e);
    if (!rc)
        rc = engine_dag_scheduler(g, &s, e);
    if (!rc && by.task)
        rc = scheduler_trigger_part(s, by.dag->name, by.task->name, by.only, who, &run, e);
    else if (!rc)
        rc = scheduler_trigger(s, by.dag->name, NULL, 0, who, &run, e);
    if (rc)
        return rc;
    *result = json_pack("{s:I, s:s, s:s?, s:s, s:s}", "run", (json_int_t)run, "dag", by.dag->name,
                        "task", by.task ? by.task->name : NULL, "kind", by.kind, "name", name);
    return *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the answer");
}
