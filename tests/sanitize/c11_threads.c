/*
 * C11 threads by way of POSIX ones, for SAN=thread alone.
 *
 * librdkafka uses <threads.h>. ThreadSanitizer intercepts pthread_create and friends only: a thread
 * of thrd_create has no shadow stack, and the runtime itself crashes in it as soon as it has
 * something to report. Linked into the program, these stand before the C library's; glibc's own are
 * the same thin layer over the same objects.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "glibc's mtx_t is a POSIX mutex");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "glibc's cnd_t is a POSIX condition");

struct start {
    thrd_start_t fn;
    void *arg;
};

static void *run(void *arg)
{
    struct start s = *(struct start *)arg;
    free(arg);
    return (void *)(intptr_t)s.fn(s.arg);
}

static int result(int rc)
{
    switch (rc) {
    case 0:
        return thrd_success;
    case ENOMEM:
        return thrd_nomem;
    case ETIMEDOUT:
        return thrd_timedout;
    case EBUSY:
        return thrd_busy;
    default:
        return thrd_error;
    }
}

int thrd_create(thrd_t *thread, thrd_start_t fn, void *arg)
{
    struct start *s = malloc(sizeof *s);
    if (!s)
        return thrd_nomem;
    *s = (struct start){fn, arg};
    int rc = pthread_create((pthread_t *)thread, NULL, run, s);
    if (rc)
        free(s);
    return result(rc);
}

int thrd_join(thrd_t thread, int *out)
{
    void *value;
    int rc = pthread_join((pthread_t)thread, &value);
    if (!rc && out)
        *out = (int)(intptr_t)value;
    return result(rc);
}

int mtx_init(mtx_t *m, int type)
{
    pthread_mutexattr_t a;
    (void)pthread_mutexattr_init(&a);
    if (type & mtx_recursive)
        (void)pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE);
    int rc = pthread_mutex_init((pthread_mutex_t *)m, &a);
    (void)pthread_mutexattr_destroy(&a);
    return result(rc);
}

int mtx_lock(mtx_t *m)
{
    return result(pthread_mutex_lock((pthread_mutex_t *)m));
}

int mtx_unlock(mtx_t *m)
{
    return result(pthread_mutex_unlock((pthread_mutex_t *)m));
}

void mtx_destroy(mtx_t *m)
{
    (void)pthread_mutex_destroy((pthread_mutex_t *)m);
}

int cnd_init(cnd_t *c)
{
    return result(pthread_cond_init((pthread_cond_t *)c, NULL));
}

int cnd_signal(cnd_t *c)
{
    return result(pthread_cond_signal((pthread_cond_t *)c));
}

int cnd_broadcast(cnd_t *c)
{
    return result(pthread_cond_broadcast((pthread_cond_t *)c));
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
    return result(pthread_cond_wait((pthread_cond_t *)c, (pthread_mutex_t *)m));
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until)
{
    return result(pthread_cond_timedwait((pthread_cond_t *)c, (pthread_mutex_t *)m, until));
}

void cnd_destroy(cnd_t *c)
{
    (void)pthread_cond_destroy((pthread_cond_t *)c);
}

void call_once(once_flag *flag, void (*fn)(void))
{
    (void)pthread_once((pthread_once_t *)flag, fn);
}
