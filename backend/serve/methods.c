#include "backend/serve/methods.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/base/rate.h"
#include "backend/base/secret.h"
#include "backend/engine/engine_dags.h"
#include "backend/engine/engine_look.h"
#include "backend/serve/control.h"

enum { EVENTS_DEFAULT = 200, EVENTS_MAX = 2000 };
/* So that no script fills the events alone. */
enum { NOTE_TEXT_MAX = 600, NOTES_AT_ONCE = 100, NOTES_A_SECOND = 2 };

struct service {
    struct engine *engine;
    const struct config *config;
    void (*on_stop)(void *arg);
    void *arg;
    struct control_server *server;
    struct rate notes; /* audit notes that may come; methods that do not wait have one thread */
    struct refusals refusals;
};

static void who_is(const struct control_peer *peer, char *out, size_t n)
{
    (void)snprintf(out, n, "%s (pid %d)", peer->user, (int)peer->pid);
}

static enum err hello(void *arg, const struct control_peer *peer, const json_t *params,
                      json_t **result, struct errbuf *e)
{
    const struct service *s = arg;
    (void)peer;
    enum err rc = control_check_protocol(params, e);
    if (rc)
        return rc;
    *result = json_pack("{s:i, s:s, s:i, s:{s:s, s:s, s:b}}", "protocol", CONTROL_PROTOCOL,
                        "version", FLIGHTDECK_VERSION, "pid", (int)getpid(), "environment", "name",
                        s->config->environment.name, "kind", config_environment_word(s->config),
                        "looks_only", (int)config_looks_only(s->config));
    return *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the answer");
}

static enum err stop(void *arg, const struct control_peer *peer, const json_t *params,
                     json_t **result, struct errbuf *e)
{
    const struct service *s = arg;
    (void)params;
    (void)result;
    (void)e;
    char who[CONTROL_USER_MAX + 32];
    who_is(peer, who, sizeof who);
    log_info("engine", "asked to stop by %s", who);
    s->on_stop(s->arg);
    return ERR_OK;
}

/*
 * Where people only look (role viewer, production) this connection may change things for so many
 * seconds; it leaves a record. 0: it only looks again.
 */
static enum err elevate(void *arg, const struct control_peer *peer, const json_t *params,
                        json_t **result, struct errbuf *e)
{
    enum { SECONDS_MAX = 3600 };
    const json_t *seconds = json_object_get(params, "seconds");
    (void)arg;
    (void)peer;
    if (!json_is_integer(seconds) || json_integer_value(seconds) < 0 ||
        json_integer_value(seconds) > SECONDS_MAX)
        return err_set(e, ERR_USAGE, "seconds: a whole number from 0 to %d is needed", SECONDS_MAX);
    *result = json_pack("{s:I}", "seconds", json_integer_value(seconds));
    return *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the answer");
}

/* Who has not elevated only looks, in such a configuration. */
static enum err allow(void *arg, const struct control_peer *peer, struct errbuf *e)
{
    const struct service *s = arg;
    if (!config_looks_only(s->config) || peer->elevated_until_us > clock_mono_us())
        return ERR_OK;
    return err_set(e, ERR_DENIED,
                   "the engine of %s only lets people look (%s): E in the console allows changes "
                   "for ten minutes, --elevate %s a command's",
                   s->config->environment.name,
                   s->config->role == ROLE_VIEWER ? "role: viewer" : "production",
                   s->config->environment.name);
}

static enum err status(void *arg, const struct control_peer *peer, const json_t *params,
                       json_t **result, struct errbuf *e)
{
    const struct service *s = arg;
    (void)peer;
    (void)params;
    *result = engine_status(s->engine);
    return *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the status");
}

/* One member of the status: connectors, topics. */
static enum err part_of_status(const struct service *s, const char *name, json_t **result,
                               struct errbuf *e)
{
    json_t *all = engine_status(s->engine);
    json_t *part = json_object_get(all, name);
    *result = part ? json_pack("{s:O}", name, part) : NULL;
    json_decref(all);
    return *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the status");
}

static enum err connector_list(void *arg, const struct control_peer *peer, const json_t *params,
                               json_t **result, struct errbuf *e)
{
    (void)peer;
    (void)params;
    return part_of_status(arg, "connectors", result, e);
}

static enum err topic_list(void *arg, const struct control_peer *peer, const json_t *params,
                           json_t **result, struct errbuf *e)
{
    (void)peer;
    (void)params;
    return part_of_status(arg, "topics", result, e);
}

static enum err connector_show(void *arg, const struct control_peer *peer, const json_t *params,
                               json_t **result, struct errbuf *e)
{
    const struct service *s = arg;
    const char *name;
    (void)peer;
    enum err rc = control_param_string(params, "name", &name, e);
    return rc ? rc : engine_connector_show(s->engine, name, result, e);
}

static enum err connector_offsets(void *arg, const struct control_peer *peer, const json_t *params,
                                  json_t **result, struct errbuf *e)
{
    const struct service *s = arg;
    const char *name;
    (void)peer;
    enum err rc = control_param_string(params, "name", &name, e);
    return rc ? rc : engine_connector_offsets(s->engine, name, result, e);
}

static enum err connector_apply(void *arg, const struct control_peer *peer, const json_t *params,
                                json_t **result, struct errbuf *e)
{
    const struct service *s = arg;
    const char *name;
    char who[CONTROL_USER_MAX + 32];
    who_is(peer, who, sizeof who);
    enum err rc = control_param_string(params, "name", &name, e);
    const json_t *config = json_object_get(params, "config");
    if (!rc && !json_is_object(config))
        rc = err_set(e, ERR_USAGE, "connector.apply needs `config`, an object");
    return rc ? rc : engine_connector_apply(s->engine, name, config, who, result, e);
}

static enum err act(const struct service *s, const struct control_peer *peer, const json_t *params,
                    const char *action, json_t **result, struct errbuf *e)
{
    const char *name;
    char who[CONTROL_USER_MAX + 32];
    who_is(peer, who, sizeof who);
    enum err rc = control_param_string(params, "name", &name, e);
    return rc ? rc : engine_connector_act(s->engine, name, action, who, result, e);
}

#define ACTION(word)                                                                               \
    static enum err connector_##word(void *arg, const struct control_peer *peer,                   \
                                     const json_t *params, json_t **result, struct errbuf *e)      \
    {                                                                                              \
        return act(arg, peer, params, #word, result, e);                                           \
    }
ACTION(pause)
ACTION(resume)
ACTION(stop)
ACTION(restart)
ACTION(delete)
#undef ACTION

static enum err connector_restart_failed(void *arg, const struct control_peer *peer,
                                         const json_t *params, json_t **result, struct errbuf *e)
{
    const struct service *s = arg;
    char who[CONTROL_USER_MAX + 32];
    (void)params;
    who_is(peer, who, sizeof who);
    return engine_connector_restart_failed(s->engine, who, result, e);
}

static enum err events_list(void *arg, const struct control_peer *peer, const json_t *params,
                            json_t **result, struct errbuf *e)
{
    const struct service *s = arg;
    (void)peer;
    int64_t after = json_integer_value(json_object_get(params, "after"));
    int64_t before = json_integer_value(json_object_get(params, "before"));
    const json_t *limit = json_object_get(params, "limit");
    int64_t n = json_is_integer(limit) ? json_integer_value(limit) : EVENTS_DEFAULT;
    if (n < 1 || n > EVENTS_MAX)
        return err_set(e, ERR_USAGE, "`limit` is 1 to %d", EVENTS_MAX);
    return engine_events(s->engine, after, before, (int)n, result, e);
}

/* What a statement of a person's has changed, which no other method knows of. */
static enum err audit_note(void *arg, const struct control_peer *peer, const json_t *params,
                           json_t **result, struct errbuf *e)
{
    struct service *s = arg;
    const char *object = NULL, *text = NULL;
    char who[CONTROL_USER_MAX + 32];
    char words[2 * NOTE_TEXT_MAX + 16]; /* a mask may be longer than what it hides */
    struct buf masked;
    (void)result;
    enum err rc = control_param_string(params, "object", &object, e);
    if (!rc)
        rc = control_param_string(params, "text", &text, e);
    if (!rc && strcmp(object, "warehouse") != 0 && strcmp(object, "source") != 0)
        rc = err_set(e, ERR_USAGE, "`object` is warehouse or source");
    if (!rc && strlen(text) > NOTE_TEXT_MAX)
        rc = err_set(e, ERR_USAGE, "`text` is at most %d bytes", NOTE_TEXT_MAX);
    if (!rc && !rate_take(&s->notes, NOTES_AT_ONCE, NOTES_A_SECOND, clock_mono_us()))
        rc = err_set(e, ERR_LIMIT, "too many notes: %d at once, then %d a second", NOTES_AT_ONCE,
                     NOTES_A_SECOND);
    if (rc)
        return rc;
    who_is(peer, who, sizeof who);
    buf_init(&masked, 0);
    secret_mask(&masked, text);
    (void)snprintf(words, sizeof words, "sql: %s", buf_cstr(&masked));
    buf_free(&masked);
    engine_note(s->engine, "info", "audit", who, object, words);
    return ERR_OK;
}

#define RECORDER(word)                                                                             \
    static enum err recorder_##word(void *arg, const struct control_peer *peer,                    \
                                    const json_t *params, json_t **result, struct errbuf *e)       \
    {                                                                                              \
        const struct service *s = arg;                                                             \
        (void)peer;                                                                                \
        return engine_recorder_##word(s->engine, params, result, e);                               \
    }
RECORDER(at)
RECORDER(series)
RECORDER(range)
RECORDER(answer)
RECORDER(objects)
#undef RECORDER

static enum err alert_list(void *arg, const struct control_peer *peer, const json_t *params,
                           json_t **result, struct errbuf *e)
{
    const struct service *s = arg;
    (void)peer;
    (void)params;
    return engine_alerts(s->engine, result, e);
}

static enum err alert_ack(void *arg, const struct control_peer *peer, const json_t *params,
                          json_t **result, struct errbuf *e)
{
    const struct service *s = arg;
    const char *name;
    char who[CONTROL_USER_MAX + 32];
    who_is(peer, who, sizeof who);
    enum err rc = control_param_string(params, "name", &name, e);
    return rc ? rc : engine_alert_acknowledge(s->engine, name, who, result, e);
}

/* The engine does and says it: only who asks is known here. */
#define PASS(word)                                                                                 \
    static enum err word(void *arg, const struct control_peer *peer, const json_t *params,         \
                         json_t **result, struct errbuf *e)                                        \
    {                                                                                              \
        const struct service *s = arg;                                                             \
        char who[CONTROL_USER_MAX + 32];                                                           \
        who_is(peer, who, sizeof who);                                                             \
        return engine_##word(s->engine, params, who, result, e);                                   \
    }
PASS(dag_list)
PASS(dag_show)
PASS(dag_runs)
PASS(dag_run)
PASS(dag_logs)
PASS(dag_intervals)
PASS(dag_trigger)
PASS(dag_backfill)
PASS(dag_clear)
PASS(dag_cancel)
PASS(dag_pause)
PASS(dag_unpause)
PASS(dashboard_list)
PASS(dashboard_data)
PASS(refresh_run)
PASS(topic_messages)
PASS(topic_figures)
PASS(topic_produce)
PASS(warehouse_show)
PASS(warehouse_table)
PASS(warehouse_cancel)
PASS(source_show)
#undef PASS

static const struct control_method methods[] = {
    {"engine.hello", hello, CONTROL_READS},
    {"engine.stop", stop, CONTROL_MUTATES},
    {"engine.elevate", elevate, CONTROL_MUTATES | CONTROL_ELEVATES},
    {"status", status, CONTROL_READS},
    {"connector.list", connector_list, CONTROL_READS},
    {"connector.show", connector_show, CONTROL_READS},
    {"connector.apply", connector_apply, CONTROL_MUTATES | CONTROL_WAITS},
    {"connector.pause", connector_pause, CONTROL_MUTATES},
    {"connector.resume", connector_resume, CONTROL_MUTATES},
    {"connector.stop", connector_stop, CONTROL_MUTATES},
    {"connector.restart", connector_restart, CONTROL_MUTATES},
    {"connector.restart_failed", connector_restart_failed, CONTROL_MUTATES},
    {"connector.delete", connector_delete, CONTROL_MUTATES | CONTROL_WAITS},
    {"connector.offsets", connector_offsets, CONTROL_READS},
    {"dag.list", dag_list, CONTROL_READS},
    {"dag.show", dag_show, CONTROL_READS},
    {"dag.runs", dag_runs, CONTROL_READS},
    {"dag.run", dag_run, CONTROL_READS},
    {"dag.logs", dag_logs, CONTROL_READS},
    {"dag.intervals", dag_intervals, CONTROL_READS},
    {"dag.trigger", dag_trigger, CONTROL_MUTATES},
    {"dag.backfill", dag_backfill, CONTROL_MUTATES},
    {"dag.clear", dag_clear, CONTROL_MUTATES},
    {"dag.cancel", dag_cancel, CONTROL_MUTATES},
    {"dag.pause", dag_pause, CONTROL_MUTATES},
    {"dag.unpause", dag_unpause, CONTROL_MUTATES},
    {"dashboard.list", dashboard_list, CONTROL_READS},
    {"dashboard.data", dashboard_data, CONTROL_READS | CONTROL_ASKS},
    {"warehouse.show", warehouse_show, CONTROL_READS | CONTROL_ASKS},
    {"warehouse.table", warehouse_table, CONTROL_READS | CONTROL_ASKS},
    {"warehouse.cancel", warehouse_cancel, CONTROL_MUTATES | CONTROL_ASKS},
    {"source.show", source_show, CONTROL_READS | CONTROL_ASKS},
    {"audit.note", audit_note, CONTROL_READS}, /* it is a record itself */
    {"events.list", events_list, CONTROL_READS},
    {"refresh.run", refresh_run, CONTROL_MUTATES},
    {"topic.list", topic_list, CONTROL_READS},
    {"alert.list", alert_list, CONTROL_READS},
    {"alert.ack", alert_ack, CONTROL_MUTATES},
    {"recorder.at", recorder_at, CONTROL_READS},
    {"recorder.series", recorder_series, CONTROL_READS | CONTROL_ASKS},
    {"recorder.range", recorder_range, CONTROL_READS | CONTROL_ASKS},
    {"recorder.answer", recorder_answer, CONTROL_READS},
    {"recorder.objects", recorder_objects, CONTROL_READS | CONTROL_ASKS},
    {"topic.messages", topic_messages, CONTROL_READS | CONTROL_ASKS},
    {"topic.figures", topic_figures, CONTROL_READS | CONTROL_ASKS},
    {"topic.produce", topic_produce, CONTROL_MUTATES | CONTROL_ASKS},
};

/* Every request that changes something leaves a record of who asked, whatever came of it; of very
 * many that fail, not each (backend/serve/refusals). */
static void audit(void *arg, const struct control_peer *peer, const char *method,
                  const json_t *params, enum err outcome, const char *text)
{
    const struct service *s = arg;
    char who[CONTROL_USER_MAX + 32];
    char words[ERRBUF_TEXT_MAX + 208];
    who_is(peer, who, sizeof who);
    const char *object = json_string_value(json_object_get(params, "name"));
    if (!object)
        object = json_string_value(json_object_get(params, "id"));
    const json_t *run = json_object_get(params, "run");
    char number[32];
    if (!object && json_is_integer(run)) {
        (void)snprintf(number, sizeof number, "run %lld", (long long)json_integer_value(run));
        object = number;
    }
    const json_t *seconds = json_object_get(params, "seconds"); /* of an elevation */
    char span[48] = "";
    if (json_is_integer(seconds))
        (void)snprintf(span, sizeof span, " for %lld s", (long long)json_integer_value(seconds));
    (void)snprintf(words, sizeof words, "%s%s: %s%s%s", method, span, err_word(outcome),
                   text[0] ? ": " : "", text);
    engine_note(s->engine, outcome ? "warning" : "info", "audit", who, object ? object : "", words);
}

enum err service_start(struct engine *g, const struct config *c, void (*on_stop)(void *arg),
                       void *arg, struct service **out, struct errbuf *e)
{
    struct service *s = calloc(1, sizeof *s);
    if (!s)
        return err_set(e, ERR_NOMEM, "no memory for the control socket");
    *s = (struct service){.engine = g, .config = c, .on_stop = on_stop, .arg = arg};
    refusals_init(&s->refusals);
    struct control_options o = {.path = c->control.socket,
                                .methods = methods,
                                .method_count = sizeof methods / sizeof methods[0],
                                .allow = allow,
                                .audit = audit,
                                .refusals = &s->refusals,
                                .arg = s};
    enum err rc = control_server_start(&o, &s->server, e);
    if (rc) {
        refusals_destroy(&s->refusals);
        free(s);
    } else {
        *out = s;
    }
    return rc;
}

void service_stop(struct service *s)
{
    if (!s)
        return;
    engine_look_end(s->engine); /* the server waits for those who ask */
    control_server_stop(s->server);
    int64_t left_out = refusals_left_out(&s->refusals);
    if (left_out)
        log_warning("control", "%lld requests that failed are in no audit record",
                    (long long)left_out);
    refusals_destroy(&s->refusals);
    free(s);
}
