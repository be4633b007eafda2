#include "console/sql_cancel.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "backend/base/clock.h"

enum { PATIENCE_US = 3000000 };

static const char no_answer[] =
    "the server answers neither the statement nor its cancel: the connection is given up";
static const char stuck[] =
    "the server took the cancel, and the statement has not ended yet: Ctrl-C again gives up the "
    "connection";
static const char given_up[] =
    "the connection is given up; the server may still be at the statement";

struct sql_canceller {
    pthread_t caller; /* calls the cancels */
    pthread_t looker; /* at how long that takes */
    pthread_mutex_t lock;
    pthread_cond_t change; /* of a monotonic clock */
    sql_stuck_fn *on_stuck;
    void *arg;
    struct sql_session *session;
    int64_t asked_us; /* the first ask about what is watched; 0: none */
    bool asked;
    bool cancels; /* the call is on its way */
    bool told;    /* that the statement is stuck */
    bool end;
};

static void *call(void *arg)
{
    struct sql_canceller *c = arg;
    (void)pthread_mutex_lock(&c->lock);
    while (!c->end) {
        if (!c->asked) {
            (void)pthread_cond_wait(&c->change, &c->lock);
            continue;
        }
        struct sql_session *session = c->session;
        c->asked = false;
        if (!session)
            continue;
        c->cancels = true;
        (void)pthread_mutex_unlock(&c->lock);
        sql_session_cancel(session);
        (void)pthread_mutex_lock(&c->lock);
        c->cancels = false;
        (void)pthread_cond_broadcast(&c->change);
    }
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* Under the lock, which is let go to tell: the time is over. */
static void judge(struct sql_canceller *c)
{
    if (c->cancels)
        sql_session_give_up(c->session, no_answer);
    c->told = !c->cancels && sql_session_waits(c->session);
    if (!c->told || !c->on_stuck)
        return;
    (void)pthread_mutex_unlock(&c->lock);
    c->on_stuck(c->arg, stuck);
    (void)pthread_mutex_lock(&c->lock);
}

static void *look(void *arg)
{
    struct sql_canceller *c = arg;
    (void)pthread_mutex_lock(&c->lock);
    while (!c->end || c->cancels) {
        int64_t left_us = c->asked_us + PATIENCE_US - clock_mono_us();
        if (!c->session || !c->asked_us) {
            (void)pthread_cond_wait(&c->change, &c->lock);
        } else if (left_us > 0) {
            const struct timespec until = clock_mono_after(left_us);
            (void)pthread_cond_timedwait(&c->change, &c->lock, &until);
        } else {
            c->asked_us = 0;
            judge(c);
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

static void destroy(struct sql_canceller *c)
{
    (void)pthread_cond_destroy(&c->change);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}

static void tell_end(struct sql_canceller *c)
{
    (void)pthread_mutex_lock(&c->lock);
    c->end = true;
    (void)pthread_cond_broadcast(&c->change);
    (void)pthread_mutex_unlock(&c->lock);
}

struct sql_canceller *sql_canceller_start(sql_stuck_fn *on_stuck, void *arg)
{
    pthread_condattr_t monotonic;
    sigset_t all;
    sigset_t before;
    struct sql_canceller *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->on_stuck = on_stuck;
    c->arg = arg;
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&c->change, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are the main thread's */
    bool calls = pthread_create(&c->caller, NULL, call, c) == 0;
    bool looks = calls && pthread_create(&c->looker, NULL, look, c) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (looks)
        return c;
    if (calls) {
        tell_end(c);
        (void)pthread_join(c->caller, NULL);
    }
    destroy(c);
    return NULL;
}

void sql_canceller_watch(struct sql_canceller *c, struct sql_session *session)
{
    (void)pthread_mutex_lock(&c->lock);
    while (c->cancels)
        (void)pthread_cond_wait(&c->change, &c->lock);
    c->asked = c->told = false;
    c->asked_us = 0;
    c->session = session;
    (void)pthread_mutex_unlock(&c->lock);
}

void sql_canceller_ask(struct sql_canceller *c)
{
    (void)pthread_mutex_lock(&c->lock);
    if (c->session && c->told) {
        sql_session_give_up(c->session, given_up);
    } else if (c->session) {
        c->asked = true;
        c->asked_us = c->asked_us ? c->asked_us : clock_mono_us();
    }
    (void)pthread_cond_broadcast(&c->change);
    (void)pthread_mutex_unlock(&c->lock);
}

void sql_canceller_stop(struct sql_canceller *c)
{
    if (!c)
        return;
    tell_end(c);
    (void)pthread_join(c->caller, NULL);
    (void)pthread_join(c->looker, NULL);
    destroy(c);
}
