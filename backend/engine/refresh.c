#include "backend/engine/refresh.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/engine/refresh_run.h"
#include "backend/model/model.h"

/* ---- create ---- */

enum err refresh_create(const struct config *c, struct declared *declared, struct refresh **out,
                        struct errbuf *e)
{
    *out = NULL;
    struct refresh *r = calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ERR_NOMEM, "no memory for the refresh");
    r->config = c;
    r->declared = *declared;
    *declared = (struct declared){.model = NULL};
    (void)pthread_mutex_init(&r->loading, NULL);
    *out = r;
    return ERR_OK;
}

void refresh_destroy(struct refresh *r)
{
    if (!r)
        return;
    model_loader_close(r->loader);
    declared_free(&r->declared);
    (void)pthread_mutex_destroy(&r->loading);
    free(r);
}

const struct datatests *refresh_tests(const struct refresh *r)
{
    return r->declared.tests;
}

const struct marts *refresh_marts(const struct refresh *r)
{
    return r->declared.marts;
}

const char *refresh_model_schema(const struct refresh *r)
{
    return r->declared.model ? r->declared.model->schema : NULL;
}

/* ---- the model ---- */

static enum err choose(const struct refresh *r, const char *const *names, bool *wanted,
                       struct errbuf *e)
{
    for (int i = 0; names && names[i]; i++) {
        int at = model_find_entity(r->declared.model, names[i], e);
        if (at < 0)
            return ERR_NOT_FOUND;
        wanted[at] = true;
    }
    return ERR_OK;
}

static void interrupt(void *arg)
{
    model_loader_cancel(arg);
}

static enum err open_loader(struct refresh *r, struct errbuf *e)
{
    const struct model_loader_options o = {.file = r->config->model,
                                           .odbc = r->config->warehouse.odbc,
                                           .dialect = config_dialect_word(r->config),
                                           .raw_schema = r->config->warehouse.schema,
                                           .label = "flightdeck model",
                                           .connections = 2};
    return r->loader ? ERR_OK : model_loader_open(&o, &r->loader, e);
}

/* A link that broke, a schema that somebody else changed: the next load begins anew. */
static void after_failure(struct refresh *r, enum err rc)
{
    if (rc == ERR_OK || rc == ERR_CANCELED)
        return;
    model_loader_close(r->loader);
    r->loader = NULL;
}

static enum err load(struct refresh *r, const bool *wanted, const struct refresh_load *o,
                     struct errbuf *e)
{
    enum err rc = open_loader(r, e);
    if (!rc && o->task) {
        model_loader_arm(r->loader);
        task_run_on_cancel(o->task, interrupt, r->loader);
        if (task_run_canceled(o->task))
            rc = err_set(e, ERR_CANCELED, "canceled");
    }
    if (!rc)
        rc = model_loader_refresh(r->loader, o->entities ? wanted : NULL, o->report, o->arg, e);
    if (o->task)
        task_run_on_cancel(o->task, NULL, NULL);
    after_failure(r, rc);
    return rc;
}

enum err refresh_model(struct refresh *r, const struct refresh_load *o, struct errbuf *e)
{
    if (!r->declared.model)
        return err_set(e, ERR_CONFIG,
                       "no model is configured: set `model` to a model.yaml (`flightdeck model "
                       "infer` writes a first one)");
    bool *wanted = calloc((size_t)r->declared.model->n_entities + 1, sizeof *wanted);
    if (!wanted)
        return err_set(e, ERR_NOMEM, "no memory for the refresh");
    enum err rc = choose(r, o->entities, wanted, e);
    if (!rc) {
        (void)pthread_mutex_lock(&r->loading);
        rc = load(r, wanted, o, e);
        (void)pthread_mutex_unlock(&r->loading);
    }
    free(wanted);
    return rc;
}
