#include "views/spark.h"

#include <math.h>

int spark_samples(enum glyphs glyphs, int w)
{
    return glyphs == GLYPHS_BRAILLE ? 2 * w : w;
}

/* 0 for a gap, else 1..steps. */
static int step_of(double v, double least, double most, int steps)
{
    if (isnan(v))
        return 0;
    if (most <= least)
        return 1;
    int s = 1 + (int)((v - least) / (most - least) * (steps - 1) + 0.5);
    return s < 1 ? 1 : s > steps ? steps : s;
}

static wchar_t braille(int left, int right)
{
    /* dots of a column from the bottom: 7 3 2 1 and 8 6 5 4 */
    static const int lefts[] = {0, 0x40, 0x44, 0x46, 0x47};
    static const int rights[] = {0, 0x80, 0xa0, 0xb0, 0xb8};
    return (wchar_t)(0x2800 | lefts[left] | rights[right]);
}

static void put(struct grid *g, int y, int x, wchar_t ch)
{
    grid_fill(g, (struct rect){y, x, 1, 1}, STYLE_SPARK, ch);
}

void spark_draw(struct grid *g, int y, int x, int w, enum glyphs glyphs, const double *v, int n)
{
    static const char ascii[] = " _.-^";
    double least = 0;
    double most = 0;
    for (int i = 0; i < n; i++) {
        if (!isnan(v[i])) {
            least = v[i] < least ? v[i] : least;
            most = v[i] > most ? v[i] : most;
        }
    }
    int per_cell = glyphs == GLYPHS_BRAILLE ? 2 : 1;
    int steps = glyphs == GLYPHS_EIGHTHS ? 8 : 4;
    for (int cell = 0; cell < w; cell++) {
        int at = n - (w - cell) * per_cell;
        int a = at >= 0 && at < n ? step_of(v[at], least, most, steps) : 0;
        int b =
            per_cell == 2 && at + 1 >= 0 && at + 1 < n ? step_of(v[at + 1], least, most, steps) : 0;
        if (glyphs == GLYPHS_ASCII)
            put(g, y, x + cell, (wchar_t)ascii[a]);
        else if (!a && !b)
            put(g, y, x + cell, L' ');
        else
            put(g, y, x + cell, glyphs == GLYPHS_BRAILLE ? braille(a, b) : (wchar_t)(0x2580 + a));
    }
}
