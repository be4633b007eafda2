/*
 * Donuts, and the stacked bars that they become where colours or cells are few.
 *
 * A half-block makes two about square pixels of a cell, so a ring of them is about round. Each
 * pixel belongs to the slice that its angle falls into, clockwise from the top.
 */
#include <math.h>
#include <stdio.h>

#include "views/chart/pieces.h"

enum {
    SLICES_MAX = CHART_SERIES_MAX + 1, /* the last one is the rest */
    RING_LEAST = 8,                    /* pixels across: below, nobody sees a ring */
    RING_MOST = 40,
    RING_GOOD = 14,
    LEGEND_LEAST = 14,
    LEGEND_GOOD = 26,  /* columns with shares and figures */
    LABEL_ENOUGH = 12, /* columns of a label that may be cut for its figure */
    TOTAL_ACROSS = 18, /* pixels across from which the total stands in the middle */
};

struct slices {
    struct chart_category slice[SLICES_MAX];
    int n;
    int rest; /* the slice that is the rest; -1: there is none */
    double total;
    char rest_label[32];
};

/* Is a before b: the larger, else the earlier one? */
static bool before(const struct chart *c, size_t a, size_t b)
{
    double x = c->categories[a].value, y = c->categories[b].value;
    return x > y || (x == y && a < b);
}

static bool has_share(const struct chart *c, size_t i)
{
    return isfinite(c->categories[i].value) && c->categories[i].value > 0;
}

/* The largest category behind `after` in their order; category_count: none. */
static size_t next_largest(const struct chart *c, size_t after)
{
    size_t best = c->category_count;
    for (size_t i = 0; i < c->category_count; i++)
        if (has_share(c, i) && (after == c->category_count || before(c, after, i)) &&
            (best == c->category_count || before(c, i, best)))
            best = i;
    return best;
}

/* At most `most` slices, the last of them the rest. */
static void cut(struct slices *s, const struct chart *c, int most)
{
    size_t with = 0;
    *s = (struct slices){.rest = -1};
    for (size_t i = 0; i < c->category_count; i++) {
        if (has_share(c, i)) {
            with++;
            s->total += fmin(c->categories[i].value, SCALE_LIMIT);
        }
    }
    most = most > SLICES_MAX ? SLICES_MAX : most < 1 ? 1 : most;
    int own = with > (size_t)most ? most - 1 : (int)with;
    own = own > CHART_SERIES_MAX ? CHART_SERIES_MAX : own;
    double left = s->total;
    size_t at = c->category_count;
    for (; s->n < own; s->n++) {
        at = next_largest(c, at);
        s->slice[s->n] = c->categories[at];
        s->slice[s->n].value = fmin(s->slice[s->n].value, SCALE_LIMIT);
        left -= s->slice[s->n].value;
    }
    if ((size_t)own == with)
        return;
    (void)snprintf(s->rest_label, sizeof s->rest_label, "%zu more", with - (size_t)own);
    bool lone = (size_t)own + 1 == with; /* its own name says more */
    s->rest = s->n;
    s->slice[s->n++] = (struct chart_category){
        .label = lone ? c->categories[next_largest(c, at)].label : s->rest_label,
        .value = fmax(left, 0)};
}

static uint16_t slice_style(const struct slices *s, int i)
{
    return i == s->rest ? STYLE_SERIES_REST : (uint16_t)(STYLE_SERIES_1 + i);
}

/* ---- legend ---- */

/* "■ SVO  18.2 %  81,402", a row a slice. */
static void draw_legend(struct grid *g, struct rect r, const struct chart *c,
                        const struct slices *s, bool ring)
{
    char text[CHART_VALUE_MAX];
    int label = 0, value = 0, share = 6;
    for (int i = 0; i < s->n; i++) {
        int w = text_width(s->slice[i].label ? s->slice[i].label : "?", g->ascii);
        label = w > label ? w : label;
        w = text_width(chart_value(s->slice[i].value, text, sizeof text), g->ascii);
        value = w > value ? w : value;
    }
    if (label + 2 + share + 2 + value + 2 > r.w) { /* a share says more than its figure */
        int room = r.w - 2 - share - 2 - value - 2;
        value = room < LABEL_ENOUGH ? 0 : value;
        room = value ? room : r.w - 2 - share - 2;
        label = room < label ? room : label;
    }
    if (label < 1) {
        share = 0;
        label = r.w - 2;
    }
    for (int i = 0; i < s->n && i < r.h; i++) {
        int y = r.y + i;
        grid_fill(g, (struct rect){y, r.x, 1, 1}, slice_style(s, i),
                  ring ? L'■' : chart_fill(c, i == s->rest ? CHART_SERIES_MAX : (size_t)i));
        (void)grid_text(g, y, r.x + 2, label, STYLE_PLAIN,
                        s->slice[i].label ? s->slice[i].label : "?");
        if (share)
            grid_text_right(g, y, r.x + 2 + label + 2, share, STYLE_PLAIN,
                            chart_share(s->slice[i].value, s->total, text, sizeof text));
        if (share && value)
            grid_text_right(g, y, r.x + 2 + label + 2 + share + 2, value, STYLE_PLAIN,
                            chart_value(s->slice[i].value, text, sizeof text));
    }
}

/* ---- the ring ---- */

/* The slice of a pixel; -1: outside of the ring. */
static int slice_at(const struct slices *s, int across, int px, int py)
{
    double x = px + 0.5 - across / 2.0;
    double y = py + 0.5 - across / 2.0;
    double radius = sqrt(x * x + y * y);
    double outer = across / 2.0;
    if (radius > outer || radius < outer * 0.45)
        return -1;
    double turn = atan2(x, -y) / (2 * acos(-1));
    turn = turn < 0 ? turn + 1 : turn;
    double sum = 0;
    for (int i = 0; i < s->n; i++) {
        sum += s->slice[i].value / s->total;
        if (turn < sum)
            return i;
    }
    return s->n - 1; /* what rounding left over */
}

static void draw_ring(struct grid *g, int y, int x, int across, const struct slices *s)
{
    for (int row = 0; row < (across + 1) / 2; row++) {
        for (int col = 0; col < across; col++) {
            int top = slice_at(s, across, col, 2 * row);
            int bottom = 2 * row + 1 < across ? slice_at(s, across, col, 2 * row + 1) : -1;
            struct rect cell = {y + row, x + col, 1, 1};
            if (top < 0 && bottom < 0)
                continue;
            if (top < 0)
                grid_fill(g, cell, slice_style(s, bottom), L'▄');
            else if (bottom < 0)
                grid_fill(g, cell, slice_style(s, top), L'▀');
            else if (top == bottom)
                grid_fill(g, cell, slice_style(s, top), L'█');
            else
                grid_fill(g, cell,
                          slice_style(s, top) |
                              style_behind((enum style_role)slice_style(s, bottom)),
                          L'▀');
        }
    }
    char total[CHART_VALUE_MAX];
    int w = text_width(chart_value(s->total, total, sizeof total), g->ascii);
    if (across >= TOTAL_ACROSS && w <= across * 2 / 5)
        (void)grid_put(g, y + (across - 1) / 4, x + (across - w) / 2, w, STYLE_PLAIN, total);
}

/* ---- the stacked bar ---- */

/* Cells by largest remainders, so that they are w together. */
static void share_out(const struct slices *s, int w, int *cells)
{
    double remainder[SLICES_MAX];
    int left = w;
    for (int i = 0; i < s->n; i++) {
        double want = s->slice[i].value / s->total * w;
        cells[i] = (int)want;
        remainder[i] = want - cells[i];
        left -= cells[i];
    }
    for (; left > 0; left--) {
        int best = 0;
        for (int i = 1; i < s->n; i++)
            best = remainder[i] > remainder[best] ? i : best;
        cells[best]++;
        remainder[best] -= 1;
    }
}

static void draw_stacked(struct grid *g, struct rect r, const struct chart *c,
                         const struct slices *s)
{
    int cells[SLICES_MAX];
    int x = r.x;
    share_out(s, r.w, cells);
    for (int i = 0; i < s->n; x += cells[i++]) {
        char text[128], share[CHART_VALUE_MAX];
        const char *label = s->slice[i].label ? s->slice[i].label : "?";
        grid_fill(g, (struct rect){r.y, x, 1, cells[i]}, slice_style(s, i),
                  chart_fill(c, i == s->rest ? CHART_SERIES_MAX : (size_t)i));
        (void)snprintf(text, sizeof text, " %s %s ", label,
                       chart_share(s->slice[i].value, s->total, share, sizeof share));
        if (text_width(text, g->ascii) > cells[i] - 2)
            (void)snprintf(text, sizeof text, " %s ", label);
        int w = text_width(text, g->ascii);
        if (w <= cells[i] - 2)
            (void)grid_put(g, r.y, x + (cells[i] - w) / 2, w, STYLE_PLAIN, text);
    }
}

/* ---- all of it ---- */

/* Pixels across; 0: no ring. The legend gets room for figures, unless the ring is too small then.
 */
static int ring_across(struct rect r, const struct chart *c)
{
    if (c->glyphs != GLYPHS_BRAILLE || c->colours < COLOURS_16)
        return 0;
    int room = r.w - LEGEND_GOOD - 5; /* odd and even neighbours get the same ring */
    room = room < RING_GOOD ? r.w - LEGEND_LEAST - 5 : room;
    int across = 2 * r.h < room ? 2 * r.h : room;
    across = across > r.w / 2 ? r.w / 2 : across;
    across -= across % 2;
    return across < RING_LEAST ? 0 : across > RING_MOST ? RING_MOST : across;
}

void chart_donut(struct grid *g, struct rect r, const struct chart *c)
{
    struct rect old;
    if (chart_begin(g, &r, c, NULL, &old)) {
        struct slices s;
        int across = ring_across(r, c);
        cut(&s, c, across || r.h == 1 ? r.h == 1 ? SLICES_MAX : r.h : r.h - 1);
        if (!s.n) {
            chart_nothing(g, r, c->category_count ? "nothing above 0" : "no data");
        } else if (across) {
            int rows = s.n < r.h ? s.n : r.h;
            draw_ring(g, r.y + (r.h - across / 2) / 2, r.x + 1, across, &s);
            draw_legend(
                g, (struct rect){r.y + (r.h - rows) / 2, r.x + across + 4, rows, r.w - across - 4},
                c, &s, true);
        } else {
            draw_stacked(g, (struct rect){r.y, r.x, 1, r.w}, c, &s);
            if (r.h > 1)
                draw_legend(g, (struct rect){r.y + 1, r.x, r.h - 1, r.w}, c, &s, false);
        }
    }
    g->clip = old;
}
