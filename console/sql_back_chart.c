/* \chart TYPE X Y..: the statement's rows as a chart of characters. */
#include <stdlib.h>

#include "console/sql_back.h"
#include "views/query_chart.h"

enum { ROWS_MOST = 5000, LINES = 20, COLUMNS = 80, COLUMNS_MOST = 200 };

struct drawing {
    json_t *columns, *rows;
    int n;
    bool cut; /* there are more rows than are drawn */
};

static enum err no_memory(struct errbuf *e)
{
    return err_set(e, ERR_NOMEM, "no memory for a chart");
}

static enum err draw_columns(void *arg, const struct format_column *columns, int n,
                             struct errbuf *e)
{
    struct drawing *d = arg;
    d->n = n;
    for (int i = 0; i < n; i++)
        if (json_array_append_new(d->columns,
                                  json_pack("{s:s, s:b}", "name", columns[i].name, "number",
                                            (int)(columns[i].type == FORMAT_NUMBER))))
            return no_memory(e);
    return n ? ERR_OK : err_set(e, ERR_USAGE, "\\chart: the statement gives no rows");
}

static enum err draw_row(void *arg, const struct cell *cells, struct errbuf *e)
{
    struct drawing *d = arg;
    d->cut = json_array_size(d->rows) == ROWS_MOST;
    if (d->cut) /* read to its end: the statement has not failed */
        return ERR_OK;
    json_t *row = json_array();
    for (int i = 0; i < d->n; i++) {
        json_t *text = cells[i].kind == CELL_TEXT ? json_stringn(cells[i].p, cells[i].len) : NULL;
        (void)json_array_append_new(row, text ? text : json_null());
    }
    return json_array_append_new(d->rows, row) ? no_memory(e) : ERR_OK;
}

static enum err draw_done(void *arg, const char *sql, int64_t affected, struct errbuf *e)
{
    (void)arg, (void)sql, (void)affected, (void)e;
    return ERR_OK;
}

static enum err print(struct sql_run *r, const struct query_chart *chart,
                      const struct query_result *rows, struct errbuf *e)
{
    int lines;
    int columns;
    char why[160];
    struct grid g;
    struct buf text;
    (void)sql_run_screen(r, &lines, &columns);
    columns = columns <= 0 ? COLUMNS : columns > COLUMNS_MOST ? COLUMNS_MOST : columns;
    lines = lines > LINES + 4 || lines <= 0 ? LINES : lines > 8 ? lines - 4 : lines;
    bool unicode = r->format.unicode;
    enum err rc = grid_init(&g, lines, columns, !unicode, e);
    if (rc)
        return rc;
    buf_init(&text, 0);
    if (query_chart_draw(chart, rows, &g, grid_all(&g), unicode ? GLYPHS_BRAILLE : GLYPHS_ASCII,
                         why, sizeof why))
        grid_to_text(&g, &text);
    else
        rc = err_set(e, ERR_USAGE, "\\chart: %s", why);
    (void)fwrite(buf_cstr(&text), 1, text.len, r->out);
    (void)fflush(r->out);
    buf_free(&text);
    grid_free(&g);
    return rc;
}

static enum err draw(struct back *b, const struct query_chart *chart, const char *sql)
{
    struct drawing d = {.columns = json_array(), .rows = json_array()};
    struct query_result rows = {.n_columns = 0};
    const struct sql_sink sink = {draw_columns, draw_row, draw_done, &d};
    enum err rc = sql_run_into(b->r, sql, 0, &sink);
    b->e->text[0] = '\0'; /* it has said what */
    json_t *page = json_pack("{s:o, s:o}", "columns", d.columns, "rows", d.rows);
    if (!rc)
        rc = query_result_take(&rows, page) ? print(b->r, chart, &rows, b->e) : no_memory(b->e);
    if (!rc && d.cut && !b->r->quiet)
        (void)fprintf(b->r->main, "(the first %d rows)\n", ROWS_MOST);
    json_decref(page);
    query_result_free(&rows);
    return rc;
}

enum err back_chart(struct back *b)
{
    struct query_chart chart;
    struct buf sql;
    char why[160];
    if (!query_chart_read(back_rest(b), &chart, why, sizeof why))
        return err_set(b->e, ERR_USAGE, "\\chart: %s", why);
    if (chart.kind == QUERY_CHART_NONE)
        return err_set(b->e, ERR_USAGE, "\\chart line|bars|donut|histogram [X [Y ..]]");
    buf_init(&sql, 0);
    enum err rc = back_statement(b, &sql);
    if (!rc) {
        rc = draw(b, &chart, buf_cstr(&sql));
        buf_clear(&b->r->last);
        buf_add(&b->r->last, sql.p, sql.len);
    }
    buf_free(&sql);
    return rc;
}
