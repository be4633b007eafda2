/*
 * Figures as people read them: "4.1 k/s", "52.0 MB", "3 m 12 s", "48,201". What is not known is
 * "-", never 0. Thread rule: any thread.
 */
#ifndef VIEWS_UNITS_H
#define VIEWS_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* What is not known: a real is NAN, an integer is this. */
#define UNKNOWN_INT INT64_MIN

enum { UNIT_TEXT_MAX = 32 };

/* Each writes at most n bytes and returns out. */
char *unit_count(int64_t v, char *out, size_t n);     /* 48,201 */
char *unit_short(double v, char *out, size_t n);      /* 41.2 k */
char *unit_rate(double per_s, char *out, size_t n);   /* 4.1 k/s */
char *unit_bytes(double v, char *out, size_t n);      /* 52.0 MB (powers of 1000) */
char *unit_bytes_rate(double v, char *out, size_t n); /* 1.2 MB/s */
char *unit_duration(double seconds, char *out,
                    size_t n); /* 8 ms, 11.4 s, 3 m 12 s, 2 h 14 m, 9 d 4 h */
char *unit_age(int64_t seconds, char *out, size_t n);    /* 12 s, 3 m, 2 h 14 m: changes seldom */
char *unit_clock(int64_t wall_us, char *out, size_t n);  /* 12:04:31, UTC */
char *unit_minute(int64_t wall_us, char *out, size_t n); /* 12:04, UTC */
char *unit_day(int64_t wall_us, char *out, size_t n);    /* 2026-11-24 12:04:31, UTC */

#endif
