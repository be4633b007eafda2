/*
 * The rule of a TZif file's footer: POSIX's TZ notation with RFC 8536's wider hours.
 * Plain data. Thread rule: any thread.
 */
#ifndef SCHEDULE_ZONE_RULE_H
#define SCHEDULE_ZONE_RULE_H

#include <stdbool.h>

#include "backend/schedule/zone.h"

/* A day of each year, and a time on it (seconds, may lie outside the day). */
struct zone_day {
    enum { ZONE_DAY_JULIAN, ZONE_DAY_ORDINAL, ZONE_DAY_WEEKDAY } kind;
    int day; /* Jn: 1..365, never 29 February; n: 0..365; Mm.w.d: 0..6, Sunday first */
    int week;
    int month;
    int time_s;
};

struct zone_rule {
    int standard_s; /* offset, east positive */
    int summer_s;
    bool has_summer;
    struct zone_day begin; /* of summer time, in standard time */
    struct zone_day end;   /* in summer time */
    char standard[ZONE_ABBREVIATION_MAX];
    char summer[ZONE_ABBREVIATION_MAX];
};

/* False: no rule (or summer time without days for it). */
bool zone_rule_parse(const char *text, struct zone_rule *out);

void zone_rule_span(const struct zone_rule *r, int64_t at_s, struct zone_span *out);

#endif
