/*
 * What the renderers of charts share: the heading, data cut down to what can be drawn, axes, marks.
 * For views/chart only.
 */
#ifndef VIEWS_CHART_PIECES_H
#define VIEWS_CHART_PIECES_H

#include "views/chart/chart.h"
#include "views/chart/scale.h"

/*
 * Draws the heading, with a remark at its right end (NULL: none), clips to what is left of *r,
 * which becomes smaller. False when nothing is left. Put `old` back into g->clip at the end, either
 * way.
 */
bool chart_begin(struct grid *g, struct rect *r, const struct chart *c, const char *remark,
                 struct rect *old);

/* In the middle: there is nothing to draw. */
void chart_nothing(struct grid *g, struct rect r, const char *why);

/* The series that are drawn. */
size_t chart_shown(const struct chart *c);

/* Of one series: the role of single charts; else its own. */
uint16_t chart_style(const struct chart *c, size_t series);

/* A marker of a series; a fill of a slice. */
wchar_t chart_marker(const struct chart *c, size_t series);
wchar_t chart_fill(const struct chart *c, size_t slice);

double series_x(const struct chart_series *s, size_t i);

struct extent {
    size_t points; /* with a finite y */
    double x0, x1; /* of all points with a finite x */
    double y0, y1;
    bool whole; /* every y is a whole number */
};

/* Over the series that are drawn. */
void chart_extent(const struct chart *c, struct extent *e);

/* What a column of a screen shows of a series between two x: the mean of its points in there, or
 * between the points before and after; NAN in a gap. */
double series_between(const struct chart_series *s, double from, double to);

/* v by column for all w columns. */
void series_columns(const struct chart_series *s, double x0, double x1, int w, double *v);

/* "last 68  min 51  max 73" of a series; "" when it has no point. */
char *series_summary(const struct chart_series *s, char *out, size_t n);

/* The axis of x below a plot of w columns. */
void x_scale(struct scale *x, const struct chart *c, const struct extent *e, int w);

struct axes {
    struct rect plot; /* what is inside */
    struct scale x, y;
};

enum { AXIS_WIDE = 18, AXIS_TALL = 5 }; /* the least size with labels */

/* Lays out and draws axes in r. y is over e's y (and 0 where from_zero), x over e's x in the way of
 * c->x. */
void axes_draw(struct grid *g, struct rect r, const struct chart *c, const struct extent *e,
               struct axes *a);

/* The parts of axes_draw for an x that is not the chart's own: lay out (a->y and the plot), then
 * draw with a->x. */
void axes_lay_out(struct grid *g, struct rect r, const struct chart *c, const struct extent *e,
                  struct axes *a);
void axes_paint(struct grid *g, struct rect r, const struct axes *a);

/* A column of w cells, its top at `part` of the plot's height, in eighths. */
void column_draw(struct grid *g, struct rect plot, int x, int w, enum glyphs glyphs, uint16_t style,
                 double part);

#endif
