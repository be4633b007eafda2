/*
 * Raw tables: made on first sight, columns added when the source adds them, types widened.
 *
 * Two sinks may find the same schema or table missing at the same moment. IF NOT EXISTS does not
 * save the slower one (PostgreSQL answers 23505 on its own catalog, Vertica 42710), so every round
 * looks at the catalog, does what is missing, and starts again when that failed because somebody
 * else had just done it.
 */
#include <stdlib.h>

#include "backend/warehouse/insert.h"
#include "backend/warehouse/internal.h"
#include "backend/warehouse/upsert.h"

enum { ROUNDS = 8 };

/* ---- reading the catalog ---- */

/* Columns and their names in one block, so that the caller frees once. */
struct column_list {
    struct wcolumn *items;
    int n;
    int cap;
    struct buf names; /* NUL-terminated, one after the other */
};

static enum err list_add(struct column_list *l, const struct cell *cells, const struct dialect *d,
                         struct errbuf *e)
{
    if (l->n == l->cap) {
        int cap = l->cap ? l->cap * 2 : 64;
        struct wcolumn *p = realloc(l->items, (size_t)cap * sizeof *p);
        if (!p)
            return err_set(e, ERR_NOMEM, "no memory for a table's columns");
        l->items = p;
        l->cap = cap;
    }
    char type[NAME_TEXT_MAX] = "";
    size_t n = cells[1].len < sizeof type - 1 ? cells[1].len : sizeof type - 1;
    if (cells[1].p)
        memcpy(type, cells[1].p, n);
    struct wcolumn *c = &l->items[l->n++];
    *c = (struct wcolumn){.not_null = (int)cell_int64(&cells[5]) != 0};
    d->type_read(type, (int)cell_int64(&cells[2]), (int)cell_int64(&cells[3]),
                 (int)cell_int64(&cells[4]), c);
    buf_add(&l->names, cells[0].p, cells[0].len);
    buf_ch(&l->names, '\0');
    return buf_check(&l->names, "a table's columns", e);
}

static enum err list_pack(const struct column_list *l, struct wcolumn **out, int *n,
                          struct errbuf *e)
{
    *n = l->n;
    if (!l->n)
        return ERR_OK;
    size_t head = (size_t)l->n * sizeof **out;
    *out = malloc(head + l->names.len);
    if (!*out)
        return err_set(e, ERR_NOMEM, "no memory for a table's columns");
    memcpy(*out, l->items, head);
    char *name = (char *)*out + head;
    memcpy(name, l->names.p, l->names.len);
    for (int i = 0; i < l->n; i++) {
        (*out)[i].name = name;
        name += strlen(name) + 1;
    }
    return ERR_OK;
}

/* A name as an ILIKE pattern that only means itself. */
static void like_pattern(const struct dialect *d, const char *name, char *out, size_t out_n)
{
    char fitted[NAME_TEXT_MAX];
    size_t o = 0;
    for (const char *s = dialect_name(d, name, fitted); *s && o + 2 < out_n; s++) {
        if (d->fold_names && (*s == '%' || *s == '_' || *s == '\\'))
            out[o++] = '\\';
        out[o++] = *s;
    }
    out[o] = '\0';
}

enum err warehouse_table_columns(struct warehouse *w, const char *schema, const char *table,
                                 struct wcolumn **out, int *n, struct errbuf *e)
{
    char names[2][2 * NAME_TEXT_MAX];
    like_pattern(w->dialect, schema, names[0], sizeof names[0]);
    like_pattern(w->dialect, table, names[1], sizeof names[1]);
    const char *params[] = {names[0], names[1]};
    struct warehouse_rows *rows = NULL;
    struct column_list list = {.n = 0};
    const struct cell *cells;
    buf_init(&list.names, 0);
    *out = NULL;
    *n = 0;
    enum err r =
        warehouse_query(w, dialect_query(w->dialect, "table_columns"), 2, params, &rows, e);
    while (!r && !(r = warehouse_rows_next(rows, &cells, e)))
        r = list_add(&list, cells, w->dialect, e);
    if (r == ERR_NOT_FOUND)
        r = list_pack(&list, out, n, e);
    warehouse_rows_close(rows);
    buf_free(&list.names);
    free(list.items);
    return r;
}

/* ---- making and changing ---- */

static const char batch_column[] = "_batch";

static int find_column(const struct dialect *d, const struct wcolumn *columns, int n,
                       const char *name)
{
    for (int i = 0; i < n; i++)
        if (dialect_same_name(d, columns[i].name, name))
            return i;
    return -1;
}

/* Names that the dialect cannot tell apart would silently become one column. */
static enum err check_names(const struct dialect *d, const char *table,
                            const struct wcolumn *columns, int n, struct errbuf *e)
{
    for (int i = 1; i < n; i++) {
        int first = find_column(d, columns, i, columns[i].name);
        if (first >= 0)
            return err_set(e, ERR_UNSUPPORTED,
                           "%s: the columns \"%s\" and \"%s\" are one and the same to %s", table,
                           columns[first].name, columns[i].name, d->name);
    }
    return ERR_OK;
}

/*
 * Vertica: rows of one batch stand together, so reading a range of batches (what every load of the
 * model does) touches those blocks only, and _batch compresses to nothing by run-length; they are
 * spread over the nodes by what differs within a batch.
 */
static void table_layout(struct buf *out, const struct dialect *d, const struct wcolumn *columns,
                         int n)
{
    static const char *const spread[] = {"_partition", "_offset"};
    const char *text = dialect_query(d, "table_layout");
    if (!text || find_column(d, columns, n, batch_column) < 0)
        return;
    struct buf batch;
    struct buf rest;
    buf_init(&batch, 0);
    buf_init(&rest, 0);
    dialect_ident(&batch, d, batch_column);
    for (size_t i = 0; i < sizeof spread / sizeof spread[0]; i++)
        if (find_column(d, columns, n, spread[i]) >= 0) {
            if (rest.len)
                buf_lit(&rest, ", ");
            dialect_ident(&rest, d, spread[i]);
        }
    const struct sql_slot slots[] = {
        {"batch", buf_cstr(&batch)},
        {"rest", rest.len ? buf_cstr(&rest) : buf_cstr(&batch)},
    };
    sql_fill(out, text, slots, 2);
    buf_free(&batch);
    buf_free(&rest);
}

/*
 * PostgreSQL: a plain index on _batch, for the same reads. It costs 0.9 us of the server's time a
 * row; BRIN costs as much before version 17, and leaves the newest rows unsummarised until a vacuum
 * comes by, which are the very ones that are read. An index on the key would cost as much again:
 * who reads by key makes one.
 */
static enum err create_index(struct warehouse *w, const char *target, const char *table,
                             const struct wcolumn *columns, int n, struct errbuf *e)
{
    const struct dialect *d = w->dialect;
    if (!dialect_query(d, "table_index") || find_column(d, columns, n, batch_column) < 0)
        return ERR_OK;
    struct buf index;
    struct buf name;
    struct buf batch;
    buf_init(&index, 0);
    buf_init(&name, 0);
    buf_init(&batch, 0);
    buf_printf(&name, "%s_batch", table);
    dialect_ident(&index, d, buf_cstr(&name));
    dialect_ident(&batch, d, batch_column);
    const struct sql_slot slots[] = {
        {"index", buf_cstr(&index)}, {"table", target}, {"batch", buf_cstr(&batch)}};
    enum err r = wh_exec_query(w, "table_index", slots, 3, 0, NULL, NULL, e);
    buf_free(&index);
    buf_free(&name);
    buf_free(&batch);
    return r;
}

static enum err create_table(struct warehouse *w, const char *schema, const char *table,
                             const char *target, const struct wcolumn *columns, int n,
                             struct errbuf *e)
{
    const struct dialect *d = w->dialect;
    struct buf name;
    struct buf defs;
    struct buf layout;
    buf_init(&name, 0);
    buf_init(&defs, 0);
    buf_init(&layout, 0);
    dialect_ident(&name, d, schema);
    for (int i = 0; i < n; i++) {
        buf_str(&defs, i ? ",\n    " : "    ");
        dialect_ident(&defs, d, columns[i].name);
        buf_ch(&defs, ' ');
        d->type_sql(&defs, &columns[i]);
        if (columns[i].not_null)
            buf_lit(&defs, " NOT NULL");
    }
    table_layout(&layout, d, columns, n);
    const struct sql_slot slots[] = {{"schema", buf_cstr(&name)},
                                     {"table", target},
                                     {"columns", buf_cstr(&defs)},
                                     {"layout", buf_cstr(&layout)}};
    enum err r = wh_exec_query(w, "create_schema", slots, 1, 0, NULL, NULL, e);
    if (!r)
        r = wh_exec_query(w, "create_table", slots, 4, 0, NULL, NULL, e);
    if (!r)
        r = create_index(w, target, table, columns, n, e);
    buf_free(&name);
    buf_free(&defs);
    buf_free(&layout);
    return r;
}

static enum err alter_column(struct warehouse *w, const char *query, const char *target,
                             const struct wcolumn *c, struct errbuf *e)
{
    struct buf name;
    struct buf type;
    buf_init(&name, 0);
    buf_init(&type, 0);
    dialect_ident(&name, w->dialect, c->name);
    w->dialect->type_sql(&type, c);
    /* A column added to a table with rows cannot be NOT NULL: the old rows have no value. */
    const struct sql_slot slots[] = {
        {"table", target}, {"column", buf_cstr(&name)}, {"type", buf_cstr(&type)}};
    enum err r = wh_exec_query(w, query, slots, 3, 0, NULL, NULL, e);
    buf_free(&name);
    buf_free(&type);
    return r;
}

static enum err incompatible(const struct dialect *d, const char *table, const struct wcolumn *have,
                             const struct wcolumn *want, struct errbuf *e)
{
    struct buf a;
    struct buf b;
    buf_init(&a, 0);
    buf_init(&b, 0);
    d->type_sql(&a, have);
    d->type_sql(&b, want);
    enum err r = err_set(e, ERR_SQL,
                         "column \"%s\" of %s is %s and cannot take %s: alter or rename it in the "
                         "warehouse, then restart the connector",
                         have->name, table, buf_cstr(&a), buf_cstr(&b));
    buf_free(&a);
    buf_free(&b);
    return r;
}

static enum err fit_columns(struct warehouse *w, const char *table, const char *target,
                            const struct wcolumn *have, int n_have, const struct wcolumn *want,
                            int n, struct errbuf *e)
{
    enum err r = ERR_OK;
    for (int i = 0; i < n && !r; i++) {
        int at = find_column(w->dialect, have, n_have, want[i].name);
        if (at < 0) {
            r = alter_column(w, "add_column", target, &want[i], e);
            continue;
        }
        struct wcolumn to;
        switch (dialect_fit(w->dialect, &have[at], &want[i], &to)) {
        case FIT_AS_IS:
            break;
        case FIT_WIDEN:
            r = alter_column(w, "widen_column", target, &to, e);
            break;
        case FIT_INCOMPATIBLE:
            r = incompatible(w->dialect, table, &have[at], &want[i], e);
            break;
        }
    }
    return r;
}

/* What upsert needs besides the table. */
static enum err ensure_key(struct warehouse *w, const char *schema, const char *table,
                           const struct wcolumn *columns, int n, struct errbuf *e)
{
    const char **key = calloc((size_t)n + 1, sizeof *key);
    int n_key = 0;
    if (!key)
        return err_set(e, ERR_NOMEM, "no memory for a key");
    for (int i = 0; i < n; i++)
        if (columns[i].key)
            key[n_key++] = columns[i].name;
    enum err r = upsert_index(w, schema, table, key, n_key, e);
    free(key);
    return r;
}

/* Outside of a transaction, before the first batch. */
static enum err ensure_stage(struct warehouse *w, const struct wcolumn *columns, int n,
                             struct errbuf *e)
{
    char name[NAME_TEXT_MAX];
    bool key = false;
    for (int i = 0; i < n; i++)
        key = key || columns[i].key;
    return key && dialect_query(w->dialect, "stage_create") ? upsert_stage(w, columns, n, name, e)
                                                            : ERR_OK;
}

static enum err ensure_round(struct warehouse *w, const char *schema, const char *table,
                             const char *target, const struct wcolumn *columns, int n,
                             struct errbuf *e)
{
    struct wcolumn *have = NULL;
    int n_have = 0;
    enum err r = warehouse_table_columns(w, schema, table, &have, &n_have, e);
    if (!r && !n_have)
        r = create_table(w, schema, table, target, columns, n, e);
    else if (!r)
        r = fit_columns(w, table, target, have, n_have, columns, n, e);
    if (!r)
        r = ensure_key(w, schema, table, columns, n, e);
    free(have);
    return r;
}

/* Somebody else made the same thing in the same moment. */
static bool lost_a_race(const struct errbuf *e)
{
    static const char *const states[] = {"23505", "42P06", "42P07", "42701", "42710", "42V07"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (!strcmp(e->sqlstate, states[i]))
            return true;
    return e->code == ERR_RETRY;
}

enum err warehouse_table_ensure(struct warehouse *w, const char *schema, const char *table,
                                const struct wcolumn *columns, int n, struct errbuf *e)
{
    struct errbuf own;
    struct buf target;
    if (!e)
        e = &own;
    err_clear(e);
    if (w->in_tx)
        return err_set(e, ERR_STATE, "a table is made outside of a transaction");
    enum err r = check_names(w->dialect, table, columns, n, e);
    if (r)
        return r;
    buf_init(&target, 0);
    insert_target(&target, w->dialect, schema, table);
    for (int round = 0; round < ROUNDS; round++) {
        r = ERR_OK;
        if ((r = warehouse_begin(w, e)))
            break;
        r = ensure_round(w, schema, table, buf_cstr(&target), columns, n, e);
        if (!r)
            r = warehouse_commit(w, e);
        if (!r)
            break;
        if (warehouse_rollback(w, NULL) == ERR_CONNECT || !lost_a_race(e))
            break;
    }
    if (!r)
        r = ensure_stage(w, columns, n, e);
    if (r)
        r = err_prefix(e, "table %s.%s", schema, table);
    buf_free(&target);
    return r;
}
