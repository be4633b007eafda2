/*
 * Array-bound INSERT of one tuple (Vertica).
 *
 * The driver turns an array-bound INSERT into one COPY that stays open over further executions of
 * the same statement until another kind of statement, so chunks of the batch cost no COPY each.
 * Binding is by column: every cell of a chunk has the room of the chunk's widest one, so a chunk is
 * as many rows as fit into CHUNK_BYTES (never sized from SQLDescribeParam: a LONG VARCHAR says 32
 * MB there). Integers go as SQL_C_SBIGINT, bytes as SQL_C_BINARY, all else as text that the server
 * converts.
 *
 * Errors: a row's fault is in the status array while the good rows stay, so the caller sets a
 * savepoint and goes back to it. What the load itself fails with (disk, a node) comes when the COPY
 * closes: at SQLFreeStmt(SQL_CLOSE), the next other statement, or SQLEndTran, each of which is
 * checked.
 */
#include <errno.h>
#include <stdlib.h>

#include "backend/warehouse/insert.h"

enum { CHUNK_ROWS = 10000, CHUNK_BYTES = 16 << 20, LONG_TEXT = 65000 };

struct bound {
    SQLSMALLINT c_type;
    SQLSMALLINT sql_type;
    size_t width;
    char *values;
    SQLLEN *inds;
};

static bool is_int(enum wtype t)
{
    return t == WT_INT16 || t == WT_INT32 || t == WT_INT64;
}

static size_t cell_width(const struct wcolumn *def, const struct cell *c)
{
    if (is_int(def->type))
        return sizeof(int64_t);
    size_t n = c->kind == CELL_TEXT ? c->len : 0;
    return n ? n : 1;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "\x0aff" -> bytes; -1 when it is not of that form. */
static SQLLEN put_bytes(const struct cell *c, char *out)
{
    if (c->len < 2 || c->len % 2 || c->p[0] != '\\' || c->p[1] != 'x')
        return -1;
    SQLLEN n = 0;
    for (uint32_t i = 2; i < c->len; i += 2) {
        int hi = hex_value(c->p[i]);
        int lo = hex_value(c->p[i + 1]);
        if (hi < 0 || lo < 0)
            return -1;
        out[n++] = (char)(hi << 4 | lo);
    }
    return n;
}

static enum err put_cell(struct bound *d, const struct wcolumn *def, size_t row,
                         const struct cell *c, struct errbuf *e)
{
    char *at = d->values + row * d->width;
    if (c->kind != CELL_TEXT) {
        d->inds[row] = SQL_NULL_DATA;
        return ERR_OK;
    }
    if (is_int(def->type)) {
        char digits[32];
        char *end;
        if (c->len >= sizeof digits)
            return err_set(e, ERR_DATA, "column \"%s\": not an integer", def->name);
        memcpy(digits, c->p, c->len);
        digits[c->len] = '\0';
        errno = 0;
        long long v = strtoll(digits, &end, 10);
        if (errno || end == digits || *end)
            return err_set(e, ERR_DATA, "column \"%s\": \"%s\" is not an integer of 64 bits",
                           def->name, digits);
        SQLBIGINT value = v;
        memcpy(at, &value, sizeof value);
        d->inds[row] = sizeof value;
        return ERR_OK;
    }
    if (d->c_type == SQL_C_BINARY) {
        d->inds[row] = put_bytes(c, at);
        return d->inds[row] < 0
                   ? err_set(e, ERR_DATA, "column \"%s\": bytes are not of the form \\x0aff",
                             def->name)
                   : ERR_OK;
    }
    if (c->len)
        memcpy(at, c->p, c->len);
    d->inds[row] = (SQLLEN)c->len;
    return ERR_OK;
}

/* How many of the rows fit into a chunk, and how wide each column then is. */
static int chunk_rows(const struct wbatch *b, const struct cell *cells, int rows,
                      struct bound *bound)
{
    size_t per_row = 0;
    int n = 0;
    for (int i = 0; i < b->n; i++) {
        bound[i].width = 1;
        per_row += 1 + sizeof(SQLLEN);
    }
    for (; n < rows && n < CHUNK_ROWS; n++) {
        size_t next = per_row;
        for (int i = 0; i < b->n; i++) {
            size_t width =
                cell_width(&b->columns[i].def, &cells[(size_t)n * (size_t)b->n + (size_t)i]);
            if (width > bound[i].width)
                next += width - bound[i].width;
        }
        if (n > 0 && next * (size_t)(n + 1) > CHUNK_BYTES)
            break;
        for (int i = 0; i < b->n; i++) {
            size_t width =
                cell_width(&b->columns[i].def, &cells[(size_t)n * (size_t)b->n + (size_t)i]);
            if (width > bound[i].width)
                bound[i].width = width;
        }
        per_row = next;
    }
    return n;
}

static void column_types(const struct wbatch *b, struct bound *bound)
{
    for (int i = 0; i < b->n; i++) {
        enum wtype t = b->columns[i].def.type;
        struct bound *d = &bound[i];
        d->c_type = is_int(t) ? SQL_C_SBIGINT : t == WT_BYTES ? SQL_C_BINARY : SQL_C_CHAR;
        if (is_int(t))
            d->sql_type = SQL_BIGINT;
        else if (t == WT_BYTES)
            d->sql_type = d->width > LONG_TEXT ? SQL_LONGVARBINARY : SQL_VARBINARY;
        else
            d->sql_type = d->width > LONG_TEXT ? SQL_LONGVARCHAR : SQL_VARCHAR;
    }
}

static enum err bind_chunk(struct warehouse *w, SQLHSTMT stmt, const struct wbatch *b,
                           const struct cell *cells, int rows, struct arena *a, struct bound *bound,
                           struct errbuf *e)
{
    column_types(b, bound);
    for (int i = 0; i < b->n; i++) {
        struct bound *d = &bound[i];
        d->values = arena_alloc(a, d->width * (size_t)rows);
        d->inds = arena_alloc(a, sizeof *d->inds * (size_t)rows);
        if (!d->values || !d->inds)
            return err_set(e, ERR_NOMEM, "no memory to bind %d rows", rows);
        for (int k = 0; k < rows; k++) {
            enum err r = put_cell(d, &b->columns[i].def, (size_t)k,
                                  &cells[(size_t)k * (size_t)b->n + (size_t)i], e);
            if (r)
                return r;
        }
        if (!SQL_SUCCEEDED(SQLBindParameter(stmt, (SQLUSMALLINT)(i + 1), SQL_PARAM_INPUT, d->c_type,
                                            d->sql_type, d->width, 0, d->values, (SQLLEN)d->width,
                                            d->inds)))
            return wh_error(w, SQL_HANDLE_STMT, stmt, "binding a column", e);
    }
    return ERR_OK;
}

/* Executes what is bound, and looks at every row's status. */
static enum err execute_chunk(struct warehouse *w, SQLHSTMT stmt, int rows, struct arena *a,
                              struct errbuf *e)
{
    SQLUSMALLINT *status = arena_alloc(a, sizeof *status * (size_t)rows);
    SQLULEN processed = 0;
    if (!status)
        return err_set(e, ERR_NOMEM, "no memory for the status of %d rows", rows);
    for (int i = 0; i < rows; i++)
        status[i] = SQL_PARAM_SUCCESS;
    if (!SQL_SUCCEEDED(SQLSetStmtAttr(stmt, SQL_ATTR_PARAM_BIND_TYPE,
                                      (SQLPOINTER)SQL_PARAM_BIND_BY_COLUMN, 0)) ||
        !SQL_SUCCEEDED(
            SQLSetStmtAttr(stmt, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER)(uintptr_t)rows, 0)) ||
        !SQL_SUCCEEDED(SQLSetStmtAttr(stmt, SQL_ATTR_PARAM_STATUS_PTR, status, 0)) ||
        !SQL_SUCCEEDED(SQLSetStmtAttr(stmt, SQL_ATTR_PARAMS_PROCESSED_PTR, &processed, 0)))
        return wh_error(w, SQL_HANDLE_STMT, stmt, "binding rows", e);
    enum err r = wh_execute(w, stmt, NULL, e);
    for (int i = 0; i < rows && !r; i++)
        if (status[i] == SQL_PARAM_ERROR) {
            r = wh_error(w, SQL_HANDLE_STMT, stmt, NULL, e);
            if (r != ERR_CONNECT && r != ERR_RETRY && e)
                r = e->code = ERR_DATA; /* the server took the statement and refused a row */
        }
    wh_run_begin(w, stmt);
    while (!r && SQL_SUCCEEDED(SQLMoreResults(stmt)))
        continue;
    bool closed = SQL_SUCCEEDED(SQLFreeStmt(stmt, SQL_CLOSE));
    wh_run_end(w);
    if (!closed && !r)
        r = wh_error(w, SQL_HANDLE_STMT, stmt, "closing a load", e);
    (void)SQLSetStmtAttr(stmt, SQL_ATTR_PARAM_STATUS_PTR, NULL, 0);
    (void)SQLSetStmtAttr(stmt, SQL_ATTR_PARAMS_PROCESSED_PTR, NULL, 0);
    return r;
}

enum err paramset_rows(struct warehouse *w, SQLHSTMT stmt, const struct wbatch *b, int from, int to,
                       struct errbuf *e)
{
    enum { ARENA_BLOCK = 1 << 20 };
    enum err r = ERR_OK;
    struct arena *a = arena_create(ARENA_BLOCK);
    struct arena *chunk = arena_create(ARENA_BLOCK);
    struct bound *bound = calloc((size_t)b->n, sizeof *bound);
    struct cell *cells = NULL;
    if (!a || !chunk || !bound)
        r = err_set(e, ERR_NOMEM, "no memory to bind %d columns", b->n);
    if (!r)
        r = batch_cells(b, from, to, a, &cells, e);
    for (int at = from; at < to && !r;) {
        const struct cell *rows = cells + (size_t)(at - from) * (size_t)b->n;
        int n = chunk_rows(b, rows, to - at, bound);
        arena_reset(chunk);
        r = bind_chunk(w, stmt, b, rows, n, chunk, bound, e);
        if (!r)
            r = execute_chunk(w, stmt, n, chunk, e);
        at += n;
    }
    (void)SQLFreeStmt(stmt, SQL_RESET_PARAMS);
    arena_destroy(a);
    arena_destroy(chunk);
    free(bound);
    return r;
}
