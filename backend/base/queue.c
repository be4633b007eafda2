#include "backend/base/queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "backend/base/clock.h"

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t not_full;
    pthread_cond_t not_empty;
    size_t capacity;
    size_t head;
    size_t length;
    bool closed;
    void *items[];
};

struct queue *queue_create(size_t capacity)
{
    struct queue *q = calloc(1, sizeof *q + capacity * sizeof q->items[0]);
    if (!q)
        return NULL;
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&q->mutex, NULL);
    (void)pthread_cond_init(&q->not_full, &attr);
    (void)pthread_cond_init(&q->not_empty, &attr);
    (void)pthread_condattr_destroy(&attr);
    q->capacity = capacity;
    return q;
}

void queue_destroy(struct queue *q)
{
    if (!q)
        return;
    (void)pthread_cond_destroy(&q->not_full);
    (void)pthread_cond_destroy(&q->not_empty);
    (void)pthread_mutex_destroy(&q->mutex);
    free(q);
}

static void set_closed(struct queue *q, bool closed)
{
    (void)pthread_mutex_lock(&q->mutex);
    q->closed = closed;
    (void)pthread_cond_broadcast(&q->not_full);
    (void)pthread_cond_broadcast(&q->not_empty);
    (void)pthread_mutex_unlock(&q->mutex);
}

void queue_close(struct queue *q)
{
    set_closed(q, true);
}

void queue_reopen(struct queue *q)
{
    set_closed(q, false);
}

/* Waits on c while *length == blocked; false on time-out. The mutex is held. */
static bool wait_change(struct queue *q, pthread_cond_t *c, size_t blocked, int64_t timeout_us)
{
    struct timespec until = {0};
    if (timeout_us > 0)
        until = clock_mono_after(timeout_us);
    while (q->length == blocked && !q->closed) {
        if (timeout_us == 0)
            return false;
        int rc = timeout_us < 0 ? pthread_cond_wait(c, &q->mutex)
                                : pthread_cond_timedwait(c, &q->mutex, &until);
        if (rc == ETIMEDOUT)
            return q->length != blocked;
    }
    return true;
}

enum err queue_push(struct queue *q, void *item, int64_t timeout_us)
{
    enum err rc = ERR_OK;
    (void)pthread_mutex_lock(&q->mutex);
    if (!wait_change(q, &q->not_full, q->capacity, timeout_us)) {
        rc = ERR_TIMEOUT;
    } else if (q->closed) {
        rc = ERR_CANCELED;
    } else {
        q->items[(q->head + q->length++) % q->capacity] = item;
        (void)pthread_cond_signal(&q->not_empty);
    }
    (void)pthread_mutex_unlock(&q->mutex);
    return rc;
}

enum err queue_pop(struct queue *q, void **item, int64_t timeout_us)
{
    enum err rc = ERR_OK;
    (void)pthread_mutex_lock(&q->mutex);
    if (!wait_change(q, &q->not_empty, 0, timeout_us)) {
        rc = ERR_TIMEOUT;
    } else if (!q->length) {
        rc = ERR_CANCELED;
    } else {
        *item = q->items[q->head];
        q->head = (q->head + 1) % q->capacity;
        q->length--;
        (void)pthread_cond_signal(&q->not_full);
    }
    (void)pthread_mutex_unlock(&q->mutex);
    return rc;
}

size_t queue_length(struct queue *q)
{
    (void)pthread_mutex_lock(&q->mutex);
    size_t n = q->length;
    (void)pthread_mutex_unlock(&q->mutex);
    return n;
}
