/*
 * Design note
 *
 * PQcancel makes a connection of its own and waits for the server to close it, with no time-out: a
 * server that hangs, or a network that swallows packets, would hold its caller for minutes. So it
 * runs in a thread that is waited for until a deadline and then left alone; the last of the two to
 * be done frees what they share.
 */
#include "backend/postgres/cancel.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "backend/base/detached.h"

enum { WORDS_MAX = 256, NS_PER_US = 1000, US_PER_S = 1000 * 1000 };

struct request {
    PGcancel *cancel;
    pthread_mutex_t mutex;
    pthread_cond_t done_cond;
    bool done;
    bool sent;
    int owners;
};

/* Called with the mutex held. */
static void release(struct request *r)
{
    bool last = --r->owners == 0;
    (void)pthread_mutex_unlock(&r->mutex);
    if (!last)
        return;
    (void)pthread_cond_destroy(&r->done_cond);
    (void)pthread_mutex_destroy(&r->mutex);
    PQfreeCancel(r->cancel);
    free(r);
}

static void *request_main(void *arg)
{
    struct request *r = arg;
    char words[WORDS_MAX];
    bool sent = PQcancel(r->cancel, words, sizeof words) == 1;
    (void)pthread_mutex_lock(&r->mutex);
    r->sent = sent;
    r->done = true;
    (void)pthread_cond_signal(&r->done_cond);
    release(r);
    return NULL;
}

static struct request *request_create(PGconn *conn)
{
    struct request *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->cancel = PQgetCancel(conn);
    if (!r->cancel) {
        free(r);
        return NULL;
    }
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&r->done_cond, &attr);
    (void)pthread_condattr_destroy(&attr);
    (void)pthread_mutex_init(&r->mutex, NULL);
    r->owners = 2;
    return r;
}

bool cancel_request(PGconn *conn, int64_t deadline_us)
{
    struct request *r = request_create(conn);
    if (!r)
        return false;
    if (!detached_start(request_main, r)) {
        (void)pthread_mutex_lock(&r->mutex);
        r->owners--; /* the thread's */
        release(r);
        return false;
    }
    struct timespec until = {.tv_sec = deadline_us / US_PER_S,
                             .tv_nsec = deadline_us % US_PER_S * NS_PER_US};
    (void)pthread_mutex_lock(&r->mutex);
    while (!r->done && pthread_cond_timedwait(&r->done_cond, &r->mutex, &until) != ETIMEDOUT)
        ;
    bool sent = r->done && r->sent;
    release(r);
    return sent;
}
