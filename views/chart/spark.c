#include <math.h>

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

void chart_spark(struct grid *g, int y, int x, int w, enum glyphs glyphs, const double *v, int n)
{
    static const char ascii[] = " _.-^";
    double least = 0;
    double most = 0;
    for (int i = 0; i < n; i++) {
        if (isfinite(v[i])) {
            least = v[i] < least ? v[i] : least;
            most = v[i] > most ? v[i] : most;
        }
    }
    for (int cell = 0; cell < w; cell++) {
        int at = n - w + cell;
        int step =
            at >= 0 && at < n ? step_of(v[at], least, most, glyphs == GLYPHS_ASCII ? 4 : 8) : 0;
        put(g, y, x + cell,
            glyphs == GLYPHS_ASCII ? (wchar_t)ascii[step]
            : step                 ? (wchar_t)(0x2580 + step)
                                   : L' ');
    }
}
