#include "backend/engine/growth.h"

#include <math.h>

void growth_add(struct growth *g, int64_t at_us, double value)
{
    int last = (g->next + GROWTH_SAMPLES - 1) % GROWTH_SAMPLES;
    if (isnan(value)) {
        g->n = 0;
        return;
    }
    if (g->n && at_us - g->samples[last].at_us < GROWTH_STEP_US)
        return;
    g->samples[g->next].at_us = at_us;
    g->samples[g->next].value = value;
    g->next = (g->next + 1) % GROWTH_SAMPLES;
    if (g->n < GROWTH_SAMPLES)
        g->n++;
}

double growth_rate(const struct growth *g, int64_t at_us, double value)
{
    for (int i = g->n; i > 0; i--) { /* the oldest first */
        int k = (g->next + GROWTH_SAMPLES - i) % GROWTH_SAMPLES;
        int64_t span = at_us - g->samples[k].at_us;
        if (span >= GROWTH_LEAST_US && span <= GROWTH_MOST_US)
            return (value - g->samples[k].value) * 1e6 / (double)span;
    }
    return NAN;
}
