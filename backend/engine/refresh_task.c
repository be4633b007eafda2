/* The kinds of tasks, as the scheduler calls them: the context's values in, log lines and rows out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/engine/engine_run.h"
#include "backend/engine/refresh_run.h"
#include "backend/engine/schedule_run.h"

/* ---- model ---- */

struct telling {
    struct task_run *t;
    int64_t rows;
    int told; /* entities */
};

static void tell_load(void *arg, const struct model_load *done)
{
    struct telling *to = arg;
    struct task_run *t = to->t;
    to->told++;
    if (done->waiting)
        task_run_log(t, "%s: nothing has arrived in raw yet", done->entity);
    else if (done->code)
        task_run_log(t, "%s: %s: %s", done->entity, err_word(done->code), done->text);
    else
        task_run_log(t,
                     "%s: %" PRId64 " raw rows of batches %" PRId64 "..%" PRId64 ", %" PRId64
                     " rows inserted, %.3f s",
                     done->entity, done->raw_rows, done->batch_from + 1, done->batch_to,
                     done->inserted, (double)done->microseconds / 1e6);
    if (done->keyless) {
        char words[256];
        (void)snprintf(words, sizeof words,
                       "%s: %" PRId64 " row%s of raw in batches %" PRId64 "..%" PRId64
                       " without a value of the key: in no table of the model",
                       done->entity, done->keyless, done->keyless == 1 ? "" : "s",
                       done->batch_from + 1, done->batch_to);
        task_run_log(t, "%s", words);
        log_warning("model", "%s", words);
    }
    if (!done->code) {
        task_run_add_rows(t, done->inserted);
        to->rows += done->inserted;
    }
}

enum err engine_task_model(struct engine *g, struct task_run *t, struct errbuf *e)
{
    struct telling to = {.t = t};
    const char *const one[] = {task_run_only(t), NULL};
    const struct refresh_load o = {.entities = one[0] ? one : task_run_task(t)->names,
                                   .report = tell_load,
                                   .arg = &to,
                                   .task = t};
    struct freshness *f = g->freshness; /* the engine may be gone when a load at last ends */
    if (!o.entities)                    /* one entity alone says nothing of the whole */
        freshness_model_begins(f, clock_wall_us());
    enum err rc = refresh_model(g->refresh, &o, e);
    freshness_model_ends(f, rc == ERR_OK && !o.entities, to.rows, clock_wall_us());
    if (!rc && !to.told) { /* none is known to be none: what follows is not begun for it */
        task_run_log(t, "nothing new in raw");
        task_run_add_rows(t, 0);
    }
    return rc;
}

/* ---- sql ---- */

struct values {
    int n;
    struct script_value *items;
    struct buf *texts; /* own them */
};

static void values_free(struct values *v)
{
    for (int i = 0; i < v->n; i++)
        buf_free(&v->texts[i]);
    free(v->items);
    free(v->texts);
}

/* The task's bindings with {{ .. }} filled in. */
static enum err expand(const struct task_run *t, struct values *v, struct errbuf *e)
{
    const struct dag_task *task = task_run_task(t);
    enum err rc = ERR_OK;
    *v = (struct values){
        .items = calloc((size_t)task->n_bindings + 1, sizeof *v->items),
        .texts = calloc((size_t)task->n_bindings + 1, sizeof *v->texts),
    };
    if (!v->items || !v->texts)
        return err_set(e, ERR_NOMEM, "no memory for the task's values");
    for (int i = 0; i < task->n_bindings && !rc; i++) {
        buf_init(&v->texts[i], 0);
        v->n++;
        rc = dag_expand(task->bindings[i].value, task_run_context(t), &v->texts[i], e);
        v->items[i] = (struct script_value){task->bindings[i].name, buf_cstr(&v->texts[i])};
    }
    return rc;
}

static void interrupt(void *arg)
{
    warehouse_cancel(arg);
}

static enum err run_mart(struct engine *g, struct task_run *t, struct warehouse *w,
                         const struct mart *m, const struct values *v, struct errbuf *e)
{
    struct mart_result result;
    struct freshness *f = g->freshness;
    int64_t began_us = clock_wall_us();
    enum err rc = mart_run(w, m, v->items, v->n, &result, e);
    if (rc)
        return rc;
    task_run_log(t, "%s: %" PRId64 " rows deleted, %" PRId64 " inserted, %.3f s", m->target,
                 result.deleted, result.inserted, (double)result.run_us / 1e6);
    task_run_add_rows(t, result.inserted);
    freshness_mart_made(f, m->name, began_us, result.inserted, clock_wall_us());
    return ERR_OK;
}

/* A file that is no mart's: all its statements in one transaction. */
static enum err run_file(struct task_run *t, struct warehouse *w, const struct values *v,
                         struct errbuf *e)
{
    const struct dag_task *task = task_run_task(t);
    struct script *script = NULL;
    struct script_rows rows = {.target = NULL};
    struct errbuf ignored;
    struct arena *a = arena_create(16384);
    enum err rc = a ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for %s", task->file);
    if (!rc)
        rc = script_parse(task->file, task->sql, a, &script, e);
    if (!rc)
        rc = warehouse_begin(w, e);
    if (!rc) {
        rc = script_run(w, script, v->items, v->n, &rows, e);
        if (!rc)
            rc = warehouse_commit(w, e);
        else if (warehouse_rollback(w, &ignored))
            task_run_log(t, "the link broke: the warehouse rolls back");
    }
    if (!rc) {
        task_run_log(t, "%s: %" PRId64 " rows inserted, %" PRId64 " deleted", task->file,
                     rows.inserted, rows.deleted);
        task_run_add_rows(t, rows.inserted);
    }
    arena_destroy(a);
    return rc;
}

enum err engine_task_sql(struct engine *g, struct task_run *t, struct errbuf *e)
{
    const struct refresh *r = g->refresh;
    const struct mart *m =
        marts_find_sql(r->declared.marts, task_run_context(t)->dag->file, task_run_task(t)->file);
    const struct warehouse_options o = {.odbc = r->config->warehouse.odbc,
                                        .dialect = config_dialect_word(r->config),
                                        .label = "flightdeck dag"};
    struct warehouse *w = NULL;
    struct values v;
    enum err rc = expand(t, &v, e);
    if (!rc)
        rc = warehouse_open(&o, &w, e);
    if (!rc) {
        task_run_on_cancel(t, interrupt, w);
        rc = task_run_canceled(t) ? err_set(e, ERR_CANCELED, "canceled")
             : m                  ? run_mart(g, t, w, m, &v, e)
                                  : run_file(t, w, &v, e);
        task_run_on_cancel(t, NULL, NULL);
    }
    warehouse_close(w);
    values_free(&v);
    return rc;
}
