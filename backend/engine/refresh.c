#include "backend/engine/refresh.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/engine/refresh_run.h"
#include "backend/model/model.h"

/* ---- create ---- */

/* The model is parsed for its faults; the loader reads it again when it connects. */
static enum err check_model(const struct config *c, struct refresh *r, struct errbuf *e)
{
    if (!c->model)
        return ERR_OK;
    return model_load_file(c->model, &r->model, e);
}

/* A path of a list in the configuration; relative ones start at its folder. */
static enum err list_path(const struct config *c, const char *key, const char *name,
                          char out[PATH_MAX], struct errbuf *e)
{
    return config_path(c, name, out)
               ? ERR_OK
               : err_set(e, ERR_CONFIG, "%s: %s: %s: the path is too long", c->file, key, name);
}

enum err refresh_read_marts(const struct config *c, struct marts **out, struct faults *faults,
                            struct errbuf *e)
{
    enum err rc = ERR_OK;
    *out = marts_create();
    if (!*out)
        return err_set(e, ERR_NOMEM, "no memory for the marts");
    for (int i = 0; c->marts[i] && !rc; i++) {
        char path[PATH_MAX];
        rc = list_path(c, "marts", c->marts[i], path, e);
        if (!rc)
            rc = marts_add_path(*out, path, faults, e);
    }
    return rc ? rc : faults_check(faults, e);
}

static enum err read_tests(const struct config *c, struct refresh *r, struct faults *faults,
                           struct errbuf *e)
{
    enum err rc = ERR_OK;
    r->tests = datatests_create();
    if (!r->tests)
        return err_set(e, ERR_NOMEM, "no memory for the data tests");
    for (int i = 0; c->tests[i] && !rc; i++) {
        char path[PATH_MAX];
        rc = list_path(c, "tests", c->tests[i], path, e);
        if (!rc)
            rc = datatests_add_path(r->tests, path, faults, e);
    }
    return rc ? rc : faults_check(faults, e);
}

enum err refresh_create(const struct config *c, struct refresh **out, struct faults *faults,
                        struct errbuf *e)
{
    *out = NULL;
    struct refresh *r = calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ERR_NOMEM, "no memory for the refresh");
    r->config = c;
    (void)pthread_mutex_init(&r->loading, NULL);
    enum err rc = check_model(c, r, e);
    if (!rc)
        rc = refresh_read_marts(c, &r->marts, faults, e);
    if (!rc)
        rc = read_tests(c, r, faults, e);
    if (rc)
        refresh_destroy(r);
    else
        *out = r;
    return rc;
}

void refresh_destroy(struct refresh *r)
{
    if (!r)
        return;
    model_loader_close(r->loader);
    model_free(r->model);
    marts_free(r->marts);
    datatests_free(r->tests);
    (void)pthread_mutex_destroy(&r->loading);
    free(r);
}

const struct datatests *refresh_tests(const struct refresh *r)
{
    return r->tests;
}

const struct marts *refresh_marts(const struct refresh *r)
{
    return r->marts;
}

const char *refresh_model_schema(const struct refresh *r)
{
    return r->model ? r->model->schema : NULL;
}

/* ---- the model ---- */

static enum err choose(const struct refresh *r, const char *const *names, bool *wanted,
                       struct errbuf *e)
{
    for (int i = 0; names && names[i]; i++) {
        int at = model_find_entity(r->model, names[i], e);
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
    if (!r->model)
        return err_set(e, ERR_CONFIG,
                       "no model is configured: set `model` to a model.yaml (`flightdeck model "
                       "infer` writes a first one)");
    bool *wanted = calloc((size_t)r->model->n_entities + 1, sizeof *wanted);
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
