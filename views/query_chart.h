/* The held rows of a query as a chart: `\chart line day passengers`, or a guess. Thread rule: one
 * thread at a time. */
#ifndef VIEWS_QUERY_CHART_H
#define VIEWS_QUERY_CHART_H

#include "views/chart/chart.h"
#include "views/query_result.h"

enum query_chart_kind {
    QUERY_CHART_NONE,
    QUERY_CHART_LINE,
    QUERY_CHART_BARS,
    QUERY_CHART_DONUT,
    QUERY_CHART_HISTOGRAM,
    QUERY_CHART_KINDS
};

struct query_chart {
    enum query_chart_kind kind;
    char x[128];                   /* a column's name; "": the first */
    char y[CHART_SERIES_MAX][128]; /* columns of figures */
    int n_y;                       /* 0: all of them */
};

/* The words behind \chart. False: what is wrong is in why. "off" and nothing is QUERY_CHART_NONE.
 */
bool query_chart_read(const char *words, struct query_chart *out, char *why, size_t n);

/* Line over what is a date or a figure, else bars. */
void query_chart_guess(const struct query_result *r, struct query_chart *out);

/* False, and nothing is drawn: `why` says what of it the result does not have. */
bool query_chart_draw(const struct query_chart *c, const struct query_result *r, struct grid *g,
                      struct rect where, enum glyphs glyphs, char *why, size_t n);

#endif
