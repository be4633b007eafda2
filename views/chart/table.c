#include <math.h>
#include <stdio.h>

#include "views/chart/pieces.h"

enum {
    TABLE_CELL = 256,
    COLUMN_MOST = 28,
    BAR_MOST = 16,
    BAR_LEAST = 3,
    GAP = 2,
    COLUMNS_MAX = 32
};

struct column {
    int text, bar; /* widths */
    double most;   /* of a column of figures */
    bool figure;
};

static void measure(struct grid *g, const struct chart_table *t, int column, size_t rows,
                    struct column *c)
{
    char text[TABLE_CELL];
    *c = (struct column){.figure = t->is_figure(t->ctx, column),
                         .text = text_width(t->title(t->ctx, column), g->ascii)};
    for (size_t i = 0; i < rows; i++) {
        int w = text_width(t->text(t->ctx, i, column, text, sizeof text), g->ascii);
        c->text = w > c->text ? w : c->text;
        double v = c->figure ? t->value(t->ctx, i, column) : NAN;
        if (isfinite(v) && v > c->most)
            c->most = v;
    }
    c->text = c->text > COLUMN_MOST ? COLUMN_MOST : c->text < 1 ? 1 : c->text;
}

/* May a column be shown in the n-th round? The first one, then figures, then words. */
static bool in_round(const struct column *c, int column, int n)
{
    return n == 0 ? column == 0 : column > 0 && c->figure == (n == 1);
}

/* Picks what fits; what is left over becomes bars. A column that is not shown has no text. */
static int fit(struct grid *g, struct rect r, const struct chart_table *t, size_t rows,
               struct column *columns)
{
    int n = t->columns < COLUMNS_MAX ? t->columns : COLUMNS_MAX;
    int used = -GAP, figures = 0;
    for (int i = 0; i < n; i++)
        measure(g, t, i, rows, &columns[i]);
    columns[0].text = columns[0].text > r.w ? r.w : columns[0].text;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < n; i++) {
            if (!in_round(&columns[i], i, round))
                continue;
            if (used + GAP + columns[i].text > r.w) {
                columns[i].text = 0;
                continue;
            }
            used += GAP + columns[i].text;
            figures += columns[i].figure && columns[i].most > 0;
        }
    }
    int bar = figures ? (r.w - used) / figures - 1 : 0;
    bar = bar > BAR_MOST ? BAR_MOST : bar;
    for (int i = 0; i < n && bar >= BAR_LEAST; i++)
        if (columns[i].text && columns[i].figure && columns[i].most > 0)
            columns[i].bar = bar;
    return n;
}

static void draw_cell(struct grid *g, int y, int x, const struct chart *c,
                      const struct chart_table *t, const struct column *col, size_t row, int column)
{
    char text[TABLE_CELL];
    const char *s = t->text(t->ctx, row, column, text, sizeof text);
    if (!col->figure) {
        (void)grid_text(g, y, x, col->text, STYLE_PLAIN, s);
        return;
    }
    if (col->bar) {
        chart_bar(g, y, x, col->bar, c->glyphs, STYLE_SPARK,
                  t->value(t->ctx, row, column) / col->most);
        x += col->bar + 1;
    }
    grid_text_right(g, y, x, col->text, STYLE_PLAIN, s);
}

static void draw(struct grid *g, struct rect r, const struct chart *c, const struct chart_table *t)
{
    struct column columns[COLUMNS_MAX];
    int head = r.h > 1 ? 1 : 0;
    size_t room = (size_t)(r.h - head);
    size_t rows = t->rows > room ? room - (room > 1) : t->rows;
    int n = fit(g, r, t, rows, columns);
    int x = r.x;
    for (int i = 0; i < n; i++) {
        const struct column *k = &columns[i];
        if (!k->text)
            continue;
        int w = k->text + (k->bar ? k->bar + 1 : 0);
        if (head && k->figure)
            grid_text_right(g, r.y, x, w, STYLE_HEADER, t->title(t->ctx, i));
        else if (head)
            (void)grid_text(g, r.y, x, w, STYLE_HEADER, t->title(t->ctx, i));
        for (size_t row = 0; row < rows; row++)
            draw_cell(g, r.y + head + (int)row, x, c, t, k, row, i);
        x += w + GAP;
    }
    if (rows < t->rows && room > 1)
        (void)grid_printf(g, r.y + r.h - 1, r.x, r.w, STYLE_DIM, "%zu more", t->rows - rows);
}

void chart_table(struct grid *g, struct rect r, const struct chart *c, const struct chart_table *t)
{
    struct rect old;
    char remark[64];
    (void)snprintf(remark, sizeof remark, "%zu row%s", t->rows, t->rows == 1 ? "" : "s");
    if (chart_begin(g, &r, c, remark, &old)) {
        if (!t->rows || t->columns < 1)
            chart_nothing(g, r, "no rows");
        else
            draw(g, r, c, t);
    }
    g->clip = old;
}
