#include "backend/engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/engine/connection.h"
#include "backend/engine/connector_overlay.h"
#include "backend/engine/engine_answers.h"
#include "backend/engine/engine_look.h"
#include "backend/engine/engine_run.h"
#include "backend/engine/engine_watch.h"
#include "backend/engine/kept_answers.h"
#include "backend/engine/recorder.h"
#include "backend/engine/schedule_run.h"

enum {
    STATE_MODE = 0700,
    LOCK_MODE = 0600,
    PROBE_OFTEN_US = 1000000,
    PROBE_SELDOM_US = 30000000,
    PROBE_LOOKED_US = 5000000,
};

/* ---- the lock: one engine a state directory ---- */

static enum err make_directories(const char *path, struct errbuf *e)
{
    char *copy = strdup(path);
    if (!copy)
        return err_set(e, ERR_NOMEM, "no memory for a path");
    enum err rc = ERR_OK;
    for (char *p = copy + 1; !rc; p++) {
        if (*p && *p != '/')
            continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(copy, STATE_MODE) != 0 && errno != EEXIST)
            rc = err_errno(e, ERR_IO, "cannot make the state directory %s", copy);
        *p = kept;
        if (!kept)
            break;
    }
    free(copy);
    return rc;
}

static enum err take_lock(struct engine *g, struct errbuf *e)
{
    char path[4096];
    char pid[32] = "";
    (void)snprintf(path, sizeof path, "%s/engine.lock", g->config->state_dir);
    g->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, LOCK_MODE);
    if (g->lock_fd < 0)
        return err_errno(e, ERR_IO, "cannot open %s", path);
    if (flock(g->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t n = pread(g->lock_fd, pid, sizeof pid - 1, 0);
        pid[n > 0 ? n : 0] = '\0';
        return err_set(e, ERR_STATE,
                       "an engine already runs on %s (pid %s): use it (flightdeck status, "
                       "flightdeck console), or "
                       "stop it first",
                       g->config->state_dir, pid[0] ? pid : "unknown");
    }
    int n = snprintf(pid, sizeof pid, "%d", (int)getpid());
    if (ftruncate(g->lock_fd, 0) != 0 || pwrite(g->lock_fd, pid, (size_t)n, 0) != n)
        return err_errno(e, ERR_IO, "cannot write %s", path);
    return ERR_OK;
}

/* The lock itself is tried only where the pid that stands there lives: an engine that starts just
 * now must not find it taken by us. */
pid_t engine_lock_holder(const char *state_dir)
{
    char path[4096];
    char text[32] = "";
    (void)snprintf(path, sizeof path, "%s/engine.lock", state_dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    pid_t pid = (pid_t)strtol(text, NULL, 10);
    bool held = pid > 0 && (kill(pid, 0) == 0 || errno == EPERM) &&
                flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    (void)close(fd);
    return held ? pid : 0;
}

/* ---- connectors ---- */

struct engine_connector *engine_find(struct engine *g, const char *name)
{
    for (int i = 0; i < g->n_connectors; i++)
        if (!strcmp(g->connectors[i]->name, name))
            return g->connectors[i];
    return NULL;
}

static void on_change(void *arg, const struct engine_connector *c, enum task_state from,
                      enum task_state to, const char *why)
{
    struct engine *g = arg;
    char text[ERRBUF_TEXT_MAX + 64];
    bool bad = to == TASK_RETRYING || to == TASK_FAILED;
    (void)snprintf(text, sizeof text, "%s -> %s: %s", task_state_word(from), task_state_word(to),
                   why);
    if (to == TASK_FAILED)
        log_error("connector", "%s: %s", c->name, text);
    else if (bad)
        log_warning("connector", "%s: %s", c->name, text);
    else
        log_info("connector", "%s: %s", c->name, text);
    engine_note(g,
                to == TASK_FAILED ? "error"
                : bad             ? "warning"
                                  : "info",
                "connector", "engine", c->name, text);
}

enum err engine_add(struct engine *g, struct connector *config, struct engine_connector **out,
                    struct errbuf *e)
{
    struct engine_connector **grown =
        realloc(g->connectors, (size_t)(g->n_connectors + 1) * sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_NOMEM, "no memory for connector %s", config->name);
    g->connectors = grown;
    struct engine_connector *c;
    enum err rc = engine_connector_create(g->config, config, &g->n_sinks, on_change, g, &c, e);
    if (rc)
        return rc;
    c->on_rows = engine_schedule_rows;
    int i = g->n_connectors++;
    for (; i > 0 && connector_stands_before(config, g->connectors[i - 1]->config); i--)
        g->connectors[i] = g->connectors[i - 1];
    g->connectors[i] = c;
    if (!c->is_source)
        (void)atomic_fetch_add(&g->n_sinks, 1);
    *out = c;
    return ERR_OK;
}

void engine_take(struct engine *g, const struct engine_connector *c)
{
    int i = 0;
    while (g->connectors[i] != c)
        i++;
    g->n_connectors--;
    if (!c->is_source)
        (void)atomic_fetch_sub(&g->n_sinks, 1);
    for (; i < g->n_connectors; i++)
        g->connectors[i] = g->connectors[i + 1];
}

enum err engine_check_conflict(const struct engine *g, const struct connector *k, struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (int i = 0; i < g->n_connectors && !rc; i++)
        if (strcmp(g->connectors[i]->name, k->name) != 0)
            rc = connector_check_pair(g->connectors[i]->config, k, e);
    return rc;
}

/* Of the configuration's own; a stored one that conflicts is left out. */
static enum err check_unique(const struct connector_list *l, struct errbuf *e)
{
    enum err rc = ERR_OK;
    for (int i = 0; i < l->n && !rc; i++)
        for (int k = i + 1; k < l->n && !rc; k++)
            rc = connector_check_pair(l->items[i], l->items[k], e);
    return rc;
}

static void tell_warnings(struct engine *g, const struct connector_list *l)
{
    for (int i = 0; i < l->n_warnings; i++) {
        log_warning("connector", "%s", l->warnings[i]);
        engine_note(g, "warning", "connector", "engine", "", l->warnings[i]);
    }
}

static enum err load_connectors(struct engine *g, struct errbuf *e)
{
    struct connector_list list = {0};
    struct faults faults;
    faults_init(&faults);
    enum err rc = connector_load_all(g->config, &list, &faults, e);
    if (!rc)
        rc = check_unique(&list, e);
    if (!rc)
        tell_warnings(g, &list);
    if (!rc)
        rc = engine_lay_over(g, &list, e);
    for (int i = 0; i < list.n && !rc; i++) {
        struct engine_connector *c;
        rc = engine_add(g, list.items[i], &c, e);
        if (!rc)
            list.items[i] = NULL; /* the engine's now */
    }
    connector_list_free(&list);
    faults_free(&faults);
    return rc;
}

/* ---- life ---- */

static const struct engine_connector *first_of(const struct engine *g, bool source)
{
    for (int i = 0; i < g->n_connectors; i++)
        if (g->connectors[i]->is_source == source)
            return g->connectors[i];
    return NULL;
}

enum err engine_aim_probes(struct engine *g, struct errbuf *e)
{
    int n = 0;
    const struct engine_connector *source = first_of(g, true);
    const struct engine_connector *sink = first_of(g, false);
    const char **slots = calloc((size_t)g->n_connectors + 1, sizeof *slots);
    if (!slots)
        return err_set(e, ERR_NOMEM, "no memory for the slots");
    for (int i = 0; i < g->n_connectors; i++)
        if (g->connectors[i]->is_source)
            slots[n++] = g->connectors[i]->config->source.slot_name;
    enum err rc = probes_aim(
        g->probes, source ? source->config->source.conninfo : g->config->source.connection,
        g->config->warehouse.odbc ? g->config->warehouse.odbc
                                  : (sink ? sink->config->sink.odbc : NULL),
        slots, e);
    free(slots);
    return rc;
}

static void tell_resting(void *arg, probe_told_fn *told, void *to)
{
    struct engine *g = arg;
    (void)pthread_mutex_lock(&g->mutex);
    const struct engine_connector *first = first_of(g, false);
    const struct connection_part as_it_is[] = {{NULL, NULL}};
    struct buf base;
    buf_init(&base, 0);
    const char *asked = first ? first->config->sink.odbc : NULL;
    if (g->config->warehouse.odbc) /* in the form that a sink without an address of its own has */
        asked = connection_odbc(g->config->warehouse.odbc, as_it_is, &base, NULL) == ERR_OK
                    ? buf_cstr(&base)
                    : NULL;
    for (int i = 0; i < g->n_connectors; i++) {
        const struct engine_connector *c = g->connectors[i];
        struct task_view v;
        if (c->is_source || !asked || !c->config->sink.odbc ||
            strcmp(c->config->sink.odbc, asked) != 0)
            continue;
        task_view_get(c->task, &v);
        if (v.state != TASK_RUNNING && v.state != TASK_STOPPING)
            told(to, c->name);
    }
    (void)pthread_mutex_unlock(&g->mutex);
    buf_free(&base);
}

static enum err create_probes(struct engine *g, struct errbuf *e)
{
    const struct probes_options o = {
        .standby = g->config->source.standby,
        .kafka = g->config->kafka,
        .dialect = config_dialect_word(g->config),
        .schema = g->config->warehouse.schema,
        .resting = tell_resting,
        .arg = g,
        .often_us = PROBE_OFTEN_US,
        .seldom_us = PROBE_SELDOM_US,
        .looked_us = PROBE_LOOKED_US,
    };
    return probes_create(&o, &g->probes, e);
}

enum err engine_create(const struct config *c, struct engine **out, struct errbuf *e)
{
    struct engine *g = calloc(1, sizeof *g);
    if (!g)
        return err_set(e, ERR_NOMEM, "no memory for the engine");
    g->config = c;
    g->lock_fd = g->look_stop.fd = -1;
    g->started_us = clock_mono_us();
    g->cpu_percent = g->wal_bytes_s = g->dwh_rate = g->mart_rate = g->waiting_growth = NAN;
    g->sampled_waiting = -1;
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&g->mutex, NULL);
    (void)pthread_cond_init(&g->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    g->source_look = source_look_create();
    enum err rc = g->source_look ? stop_init(&g->look_stop, e)
                                 : err_set(e, ERR_NOMEM, "no memory for the engine");
    if (!rc)
        rc = make_directories(c->state_dir, e);
    if (!rc)
        rc = take_lock(g, e);
    if (!rc)
        rc = engine_store_open(g, e);
    if (!rc)
        rc = freshness_create(&g->freshness, e);
    if (!rc)
        rc = alerts_create(&c->alerts, &g->alerts, e);
    if (!rc)
        rc = recorder_create(g->store, c->recorder.size - kept_answers_share(c->recorder.size),
                             &g->recorder, e);
    if (!rc)
        rc = load_connectors(g, e);
    if (!rc)
        rc = engine_schedule_load(g, e);
    if (!rc)
        rc = topic_service_create(c->kafka, TOPIC_IDLE_US, &g->topics, e);
    if (!rc)
        rc = create_probes(g, e);
    if (!rc)
        engine_watch_restore(g);
    if (rc) {
        engine_destroy(g);
        return rc;
    }
    *out = g;
    return ERR_OK;
}

/* The control socket may answer already: the mutex is held. */
enum err engine_start(struct engine *g, struct errbuf *e)
{
    engine_note(g, "info", "engine", "engine", "", "started");
    (void)pthread_mutex_lock(&g->mutex);
    enum err rc = engine_aim_probes(g, e);
    for (int i = 0; i < g->n_connectors && !rc; i++)
        rc = engine_start_connector(g, g->connectors[i], e);
    (void)pthread_mutex_unlock(&g->mutex);
    if (!rc)
        rc = probes_start(g->probes, e);
    return rc ? rc : engine_watch_start(g, &g->watch, e);
}

/* The mutex is held. What an apply or a delete waits for was told to end as well. */
static void wait_unchanging(struct engine *g, int64_t until)
{
    const struct timespec t = {.tv_sec = (time_t)(until / 1000000),
                               .tv_nsec = (long)(until % 1000000) * 1000};
    int rc = 0;
    while (g->changing && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&g->changed, &g->mutex, &t);
    g->abandoned = g->changing;
}

/* Afterwards the list is nobody's to change: it is read without the mutex, and the status is
 * answered while the runs end. */
static void begin_stop(struct engine *g, int64_t until)
{
    (void)pthread_mutex_lock(&g->mutex);
    g->stopping = true;
    (void)pthread_cond_broadcast(&g->changed);
    for (int i = 0; i < g->n_connectors; i++)
        task_stop(g->connectors[i]->task);
    wait_unchanging(g, until);
    (void)pthread_mutex_unlock(&g->mutex);
}

enum err engine_stop(struct engine *g, struct errbuf *e)
{
    enum err rc = ERR_OK;
    int64_t until = clock_mono_us() + g->config->stop_timeout_s * 1000000;
    engine_note(g, "info", "engine", "engine", "", "stopping");
    engine_look_end(g);
    engine_answers_end(g->answers);
    probes_quit(g->probes);        /* a server that hangs may hold them for a while as well */
    engine_schedule_stop_begin(g); /* tasks get their signal now, and end beside the rest */
    begin_stop(g, until);
    for (int i = 0; i < g->n_connectors; i++) {
        int64_t left = until - clock_mono_us();
        if (task_wait_ended(g->connectors[i]->task, left > 0 ? left : 0) != ERR_OK)
            rc = err_set(e, ERR_TIMEOUT, "connector %s has not ended after %lld s",
                         g->connectors[i]->name, (long long)g->config->stop_timeout_s);
    }
    engine_answers_stop(g->answers);
    g->answers = NULL;
    engine_watch_stop(g->watch); /* now what was flushed counts */
    g->watch = NULL;
    int64_t left = until - clock_mono_us();
    if (!rc)
        rc = engine_schedule_stop(g, left > 0 ? left : 0, e);
    return rc;
}

void engine_destroy(struct engine *g)
{
    if (!g)
        return;
    engine_answers_stop(g->answers);
    engine_watch_stop(g->watch);
    probes_stop(g->probes);
    for (int i = 0; i < g->n_connectors; i++)
        engine_connector_destroy(g->connectors[i]);
    free(g->connectors);
    engine_schedule_close(g);
    alerts_destroy(g->alerts);
    recorder_destroy(g->recorder);
    engine_store_close(g);
    topic_service_destroy(g->topics);
    stop_free(&g->look_stop);
    source_look_destroy(g->source_look);
    if (g->lock_fd >= 0)
        (void)close(g->lock_fd);
    (void)pthread_cond_destroy(&g->changed);
    (void)pthread_mutex_destroy(&g->mutex);
    free(g);
}

/* ---- for batch ---- */

/* Without a budget an engine tries for ever; a batch has no use for that, unless a server is away.
 */
static bool has_failed(const struct engine *g, const struct task_view *v)
{
    return v->state == TASK_FAILED || (v->state == TASK_RETRYING && !g->config->restart.budget &&
                                       !err_retriable(v->last_code));
}

enum err engine_failed(struct engine *g, struct errbuf *e)
{
    enum err rc = ERR_OK;
    (void)pthread_mutex_lock(&g->mutex);
    for (int i = 0; i < g->n_connectors && !rc; i++) {
        struct task_view v;
        task_view_get(g->connectors[i]->task, &v);
        if (has_failed(g, &v))
            rc = err_set(e, v.last_code == ERR_CONFIG ? ERR_CONFIG : ERR_STATE,
                         "connector %s FAILED: %s", g->connectors[i]->name, v.last_error);
    }
    (void)pthread_mutex_unlock(&g->mutex);
    return rc;
}

enum err engine_stalled(struct engine *g, struct errbuf *e)
{
    enum err rc = ERR_OK;
    (void)pthread_mutex_lock(&g->mutex);
    for (int i = 0; i < g->n_connectors && !rc; i++) {
        struct task_view v;
        task_view_get(g->connectors[i]->task, &v);
        if (v.state == TASK_RETRYING || v.state == TASK_STARTING)
            rc = err_set(e, v.last_code == ERR_CONNECT ? ERR_CONNECT : ERR_TIMEOUT,
                         "connector %s is %s: %s", g->connectors[i]->name, task_state_word(v.state),
                         v.last_error[0] ? v.last_error : v.detail);
    }
    (void)pthread_mutex_unlock(&g->mutex);
    return rc ? rc : err_set(e, ERR_TIMEOUT, "nothing moves any more");
}

void engine_totals(struct engine *g, int64_t *captured, int64_t *loaded, int64_t *dead_letters)
{
    *captured = *loaded = *dead_letters = 0;
    (void)pthread_mutex_lock(&g->mutex);
    for (int i = 0; i < g->n_connectors; i++) {
        const struct engine_connector *c = g->connectors[i];
        *(c->is_source ? captured : loaded) += c->figures.records;
        *dead_letters += c->figures.dead_letters;
    }
    (void)pthread_mutex_unlock(&g->mutex);
}
