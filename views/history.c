#include "views/history.h"

#include <math.h>

void history_add(struct history *h, const struct snapshot *s)
{
    size_t at = h->n++ % HISTORY_SAMPLES;
    h->samples[HISTORY_WAL_BYTES_S][at] = s ? s->wal.bytes_s : NAN;
    h->samples[HISTORY_CAPTURE_RATE][at] = s ? s->capture.rate_s : NAN;
    h->samples[HISTORY_WAITING][at] = s ? s->queued.waiting : NAN;
    h->samples[HISTORY_RAW_RATE][at] = s ? s->raw.rate_s : NAN;
}

void history_last(const struct history *h, enum history_figure figure, size_t want, double *out)
{
    size_t kept = h->n < HISTORY_SAMPLES ? h->n : HISTORY_SAMPLES;
    for (size_t i = 0; i < want; i++) {
        size_t back = want - i; /* 1 is the newest */
        out[i] = back <= kept ? h->samples[figure][(h->n - back) % HISTORY_SAMPLES] : NAN;
    }
}
