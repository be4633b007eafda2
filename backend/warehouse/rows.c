/*
 * Statements and their results.
 *
 * Columns of a known short size are bound, so that a fetch fills them in one call; longer ones are
 * read with SQLGetData in pieces into a buffer that grows to the value. A cell's text is what the
 * server prints wherever the driver leaves it alone; where psqlODBC reformats (bool, bytea,
 * timestamptz) it is put back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "backend/warehouse/internal.h"

enum {
    BIND_MAX = 1024,     /* octets of a bound column's buffer */
    PIECE = 32768,       /* first read of a long value */
    VALUE_MAX_SHIFT = 30 /* 1 GiB - 1: PostgreSQL's own limit */
};

/* What psqlODBC does to a value, and we put back. */
enum mend {
    MEND_NOTHING,
    MEND_BOOL,  /* 1 -> t */
    MEND_BYTES, /* 00FF -> \\x00ff */
    MEND_LOWER, /* a UUID in capitals */
    MEND_ZONE,  /* timestamptz without its offset: the session is in UTC */
};

struct out_column {
    enum mend mend;
    struct buf value; /* unbound: the pieces */
    char *bound;      /* NULL: read with SQLGetData */
    SQLLEN size;
    SQLLEN ind;
};

struct warehouse_rows {
    struct warehouse *w;
    SQLHSTMT stmt;
    bool own_tx; /* commit when closed */
    int n;
    int64_t affected;
    struct warehouse_result_column *columns;
    struct out_column *out;
    struct cell *cells;
};

/* ---- executing ---- */

static enum err execute_bound(struct warehouse *w, SQLHSTMT stmt, const char *sql, int n_params,
                              const char *const *params, SQLLEN *inds, struct errbuf *e)
{
    enum err r = ERR_OK;
    for (int i = 0; i < n_params && !r; i++)
        r = wh_bind_text(w, stmt, i + 1, params[i], params[i] ? strlen(params[i]) : 0, &inds[i], e);
    if (r)
        return r;
    if (strcasestr(sql, "set time zone") || strcasestr(sql, "set timezone") ||
        strcasestr(sql, "'timezone'"))
        w->zone_changed = true;
    wh_run_begin(w, stmt);
    SQLRETURN rc = SQLExecDirect(stmt, (SQLCHAR *)sql, SQL_NTS);
    wh_run_end(w);
    if (SQL_SUCCEEDED(rc) || rc == SQL_NO_DATA)
        return ERR_OK;
    return wh_error(w, SQL_HANDLE_STMT, stmt, NULL, e);
}

static enum err start(struct warehouse *w, const char *sql, int n_params, const char *const *params,
                      SQLHSTMT *stmt, struct errbuf *e)
{
    SQLLEN *inds = calloc((size_t)n_params + 1, sizeof *inds);
    *stmt = NULL;
    if (!inds)
        return err_set(e, ERR_NOMEM, "no memory for %d parameters", n_params);
    enum err r = wh_alloc(w, stmt, e);
    if (!r)
        r = execute_bound(w, *stmt, sql, n_params, params, inds, e);
    if (r) {
        wh_free(w, *stmt);
        *stmt = NULL;
        if (!w->in_tx && !w->autocommit) /* outside of a transaction nothing stays open */
            (void)wh_end_tran(w, SQL_ROLLBACK);
    } else {
        (void)SQLFreeStmt(*stmt, SQL_RESET_PARAMS); /* inds goes away */
    }
    free(inds);
    return r;
}

enum err warehouse_exec(struct warehouse *w, const char *sql, int n_params,
                        const char *const *params, int64_t *affected, struct errbuf *e)
{
    SQLHSTMT stmt;
    SQLLEN count = 0;
    enum err r = start(w, sql, n_params, params, &stmt, e);
    if (r)
        return r;
    if (affected) {
        (void)SQLRowCount(stmt, &count);
        *affected = count;
    }
    wh_free(w, stmt);
    if (!w->in_tx && !w->autocommit && !SQL_SUCCEEDED(wh_end_tran(w, SQL_COMMIT)))
        r = wh_error(w, SQL_HANDLE_DBC, w->dbc, "commit", e);
    return r;
}

enum err wh_exec_query(struct warehouse *w, const char *query, const struct sql_slot *slots,
                       int n_slots, int n_params, const char *const *params, int64_t *affected,
                       struct errbuf *e)
{
    struct buf sql;
    buf_init(&sql, 0);
    sql_fill(&sql, dialect_query(w->dialect, query), slots, n_slots);
    enum err r = buf_check(&sql, "a statement", e);
    if (!r)
        r = warehouse_exec(w, buf_cstr(&sql), n_params, params, affected, e);
    buf_free(&sql);
    return r;
}

/* ---- results ---- */

static bool type_numeric(SQLSMALLINT t)
{
    switch (t) {
    case SQL_BIGINT:
    case SQL_INTEGER:
    case SQL_SMALLINT:
    case SQL_TINYINT:
    case SQL_NUMERIC:
    case SQL_DECIMAL:
    case SQL_REAL:
    case SQL_FLOAT:
    case SQL_DOUBLE:
        return true;
    default:
        return false;
    }
}

static bool type_fixed(SQLSMALLINT t)
{
    switch (t) {
    case SQL_BIGINT:
    case SQL_INTEGER:
    case SQL_SMALLINT:
    case SQL_TINYINT:
    case SQL_REAL:
    case SQL_FLOAT:
    case SQL_DOUBLE:
    case SQL_BIT:
    case SQL_GUID:
    case SQL_TYPE_DATE:
    case SQL_TYPE_TIME:
    case SQL_TYPE_TIMESTAMP:
        return true;
    default:
        return false;
    }
}

enum warehouse_kind warehouse_column_kind(const struct warehouse_result_column *c)
{
    if (!strcasecmp(c->type_name, "bool") || !strcasecmp(c->type_name, "boolean"))
        return WAREHOUSE_BOOLEAN; /* also where a driver says it is a number */
    switch (c->sql_type) {
    case SQL_BIT:
        return WAREHOUSE_BOOLEAN;
    case SQL_BIGINT:
    case SQL_INTEGER:
    case SQL_SMALLINT:
    case SQL_TINYINT:
        return WAREHOUSE_INTEGER;
    case SQL_REAL:
    case SQL_FLOAT:
    case SQL_DOUBLE:
        return WAREHOUSE_FLOAT;
    case SQL_NUMERIC:
    case SQL_DECIMAL:
        return WAREHOUSE_DECIMAL;
    case SQL_TYPE_DATE:
        return WAREHOUSE_DATE;
    case SQL_TYPE_TIMESTAMP:
        return WAREHOUSE_TIMESTAMP;
    default:
        return WAREHOUSE_TEXT;
    }
}

static enum mend mend_of(const struct warehouse *w, SQLSMALLINT type, const char *type_name)
{
    if (type == SQL_BIT)
        return MEND_BOOL;
    if (type == SQL_GUID)
        return MEND_LOWER;
    if (type == SQL_BINARY || type == SQL_VARBINARY || type == SQL_LONGVARBINARY)
        return MEND_BYTES;
    if (type == SQL_TYPE_TIMESTAMP && !w->zone_changed && !strcasecmp(type_name, "timestamptz"))
        return MEND_ZONE;
    return MEND_NOTHING;
}

static enum err describe_column(struct warehouse_rows *r, int i, struct errbuf *e)
{
    enum { FIXED_TEXT = 64, NAME_FIRST = 256 };
    SQLCHAR first[NAME_FIRST];
    SQLSMALLINT name_n = 0;
    SQLSMALLINT type = 0;
    SQLSMALLINT digits;
    SQLSMALLINT nullable;
    SQLULEN size = 0;
    if (!SQL_SUCCEEDED(SQLDescribeCol(r->stmt, (SQLUSMALLINT)(i + 1), first, sizeof first, &name_n,
                                      &type, &size, &digits, &nullable)))
        return wh_error(r->w, SQL_HANDLE_STMT, r->stmt, "describing a result", e);
    SQLCHAR type_first[NAME_TEXT_MAX] = "";
    if (!SQL_SUCCEEDED(SQLColAttribute(r->stmt, (SQLUSMALLINT)(i + 1), SQL_DESC_TYPE_NAME,
                                       type_first, sizeof type_first, &name_n, NULL)))
        type_first[0] = '\0';
    char *name = strdup((const char *)first);
    char *type_name = strdup((const char *)type_first);
    r->columns[i] = (struct warehouse_result_column){
        .name = name, .type_name = type_name, .sql_type = type, .numeric = type_numeric(type)};
    struct out_column *o = &r->out[i];
    if (!name || !type_name)
        return err_set(e, ERR_NOMEM, "no memory for a result's columns");
    o->mend = mend_of(r->w, type, type_name);
    buf_init(&o->value, ((size_t)1 << VALUE_MAX_SHIFT) - 1);
    bool can = r->w->getdata_any || i == 0 || r->out[i - 1].bound;
    SQLLEN want = 0;
    if (type_fixed(type))
        want = FIXED_TEXT;
    else if ((type == SQL_VARCHAR || type == SQL_CHAR) && size > 0 && size < BIND_MAX / 4)
        want = (SQLLEN)size * 4 + 1;
    if (!can || !want)
        return ERR_OK;
    o->bound = malloc((size_t)want);
    o->size = want;
    if (!o->bound)
        return err_set(e, ERR_NOMEM, "no memory for a result's columns");
    if (!SQL_SUCCEEDED(
            SQLBindCol(r->stmt, (SQLUSMALLINT)(i + 1), SQL_C_CHAR, o->bound, want, &o->ind)))
        return wh_error(r->w, SQL_HANDLE_STMT, r->stmt, "binding a result", e);
    return ERR_OK;
}

static enum err describe(struct warehouse_rows *r, struct errbuf *e)
{
    SQLSMALLINT n = 0;
    SQLLEN count = -1;
    if (!SQL_SUCCEEDED(SQLNumResultCols(r->stmt, &n)))
        return wh_error(r->w, SQL_HANDLE_STMT, r->stmt, "describing a result", e);
    (void)SQLRowCount(r->stmt, &count);
    r->affected = count;
    if (n <= 0)
        return ERR_OK;
    r->columns = calloc((size_t)n, sizeof *r->columns);
    r->out = calloc((size_t)n, sizeof *r->out);
    r->cells = calloc((size_t)n, sizeof *r->cells);
    if (!r->columns || !r->out || !r->cells)
        return err_set(e, ERR_NOMEM, "no memory for a result of %d columns", n);
    r->n = n;
    enum err rc = ERR_OK;
    for (int i = 0; i < n && !rc; i++)
        rc = describe_column(r, i, e);
    return rc;
}

enum err wh_rows_of(struct warehouse *w, SQLHSTMT stmt, struct warehouse_rows **out,
                    struct errbuf *e)
{
    *out = NULL;
    struct warehouse_rows *r = calloc(1, sizeof *r);
    enum err rc = ERR_OK;
    if (r) {
        r->w = w;
        r->stmt = stmt;
        rc = describe(r, e);
    } else {
        wh_free(w, stmt);
        rc = err_set(e, ERR_NOMEM, "no memory for a result");
    }
    if (rc) {
        warehouse_rows_close(r);
        if (!w->in_tx && !w->autocommit)
            (void)wh_end_tran(w, SQL_ROLLBACK);
        return rc;
    }
    r->own_tx = !w->in_tx && !w->autocommit;
    *out = r;
    return ERR_OK;
}

enum err warehouse_query(struct warehouse *w, const char *sql, int n_params,
                         const char *const *params, struct warehouse_rows **out, struct errbuf *e)
{
    SQLHSTMT stmt;
    *out = NULL;
    enum err rc = start(w, sql, n_params, params, &stmt, e);
    return rc ? rc : wh_rows_of(w, stmt, out, e);
}

int warehouse_rows_columns(const struct warehouse_rows *r,
                           const struct warehouse_result_column **columns)
{
    if (columns)
        *columns = r->n ? r->columns : NULL;
    return r->n;
}

int64_t warehouse_rows_affected(const struct warehouse_rows *r)
{
    return r->affected;
}

/* The whole value of column i through SQLGetData. */
static enum err read_long(struct warehouse_rows *r, int i, struct errbuf *e)
{
    struct out_column *o = &r->out[i];
    buf_clear(&o->value);
    size_t room = PIECE;
    for (;;) {
        SQLLEN ind = 0;
        if (!buf_reserve(&o->value, room))
            return buf_check(&o->value, "a result's value", e);
        SQLRETURN rc = SQLGetData(r->stmt, (SQLUSMALLINT)(i + 1), SQL_C_CHAR,
                                  o->value.p + o->value.len, (SQLLEN)room, &ind);
        if (rc == SQL_NO_DATA)
            return ERR_OK;
        if (!SQL_SUCCEEDED(rc))
            return wh_error(r->w, SQL_HANDLE_STMT, r->stmt, "reading a value", e);
        if (ind == SQL_NULL_DATA) {
            o->ind = SQL_NULL_DATA;
            return ERR_OK;
        }
        o->ind = 0;
        bool more = ind == SQL_NO_TOTAL || ind >= (SQLLEN)room;
        o->value.len += more ? room - 1 : (size_t)ind;
        if (!more)
            return ERR_OK;
        /* the length that is left is known: one more read */
        room = ind == SQL_NO_TOTAL ? room * 2 : (size_t)ind - (room - 1) + 1;
    }
}

static void lower(char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] - 'A' + 'a');
}

/* Puts the server's own text back. Bound buffers have room for it. */
static enum err mend_cell(struct out_column *o, struct cell *c, struct errbuf *e)
{
    static const char offset[] = "+00";
    static const char prefix[] = "\\x";
    char *p = o->bound ? o->bound : o->value.p;
    switch (o->mend) {
    case MEND_NOTHING:
        return ERR_OK;
    case MEND_BOOL:
        if (c->len == 1 && (*p == '0' || *p == '1'))
            *p = *p == '1' ? 't' : 'f';
        return ERR_OK;
    case MEND_LOWER:
        lower(p, c->len);
        return ERR_OK;
    case MEND_ZONE:
        /* "infinity" comes as a date of the year 9999: it cannot be told from a real one */
        if (c->len + sizeof offset > (size_t)o->size)
            return ERR_OK;
        memcpy(p + c->len, offset, sizeof offset);
        c->len += sizeof offset - 1;
        return ERR_OK;
    case MEND_BYTES:
        lower(p, c->len);
        if (o->bound)
            return ERR_OK;
        if (!buf_reserve(&o->value, sizeof prefix))
            return buf_check(&o->value, "a result's value", e);
        memmove(o->value.p + sizeof prefix - 1, o->value.p, c->len);
        memcpy(o->value.p, prefix, sizeof prefix - 1);
        c->p = o->value.p;
        c->len += sizeof prefix - 1;
        return ERR_OK;
    }
    return ERR_OK;
}

enum err warehouse_rows_next(struct warehouse_rows *r, const struct cell **cells, struct errbuf *e)
{
    if (!r->n)
        return ERR_NOT_FOUND;
    wh_run_begin(r->w, r->stmt);
    SQLRETURN rc = SQLFetch(r->stmt);
    wh_run_end(r->w);
    if (rc == SQL_NO_DATA)
        return ERR_NOT_FOUND;
    if (!SQL_SUCCEEDED(rc))
        return wh_error(r->w, SQL_HANDLE_STMT, r->stmt, NULL, e);
    for (int i = 0; i < r->n; i++) {
        struct out_column *o = &r->out[i];
        struct cell *c = &r->cells[i];
        bool whole = o->bound && o->ind != SQL_NO_TOTAL && o->ind < o->size;
        if (!whole) {
            enum err er = read_long(r, i, e);
            if (er)
                return er;
        }
        *c = (struct cell){.kind = CELL_NULL};
        if (o->ind == SQL_NULL_DATA)
            continue;
        c->kind = CELL_TEXT;
        c->p = whole ? o->bound : o->value.p;
        c->len = (uint32_t)(whole ? (size_t)o->ind : o->value.len);
        if (o->mend) {
            enum err er = mend_cell(o, c, e);
            if (er)
                return er;
        }
    }
    *cells = r->cells;
    return ERR_OK;
}

void warehouse_rows_close(struct warehouse_rows *r)
{
    if (!r)
        return;
    wh_free(r->w, r->stmt);
    if (r->own_tx && !r->w->in_tx)
        (void)wh_end_tran(r->w, SQL_COMMIT);
    for (int i = 0; i < r->n; i++) {
        if (r->columns) {
            free((char *)r->columns[i].name);
            free((char *)r->columns[i].type_name);
        }
        if (r->out) {
            buf_free(&r->out[i].value);
            free(r->out[i].bound);
        }
    }
    free(r->columns);
    free(r->out);
    free(r->cells);
    free(r);
}
