/*
 * What an operator may ask of connectors, and the record of it.
 *
 * A request that is carried out is written to the store first (the wanted state, an applied
 * configuration), so that it survives a restart, then done, then answered. pause, stop and restart
 * answer at once: the state that follows shows in the status.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/engine/engine_run.h"
#include "backend/postgres/replication.h"

static enum err unknown(const char *name, struct errbuf *e)
{
    return err_set(e, ERR_NOT_FOUND,
                   "no connector is named %s: `flightdeck connector list` shows them", name);
}

static const struct {
    const char *word;
    void (*act)(struct task *t);
    const char *wanted; /* what the store keeps; NULL: unchanged */
} actions[] = {
    {"pause", task_pause, "PAUSED"},
    {"resume", task_start, "RUNNING"},
    {"stop", task_stop, "STOPPED"},
    {"restart", task_restart, "RUNNING"},
};

void engine_start_connector(struct engine *g, struct engine_connector *c)
{
    char wanted[16] = "";
    struct errbuf e;
    if (engine_store_state(g, c->name, wanted, sizeof wanted, &e) != ERR_OK)
        wanted[0] = '\0'; /* the store knows nothing of it */
    if (!strcmp(wanted, "PAUSED"))
        task_pause(c->task);
    else if (strcmp(wanted, "STOPPED") != 0)
        task_start(c->task);
}

static enum err delete_connector(struct engine *g, const char *name, struct errbuf *e)
{
    struct engine_connector *gone = NULL;
    (void)pthread_mutex_lock(&g->mutex);
    for (int i = 0; i < g->n_connectors; i++)
        if (!strcmp(g->connectors[i]->name, name)) {
            gone = g->connectors[i];
            g->connectors[i] = g->connectors[--g->n_connectors];
            break;
        }
    (void)pthread_mutex_unlock(&g->mutex);
    if (!gone)
        return unknown(name, e);
    /* one that a file of the configuration names would be back at the next start: the store
     * remembers that it is deleted */
    enum err rc = gone->config->file || gone->config->built_in
                      ? engine_store_set_state(g, name, "DELETED", e)
                      : engine_store_delete(g, name, e);
    engine_connector_destroy(gone);
    return rc;
}

enum err engine_connector_act(struct engine *g, const char *name, const char *action,
                              const char *who, json_t **result, struct errbuf *e)
{
    (void)who; /* the audit record is the caller's */
    if (!strcmp(action, "delete")) {
        enum err rc = delete_connector(g, name, e);
        if (!rc)
            *result = json_pack("{s:s}", "state", "DELETED");
        return rc;
    }
    size_t i = 0;
    while (i < sizeof actions / sizeof actions[0] && strcmp(actions[i].word, action) != 0)
        i++;
    if (i == sizeof actions / sizeof actions[0])
        return err_set(e, ERR_USAGE, "%s is no action of a connector", action);
    struct task_view v = {0};
    enum err rc = ERR_OK;
    (void)pthread_mutex_lock(&g->mutex);
    struct engine_connector *c = engine_find(g, name);
    if (!c)
        rc = unknown(name, e);
    if (!rc)
        rc = engine_store_set_state(g, name, actions[i].wanted, e);
    if (!rc) {
        actions[i].act(c->task);
        task_view_get(c->task, &v);
    }
    (void)pthread_mutex_unlock(&g->mutex);
    if (!rc)
        *result = json_pack("{s:s}", "state", task_state_word(v.state));
    return rc;
}

/* ---- apply ---- */

static json_t *faults_json(const struct faults *f)
{
    json_t *a = json_array();
    for (int i = 0; i < f->n; i++)
        (void)json_array_append_new(a, json_string(f->items[i]));
    return json_pack("{s:o}", "errors", a);
}

/* The new configuration takes the old one's place; the position in Kafka or the warehouse is found
 * by the name. */
static enum err replace(struct engine *g, struct connector *config, bool *created, struct errbuf *e)
{
    struct engine_connector *fresh = NULL;
    struct engine_connector *old = NULL;
    (void)pthread_mutex_lock(&g->mutex);
    int place = -1;
    for (int i = 0; i < g->n_connectors; i++)
        if (!strcmp(g->connectors[i]->name, config->name))
            place = i;
    *created = place < 0;
    if (place >= 0) {
        old = g->connectors[place];
        g->connectors[place] = g->connectors[--g->n_connectors];
    }
    (void)pthread_mutex_unlock(&g->mutex);
    engine_connector_destroy(old); /* waits for its run to end */
    (void)pthread_mutex_lock(&g->mutex);
    enum err rc = engine_add(g, config, &fresh, e);
    (void)pthread_mutex_unlock(&g->mutex);
    if (!rc)
        task_start(fresh->task);
    return rc;
}

enum err engine_connector_apply(struct engine *g, const char *name, const json_t *config,
                                const char *who, json_t **result, struct errbuf *e)
{
    struct connector *k = NULL;
    struct faults faults;
    struct buf text;
    bool created = false;
    char *json = json_dumps(config, JSON_COMPACT);
    (void)who;
    if (!json)
        return err_set(e, ERR_NOMEM, "no memory for the configuration");
    faults_init(&faults);
    buf_init(&text, 0);
    enum err rc = connector_parse(g->config, json, strlen(json), name, NULL, &k, &faults, e);
    if (rc) {
        *result = faults_json(&faults);
        goto out;
    }
    connector_write(k, &text);
    rc = buf_check(&text, "the configuration", e);
    if (!rc)
        rc = engine_store_put(g, name, buf_cstr(&text), "RUNNING", e);
    if (!rc)
        rc = replace(g, k, &created, e);
    if (rc)
        connector_free(k);
    else
        *result = json_pack("{s:b}", "created", created);
out:
    free(json);
    buf_free(&text);
    faults_free(&faults);
    return rc;
}

/* ---- show ---- */

enum err engine_connector_show(struct engine *g, const char *name, json_t **result,
                               struct errbuf *e)
{
    struct probe_view v = {0};
    struct buf text;
    enum err rc = ERR_OK;
    if (g->probes && probes_view(g->probes, &v, NULL) != ERR_OK)
        v = (struct probe_view){0};
    buf_init(&text, 0);
    (void)pthread_mutex_lock(&g->mutex);
    struct engine_connector *c = engine_find(g, name);
    if (c) {
        *result = engine_connector_json(g, c, &v);
        connector_show(c->config, &text);
        json_t *shown = json_loadb(text.p ? text.p : "", text.len, 0, NULL);
        (void)json_object_set(*result, "config", json_object_get(shown, "config"));
        json_decref(shown);
    } else {
        rc = unknown(name, e);
    }
    (void)pthread_mutex_unlock(&g->mutex);
    buf_free(&text);
    probe_view_free(&v);
    return rc;
}

static json_t *source_offsets(const struct engine_connector *c)
{
    char lsn[LSN_TEXT_MAX];
    return json_pack("[{s:{s:s}, s:{s:s, s:s}}]", "partition", "server",
                     c->config->source.topic_prefix, "offset", "confirmed_lsn",
                     lsn_format(c->figures.confirmed_lsn, lsn), "slot",
                     c->config->source.slot_name);
}

static json_t *sink_offsets(const struct engine_connector *c, const struct probe_view *v)
{
    json_t *a = json_array();
    for (int i = 0; i < v->n_topics; i++)
        for (int p = 0; p < v->topics[i].n_partitions; p++) {
            int64_t at;
            if (sink_position(c->sink, v->topics[i].name, p, &at))
                (void)json_array_append_new(a, json_pack("{s:{s:s, s:i}, s:{s:I}}", "partition",
                                                         "kafka_topic", v->topics[i].name,
                                                         "kafka_partition", p, "offset",
                                                         "kafka_offset", (json_int_t)at));
        }
    return a;
}

enum err engine_connector_offsets(struct engine *g, const char *name, json_t **result,
                                  struct errbuf *e)
{
    struct probe_view v = {0};
    enum err rc = ERR_OK;
    if (g->probes && probes_view(g->probes, &v, NULL) != ERR_OK)
        v = (struct probe_view){0};
    (void)pthread_mutex_lock(&g->mutex);
    const struct engine_connector *c = engine_find(g, name);
    if (c)
        *result =
            json_pack("{s:o}", "offsets", c->is_source ? source_offsets(c) : sink_offsets(c, &v));
    else
        rc = unknown(name, e);
    (void)pthread_mutex_unlock(&g->mutex);
    probe_view_free(&v);
    return rc;
}
