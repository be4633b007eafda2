#include "backend/base/stop.h"

#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static _Thread_local struct stop *bound;

enum err stop_init(struct stop *s, struct errbuf *e)
{
    s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return s->fd < 0 ? err_errno(e, ERR_IO, "cannot make an eventfd") : ERR_OK;
}

void stop_free(struct stop *s)
{
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = -1;
}

void stop_ask(struct stop *s)
{
    uint64_t one = 1;
    ssize_t k = write(s->fd, &one, sizeof one);
    (void)k; /* EAGAIN: it has been asked more than often enough */
}

void stop_take(struct stop *s)
{
    uint64_t count;
    ssize_t k = read(s->fd, &count, sizeof count);
    (void)k; /* EAGAIN: nobody asked */
}

struct stop *stop_bind(struct stop *s)
{
    struct stop *before = bound;
    bound = s;
    return before;
}

struct stop *stop_bound(void)
{
    return bound;
}

int stop_fd(void)
{
    return bound ? bound->fd : -1;
}

bool stop_asked(void)
{
    struct pollfd p = {.fd = stop_fd(), .events = POLLIN};
    return p.fd >= 0 && poll(&p, 1, 0) > 0;
}
