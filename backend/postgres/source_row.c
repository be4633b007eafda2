/* One row by its key: for values that the stream does not carry. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/postgres/source_internal.h"

enum { FIXED_PARAMS = 2, FIXED_COLUMNS = 2 };

struct lookup {
    source_row_fn *fn;
    void *arg;
    bool visible;
    bool found;
};

static enum err take(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    struct lookup *l = arg;
    l->visible = n >= FIXED_COLUMNS && source_cell_true(&cells[0]);
    l->found = l->visible && source_cell_true(&cells[1]);
    return l->found ? l->fn(l->arg, cells + FIXED_COLUMNS, n - FIXED_COLUMNS, e) : ERR_OK;
}

static void add_column(struct buf *b, const char *between, const char *name)
{
    if (b->len)
        buf_str(b, between);
    buf_lit(b, "t.");
    buf_ident(b, name);
}

/* The key's values one after the other, each with a NUL behind it. */
static enum err key_values(const struct relation *r, const struct cell *row, struct buf *values,
                           struct buf *match, struct errbuf *e)
{
    int n = 0;
    for (int i = 0; i < r->n_columns; i++) {
        if (!r->columns[i].key_pos)
            continue;
        if (row[i].kind != CELL_TEXT)
            return err_set(e, ERR_NOT_FOUND, "column \"%s\" of the key is not known",
                           r->columns[i].name);
        buf_add(values, row[i].p, row[i].len);
        buf_ch(values, '\0');
        add_column(match, " AND ", r->columns[i].name);
        buf_printf(match, " = $%d", FIXED_PARAMS + ++n);
    }
    return n ? ERR_OK : err_set(e, ERR_NOT_FOUND, "table %s.%s has no key", r->schema, r->name);
}

static void build(const struct relation *r, const struct cell *row, struct buf *match,
                  struct buf *sql)
{
    struct buf columns;
    struct buf table;
    struct buf present;
    buf_init(&columns, 0);
    buf_init(&table, 0);
    buf_init(&present, 0);
    for (int i = 0; i < r->n_columns; i++) {
        if (row[i].kind == CELL_UNCHANGED)
            add_column(&columns, ", ", r->columns[i].name);
        if (r->columns[i].key_pos == 1)
            buf_ident(&present, r->columns[i].name);
    }
    buf_ident(&table, r->schema);
    buf_ch(&table, '.');
    buf_ident(&table, r->name);
    session_sql(sql, "row_by_key",
                (const struct session_word[]){{"present", buf_cstr(&present)},
                                              {"columns", buf_cstr(&columns)},
                                              {"table", buf_cstr(&table)},
                                              {"match", buf_cstr(match)},
                                              {NULL, NULL}});
    sql->failed |= columns.failed || table.failed || present.failed || match->failed;
    buf_free(&columns);
    buf_free(&table);
    buf_free(&present);
}

static enum err look_up(struct source *s, const struct relation *r, const char *sql,
                        const char *values, uint32_t xid, struct lookup *l, struct errbuf *e)
{
    char numbers[FIXED_PARAMS][16];
    const char **params = calloc((size_t)r->n_key + FIXED_PARAMS, sizeof *params);
    if (!params)
        return err_set(e, ERR_NOMEM, "no memory for a row's key");
    (void)snprintf(numbers[0], sizeof numbers[0], "%" PRIu32, xid);
    (void)snprintf(numbers[1], sizeof numbers[1], "%" PRIu32, r->oid);
    params[0] = numbers[0];
    params[1] = numbers[1];
    for (int i = 0; i < r->n_key; i++) {
        params[FIXED_PARAMS + i] = values;
        values += strlen(values) + 1;
    }
    enum err rc = source_query(s, sql, r->n_key + FIXED_PARAMS, params, take, l, e);
    free(params);
    return rc;
}

enum err source_row_by_key(struct source *s, const struct relation *r, const struct cell *row,
                           uint32_t xid, source_row_fn *fn, void *arg, struct errbuf *e)
{
    struct lookup l = {.fn = fn, .arg = arg};
    struct buf values;
    struct buf match;
    struct buf sql;
    buf_init(&values, 0);
    buf_init(&match, 0);
    buf_init(&sql, 0);
    enum err rc = key_values(r, row, &values, &match, e);
    if (!rc) {
        build(r, row, &match, &sql);
        rc = buf_check(&sql, "a query", e);
    }
    if (!rc)
        rc = buf_check(&values, "a row's key", e);
    if (!rc)
        rc = look_up(s, r, buf_cstr(&sql), values.p, xid, &l, e);
    if (!rc && !l.visible)
        rc = err_set(e, ERR_RETRY, "transaction %" PRIu32 " is not visible yet", xid);
    if (!rc && !l.found)
        rc = err_set(e, ERR_NOT_FOUND, "the row is gone");
    buf_free(&values);
    buf_free(&match);
    buf_free(&sql);
    return rc;
}
