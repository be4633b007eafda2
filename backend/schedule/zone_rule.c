#include "backend/schedule/zone_rule.h"

#include <ctype.h>
#include <string.h>

#include "backend/schedule/civil.h"

enum { HOURS_OF_OFFSET = 24, HOURS_OF_TIME = 167, DEFAULT_TIME_S = 2 * 3600 };

/* ---- reading ---- */

static bool read_number(const char **p, int min, int max, int *out)
{
    int v = 0;
    if (!isdigit((unsigned char)**p))
        return false;
    for (; isdigit((unsigned char)**p) && v <= max; (*p)++)
        v = v * 10 + (**p - '0');
    *out = v;
    return v >= min && v <= max;
}

/* [+-]h[h..][:mm[:ss]] in seconds */
static bool read_time(const char **p, int hours_max, int *out)
{
    int sign = 1, h = 0, m = 0, s = 0;
    if (**p == '+' || **p == '-')
        sign = *(*p)++ == '-' ? -1 : 1;
    if (!read_number(p, 0, hours_max, &h))
        return false;
    if (**p == ':') {
        (*p)++;
        if (!read_number(p, 0, 59, &m))
            return false;
        if (**p == ':') {
            (*p)++;
            if (!read_number(p, 0, 59, &s))
                return false;
        }
    }
    *out = sign * (h * 3600 + m * 60 + s);
    return true;
}

/* CET, <+03> */
static bool read_name(const char **p, char out[ZONE_ABBREVIATION_MAX])
{
    size_t n = 0;
    bool quoted = **p == '<';
    if (quoted)
        (*p)++;
    while (quoted ? isalnum((unsigned char)**p) || **p == '+' || **p == '-'
                  : isalpha((unsigned char)**p)) {
        if (n == ZONE_ABBREVIATION_MAX - 1)
            return false;
        out[n++] = *(*p)++;
    }
    memset(out + n, 0, ZONE_ABBREVIATION_MAX - n);
    if (quoted && *(*p)++ != '>')
        return false;
    return n >= 3;
}

static bool read_day(const char **p, struct zone_day *d)
{
    *d = (struct zone_day){.time_s = DEFAULT_TIME_S};
    bool good;
    if (**p == 'M') {
        (*p)++;
        d->kind = ZONE_DAY_WEEKDAY;
        good = read_number(p, 1, 12, &d->month) && *(*p)++ == '.' &&
               read_number(p, 1, 5, &d->week) && *(*p)++ == '.' && read_number(p, 0, 6, &d->day);
    } else if (**p == 'J') {
        (*p)++;
        d->kind = ZONE_DAY_JULIAN;
        good = read_number(p, 1, 365, &d->day);
    } else {
        d->kind = ZONE_DAY_ORDINAL;
        good = read_number(p, 0, 365, &d->day);
    }
    if (good && **p == '/') {
        (*p)++;
        good = read_time(p, HOURS_OF_TIME, &d->time_s);
    }
    return good;
}

bool zone_rule_parse(const char *text, struct zone_rule *r)
{
    int west = 0;
    memset(r, 0, sizeof *r);
    const char *p = text;
    if (!read_name(&p, r->standard) || !read_time(&p, HOURS_OF_OFFSET, &west))
        return false;
    r->standard_s = -west;
    if (!*p)
        return true;
    r->has_summer = true;
    r->summer_s = r->standard_s + 3600;
    if (!read_name(&p, r->summer))
        return false;
    if (*p && *p != ',') {
        if (!read_time(&p, HOURS_OF_OFFSET, &west))
            return false;
        r->summer_s = -west;
    }
    return *p == ',' && (p++, read_day(&p, &r->begin)) && *p == ',' &&
           (p++, read_day(&p, &r->end)) && !*p;
}

/* ---- spans ---- */

/* Local, in seconds. */
static int64_t day_in_year(const struct zone_day *d, int year)
{
    int64_t days;
    if (d->kind == ZONE_DAY_JULIAN) {
        bool behind_leap = d->day >= 60 && civil_month_days(year, 2) == 29;
        days = civil_to_days(year, 1, 1) + d->day - 1 + behind_leap;
    } else if (d->kind == ZONE_DAY_ORDINAL) {
        days = civil_to_days(year, 1, 1) + d->day;
    } else {
        int64_t first = civil_to_days(year, d->month, 1);
        int ahead = (d->day - civil_weekday(first) + 7) % 7;
        int of_month = ahead + (d->week - 1) * 7;
        while (of_month >= civil_month_days(year, d->month)) /* week 5 is the last one */
            of_month -= 7;
        days = first + of_month;
    }
    return days * CIVIL_DAY_S + d->time_s;
}

struct change {
    int64_t at_s;
    bool to_summer;
};

/* The change that comes later; of two at one moment (summer all year) the one to summer decides. */
static bool is_later(const struct change *a, const struct change *b)
{
    return a->at_s != b->at_s ? a->at_s > b->at_s : a->to_summer && !b->to_summer;
}

static void set_span(const struct zone_rule *r, bool summer, struct zone_span *out)
{
    out->offset_s = summer ? r->summer_s : r->standard_s;
    memcpy(out->abbreviation, summer ? r->summer : r->standard, sizeof out->abbreviation);
}

void zone_rule_span(const struct zone_rule *r, int64_t at_s, struct zone_span *out)
{
    int64_t first = civil_to_days(CIVIL_YEAR_MIN + 2, 1, 1) * CIVIL_DAY_S;
    int64_t last = civil_to_days(CIVIL_YEAR_MAX - 2, 1, 1) * CIVIL_DAY_S;
    *out = (struct zone_span){.from_s = INT64_MIN, .to_s = INT64_MAX};
    set_span(r, false, out);
    if (!r->has_summer)
        return;
    /* Beyond the calendar that anybody uses there is no summer. */
    if (at_s < first || at_s >= last) {
        if (at_s < first)
            out->to_s = first;
        else
            out->from_s = last;
        return;
    }
    int year = civil_from_days(civil_floor_div(at_s, CIVIL_DAY_S)).year;
    struct change before = {first, false}, after = {last, false};
    for (int y = year - 2; y <= year + 2; y++) {
        const struct change both[] = {{day_in_year(&r->begin, y) - r->standard_s, true},
                                      {day_in_year(&r->end, y) - r->summer_s, false}};
        for (int i = 0; i < 2; i++) {
            if (both[i].at_s <= at_s && is_later(&both[i], &before))
                before = both[i];
            if (both[i].at_s > at_s && both[i].at_s < after.at_s)
                after = both[i];
        }
    }
    out->from_s = before.at_s;
    out->to_s = after.at_s;
    set_span(r, before.to_summer, out);
}
