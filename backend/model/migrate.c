#include "backend/model/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/model/sql.h"

/* ---- small helpers over the connection ---- */

enum err model_exec(struct warehouse *w, const struct dialect *d, const char *query,
                    const struct sql_slot *slots, int n_slots, int n_params,
                    const char *const *params, int64_t *affected, struct errbuf *e)
{
    struct buf sql;
    buf_init(&sql, 0);
    sql_fill(&sql, model_query(d, query), slots, n_slots);
    enum err r = buf_check(&sql, "a statement", e);
    if (!r)
        r = warehouse_exec(w, buf_cstr(&sql), n_params, params, affected, e);
    buf_free(&sql);
    return r;
}

enum err model_number(struct warehouse *w, const char *sql, int n_params, const char *const *params,
                      int64_t *out, struct errbuf *e)
{
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    *out = 0;
    enum err r = warehouse_query(w, sql, n_params, params, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &cells, e);
    if (!r)
        *out = cell_int64(&cells[0]);
    warehouse_rows_close(rows);
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

/* ---- what was made before ---- */

struct known {
    char *name;
    char fingerprint[24]; /* "t:" or "v:" and 16 hex digits */
};

struct migration {
    struct warehouse *w;
    const struct model_schema *s;
    struct known *known;
    int n_known;
    struct buf table; /* of _flightdeck_objects, quoted */
    int made;
};

static void fingerprint(const struct model_object *o, char out[24])
{
    uint64_t h = 14695981039346656037u;
    for (const char *c = o->ddl; *c; c++)
        h = (h ^ (unsigned char)*c) * 1099511628211u;
    (void)snprintf(out, 24, "%c:%016" PRIx64, o->kind == MODEL_VIEW ? 'v' : 't', h);
}

static struct known *find_known(const struct migration *g, const char *name)
{
    for (int i = 0; i < g->n_known; i++)
        if (!strcmp(g->known[i].name, name))
            return &g->known[i];
    return NULL;
}

static bool is_current(const struct migration *g, const struct model_object *o)
{
    char now[24];
    if (o->left_out)
        return true;
    const struct known *k = find_known(g, o->name);
    fingerprint(o, now);
    return k && !strcmp(k->fingerprint, now);
}

static enum err add_known(struct migration *g, const struct cell *cells, struct errbuf *e)
{
    struct known *list = realloc(g->known, (size_t)(g->n_known + 1) * sizeof *list);
    if (!list)
        return err_set(e, ERR_NOMEM, "no memory for the model's tables");
    g->known = list;
    struct known *k = &list[g->n_known];
    k->name = strndup(cells[0].p, cells[0].len);
    if (!k->name)
        return err_set(e, ERR_NOMEM, "no memory for the model's tables");
    (void)snprintf(k->fingerprint, sizeof k->fingerprint, "%.*s", (int)cells[1].len, cells[1].p);
    g->n_known++;
    return ERR_OK;
}

static enum err read_known(struct migration *g, struct errbuf *e)
{
    struct buf sql;
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    const struct sql_slot slot = {"table", buf_cstr(&g->table)};
    buf_init(&sql, 0);
    sql_fill(&sql, model_query(g->s->dialect, "objects_read"), &slot, 1);
    enum err r = warehouse_query(g->w, buf_cstr(&sql), 0, NULL, &rows, e);
    while (!r && !(r = warehouse_rows_next(rows, &cells, e)))
        r = add_known(g, cells, e);
    warehouse_rows_close(rows);
    buf_free(&sql);
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err forget(struct migration *g, const char *name, struct errbuf *e)
{
    const struct sql_slot slot = {"table", buf_cstr(&g->table)};
    return model_exec(g->w, g->s->dialect, "object_forget", &slot, 1, 1, &name, NULL, e);
}

static enum err remember(struct migration *g, const struct model_object *o, struct errbuf *e)
{
    char now[24];
    fingerprint(o, now);
    const struct sql_slot slot = {"table", buf_cstr(&g->table)};
    const char *params[] = {o->name, now};
    enum err r = forget(g, o->name, e);
    g->made++;
    return r ? r : model_exec(g->w, g->s->dialect, "object_remember", &slot, 1, 2, params, NULL, e);
}

/* ---- tables ---- */

static enum err make_table(struct migration *g, const struct model_object *o, struct errbuf *e)
{
    const struct model *m = g->s->model;
    enum err r = warehouse_exec(g->w, o->ddl, 0, NULL, NULL, e);
    /* It may be there from before, with fewer or narrower columns. */
    if (!r)
        r = warehouse_table_ensure(g->w, m->schema, o->name, o->columns, o->n_columns, e);
    return r;
}

static enum err make_bookkeeping(struct migration *g, struct errbuf *e)
{
    struct buf schema;
    buf_init(&schema, 0);
    dialect_ident(&schema, g->s->dialect, g->s->model->schema);
    const struct sql_slot slot = {"schema", buf_cstr(&schema)};
    enum err r = model_exec(g->w, g->s->dialect, "create_schema", &slot, 1, 0, NULL, NULL, e);
    for (int i = 0; i < g->s->n && !r; i++)
        if (g->s->items[i].kind == MODEL_BOOKKEEPING)
            r = warehouse_exec(g->w, g->s->items[i].ddl, 0, NULL, NULL, e);
    buf_free(&schema);
    return r;
}

/* An entity's tables have a mark each: the newest batch of raw that they hold. */
static enum err make_marks(struct migration *g, struct errbuf *e)
{
    struct buf table;
    buf_init(&table, 0);
    model_sql_table(&table, g->s->dialect, g->s->model->schema, "_flightdeck_marks", "");
    const struct sql_slot slot = {"table", buf_cstr(&table)};
    enum err r = ERR_OK;
    for (int i = 0; i < g->s->n && !r; i++) {
        const struct model_object *o = &g->s->items[i];
        if (o->entity < 0 || o->left_out || find_known(g, o->name))
            continue;
        const char *entity = g->s->model->entities[o->entity].name;
        const char *params[] = {entity, o->name, entity, o->name};
        r = model_exec(g->w, g->s->dialect, "mark_add", &slot, 1, 4, params, NULL, e);
    }
    buf_free(&table);
    return r;
}

static enum err make_tables(struct migration *g, struct errbuf *e)
{
    enum err r = ERR_OK;
    for (int i = 0; i < g->s->n && !r; i++) {
        const struct model_object *o = &g->s->items[i];
        if (o->kind != MODEL_VIEW && !is_current(g, o))
            r = make_table(g, o, e);
    }
    if (!r)
        r = make_marks(g, e);
    for (int i = 0; i < g->s->n && !r; i++) {
        const struct model_object *o = &g->s->items[i];
        if (o->kind != MODEL_VIEW && !is_current(g, o))
            r = remember(g, o, e);
    }
    return r;
}

/* ---- views ---- */

static bool is_left_out(const struct migration *g, const char *name)
{
    for (int i = 0; i < g->s->n; i++)
        if (g->s->items[i].left_out && !strcmp(g->s->items[i].name, name))
            return true;
    return false;
}

static bool views_are_current(const struct migration *g)
{
    int n = 0;
    for (int i = 0; i < g->s->n; i++) {
        const struct model_object *o = &g->s->items[i];
        /* A table that changes cannot be altered under its views. */
        if (!is_current(g, o) && (o->kind == MODEL_VIEW || find_known(g, o->name)))
            return false;
        n += o->kind == MODEL_VIEW && !o->left_out;
    }
    for (int i = 0; i < g->n_known; i++)
        n -= g->known[i].fingerprint[0] == 'v' && !is_left_out(g, g->known[i].name);
    return !n;
}

/* Ours only, the newest made first: they stand in the order of making. */
static enum err drop_views(struct migration *g, struct errbuf *e)
{
    struct buf view;
    buf_init(&view, 0);
    enum err r = ERR_OK;
    for (int i = g->n_known - 1; i >= 0 && !r; i--) {
        if (g->known[i].fingerprint[0] != 'v' || is_left_out(g, g->known[i].name))
            continue;
        buf_clear(&view);
        model_sql_table(&view, g->s->dialect, g->s->model->schema, g->known[i].name, "");
        const struct sql_slot slot = {"view", buf_cstr(&view)};
        r = model_exec(g->w, g->s->dialect, "drop_view", &slot, 1, 0, NULL, NULL, e);
        if (!r)
            r = forget(g, g->known[i].name, e);
        if (r)
            (void)err_prefix(e,
                             "view %s.%s is to be renewed (drop what of your own depends on it, "
                             "and make it again afterwards)",
                             g->s->model->schema, g->known[i].name);
        else
            g->known[i].fingerprint[0] = '-';
    }
    buf_free(&view);
    return r;
}

static enum err make_views(struct migration *g, struct errbuf *e)
{
    enum err r = ERR_OK;
    for (int i = 0; i < g->s->n && !r; i++) {
        const struct model_object *o = &g->s->items[i];
        if (o->kind != MODEL_VIEW || o->left_out)
            continue;
        r = warehouse_exec(g->w, o->ddl, 0, NULL, NULL, e);
        if (!r)
            r = remember(g, o, e);
        if (r)
            (void)err_prefix(e, "view %s.%s", g->s->model->schema, o->name);
    }
    return r;
}

/* ---- the source system ---- */

/* The views of another model are not ours to drop: who made the schema stands in it. */
static enum err refuse_others(const struct migration *g, struct errbuf *e)
{
    const struct model *m = g->s->model;
    struct buf table, sql;
    struct warehouse_rows *rows = NULL;
    const struct cell *cells;
    if (!find_known(g, "anchor_source_systems"))
        return ERR_OK;
    buf_init(&table, 0);
    buf_init(&sql, 0);
    model_sql_table(&table, g->s->dialect, m->schema, "anchor_source_systems", "");
    const struct sql_slot slot = {"table", buf_cstr(&table)};
    const char *params[] = {m->source_system};
    sql_fill(&sql, model_query(g->s->dialect, "source_system_other"), &slot, 1);
    enum err r = warehouse_query(g->w, buf_cstr(&sql), 1, params, &rows, e);
    if (!r)
        r = warehouse_rows_next(rows, &cells, e);
    if (!r && cells[0].kind != CELL_NULL)
        r = err_set(e, ERR_CONFIG,
                    "schema %s holds the model of source system %.*s, this model is of %s: give it "
                    "a schema of its own (`schema:` in the model), or, if that source was renamed, "
                    "say so there (UPDATE %s SET source_system = ..)",
                    m->schema, (int)cells[0].len, cells[0].p, m->source_system, buf_cstr(&table));
    warehouse_rows_close(rows);
    buf_free(&sql);
    buf_free(&table);
    return r == ERR_NOT_FOUND ? ERR_OK : r;
}

static enum err source_system(struct migration *g, int *id, struct errbuf *e)
{
    struct buf table;
    struct buf sql;
    int64_t found = 0;
    buf_init(&table, 0);
    buf_init(&sql, 0);
    model_sql_table(&table, g->s->dialect, g->s->model->schema, "anchor_source_systems", "");
    const struct sql_slot slot = {"table", buf_cstr(&table)};
    const char *params[] = {g->s->model->source_system, g->s->model->source_system};
    enum err r = model_exec(g->w, g->s->dialect, "source_system_add", &slot, 1, 2, params, NULL, e);
    sql_fill(&sql, model_query(g->s->dialect, "source_system_id"), &slot, 1);
    if (!r)
        r = model_number(g->w, buf_cstr(&sql), 1, params, &found, e);
    *id = (int)found;
    buf_free(&table);
    buf_free(&sql);
    return r;
}

enum err model_migrate(struct warehouse *w, const struct model_schema *s,
                       struct model_migration *out, struct errbuf *e)
{
    struct migration g = {.w = w, .s = s};
    buf_init(&g.table, 0);
    model_sql_table(&g.table, s->dialect, s->model->schema, "_flightdeck_objects", "");
    enum err r = make_bookkeeping(&g, e);
    if (!r)
        r = read_known(&g, e);
    if (!r)
        r = refuse_others(&g, e);
    bool views = !r && !views_are_current(&g);
    if (!r && views)
        r = drop_views(&g, e);
    if (!r)
        r = make_tables(&g, e);
    if (!r && views)
        r = make_views(&g, e);
    if (!r)
        r = source_system(&g, &out->source_id, e);
    out->made = g.made;
    for (int i = 0; i < g.n_known; i++)
        free(g.known[i].name);
    free(g.known);
    buf_free(&g.table);
    return r;
}
