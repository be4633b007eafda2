#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/chart/pieces.h"

enum { NAME_MOST = 20, LEVELS = 5, CELLS_LEAST = 8 };

/* From the least to the most; a gap is a blank. */
static const wchar_t *levels(enum glyphs glyphs)
{
    return glyphs == GLYPHS_ASCII ? L".-+*#" : L"·░▒▓█";
}

static void draw_row(struct grid *g, struct rect cells, const struct chart *c,
                     const struct chart_series *s, const struct extent *e, const struct scale *y)
{
    double v[GRID_SIDE_MAX];
    series_columns(s, e->x0, e->x1, cells.w, v);
    for (int x = 0; x < cells.w; x++) {
        if (isnan(v[x]))
            continue;
        double part = fmax(0, fmin(1, scale_part(y, v[x])));
        int level = v[x] <= y->least ? 0 : 1 + (int)(part * (LEVELS - 1) - 1e-9);
        level = level < LEVELS ? level : LEVELS - 1;
        grid_fill(g, (struct rect){cells.y, cells.x + x, 1, 1}, STYLE_SPARK,
                  levels(c->glyphs)[level]);
    }
}

/* "0 ·░▒▓█ 120" */
static void draw_key(struct grid *g, struct rect r, const struct chart *c, const struct scale *y)
{
    char a[CHART_VALUE_MAX], b[CHART_VALUE_MAX];
    int x = r.x;
    x += grid_put(g, r.y, x, r.w, STYLE_DIM, chart_value(y->least, a, sizeof a)) + 1;
    for (int i = 0; i < LEVELS && x < r.x + r.w; i++)
        grid_fill(g, (struct rect){r.y, x++, 1, 1}, STYLE_SPARK, levels(c->glyphs)[i]);
    (void)grid_put(g, r.y, x + 1, r.x + r.w - x - 1, STYLE_DIM, chart_value(y->most, b, sizeof b));
}

static int name_width(const struct chart *c, struct rect r, bool ascii)
{
    int w = 0;
    for (size_t i = 0; i < c->series_count; i++) {
        int n = text_width(c->series[i].name ? c->series[i].name : "", ascii);
        w = n > w ? n : w;
    }
    w = w > NAME_MOST ? NAME_MOST : w;
    w = w > r.w - CELLS_LEAST - 1 ? r.w - CELLS_LEAST - 1 : w;
    return w > 0 ? w + 1 : 0;
}

/* Over all series, however many; chart_extent stops at what a line chart draws. */
static void extent_of_all(const struct chart *c, struct extent *e)
{
    *e = (struct extent){.whole = true};
    bool any = false;
    for (size_t i = 0; i < c->series_count; i++) {
        struct extent one;
        struct chart part = *c;
        part.series = &c->series[i];
        part.series_count = 1;
        chart_extent(&part, &one);
        if (!one.points)
            continue;
        e->x0 = any ? fmin(e->x0, one.x0) : one.x0;
        e->x1 = any ? fmax(e->x1, one.x1) : one.x1;
        e->y0 = any ? fmin(e->y0, one.y0) : one.y0;
        e->y1 = any ? fmax(e->y1, one.y1) : one.y1;
        e->points += one.points;
        any = true;
    }
}

static void draw(struct grid *g, struct rect r, const struct chart *c, const struct extent *e)
{
    struct scale y = {.least = c->from_zero ? fmin(0, e->y0) : e->y0,
                      .most = c->from_zero ? fmax(0, e->y1) : e->y1};
    if (!(y.least < y.most))
        y.most = y.least + fmax(1, fabs(y.least));
    int name = name_width(c, r, g->ascii);
    bool more = c->series_count > (size_t)r.h && r.h > 1;
    int rows = more ? r.h - 1 : c->series_count < (size_t)r.h ? (int)c->series_count : r.h;
    for (int i = 0; i < rows; i++) {
        const struct chart_series *s = &c->series[i];
        (void)grid_text(g, r.y + i, r.x, name - 1, STYLE_PLAIN, s->name ? s->name : "");
        draw_row(g, (struct rect){r.y + i, r.x + name, 1, r.w - name}, c, s, e, &y);
    }
    if (more) {
        (void)grid_printf(g, r.y + rows, r.x, r.w, STYLE_DIM, "%zu more",
                          c->series_count - (size_t)rows);
        return;
    }
    int below = r.h - rows;
    if (below >= 2) {
        struct axes a = {.plot = {r.y + rows - 1, r.x + name, 1, r.w - name}};
        x_scale(&a.x, c, e, r.w - name);
        axes_paint(g, (struct rect){r.y, r.x + name, r.h, r.w - name}, &a);
    }
    if (below == 1 || below >= 3)
        draw_key(g, (struct rect){r.y + rows + (below == 1 ? 0 : 2), r.x, 1, r.w}, c, &y);
}

void chart_heat(struct grid *g, struct rect r, const struct chart *c)
{
    struct rect old;
    char remark[160];
    struct extent e;
    extent_of_all(c, &e);
    bool one = c->series_count == 1;
    if (chart_begin(g, &r, c, one ? series_summary(&c->series[0], remark, sizeof remark) : NULL,
                    &old)) {
        if (!e.points)
            chart_nothing(g, r, "no data");
        else
            draw(g, r, c, &e);
    }
    g->clip = old;
}
