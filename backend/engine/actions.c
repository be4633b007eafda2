/*
 * What an operator may ask of connectors, and the record of it.
 *
 * A request that is carried out is written to the store first (the wanted state, an applied
 * configuration), so that it survives a restart, then done, then answered. pause, stop and restart
 * answer at once: the state that follows shows in the status. apply and delete wait for the end of
 * the run that they take away, without the engine's mutex: it stays in the list until then, marked
 * as leaving, and only they take anything out of the list, one at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/base/secret.h"
#include "backend/engine/engine_run.h"
#include "backend/postgres/replication.h"

enum { END_LOOK_US = 100000 };

static enum err unknown(const char *name, struct errbuf *e)
{
    return err_set(e, ERR_NOT_FOUND,
                   "no connector is named %s: `flightdeck connector list` shows them", name);
}

static const struct {
    const char *word;
    void (*act)(struct task *t);
    enum store_state wanted; /* what the store keeps */
} actions[] = {
    {"pause", task_pause, STORE_PAUSED},
    {"resume", task_start, STORE_RUNNING},
    {"stop", task_stop, STORE_STOPPED},
    {"restart", task_restart, STORE_RUNNING},
};

enum err engine_start_connector(struct engine *g, struct engine_connector *c, struct errbuf *e)
{
    enum store_state wanted;
    enum err rc = engine_store_state(g, c->name, &wanted, e);
    if (rc)
        return rc;
    if (wanted == STORE_PAUSED)
        task_pause(c->task);
    else if (wanted != STORE_STOPPED)
        task_start(c->task);
    return ERR_OK;
}

enum err engine_check_paused(struct engine *g, bool resume, const char *who, struct errbuf *e)
{
    struct buf names;
    enum err rc = ERR_OK;
    buf_init(&names, ERRBUF_TEXT_MAX);
    (void)pthread_mutex_lock(&g->mutex);
    for (int i = 0; i < g->n_connectors && !rc; i++) {
        const char *name = g->connectors[i]->name;
        enum store_state wanted;
        rc = engine_store_state(g, name, &wanted, e);
        if (rc || (wanted != STORE_PAUSED && wanted != STORE_STOPPED))
            continue;
        buf_printf(&names, "%s%s is %s", names.len ? ", " : "", name,
                   wanted == STORE_PAUSED ? "PAUSED" : "STOPPED");
        if (resume)
            rc = store_connector_set_state(g->store, name, STORE_RUNNING, e);
        if (resume && !rc)
            engine_note(g, "info", "audit", who, name, "resumed");
    }
    (void)pthread_mutex_unlock(&g->mutex);
    if (!rc && !resume && names.len)
        rc = err_set(e, ERR_STATE,
                     "%s, as was asked for last, so not everything would arrive: resume it at a "
                     "running engine (flightdeck connector resume NAME), or give --resume",
                     buf_cstr(&names));
    buf_free(&names);
    return rc;
}

/* ---- what takes a connector away ---- */

static enum err is_stopping(struct errbuf *e)
{
    return err_set(e, ERR_STATE, "the engine is stopping: ask again when it is back");
}

static enum err begin_change(struct engine *g, struct errbuf *e)
{
    (void)pthread_mutex_lock(&g->mutex);
    while (g->changing && !g->stopping)
        (void)pthread_cond_wait(&g->changed, &g->mutex);
    bool may = !g->stopping;
    g->changing = g->changing || may;
    (void)pthread_mutex_unlock(&g->mutex);
    return may ? ERR_OK : is_stopping(e);
}

static void end_change(struct engine *g)
{
    (void)pthread_mutex_lock(&g->mutex);
    g->changing = false;
    (void)pthread_cond_broadcast(&g->changed);
    (void)pthread_mutex_unlock(&g->mutex);
}

static bool is_abandoned(struct engine *g)
{
    (void)pthread_mutex_lock(&g->mutex);
    bool yes = g->abandoned;
    (void)pthread_mutex_unlock(&g->mutex);
    return yes;
}

/* The mutex is not held; c is leaving, and stays in the list meanwhile. */
static enum err end_run(struct engine *g, struct engine_connector *c, struct errbuf *e)
{
    task_stop(c->task);
    while (task_wait_ended(c->task, END_LOOK_US) != ERR_OK)
        if (is_abandoned(g))
            return err_set(e, ERR_TIMEOUT, "connector %s has not ended", c->name);
    return ERR_OK;
}

/* ---- delete ---- */

/* The slot stays, so that the connector may come back: PostgreSQL keeps its log for it meanwhile.
 */
static void warn_of_slot(const struct engine_connector *c)
{
    if (c->is_source)
        log_warning("connector",
                    "%s is deleted, its slot %s stays and keeps PostgreSQL's log from being "
                    "removed: if it is not to come back, drop the slot",
                    c->name, c->config->source.slot_name);
}

/*
 * A name that a file of the configuration gives would be back at the next start: the store
 * remembers that it is deleted. One that is not in the list may be stored all the same: it had
 * faults at the start.
 */
static enum err forget(struct engine *g, const char *name, struct engine_connector **gone,
                       struct errbuf *e)
{
    struct store_connectors stored = {0};
    enum err rc = ERR_OK;
    (void)pthread_mutex_lock(&g->mutex);
    *gone = engine_find(g, name);
    if (!*gone) {
        rc = store_connector_get(g->store, name, &stored, e);
        if (rc == ERR_NOT_FOUND || (!rc && !stored.items[0].config))
            rc = unknown(name, e);
    }
    if (!rc)
        rc = engine_from_file(g, name) ? store_connector_hide(g->store, name, e)
                                       : store_connector_delete(g->store, name, e);
    if (!rc && *gone)
        (*gone)->leaving = IS_DELETED;
    (void)pthread_mutex_unlock(&g->mutex);
    store_connectors_free(&stored);
    return rc;
}

static enum err delete_connector(struct engine *g, const char *name, struct errbuf *e)
{
    struct engine_connector *gone;
    enum err rc = begin_change(g, e);
    if (rc)
        return rc;
    rc = forget(g, name, &gone, e);
    if (!rc && gone) {
        rc = end_run(g, gone, e);
        if (!rc) {
            (void)pthread_mutex_lock(&g->mutex);
            engine_take(g, gone);
            rc = engine_aim_probes(g, e);
            (void)pthread_mutex_unlock(&g->mutex);
            warn_of_slot(gone);
            engine_connector_destroy(gone);
        }
    }
    end_change(g);
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
    if (!c || c->leaving == IS_DELETED)
        rc = unknown(name, e);
    else if (g->stopping)
        rc = is_stopping(e);
    if (!rc)
        rc = store_connector_set_state(g->store, name, actions[i].wanted, e);
    if (!rc) {
        if (c->leaving == STAYS) /* the one that takes its place begins as the store says */
            actions[i].act(c->task);
        task_view_get(c->task, &v);
    }
    (void)pthread_mutex_unlock(&g->mutex);
    if (!rc)
        *result = json_pack("{s:s}", "state", task_state_word(v.state));
    return rc;
}

enum err engine_connector_restart_failed(struct engine *g, const char *who, json_t **result,
                                         struct errbuf *e)
{
    json_t *names = json_array();
    enum err rc = ERR_OK;
    (void)pthread_mutex_lock(&g->mutex);
    for (int i = 0; i < g->n_connectors && !rc; i++) {
        struct engine_connector *c = g->connectors[i];
        struct task_view v;
        task_view_get(c->task, &v);
        if (v.state != TASK_FAILED || c->leaving != STAYS)
            continue;
        if (g->stopping)
            rc = is_stopping(e);
        if (!rc)
            rc = store_connector_set_state(g->store, c->name, STORE_RUNNING, e);
        if (rc)
            break;
        task_restart(c->task);
        (void)json_array_append_new(names, json_string(c->name));
        engine_note(g, "info", "audit", who, c->name, "connector.restart, as all that had FAILED");
    }
    (void)pthread_mutex_unlock(&g->mutex);
    *result = json_pack("{s:o}", "restarted", names);
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

/* What is wrong with the request itself, beside the configuration's own faults. */
static enum err check_fit(struct engine *g, const char *name, const struct connector *k,
                          struct faults *faults, struct errbuf *e)
{
    if (strcmp(k->name, name) != 0)
        faults_add(faults, NULL, 0, "name: is `%s` in the configuration, `%s` in the request",
                   k->name, name);
    (void)pthread_mutex_lock(&g->mutex);
    if (engine_check_conflict(g, k, e) != ERR_OK)
        faults_add(faults, NULL, 0, "%s", e->text);
    (void)pthread_mutex_unlock(&g->mutex);
    return faults_check(faults, e);
}

/* The mutex is held. The old one, whose run has ended, stays where the new one cannot be made. */
static enum err exchange(struct engine *g, struct engine_connector *old, struct connector *config,
                         struct engine_connector **fresh, struct errbuf *e)
{
    if (g->stopping)
        return err_set(e, ERR_STATE,
                       "the engine is stopping: %s is stored, and runs when it is "
                       "back",
                       config->name);
    enum err rc = engine_add(g, config, fresh, e);
    if (rc && old) {
        old->leaving = STAYS;
        struct errbuf ignored;
        if (engine_start_connector(g, old, &ignored) != ERR_OK)
            log_error("connector", "%s: %s", old->name, ignored.text);
    }
    if (rc)
        return rc;
    if (old)
        engine_take(g, old);
    rc = engine_start_connector(g, *fresh, e);
    return rc ? rc : engine_aim_probes(g, e);
}

/* The new configuration takes the old one's place, and its state: a paused one stays paused. The
 * position in Kafka or the warehouse is found by the name. */
static enum err replace(struct engine *g, struct connector *config, bool *created, struct errbuf *e)
{
    struct engine_connector *fresh = NULL;
    (void)pthread_mutex_lock(&g->mutex);
    struct engine_connector *old = engine_find(g, config->name);
    if (old)
        old->leaving = IS_REPLACED;
    (void)pthread_mutex_unlock(&g->mutex);
    *created = old == NULL;
    enum err rc = old ? end_run(g, old, e) : ERR_OK;
    if (rc)
        return rc;
    (void)pthread_mutex_lock(&g->mutex);
    rc = exchange(g, old, config, &fresh, e);
    (void)pthread_mutex_unlock(&g->mutex);
    if (fresh)
        engine_connector_destroy(old);
    if (fresh && rc)
        log_error("connector", "%s: %s", fresh->name, e->text);
    return fresh ? ERR_OK : rc;
}

static enum err keep(struct engine *g, const struct connector *k, struct errbuf *e)
{
    struct buf text;
    enum store_state wanted;
    buf_init(&text, 0);
    connector_write(k, &text);
    enum err rc = buf_check(&text, "the configuration", e);
    if (!rc)
        rc = engine_store_state(g, k->name, &wanted, e);
    if (!rc)
        rc = store_connector_put(g->store, k->name, buf_cstr(&text),
                                 wanted == STORE_DELETED ? STORE_RUNNING : wanted, e);
    buf_free(&text);
    return rc;
}

/* What is applied is stored, and the store is no place for secrets. */
static enum err check_secrets(const struct connector *k, struct faults *faults, struct errbuf *e)
{
    for (const char *const *s = k->settings; s && s[0]; s += 2)
        if (secret_name(s[0]) && s[1][0] && !strstr(s[1], "${"))
            faults_add(faults, NULL, 0,
                       "%s: a secret in plain text would be stored: name it as ${NAME} (of "
                       "`variables` or the engine's environment) or ${file:PATH}",
                       s[0]);
    return faults_check(faults, e);
}

/*
 * Who edits what connector_show gave sends masks back: such a value is the one that is there. The
 * mutex is not held. *json is malloc'ed.
 */
static enum err unmask(struct engine *g, const char *name, const json_t *config, char **json,
                       struct errbuf *e)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)config);
    struct buf text;
    buf_init(&text, 0);
    (void)pthread_mutex_lock(&g->mutex);
    const struct engine_connector *c = engine_find(g, name);
    if (c)
        connector_show(c->config, &text);
    json_t *all = c ? json_loadb(text.p ? text.p : "", text.len, 0, NULL) : NULL;
    const json_t *shown = json_object_get(all, "config");
    for (const char *const *s = c ? c->config->settings : NULL; s && s[0]; s += 2) {
        const json_t *now = json_object_get(copy, s[0]);
        const json_t *mask = json_object_get(shown, s[0]);
        if (json_is_string(now) && json_equal(now, mask) &&
            strcmp(json_string_value(now), s[1]) != 0)
            (void)json_object_set_new(copy, s[0], json_string(s[1]));
    }
    (void)pthread_mutex_unlock(&g->mutex);
    *json = json_dumps(copy, JSON_COMPACT);
    json_decref(all);
    json_decref(copy);
    buf_free(&text);
    return *json ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the configuration");
}

/* A mask that stands for nothing that is there. */
static enum err check_masks(const struct connector *k, struct faults *faults, struct errbuf *e)
{
    for (const char *const *s = k->settings; s && s[0]; s += 2)
        if (secret_name(s[0]) && strcmp(s[1], SECRET_MASK) == 0)
            faults_add(
                faults, NULL, 0,
                "%s: %s is what is shown instead of a secret, and there is none yet: name it "
                "as ${NAME} or ${file:PATH}",
                s[0], SECRET_MASK);
    return faults_check(faults, e);
}

enum err engine_connector_apply(struct engine *g, const char *name, const json_t *config,
                                const char *who, json_t **result, struct errbuf *e)
{
    struct connector *k = NULL;
    struct faults faults;
    bool created = false;
    char *json = NULL;
    (void)who;
    enum err rc = begin_change(g, e);
    if (rc)
        return rc;
    faults_init(&faults);
    rc = unmask(g, name, config, &json, e);
    if (rc)
        goto out;
    rc = connector_parse(g->config, json, strlen(json), name, NULL, &k, &faults, e);
    if (!rc)
        rc = check_masks(k, &faults, e);
    if (!rc)
        rc = check_secrets(k, &faults, e);
    if (!rc)
        rc = check_fit(g, name, k, &faults, e);
    if (rc) {
        *result = faults_json(&faults);
        goto out;
    }
    rc = keep(g, k, e);
    if (!rc)
        rc = replace(g, k, &created, e);
    if (rc)
        goto out;
    k = NULL; /* the engine's now */
    *result = json_pack("{s:b}", "created", created);
out:
    end_change(g);
    connector_free(k);
    free(json);
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
        *result = engine_connector_json(c, &v);
        connector_show(c->config, &text);
        json_t *shown = json_loadb(text.p ? text.p : "", text.len, 0, NULL);
        (void)json_object_set(*result, "config", json_object_get(shown, "config"));
        if (!c->is_source)
            (void)json_object_set_new(*result, "dead_letter_topic",
                                      json_string(c->dead_letter_topic));
        else
            (void)json_object_set_new(*result, "slot", json_string(c->config->source.slot_name));
        json_decref(shown);
    } else {
        rc = unknown(name, e);
    }
    (void)pthread_mutex_unlock(&g->mutex);
    buf_free(&text);
    probe_view_free(&v);
    return rc;
}

/* What this process has confirmed, else what the slot says (a paused one after a restart). */
static json_t *source_offsets(const struct engine_connector *c, const struct probe_view *v)
{
    char text[LSN_TEXT_MAX];
    const struct source_config *s = &c->config->source;
    uint64_t lsn = c->figures.confirmed_lsn;
    for (int i = 0; i < v->n_slots && !lsn; i++)
        if (v->slots[i].exists && !strcmp(v->slot_names[i], s->slot_name))
            lsn = v->slots[i].confirmed_lsn;
    return json_pack("[{s:{s:s}, s:{s:o, s:s}}]", "partition", "server", s->topic_prefix, "offset",
                     "confirmed_lsn", lsn ? json_string(lsn_format(lsn, text)) : json_null(),
                     "slot", s->slot_name);
}

static void add_offset(void *arg, const char *topic, int partition, int64_t at)
{
    json_t *offsets = arg;
    (void)json_array_append_new(offsets, json_pack("{s:{s:s, s:i}, s:{s:o}}", "partition",
                                                   "kafka_topic", topic, "kafka_partition",
                                                   partition, "offset", "kafka_offset",
                                                   at >= 0 ? json_integer(at) : json_null()));
}

/* One that does not run tells nothing: then what is stored. */
static json_t *sink_offsets(const struct engine_connector *c, const struct probe_view *v)
{
    json_t *a = json_array();
    sink_positions(c->sink, add_offset, a);
    bool told = json_array_size(a) > 0;
    for (int i = 0; i < v->n_stored && !told; i++)
        if (v->stored[i].at.partition >= 0 && !strcmp(v->stored[i].connector, c->name))
            add_offset(a, v->stored[i].at.topic, v->stored[i].at.partition,
                       v->stored[i].at.next_offset);
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
        *result = json_pack("{s:o}", "offsets",
                            c->is_source ? source_offsets(c, &v) : sink_offsets(c, &v));
    else
        rc = unknown(name, e);
    (void)pthread_mutex_unlock(&g->mutex);
    probe_view_free(&v);
    return rc;
}
