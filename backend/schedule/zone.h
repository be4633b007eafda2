/*
 * IANA time zones, read from the system's TZif files (RFC 8536), without the C library's global
 * TZ: several zones side by side, from any thread.
 *
 * Files are looked for in $TZDIR, else /usr/share/zoneinfo (package tzdata); UTC needs none. After
 * the file's last transition its footer's rule goes on for ever.
 *
 * Ownership: a zone lives in the arena that it was loaded into; immutable. Thread rule: any thread.
 * Units: seconds since 1970 UTC (`_s`); a local time is what the wall clock shows, counted in
 * seconds as if it were UTC.
 */
#ifndef SCHEDULE_ZONE_H
#define SCHEDULE_ZONE_H

#include <stdint.h>

#include "backend/base/arena.h"

enum { ZONE_ABBREVIATION_MAX = 16, ZONE_FILE_MAX = 1 << 20 };

struct zone;

/* "Europe/Berlin". ERR_CONFIG in words: no such zone (the nearest one), no tzdata, a broken file.
 */
enum err zone_load(const char *name, struct arena *a, const struct zone **out,
                   struct errbuf *e) MUST_CHECK;

/* From the bytes of a TZif file. ERR_CONFIG in words. */
enum err zone_parse(const void *bytes, size_t n, const char *name, struct arena *a,
                    const struct zone **out, struct errbuf *e) MUST_CHECK;

const struct zone *zone_utc(void);
const char *zone_name(const struct zone *z);

/* A time with one offset throughout: from <= t < to. INT64_MIN and INT64_MAX where it has no end.
 * Neighbours may have the same offset. */
struct zone_span {
    int64_t from_s;
    int64_t to_s;
    int offset_s; /* local = UTC + offset */
    char abbreviation[ZONE_ABBREVIATION_MAX];
};
struct zone_span zone_span_at(const struct zone *z, int64_t at_s);

int64_t zone_to_local(const struct zone *z, int64_t at_s);

/* The first moment at which the wall clock shows that time; where it is skipped, the moment of the
 * jump. */
int64_t zone_from_local(const struct zone *z, int64_t local_s);

/* The latest local time that had been shown, or jumped over, when the span at `from_s` began:
 * what is below it comes a second time. INT64_MIN at the beginning of time. */
int64_t zone_seen_before(const struct zone *z, const struct zone_span *span);

#endif
