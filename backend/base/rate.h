/*
 * So many at once, then so many a second. Thread rule: the owner's; one at a time.
 */
#ifndef BASE_RATE_H
#define BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct rate {           /* zeroed: full */
    int64_t millionths; /* of what may be taken now */
    int64_t counted_us; /* when that was so */
};

/* Takes one where there is one. now_us: monotonic. */
bool rate_take(struct rate *r, int at_once, int a_second, int64_t now_us);

#endif
