/*
 * Histograms: as many ranges as Sturges' rule asks for (Herbert A. Sturges, "The Choice of a Class
 * Interval", JASA 21, 1926), their width rounded to a nice number. A value on a border belongs to
 * the range above it, the largest one to the last range.
 */
#include <math.h>
#include <stdio.h>

#include "views/chart/pieces.h"

enum { BINS_MAX = 64 };

struct bins {
    int n;
    double first, width;
    double count[BINS_MAX];
};

static void count_bins(struct bins *b, const struct chart *c, const struct extent *e, int most)
{
    struct scale s;
    int want = (int)ceil(log2((double)e->points)) + 1;
    want = want > most ? most : want;
    want = want > BINS_MAX - 2 ? BINS_MAX - 2 : want < 1 ? 1 : want;
    scale_numbers(&s, e->y0, e->y1, 2, e->whole); /* room where all are equal */
    double range = fmax(e->y1 - e->y0, (s.most - s.least) * 1e-6);
    double width = scale_nice_number(range / want, false);
    width = e->whole && width < 1 ? 1 : width;
    *b = (struct bins){.first = floor(e->y0 / width) * width, .width = width};
    double last = floor((e->y1 - b->first) / width);
    b->n = last < BINS_MAX - 1 ? (int)fmax(last, 0) + 1 : BINS_MAX; /* rounding may be below 0 */
    const struct chart_series *v = &c->series[0];
    for (size_t i = 0; i < v->n; i++) {
        if (!isfinite(v->y[i]) || !isfinite(series_x(v, i)))
            continue;
        double at = (fmax(-SCALE_LIMIT, fmin(SCALE_LIMIT, v->y[i])) - b->first) / width;
        b->count[at < 0 ? 0 : at < b->n ? (int)at : b->n - 1]++;
    }
}

/* Borders that get a label: the ends, and so many between that they do not touch. */
static void label_borders(struct scale *x, const struct bins *b)
{
    double most = b->first + b->n * b->width;
    int every = (b->n + TICKS_MAX - 2) / (TICKS_MAX - 1);
    scale_numbers(x, b->first, most, TICKS_MAX, false);
    x->least = b->first;
    x->most = most;
    x->n = 0;
    for (int i = 0; i <= b->n && x->n < TICKS_MAX; i += every) {
        x->at[x->n] = b->first + i * b->width;
        (void)chart_value(x->at[x->n], x->label[x->n], sizeof x->label[x->n]);
        x->n++;
    }
}

static void draw(struct grid *g, struct rect r, const struct chart *c, const struct extent *e)
{
    struct bins b;
    struct axes a;
    struct chart counts = *c;
    counts.from_zero = true;
    count_bins(&b, c, e, r.w > 30 ? (r.w - 8) / 2 : r.w / 2 + 1);
    struct extent heights = {.whole = true, .points = 1};
    for (int i = 0; i < b.n; i++)
        heights.y1 = fmax(heights.y1, b.count[i]);
    axes_lay_out(g, r, &counts, &heights, &a);
    int w = a.plot.w / b.n;
    w = w < 1 ? 1 : w;
    a.plot.w = w * b.n < a.plot.w ? w * b.n : a.plot.w;
    label_borders(&a.x, &b);
    axes_paint(g, r, &a);
    for (int i = 0; i < b.n; i++)
        if (b.count[i] > 0) /* an empty range is empty */
            column_draw(g, a.plot, a.plot.x + i * w, w > 2 ? w - 1 : w, c->glyphs, STYLE_SPARK,
                        scale_part(&a.y, b.count[i]));
}

void chart_histogram(struct grid *g, struct rect r, const struct chart *c)
{
    struct rect old;
    struct chart one = *c;
    char remark[64];
    struct extent e;
    one.series_count = c->series_count ? 1 : 0;
    one.x = CHART_X_NUMBER;
    chart_extent(&one, &e);
    (void)snprintf(remark, sizeof remark, "%zu values", e.points);
    if (chart_begin(g, &r, &one, remark, &old)) {
        if (!e.points)
            chart_nothing(g, r, "no data");
        else
            draw(g, r, &one, &e);
    }
    g->clip = old;
}
