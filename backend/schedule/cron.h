/*
 * Five-field cron and its @names: when does it fire, in a time zone.
 *
 *   minute 0-59, hour 0-23, day of month 1-31, month 1-12 or jan-dec, day of week 0-7 or sun-sat
 *   (0 and 7 are Sunday). In each: *, a value, a range a-b, a step (* or a range, then /n; a/n is
 *   from a on), lists with commas. Days of the week may wrap: fri-mon.
 *   @hourly @daily (@midnight) @weekly @monthly @yearly (@annually)
 *
 * When both days are given (neither begins with *), one of them is enough, as in Vixie's cron;
 * else both must fit.
 *
 * When clocks change. Vixie's rule, made exact: a schedule is *fixed* unless its minute or its hour
 * begins with *.
 * - Fixed: it fires when the wall clock reaches its time for the first time. A time that is skipped
 *   fires once, at the jump (together with others that are skipped); a time that comes twice fires
 *   the first time only. So a daily run is run each day.
 * - Else it fires at each minute that the wall clock shows, so every hour is run through once: what
 *   is skipped was no time at all, and an hour that comes twice is run twice.
 *
 * Plain data. Thread rule: any thread. Units: seconds since 1970 UTC.
 */
#ifndef SCHEDULE_CRON_H
#define SCHEDULE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/buf.h"
#include "backend/schedule/zone.h"

struct cron {
    uint64_t minutes; /* bit 0: minute 0 */
    uint32_t hours;
    uint32_t days;    /* bit 1: the first */
    uint16_t months;  /* bit 1: January */
    uint8_t weekdays; /* bit 0: Sunday */
    bool any_day;     /* the field begins with * */
    bool any_weekday; /* likewise */
    bool fixed;
};

/* ERR_CONFIG says which field is wrong and why; also for one that never fires (30 February). */
enum err cron_parse(const char *text, struct cron *out, struct errbuf *e) MUST_CHECK;

/* The first fire after, the last fire before that moment. INT64_MAX, INT64_MIN: there is none
 * within the calendar (years 1 to 9999). */
int64_t cron_next(const struct cron *c, const struct zone *z, int64_t after_s);
int64_t cron_previous(const struct cron *c, const struct zone *z, int64_t before_s);

/* "every 5 minutes", "at 12:05 every day", "at 00:00 on Monday". */
void cron_describe(const struct cron *c, struct buf *out);

#endif
