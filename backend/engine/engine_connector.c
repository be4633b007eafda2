#include "backend/engine/engine_connector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/log.h"

enum {
    BUDGET_US = 600 * 1000000,
    LAST_S = 3, /* of stop_timeout_s: to give a connection up, and to end */
};

static enum err run(void *arg, struct errbuf *e)
{
    struct engine_connector *c = arg;
    (void)stop_bind(&c->stop);
    enum err rc = c->is_source ? capture_run(c->capture, e) : sink_run(c->sink, e);
    (void)stop_bind(NULL);
    stop_take(&c->stop);
    return rc;
}

static void stop(void *arg)
{
    struct engine_connector *c = arg;
    if (c->is_source)
        capture_stop(c->capture);
    else
        sink_stop(c->sink);
    stop_ask(&c->stop); /* behind the flag: who is woken by it looks at that */
}

/* An outage is tried again every few seconds: it is told once, and again when its reason changes.
 */
static bool told_already(struct engine_connector *c, enum task_state to, const char *why)
{
    if (to == TASK_RUNNING)
        c->told = 0;
    if (to != TASK_RETRYING)
        return false;
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (; *why; why++)
        h = (h ^ (unsigned char)*why) * 1099511628211u;
    return atomic_exchange(&c->told, h | 1) == (h | 1);
}

static void on_change(void *arg, enum task_state from, enum task_state to, const char *why)
{
    struct engine_connector *c = arg;
    if (told_already(c, to, why)) {
        log_debug("connector", "%s: still: %s", c->name, why);
        return;
    }
    c->on_change(c->arg, c, from, to, why);
}

static void on_detail(void *arg, bool running, const char *detail)
{
    struct engine_connector *c = arg;
    task_detail(c->task, running, detail);
}

static void on_rows(void *arg, const struct sink_told *told)
{
    struct engine_connector *c = arg;
    if (c->on_rows)
        c->on_rows(c->arg, told);
}

static int pairs(const char *const *list)
{
    int n = 0;
    while (list && list[n])
        n += 2;
    return n;
}

/* The connector's overrides stand behind the engine's settings: the later one counts. */
static const char **join_settings(const char *const *a, const char *const *b)
{
    int n = pairs(a);
    int m = pairs(b);
    const char **out = calloc((size_t)(n + m) + 1, sizeof *out);
    if (!out)
        return NULL;
    if (n)
        memcpy(out, a, (size_t)n * sizeof *out);
    if (m)
        memcpy(out + n, b, (size_t)m * sizeof *out);
    return out;
}

static int64_t grace_us(const struct config *g)
{
    return g->stop_timeout_s > LAST_S ? (g->stop_timeout_s - LAST_S) * 1000000 : 0;
}

static enum err bind_source(const struct config *g, struct engine_connector *c, struct errbuf *e)
{
    c->capture_options = (struct capture_options){
        .name = c->name,
        .source = &c->config->source,
        .kafka = c->kafka,
        .commit_rows = g->capture.commit_rows,
        .commit_bytes = g->capture.commit_bytes,
        .commit_us = g->capture.commit_ms * 1000,
        .grace_us = grace_us(g),
        .figures = &c->figures,
        .on_detail = on_detail,
        .arg = c,
    };
    c->capture = capture_create(&c->capture_options);
    return c->capture ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for connector %s", c->name);
}

static enum err bind_sink(const struct config *g, const _Atomic int *n_sinks,
                          struct engine_connector *c, struct errbuf *e)
{
    const struct sink_config *s = &c->config->sink;
    if (s->dead_letter_topic)
        c->dead_letter_topic = strdup(s->dead_letter_topic);
    else if (asprintf(&c->dead_letter_topic, "%s.dead-letters", c->name) < 0)
        c->dead_letter_topic = NULL;
    if (!c->dead_letter_topic)
        return err_set(e, ERR_NOMEM, "no memory for connector %s", c->name);
    c->sink_options = (struct sink_options){
        .name = c->name,
        .sink = s,
        .kafka = c->kafka,
        .dialect = config_dialect_word(g),
        .schema = g->warehouse.schema,
        .dead_letter_topic = c->dead_letter_topic,
        .batch_rows = s->batch_rows ? s->batch_rows : g->load.batch_rows,
        .batch_bytes = g->load.batch_bytes,
        .n_sinks = n_sinks,
        .linger_us = g->load.batch_ms * 1000,
        .timeout_us = g->load.statement_timeout_s * 1000000,
        .grace_us = grace_us(g),
        .figures = &c->figures,
        .on_detail = on_detail,
        .on_rows = on_rows,
        .arg = c,
    };
    c->sink = sink_create(&c->sink_options);
    return c->sink ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for connector %s", c->name);
}

enum err engine_connector_create(const struct config *g, struct connector *config,
                                 const _Atomic int *n_sinks, engine_connector_change_fn *changed,
                                 void *arg, struct engine_connector **out, struct errbuf *e)
{
    struct engine_connector *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ERR_NOMEM, "no memory for connector %s", config->name);
    c->name = config->name;
    c->is_source = config->kind == CONNECTOR_SOURCE;
    c->config = config;
    c->on_change = changed;
    c->arg = arg;
    c->rate = c->bytes_rate = NAN;
    c->stop.fd = -1;
    c->kafka =
        join_settings(g->kafka, c->is_source ? config->source.producer : config->sink.consumer);
    enum err rc = c->kafka ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for connector %s", c->name);
    if (!rc)
        rc = stop_init(&c->stop, e);
    if (!rc)
        rc = c->is_source ? bind_source(g, c, e) : bind_sink(g, n_sinks, c, e);
    struct task_options o = {
        .name = c->name,
        .run = run,
        .stop = stop,
        .arg = c,
        .figures = &c->figures,
        .budget = (int)g->restart.budget,
        .budget_us = BUDGET_US,
        .backoff_us = g->restart.backoff_ms * 1000,
        .backoff_max_us = g->restart.backoff_max_ms * 1000,
        .on_change = on_change,
    };
    if (!rc)
        rc = task_create(&o, &c->task, e);
    if (rc) {
        c->config = NULL; /* stays the caller's */
        engine_connector_destroy(c);
        return rc;
    }
    for (int i = 0; i < config->n_warnings; i++)
        log_warning("config", "%s: %s", c->name, config->warnings[i]);
    *out = c;
    return ERR_OK;
}

void engine_connector_destroy(struct engine_connector *c)
{
    if (!c)
        return;
    task_destroy(c->task);
    capture_destroy(c->capture);
    sink_destroy(c->sink);
    stop_free(&c->stop);
    free(c->dead_letter_topic);
    free(c->kafka);
    connector_free(c->config);
    free(c);
}
