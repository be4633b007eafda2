#include "backend/model/sql.h"

#include <stdio.h>

#include "queries/queries.h"

const char *model_query(const struct dialect *d, const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "model/%s/%s", d->name, name);
    const char *text = query_text(path);
    if (text)
        return text;
    (void)snprintf(path, sizeof path, "model/%s", name);
    return query_text(path);
}

void model_sql_table(struct buf *b, const struct dialect *d, const char *schema, const char *table,
                     const char *suffix)
{
    char name[2 * MODEL_NAME_MAX + 64];
    (void)snprintf(name, sizeof name, "%s%s", table, suffix);
    dialect_ident(b, d, schema);
    buf_ch(b, '.');
    dialect_ident(b, d, name);
}

void model_sql_column(struct buf *b, const struct dialect *d, const char *alias, const char *column)
{
    buf_printf(b, "%s.", alias);
    dialect_ident(b, d, column);
}

static void canonical(struct buf *b, const struct wcolumn *c, const char *expression)
{
    if (c->type == WT_TEXT && c->scale == MODEL_BLANK_PADDED)
        buf_printf(b, "RTRIM(%s)", expression);
    else if (c->type == WT_TEXT)
        buf_str(b, expression);
    else
        buf_printf(b, "CAST(%s AS VARCHAR)", expression);
}

void model_sql_surrogate(struct buf *b, const struct dialect *d, const struct wcolumn *columns,
                         const char *const *expressions, int n)
{
    (void)d;
    buf_lit(b, "CAST(MD5(");
    for (int i = 0; i < n; i++) {
        if (i < n - 1) {
            buf_lit(b, "CAST(LENGTH(");
            canonical(b, &columns[i], expressions[i]);
            buf_lit(b, ") AS VARCHAR) || ':' || ");
        }
        canonical(b, &columns[i], expressions[i]);
        if (i < n - 1)
            buf_lit(b, " || ");
    }
    buf_lit(b, ") AS UUID)");
}

/* Vertica cannot compare LONG types: the first 65,000 octets stand for the whole. */
static void comparable(struct buf *b, const struct dialect *d, const struct wcolumn *type,
                       const char *expression)
{
    bool is_long = d->load == LOAD_PARAMSET &&
                   (type->type == WT_JSON || (type->type == WT_TEXT && type->precision == 0));
    if (is_long)
        buf_printf(b, "CAST(%s AS VARCHAR(65000))", expression);
    else
        buf_str(b, expression);
}

void model_sql_differs(struct buf *b, const struct dialect *d, const struct wcolumn *type,
                       const char *a, const char *other)
{
    buf_ch(b, '(');
    comparable(b, d, type, a);
    buf_lit(b, " <> ");
    comparable(b, d, type, other);
    buf_printf(b, " OR (%s IS NULL AND %s IS NOT NULL) OR (%s IS NOT NULL AND %s IS NULL))", a,
               other, a, other);
}

void model_sql_moment(struct buf *b, const struct dialect *d, const char *microseconds)
{
    const struct sql_slot slot = {"microseconds", microseconds};
    sql_fill(b, model_query(d, "moment"), &slot, 1);
}
