/*
 * Deadlines on the monotonic clock, as a heap: the earliest is at hand, adding and taking away cost
 * the logarithm of their number.
 *
 * A timer lives in the caller's struct, zeroed before its first use; it must be taken away before
 * that goes. Thread rule: one thread at a time.
 */
#ifndef SCHEDULE_TIMERS_H
#define SCHEDULE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

struct timers;
struct timer {
    int64_t at_us;
    int place; /* in the heap, from 1; 0: not armed */
    void (*fire)(void *arg, struct timer *t);
    void *arg;
};

struct timers *timers_create(void); /* NULL without memory */
void timers_destroy(struct timers *h);

/* Arms it, or moves it; false without memory. */
bool timer_set(struct timers *h, struct timer *t, int64_t at_us);
void timer_clear(struct timers *h, struct timer *t);
static inline bool timer_armed(const struct timer *t)
{
    return t->place != 0;
}

/* INT64_MAX: none. */
int64_t timers_next(const struct timers *h);
/* Takes away and fires those that are due; they may arm and clear timers. */
void timers_fire(struct timers *h, int64_t now_us);

#endif
