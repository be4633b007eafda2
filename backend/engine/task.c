#include "backend/engine/task.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"

static const char *const state_words[] = {
#define X(name) #name,
    TASK_STATES(X)
#undef X
};

const char *task_state_word(enum task_state s)
{
    return (unsigned)s < TASK_STATE_COUNT ? state_words[s] : "UNKNOWN";
}

enum task_event {
    EV_START,   /* asked to run */
    EV_PAUSE,   /* asked to pause */
    EV_STOP,    /* asked to stop */
    EV_RESTART, /* asked to begin anew */
    EV_BEGIN,   /* the thread begins a run */
    EV_WORKS,   /* the run says that it works */
    EV_WAITS,   /* the run says that it does not yet */
    EV_OUTAGE,  /* the run ended by something that may pass */
    EV_FAULT,   /* the run ended by something that will not */
    EV_ENDED,   /* the run ended by itself, to begin anew */
};

enum task_action { DO_NOTHING, DO_RUN, DO_INTERRUPT, DO_BACKOFF };

/* Where a run that was told to end comes to rest, or that it begins anew, is decided by `wanted`:
 * rows for the end of STOPPING would need a guard. */
static const struct {
    enum task_state from;
    enum task_event event;
    enum task_state to;
    enum task_action action;
} transitions[] = {
    {TASK_STOPPED, EV_START, TASK_STARTING, DO_RUN},
    {TASK_PAUSED, EV_START, TASK_STARTING, DO_RUN},
    {TASK_FAILED, EV_START, TASK_STARTING, DO_RUN},
    {TASK_RETRYING, EV_START, TASK_STARTING, DO_RUN},
    {TASK_STOPPED, EV_PAUSE, TASK_PAUSED, DO_NOTHING},
    {TASK_FAILED, EV_PAUSE, TASK_PAUSED, DO_NOTHING},
    {TASK_RETRYING, EV_PAUSE, TASK_PAUSED, DO_NOTHING},
    {TASK_STARTING, EV_PAUSE, TASK_STOPPING, DO_INTERRUPT},
    {TASK_RUNNING, EV_PAUSE, TASK_STOPPING, DO_INTERRUPT},
    {TASK_PAUSED, EV_STOP, TASK_STOPPED, DO_NOTHING},
    {TASK_FAILED, EV_STOP, TASK_STOPPED, DO_NOTHING},
    {TASK_RETRYING, EV_STOP, TASK_STOPPED, DO_NOTHING},
    {TASK_STARTING, EV_STOP, TASK_STOPPING, DO_INTERRUPT},
    {TASK_RUNNING, EV_STOP, TASK_STOPPING, DO_INTERRUPT},
    {TASK_STOPPED, EV_RESTART, TASK_STARTING, DO_RUN},
    {TASK_PAUSED, EV_RESTART, TASK_STARTING, DO_RUN},
    {TASK_FAILED, EV_RESTART, TASK_STARTING, DO_RUN},
    {TASK_RETRYING, EV_RESTART, TASK_STARTING, DO_RUN},
    {TASK_STARTING, EV_RESTART, TASK_STOPPING, DO_INTERRUPT},
    {TASK_RUNNING, EV_RESTART, TASK_STOPPING, DO_INTERRUPT},
    {TASK_RETRYING, EV_BEGIN, TASK_STARTING, DO_RUN},
    {TASK_STARTING, EV_WORKS, TASK_RUNNING, DO_NOTHING},
    {TASK_RUNNING, EV_WAITS, TASK_STARTING, DO_NOTHING},
    {TASK_STARTING, EV_OUTAGE, TASK_RETRYING, DO_BACKOFF},
    {TASK_RUNNING, EV_OUTAGE, TASK_RETRYING, DO_BACKOFF},
    {TASK_STARTING, EV_FAULT, TASK_FAILED, DO_NOTHING},
    {TASK_RUNNING, EV_FAULT, TASK_FAILED, DO_NOTHING},
    {TASK_STARTING, EV_ENDED, TASK_STARTING, DO_RUN},
    {TASK_RUNNING, EV_ENDED, TASK_STARTING, DO_RUN},
};

struct task {
    struct task_options o;
    char *name;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    enum task_state state;
    enum task_state
        wanted; /* RUNNING, PAUSED or STOPPED: what follows a run that was told to end */
    bool quit;
    bool in_run;
    int64_t since_us;
    int64_t retry_at_us;
    int64_t works_since_us; /* monotonic; 0: never in this run */
    int faults;
    int64_t first_fault_us;
    int64_t backoff_us;
    char detail[256];
    char last_error[ERRBUF_TEXT_MAX];
    enum err last_code;
};

/* The mutex is held. What a run was at is over with it: a task at rest says nothing of the kind. */
static void set_state(struct task *t, enum task_state to)
{
    if (t->state == to)
        return;
    t->state = to;
    t->since_us = clock_wall_us();
    if (to == TASK_PAUSED || to == TASK_STOPPED || to == TASK_FAILED || to == TASK_RETRYING)
        t->detail[0] = '\0';
}

/* What an event does in the state that is. The mutex is held. */
static enum task_action apply(struct task *t, enum task_event event, enum task_state *from)
{
    *from = t->state;
    for (size_t i = 0; i < sizeof transitions / sizeof transitions[0]; i++) {
        if (transitions[i].from != t->state || transitions[i].event != event)
            continue;
        set_state(t, transitions[i].to);
        return transitions[i].action;
    }
    return DO_NOTHING; /* the event does not concern this state */
}

static void tell(struct task *t, enum task_state from, enum task_state to, const char *why)
{
    if (from != to && t->o.on_change)
        t->o.on_change(t->o.arg, from, to, why);
}

static void ask(struct task *t, enum task_event event, enum task_state wanted, const char *why)
{
    enum task_state from;
    (void)pthread_mutex_lock(&t->mutex);
    t->wanted = wanted;
    enum task_action action = apply(t, event, &from);
    enum task_state to = t->state;
    if (action == DO_RUN) {
        t->faults = 0;
        t->backoff_us = t->o.backoff_us;
        t->retry_at_us = 0;
    }
    bool interrupt = action == DO_INTERRUPT && t->in_run;
    (void)pthread_cond_broadcast(&t->changed);
    (void)pthread_mutex_unlock(&t->mutex);
    if (interrupt)
        t->o.stop(t->o.arg);
    tell(t, from, to, why);
}

void task_start(struct task *t)
{
    ask(t, EV_START, TASK_RUNNING, "asked to run");
}

void task_pause(struct task *t)
{
    ask(t, EV_PAUSE, TASK_PAUSED, "asked to pause");
}

void task_stop(struct task *t)
{
    ask(t, EV_STOP, TASK_STOPPED, "asked to stop");
}

void task_restart(struct task *t)
{
    ask(t, EV_RESTART, TASK_RUNNING, "asked to restart");
}

enum err task_wait_ended(struct task *t, int64_t timeout_us)
{
    struct timespec until = clock_mono_after(timeout_us);
    int rc = 0;
    (void)pthread_mutex_lock(&t->mutex);
    while (t->in_run && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&t->changed, &t->mutex, &until);
    bool ended = !t->in_run;
    (void)pthread_mutex_unlock(&t->mutex);
    return ended ? ERR_OK : ERR_TIMEOUT;
}

void task_detail(struct task *t, bool running, const char *detail)
{
    enum task_state from;
    (void)pthread_mutex_lock(&t->mutex);
    (void)apply(t, running ? EV_WORKS : EV_WAITS, &from);
    enum task_state to = t->state;
    if (running && !t->works_since_us)
        t->works_since_us = clock_mono_us();
    (void)strncpy(t->detail, detail, sizeof t->detail - 1);
    (void)pthread_mutex_unlock(&t->mutex);
    tell(t, from, to, detail);
}

void task_view_get(struct task *t, struct task_view *out)
{
    (void)pthread_mutex_lock(&t->mutex);
    out->state = t->state;
    out->since_us = t->since_us;
    out->last_code = t->last_code;
    out->retry_at_us = t->state == TASK_RETRYING ? t->retry_at_us : 0;
    memcpy(out->detail, t->detail, sizeof out->detail);
    memcpy(out->last_error, t->last_error, sizeof out->last_error);
    (void)pthread_mutex_unlock(&t->mutex);
}

/* ---- the thread ---- */

static bool hopeless(enum err rc)
{
    return rc == ERR_CONFIG || rc == ERR_LOST || rc == ERR_FENCED || rc == ERR_UNSUPPORTED ||
           rc == ERR_DATA || rc == ERR_LIMIT;
}

/* What the end of a run means. The mutex is held. */
static enum task_event judge(struct task *t, enum err rc)
{
    int64_t now = clock_mono_us();
    if (rc == ERR_OK || rc == ERR_CANCELED)
        return EV_ENDED;
    (void)atomic_fetch_add(&t->o.figures->errors, 1);
    if (hopeless(rc))
        return EV_FAULT;
    bool worked = t->works_since_us && now - t->works_since_us > t->o.backoff_max_us;
    if (worked)
        t->backoff_us = t->o.backoff_us;
    if (err_retriable(rc))
        return EV_OUTAGE;
    if (!t->faults || now - t->first_fault_us > t->o.budget_us) {
        t->faults = 0;
        t->first_fault_us = now;
    }
    t->faults++;
    return t->o.budget && t->faults > t->o.budget ? EV_FAULT : EV_OUTAGE;
}

/* Waits out the backoff, or until somebody asks for something else. The mutex is held. */
static void back_off(struct task *t)
{
    int64_t us = t->backoff_us;
    struct timespec until = clock_mono_after(us);
    t->retry_at_us = clock_wall_us() + us;
    t->backoff_us = us * 2 > t->o.backoff_max_us ? t->o.backoff_max_us : us * 2;
    int rc = 0;
    while (t->state == TASK_RETRYING && !t->quit && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&t->changed, &t->mutex, &until);
    enum task_state from;
    if (t->state == TASK_RETRYING && !t->quit)
        (void)apply(t, EV_BEGIN, &from);
}

/* A run that was told to end has ended: what is wanted follows. The mutex is held. */
static void come_to_rest(struct task *t)
{
    set_state(t, t->wanted == TASK_RUNNING ? TASK_STARTING : t->wanted);
}

static void run_once(struct task *t)
{
    struct errbuf e = {0};
    t->in_run = true;
    t->works_since_us = 0;
    (void)pthread_mutex_unlock(&t->mutex);
    enum err rc = t->o.run(t->o.arg, &e);
    (void)pthread_mutex_lock(&t->mutex);
    t->in_run = false;
    enum task_state from = t->state;
    enum task_action action = DO_NOTHING;
    if (rc && rc != ERR_CANCELED) {
        memcpy(t->last_error, e.text, sizeof t->last_error);
        t->last_code = rc;
    }
    if (t->state == TASK_STOPPING)
        come_to_rest(t);
    else
        action = apply(t, judge(t, rc), &from);
    enum task_state to = t->state;
    (void)pthread_cond_broadcast(&t->changed);
    (void)pthread_mutex_unlock(&t->mutex);
    tell(t, from, to, rc && rc != ERR_CANCELED ? e.text : "ended as asked");
    if (to == TASK_STARTING || to == TASK_RETRYING)
        (void)atomic_fetch_add(&t->o.figures->restarts, 1);
    (void)pthread_mutex_lock(&t->mutex);
    if (action == DO_BACKOFF)
        back_off(t);
}

static void *task_main(void *arg)
{
    struct task *t = arg;
    (void)pthread_mutex_lock(&t->mutex);
    while (!t->quit) {
        if (t->state == TASK_STARTING)
            run_once(t);
        else if (t->state == TASK_STOPPING)
            come_to_rest(t); /* told to stop before the run began */
        else
            (void)pthread_cond_wait(&t->changed, &t->mutex);
    }
    (void)pthread_mutex_unlock(&t->mutex);
    return NULL;
}

enum err task_create(const struct task_options *o, struct task **out, struct errbuf *e)
{
    struct task *t = calloc(1, sizeof *t);
    if (!t)
        return err_set(e, ERR_NOMEM, "no memory for task %s", o->name);
    t->o = *o;
    t->name = strdup(o->name);
    t->state = TASK_STOPPED;
    t->wanted = TASK_STOPPED;
    t->since_us = clock_wall_us();
    t->backoff_us = o->backoff_us;
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&t->mutex, NULL);
    (void)pthread_cond_init(&t->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    if (!t->name || pthread_create(&t->thread, NULL, task_main, t) != 0) {
        (void)pthread_cond_destroy(&t->changed);
        (void)pthread_mutex_destroy(&t->mutex);
        free(t->name);
        free(t);
        return err_set(e, ERR_NOMEM, "cannot start the thread of task %s", o->name);
    }
    *out = t;
    return ERR_OK;
}

void task_destroy(struct task *t)
{
    if (!t)
        return;
    task_stop(t);
    (void)pthread_mutex_lock(&t->mutex);
    t->quit = true;
    (void)pthread_cond_broadcast(&t->changed);
    (void)pthread_mutex_unlock(&t->mutex);
    (void)pthread_join(t->thread, NULL);
    (void)pthread_cond_destroy(&t->changed);
    (void)pthread_mutex_destroy(&t->mutex);
    free(t->name);
    free(t);
}
