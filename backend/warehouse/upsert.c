/*
 * Current state: the last row of each key wins.
 *
 * First the rows of the range are folded, so that each key is there once: a later row replaces an
 * earlier one, but where it says CELL_UNCHANGED (a TOAST value that pgoutput did not send) an
 * earlier value in the range is kept; after a delete there is none, and the table's is that of
 * another row: NULL. What is left falls into groups: rows to delete, and rows to
 * write, one group for each set of columns that are still unchanged; a group never names those
 * columns, so the table keeps what it has.
 *
 * PostgreSQL: each group is one INSERT .. ON CONFLICT (key) DO UPDATE or one DELETE .. USING, both
 * fed like warehouse_insert. They need a unique index on the key: warehouse_table_ensure makes it
 * for columns marked `key`, and so does the first statement that fails for want of it.
 *
 * Vertica has no ON CONFLICT, and MERGE has no DELETE branch: the rows go by one array-bound INSERT
 * into a local temporary table (ON COMMIT DELETE ROWS: TRUNCATE would commit) with the number of
 * their group, then comes one MERGE or DELETE a group.
 */
#include "backend/warehouse/upsert.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/warehouse/insert.h"

struct winner {
    struct cell *cells;
    bool deleted;
};

struct group {
    bool deleted;
    unsigned char *unchanged; /* one a column */
    struct wcolumn *columns;  /* those of the batch that are not unchanged, or the key */
    int *from;                /* their places in the batch */
    int n;
    struct wbatch *batch;
    int64_t number; /* in the stage table */
};

struct fold {
    struct warehouse *w;
    const struct wbatch *batch;
    const struct upsert_plan *plan;
    struct arena *a;
    struct winner *winners;
    int n_winners;
    int *slots; /* hash table of winners' places + 1 */
    size_t mask;
    struct group *groups;
    int n_groups;
};

/* ---- folding ---- */

static uint64_t key_hash(const struct fold *f, const struct cell *cells)
{
    uint64_t h = 14695981039346656037ULL;
    for (int k = 0; k < f->plan->n_key; k++) {
        const struct cell *c = &cells[f->plan->key[k]];
        for (uint32_t i = 0; i < c->len; i++)
            h = (h ^ (unsigned char)c->p[i]) * 1099511628211ULL;
        h = (h ^ c->len) * 1099511628211ULL;
    }
    return h ^ h >> 29;
}

static bool key_same(const struct fold *f, const struct cell *a, const struct cell *b)
{
    for (int k = 0; k < f->plan->n_key; k++) {
        const struct cell *x = &a[f->plan->key[k]];
        const struct cell *y = &b[f->plan->key[k]];
        if (x->len != y->len || memcmp(x->p, y->p, x->len) != 0)
            return false;
    }
    return true;
}

static enum err check_key(const struct fold *f, const struct cell *cells, struct errbuf *e)
{
    for (int k = 0; k < f->plan->n_key; k++) {
        int i = f->plan->key[k];
        if (cells[i].kind != CELL_TEXT)
            return err_set(e, ERR_DATA, "key column \"%s\" has no value: upsert needs one",
                           f->batch->columns[i].def.name);
    }
    return ERR_OK;
}

static bool is_delete(const struct fold *f, const struct cell *cells)
{
    int op = f->plan->op_column;
    return op >= 0 && cells[op].kind == CELL_TEXT && cells[op].len == 1 && cells[op].p[0] == 'd';
}

static void fold_row(struct fold *f, struct cell *cells, bool deleted)
{
    size_t at = key_hash(f, cells) & f->mask;
    while (f->slots[at] && !key_same(f, f->winners[f->slots[at] - 1].cells, cells))
        at = (at + 1) & f->mask;
    if (!f->slots[at]) {
        f->winners[f->n_winners] = (struct winner){.cells = cells, .deleted = deleted};
        f->slots[at] = ++f->n_winners;
        return;
    }
    struct winner *old = &f->winners[f->slots[at] - 1];
    for (int i = 0; i < f->batch->n; i++)
        if (cells[i].kind == CELL_UNCHANGED)
            cells[i] = old->deleted ? (struct cell){.kind = CELL_NULL} : old->cells[i];
    *old = (struct winner){.cells = cells, .deleted = deleted};
}

static enum err fold_rows(struct fold *f, int from, int to, struct errbuf *e)
{
    struct cell *cells;
    size_t n = (size_t)(to - from);
    size_t slots = 16;
    while (slots < n * 2)
        slots *= 2;
    f->mask = slots - 1;
    f->winners = malloc(n * sizeof *f->winners);
    f->slots = calloc(slots, sizeof *f->slots);
    if (!f->winners || !f->slots)
        return err_set(e, ERR_NOMEM, "no memory to fold %zu rows", n);
    enum err r = batch_cells(f->batch, from, to, f->a, &cells, e);
    for (size_t i = 0; i < n && !r; i++) {
        struct cell *row = cells + i * (size_t)f->batch->n;
        bool deleted = is_delete(f, row);
        if (deleted && !f->plan->deletes)
            continue;
        r = check_key(f, row, e);
        if (!r)
            fold_row(f, row, deleted);
    }
    return r;
}

/* ---- groups ---- */

static bool is_key(const struct fold *f, int column)
{
    for (int k = 0; k < f->plan->n_key; k++)
        if (f->plan->key[k] == column)
            return true;
    return false;
}

static bool in_group(const struct fold *f, const struct group *g, const struct winner *w)
{
    if (g->deleted || w->deleted)
        return g->deleted && w->deleted;
    for (int i = 0; i < f->batch->n; i++)
        if (g->unchanged[i] != (w->cells[i].kind == CELL_UNCHANGED))
            return false;
    return true;
}

static struct group *new_group(struct fold *f, const struct winner *w)
{
    size_t n = (size_t)f->batch->n;
    struct group *more = realloc(f->groups, ((size_t)f->n_groups + 1) * sizeof *more);
    if (!more)
        return NULL;
    f->groups = more;
    struct group *g = &more[f->n_groups];
    *g = (struct group){.deleted = w->deleted};
    g->unchanged = arena_alloc(f->a, n);
    g->columns = arena_alloc(f->a, n * sizeof *g->columns);
    g->from = arena_alloc(f->a, n * sizeof *g->from);
    if (!g->unchanged || !g->columns || !g->from)
        return NULL;
    for (int i = 0; i < f->batch->n; i++) {
        g->unchanged[i] = w->cells[i].kind == CELL_UNCHANGED;
        if (g->deleted ? !is_key(f, i) : g->unchanged[i])
            continue;
        g->columns[g->n] = f->batch->columns[i].def;
        g->columns[g->n].key = is_key(f, i);
        g->from[g->n++] = i;
    }
    g->batch = wbatch_create(f->batch->dialect->name, g->columns, g->n);
    if (!g->batch)
        return NULL;
    g->number = ++f->w->stage_group;
    f->n_groups++;
    return g;
}

static enum err group_rows(struct fold *f, struct errbuf *e)
{
    struct cell *row = arena_alloc(f->a, (size_t)f->batch->n * sizeof *row);
    if (!row)
        return err_set(e, ERR_NOMEM, "no memory to group rows");
    struct group *g = NULL;
    enum err r = ERR_OK;
    for (int i = 0; i < f->n_winners && !r; i++) {
        const struct winner *w = &f->winners[i];
        if (!g || !in_group(f, g, w)) {
            g = NULL;
            for (int k = 0; k < f->n_groups && !g; k++)
                if (in_group(f, &f->groups[k], w))
                    g = &f->groups[k];
            if (!g && !(g = new_group(f, w)))
                return err_set(e, ERR_NOMEM, "no memory to group rows");
        }
        for (int k = 0; k < g->n; k++)
            row[k] = w->cells[g->from[k]];
        r = wbatch_add(g->batch, row, e);
    }
    return r;
}

/* ---- SQL pieces ---- */

/* "t"."a" = s."a" AND .. */
static void match_sql(struct buf *b, const struct dialect *d, const struct group *g,
                      const char *target)
{
    const char *and = "";
    for (int i = 0; i < g->n; i++) {
        if (!g->columns[i].key)
            continue;
        buf_str(b, and);
        buf_str(b, target);
        buf_ch(b, '.');
        dialect_ident(b, d, g->columns[i].name);
        buf_lit(b, " = s.");
        dialect_ident(b, d, g->columns[i].name);
        and = " AND ";
    }
}

/* c = source.c for each column that is not of the key */
static void assign_sql(struct buf *b, const struct dialect *d, const struct group *g,
                       const char *source)
{
    const char *comma = "";
    for (int i = 0; i < g->n; i++) {
        if (g->columns[i].key)
            continue;
        buf_str(b, comma);
        dialect_ident(b, d, g->columns[i].name);
        buf_printf(b, " = %s.", source);
        dialect_ident(b, d, g->columns[i].name);
        comma = ", ";
    }
}

static void columns_sql(struct buf *b, const struct dialect *d, const struct group *g,
                        bool key_only, const char *prefix)
{
    const char *comma = "";
    for (int i = 0; i < g->n; i++) {
        if (key_only && !g->columns[i].key)
            continue;
        buf_str(b, comma);
        buf_str(b, prefix);
        dialect_ident(b, d, g->columns[i].name);
        comma = ", ";
    }
}

/* ---- PostgreSQL ---- */

static enum err conflict_group(struct warehouse *w, const char *target, const struct group *g,
                               struct errbuf *e)
{
    struct buf key;
    struct buf action;
    struct buf match;
    buf_init(&key, 0);
    buf_init(&action, 0);
    buf_init(&match, 0);
    columns_sql(&key, w->dialect, g, true, "");
    match_sql(&match, w->dialect, g, "t");
    buf_lit(&action, "DO UPDATE SET ");
    size_t head = action.len;
    assign_sql(&action, w->dialect, g, "excluded");
    if (action.len == head) { /* nothing but the key */
        buf_clear(&action);
        buf_lit(&action, "DO NOTHING");
    }
    const struct sql_slot slots[] = {
        {"key", buf_cstr(&key)}, {"action", buf_cstr(&action)}, {"match", buf_cstr(&match)}};
    enum err r = insert_rows(w, g->deleted ? "upsert_delete" : "upsert", target, g->batch, 0,
                             g->batch->rows, slots, 3, e);
    buf_free(&key);
    buf_free(&action);
    buf_free(&match);
    return r;
}

static enum err index_exists(struct warehouse *w, const char *schema, const char *table,
                             const char *const *key, int n_key, bool *found, struct errbuf *e)
{
    char names[2][NAME_TEXT_MAX];
    struct buf list;
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    buf_init(&list, 0);
    buf_ch(&list, '{');
    for (int i = 0; i < n_key; i++) {
        char fitted[NAME_TEXT_MAX];
        dialect_name(w->dialect, key[i], fitted);
        const struct cell c = {.p = fitted, .len = (uint32_t)strlen(fitted), .kind = CELL_TEXT};
        if (i)
            buf_ch(&list, ',');
        (void)batch_element(&list, &c); /* a C string holds no NUL */
    }
    buf_ch(&list, '}');
    const char *params[] = {dialect_name(w->dialect, schema, names[0]),
                            dialect_name(w->dialect, table, names[1]), buf_cstr(&list)};
    enum err r =
        warehouse_query(w, dialect_query(w->dialect, "unique_index_find"), 3, params, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &cells, e);
    *found = !r && !(cells[0].len == 1 && cells[0].p[0] == '0');
    warehouse_rows_close(rows);
    buf_free(&list);
    return r;
}

enum err upsert_index(struct warehouse *w, const char *schema, const char *table,
                      const char *const *key, int n_key, struct errbuf *e)
{
    const struct dialect *d = w->dialect;
    bool found = true;
    if (!n_key || !dialect_query(d, "unique_index"))
        return ERR_OK;
    enum err r = index_exists(w, schema, table, key, n_key, &found, e);
    if (r || found)
        return r;
    struct buf target;
    struct buf columns;
    struct buf name;
    struct buf index;
    buf_init(&target, 0);
    buf_init(&columns, 0);
    buf_init(&name, 0);
    buf_init(&index, 0);
    insert_target(&target, d, schema, table);
    uint64_t hash = 0;
    for (int i = 0; i < n_key; i++) {
        buf_str(&columns, i ? ", " : "");
        dialect_ident(&columns, d, key[i]);
        hash = wh_hash(hash, key[i]);
    }
    buf_printf(&name, "%s_key_%08" PRIx32, table, (uint32_t)(hash ^ hash >> 32));
    dialect_ident(&index, d, buf_cstr(&name));
    const struct sql_slot slots[] = {
        {"index", buf_cstr(&index)}, {"table", buf_cstr(&target)}, {"key", buf_cstr(&columns)}};
    r = wh_exec_query(w, "unique_index", slots, 3, 0, NULL, NULL, e);
    if (r == ERR_DATA && e)
        r = err_set(e, ERR_SQL,
                    "%s.%s cannot be kept as current state by (%s): it holds several rows of one "
                    "key; empty it or choose another table",
                    schema, table, buf_cstr(&columns));
    buf_free(&target);
    buf_free(&columns);
    buf_free(&name);
    buf_free(&index);
    return r;
}

/* ---- Vertica ---- */

enum err upsert_stage(struct warehouse *w, const struct wcolumn *columns, int n, char *name,
                      struct errbuf *e)
{
    const struct dialect *d = w->dialect;
    struct buf defs;
    buf_init(&defs, 0);
    name[0] = '\0';
    for (int i = 0; i < n; i++) {
        buf_str(&defs, i ? ",\n    " : "    ");
        dialect_ident(&defs, d, columns[i].name);
        buf_ch(&defs, ' ');
        d->type_sql(&defs, &columns[i]);
    }
    enum err r = buf_check(&defs, "a stage table", e);
    uint64_t hash = wh_hash(0, buf_cstr(&defs));
    (void)snprintf(name, NAME_TEXT_MAX, "_flightdeck_stage_%016" PRIx64, hash);
    bool known = false;
    for (int i = 0; i < w->n_stages; i++)
        known = known || w->stages[i] == hash;
    const struct sql_slot slots[] = {{"stage", name}, {"columns", buf_cstr(&defs)}};
    if (!r && !known && w->n_stages == PREPARED_MAX)
        r = err_set(e, ERR_LIMIT, "more than %d kinds of tables are upserted in one session",
                    PREPARED_MAX);
    if (!r && !known)
        r = wh_exec_query(w, "stage_create", slots, 2, 0, NULL, NULL, e);
    if (!r && !known)
        w->stages[w->n_stages++] = hash;
    buf_free(&defs);
    return r;
}

static enum err merge_group(struct warehouse *w, const char *target, const char *stage,
                            const struct group *g, struct errbuf *e)
{
    struct buf columns;
    struct buf values;
    struct buf match;
    struct buf update;
    char number[24];
    buf_init(&columns, 0);
    buf_init(&values, 0);
    buf_init(&match, 0);
    buf_init(&update, 0);
    (void)snprintf(number, sizeof number, "%" PRId64, g->number);
    columns_sql(&columns, w->dialect, g, false, "");
    columns_sql(&values, w->dialect, g, false, "s.");
    match_sql(&match, w->dialect, g, g->deleted ? target : "t");
    buf_lit(&update, "WHEN MATCHED THEN UPDATE SET ");
    size_t head = update.len;
    assign_sql(&update, w->dialect, g, "s");
    if (update.len == head)
        buf_clear(&update);
    else
        buf_ch(&update, '\n');
    const struct sql_slot slots[] = {
        {"table", target},
        {"stage", stage},
        {"columns", buf_cstr(&columns)},
        {"values", buf_cstr(&values)},
        {"match", buf_cstr(&match)},
        {"update", buf_cstr(&update)},
        {"group", number},
    };
    enum err r =
        wh_exec_query(w, g->deleted ? "merge_delete" : "merge", slots, 7, 0, NULL, NULL, e);
    buf_free(&columns);
    buf_free(&values);
    buf_free(&match);
    buf_free(&update);
    return r;
}

/* All groups' rows into the stage by one load. */
static enum err stage_rows(struct fold *f, const char *stage, const struct wcolumn *columns,
                           struct errbuf *e)
{
    int n = f->batch->n;
    struct wbatch *all = wbatch_create(f->batch->dialect->name, columns, n + 1);
    struct cell *row = arena_alloc(f->a, ((size_t)n + 1) * sizeof *row);
    enum err r = all && row ? ERR_OK : err_set(e, ERR_NOMEM, "no memory to stage rows");
    for (int i = 0; i < f->n_winners && !r; i++) {
        const struct winner *win = &f->winners[i];
        char number[24];
        const struct group *g = NULL;
        for (int k = 0; k < f->n_groups && !g; k++)
            if (in_group(f, &f->groups[k], win))
                g = &f->groups[k];
        (void)snprintf(number, sizeof number, "%" PRId64, g ? g->number : 0);
        memcpy(row, win->cells, (size_t)n * sizeof *row);
        for (int k = 0; k < n && win->deleted; k++)
            if (!is_key(f, k))
                row[k] = (struct cell){.kind = CELL_NULL};
        row[n] = (struct cell){.p = number, .len = (uint32_t)strlen(number), .kind = CELL_TEXT};
        r = wbatch_add(all, row, e);
    }
    if (!r)
        r = insert_rows(f->w, "insert", stage, all, 0, all->rows, NULL, 0, e);
    wbatch_destroy(all);
    return r;
}

static enum err staged_upsert(struct fold *f, const char *target, struct errbuf *e)
{
    int n = f->batch->n;
    char stage[NAME_TEXT_MAX];
    enum err r;
    struct wcolumn *columns = arena_alloc(f->a, ((size_t)n + 1) * sizeof *columns);
    if (!columns)
        return err_set(e, ERR_NOMEM, "no memory to stage rows");
    for (int i = 0; i < n; i++) {
        columns[i] = f->batch->columns[i].def;
        columns[i].key = is_key(f, i);
        columns[i].not_null = false;
    }
    columns[n] = (struct wcolumn){.name = "_flightdeck_group", .type = WT_INT64};
    r = upsert_stage(f->w, columns, n, stage, e);
    if (!r)
        r = stage_rows(f, stage, columns, e);
    for (int i = 0; i < f->n_groups && !r; i++)
        r = merge_group(f->w, target, stage, &f->groups[i], e);
    return r;
}

/* ---- both ---- */

static enum err run(struct fold *f, const char *target, struct errbuf *e)
{
    enum err r = ERR_OK;
    if (f->batch->dialect->load != LOAD_ARRAY_LITERALS)
        return f->n_groups ? staged_upsert(f, target, e) : ERR_OK;
    for (int i = 0; i < f->n_groups && !r; i++)
        r = conflict_group(f->w, target, &f->groups[i], e);
    return r;
}

static enum err key_index(struct fold *f, const char *schema, const char *table, struct errbuf *e)
{
    const char **names = arena_alloc(f->a, (size_t)f->plan->n_key * sizeof *names);
    if (!names)
        return err_set(e, ERR_NOMEM, "no memory for a key");
    for (int i = 0; i < f->plan->n_key; i++)
        names[i] = f->batch->columns[f->plan->key[i]].def.name;
    return upsert_index(f->w, schema, table, names, f->plan->n_key, e);
}

/* Guarded; where the unique index is missing it is made, and the rows sent once more. */
static enum err run_guarded(struct fold *f, const char *schema, const char *table,
                            const char *target, struct errbuf *e)
{
    enum err r = wh_guard(f->w, e);
    if (r)
        return r;
    r = run(f, target, e);
    if (!r)
        return ERR_OK;
    bool no_index = !strcmp(e->sqlstate, "42P10");
    r = wh_undo(f->w, e);
    if (!no_index || r == ERR_CONNECT)
        return r;
    r = key_index(f, schema, table, e);
    if (!r)
        r = run(f, target, e);
    return r ? wh_undo(f->w, e) : ERR_OK;
}

static void fold_free(struct fold *f)
{
    for (int i = 0; i < f->n_groups; i++)
        wbatch_destroy(f->groups[i].batch);
    free(f->groups);
    free(f->winners);
    free(f->slots);
    arena_destroy(f->a);
}

enum err warehouse_upsert(struct warehouse *w, const char *schema, const char *table,
                          struct wbatch *b, int from, int to, const struct upsert_plan *plan,
                          struct errbuf *e)
{
    enum { ARENA_BLOCK = 1 << 20 };
    struct errbuf own;
    if (!e)
        e = &own;
    err_clear(e);
    if (from < 0 || to > b->rows || from > to || plan->n_key <= 0 || b->dialect != w->dialect)
        return err_set(e, ERR_STATE, "%s.%s: rows %d to %d of a %s batch of %d, a key of %d",
                       schema, table, from, to, b->dialect->name, b->rows, plan->n_key);
    if (from == to)
        return ERR_OK;
    struct fold f = {.w = w, .batch = b, .plan = plan, .a = arena_create(ARENA_BLOCK)};
    struct buf target;
    buf_init(&target, 0);
    insert_target(&target, w->dialect, schema, table);
    enum err r = f.a ? ERR_OK : err_set(e, ERR_NOMEM, "no memory to fold rows");
    if (!r)
        r = fold_rows(&f, from, to, e);
    if (!r)
        r = group_rows(&f, e);
    if (!r)
        r = run_guarded(&f, schema, table, buf_cstr(&target), e);
    if (r)
        r = err_prefix(e, "%s.%s", schema, table);
    fold_free(&f);
    buf_free(&target);
    return r;
}
