/* Clocks. Units are in the names. Thread rule: any thread. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

int64_t clock_mono_us(void); /* never goes back; for durations and deadlines */
/* The moment so long from now, for pthread_cond_timedwait on a condition of CLOCK_MONOTONIC. */
struct timespec clock_mono_after(int64_t timeout_us);
int64_t clock_wall_us(void); /* microseconds since 1970-01-01 UTC */
int64_t clock_wall_ns(void);

enum { CLOCK_TEXT_MAX = 40 };

/* "2026-11-24T12:04:31.123Z" into out (at least CLOCK_TEXT_MAX bytes); returns out. */
char *clock_format_utc(int64_t wall_us, char *out, size_t n);

#endif
