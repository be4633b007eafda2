#include <math.h>
#include <stdio.h>

#include "views/chart/pieces.h"

enum { LABEL_LEAST = 4, LABEL_MOST = 24, BAR_LEAST = 4 };

struct bar_columns {
    int label, value; /* widths */
    int bar_x, bar_w;
    double least, most; /* of the bars' axis; 0 is in it */
};

/* What stands in the last row when not all have one. */
static struct chart_category the_rest(const struct chart *c, size_t from, char *label, size_t n)
{
    struct chart_category rest = {.label = label, .value = 0};
    for (size_t i = from; i < c->category_count; i++)
        if (isfinite(c->categories[i].value))
            rest.value += c->categories[i].value;
    (void)snprintf(label, n, "%zu more", c->category_count - from);
    return rest;
}

static void lay_out(struct bar_columns *b, struct rect r, const struct chart *c, size_t rows,
                    bool ascii)
{
    char text[CHART_VALUE_MAX];
    *b = (struct bar_columns){0};
    for (size_t i = 0; i < rows; i++) {
        double v = c->categories[i].value;
        int w = text_width(c->categories[i].label ? c->categories[i].label : "", ascii);
        b->label = w > b->label ? w : b->label;
        w = text_width(chart_value(v, text, sizeof text), ascii);
        b->value = w > b->value ? w : b->value;
        if (isfinite(v)) {
            b->least = fmin(b->least, fmax(v, -SCALE_LIMIT));
            b->most = fmax(b->most, fmin(v, SCALE_LIMIT));
        }
    }
    b->label = b->label > LABEL_MOST ? LABEL_MOST : b->label < LABEL_LEAST ? LABEL_LEAST : b->label;
    int room = r.w - b->label - b->value - 2;
    if (room < BAR_LEAST) { /* the label gives way first, then the bar */
        b->label += room - BAR_LEAST;
        b->label = b->label < LABEL_LEAST ? LABEL_LEAST : b->label;
        room = r.w - b->label - b->value - 2;
    }
    b->bar_x = r.x + b->label + 1;
    b->bar_w = room > 0 ? room : 0;
}

/* From where 0 is: to the right in eighths, to the left in whole cells. */
static void draw_bar(struct grid *g, int y, const struct bar_columns *b, const struct chart *c,
                     uint16_t style, double v)
{
    double range = b->most - b->least;
    if (!isfinite(v) || !(range > 0) || b->bar_w < 1)
        return;
    int zero = (int)(-b->least / range * b->bar_w + 0.5);
    if (v >= 0) {
        chart_bar(g, y, b->bar_x + zero, b->bar_w - zero, c->glyphs, style,
                  b->most > 0 ? v / b->most : 0);
        return;
    }
    int n = (int)(fmin(1, v / b->least) * zero + 0.5);
    n = n ? n : 1;
    grid_fill(g, (struct rect){y, b->bar_x + zero - n, 1, n}, style,
              c->glyphs == GLYPHS_ASCII ? L'#' : L'█');
}

static void draw_row(struct grid *g, struct rect r, int y, const struct bar_columns *b,
                     const struct chart *c, const struct chart_category *k, bool rest)
{
    char text[CHART_VALUE_MAX];
    uint16_t style = rest ? STYLE_DIM : STYLE_PLAIN;
    int label = r.w < b->label ? r.w : b->label;
    (void)grid_text(g, y, r.x, label, style, k->label ? k->label : "?");
    if (!rest) /* its sum would be out of scale */
        draw_bar(g, y, b, c, STYLE_SPARK, k->value);
    int room = r.w - label - 1;
    grid_text_right(g, y, r.x + r.w - (room < b->value ? room : b->value),
                    room < b->value ? room : b->value, style,
                    chart_value(k->value, text, sizeof text));
}

void chart_bars(struct grid *g, struct rect r, const struct chart *c)
{
    struct rect old;
    if (chart_begin(g, &r, c, NULL, &old)) {
        struct bar_columns b;
        char label[32];
        size_t rows = c->category_count;
        bool rest = rows > (size_t)r.h;
        rows = rest ? (size_t)r.h - 1 : rows;
        if (!c->category_count)
            chart_nothing(g, r, "no data");
        lay_out(&b, r, c, rest && rows ? rows : c->category_count, g->ascii);
        for (size_t i = 0; i < rows; i++)
            draw_row(g, r, r.y + (int)i, &b, c, &c->categories[i], false);
        if (rest) {
            struct chart_category k = the_rest(c, rows, label, sizeof label);
            char text[CHART_VALUE_MAX];
            int w = text_width(chart_value(k.value, text, sizeof text), g->ascii);
            b.value = w > b.value ? w : b.value;
            draw_row(g, r, r.y + (int)rows, &b, c, &k, true);
        }
    }
    g->clip = old;
}
