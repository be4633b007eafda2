#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "views/chart/pieces.h"

enum { GLYPH_ROWS = 6 }; /* the last one is for what hangs below the line */

struct glyph {
    char ch;
    uint8_t w;
    uint8_t row[GLYPH_ROWS]; /* bit 2 is the left one of three */
};

static const struct glyph font[] = {
    {'0', 3, {7, 5, 5, 5, 7, 0}}, {'1', 3, {2, 6, 2, 2, 7, 0}}, {'2', 3, {7, 1, 7, 4, 7, 0}},
    {'3', 3, {7, 1, 3, 1, 7, 0}}, {'4', 3, {5, 5, 7, 1, 1, 0}}, {'5', 3, {7, 4, 7, 1, 7, 0}},
    {'6', 3, {7, 4, 7, 5, 7, 0}}, {'7', 3, {7, 1, 2, 2, 2, 0}}, {'8', 3, {7, 5, 7, 5, 7, 0}},
    {'9', 3, {7, 5, 7, 1, 7, 0}}, {'-', 3, {0, 0, 7, 0, 0, 0}}, {'.', 1, {0, 0, 0, 0, 4, 0}},
    {',', 1, {0, 0, 0, 0, 4, 4}}, {' ', 1, {0, 0, 0, 0, 0, 0}}, {'k', 3, {4, 5, 6, 5, 5, 0}},
    {'M', 3, {5, 7, 7, 5, 5, 0}}, {'G', 3, {7, 4, 5, 5, 7, 0}}, {'T', 3, {7, 2, 2, 2, 2, 0}},
    {'P', 3, {7, 5, 7, 4, 4, 0}}, {'e', 3, {0, 7, 7, 4, 7, 0}}, {'+', 3, {0, 2, 7, 2, 0, 0}},
};

static const struct glyph *glyph_of(char ch)
{
    for (size_t i = 0; i < sizeof font / sizeof font[0]; i++)
        if (font[i].ch == ch)
            return &font[i];
    return NULL;
}

/* 0: it has a character without a big form. */
static int big_width(const char *text)
{
    int w = 0;
    for (; *text; text++) {
        const struct glyph *p = glyph_of(*text);
        if (!p)
            return 0;
        w += p->w + 1;
    }
    return w ? w - 1 : 0;
}

static int big_rows(enum glyphs glyphs)
{
    return glyphs == GLYPHS_ASCII ? GLYPH_ROWS : GLYPH_ROWS / 2;
}

static void draw_big(struct grid *g, int y, int x, enum glyphs glyphs, const char *text)
{
    static const wchar_t halves[] = L" ▄▀█";
    for (; *text; text++) {
        const struct glyph *p = glyph_of(*text);
        for (int row = 0; row < big_rows(glyphs); row++) {
            for (int col = 0; col < p->w; col++) {
                int bit = 4 >> col;
                wchar_t ch = glyphs == GLYPHS_ASCII ? (p->row[row] & bit ? L'#' : L' ')
                                                    : halves[(p->row[2 * row] & bit ? 2 : 0) +
                                                             (p->row[2 * row + 1] & bit ? 1 : 0)];
                grid_fill(g, (struct rect){y + row, x + col, 1, 1}, STYLE_PLAIN, ch);
            }
        }
        x += p->w + 1;
    }
}

/* "73 of 5,501": the other categories behind the figure, in words. */
static void draw_others(struct grid *g, struct rect r, int y, const struct chart *c, int first_x)
{
    char text[CHART_VALUE_MAX];
    int x = first_x;
    for (size_t i = 1; i < c->category_count && y < r.y + r.h; i++) {
        const struct chart_category *k = &c->categories[i];
        (void)chart_value(k->value, text, sizeof text);
        int w = text_width(k->label ? k->label : "", g->ascii) + text_width(text, g->ascii) + 1;
        if (x > r.x && x + w > r.x + r.w) {
            x = r.x + (first_x > r.x && r.w > 4 ? 1 : 0);
            y++;
        }
        if (y >= r.y + r.h)
            return;
        x += grid_text(g, y, x, r.x + r.w - x, STYLE_DIM, k->label ? k->label : "") + 1;
        x += grid_text(g, y, x, r.x + r.w - x, STYLE_PLAIN, text) + 2;
    }
}

static void draw_course(struct grid *g, struct rect r, int y, const struct chart *c)
{
    double v[GRID_SIDE_MAX];
    struct extent e;
    char text[160];
    chart_extent(c, &e);
    if (!e.points || y >= r.y + r.h || r.w < 4)
        return;
    const struct chart_series *s = &c->series[0];
    int w = r.w - 2 > 60 ? 60 : r.w - 2;
    if ((size_t)w > s->n && s->n)
        w = (int)s->n;
    series_columns(s, e.x0, e.x1, w, v);
    chart_spark(g, y, r.x + 1, w, c->glyphs, v, w);
    (void)series_summary(s, text, sizeof text);
    if (text_width(text, g->ascii) + w + 4 <= r.w)
        (void)grid_put(g, y, r.x + w + 3, r.w - w - 3, STYLE_DIM, text);
    else if (y + 1 < r.y + r.h)
        (void)grid_text(g, y + 1, r.x + 1, r.w - 1, STYLE_DIM, text);
}

static void draw(struct grid *g, struct rect r, const struct chart *c)
{
    char text[CHART_VALUE_MAX];
    (void)chart_value(c->categories[0].value, text, sizeof text);
    int big = big_width(text);
    int x = r.x + (r.w > 4 ? 1 : 0);
    int rows = big_rows(c->glyphs);
    if (big && big + 2 <= r.w && rows + 1 <= r.h) {
        int y = r.y + (r.h > rows + 3 ? 1 : 0);
        draw_big(g, y, x, c->glyphs, text);
        bool beside = big + 14 <= r.w;
        draw_others(g, r, beside ? y + (rows == 3 ? 2 : 4) : y + rows, c, beside ? x + big + 2 : x);
        draw_course(g, r, y + rows + (beside ? 0 : c->category_count > 1) + (r.h > rows + 4), c);
        return;
    }
    int y = r.y + (r.h > 4 ? 1 : 0);
    int used = grid_text(g, y, x, r.x + r.w - x, STYLE_PLAIN | STYLE_BOLD, text);
    draw_others(g, r, y, c, x + used + 2);
    draw_course(g, r, r.h > 4 ? y + 2 : y + 1, c);
}

void chart_stat(struct grid *g, struct rect r, const struct chart *c)
{
    struct rect old;
    if (chart_begin(g, &r, c, NULL, &old)) {
        if (!c->category_count)
            chart_nothing(g, r, "no data");
        else
            draw(g, r, c);
    }
    g->clip = old;
}
