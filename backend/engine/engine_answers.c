#include "backend/engine/engine_answers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/engine/dashboard_service.h"
#include "backend/engine/engine_look.h"
#include "backend/engine/engine_run.h"
#include "backend/engine/kept_answers.h"
#include "backend/schedule/civil.h"

enum {
    US_PER_S = 1000000,
    FIRST_US = 30 * US_PER_S, /* after the start, where the period is longer */
    BOUND_US = 60 * US_PER_S, /* of a question */
};

struct engine_answers {
    struct engine *engine;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool quit;
    struct stop stop; /* timed: what a question may take, and the end */
};

/* ---- what is kept ---- */

static int64_t bytes_of(const struct engine *g)
{
    return kept_answers_share(g->config->recorder.size);
}

void engine_answers_keep(struct engine *g, const char *method, const json_t *params,
                         const json_t *answer)
{
    struct errbuf e;
    if (kept_answers_add(g->store, bytes_of(g), method, params, answer, clock_wall_us(), &e))
        log_warning("recorder", "%s", e.text);
}

/* So many days up to today; 0: another range. */
static int64_t days_to_today(const json_t *answer)
{
    const char *f = json_string_value(json_object_get(answer, "from"));
    const char *t = json_string_value(json_object_get(answer, "to"));
    int64_t from, to;
    int64_t today = civil_floor_div(clock_wall_us() / US_PER_S, CIVIL_DAY_S);
    if (!f || !t || !civil_parse_date(f, &from) || !civil_parse_date(t, &to) || to != today)
        return 0;
    return to - from + 1;
}

static bool is_whole(const json_t *answer)
{
    size_t i;
    const json_t *p;
    json_array_foreach(json_object_get(answer, "panels"), i, p)
    {
        if (json_is_string(json_object_get(p, "error")))
            return false;
    }
    return true;
}

/* Has the mart not run since it was kept last? */
static bool has_it(struct engine *g, const json_t *params, const json_t *answer)
{
    struct errbuf e;
    int64_t last_us;
    const json_t *age = json_object_get(answer, "mart_age_s");
    if (kept_answers_last(g->store, "dashboard.data", params, &last_us, &e) || !last_us)
        return false;
    return json_is_number(age) &&
           last_us > clock_wall_us() - (int64_t)(json_number_value(age) * US_PER_S);
}

void engine_answers_keep_dashboard(struct engine *g, const json_t *answer)
{
    int64_t days = days_to_today(answer);
    if (!days || !is_whole(answer))
        return;
    json_t *params =
        json_pack("{s:O, s:I}", "name", json_object_get(answer, "name"), "days", (json_int_t)days);
    if (params && !has_it(g, params, answer))
        engine_answers_keep(g, "dashboard.data", params, answer);
    json_decref(params);
}

enum err engine_recorder_answer(struct engine *g, const json_t *params, json_t **result,
                                struct errbuf *e)
{
    return kept_answers_at(g->store, params, result, e);
}

/* ---- what nobody asked ---- */

/* False: it is over. */
static bool arm(struct engine_answers *a)
{
    (void)pthread_mutex_lock(&a->mutex);
    bool on = !a->quit;
    if (on)
        stop_in(&a->stop, BOUND_US);
    (void)pthread_mutex_unlock(&a->mutex);
    return on;
}

static void ask(struct engine_answers *a, engine_look_fn *fn, const char *what,
                const json_t *params)
{
    struct errbuf e;
    json_t *result = NULL;
    if (!arm(a))
        return;
    if (fn(a->engine, params, "engine", &result, &e) != ERR_OK)
        log_debug("recorder", "%s has no answer to keep: %s", what, e.text);
    else
        json_decref(result);
}

static int64_t period_us(const struct engine_answers *a)
{
    return a->engine->config->recorder.answers_s * US_PER_S;
}

/* Unless somebody asked a moment ago. */
static void ask_server(struct engine_answers *a, engine_look_fn *fn, const char *method)
{
    struct errbuf e;
    int64_t last_us = 0;
    if (kept_answers_last(a->engine->store, method, NULL, &last_us, &e) != ERR_OK)
        last_us = 0;
    if (clock_wall_us() - last_us >= period_us(a) / 2)
        ask(a, fn, method, NULL);
}

static void ask_dashboards(struct engine_answers *a)
{
    struct errbuf e;
    size_t i;
    const json_t *d;
    json_t *list = NULL;
    if (!a->engine->dashboards || dashboard_service_list(a->engine->dashboards, &list, &e))
        return;
    json_array_foreach(json_object_get(list, "dashboards"), i, d)
    {
        json_t *params = json_pack("{s:O}", "name", json_object_get(d, "name"));
        if (params && json_is_string(json_object_get(d, "mart")))
            ask(a, engine_dashboard_data, "dashboard.data", params);
        json_decref(params);
    }
    json_decref(list);
}

static void *answers_main(void *arg)
{
    struct engine_answers *a = arg;
    int64_t next = clock_mono_us() + (period_us(a) < FIRST_US ? period_us(a) : FIRST_US);
    (void)stop_bind(&a->stop);
    (void)pthread_mutex_lock(&a->mutex);
    while (!a->quit) {
        if (clock_mono_us() < next) {
            struct timespec t = clock_mono_after(next - clock_mono_us());
            (void)pthread_cond_timedwait(&a->changed, &a->mutex, &t);
            continue;
        }
        (void)pthread_mutex_unlock(&a->mutex);
        next = clock_mono_us() + period_us(a);
        ask_server(a, engine_warehouse_show, "warehouse.show");
        ask_server(a, engine_source_show, "source.show");
        ask_dashboards(a);
        (void)pthread_mutex_lock(&a->mutex);
    }
    (void)pthread_mutex_unlock(&a->mutex);
    return NULL;
}

enum err engine_start_answers(struct engine *g, struct errbuf *e)
{
    if (!g->config->recorder.answers_s || !bytes_of(g))
        return ERR_OK;
    struct engine_answers *a = calloc(1, sizeof *a);
    if (!a)
        return err_set(e, ERR_NOMEM, "no memory for the recorder's questions");
    a->engine = g;
    enum err rc = stop_init_timed(&a->stop, e);
    if (rc) {
        free(a);
        return rc;
    }
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&a->mutex, NULL);
    (void)pthread_cond_init(&a->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    if (pthread_create(&a->thread, NULL, answers_main, a) == 0) {
        g->answers = a;
        return ERR_OK;
    }
    (void)pthread_cond_destroy(&a->changed);
    (void)pthread_mutex_destroy(&a->mutex);
    stop_free(&a->stop);
    free(a);
    return err_set(e, ERR_NOMEM, "cannot start the recorder's questions");
}

void engine_answers_end(struct engine_answers *a)
{
    if (!a)
        return;
    (void)pthread_mutex_lock(&a->mutex);
    a->quit = true;
    stop_in(&a->stop, 0);
    (void)pthread_cond_broadcast(&a->changed);
    (void)pthread_mutex_unlock(&a->mutex);
}

void engine_answers_stop(struct engine_answers *a)
{
    if (!a)
        return;
    engine_answers_end(a);
    (void)pthread_join(a->thread, NULL);
    (void)pthread_cond_destroy(&a->changed);
    (void)pthread_mutex_destroy(&a->mutex);
    stop_free(&a->stop);
    free(a);
}
