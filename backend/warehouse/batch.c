#include "backend/warehouse/batch.h"

#include <stdlib.h>
#include <strings.h>

/* What a byte means inside an array literal. */
enum { BYTE_QUOTE, BYTE_PLAIN, BYTE_ESCAPE, BYTE_NUL };
#define P   BYTE_PLAIN
#define P4  P, P, P, P
#define P16 P4, P4, P4, P4
static const unsigned char byte_class[256] = {
    [0] = BYTE_NUL,
    ['"'] = BYTE_ESCAPE,
    ['\\'] = BYTE_ESCAPE,
    ['0'] = P,
    P,
    P,
    P,
    P,
    P,
    P,
    P,
    P,
    P,
    P /* : */,
    ['A'] = P16,
    P4,
    P4,
    P,
    P,
    ['a'] = P16,
    P4,
    P4,
    P,
    P,
    ['+'] = P,
    ['-'] = P,
    ['.'] = P,
    ['_'] = P,
    ['/'] = P,
    ['@'] = P,
    ['#'] = P,
    ['$'] = P,
    ['%'] = P,
    [128] = P16,
    P16,
    P16,
    P16,
    P16,
    P16,
    P16,
    P16,
};
#undef P
#undef P4
#undef P16

bool batch_element(struct buf *out, const struct cell *c)
{
    if (c->kind != CELL_TEXT) {
        buf_lit(out, "NULL");
        return true;
    }
    const unsigned char *p = (const unsigned char *)c->p;
    size_t n = c->len;
    if (!buf_reserve(out, 2 * n + 2))
        return true; /* the buffer remembers */
    unsigned char *o = (unsigned char *)out->p + out->len;
    size_t i = 0;
    while (i < n && byte_class[p[i]] == BYTE_PLAIN)
        i++;
    if (i == n && n && !(n == 4 && !strncasecmp(c->p, "null", 4))) {
        memcpy(o, p, n);
        out->len += n;
        return true;
    }
    *o++ = '"';
    memcpy(o, p, i);
    o += i;
    for (; i < n; i++) {
        unsigned char k = byte_class[p[i]];
        if (k == BYTE_NUL)
            return false;
        if (k == BYTE_ESCAPE)
            *o++ = '\\';
        *o++ = p[i];
    }
    *o++ = '"';
    out->len = (size_t)(o - (unsigned char *)out->p);
    return true;
}

static void literal_add(struct buf *data, const struct cell *c, bool *ok)
{
    buf_ch(data, data->len ? ',' : '{');
    if (!batch_element(data, c))
        *ok = false;
}

static void bytes_add(struct batch_column *col, int row, const struct cell *c, bool *ok)
{
    if ((size_t)row >= col->lengths_cap) {
        size_t cap = col->lengths_cap ? col->lengths_cap * 2 : 256;
        int32_t *p = realloc(col->lengths, cap * sizeof *p);
        if (!p) {
            col->data.failed = true;
            return;
        }
        col->lengths = p;
        col->lengths_cap = cap;
    }
    col->lengths[row] = c->kind == CELL_TEXT ? (int32_t)c->len : -1;
    if (c->kind != CELL_TEXT)
        return;
    if (c->len && memchr(c->p, 0, c->len))
        *ok = false;
    buf_add(&col->data, c->p, c->len);
}

static void column_append(const struct wbatch *b, struct batch_column *col, int row,
                          const struct cell *c, bool *ok)
{
    if (b->dialect->load == LOAD_ARRAY_LITERALS)
        literal_add(&col->data, c, ok);
    else
        bytes_add(col, row, c, ok);
}

static bool cell_same(const struct cell *a, const struct cell *b)
{
    return a->kind == b->kind &&
           (a->kind != CELL_TEXT || (a->len == b->len && !memcmp(a->p, b->p, a->len)));
}

/* The first cell of a column: kept aside. */
static void column_first(struct batch_column *col, const struct cell *c, bool *ok)
{
    buf_clear(&col->first_bytes);
    buf_clear(&col->data);
    col->first = (struct cell){.kind = c->kind};
    col->constant = true;
    if (c->kind != CELL_TEXT)
        return;
    if (c->len && memchr(c->p, 0, c->len))
        *ok = false;
    buf_add(&col->first_bytes, c->p, c->len);
    col->first.p = buf_cstr(&col->first_bytes);
    col->first.len = c->len;
}

/* No longer constant: write the rows so far. */
static void column_write_out(const struct wbatch *b, struct batch_column *col)
{
    bool ok = true; /* the first cell was looked at when it came */
    col->constant = false;
    for (int i = 0; i < b->rows; i++)
        column_append(b, col, i, &col->first, &ok);
    col->before = col->data.len;
}

static enum err note_unchanged(struct wbatch *b, int column, struct errbuf *e)
{
    if (b->n_unchanged == b->unchanged_cap) {
        int cap = b->unchanged_cap ? b->unchanged_cap * 2 : 64;
        struct unchanged *p = realloc(b->unchanged, (size_t)cap * sizeof *p);
        if (!p)
            return err_set(e, ERR_NOMEM, "no memory for a batch");
        b->unchanged = p;
        b->unchanged_cap = cap;
    }
    b->unchanged[b->n_unchanged++] = (struct unchanged){b->rows, column};
    return ERR_OK;
}

/* Takes a half-added row back. */
static void take_back(struct wbatch *b)
{
    for (int i = 0; i < b->n; i++)
        if (!b->columns[i].constant) {
            b->columns[i].data.len = b->columns[i].before;
            b->columns[i].data.failed = false;
        }
    while (b->n_unchanged && b->unchanged[b->n_unchanged - 1].row == b->rows)
        b->n_unchanged--;
}

enum err wbatch_add(struct wbatch *b, const struct cell *cells, struct errbuf *e)
{
    enum err r = ERR_OK;
    size_t bytes = 0;
    for (int i = 0; i < b->n; i++)
        b->columns[i].before = b->columns[i].data.len;
    for (int i = 0; i < b->n && !r; i++) {
        struct batch_column *col = &b->columns[i];
        struct cell c = cells[i];
        bool ok = true;
        if (c.kind == CELL_UNCHANGED) {
            r = note_unchanged(b, i, e);
            c.kind = CELL_NULL;
        }
        bytes += (c.kind == CELL_TEXT ? c.len : 0) + 4;
        if (b->rows == 0)
            column_first(col, &c, &ok);
        else if (!col->constant || !cell_same(&col->first, &c)) {
            if (col->constant)
                column_write_out(b, col);
            column_append(b, col, b->rows, &c, &ok);
        }
        if (!ok)
            r = err_set(e, ERR_DATA,
                        "column \"%s\": the value holds a NUL byte, which no text of "
                        "the warehouse can",
                        col->def.name);
        else if (buf_failed(&col->data) || buf_failed(&col->first_bytes))
            r = buf_check(buf_failed(&col->data) ? &col->data : &col->first_bytes,
                          "a column of a batch", e);
    }
    if (r) {
        take_back(b);
        return r;
    }
    b->bytes += bytes;
    b->rows++;
    return ERR_OK;
}

struct wbatch *wbatch_create(const char *dialect, const struct wcolumn *columns, int n)
{
    const struct dialect *d = dialect_find(dialect);
    struct wbatch *b = d && n > 0 ? calloc(1, sizeof *b) : NULL;
    if (!b)
        return NULL;
    b->dialect = d;
    b->columns = calloc((size_t)n, sizeof *b->columns);
    bool ok = b->columns != NULL;
    for (int i = 0; ok && i < n; i++) {
        struct batch_column *c = &b->columns[i];
        c->def = columns[i];
        c->def.name = strdup(columns[i].name);
        ok = c->def.name != NULL;
        buf_init(&c->data, 0);
        buf_init(&c->first_bytes, 0);
        c->constant = true;
        b->n = i + 1;
    }
    if (!ok) {
        wbatch_destroy(b);
        return NULL;
    }
    return b;
}

void wbatch_destroy(struct wbatch *b)
{
    if (!b)
        return;
    for (int i = 0; i < b->n; i++) {
        free((char *)b->columns[i].def.name);
        buf_free(&b->columns[i].data);
        buf_free(&b->columns[i].first_bytes);
        free(b->columns[i].lengths);
    }
    free(b->columns);
    free(b->unchanged);
    free(b);
}

void wbatch_clear(struct wbatch *b)
{
    for (int i = 0; i < b->n; i++) {
        buf_clear(&b->columns[i].data);
        buf_clear(&b->columns[i].first_bytes);
        b->columns[i].constant = true;
        b->columns[i].first = (struct cell){.kind = CELL_NULL};
    }
    b->rows = 0;
    b->bytes = 0;
    b->n_unchanged = 0;
}

int wbatch_rows(const struct wbatch *b)
{
    return b->rows;
}

size_t wbatch_bytes(const struct wbatch *b)
{
    return b->bytes;
}

/* ---- reading it back ---- */

/* Behind the element at p. */
static const char *element_end(const char *p, const char *end)
{
    if (p < end && *p == '"') {
        for (p++; p < end && *p != '"'; p++)
            if (*p == '\\')
                p++;
        return p < end ? p + 1 : end;
    }
    const char *comma = memchr(p, ',', (size_t)(end - p));
    return comma ? comma : end;
}

void batch_literal(const struct wbatch *b, int c, int from, int to, struct buf *out)
{
    const struct batch_column *col = &b->columns[c];
    buf_ch(out, '{');
    if (col->constant) {
        for (int i = from; i < to; i++) {
            if (i > from)
                buf_ch(out, ',');
            (void)batch_element(out, &col->first);
        }
    } else {
        const char *p = col->data.p + 1;
        const char *end = col->data.p + col->data.len;
        for (int i = 0; i < from; i++)
            p = element_end(p, end) + 1;
        const char *start = p;
        for (int i = from; i < to; i++)
            p = element_end(i > from ? p + 1 : p, end);
        buf_add(out, start, (size_t)(p - start));
    }
    buf_ch(out, '}');
}

/* Decodes the element [p, end) into the arena. */
static bool element_cell(const char *p, const char *end, struct arena *a, struct cell *out)
{
    size_t n = (size_t)(end - p);
    if (n == 4 && !memcmp(p, "NULL", 4)) {
        *out = (struct cell){.kind = CELL_NULL};
        return true;
    }
    char *o = arena_alloc(a, n + 1);
    if (!o)
        return false;
    char *start = o;
    if (n && *p == '"') {
        for (p++; p < end - 1; p++) {
            if (*p == '\\')
                p++;
            *o++ = *p;
        }
    } else {
        memcpy(o, p, n);
        o += n;
    }
    *o = '\0';
    *out = (struct cell){.p = start, .len = (uint32_t)(o - start), .kind = CELL_TEXT};
    return true;
}

static bool column_cells(const struct wbatch *b, int c, int from, int to, struct arena *a,
                         struct cell *out)
{
    const struct batch_column *col = &b->columns[c];
    if (col->constant) {
        for (int i = from; i < to; i++)
            out[(size_t)(i - from) * (size_t)b->n + (size_t)c] = col->first;
        return true;
    }
    const char *p = col->data.p;
    const char *end = p + col->data.len;
    for (int i = 0; i < to; i++) {
        struct cell *cell = i < from ? NULL : &out[(size_t)(i - from) * (size_t)b->n + (size_t)c];
        if (b->dialect->load == LOAD_ARRAY_LITERALS) {
            p++; /* "{" or "," */
            const char *next = element_end(p, end);
            if (cell && !element_cell(p, next, a, cell))
                return false;
            p = next;
        } else {
            int32_t n = col->lengths[i];
            if (cell)
                *cell = (struct cell){.p = n < 0 ? NULL : p,
                                      .len = n < 0 ? 0 : (uint32_t)n,
                                      .kind = n < 0 ? CELL_NULL : CELL_TEXT};
            p += n < 0 ? 0 : n;
        }
    }
    return true;
}

enum err batch_cells(const struct wbatch *b, int from, int to, struct arena *a, struct cell **out,
                     struct errbuf *e)
{
    size_t n = (size_t)(to - from) * (size_t)b->n;
    *out = arena_alloc(a, (n ? n : 1) * sizeof **out);
    bool ok = *out != NULL;
    for (int c = 0; ok && c < b->n; c++)
        ok = column_cells(b, c, from, to, a, *out);
    if (!ok)
        return err_set(e, ERR_NOMEM, "no memory for %d rows of a batch", to - from);
    for (int i = 0; i < b->n_unchanged; i++) {
        const struct unchanged *u = &b->unchanged[i];
        if (u->row >= from && u->row < to)
            (*out)[(size_t)(u->row - from) * (size_t)b->n + (size_t)u->column].kind =
                CELL_UNCHANGED;
    }
    return ERR_OK;
}
