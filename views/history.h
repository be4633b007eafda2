/*
 * The last samples of a few figures, for sparklines. NAN is a gap: nothing was known then.
 *
 * Ownership: plain data. Thread rule: one thread at a time.
 */
#ifndef VIEWS_HISTORY_H
#define VIEWS_HISTORY_H

#include <stddef.h>
#include <stdint.h>

#include "views/snapshot.h"

enum history_figure {
    HISTORY_WAL_BYTES_S,
    HISTORY_CAPTURE_RATE,
    HISTORY_WAITING,
    HISTORY_RAW_RATE,
    HISTORY_FIGURES
};

enum { HISTORY_SAMPLES = 120 };

struct history {
    double samples[HISTORY_FIGURES][HISTORY_SAMPLES];
    size_t n; /* samples that were ever added; the newest is at (n - 1) % HISTORY_SAMPLES */
};

/* s NULL: a gap in every figure. */
void history_add(struct history *h, const struct snapshot *s);

/* The last `want` samples, oldest first, into out; gaps where there are fewer. */
void history_last(const struct history *h, enum history_figure figure, size_t want, double *out);

#endif
