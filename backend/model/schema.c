#include "backend/model/schema.h"

#include <stdio.h>
#include <stdlib.h>

#include "backend/model/sql.h"

/* Behind the columns of their own: when the value began to hold in the source's database, where it
 * stands there, which system said it and when it was loaded. */
static const struct wcolumn changed_at = {
    .name = "_changed_at", .type = WT_TIMESTAMPTZ, .not_null = true};
static const struct wcolumn lsn = {.name = "_lsn", .type = WT_INT64, .not_null = true};
static const struct wcolumn ordinal = {.name = "_ordinal", .type = WT_INT64, .not_null = true};
static const struct wcolumn source = {.name = "_source", .type = WT_INT32, .not_null = true};
static const struct wcolumn created_at = {
    .name = "_created_at", .type = WT_TIMESTAMPTZ, .not_null = true};
static const struct wcolumn reference = {.name = "_reference", .type = WT_BOOL, .not_null = true};

enum { COLUMNS_MAX = MODEL_KEY_MAX + 10 };

struct columns {
    struct wcolumn items[COLUMNS_MAX];
    int n;
};

static struct wcolumn *put(struct columns *c, struct wcolumn column)
{
    c->items[c->n] = column;
    return &c->items[c->n++];
}

static void put_history(struct columns *c)
{
    put(c, changed_at);
    put(c, lsn);
    put(c, ordinal);
}

static void put_origin(struct columns *c)
{
    put(c, source);
    put(c, created_at);
}

static void put_surrogate(struct columns *c, const char *name, bool not_null)
{
    put(c, (struct wcolumn){.name = name, .type = WT_UUID, .not_null = not_null});
}

static struct model_object *add(struct schema_maker *k, struct model_object object)
{
    struct model_schema *s = k->s;
    if (k->r)
        return NULL;
    if (s->n == k->cap) {
        int cap = k->cap ? 2 * k->cap : 64;
        struct model_object *items = realloc(s->items, (size_t)cap * sizeof *items);
        if (!items) {
            k->r = err_set(k->e, ERR_NOMEM, "no memory for the model's tables");
            return NULL;
        }
        s->items = items;
        k->cap = cap;
    }
    s->items[s->n] = object;
    return &s->items[s->n++];
}

static const char *keep(struct schema_maker *k, struct buf *b)
{
    if (!k->r)
        k->r = buf_check(b, "the model's DDL", k->e);
    char *text = k->r ? NULL : arena_copy(k->s->arena, b->p, b->len);
    if (!text && !k->r)
        k->r = err_set(k->e, ERR_NOMEM, "no memory for the model's DDL");
    return text ? text : "";
}

/* "a", "b" of the columns in a list of names. */
static void ident_list(struct buf *b, const struct dialect *d, const char *const *names)
{
    for (int i = 0; names[i]; i++) {
        if (i)
            buf_lit(b, ", ");
        dialect_ident(b, d, names[i]);
    }
}

/* What a table is read by: index (PostgreSQL), order and segmentation (Vertica). */
struct layout {
    const char *by[5]; /* columns; NULL ends it */
    bool everywhere;   /* small: a copy on each node */
    bool unique;
    bool oldest_first; /* of a key; else the newest, which nearly every view asks for */
};

static void add_layout(struct buf *out, const struct dialect *d, const struct layout *l)
{
    const char *text = model_query(d, l->everywhere ? "layout_everywhere" : "layout_spread");
    if (!text || !l->by[0])
        return;
    struct buf order;
    struct buf spread;
    buf_init(&order, 0);
    buf_init(&spread, 0);
    ident_list(&order, d, l->by);
    dialect_ident(&spread, d, l->by[0]);
    const struct sql_slot slots[] = {{"order", buf_cstr(&order)}, {"spread", buf_cstr(&spread)}};
    sql_fill(out, text, slots, 2);
    buf_free(&order);
    buf_free(&spread);
}

static const char *index_ddl(struct schema_maker *k, const char *table, const struct layout *l)
{
    const struct dialect *d = k->s->dialect;
    const char *text = model_query(d, l->unique ? "index_unique" : "index");
    if (!text || !l->by[0])
        return NULL;
    struct buf name;
    struct buf target;
    struct buf columns;
    struct buf out;
    char plain[2 * MODEL_NAME_MAX + 16];
    buf_init(&name, 0);
    buf_init(&target, 0);
    buf_init(&columns, 0);
    buf_init(&out, 0);
    (void)snprintf(plain, sizeof plain, "%s_by", table);
    dialect_ident(&name, d, plain);
    model_sql_table(&target, d, k->s->model->schema, table, "");
    for (int i = 0; l->by[i]; i++) {
        if (i)
            buf_lit(&columns, ", ");
        dialect_ident(&columns, d, l->by[i]);
        if (i && !l->oldest_first)
            buf_lit(&columns, " DESC");
    }
    const struct sql_slot slots[] = {
        {"index", buf_cstr(&name)}, {"table", buf_cstr(&target)}, {"columns", buf_cstr(&columns)}};
    sql_fill(&out, text, slots, 3);
    const char *kept = keep(k, &out);
    buf_free(&name);
    buf_free(&target);
    buf_free(&columns);
    buf_free(&out);
    return kept;
}

static const char *table_ddl(struct schema_maker *k, const char *table, const struct columns *c,
                             const struct layout *l)
{
    const struct dialect *d = k->s->dialect;
    struct buf target;
    struct buf columns;
    struct buf layout;
    struct buf out;
    buf_init(&target, 0);
    buf_init(&columns, 0);
    buf_init(&layout, 0);
    buf_init(&out, 0);
    model_sql_table(&target, d, k->s->model->schema, table, "");
    for (int i = 0; i < c->n; i++) {
        buf_str(&columns, i ? ",\n    " : "    ");
        dialect_ident(&columns, d, c->items[i].name);
        buf_ch(&columns, ' ');
        d->type_sql(&columns, &c->items[i]);
        if (c->items[i].not_null)
            buf_lit(&columns, " NOT NULL");
    }
    add_layout(&layout, d, l);
    const struct sql_slot slots[] = {{"table", buf_cstr(&target)},
                                     {"columns", buf_cstr(&columns)},
                                     {"layout", buf_cstr(&layout)}};
    sql_fill(&out, model_query(d, "create_table"), slots, 3);
    const char *kept = keep(k, &out);
    buf_free(&target);
    buf_free(&columns);
    buf_free(&layout);
    buf_free(&out);
    return kept;
}

static void add_table(struct schema_maker *k, enum model_object_kind kind, const char *name,
                      int entity, int item, const struct columns *c, const struct layout *l)
{
    struct wcolumn *columns = arena_alloc(k->s->arena, (size_t)c->n * sizeof *columns);
    if (!columns) {
        if (!k->r)
            k->r = err_set(k->e, ERR_NOMEM, "no memory for the model's tables");
        return;
    }
    memcpy(columns, c->items, (size_t)c->n * sizeof *columns);
    (void)add(k, (struct model_object){.kind = kind,
                                       .name = name,
                                       .entity = entity,
                                       .of = entity,
                                       .item = item,
                                       .ddl = table_ddl(k, name, c, l),
                                       .index = index_ddl(k, name, l),
                                       .columns = columns,
                                       .n_columns = c->n});
}

void schema_add_view(struct schema_maker *k, const char *name, const char *suffix,
                     struct buf *select)
{
    const struct dialect *d = k->s->dialect;
    struct buf target;
    struct buf full;
    struct buf out;
    buf_init(&target, 0);
    buf_init(&full, 0);
    buf_init(&out, 0);
    buf_printf(&full, "%s%s", name, suffix);
    model_sql_table(&target, d, k->s->model->schema, name, suffix);
    const struct sql_slot slots[] = {{"view", buf_cstr(&target)}, {"select", buf_cstr(select)}};
    sql_fill(&out, model_query(d, "create_view"), slots, 2);
    if (!k->r)
        k->r = buf_check(select, "a view of the model", k->e);
    const char *kept = keep(k, &full);
    (void)add(
        k, (struct model_object){
               .kind = MODEL_VIEW, .name = kept, .entity = -1, .of = k->of, .ddl = keep(k, &out)});
    buf_free(&target);
    buf_free(&full);
    buf_free(&out);
}

/* ---- the tables ---- */

static void add_bookkeeping(struct schema_maker *k)
{
    static const struct wcolumn text = {.type = WT_TEXT, .precision = 200, .not_null = true};
    static const struct wcolumn number = {.type = WT_INT64, .not_null = true};
    static const struct wcolumn joined_later = {.type = WT_INT64};
    static const struct layout by_name = {.by = {"name"}, .everywhere = true};
    static const struct layout by_entity = {.by = {"entity"}, .everywhere = true};
    struct columns objects = {.n = 0};
    put(&objects, text)->name = "name";
    put(&objects, text)->name = "fingerprint";
    put(&objects, created_at);
    add_table(k, MODEL_BOOKKEEPING, "_flightdeck_objects", -1, 0, &objects, &by_name);
    struct columns marks = {.n = 0};
    put(&marks, text)->name = "entity";
    put(&marks, text)->name = "target";
    put(&marks, number)->name = "batch";
    put(&marks, created_at);
    add_table(k, MODEL_BOOKKEEPING, "_flightdeck_marks", -1, 0, &marks, &by_entity);
    struct columns loads = {.n = 0};
    put(&loads, text)->name = "entity";
    put(&loads, number)->name = "batch_from";
    put(&loads, number)->name = "batch_to";
    put(&loads, number)->name = "raw_rows";
    put(&loads, number)->name = "inserted";
    put(&loads, changed_at)->name = "newest_at"; /* of all batches up to batch_to */
    put(&loads, created_at);
    put(&loads, joined_later)->name = "keyless"; /* rows of raw without a key: in no table */
    add_table(k, MODEL_BOOKKEEPING, "_flightdeck_loads", -1, 0, &loads, &by_entity);
}

static void add_source_system(struct schema_maker *k)
{
    static const struct layout by = {.by = {"source_systems_id"}, .everywhere = true};
    struct columns c = {.n = 0};
    put(&c, source)->name = "source_systems_id";
    put(&c, (struct wcolumn){
                .name = "source_system", .type = WT_TEXT, .precision = 200, .not_null = true});
    put(&c, created_at);
    add_table(k, MODEL_SOURCE_SYSTEM, "anchor_source_systems", -1, 0, &c, &by);
}

static void add_knot(struct schema_maker *k, int i)
{
    const struct model_knot *knot = &k->s->model->knots[i];
    const struct layout by = {.by = {knot->id}, .everywhere = true, .unique = true};
    struct columns c = {.n = 0};
    put(&c, source)->name = knot->id;
    struct wcolumn *value = put(&c, knot->value);
    value->not_null = true;
    value->key = true; /* looked up by: no LONG type where that could not be joined on */
    put_origin(&c);
    add_table(k, MODEL_KNOT, knot->table, -1, i, &c, &by);
}

static void add_anchor(struct schema_maker *k, int i)
{
    const struct model_entity *t = &k->s->model->entities[i];
    const struct layout by = {.by = {t->sk}, .unique = true};
    struct columns c = {.n = 0};
    put_surrogate(&c, t->sk, true);
    for (int j = 0; j < t->n_key; j++)
        put(&c, t->key[j]);
    put(&c, reference);
    put_history(&c);
    put_origin(&c);
    add_table(k, MODEL_ANCHOR, t->anchor, i, 0, &c, &by);
}

static struct layout by_history(const char *sk)
{
    return (struct layout){.by = {sk, "_changed_at", "_lsn", "_ordinal"}, .unique = true};
}

static void add_attribute(struct schema_maker *k, int i, int a)
{
    const struct model *m = k->s->model;
    const struct model_entity *t = &m->entities[i];
    const struct model_attribute *attribute = &t->attributes[a];
    struct layout by = by_history(t->sk);
    struct columns c = {.n = 0};
    by.oldest_first = !attribute->historised;
    put_surrogate(&c, t->sk, true);
    if (attribute->knot >= 0)
        put(&c, (struct wcolumn){.name = m->knots[attribute->knot].id, .type = WT_INT32});
    else
        put(&c, attribute->value)->name = attribute->name;
    put_history(&c);
    put_origin(&c);
    add_table(k, MODEL_ATTRIBUTE, attribute->table, i, a, &c, &by);
}

static void add_existence(struct schema_maker *k, int i)
{
    const struct model_entity *t = &k->s->model->entities[i];
    const struct layout by = by_history(t->sk);
    struct columns c = {.n = 0};
    put_surrogate(&c, t->sk, true);
    put(&c, (struct wcolumn){.name = "existence", .type = WT_BOOL, .not_null = true});
    put_history(&c);
    put_origin(&c);
    add_table(k, MODEL_EXISTENCE, t->existence, i, 0, &c, &by);
}

static void add_tie(struct schema_maker *k, int at)
{
    const struct model *m = k->s->model;
    const struct model_tie *tie = &m->ties[at];
    const struct layout by = by_history(m->entities[tie->from].sk);
    struct columns c = {.n = 0};
    put_surrogate(&c, m->entities[tie->from].sk, true);
    put_surrogate(&c, tie->to_sk, false);
    put_history(&c);
    put_origin(&c);
    add_table(k, MODEL_TIE, tie->table, tie->from, at, &c, &by);
}

static void add_entity(struct schema_maker *k, int i)
{
    const struct model_entity *t = &k->s->model->entities[i];
    add_anchor(k, i);
    add_existence(k, i);
    for (int a = 0; a < t->n_attributes; a++)
        add_attribute(k, i, a);
    for (int a = 0; a < t->n_ties; a++)
        add_tie(k, t->ties[a]);
}

enum err model_schema_create(const struct model *m, const char *dialect, struct model_schema **out,
                             struct errbuf *e)
{
    *out = NULL;
    const struct dialect *d = dialect_find(dialect);
    if (!d)
        return err_set(e, ERR_USAGE, "there is no dialect `%s`", dialect);
    struct arena *arena = arena_create(65536);
    struct model_schema *s = arena ? arena_alloc(arena, sizeof *s) : NULL;
    if (!s) {
        arena_destroy(arena);
        return err_set(e, ERR_NOMEM, "no memory for the model's tables");
    }
    *s = (struct model_schema){.model = m, .dialect = d, .arena = arena};
    struct schema_maker k = {.s = s, .e = e};
    add_bookkeeping(&k);
    add_source_system(&k);
    for (int i = 0; i < m->n_knots; i++)
        add_knot(&k, i);
    for (int i = 0; i < m->n_entities; i++)
        add_entity(&k, m->order[i]);
    schema_views(&k);
    if (k.r)
        model_schema_free(s);
    else
        *out = s;
    return k.r;
}

void model_schema_free(struct model_schema *s)
{
    if (!s)
        return;
    free(s->items);
    arena_destroy(s->arena);
}

void model_schema_script(const struct model_schema *s, struct buf *out)
{
    struct buf schema;
    buf_init(&schema, 0);
    dialect_ident(&schema, s->dialect, s->model->schema);
    const struct sql_slot slot = {"schema", buf_cstr(&schema)};
    sql_fill(out, model_query(s->dialect, "create_schema"), &slot, 1);
    buf_lit(out, ";\n");
    for (int i = 0; i < s->n; i++) {
        buf_printf(out, "\n%s;\n", s->items[i].ddl);
        if (s->items[i].index)
            buf_printf(out, "%s;\n", s->items[i].index);
    }
    buf_free(&schema);
}
