#include "views/query_chart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *const kinds[QUERY_CHART_KINDS] = {
    [QUERY_CHART_NONE] = "off",
    [QUERY_CHART_LINE] = "line",
    [QUERY_CHART_BARS] = "bars",
    [QUERY_CHART_DONUT] = "donut",
    [QUERY_CHART_HISTOGRAM] = "histogram",
};

/* ---- words ---- */

/* The next word, a name in double quotes without them; false at the end. */
static bool next_word(const char **p, char *out, size_t n)
{
    *p += strspn(*p, " \t\n,;");
    bool quoted = **p == '"';
    *p += quoted;
    size_t len = strcspn(*p, quoted ? "\"" : " \t\n,;");
    (void)snprintf(out, n, "%.*s", (int)len, *p);
    *p += len + (quoted && (*p)[len] == '"');
    return len > 0;
}

bool query_chart_read(const char *words, struct query_chart *out, char *why, size_t n)
{
    char word[128];
    *out = (struct query_chart){.kind = QUERY_CHART_NONE};
    if (!next_word(&words, word, sizeof word))
        return true;
    int kind = 0;
    while (kind < QUERY_CHART_KINDS && strcmp(kinds[kind], word) != 0)
        kind++;
    if (!strcmp(word, "bar"))
        kind = QUERY_CHART_BARS;
    if (!strcmp(word, "pie"))
        kind = QUERY_CHART_DONUT;
    if (kind == QUERY_CHART_KINDS) {
        (void)snprintf(why, n, "no chart `%.60s`: line, bars, donut, histogram, off", word);
        return false;
    }
    out->kind = (enum query_chart_kind)kind;
    if (kind != QUERY_CHART_HISTOGRAM)
        (void)next_word(&words, out->x, sizeof out->x);
    while (out->n_y < CHART_SERIES_MAX &&
           next_word(&words, out->y[out->n_y], sizeof out->y[out->n_y]))
        out->n_y++;
    return true;
}

/* ---- values ---- */

static double figure(const char *text)
{
    char *end;
    double v = text && *text ? strtod(text, &end) : NAN;
    return text && *text && !*end ? v : NAN;
}

/* "2026-11-28", "2026-11-28 12:30:01.5", with a zone or none: seconds since 1970. */
static double moment(const char *text, bool *midnight)
{
    struct tm tm = {.tm_isdst = 0};
    int second = 0;
    int n = text ? sscanf(text, "%4d-%2d-%2d%*[ T]%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon,
                          &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &second)
                 : 0;
    if (n < 3 || tm.tm_mon < 1 || tm.tm_mon > 12)
        return NAN;
    tm.tm_sec = second;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *midnight = *midnight && !tm.tm_hour && !tm.tm_min && !second;
    return (double)timegm(&tm);
}

static int column_of(const struct query_result *r, const char *name)
{
    for (int i = 0; i < r->n_columns; i++)
        if (strcasecmp(r->columns[i].title, name) == 0)
            return i;
    return -1;
}

void query_chart_guess(const struct query_result *r, struct query_chart *out)
{
    bool midnight = true;
    const char *first = r->rows && r->n_columns ? query_result_cell(r, 0, 0) : NULL;
    bool number = r->n_columns > 1 && r->columns[0].right;
    *out = (struct query_chart){
        .kind = number || !isnan(moment(first, &midnight)) ? QUERY_CHART_LINE : QUERY_CHART_BARS};
}

/* The columns that are meant; false: why. */
static bool choose(const struct query_chart *c, const struct query_result *r, int *x, int *y,
                   int *n_y, char *why, size_t n)
{
    *x = *c->x ? column_of(r, c->x) : 0;
    *n_y = 0;
    if (*x < 0) {
        (void)snprintf(why, n, "the result has no column `%.60s`", c->x);
        return false;
    }
    for (int i = 0; i < c->n_y; i++) {
        y[*n_y] = column_of(r, c->y[i]);
        if (y[(*n_y)++] < 0) {
            (void)snprintf(why, n, "the result has no column `%.60s`", c->y[i]);
            return false;
        }
    }
    for (int i = 0; i < r->n_columns && !c->n_y && *n_y < CHART_SERIES_MAX; i++)
        if (r->columns[i].right && (i != *x || r->n_columns == 1))
            y[(*n_y)++] = i;
    if (*n_y)
        return true;
    (void)snprintf(why, n, "the result has no column of figures to draw");
    return false;
}

/* ---- drawing ---- */

static double *read_column(const struct query_result *r, int column)
{
    double *v = malloc((r->rows + 1) * sizeof *v);
    for (size_t i = 0; v && i < r->rows; i++)
        v[i] = figure(query_result_cell(r, i, column));
    return v;
}

/* NULL: rows count as 0, 1, 2 .. */
static double *read_x(const struct query_result *r, int column, enum chart_x *kind)
{
    bool midnight = true;
    double *v = malloc((r->rows + 1) * sizeof *v);
    bool time = true;
    bool number = true;
    for (size_t i = 0; v && i < r->rows && (time || number); i++) {
        const char *text = query_result_cell(r, i, column);
        time = time && !isnan(moment(text, &midnight));
        number = number && !isnan(figure(text));
    }
    for (size_t i = 0; v && i < r->rows; i++) {
        const char *text = query_result_cell(r, i, column);
        v[i] = time ? moment(text, &midnight) : number ? figure(text) : (double)i;
    }
    *kind = !time || number ? CHART_X_NUMBER : midnight ? CHART_X_DATE : CHART_X_TIME;
    return v;
}

static void draw_series(const struct query_chart *c, const struct query_result *r, int x,
                        const int *y, int n_y, struct grid *g, struct rect where, struct chart *to)
{
    struct chart_series series[CHART_SERIES_MAX];
    double *values[CHART_SERIES_MAX] = {NULL};
    double *xs = read_x(r, x, &to->x);
    for (int i = 0; i < n_y; i++) {
        values[i] = read_column(r, y[i]);
        series[i] = (struct chart_series){.name = r->columns[y[i]].title,
                                          .x = c->kind == QUERY_CHART_LINE ? xs : NULL,
                                          .y = values[i],
                                          .n = values[i] ? r->rows : 0};
    }
    to->series = series;
    to->series_count = (size_t)n_y;
    if (c->kind == QUERY_CHART_LINE)
        chart_line(g, where, to);
    else
        chart_histogram(g, where, to);
    for (int i = 0; i < n_y; i++)
        free(values[i]);
    free(xs);
}

static void draw_categories(const struct query_chart *c, const struct query_result *r, int x, int y,
                            struct grid *g, struct rect where, struct chart *to)
{
    struct chart_category *list = malloc((r->rows + 1) * sizeof *list);
    for (size_t i = 0; list && i < r->rows; i++) {
        const char *label = query_result_cell(r, i, x);
        list[i] = (struct chart_category){.label = label ? label : "-",
                                          .value = figure(query_result_cell(r, i, y))};
    }
    to->categories = list;
    to->category_count = list ? r->rows : 0;
    if (c->kind == QUERY_CHART_BARS)
        chart_bars(g, where, to);
    else
        chart_donut(g, where, to);
    free(list);
}

bool query_chart_draw(const struct query_chart *c, const struct query_result *r, struct grid *g,
                      struct rect where, enum glyphs glyphs, char *why, size_t n)
{
    int x;
    int y[CHART_SERIES_MAX];
    int n_y;
    struct chart to = {.glyphs = glyphs,
                       .colours = glyphs == GLYPHS_ASCII ? COLOURS_8 : COLOURS_256,
                       .zone = "UTC"};
    if (!choose(c, r, &x, y, &n_y, why, n))
        return false;
    if (c->kind == QUERY_CHART_LINE || c->kind == QUERY_CHART_HISTOGRAM)
        draw_series(c, r, x, y, n_y, g, where, &to);
    else
        draw_categories(c, r, x, y[0], g, where, &to);
    return true;
}
