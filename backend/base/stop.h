/*
 * A request to end, as the thread that works knows it.
 *
 * A connector's run, or any other work that waits for servers, binds its thread to a stop; whatever
 * on that thread waits for an answer (connecting, a query, metadata) looks at it too, and ends with
 * ERR_CANCELED. What must be ended well in spite of the request (a commit, a flush) does not look.
 *
 * Ownership: the stop outlives the binding. Thread rule: stop_ask from any thread; the rest
 * concerns the calling thread. A thread that is made begins unbound.
 */
#ifndef BASE_STOP_H
#define BASE_STOP_H

#include <stdint.h>

#include "backend/base/err.h"

struct stop {
    int fd; /* an eventfd (or a timerfd): readable from the request until stop_take */
};

enum err stop_init(struct stop *s, struct errbuf *e) MUST_CHECK;
void stop_free(struct stop *s);
void stop_ask(struct stop *s);

/* One that is asked by time: what waits under it has a bound. stop_in says when (0: now), and takes
 * back what was said before; stop_ask is not for it. */
enum err stop_init_timed(struct stop *s, struct errbuf *e) MUST_CHECK;
void stop_in(struct stop *s, int64_t us);

/* The request is over. */
void stop_take(struct stop *s);

/* NULL: nothing may end this thread's waiting. Returns what was bound. */
struct stop *stop_bind(struct stop *s);
struct stop *stop_bound(void);
/* For poll, beside what is waited for; -1: this thread is not bound. */
int stop_fd(void);
bool stop_asked(void);

#endif
