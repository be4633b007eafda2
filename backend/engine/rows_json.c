#include "backend/engine/rows_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_TEXT_MAX = 400, OBJECTS_MAX = 10000 };

static const char *const type_words[] = {
    [WAREHOUSE_TEXT] = "text",           [WAREHOUSE_INTEGER] = "integer",
    [WAREHOUSE_FLOAT] = "float",         [WAREHOUSE_DECIMAL] = "decimal",
    [WAREHOUSE_BOOLEAN] = "boolean",     [WAREHOUSE_DATE] = "date",
    [WAREHOUSE_TIMESTAMP] = "timestamp",
};

static enum err no_memory(struct errbuf *e)
{
    return err_set(e, ERR_NOMEM, "no memory for a result");
}

json_t *rows_json_columns(const struct warehouse_rows *r)
{
    const struct warehouse_result_column *columns;
    int n = warehouse_rows_columns(r, &columns);
    json_t *out = json_array();
    for (int i = 0; out && i < n; i++) {
        json_t *name = rows_json_text(columns[i].name, strlen(columns[i].name));
        json_t *c = json_pack("{s:o, s:s}", "name", name, "type",
                              type_words[warehouse_column_kind(&columns[i])]);
        if (!c || json_array_append_new(out, c)) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

json_t *rows_json_text(const char *p, size_t n)
{
    json_t *text = json_stringn(p, n);
    char *copy = text ? NULL : malloc(n + 1);
    if (!copy)
        return text;
    for (size_t i = 0; i < n; i++)
        copy[i] = (char)((unsigned char)p[i] < 0x80 ? p[i] : '?');
    text = json_stringn(copy, n);
    free(copy);
    return text;
}

static json_t *number(enum warehouse_kind kind, const struct cell *c)
{
    char text[NUMBER_TEXT_MAX];
    char *end;
    if (c->len >= sizeof text)
        return rows_json_text(c->p, c->len);
    memcpy(text, c->p, c->len);
    text[c->len] = '\0';
    if (kind == WAREHOUSE_INTEGER)
        return json_integer(strtoll(text, NULL, 10));
    double d = strtod(text, &end);
    return *end || !isfinite(d) ? rows_json_text(c->p, c->len) : json_real(d);
}

static json_t *value(enum warehouse_kind kind, const struct cell *c)
{
    if (c->kind != CELL_TEXT)
        return json_null();
    switch (kind) {
    case WAREHOUSE_INTEGER:
    case WAREHOUSE_FLOAT:
    case WAREHOUSE_DECIMAL:
        return number(kind, c);
    case WAREHOUSE_BOOLEAN:
        return json_boolean(c->len && strchr("tT1y", c->p[0]) != NULL);
    default:
        return rows_json_text(c->p, c->len);
    }
}

enum err rows_json_read(struct warehouse_rows *r, const struct rows_json_bounds *most, json_t **out,
                        bool *truncated, struct errbuf *e)
{
    const struct warehouse_result_column *columns;
    const struct cell *cells;
    int n = warehouse_rows_columns(r, &columns);
    int64_t count = 0;
    size_t bytes = 0;
    enum err rc = ERR_OK;
    *truncated = false;
    *out = json_array();
    if (!*out)
        return no_memory(e);
    while (!(rc = warehouse_rows_next(r, &cells, e))) {
        if (count++ >= most->rows || bytes >= most->bytes) {
            *truncated = true;
            return ERR_OK;
        }
        json_t *row = json_array();
        for (int i = 0; row && i < n; i++) {
            bytes += cells[i].kind == CELL_TEXT ? cells[i].len : 0;
            if (json_array_append_new(row, value(warehouse_column_kind(&columns[i]), &cells[i]))) {
                json_decref(row);
                row = NULL;
            }
        }
        if (!row || json_array_append_new(*out, row))
            return no_memory(e);
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err objects_of(struct warehouse_rows *r, json_t *list, struct errbuf *e)
{
    const struct warehouse_result_column *columns;
    const struct cell *cells;
    int n = warehouse_rows_columns(r, &columns);
    enum err rc;
    while (!(rc = warehouse_rows_next(r, &cells, e))) {
        json_t *row = json_object();
        if (json_array_size(list) >= OBJECTS_MAX) {
            json_decref(row);
            return err_set(e, ERR_LIMIT, "more than %d rows", OBJECTS_MAX);
        }
        for (int i = 0; i < n; i++)
            if (json_object_set_new(row, columns[i].name,
                                    value(warehouse_column_kind(&columns[i]), &cells[i]))) {
                json_decref(row);
                return no_memory(e);
            }
        if (json_array_append_new(list, row))
            return no_memory(e);
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

enum err rows_json_objects(struct warehouse *w, const char *sql, int n_params,
                           const char *const *params, json_t **out, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    *out = json_array();
    if (!*out)
        return no_memory(e);
    enum err rc = warehouse_query(w, sql, n_params, params, &rows, e);
    if (!rc)
        rc = objects_of(rows, *out, e);
    warehouse_rows_close(rows);
    if (rc) {
        json_decref(*out);
        *out = NULL;
    }
    return rc;
}
