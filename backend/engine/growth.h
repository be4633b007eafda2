/*
 * How fast a figure grows: over the last half minute or so, so that one batch does not decide.
 *
 * Plain data, zero to begin with. Thread rule: its owner's lock.
 */
#ifndef ENGINE_GROWTH_H
#define ENGINE_GROWTH_H

#include <stdint.h>

enum {
    GROWTH_SAMPLES = 16,
    GROWTH_STEP_US = 4000000,   /* samples stand at least so far apart */
    GROWTH_LEAST_US = 10000000, /* shorter spans tell nothing */
    GROWTH_MOST_US = 120000000, /* longer ones tell of what was */
};

struct growth {
    int n, next;
    struct {
        int64_t at_us;
        double value;
    } samples[GROWTH_SAMPLES];
};

/* at_us grows; a value that is NAN begins anew. */
void growth_add(struct growth *g, int64_t at_us, double value);
/* Per second, up to `value` at at_us; NAN: not known yet. */
double growth_rate(const struct growth *g, int64_t at_us, double value);

#endif
