#include "backend/engine/engine_watch.h"

#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/engine/engine_run.h"
#include "backend/engine/kept_answers.h"
#include "backend/engine/recorder.h"

enum {
    PERIOD_US = 1000000,
    RECORD_FACTOR = 300,
    ALERTS_FACTOR = 100,
    ALERTS_MOST_US = 10000000,
    TROUBLE_US = 60000000,
};

struct engine_watch {
    struct engine *engine;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool quit;
    int64_t told_us; /* when trouble was logged last: not each second */
};

static void tell(void *arg, const char *level, const char *object, const char *text)
{
    struct engine *g = arg;
    if (!strcmp(level, "error"))
        log_error("alert", "%s: %s", object, text);
    else if (!strcmp(level, "warning"))
        log_warning("alert", "%s: %s", object, text);
    else
        log_info("alert", "%s: %s", object, text);
    engine_note(g, level, "alert", "engine", object, text);
}

static void trouble(struct engine_watch *w, const struct errbuf *e)
{
    int64_t now = clock_mono_us();
    if (w->told_us && now - w->told_us < TROUBLE_US)
        return;
    w->told_us = now;
    log_error("recorder", "%s", e->text);
}

/* period_us: how far apart records come; 0: this look is not recorded. */
static void look(struct engine_watch *w, int64_t period_us)
{
    struct engine *g = w->engine;
    struct errbuf e;
    json_t *status = engine_status_peek(g);
    int64_t now_us = clock_wall_us();
    if (!status)
        return;
    if (alerts_look(g->alerts, status, now_us, tell, g, &e) != ERR_OK)
        trouble(w, &e);
    (void)json_object_set_new(status, "alerts", alerts_json(g->alerts));
    if (period_us && recorder_add(g->recorder, status, now_us, period_us, &e) != ERR_OK)
        trouble(w, &e);
    json_decref(status);
}

/* The mutex is held. */
static void wait_until(struct engine_watch *w, int64_t until_us)
{
    for (int64_t left; !w->quit && (left = until_us - clock_mono_us()) > 0;) {
        struct timespec t = clock_mono_after(left);
        (void)pthread_cond_timedwait(&w->changed, &w->mutex, &t);
    }
}

static int64_t at_least(int64_t us, int64_t least)
{
    return us > least ? us : least;
}

void engine_watch_periods(int64_t cost_us, int64_t *alerts_us, int64_t *record_us)
{
    int64_t alerts = cost_us * ALERTS_FACTOR;
    *alerts_us = at_least(alerts < ALERTS_MOST_US ? alerts : ALERTS_MOST_US, PERIOD_US);
    *record_us = at_least(cost_us * RECORD_FACTOR, PERIOD_US);
}

static void *watch_main(void *arg)
{
    struct engine_watch *w = arg;
    int64_t pause = PERIOD_US;
    int64_t period = PERIOD_US;
    int64_t recorded = clock_mono_us(); /* when the last look that was began */
    (void)pthread_mutex_lock(&w->mutex);
    wait_until(w, recorded + period);
    while (!w->quit) {
        int64_t began = clock_mono_us();
        bool record = began >= recorded + period;
        (void)pthread_mutex_unlock(&w->mutex);
        look(w, record ? period : 0);
        int64_t record_us;
        engine_watch_periods(clock_mono_us() - began, &pause, &record_us);
        if (record) {
            recorded = began;
            period = record_us;
        }
        (void)pthread_mutex_lock(&w->mutex);
        wait_until(w, pause < recorded + period - began ? began + pause : recorded + period);
    }
    (void)pthread_mutex_unlock(&w->mutex);
    return NULL;
}

void engine_watch_restore(struct engine *g)
{
    struct errbuf e;
    json_t *record = NULL;
    enum err rc = recorder_at(g->recorder, NULL, &record, &e);
    if (rc && rc != ERR_NOT_FOUND)
        log_error("recorder", "%s", e.text);
    if (!g->config->recorder.size || (rc && rc != ERR_NOT_FOUND))
        freshness_restore(g->freshness, NULL, clock_wall_us());
    if (rc)
        return; /* where nothing was recorded yet, no engine was */
    const json_t *status = json_object_get(record, "snapshot");
    alerts_restore(g->alerts, status);
    freshness_restore(g->freshness, status, clock_wall_us());
    json_decref(record);
}

enum err engine_watch_start(struct engine *g, struct engine_watch **out, struct errbuf *e)
{
    struct engine_watch *w = calloc(1, sizeof *w);
    if (!w)
        return err_set(e, ERR_NOMEM, "no memory for the engine's watch");
    w->engine = g;
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&w->mutex, NULL);
    (void)pthread_cond_init(&w->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    if (pthread_create(&w->thread, NULL, watch_main, w) == 0) {
        *out = w;
        return ERR_OK;
    }
    (void)pthread_cond_destroy(&w->changed);
    (void)pthread_mutex_destroy(&w->mutex);
    free(w);
    return err_set(e, ERR_NOMEM, "cannot start the engine's watch");
}

void engine_watch_stop(struct engine_watch *w)
{
    struct errbuf e;
    if (!w)
        return;
    (void)pthread_mutex_lock(&w->mutex);
    w->quit = true;
    (void)pthread_cond_broadcast(&w->changed);
    (void)pthread_mutex_unlock(&w->mutex);
    (void)pthread_join(w->thread, NULL);
    look(w, PERIOD_US); /* what the next start goes on from */
    if (recorder_flush(w->engine->recorder, &e) != ERR_OK)
        log_error("recorder", "%s", e.text);
    (void)pthread_cond_destroy(&w->changed);
    (void)pthread_mutex_destroy(&w->mutex);
    free(w);
}

/* ---- what is asked of it ---- */

enum err engine_alerts(struct engine *g, json_t **result, struct errbuf *e)
{
    *result = json_pack("{s:o}", "alerts", alerts_json(g->alerts));
    return *result ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the alerts");
}

enum err engine_alert_acknowledge(struct engine *g, const char *name, const char *who,
                                  json_t **result, struct errbuf *e)
{
    enum err rc = alerts_acknowledge(g->alerts, name, who, clock_wall_us(), e);
    if (!rc)
        *result = json_object();
    return rc;
}

enum err engine_recorder_at(struct engine *g, const json_t *params, json_t **result,
                            struct errbuf *e)
{
    return recorder_at(g->recorder, params, result, e);
}

enum err engine_recorder_series(struct engine *g, const json_t *params, json_t **result,
                                struct errbuf *e)
{
    return recorder_series(g->recorder, params, clock_wall_us(), result, e);
}

enum err engine_recorder_objects(struct engine *g, const json_t *params, json_t **result,
                                 struct errbuf *e)
{
    return recorder_objects(g->recorder, params, clock_wall_us(), result, e);
}

enum err engine_recorder_range(struct engine *g, const json_t *params, json_t **result,
                               struct errbuf *e)
{
    struct store_answers_range x;
    (void)params;
    enum err rc = store_answers_get_range(g->store, &x, e);
    if (!rc)
        rc = recorder_range(g->recorder, result, e);
    if (rc)
        return rc;
    (void)json_object_set_new(*result, "answers",
                              json_pack("{s:I, s:o, s:I, s:I}", "kept", (json_int_t)x.n,
                                        "oldest_us",
                                        x.oldest_us ? json_integer(x.oldest_us) : json_null(),
                                        "bytes", (json_int_t)x.bytes, "bytes_max",
                                        (json_int_t)kept_answers_share(g->config->recorder.size)));
    return ERR_OK;
}
