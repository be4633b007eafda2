#include "backend/engine/engine_look.h"

#include <stdlib.h>
#include <string.h>

#include "backend/engine/dashboard_service.h"
#include "backend/engine/engine_answers.h"
#include "backend/engine/engine_run.h"
#include "backend/engine/refresh.h"
#include "backend/engine/warehouse_look.h"

void engine_look_end(struct engine *g)
{
    stop_ask(&g->look_stop);
}

/* Whoever asks by itself has a stop of its own. Returns what was bound. */
static struct stop *bind_stop(struct engine *g)
{
    struct stop *own = stop_bound();
    return stop_bind(own ? own : &g->look_stop);
}

/* Where the warehouse is: the configuration says it, else the first sink. free(). */
static enum err warehouse_address(struct engine *g, char **out, struct errbuf *e)
{
    const char *odbc = g->config->warehouse.odbc;
    (void)pthread_mutex_lock(&g->mutex);
    for (int i = 0; i < g->n_connectors && !odbc; i++)
        if (!g->connectors[i]->is_source)
            odbc = g->connectors[i]->config->sink.odbc;
    *out = odbc ? strdup(odbc) : NULL;
    (void)pthread_mutex_unlock(&g->mutex);
    if (!odbc)
        return err_set(e, ERR_CONFIG, "no warehouse is configured: set warehouse.odbc");
    return *out ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for an address");
}

/* Where the source is: the first source connector says it, else the configuration. free(). */
static enum err source_address(struct engine *g, char **out, struct errbuf *e)
{
    const char *conninfo = NULL;
    (void)pthread_mutex_lock(&g->mutex);
    for (int i = 0; i < g->n_connectors && !conninfo; i++)
        if (g->connectors[i]->is_source)
            conninfo = g->connectors[i]->config->source.conninfo;
    if (!conninfo)
        conninfo = g->config->source.connection;
    *out = conninfo ? strdup(conninfo) : NULL;
    (void)pthread_mutex_unlock(&g->mutex);
    if (!conninfo)
        return err_set(e, ERR_CONFIG, "no source is configured: set source.connection");
    return *out ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for an address");
}

enum err engine_dashboard_list(struct engine *g, const json_t *params, const char *who,
                               json_t **result, struct errbuf *e)
{
    (void)params;
    (void)who;
    return dashboard_service_list(g->dashboards, result, e);
}

/* ---- dashboards ---- */

enum err engine_dashboard_data(struct engine *g, const json_t *params, const char *who,
                               json_t **result, struct errbuf *e)
{
    char *odbc = NULL;
    (void)who;
    enum err rc = warehouse_address(g, &odbc, e);
    if (rc)
        return rc;
    struct stop *before = bind_stop(g);
    rc = dashboard_service_data(g->dashboards, odbc, params, result, e);
    (void)stop_bind(before);
    free(odbc);
    if (!rc && !json_is_string(json_object_get(params, "panel")))
        engine_answers_keep_dashboard(g, *result);
    return rc;
}

typedef enum err topic_fn(struct topic_service *s, const json_t *params, json_t **result,
                          struct errbuf *e);

static enum err ask_topics(struct engine *g, topic_fn *ask, const json_t *params, json_t **result,
                           struct errbuf *e)
{
    enum err rc = config_require(g->config, NEEDS_KAFKA, e);
    if (rc)
        return rc;
    struct stop *before = bind_stop(g);
    rc = ask(g->topics, params, result, e);
    (void)stop_bind(before);
    return rc;
}

enum err engine_topic_messages(struct engine *g, const json_t *params, const char *who,
                               json_t **result, struct errbuf *e)
{
    (void)who;
    return ask_topics(g, topic_service_messages, params, result, e);
}

enum err engine_topic_figures(struct engine *g, const json_t *params, const char *who,
                              json_t **result, struct errbuf *e)
{
    (void)who;
    return ask_topics(g, topic_service_figures, params, result, e);
}

/* The audit record is the caller's. */
enum err engine_topic_produce(struct engine *g, const json_t *params, const char *who,
                              json_t **result, struct errbuf *e)
{
    (void)who;
    return ask_topics(g, topic_service_produce, params, result, e);
}

/* ---- the warehouse ---- */

typedef enum err warehouse_fn(const struct warehouse_look *l, const json_t *params, json_t **result,
                              struct errbuf *e);

static enum err look_at_warehouse(struct engine *g, warehouse_fn *fn, const json_t *params,
                                  json_t **result, struct errbuf *e)
{
    char *odbc = NULL;
    enum err rc = warehouse_address(g, &odbc, e);
    if (rc)
        return rc;
    const struct warehouse_look l = {.odbc = odbc,
                                     .dialect = config_dialect_word(g->config),
                                     .raw_schema = g->config->warehouse.schema,
                                     .model_schema = refresh_model_schema(g->refresh),
                                     .marts = refresh_marts(g->refresh)};
    struct stop *before = bind_stop(g);
    rc = fn(&l, params, result, e);
    (void)stop_bind(before);
    free(odbc);
    return rc;
}

static enum err text_of(const json_t *params, const char *name, const char **out, struct errbuf *e)
{
    *out = json_string_value(json_object_get(params, name));
    return *out ? ERR_OK : err_set(e, ERR_USAGE, "`%s` is missing: a text", name);
}

static enum err show(const struct warehouse_look *l, const json_t *params, json_t **result,
                     struct errbuf *e)
{
    (void)params;
    return warehouse_look_show(l, result, e);
}

static enum err table(const struct warehouse_look *l, const json_t *params, json_t **result,
                      struct errbuf *e)
{
    const char *schema, *name;
    enum err rc = text_of(params, "schema", &schema, e);
    if (!rc)
        rc = text_of(params, "table", &name, e);
    return rc ? rc : warehouse_look_table(l, schema, name, result, e);
}

static enum err cancel(const struct warehouse_look *l, const json_t *params, json_t **result,
                       struct errbuf *e)
{
    const char *id;
    enum err rc = text_of(params, "id", &id, e);
    if (!rc)
        rc = warehouse_look_cancel(l, id, e);
    if (rc)
        return rc;
    *result = json_pack("{s:b}", "canceled", 1);
    return *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the answer");
}

enum err engine_warehouse_show(struct engine *g, const json_t *params, const char *who,
                               json_t **result, struct errbuf *e)
{
    (void)who;
    enum err rc = look_at_warehouse(g, show, params, result, e);
    if (!rc)
        engine_answers_keep(g, "warehouse.show", NULL, *result);
    return rc;
}

enum err engine_warehouse_table(struct engine *g, const json_t *params, const char *who,
                                json_t **result, struct errbuf *e)
{
    (void)who;
    return look_at_warehouse(g, table, params, result, e);
}

enum err engine_warehouse_cancel(struct engine *g, const json_t *params, const char *who,
                                 json_t **result, struct errbuf *e)
{
    (void)who;
    return look_at_warehouse(g, cancel, params, result, e);
}

/* ---- the source ---- */

enum err engine_source_show(struct engine *g, const json_t *params, const char *who,
                            json_t **result, struct errbuf *e)
{
    char *conninfo = NULL;
    (void)params;
    (void)who;
    enum err rc = source_address(g, &conninfo, e);
    if (rc)
        return rc;
    struct stop *before = bind_stop(g);
    rc = source_look_show(g->source_look, conninfo, g->config->source.standby, result, e);
    (void)stop_bind(before);
    free(conninfo);
    if (!rc)
        engine_answers_keep(g, "source.show", NULL, *result);
    return rc;
}
