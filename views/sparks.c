#include "views/sparks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "views/chart/chart.h"

enum { BLOCK = 50 /* rows; a step within it is the same question */, NAMES_MAX = 200, LEAST = 3 };

static const int64_t EVERY_US = 10 * INT64_C(1000000);

void sparks_free(struct sparks *k)
{
    json_decref(k->series);
    k->series = NULL;
}

/* ---- asking ---- */

static bool is_shown(const struct sparks *k, const struct screen *s, const struct table_model *m)
{
    int columns[TABLE_COLUMNS_MAX];
    int widths[TABLE_COLUMNS_MAX];
    int n = table_fit(m, s->w, columns, widths);
    for (int i = 0; i < n; i++)
        if (columns[i] == k->column)
            return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* By name: when a refresh sorts the rows anew it is the same question. */
static json_t *names_of(const struct screen *s, const struct table_state *t,
                        const struct table_model *m)
{
    const char *names[NAMES_MAX];
    size_t n = 0;
    size_t from = t->top / BLOCK * BLOCK;
    size_t to = (t->top + (size_t)s->h + BLOCK - 1) / BLOCK * BLOCK;
    json_t *list = json_array();
    for (size_t i = from; i < to && i < t->n && n < NAMES_MAX; i++)
        if (t->order[i] < m->rows)
            names[n++] = m->key(m->ctx, t->order[i]);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(list, json_string(names[i]));
    return list;
}

bool sparks_ask(const struct sparks *k, const struct screen *s, struct ask *out)
{
    struct table_model m;
    const struct table_state *t = &s->tables[k->pane];
    pane_of(k->pane)->model(s, &m);
    if (!t->n || (screen_is_still(s) && k->series) || !is_shown(k, s, &m) ||
        (s->snapshot && s->snapshot->trimmed))
        return false;
    json_t *params = json_pack("{s:s, s:s, s:o}", "list", k->list, "figure", k->figure, "names",
                               names_of(s, t, &m));
    if (s->shown_us)
        (void)json_object_set_new(params, "to_us", json_integer(s->shown_us));
    *out = (struct ask){
        .method = "recorder.objects", .params = params, .every_us = s->shown_us ? 0 : EVERY_US};
    return true;
}

void sparks_take(struct sparks *k, const struct screen *s, const struct answer *a)
{
    const char *list = json_string_value(json_object_get(a->params, "list"));
    const json_t *to = json_object_get(a->params, "to_us");
    if (strcmp(a->method, "recorder.objects") != 0 || !list || strcmp(list, k->list) != 0 ||
        (to ? json_integer_value(to) : 0) != s->shown_us) /* of another moment */
        return;
    json_t *series = a->code == ERR_OK ? json_object_get(a->result, "series") : NULL;
    json_decref(k->series);
    k->series = json_incref(series);
}

/* ---- drawing ---- */

void sparks_cell(const struct sparks *k, const struct screen *s, const char *name,
                 struct table_cell *out)
{
    double v[SPARKS_POINTS];
    int known = 0;
    const json_t *values = k->drawn ? json_object_get(k->series, name) : NULL;
    out->style = STYLE_SPARK;
    out->text[0] = '\0';
    for (size_t i = 0; i < SPARKS_POINTS; i++) {
        const json_t *x = json_array_get(values, i);
        v[i] = json_is_number(x) ? json_number_value(x) : NAN;
        known += !isnan(v[i]);
    }
    if (known >= LEAST) /* fewer show no course */
        chart_spark_text(s->glyphs, v, SPARKS_POINTS, out->text);
}

void sparks_draw(struct sparks *k, struct grid *g, struct rect r, const struct table_model *m,
                 struct table_state *t)
{
    k->drawn = true;
    table_draw(g, r, m, t, true);
    k->drawn = false;
}
