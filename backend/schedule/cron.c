/*
 * A fire is found in two steps: the calendar alone (which local minutes fit), and the spans of
 * constant offset of the zone, which the search walks from one to the next. Within a span local
 * time and UTC differ by a constant, so nothing can go wrong there; the rules for changing clocks
 * apply only where a span begins.
 */
#include "backend/schedule/cron.h"

#include "backend/schedule/civil.h"

enum { MINUTE_S = 60, HOUR_S = 3600 };

/* ---- the calendar ---- */

static bool day_fits(const struct cron *c, const struct civil *d, int64_t days)
{
    bool day = c->days >> d->day & 1, weekday = c->weekdays >> civil_weekday(days) & 1;
    return c->any_day || c->any_weekday ? day && weekday : day || weekday;
}

/* The first (forward) or last fitting minute of a day from that minute on; -1: none. */
static int fitting_minute(const struct cron *c, int minute, int step)
{
    for (; minute >= 0 && minute < 24 * 60; minute += step) {
        if (!(c->hours >> minute / 60 & 1))
            minute = step > 0 ? minute / 60 * 60 + 59 : minute / 60 * 60;
        else if (c->minutes >> minute % 60 & 1)
            return minute;
    }
    return -1;
}

static int64_t first_calendar_s(void)
{
    return civil_to_days(CIVIL_YEAR_MIN, 1, 1) * CIVIL_DAY_S;
}

static int64_t last_calendar_s(void)
{
    return civil_to_days(CIVIL_YEAR_MAX, 12, 31) * CIVIL_DAY_S + CIVIL_DAY_S - MINUTE_S;
}

/* The first local time that fits in lo..hi, in seconds; INT64_MAX: none. */
static int64_t first_fit(const struct cron *c, int64_t lo, int64_t hi)
{
    if (lo < first_calendar_s())
        lo = first_calendar_s();
    if (hi > last_calendar_s())
        hi = last_calendar_s();
    if (lo > hi)
        return INT64_MAX;
    lo = civil_floor_div(lo + MINUTE_S - 1, MINUTE_S) * MINUTE_S;
    int64_t day = civil_floor_div(lo, CIVIL_DAY_S), last = civil_floor_div(hi, CIVIL_DAY_S);
    int minute = (int)((lo - day * CIVIL_DAY_S) / MINUTE_S);
    while (day <= last) {
        struct civil d = civil_from_days(day);
        int at = -1;
        if (!(c->months >> d.month & 1)) {
            day += civil_month_days(d.year, d.month) - d.day + 1;
        } else {
            if (day_fits(c, &d, day))
                at = fitting_minute(c, minute, 1);
            if (at >= 0)
                break;
            day++;
        }
        minute = 0;
        if (day > last)
            return INT64_MAX;
    }
    int64_t found = day * CIVIL_DAY_S + (int64_t)fitting_minute(c, minute, 1) * MINUTE_S;
    return found <= hi ? found : INT64_MAX;
}

/* The last one; INT64_MIN: none. */
static int64_t last_fit(const struct cron *c, int64_t lo, int64_t hi)
{
    if (lo < first_calendar_s())
        lo = first_calendar_s();
    if (hi > last_calendar_s())
        hi = last_calendar_s();
    if (lo > hi)
        return INT64_MIN;
    int64_t day = civil_floor_div(hi, CIVIL_DAY_S), first = civil_floor_div(lo, CIVIL_DAY_S);
    int minute = (int)((hi - day * CIVIL_DAY_S) / MINUTE_S);
    for (; day >= first; minute = 24 * 60 - 1) {
        struct civil d = civil_from_days(day);
        if (!(c->months >> d.month & 1)) {
            day -= d.day;
            continue;
        }
        int at = day_fits(c, &d, day) ? fitting_minute(c, minute, -1) : -1;
        if (at >= 0) {
            int64_t found = day * CIVIL_DAY_S + (int64_t)at * MINUTE_S;
            return found >= lo ? found : INT64_MIN;
        }
        day--;
    }
    return INT64_MIN;
}

/* ---- the zone ---- */

static int64_t local_begin(const struct zone_span *s)
{
    return s->from_s == INT64_MIN ? INT64_MIN : s->from_s + s->offset_s;
}

static int64_t local_end(const struct zone_span *s)
{
    return s->to_s == INT64_MAX ? INT64_MAX : s->to_s + s->offset_s - 1;
}

/* Where a span's own times begin: for a fixed schedule those that were shown before do not count.
 */
static int64_t first_new(const struct cron *c, const struct zone *z, const struct zone_span *s)
{
    int64_t begin = local_begin(s);
    int64_t seen = c->fixed ? zone_seen_before(z, s) : INT64_MIN;
    return seen > begin ? seen : begin;
}

/* Does something fire at the moment where the span begins, because it was skipped? */
static bool fires_at_jump(const struct cron *c, const struct zone *z, const struct zone_span *s)
{
    if (!c->fixed || s->from_s == INT64_MIN)
        return false;
    int64_t seen = zone_seen_before(z, s);
    return first_fit(c, seen, local_begin(s) - 1) != INT64_MAX;
}

int64_t cron_next(const struct cron *c, const struct zone *z, int64_t after_s)
{
    int64_t calendar_end = last_calendar_s() + 2 * CIVIL_DAY_S;
    if (after_s < first_calendar_s() - 2 * CIVIL_DAY_S)
        after_s = first_calendar_s() - 2 * CIVIL_DAY_S;
    if (after_s >= calendar_end)
        return INT64_MAX;
    struct zone_span s = zone_span_at(z, after_s);
    for (;;) {
        if (s.from_s > after_s && fires_at_jump(c, z, &s))
            return s.from_s;
        int64_t lo = after_s + 1 + s.offset_s, begin = first_new(c, z, &s);
        int64_t found = first_fit(c, lo > begin ? lo : begin, local_end(&s));
        if (found != INT64_MAX)
            return found - s.offset_s;
        if (s.to_s >= calendar_end)
            return INT64_MAX;
        s = zone_span_at(z, s.to_s);
    }
}

int64_t cron_previous(const struct cron *c, const struct zone *z, int64_t before_s)
{
    int64_t calendar_begin = first_calendar_s() - 2 * CIVIL_DAY_S;
    if (before_s > last_calendar_s() + 2 * CIVIL_DAY_S)
        before_s = last_calendar_s() + 2 * CIVIL_DAY_S;
    if (before_s <= calendar_begin)
        return INT64_MIN;
    struct zone_span s = zone_span_at(z, before_s - 1);
    for (;;) {
        int64_t hi = before_s - 1 + s.offset_s, end = local_end(&s);
        int64_t found = last_fit(c, first_new(c, z, &s), hi < end ? hi : end);
        if (found != INT64_MIN)
            return found - s.offset_s;
        if (fires_at_jump(c, z, &s))
            return s.from_s;
        if (s.from_s <= calendar_begin)
            return INT64_MIN;
        s = zone_span_at(z, s.from_s - 1);
    }
}
