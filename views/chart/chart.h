/*
 * Charts: data of one shape, drawn into a rectangle of a grid.
 *
 * Every renderer is pure, draws nothing outside its rectangle, takes any data (none, one point, all
 * equal, negative, huge, NAN, infinite, labels of anything) and any size from 1x1 up, and gives up
 * its parts in a fixed order as room runs out: figures in words, labels, axes, then all but a row.
 *
 * What cannot be known is not drawn as zero: NAN and infinities are gaps. Colour never tells
 * something alone: several series have markers, slices have labels. By the level of glyphs a chart
 * is made of braille and half-blocks, of eighths of a block, or of ASCII; a donut becomes a
 * labelled stacked bar where colours (fewer than 16) or cells are few.
 *
 * Ownership: everything is borrowed for the call. Thread rule: that of the grid.
 */
#ifndef VIEWS_CHART_CHART_H
#define VIEWS_CHART_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "views/grid.h"

enum { CHART_SERIES_MAX = 6, CHART_VALUE_MAX = 32 };

/* Points in the order of x. */
struct chart_series {
    const char *name;
    const double *x; /* NULL: 0, 1, 2 .. */
    const double *y; /* NAN: a gap */
    size_t n;
};

struct chart_category {
    const char *label;
    double value;
};

enum chart_x {
    CHART_X_NUMBER,
    CHART_X_DATE, /* seconds since 1970-01-01 at midnight of a day */
    CHART_X_TIME, /* seconds since 1970-01-01, in the zone that `zone` names */
};

struct chart {
    const char *title; /* NULL: no heading is drawn */
    const char *unit;  /* of the figures; NULL: they have none */
    const char *zone;  /* of dates and times, "UTC"; NULL */
    enum chart_x x;
    bool from_zero; /* y starts at 0: rates, counts */
    enum glyphs glyphs;
    enum colours colours;
    const struct chart_series *series;
    size_t series_count;
    const struct chart_category *categories;
    size_t category_count;
};

/* Series over x, at most CHART_SERIES_MAX of them; the legend says when there are more. */
void chart_line(struct grid *g, struct rect r, const struct chart *c);

/* A row a category, from 0; what does not fit is summed up in the last row. */
void chart_bars(struct grid *g, struct rect r, const struct chart *c);

/* Shares of the categories above 0, the largest first; the rest is one slice. */
void chart_donut(struct grid *g, struct rect r, const struct chart *c);

/* How often the values of the first series fall into ranges of equal width. */
void chart_histogram(struct grid *g, struct rect r, const struct chart *c);

/* A row a series, the darker the higher. */
void chart_heat(struct grid *g, struct rect r, const struct chart *c);

/* The first category as a big figure, the others as small ones below, the first series as their
 * course. */
void chart_stat(struct grid *g, struct rect r, const struct chart *c);

/*
 * A sparkline: n figures, oldest first, right-aligned in one row of w cells; in eighths of a block
 * or four steps of ASCII. y starts at 0, or at the least figure when that is negative; a gap is a
 * blank, which is apart from zero (the lowest glyph).
 */
void chart_spark(struct grid *g, int y, int x, int w, enum glyphs glyphs, const double *v, int n);
/* The same as text, a character a figure: at most 3 bytes for each, and the end. */
void chart_spark_text(enum glyphs glyphs, const double *v, int n, char *out);

/*
 * Rows as they came, as many as fit, with a bar in the cells of columns of figures. The callbacks
 * get ctx.
 */
struct chart_table {
    int columns;
    size_t rows;
    const void *ctx;
    const char *(*title)(const void *ctx, int column);
    /* at most n bytes into out, or a text of its own; returns it */
    const char *(*text)(const void *ctx, size_t row, int column, char *out, size_t n);
    bool (*is_figure)(const void *ctx, int column);
    double (*value)(const void *ctx, size_t row, int column); /* of figures; NAN: none */
};

void chart_table(struct grid *g, struct rect r, const struct chart *c, const struct chart_table *t);

/* The heading alone, as every renderer draws it; *r becomes what is below it. */
void chart_head(struct grid *g, struct rect *r, const struct chart *c);

/* What stands above a chart: "Passengers by day, people (UTC)". Returns out. */
char *chart_heading(const struct chart *c, char *out, size_t n);

/* A figure for people: "81,402", "12.5", "1.2 M", "-". Returns out. */
char *chart_value(double v, char *out, size_t n);

/* Part of a whole: "18.2 %", "<0.1 %", "-". Returns out. */
char *chart_share(double part, double whole, char *out, size_t n);

/* A bar of w cells, filled from the left to the given part (0..1, NAN: not at all). */
void chart_bar(struct grid *g, int y, int x, int w, enum glyphs glyphs, uint16_t style,
               double part);

#endif
