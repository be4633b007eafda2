#include "views/chart/pieces.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "views/units.h"

/* ---- words ---- */

char *chart_value(double v, char *out, size_t n)
{
    if (!isfinite(v))
        (void)snprintf(out, n, "-");
    else if (fabs(v) >= 1e15)
        (void)snprintf(out, n, "%.4g", v);
    else if (fabs(v) >= 1e7)
        (void)unit_short(v, out, n);
    else if (v == floor(v) || fabs(v) >= 999.95)
        (void)unit_count((int64_t)round(v), out, n);
    else if (fabs(v) < 0.005)
        (void)snprintf(out, n, "%.2g", v);
    else
        (void)snprintf(out, n, "%.*f", fabs(v) < 10 ? 2 : 1, v);
    return out;
}

char *chart_share(double part, double whole, char *out, size_t n)
{
    double percent = part / whole * 100;
    if (!isfinite(percent))
        (void)snprintf(out, n, "-");
    else if (percent > 0 && percent < 0.05)
        (void)snprintf(out, n, "<0.1 %%");
    else
        (void)snprintf(out, n, "%.1f %%", percent);
    return out;
}

char *chart_heading(const struct chart *c, char *out, size_t n)
{
    bool zone = c->zone && c->x != CHART_X_NUMBER;
    const char *title = c->title ? c->title : "";
    bool unit = c->unit && !strcasestr(title, c->unit); /* "Passengers, passengers" says it twice */
    (void)snprintf(out, n, "%s%s%s%s%s%s", title, unit ? ", " : "", unit ? c->unit : "",
                   zone ? " (" : "", zone ? c->zone : "", zone ? ")" : "");
    return out;
}

static struct rect clamp_rect(struct rect r)
{
    r.h = r.h < 0 ? 0 : r.h > GRID_SIDE_MAX ? GRID_SIDE_MAX : r.h;
    r.w = r.w < 0 ? 0 : r.w > GRID_SIDE_MAX ? GRID_SIDE_MAX : r.w;
    return r;
}

/* "─ Title, unit ──────── remark ─" */
static void draw_heading(struct grid *g, struct rect r, const struct chart *c, const char *remark)
{
    char text[512];
    grid_fill(g, (struct rect){r.y, r.x, 1, r.w}, STYLE_RULE, g->ascii ? L'-' : L'─');
    (void)chart_heading(c, text, sizeof text);
    int used = r.w > 4 ? grid_text(g, r.y, r.x + 2, r.w - 4, STYLE_TITLE, text) : 0;
    if (used)
        grid_fill(g, (struct rect){r.y, r.x + 1, 1, 1}, STYLE_RULE, L' ');
    if (used && used < r.w - 3)
        grid_fill(g, (struct rect){r.y, r.x + 2 + used, 1, 1}, STYLE_RULE, L' ');
    int w = remark ? text_width(remark, g->ascii) : 0;
    if (w && used + w + 8 <= r.w) {
        int x = r.x + r.w - w - 3;
        grid_fill(g, (struct rect){r.y, x, 1, w + 2}, STYLE_RULE, L' ');
        (void)grid_put(g, r.y, x + 1, w, STYLE_PLAIN, remark);
    }
}

bool chart_begin(struct grid *g, struct rect *r, const struct chart *c, const char *remark,
                 struct rect *old)
{
    *r = clamp_rect(*r);
    *old = grid_clip(g, *r);
    if (c->title && r->h >= 2) {
        draw_heading(g, *r, c, remark);
        r->y++;
        r->h--;
    }
    return r->h > 0 && r->w > 0;
}

void chart_nothing(struct grid *g, struct rect r, const char *why)
{
    int w = text_width(why, g->ascii);
    int x = w < r.w ? r.x + (r.w - w) / 2 : r.x;
    (void)grid_text(g, r.y + (r.h - 1) / 2, x, r.w, STYLE_DIM, why);
}

void chart_head(struct grid *g, struct rect *r, const struct chart *c)
{
    struct rect old;
    (void)chart_begin(g, r, c, NULL, &old);
    g->clip = old;
}

/* ---- marks ---- */

size_t chart_shown(const struct chart *c)
{
    return c->series_count < CHART_SERIES_MAX ? c->series_count : CHART_SERIES_MAX;
}

uint16_t chart_style(const struct chart *c, size_t series)
{
    if (c->series_count <= 1)
        return STYLE_SPARK;
    return series < CHART_SERIES_MAX ? (uint16_t)(STYLE_SERIES_1 + series) : STYLE_SERIES_REST;
}

wchar_t chart_marker(const struct chart *c, size_t series)
{
    static const wchar_t drawn[] = L"●■▲◆○□";
    static const wchar_t typed[] = L"ox*#@%";
    return (c->glyphs == GLYPHS_BRAILLE ? drawn : typed)[series % CHART_SERIES_MAX];
}

wchar_t chart_fill(const struct chart *c, size_t slice)
{
    static const wchar_t drawn[] = L"█▓▒░█▓▒";
    static const wchar_t typed[] = L"#=+:%*.";
    return (c->glyphs == GLYPHS_ASCII ? typed : drawn)[slice % (CHART_SERIES_MAX + 1)];
}

void chart_bar(struct grid *g, int y, int x, int w, enum glyphs glyphs, uint16_t style, double part)
{
    static const wchar_t eighths[] = L" ▏▎▍▌▋▊▉";
    if (!(part > 0) || w <= 0)
        return;
    int n = (int)(fmin(part, 1) * w * 8 + 0.5);
    n = n ? n : 1; /* something is not nothing */
    if (glyphs == GLYPHS_ASCII) {
        grid_fill(g, (struct rect){y, x, 1, (n + 7) / 8}, style, L'#');
        return;
    }
    grid_fill(g, (struct rect){y, x, 1, n / 8}, style, L'█');
    if (n % 8)
        grid_fill(g, (struct rect){y, x + n / 8, 1, 1}, style, eighths[n % 8]);
}

void column_draw(struct grid *g, struct rect plot, int x, int w, enum glyphs glyphs, uint16_t style,
                 double part)
{
    if (isnan(part))
        return;
    int n = (int)(fmax(0, fmin(part, 1)) * plot.h * 8 + 0.5);
    n = n ? n : 1; /* zero is not a gap */
    int bottom = plot.y + plot.h;
    if (glyphs == GLYPHS_ASCII) {
        int rows = (n + 4) / 8;
        grid_fill(g, (struct rect){bottom - rows, x, rows, w}, style, L'#');
        if (!rows)
            grid_fill(g, (struct rect){bottom - 1, x, 1, w}, style, L'_');
        return;
    }
    grid_fill(g, (struct rect){bottom - n / 8, x, n / 8, w}, style, L'█');
    if (n % 8)
        grid_fill(g, (struct rect){bottom - n / 8 - 1, x, 1, w}, style,
                  (wchar_t)(L'▁' + n % 8 - 1));
}

/* ---- data ---- */

double series_x(const struct chart_series *s, size_t i)
{
    return s->x ? s->x[i] : (double)i;
}

static double limit(double v)
{
    return fmax(-SCALE_LIMIT, fmin(SCALE_LIMIT, v));
}

void chart_extent(const struct chart *c, struct extent *e)
{
    bool any = false;
    *e = (struct extent){.whole = true};
    for (size_t k = 0; k < chart_shown(c); k++) {
        const struct chart_series *s = &c->series[k];
        for (size_t i = 0; i < s->n; i++) {
            double x = limit(series_x(s, i));
            double y = limit(s->y[i]);
            if (!isfinite(series_x(s, i)))
                continue;
            e->x0 = any ? fmin(e->x0, x) : x;
            e->x1 = any ? fmax(e->x1, x) : x;
            any = true;
            if (!isfinite(s->y[i]))
                continue;
            e->y0 = e->points ? fmin(e->y0, y) : y;
            e->y1 = e->points ? fmax(e->y1, y) : y;
            e->whole = e->whole && y == floor(y);
            e->points++;
        }
    }
}

double series_between(const struct chart_series *s, double from, double to)
{
    double sum = 0;
    size_t in = 0, known = 0;
    size_t before = SIZE_MAX, after = SIZE_MAX;
    for (size_t i = 0; i < s->n; i++) {
        double x = series_x(s, i);
        if (!isfinite(x))
            continue;
        if (x < from) {
            before = i;
        } else if (x > to) {
            after = i;
            break;
        } else {
            in++;
            if (isfinite(s->y[i])) {
                known++;
                sum += limit(s->y[i]) / 2; /* halves: two of the largest have a sum */
            }
        }
    }
    if (known)
        return sum / (double)known * 2;
    if (in || before == SIZE_MAX || after == SIZE_MAX || !isfinite(s->y[before]) ||
        !isfinite(s->y[after]))
        return NAN;
    double x0 = limit(series_x(s, before));
    double x1 = limit(series_x(s, after));
    double part = ((from / 2 + to / 2) - x0) / (x1 - x0);
    return limit(s->y[before]) * (1 - part) + limit(s->y[after]) * part;
}

void series_columns(const struct chart_series *s, double x0, double x1, int w, double *v)
{
    double step = w > 1 ? (x1 - x0) / (w - 1) : 0;
    for (int i = 0; i < w; i++) {
        double mid = x0 + step * i;
        double half = w > 1 ? step / 2 : fmax(1, x1 - x0);
        /* half-open, so that no point is in two columns */
        v[i] =
            series_between(s, mid - half, i + 1 == w ? mid + half : nextafter(mid + half, x0 - 1));
    }
}

char *series_summary(const struct chart_series *s, char *out, size_t n)
{
    double last = NAN, least = NAN, most = NAN;
    char a[CHART_VALUE_MAX], b[CHART_VALUE_MAX], d[CHART_VALUE_MAX];
    for (size_t i = 0; i < s->n; i++) {
        if (isfinite(s->y[i])) {
            last = s->y[i];
            least = fmin(least, last); /* NAN loses */
            most = fmax(most, last);
        }
    }
    *out = '\0';
    if (!isnan(last))
        (void)snprintf(out, n, "last %s  min %s  max %s", chart_value(last, a, sizeof a),
                       chart_value(least, b, sizeof b), chart_value(most, d, sizeof d));
    return out;
}

/* ---- axes ---- */

static int label_width(const struct scale *s)
{
    size_t w = 0;
    for (int i = 0; i < s->n; i++)
        w = strlen(s->label[i]) > w ? strlen(s->label[i]) : w;
    return (int)w;
}

void axes_lay_out(struct grid *g, struct rect r, const struct chart *c, const struct extent *e,
                  struct axes *a)
{
    (void)g;
    bool labels = r.w >= AXIS_WIDE;
    int rows = r.h >= AXIS_TALL ? r.h - 2 : r.h;
    double y0 = c->from_zero ? fmin(e->y0, 0) : e->y0;
    double y1 = c->from_zero ? fmax(e->y1, 0) : e->y1;
    scale_numbers(&a->y, y0, y1, rows < 5 ? rows : 5, e->whole);
    int left = labels ? label_width(&a->y) + 1 : 0;
    left = left > r.w / 2 ? 0 : left;
    a->plot = (struct rect){r.y, r.x + left, rows, r.w - left};
}

static void paint_y(struct grid *g, struct rect r, const struct axes *a)
{
    const struct rect p = a->plot;
    int w = p.x - r.x - 1;
    if (w < 1)
        return;
    grid_fill(g, (struct rect){p.y, p.x - 1, p.h, 1}, STYLE_DIM, g->ascii ? L'|' : L'│');
    for (int i = 0; i < a->y.n; i++) {
        int y = p.y + (int)((1 - scale_part(&a->y, a->y.at[i])) * (4 * p.h - 1) + 0.5) / 4;
        grid_text_right(g, y, r.x, w, STYLE_DIM, a->y.label[i]);
        grid_fill(g, (struct rect){y, p.x - 1, 1, 1}, STYLE_DIM, g->ascii ? L'+' : L'┤');
    }
}

static void paint_x(struct grid *g, struct rect r, const struct axes *a)
{
    const struct rect p = a->plot;
    int y = p.y + p.h;
    if (y + 1 >= r.y + r.h)
        return;
    grid_fill(g, (struct rect){y, p.x, 1, p.w}, STYLE_DIM, g->ascii ? L'-' : L'─');
    if (p.x > r.x)
        grid_fill(g, (struct rect){y, p.x - 1, 1, 1}, STYLE_DIM, g->ascii ? L'+' : L'└');
    int free_x = r.x; /* where the next label may start */
    for (int i = 0; i < a->x.n; i++) {
        double part = scale_part(&a->x, a->x.at[i]);
        if (!(part >= -1e-9 && part <= 1 + 1e-9))
            continue;
        int x = p.x + (int)(part * (p.w - 1) + 0.5);
        int w = (int)strlen(a->x.label[i]);
        int at = x - w / 2;
        at = at + w > r.x + r.w ? r.x + r.w - w : at;
        at = at < r.x ? r.x : at;
        grid_fill(g, (struct rect){y, x, 1, 1}, STYLE_DIM, g->ascii ? L'+' : L'┬');
        if (at < free_x || at + w > r.x + r.w)
            continue;
        (void)grid_put(g, y + 1, at, w, STYLE_DIM, a->x.label[i]);
        free_x = at + w + 1;
    }
}

void axes_paint(struct grid *g, struct rect r, const struct axes *a)
{
    paint_y(g, r, a);
    paint_x(g, r, a);
}

void x_scale(struct scale *x, const struct chart *c, const struct extent *e, int w)
{
    int want = w / 9;
    want = want > 5 ? 5 : want < 3 && w >= 16 ? 3 : want;
    if (c->x != CHART_X_NUMBER) {
        scale_times(x, e->x0, e->x1, want, c->x == CHART_X_DATE);
        return;
    }
    bool whole = e->x0 == floor(e->x0) && e->x1 == floor(e->x1);
    scale_numbers(x, e->x0, e->x1, want < 3 ? 3 : want + 1, whole); /* the outer ones are cut off */
    if (e->x0 < e->x1) { /* round ticks, but the plot uses its whole width */
        x->least = e->x0;
        x->most = e->x1;
    }
}

void axes_draw(struct grid *g, struct rect r, const struct chart *c, const struct extent *e,
               struct axes *a)
{
    axes_lay_out(g, r, c, e, a);
    x_scale(&a->x, c, e, a->plot.w);
    axes_paint(g, r, a);
}
