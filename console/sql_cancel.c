#include "console/sql_cancel.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct sql_canceller {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t change;
    struct sql_session *session;
    bool asked;
    bool cancels; /* the call is on its way */
    bool end;
};

static void *work(void *arg)
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

struct sql_canceller *sql_canceller_start(void)
{
    sigset_t all;
    sigset_t before;
    struct sql_canceller *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->change, NULL);
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before); /* signals are the main thread's */
    int failed = pthread_create(&c->thread, NULL, work, c);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed)
        return c;
    (void)pthread_cond_destroy(&c->change);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
    return NULL;
}

void sql_canceller_watch(struct sql_canceller *c, struct sql_session *session)
{
    (void)pthread_mutex_lock(&c->lock);
    c->session = NULL;
    while (c->cancels)
        (void)pthread_cond_wait(&c->change, &c->lock);
    c->asked = false;
    c->session = session;
    (void)pthread_mutex_unlock(&c->lock);
}

void sql_canceller_ask(struct sql_canceller *c)
{
    (void)pthread_mutex_lock(&c->lock);
    c->asked = c->session != NULL;
    (void)pthread_cond_broadcast(&c->change);
    (void)pthread_mutex_unlock(&c->lock);
}

void sql_canceller_stop(struct sql_canceller *c)
{
    if (!c)
        return;
    (void)pthread_mutex_lock(&c->lock);
    c->end = true;
    (void)pthread_cond_broadcast(&c->change);
    (void)pthread_mutex_unlock(&c->lock);
    (void)pthread_join(c->thread, NULL);
    (void)pthread_cond_destroy(&c->change);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}
