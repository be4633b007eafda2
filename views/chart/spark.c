#include <math.h>
#include <string.h>

#include "views/chart/chart.h"

/* 0 for a gap, else 1..steps. */
static int step_of(double v, double least, double most, int steps)
{
    if (!isfinite(v))
        return 0;
    if (most <= least)
        return 1;
    int s = 1 + (int)((v / 2 - least / 2) / (most / 2 - least / 2) * (steps - 1) + 0.5);
    return s < 1 ? 1 : s > steps ? steps : s;
}

static void put(struct grid *g, int y, int x, wchar_t ch)
{
    grid_fill(g, (struct rect){y, x, 1, 1}, STYLE_SPARK, ch);
}

/* From 0, or from the least figure when that is negative. */
static void range_of(const double *v, int n, double *least, double *most)
{
    *least = *most = 0;
    for (int i = 0; i < n; i++) {
        if (isfinite(v[i])) {
            *least = v[i] < *least ? v[i] : *least;
            *most = v[i] > *most ? v[i] : *most;
        }
    }
}

static wchar_t glyph_of(enum glyphs glyphs, double v, double least, double most)
{
    static const char ascii[] = " _.-^";
    int step = step_of(v, least, most, glyphs == GLYPHS_ASCII ? 4 : 8);
    if (glyphs == GLYPHS_ASCII)
        return (wchar_t)ascii[step];
    return step ? (wchar_t)(0x2580 + step) : L' ';
}

void chart_spark(struct grid *g, int y, int x, int w, enum glyphs glyphs, const double *v, int n)
{
    double least;
    double most;
    range_of(v, n, &least, &most);
    for (int cell = 0; cell < w; cell++) {
        int at = n - w + cell;
        put(g, y, x + cell, at >= 0 && at < n ? glyph_of(glyphs, v[at], least, most) : L' ');
    }
}

void chart_spark_text(enum glyphs glyphs, const double *v, int n, char *out)
{
    struct buf b;
    double least;
    double most;
    range_of(v, n, &least, &most);
    buf_init(&b, 0);
    for (int i = 0; i < n; i++)
        utf8_put(&b, (uint32_t)glyph_of(glyphs, v[i], least, most));
    memcpy(out, buf_cstr(&b), b.len + 1);
    buf_free(&b);
}
