/*
 * The deadline of what a warehouse connection waits for (internal to backend/warehouse).
 *
 * A thread of its own looks at the call that runs: over the time-out it cancels the statement, as
 * SQLCancel does; where that does not end the call it cuts the link (link.h). When the stop of the
 * thread that opened the connection is asked (base/stop.h), connecting ends at once, and calls have
 * grace_us, all together. After either the connection is of no use but to be closed.
 *
 * Thread rule: watch_begin and watch_end on the connection's thread, which may change.
 */
#ifndef WAREHOUSE_WATCH_H
#define WAREHOUSE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"
#include "backend/warehouse/link.h"

struct watch;

/* cancel(arg) must do no harm when nothing runs. timeout_us 0: no deadline and no thread; a person
 * looks at it, and watch_give_up says when it is enough. */
enum err watch_start(int64_t timeout_us, int64_t grace_us, void (*cancel)(void *arg), void *arg,
                     struct watch **out, struct errbuf *e) MUST_CHECK;
void watch_stop(struct watch *w); /* and frees; NULL is fine */

/* Around what makes the connection: its socket is noted. */
void watch_connect_begin(struct watch *w);
/* Around each call that may wait. NULL is fine: no deadline. */
void watch_begin(struct watch *w);
void watch_end(struct watch *w);

/* Any thread: the call that runs fails now, and all that come; a cancel that waits returns. Not
 * beside watch_stop. */
void watch_give_up(struct watch *w, const char *words);
/* Around a cancel, on its thread, where the watch has none of its own. */
void watch_cancel_begin(struct watch *w);
void watch_cancel_end(struct watch *w);
bool watch_waits(const struct watch *w); /* a call runs */

/* NULL, or why the calls fail: words for the error. */
const char *watch_given_up(const struct watch *w);

#endif
