/*
 * Design note
 *
 * The program's own `connect` stands before libc's for everything that is linked dynamically, ODBC
 * drivers among it, and hands each call on. Only for a thread that is bound does it do more. The
 * alternatives: a driver does not tell its socket; the socket cannot be told from others that
 * threads of libpq and librdkafka open at the same time; a thread that is left behind with the
 * driver leaks a connection whose transaction may commit later.
 */
#include "backend/warehouse/link.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static _Thread_local struct link *bound;

void link_init(struct link *l)
{
    (void)pthread_mutex_init(&l->mutex, NULL);
    l->fd = -1;
    l->cut = false;
}

static void forget(struct link *l)
{
    if (l->fd >= 0)
        (void)close(l->fd);
    l->fd = -1;
}

void link_free(struct link *l)
{
    forget(l);
    (void)pthread_mutex_destroy(&l->mutex);
}

void link_bind(struct link *l)
{
    bound = l;
}

void link_cut(struct link *l)
{
    (void)pthread_mutex_lock(&l->mutex);
    l->cut = true;
    if (l->fd >= 0)
        (void)shutdown(l->fd, SHUT_RDWR);
    (void)pthread_mutex_unlock(&l->mutex);
}

/* False: the link is cut. Only the newest socket counts: an address that failed is done with. */
static bool note(struct link *l, int fd)
{
    (void)pthread_mutex_lock(&l->mutex);
    bool whole = !l->cut;
    forget(l);
    if (whole)
        l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    (void)pthread_mutex_unlock(&l->mutex);
    return whole;
}

typedef int connect_fn(int fd, const struct sockaddr *address, socklen_t n);

/* libc declares it with a union of pointers that only glibc has. */
int link_connect(int fd, const struct sockaddr *address, socklen_t n) __asm__("connect");

int link_connect(int fd, const struct sockaddr *address, socklen_t n)
{
    static connect_fn *_Atomic next;
    connect_fn *real = next;
    if (!real) {
        void *symbol = dlsym(RTLD_NEXT, "connect");
        memcpy(&real, &symbol, sizeof real); /* ISO C knows no cast between the two */
        next = real;
    }
    if (bound && !note(bound, fd)) {
        errno = ECONNABORTED;
        return -1;
    }
    return real(fd, address, n);
}
