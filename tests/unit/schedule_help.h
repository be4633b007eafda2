/* A scheduler on a real store in a folder of its own, with a clock that the test moves and tasks of
 * kind `model` that do what their names say:
 *   ok..     succeed, with 3 rows        none..  succeed, with 0 rows
 *   bad..    fail each time              hopeless..  fail, and trying again would not help
 *   flaky..  fail twice, then succeed    skip..  have nothing to do
 *   block..  run until released or told to end; deaf.. does not listen
 */
#ifndef TESTS_SCHEDULE_HELP_H
#define TESTS_SCHEDULE_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/schedule/scheduler.h"
#include "backend/state/store_internal.h"

enum { WAIT_S = 60, CALLS_MAX = 4096 };
#define MINUTE_US INT64_C(60000000)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)
/* 2026-11-28T12:00:00Z */
#define NOON_US (INT64_C(1795867200) * 1000000)

struct world {
    char dir[256];
    struct store *store;
    struct dag_set *dags;
    struct scheduler *s;
    bool asked_only;
    _Atomic int64_t wall, mono;
    struct scheduler_clock clock;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool released;
    _Atomic int n_calls; /* of tasks, in order */
    struct {
        int64_t run;
        char task[32];
        int attempt;
        int64_t wall, begin_us;
        char only[16];
    } calls[CALLS_MAX];
    _Atomic int running, most_running;
    int n_events;
    struct {
        enum scheduler_change what;
        int64_t run;
        char text[300];
    } events[CALLS_MAX];
};

static inline void good(enum err rc, const struct errbuf *e)
{
    if (rc)
        fail_msg("%s: %s", err_word(rc), e->text);
}

static inline int64_t world_wall(void *arg)
{
    return ((struct world *)arg)->wall;
}

static inline int64_t world_mono(void *arg)
{
    return ((struct world *)arg)->mono;
}

static inline void world_event(void *arg, const struct scheduler_event *v)
{
    struct world *w = arg;
    (void)pthread_mutex_lock(&w->mutex);
    if (w->n_events < CALLS_MAX) {
        w->events[w->n_events].what = v->what;
        w->events[w->n_events].run = v->run;
        (void)snprintf(w->events[w->n_events].text, sizeof w->events[0].text, "%s", v->text);
        w->n_events++;
    }
    (void)pthread_mutex_unlock(&w->mutex);
}

static inline void world_interrupt(void *arg)
{
    struct world *w = arg;
    (void)pthread_mutex_lock(&w->mutex);
    (void)pthread_cond_broadcast(&w->changed);
    (void)pthread_mutex_unlock(&w->mutex);
}

static inline bool named(const char *task, const char *prefix)
{
    return !strncmp(task, prefix, strlen(prefix));
}

static inline void world_block(struct world *w, struct task_run *t, bool listens)
{
    if (listens)
        task_run_on_cancel(t, world_interrupt, w);
    (void)pthread_mutex_lock(&w->mutex);
    while (!w->released && !(listens && task_run_canceled(t)))
        (void)pthread_cond_wait(&w->changed, &w->mutex);
    (void)pthread_mutex_unlock(&w->mutex);
    task_run_on_cancel(t, NULL, NULL);
}

static inline enum err world_task(void *arg, struct task_run *t, struct errbuf *e)
{
    struct world *w = arg;
    const struct dag_context *c = task_run_context(t);
    const char *name = task_run_task(t)->name;
    (void)pthread_mutex_lock(&w->mutex);
    if (w->n_calls < CALLS_MAX) {
        w->calls[w->n_calls].run = strtoll(c->run, NULL, 10);
        (void)snprintf(w->calls[w->n_calls].task, sizeof w->calls[0].task, "%s", name);
        w->calls[w->n_calls].attempt = c->attempt;
        const char *only = task_run_only(t) ? task_run_only(t) : "";
        (void)snprintf(w->calls[w->n_calls].only, sizeof w->calls[0].only, "%s", only);
        w->calls[w->n_calls].wall = w->wall;
        w->calls[w->n_calls].begin_us = c->interval.begin_us;
        w->n_calls++;
    }
    if (++w->running > w->most_running)
        w->most_running = w->running;
    (void)pthread_mutex_unlock(&w->mutex);
    task_run_log(t, "this is %s, try %d", name, c->attempt);
    enum err rc = ERR_OK;
    if (named(name, "block") || named(name, "deaf"))
        world_block(w, t, named(name, "block"));
    if (task_run_canceled(t) && !named(name, "deaf"))
        rc = err_set(e, ERR_CANCELED, "told to end");
    else if (named(name, "bad") || (named(name, "flaky") && c->attempt < 3))
        rc = err_set(e, ERR_SQL, "no table of the name %s", name);
    else if (named(name, "hopeless"))
        rc = err_set(e, ERR_CONFIG, "wrong for ever");
    else if (named(name, "skip"))
        task_run_skip(t, "nothing is due");
    else
        task_run_add_rows(t, named(name, "none") ? 0 : 3);
    (void)pthread_mutex_lock(&w->mutex);
    w->running--;
    (void)pthread_mutex_unlock(&w->mutex);
    return rc;
}

static inline void world_release(struct world *w, bool released)
{
    (void)pthread_mutex_lock(&w->mutex);
    w->released = released;
    (void)pthread_cond_broadcast(&w->changed);
    (void)pthread_mutex_unlock(&w->mutex);
}

/* ---- life ---- */

/* yaml: DAG files, NULL-terminated; each says its name. */
static inline void world_dags(struct world *w, const char *const *yaml)
{
    struct dag_text texts[16];
    struct faults faults;
    struct errbuf e;
    static const struct dag_pool pools[] = {{"default", 8}, {"narrow", 1}};
    int n = 0;
    for (; yaml[n]; n++)
        texts[n] = (struct dag_text){.file = "test.yaml", .text = yaml[n], .n = strlen(yaml[n])};
    faults_init(&faults);
    dag_set_free(w->dags);
    w->dags = NULL;
    good(dag_set_parse(texts, n, pools, 2, &w->dags, &faults, &e), &e);
    faults_free(&faults);
}

static inline enum err world_try_start(struct world *w, struct errbuf *e)
{
    w->clock = (struct scheduler_clock){world_wall, world_mono, w};
    struct scheduler_options o = {.dags = w->dags,
                                  .store = w->store,
                                  .executor = {.arg = w},
                                  .on_event = world_event,
                                  .on_event_arg = w,
                                  .asked_only = w->asked_only,
                                  .clock = &w->clock};
    o.executor.run[DAG_MODEL] = world_task;
    enum err rc = scheduler_create(&o, &w->s, e);
    return rc ? rc : scheduler_start(w->s, e);
}

static inline void world_start(struct world *w)
{
    struct errbuf e;
    good(world_try_start(w, &e), &e);
}

static inline void world_stop(struct world *w)
{
    struct errbuf e;
    if (!w->s)
        return;
    good(scheduler_stop(w->s, WAIT_S * INT64_C(1000000), &e), &e);
    scheduler_destroy(w->s);
    w->s = NULL;
}

static inline void world_open(struct world *w)
{
    struct errbuf e;
    good(store_open(w->dir, &w->store, &e), &e);
}

static inline int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    const char *tmp = getenv("TMPDIR");
    assert_non_null(w);
    (void)snprintf(w->dir, sizeof w->dir, "%s/flightdeck-schedule-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->dir));
    (void)pthread_mutex_init(&w->mutex, NULL);
    (void)pthread_cond_init(&w->changed, NULL);
    w->wall = NOON_US;
    w->mono = HOUR_US;
    world_open(w);
    *state = w;
    return 0;
}

static inline int world_teardown(void **state)
{
    struct world *w = *state;
    char path[600];
    const struct dirent *d;
    world_release(w, true);
    world_stop(w);
    store_close(w->store);
    dag_set_free(w->dags);
    DIR *dir = opendir(w->dir);
    while (dir && (d = readdir(dir)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", w->dir, d->d_name);
        if (d->d_name[0] != '.')
            (void)unlink(path);
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(w->dir);
    (void)pthread_cond_destroy(&w->changed);
    (void)pthread_mutex_destroy(&w->mutex);
    free(w);
    return 0;
}

#define WORLD(w, ...)                                                                              \
    struct world *w = *state;                                                                      \
    world_dags(w, (const char *const[]){__VA_ARGS__, NULL});                                       \
    world_start(w)

/* ---- time ---- */

/* Somebody sets the clock. */
static inline void set_back(struct world *w, int64_t us)
{
    w->wall -= us;
    scheduler_wake(w->s);
}

static inline void nap(void)
{
    const struct timespec t = {.tv_nsec = 500000};
    (void)nanosleep(&t, NULL);
}

#define WAIT_FOR(what, condition)                                                                  \
    do {                                                                                           \
        int64_t wait_until = clock_mono_us() + WAIT_S * INT64_C(1000000);                          \
        while (!(condition)) {                                                                     \
            if (clock_mono_us() > wait_until)                                                      \
                fail_msg("in time: %s", what);                                                     \
            nap();                                                                                 \
        }                                                                                          \
    } while (0)

/* The dispatcher has looked at what is there now: nothing that can happen has not. */
static inline void settle(struct world *w)
{
    struct scheduler_stats v;
    scheduler_stats(w->s, &v);
    for (int round = 0; round < 3; round++) {
        int64_t before = v.wakeups;
        scheduler_wake(w->s);
        WAIT_FOR("the dispatcher looks", (scheduler_stats(w->s, &v), v.wakeups > before));
    }
}

/* First the timers of what the store already tells are set, by the clock as it is. */
static inline void advance(struct world *w, int64_t us)
{
    settle(w);
    w->wall += us;
    w->mono += us;
    scheduler_wake(w->s);
}

/* ---- looking ---- */

static inline int calls_of(struct world *w, const char *task)
{
    int n = 0;
    (void)pthread_mutex_lock(&w->mutex);
    for (int i = 0; i < w->n_calls; i++)
        n += !strcmp(w->calls[i].task, task);
    (void)pthread_mutex_unlock(&w->mutex);
    return n;
}

static inline bool has_event(struct world *w, enum scheduler_change what, const char *words)
{
    bool found = false;
    (void)pthread_mutex_lock(&w->mutex);
    for (int i = 0; i < w->n_events; i++)
        found |= w->events[i].what == what && strstr(w->events[i].text, words);
    (void)pthread_mutex_unlock(&w->mutex);
    return found;
}

static inline struct store_run run_row(struct world *w, int64_t id, struct store_runs *l)
{
    struct errbuf e;
    good(store_run_get(w->store, id, l, &e), &e);
    return l->items[0];
}

static inline enum run_state run_state_of(struct world *w, int64_t id)
{
    struct store_runs l;
    enum run_state st = run_row(w, id, &l).state;
    store_runs_free(&l);
    return st;
}

/* A copy of a task's row; reason is static. */
static inline struct store_task task_row(struct world *w, int64_t run, const char *task)
{
    static char reason[1024];
    struct store_tasks l;
    struct errbuf e;
    struct store_task t = {.state = TI_STATE_COUNT};
    good(store_tasks_list(w->store, run, &l, &e), &e);
    for (int i = 0; i < l.n; i++)
        if (!strcmp(l.items[i].task, task))
            t = l.items[i];
    (void)snprintf(reason, sizeof reason, "%s", t.reason ? t.reason : "");
    t.reason = reason;
    t.task = task;
    store_tasks_free(&l);
    return t;
}

static inline void expect_task(struct world *w, int64_t run, const char *task,
                               enum task_instance_state want)
{
    struct store_task t = task_row(w, run, task);
    if (t.state != want)
        fail_msg("task %s is %s (%s), not %s", task, task_instance_state_word(t.state), t.reason,
                 task_instance_state_word(want));
}

static inline int64_t trigger(struct world *w, const char *dag)
{
    struct errbuf e;
    int64_t id = 0;
    good(scheduler_trigger(w->s, dag, NULL, 0, "tester", &id, &e), &e);
    assert_true(id > 0);
    return id;
}

static inline void expect_end(struct world *w, int64_t run, enum run_state want)
{
    struct errbuf e;
    enum run_state st;
    good(scheduler_run_wait(w->s, run, WAIT_S * INT64_C(1000000), &st, &e), &e);
    if (st != want) {
        struct store_runs l;
        fail_msg("run %lld is %s (%s), not %s", (long long)run, run_state_word(st),
                 run_row(w, run, &l).reason, run_state_word(want));
    }
}

static inline int count_runs(struct world *w, const char *dag, int kind, int st)
{
    struct store_runs l;
    struct errbuf e;
    const struct store_run_filter f = {.dag = dag,
                                       .by_kind = kind >= 0,
                                       .kind = (enum run_kind)kind,
                                       .by_state = st >= 0,
                                       .state = (enum run_state)st,
                                       .limit = STORE_RUNS_MAX};
    good(store_runs_list(w->store, &f, &l, &e), &e);
    int n = l.n;
    store_runs_free(&l);
    return n;
}

#endif
