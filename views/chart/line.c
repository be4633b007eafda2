#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "views/chart/pieces.h"

enum {
    MARKER_EVERY = 16, /* columns between the markers of a series */
    LEGEND_TALL = 7,   /* rows from which a row goes to the legend */
    REMARK_MAX = 160,
};

/* ---- braille ---- */

/* Lights a dot; x and y count dots from the top left of p. */
static void dot(struct grid *g, struct rect p, int x, int y, uint16_t style)
{
    static const uint8_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    struct rect cell = {p.y + y / 4, p.x + x / 2, 1, 1};
    cell = rect_intersect(cell, g->clip);
    if (x < 0 || y < 0 || !cell.h || !cell.w)
        return;
    wchar_t old = g->cells[(size_t)cell.y * (size_t)g->w + (size_t)cell.x].ch[0];
    int dots = old >= 0x2800 && old <= 0x28ff ? (int)(old - 0x2800) : 0;
    grid_fill(g, cell, style, (wchar_t)(0x2800 | dots | bits[y % 4][x % 2]));
}

/* Bresenham's. */
static void dot_line(struct grid *g, struct rect p, int x0, int y0, int x1, int y1, uint16_t style)
{
    int dx = abs(x1 - x0), dy = -abs(y1 - y0);
    int sx = x0 < x1 ? 1 : -1, sy = y0 < y1 ? 1 : -1;
    int error = dx + dy;
    for (;;) {
        dot(g, p, x0, y0, style);
        if (x0 == x1 && y0 == y1)
            return;
        int twice = 2 * error;
        if (twice >= dy) {
            error += dy;
            x0 += sx;
        }
        if (twice <= dx) {
            error += dx;
            y0 += sy;
        }
    }
}

static int place(double part, int steps)
{
    return (int)(fmax(0, fmin(1, part)) * (steps - 1) + 0.5);
}

static bool point(const struct axes *a, const struct chart_series *s, size_t i, int *x, int *y)
{
    if (!isfinite(s->y[i]) || !isfinite(series_x(s, i)))
        return false;
    *x = place(scale_part(&a->x, series_x(s, i)), 2 * a->plot.w);
    *y = place(1 - scale_part(&a->y, s->y[i]), 4 * a->plot.h);
    return true;
}

static bool is_alone(const struct axes *a, const struct chart_series *s, size_t i)
{
    int x, y;
    return !(i > 0 && point(a, s, i - 1, &x, &y)) && !(i + 1 < s->n && point(a, s, i + 1, &x, &y));
}

/* A point with gaps on both sides is a marker: nobody sees a single dot. */
static void draw_dots(struct grid *g, const struct chart *c, const struct axes *a, size_t series)
{
    const struct chart_series *s = &c->series[series];
    uint16_t style = chart_style(c, series);
    int x0 = 0, y0 = 0, x, y;
    bool joined = false;
    for (size_t i = 0; i < s->n; i++) {
        bool known = point(a, s, i, &x, &y);
        if (known && is_alone(a, s, i))
            grid_fill(g, (struct rect){a->plot.y + y / 4, a->plot.x + x / 2, 1, 1}, style,
                      chart_marker(c, series));
        else if (known && joined)
            dot_line(g, a->plot, x0, y0, x, y, style);
        joined = known;
        x0 = x;
        y0 = y;
    }
}

/* Here and there along the line, and on its end; each series somewhere else. */
static void draw_markers(struct grid *g, const struct chart *c, const struct axes *a, size_t series)
{
    const struct chart_series *s = &c->series[series];
    const wchar_t mark = chart_marker(c, series);
    int x, y;
    int next = (int)(series * MARKER_EVERY / chart_shown(c));
    struct rect last = {0};
    for (size_t i = 0; i < s->n; i++) {
        if (!point(a, s, i, &x, &y))
            continue;
        last = (struct rect){a->plot.y + y / 4, a->plot.x + x / 2, 1, 1};
        if (x / 2 < next)
            continue;
        grid_fill(g, last, chart_style(c, series), mark);
        next = x / 2 + MARKER_EVERY;
    }
    grid_fill(g, last, chart_style(c, series), mark);
}

/* ---- without braille ---- */

/* A marker a column, joined upright. */
static void draw_steps(struct grid *g, const struct chart *c, const struct axes *a, size_t series,
                       const double *v)
{
    const struct rect p = a->plot;
    uint16_t style = chart_style(c, series);
    int before = -1;
    for (int x = 0; x < p.w; x++) {
        if (isnan(v[x])) {
            before = -1;
            continue;
        }
        int y = place(1 - scale_part(&a->y, v[x]), p.h);
        for (int k = y < before ? y + 1 : before + 1; before >= 0 && k < (y < before ? before : y);
             k++)
            grid_fill(g, (struct rect){p.y + k, p.x + x, 1, 1}, style,
                      c->glyphs == GLYPHS_ASCII ? L'|' : L'│');
        grid_fill(g, (struct rect){p.y + y, p.x + x, 1, 1}, style, chart_marker(c, series));
        before = y;
    }
}

static void draw_cells(struct grid *g, const struct chart *c, const struct axes *a)
{
    double v[GRID_SIDE_MAX];
    for (size_t k = chart_shown(c); k-- > 0;) {
        series_columns(&c->series[k], a->x.least, a->x.most, a->plot.w, v);
        if (c->series_count > 1 || c->glyphs == GLYPHS_ASCII) {
            draw_steps(g, c, a, k, v);
            continue;
        }
        for (int x = 0; x < a->plot.w; x++)
            column_draw(g, a->plot, a->plot.x + x, 1, c->glyphs, chart_style(c, k),
                        scale_part(&a->y, v[x]));
    }
}

/* On the axis below, where no series has anything. */
static void mark_gaps(struct grid *g, struct rect r, const struct chart *c, const struct axes *a)
{
    double v[GRID_SIDE_MAX];
    bool known[GRID_SIDE_MAX] = {false};
    const struct rect p = a->plot;
    if (p.y + p.h + 1 >= r.y + r.h)
        return;
    for (size_t k = 0; k < chart_shown(c); k++) {
        series_columns(&c->series[k], a->x.least, a->x.most, p.w, v);
        for (int x = 0; x < p.w; x++)
            known[x] = known[x] || !isnan(v[x]);
    }
    for (int x = 0; x < p.w; x++) {
        struct rect cell = rect_intersect((struct rect){p.y + p.h, p.x + x, 1, 1}, g->clip);
        if (known[x] || !cell.h || !cell.w)
            continue;
        wchar_t old = g->cells[(size_t)cell.y * (size_t)g->w + (size_t)cell.x].ch[0];
        if (old == L'─' || old == L'-') /* ticks stay */
            grid_fill(g, cell, STYLE_ATTENTION, g->ascii ? L'.' : L'╌');
    }
}

/* ---- legend ---- */

enum legend { LEGEND_NAMES, LEGEND_LAST, LEGEND_FULL };

static double last_of(const struct chart_series *s)
{
    for (size_t i = s->n; i-- > 0;)
        if (isfinite(s->y[i]))
            return s->y[i];
    return NAN;
}

/* "SVO  last 68  min 51  max 73", "SVO 68", "SVO"; returns its columns with the marker's. */
static int legend_entry(const struct chart *c, size_t series, enum legend form, char *out, size_t n)
{
    const struct chart_series *s = &c->series[series];
    char figures[REMARK_MAX] = "";
    const char *name = s->name ? s->name : "?";
    if (form == LEGEND_FULL)
        (void)series_summary(s, figures, sizeof figures);
    else if (form == LEGEND_LAST)
        (void)chart_value(last_of(s), figures, sizeof figures);
    (void)snprintf(out, n, "%.200s%s%s", name,
                   !*figures             ? ""
                   : form == LEGEND_FULL ? "  "
                                         : " ",
                   figures);
    return 2 + text_width(out, c->glyphs == GLYPHS_ASCII);
}

static int legend_width(const struct chart *c, enum legend form)
{
    char text[512];
    int w = -3;
    for (size_t k = 0; k < chart_shown(c); k++)
        w += legend_entry(c, k, form, text, sizeof text) + 3;
    return w;
}

/* In one row, with as many figures as all of them can have. */
static void draw_legend(struct grid *g, struct rect r, const struct chart *c)
{
    char text[512];
    enum legend form = LEGEND_FULL;
    while (form > LEGEND_NAMES && legend_width(c, form) > r.w)
        form--;
    int x = r.x;
    size_t k = 0;
    for (; k < chart_shown(c); k++) {
        int w = legend_entry(c, k, form, text, sizeof text);
        int room = r.x + r.w - x;
        if (k && w > room)
            break;
        grid_fill(g, (struct rect){r.y, x, 1, 1}, chart_style(c, k), chart_marker(c, k));
        (void)grid_text(g, r.y, x + 2, room - 2, STYLE_PLAIN, text);
        x += w + 3;
    }
    if (k < c->series_count)
        (void)grid_printf(g, r.y, x, r.x + r.w - x, STYLE_DIM, "and %zu more", c->series_count - k);
}

/* Tall enough: a row a series with all its figures. */
static int legend_rows(const struct chart *c, struct rect r)
{
    int shown = (int)chart_shown(c);
    if (c->series_count <= 1)
        return c->title || r.h < LEGEND_TALL ? 0 : 1;
    if (r.h < LEGEND_TALL - 1)
        return 0;
    return r.h >= 12 + shown && legend_width(c, LEGEND_FULL) > r.w
               ? shown + (c->series_count > CHART_SERIES_MAX ? 1 : 0)
               : 1;
}

static void draw_legend_rows(struct grid *g, struct rect r, const struct chart *c)
{
    char text[512];
    if (c->series_count <= 1) {
        grid_text_right(g, r.y, r.x, r.w, STYLE_PLAIN,
                        series_summary(&c->series[0], text, sizeof text));
        return;
    }
    if (r.h == 1) {
        draw_legend(g, r, c);
        return;
    }
    for (size_t k = 0; k < chart_shown(c); k++) {
        (void)legend_entry(c, k, LEGEND_FULL, text, sizeof text);
        grid_fill(g, (struct rect){r.y + (int)k, r.x, 1, 1}, chart_style(c, k), chart_marker(c, k));
        (void)grid_text(g, r.y + (int)k, r.x + 2, r.w - 2, STYLE_PLAIN, text);
    }
    if (c->series_count > CHART_SERIES_MAX)
        (void)grid_printf(g, r.y + CHART_SERIES_MAX, r.x, r.w, STYLE_DIM, "and %zu more",
                          c->series_count - CHART_SERIES_MAX);
}

/* ---- all of it ---- */

/* Two rows or one: the course of the first series, and its figures where there is room. */
static void draw_small(struct grid *g, struct rect r, const struct chart *c)
{
    char text[REMARK_MAX];
    double v[GRID_SIDE_MAX];
    struct extent e;
    chart_extent(c, &e);
    int w = r.w;
    if (r.h == 1 && !c->title) {
        (void)chart_value(last_of(&c->series[0]), text, sizeof text);
        int need = text_width(text, g->ascii) + 1;
        if (need < r.w / 2) {
            grid_text_right(g, r.y, r.x, r.w, STYLE_PLAIN, text);
            w -= need;
        }
    } else if (r.h > 1) {
        grid_text_right(g, r.y + 1, r.x, r.w, STYLE_PLAIN,
                        series_summary(&c->series[0], text, sizeof text));
    }
    series_columns(&c->series[0], e.x0, e.x1, w, v);
    chart_spark(g, r.y, r.x, w, c->glyphs, v, w);
}

static void draw_plot(struct grid *g, struct rect r, const struct chart *c, const struct extent *e)
{
    struct axes a;
    axes_draw(g, r, c, e, &a);
    mark_gaps(g, r, c, &a);
    if (c->glyphs != GLYPHS_BRAILLE) {
        draw_cells(g, c, &a);
        return;
    }
    for (size_t k = chart_shown(c); k-- > 0;)
        draw_dots(g, c, &a, k);
    for (size_t k = chart_shown(c); c->series_count > 1 && k-- > 0;)
        draw_markers(g, c, &a, k);
}

void chart_line(struct grid *g, struct rect r, const struct chart *c)
{
    char remark[REMARK_MAX];
    struct rect old;
    struct extent e;
    bool one = c->series_count == 1;
    if (chart_begin(g, &r, c, one ? series_summary(&c->series[0], remark, sizeof remark) : NULL,
                    &old)) {
        int legend = legend_rows(c, r);
        chart_extent(c, &e);
        if (!e.points) {
            chart_nothing(g, r, "no data");
        } else if (r.h <= 2) {
            draw_small(g, r, c);
        } else {
            struct rect below = {r.y + r.h - legend, r.x, legend, r.w};
            r.h -= legend;
            draw_plot(g, r, c, &e);
            if (legend)
                draw_legend_rows(g, below, c);
        }
    }
    g->clip = old;
}
