/*
 * Axes: where the ticks are and what they say.
 *
 * Ticks of numbers are Heckbert's: steps of 1, 2 or 5 times a power of ten, the ends of the axis
 * rounded outwards to a step (Paul S. Heckbert, "Nice Numbers for Graph Labels", in Graphics Gems,
 * ed. A. Glassner, Academic Press 1990, p. 61-63 and 657-659). All labels of an axis share a
 * prefix and a number of decimals. Ticks of times are at round places of the clock and the
 * calendar, and the axis keeps its ends.
 *
 * Pure. Thread rule: any thread.
 */
#ifndef VIEWS_CHART_SCALE_H
#define VIEWS_CHART_SCALE_H

#include <stdbool.h>
#include <stddef.h>

#include "views/chart/chart.h"

enum { TICKS_MAX = 8 };

struct scale {
    double least, most; /* least < most */
    double step;        /* 0: of the calendar */
    int n;
    double at[TICKS_MAX];
    char label[TICKS_MAX][CHART_VALUE_MAX];
};

/* The finite numbers that a chart computes with: up to this, either way. */
#define SCALE_LIMIT 1e300

/* The nearest nice number, or the next one up. x > 0. */
double scale_nice_number(double x, bool nearest);

/* At most `want` ticks (2..TICKS_MAX), three and more where want is 5 or more; whole: no step below
 * 1. least may be above most, or equal to it: then there is room around it. */
void scale_numbers(struct scale *s, double least, double most, int want, bool whole);

/* The same for seconds since 1970-01-01; dates: no step below a day. */
void scale_times(struct scale *s, double least, double most, int want, bool dates);

/* Where v is: 0 at least, 1 at most. */
double scale_part(const struct scale *s, double v);

#endif
