#include "backend/base/stop.h"

#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
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

enum err stop_init_timed(struct stop *s, struct errbuf *e)
{
    s->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return s->fd < 0 ? err_errno(e, ERR_IO, "cannot make a timerfd") : ERR_OK;
}

void stop_in(struct stop *s, int64_t us)
{
    enum { US_PER_S = 1000000, NS_PER_US = 1000 };
    const struct itimerspec t = {.it_value = {.tv_sec = (time_t)(us / US_PER_S),
                                              .tv_nsec = (long)(us % US_PER_S) * NS_PER_US}};
    const struct itimerspec now = {.it_value = {.tv_nsec = 1}}; /* 0 would mean never */
    (void)timerfd_settime(s->fd, 0, us > 0 ? &t : &now, NULL);
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
