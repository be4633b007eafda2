#include "views/chart/scale.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "views/units.h"

enum { DAY = 86400, DECIMALS_MAX = 9 };

double scale_nice_number(double x, bool nearest)
{
    double power = pow(10, floor(log10(x)));
    double f = x / power;
    double nice = nearest ? (f < 1.5 ? 1
                             : f < 3 ? 2
                             : f < 7 ? 5
                                     : 10)
                          : (f <= 1   ? 1
                             : f <= 2 ? 2
                             : f <= 5 ? 5
                                      : 10);
    return nice * power;
}

double scale_part(const struct scale *s, double v)
{
    return (v - s->least) / (s->most - s->least);
}

static double limit(double v)
{
    return v < -SCALE_LIMIT ? -SCALE_LIMIT : v > SCALE_LIMIT ? SCALE_LIMIT : v;
}

/* Finite, in order, and apart by more than the numbers' own precision. */
static void make_room(double *least, double *most)
{
    double a = isfinite(*least) ? limit(*least) : 0;
    double b = isfinite(*most) ? limit(*most) : 0;
    *least = fmin(a, b);
    *most = fmax(a, b);
    double size = fmax(fabs(a), fabs(b));
    if (size < 1e-300) {
        *least = 0;
        *most = 1;
    } else if (*most - *least < size * 1e-9) {
        *least -= size * 0.1;
        *most += size * 0.1;
    }
}

/* 1.5 k beside 0.5 k: one prefix for all of them, by the largest. */
static void label_numbers(struct scale *s)
{
    static const struct {
        double above, by;
        const char *prefix;
    } prefixes[] = {{1e15, 1e15, " P"}, {1e12, 1e12, " T"}, {1e9, 1e9, " G"},
                    {1e6, 1e6, " M"},   {1e4, 1e3, " k"},   {0, 1, ""}};
    double size = fmax(fabs(s->least), fabs(s->most));
    size_t p = 0;
    while (size < prefixes[p].above)
        p++;
    double digits = -floor(log10(s->step / prefixes[p].by) + 1e-9);
    int decimals = digits < 0 ? 0 : (int)digits;
    int significant = 1 + (int)ceil(log10(size / s->step) - 1e-9);
    for (int i = 0; i < s->n; i++) {
        double v = s->at[i];
        if (size >= 1e18 || decimals > DECIMALS_MAX || size < 1e-6)
            (void)snprintf(s->label[i], sizeof s->label[i], "%.*g", significant, v);
        else if (v == 0)
            (void)snprintf(s->label[i], sizeof s->label[i], "0");
        else if (!decimals && !*prefixes[p].prefix)
            (void)unit_count((int64_t)v, s->label[i], sizeof s->label[i]);
        else
            (void)snprintf(s->label[i], sizeof s->label[i], "%.*f%s", decimals, v / prefixes[p].by,
                           prefixes[p].prefix);
    }
}

void scale_numbers(struct scale *s, double least, double most, int want, bool whole)
{
    want = want < 2 ? 2 : want > TICKS_MAX ? TICKS_MAX : want;
    make_room(&least, &most);
    double step = scale_nice_number(scale_nice_number(most - least, false) / (want - 1), true);
    step = whole && step < 1 ? 1 : step;
    double first, last;
    for (;;) {
        first = floor(least / step + 1e-9);
        last = ceil(most / step - 1e-9);
        if (last - first + 1 <= want)
            break;
        step = scale_nice_number(step * 1.5, false);
    }
    if (last <= first)
        last = first + 1;
    *s = (struct scale){.least = first * step, .most = last * step, .step = step};
    for (double k = first; k <= last && s->n < TICKS_MAX; k++)
        s->at[s->n++] = k * step;
    label_numbers(s);
}

/* ---- times ---- */

struct time_step {
    double seconds; /* about, of months and years */
    int months;     /* 0: it is exact */
};

static const struct time_step time_steps[] = {
    {1, 0},
    {2, 0},
    {5, 0},
    {10, 0},
    {15, 0},
    {30, 0},
    {60, 0},
    {120, 0},
    {300, 0},
    {600, 0},
    {900, 0},
    {1800, 0},
    {3600, 0},
    {7200, 0},
    {10800, 0},
    {21600, 0},
    {43200, 0},
    {DAY, 0},
    {2.0 * DAY, 0},
    {7.0 * DAY, 0},
    {14.0 * DAY, 0},
    {30.0 * DAY, 1},
    {91.0 * DAY, 3},
    {182.0 * DAY, 6},
    {365.0 * DAY, 12},
    {730.0 * DAY, 24},
    {1826.0 * DAY, 60},
    {3652.0 * DAY, 120},
    {18262.0 * DAY, 600},
    {36525.0 * DAY, 1200},
};

/* Beyond it years have five digits: such numbers are no times. */
#define TIME_LIMIT 2e11

static bool to_calendar(double seconds, struct tm *tm)
{
    time_t t = (time_t)floor(seconds);
    return gmtime_r(&t, tm) != NULL;
}

static double month_start(long month)
{
    struct tm first = {
        .tm_year = (int)(month / 12 - 1900), .tm_mon = (int)(month % 12), .tm_mday = 1};
    return (double)timegm(&first);
}

/* Months since year 0, and those of the first one that starts at or after it. */
static long month_of(double seconds, bool next)
{
    struct tm tm;
    if (!to_calendar(seconds, &tm))
        return 0;
    long month = (tm.tm_year + 1900L) * 12 + tm.tm_mon;
    return next && month_start(month) < seconds ? month + 1 : month;
}

/* Ticks of a step of months, from January of a year that the step divides. */
static void month_ticks(struct scale *s, int months)
{
    long month = month_of(s->least, true);
    for (month += (months - month % months) % months; s->n < TICKS_MAX; month += months) {
        double at = month_start(month);
        if (at > s->most)
            return;
        s->at[s->n++] = at;
    }
}

/* Weeks start on Mondays; 1970-01-05 was one. */
static double step_origin(double step)
{
    return step >= 7.0 * DAY ? 4.0 * DAY : 0;
}

static void second_ticks(struct scale *s, double step)
{
    double origin = step_origin(step);
    double k = ceil((s->least - origin) / step);
    for (; origin + k * step <= s->most && s->n < TICKS_MAX; k++)
        s->at[s->n++] = origin + k * step;
}

static double count_ticks(const struct scale *s, const struct time_step *step)
{
    double origin = step_origin(step->seconds);
    if (step->months)
        return floor((double)month_of(s->most, false) / step->months) -
               ceil((double)month_of(s->least, true) / step->months) + 1;
    return floor((s->most - origin) / step->seconds) - ceil((s->least - origin) / step->seconds) +
           1;
}

static void label_time(const struct scale *s, const struct time_step *step, double at, char *out,
                       size_t n)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    if (!to_calendar(at, &tm)) {
        (void)snprintf(out, n, "-");
        return;
    }
    bool midnight = tm.tm_hour == 0 && tm.tm_min == 0 && tm.tm_sec == 0;
    if (step->months >= 12)
        (void)snprintf(out, n, "%d", tm.tm_year + 1900);
    else if (step->months)
        (void)snprintf(out, n, "%s %d", months[tm.tm_mon], tm.tm_year + 1900);
    else if (step->seconds >= DAY || (midnight && s->most - s->least >= DAY))
        (void)snprintf(out, n, "%d %s", tm.tm_mday, months[tm.tm_mon]);
    else if (step->seconds >= 60)
        (void)snprintf(out, n, "%02d:%02d", tm.tm_hour, tm.tm_min);
    else
        (void)snprintf(out, n, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void scale_times(struct scale *s, double least, double most, int want, bool dates)
{
    want = want < 2 ? 2 : want > TICKS_MAX ? TICKS_MAX : want;
    if (!(fabs(least) < TIME_LIMIT) || !(fabs(most) < TIME_LIMIT)) {
        scale_numbers(s, least, most, want, false);
        return;
    }
    *s = (struct scale){.least = fmin(least, most), .most = fmax(least, most)};
    if (s->most - s->least < 1) { /* one moment: it is the only tick there can be */
        s->least -= dates ? DAY / 2.0 : 0.5;
        s->most = s->least + (dates ? DAY : 1);
    }
    size_t i = 0;
    const size_t steps = sizeof time_steps / sizeof time_steps[0];
    while (i + 1 < steps &&
           ((dates && time_steps[i].seconds < DAY) || count_ticks(s, &time_steps[i]) > want))
        i++;
    if (time_steps[i].months)
        month_ticks(s, time_steps[i].months);
    else
        second_ticks(s, time_steps[i].seconds);
    for (int k = 0; k < s->n; k++)
        label_time(s, &time_steps[i], s->at[k], s->label[k], sizeof s->label[k]);
}
