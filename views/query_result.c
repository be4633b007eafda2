#include "views/query_result.h"

#include <stdlib.h>
#include <string.h>

static const char null_mark[] = "\001";

static void free_page(struct query_page *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->rows[i]);
    free(p->rows);
    *p = (struct query_page){.n = 0};
}

void query_result_free(struct query_result *r)
{
    for (int i = 0; i < r->n_columns; i++)
        free((char *)r->columns[i].title);
    free(r->columns);
    for (int i = 0; i < r->n_pages; i++)
        free_page(&r->pages[i]);
    *r = (struct query_result){.n_columns = 0};
}

static char *copy_row(const json_t *row, int columns)
{
    struct buf b;
    char *out = NULL;
    buf_init(&b, 0);
    for (int i = 0; i < columns; i++) {
        const json_t *cell = json_array_get(row, (size_t)i);
        const char *text = json_string_value(cell);
        buf_str(&b, text ? text : null_mark);
        buf_ch(&b, '\0');
    }
    if (!buf_failed(&b) && (out = malloc(b.len + 1)) != NULL && b.len)
        memcpy(out, b.p, b.len);
    buf_free(&b);
    return out;
}

static bool read_page(const json_t *rows, int columns, struct query_page *out)
{
    size_t n = json_array_size(rows);
    *out = (struct query_page){.rows = calloc(n + 1, sizeof *out->rows)};
    while (out->rows && out->n < n) {
        out->rows[out->n] = copy_row(json_array_get(rows, out->n), columns);
        if (!out->rows[out->n])
            break;
        out->n++;
    }
    if (out->rows && out->n == n)
        return true;
    free_page(out);
    return false;
}

static bool read_columns(struct query_result *r, const json_t *columns)
{
    size_t n = json_array_size(columns);
    r->columns = calloc(n + 1, sizeof *r->columns);
    for (size_t i = 0; r->columns && i < n; i++) {
        const json_t *c = json_array_get(columns, i);
        const char *name = json_string_value(json_object_get(c, "name"));
        char *title = strdup(name ? name : "");
        if (!title)
            return false;
        r->columns[i] = (struct table_column){.title = title,
                                              .right = json_is_true(json_object_get(c, "number")),
                                              .width = text_width(title, false)};
        r->n_columns = (int)i + 1;
    }
    return r->columns != NULL;
}

static void widen(struct query_result *r, const struct query_page *p)
{
    for (size_t row = 0; row < p->n; row++) {
        const char *text = p->rows[row];
        for (int i = 0; i < r->n_columns; i++) {
            int w = text_width(text, false);
            w = w > QUERY_COLUMN_WIDEST ? QUERY_COLUMN_WIDEST : w;
            r->columns[i].width = w > r->columns[i].width ? w : r->columns[i].width;
            text += strlen(text) + 1;
        }
    }
}

bool query_result_take(struct query_result *r, const json_t *page)
{
    const json_t *columns = json_object_get(page, "columns");
    struct query_result next = {.n_columns = 0};
    struct query_result *to = columns ? &next : r;
    struct query_page p;
    if (columns && !read_columns(&next, columns)) {
        query_result_free(&next);
        return false;
    }
    if (!read_page(json_object_get(page, "rows"), to->n_columns, &p)) {
        if (columns)
            query_result_free(&next);
        return false;
    }
    if (columns) {
        query_result_free(r);
        *r = next;
    }
    if (r->n_pages == QUERY_PAGES_HELD) {
        r->gone += r->pages[0].n;
        r->rows -= r->pages[0].n;
        free_page(&r->pages[0]);
        r->n_pages--;
        memmove(r->pages, r->pages + 1, (size_t)r->n_pages * sizeof *r->pages);
    }
    r->pages[r->n_pages++] = p;
    r->rows += p.n;
    r->more = json_is_true(json_object_get(page, "more"));
    widen(r, &p);
    return true;
}

const char *query_result_cell(const struct query_result *r, size_t row, int column)
{
    for (int i = 0; i < r->n_pages; i++) {
        if (row >= r->pages[i].n) {
            row -= r->pages[i].n;
            continue;
        }
        const char *text = r->pages[i].rows[row];
        while (column-- > 0)
            text += strlen(text) + 1;
        return strcmp(text, null_mark) != 0 ? text : NULL;
    }
    return NULL;
}
