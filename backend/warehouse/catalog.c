/*
 * The driver's catalog functions. Every ODBC driver has them, so what a server holds can be listed
 * without SQL of its own; columns of their results are found by their place, which the standard
 * fixes.
 */
#include <stdlib.h>

#include "backend/warehouse/internal.h"

/* Search characters of a name stand for themselves. */
static void escape(struct buf *b, SQLHDBC dbc, const char *name)
{
    SQLCHAR mark[8] = "\\";
    SQLSMALLINT n;
    if (!SQL_SUCCEEDED(SQLGetInfo(dbc, SQL_SEARCH_PATTERN_ESCAPE, mark, sizeof mark, &n)))
        memcpy(mark, "\\", 2);
    for (; *name; name++) {
        if (*name == '%' || *name == '_' || *name == (char)mark[0])
            buf_str(b, (const char *)mark);
        buf_ch(b, *name);
    }
}

/* No name at all and an empty one are different things to a driver. */
static SQLCHAR *text_of(const char *s)
{
    return (SQLCHAR *)s;
}

static SQLRETURN call(struct warehouse *w, SQLHSTMT stmt, enum warehouse_catalog what,
                      const char *schema, const char *table)
{
    struct buf s;
    struct buf t;
    SQLRETURN rc = SQL_ERROR;
    buf_init(&s, 0);
    buf_init(&t, 0);
    if (what == WAREHOUSE_COLUMNS && table) { /* the others take names as they are, or none */
        escape(&s, w->dbc, schema);
        escape(&t, w->dbc, table);
    }
    switch (what) {
    case WAREHOUSE_TABLES:
        rc = SQLTables(stmt, NULL, 0, NULL, 0, NULL, 0, NULL, 0);
        break;
    case WAREHOUSE_SCHEMAS:
        rc = SQLTables(stmt, text_of(""), SQL_NTS, text_of(SQL_ALL_SCHEMAS), SQL_NTS, text_of(""),
                       SQL_NTS, NULL, 0);
        break;
    case WAREHOUSE_COLUMNS:
        rc = table ? SQLColumns(stmt, NULL, 0, text_of(buf_cstr(&s)), SQL_NTS,
                                text_of(buf_cstr(&t)), SQL_NTS, NULL, 0)
                   : SQLColumns(stmt, NULL, 0, NULL, 0, NULL, 0, NULL, 0);
        break;
    case WAREHOUSE_KEY:
        rc = SQLPrimaryKeys(stmt, NULL, 0, text_of(schema), SQL_NTS, text_of(table), SQL_NTS);
        break;
    }
    buf_free(&s);
    buf_free(&t);
    return rc;
}

enum err warehouse_catalog(struct warehouse *w, enum warehouse_catalog what, const char *schema,
                           const char *table, struct warehouse_rows **out, struct errbuf *e)
{
    SQLHSTMT stmt;
    *out = NULL;
    enum err r = wh_alloc(w, &stmt, e);
    if (r)
        return r;
    wh_run_begin(w, stmt);
    SQLRETURN rc = call(w, stmt, what, schema, table);
    wh_run_end(w);
    if (!SQL_SUCCEEDED(rc))
        r = wh_error(w, SQL_HANDLE_STMT, stmt, "asking the driver for its catalog", e);
    if (r) {
        wh_free(w, stmt);
        return r;
    }
    return wh_rows_of(w, stmt, out, e);
}
