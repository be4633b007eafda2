#include "backend/engine/engine_look.h"

#include <stdlib.h>
#include <string.h>

#include "backend/engine/dashboard_service.h"
#include "backend/engine/engine_run.h"

void engine_look_end(struct engine *g)
{
    stop_ask(&g->look_stop);
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

enum err engine_dashboard_list(struct engine *g, const json_t *params, const char *who,
                               json_t **result, struct errbuf *e)
{
    (void)params;
    (void)who;
    return dashboard_service_list(g->dashboards, result, e);
}

enum err engine_dashboard_data(struct engine *g, const json_t *params, const char *who,
                               json_t **result, struct errbuf *e)
{
    char *odbc = NULL;
    (void)who;
    enum err rc = warehouse_address(g, &odbc, e);
    if (rc)
        return rc;
    struct stop *before = stop_bind(&g->look_stop);
    rc = dashboard_service_data(g->dashboards, odbc, params, result, e);
    (void)stop_bind(before);
    free(odbc);
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
    struct stop *before = stop_bind(&g->look_stop);
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
