#include "backend/warehouse/watch.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/stop.h"

enum {
    TICK_MOST_US = 5000000,
    TICK_LEAST_US = 50000,
    CANCEL_US = 2000000,     /* for a statement to end by a cancel request */
    CANCEL_STOP_US = 500000, /* .. after a stop */
    LAST_WORDS_US = 2000000, /* for the calls after the time-out: a rollback, say */
    US_PER_MS = 1000,
};

struct watch {
    int64_t timeout_us;
    int64_t grace_us; /* for the calls after a stop */
    void (*cancel)(void *arg);
    void *arg;
    struct link link;        /* the connection's */
    struct link cancel_link; /* of the cancel request, which may hang as well */
    pthread_t thread;
    pthread_t canceler;
    bool canceling; /* the canceler is to be joined */
    bool threaded;
    int wake_fd;
    int stop_fd; /* -1: none */
    _Atomic bool quit;
    _Atomic bool connecting;
    _Atomic bool waits;       /* a call runs .. */
    _Atomic int64_t since_us; /* .. since then (monotonic) */
    _Atomic bool expired;
    int64_t cancel_us;         /* when the cancel request went out; 0: none for this call */
    int64_t canceled_since_us; /* the call that it was for */
    int64_t stop_us;           /* when the stop was seen; 0: not asked */
    char words[160];
};

static void *canceler_main(void *arg)
{
    struct watch *w = arg;
    link_bind(&w->cancel_link);
    w->cancel(w->arg);
    link_bind(NULL);
    return NULL;
}

static void join_canceler(struct watch *w)
{
    if (!w->canceling)
        return;
    link_cut(&w->cancel_link);
    (void)pthread_join(w->canceler, NULL);
    w->canceling = false;
    link_free(&w->cancel_link);
}

static void give_up(struct watch *w)
{
    if (w->expired)
        return;
    if (w->stop_us)
        (void)snprintf(w->words, sizeof w->words, "no answer, and a stop was asked for: given up");
    else
        (void)snprintf(w->words, sizeof w->words, "no answer within %lld s: given up",
                       (long long)(w->timeout_us / 1000000));
    w->expired = true;
}

/* When the call that runs has had its time. */
static int64_t deadline(const struct watch *w, int64_t since)
{
    int64_t at = since + (w->expired ? LAST_WORDS_US : w->timeout_us);
    if (w->stop_us && at > w->stop_us + w->grace_us)
        at = w->stop_us + w->grace_us;
    return at;
}

static void look(struct watch *w)
{
    int64_t now = clock_mono_us();
    int64_t since = w->since_us;
    if (w->stop_us && w->connecting) {
        give_up(w);
        link_cut(&w->link);
        return;
    }
    if (!w->waits || w->connecting || now < deadline(w, since))
        return;
    bool asked_before = w->cancel_us && w->canceled_since_us == since;
    if (!asked_before && !w->canceling) {
        give_up(w);
        w->cancel_us = now;
        w->canceled_since_us = since;
        link_init(&w->cancel_link);
        w->canceling = pthread_create(&w->canceler, NULL, canceler_main, w) == 0;
        if (w->canceling)
            return;
        link_free(&w->cancel_link);
    }
    if (now < w->cancel_us + (w->stop_us ? CANCEL_STOP_US : CANCEL_US))
        return;
    link_cut(&w->link);
    join_canceler(w);
}

static int64_t tick(const struct watch *w)
{
    int64_t us = w->timeout_us / 8;
    if (w->stop_us || w->expired || us < TICK_LEAST_US)
        us = TICK_LEAST_US;
    return us > TICK_MOST_US ? TICK_MOST_US : us;
}

static void *watch_main(void *arg)
{
    struct watch *w = arg;
    while (!w->quit) {
        struct pollfd fds[2] = {{.fd = w->wake_fd, .events = POLLIN},
                                {.fd = w->stop_us ? -1 : w->stop_fd, .events = POLLIN}};
        int64_t us = tick(w);
        int n = poll(fds, 2, (int)(us / US_PER_MS));
        if (n > 0 && fds[1].revents)
            w->stop_us = clock_mono_us();
        look(w);
    }
    return NULL;
}

enum err watch_start(int64_t timeout_us, int64_t grace_us, void (*cancel)(void *arg), void *arg,
                     struct watch **out, struct errbuf *e)
{
    struct watch *w = calloc(1, sizeof *w);
    *out = NULL;
    if (!w)
        return err_set(e, ERR_NOMEM, "no memory for a warehouse connection");
    w->timeout_us = timeout_us;
    w->grace_us = grace_us;
    w->cancel = cancel;
    w->arg = arg;
    w->stop_fd = stop_fd();
    link_init(&w->link);
    w->threaded = timeout_us > 0;
    w->wake_fd = -1;
    *out = w;
    if (!w->threaded) {
        link_init(&w->cancel_link);
        return ERR_OK;
    }
    *out = NULL;
    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->wake_fd < 0 || pthread_create(&w->thread, NULL, watch_main, w) != 0) {
        if (w->wake_fd >= 0)
            (void)close(w->wake_fd);
        link_free(&w->link);
        free(w);
        return err_set(e, ERR_NOMEM, "cannot start the thread that watches a connection");
    }
    *out = w;
    return ERR_OK;
}

void watch_stop(struct watch *w)
{
    uint64_t one = 1;
    if (!w)
        return;
    w->quit = true;
    if (w->threaded) {
        ssize_t k = write(w->wake_fd, &one, sizeof one);
        (void)k; /* cannot fail on a counter that is 0 */
        (void)pthread_join(w->thread, NULL);
        join_canceler(w);
        (void)close(w->wake_fd);
    } else {
        link_free(&w->cancel_link);
    }
    link_free(&w->link);
    free(w);
}

void watch_connect_begin(struct watch *w)
{
    if (!w)
        return;
    link_bind(&w->link);
    w->connecting = true;
}

void watch_begin(struct watch *w)
{
    if (!w)
        return;
    w->since_us = clock_mono_us();
    w->waits = true;
}

void watch_end(struct watch *w)
{
    if (!w)
        return;
    link_bind(NULL);
    w->connecting = false;
    w->waits = false;
}

void watch_give_up(struct watch *w, const char *words)
{
    if (!w || w->expired)
        return;
    (void)snprintf(w->words, sizeof w->words, "%s", words);
    w->expired = true;
    link_cut(&w->cancel_link);
    link_cut(&w->link);
}

void watch_cancel_begin(struct watch *w)
{
    if (w && !w->threaded)
        link_bind(&w->cancel_link);
}

void watch_cancel_end(struct watch *w)
{
    if (w && !w->threaded)
        link_bind(NULL);
}

bool watch_waits(const struct watch *w)
{
    return w && w->waits;
}

const char *watch_given_up(const struct watch *w)
{
    return w && w->expired ? w->words : NULL;
}
