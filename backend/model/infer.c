/*
 * Which names, which keys, which ties, which knots: decided table by table in the catalog's order,
 * the names of entities and keys first, so that an attribute gives way to them and not they to it.
 */
#include "backend/model/infer_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "backend/warehouse/dialect.h"

void *infer_take(struct infer_plan *p, size_t n)
{
    void *at = arena_alloc(p->arena, n ? n : 1);
    if (at)
        memset(at, 0, n ? n : 1);
    else
        p->nomem = true;
    return at;
}

const char *infer_text(struct infer_plan *p, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    char *copy = arena_strdup(p->arena, text);
    p->nomem = p->nomem || !copy;
    return copy ? copy : "";
}

/* Short enough for a model; long ones are cut and told apart by a hash. */
const char *infer_fit(struct infer_plan *p, const char *name)
{
    char fitted[NAME_TEXT_MAX];
    return infer_text(p, "%s", dialect_name(dialect_find("postgresql"), name, fitted));
}

static void claim(struct infer_plan *p, enum model_names_kind kind, const char *entity,
                  const char *name)
{
    p->nomem |= !model_names_claim(p->names, kind, entity, name, 1);
}

static bool taken(const struct infer_plan *p, enum model_names_kind kind, const char *entity,
                  const char *name)
{
    return model_names_taken(p->names, kind, entity, name, NULL, 0) != 0;
}

/* base, base_2, base_3, .. */
static const char *numbered(struct infer_plan *p, const char *base, int i)
{
    return infer_fit(p, i == 1 ? base : infer_text(p, "%s_%d", base, i));
}

const struct infer_column *infer_find(const struct infer_table *t, const char *name)
{
    for (int i = 0; i < t->n_columns; i++)
        if (!strcmp(t->columns[i].name, name))
            return &t->columns[i];
    return NULL;
}

static const char *without_underscores(const char *name)
{
    return name + strspn(name, "_");
}

/* ---- entities ---- */

static bool entity_fits(const struct infer_plan *p, const struct infer_table *t, const char *name)
{
    char sk[MODEL_NAME_MAX + 8];
    if (model_name_is_technical(name) || taken(p, NAMES_ENTITY, name, ""))
        return false;
    (void)snprintf(sk, sizeof sk, "%s_sk", name);
    for (int i = 0; i < t->n_key; i++)
        if (taken(p, NAMES_KEY, name, t->key[i]) || !strcasecmp(t->key[i], sk))
            return false;
    return true;
}

static bool same_name_elsewhere(const struct infer_plan *p, const struct infer_table *t)
{
    for (int i = 0; i < p->catalog->n_tables; i++) {
        const struct infer_table *o = &p->catalog->tables[i];
        if (o != t && o->n_key &&
            !strcasecmp(without_underscores(o->name), without_underscores(t->name)))
            return true;
    }
    return false;
}

/* A table's name; with its schema where another schema has one of the same name. */
static void name_entity(struct infer_plan *p, struct infer_entity *e)
{
    const struct infer_table *t = e->table;
    const char *plain = without_underscores(t->name);
    if (!plain[0])
        plain = "table";
    if (strcmp(t->schema, "public") != 0 && same_name_elsewhere(p, t))
        plain = infer_text(p, "%s_%s", without_underscores(t->schema), plain);
    for (int i = 1; !e->name; i++) {
        const char *candidate = numbered(p, plain, i);
        if (p->nomem)
            return;
        if (entity_fits(p, t, candidate))
            e->name = candidate;
    }
    claim(p, NAMES_ENTITY, e->name, "");
    for (int i = 0; i < t->n_key; i++)
        claim(p, NAMES_KEY, e->name, t->key[i]);
}

/* Why a table cannot be an entity; NULL: it can. */
static const char *refuse(struct infer_plan *p, const struct infer_table *t)
{
    if (t->unfit || !t->n_key)
        return t->unfit ? t->unfit : t->no_key;
    for (int i = 0; i < t->n_key; i++) {
        if (model_name_is_technical(t->key[i]))
            return infer_text(p, "its key column %s has the name of a technical column of dwh",
                              t->key[i]);
        for (int k = 0; k < i; k++)
            if (!strcasecmp(t->key[i], t->key[k]))
                return infer_text(p,
                                  "its key columns %s and %s differ in letters' case only, which "
                                  "Vertica does not tell apart",
                                  t->key[k], t->key[i]);
    }
    return NULL;
}

struct infer_entity *infer_entity_of(const struct infer_plan *p, const char *schema,
                                     const char *table)
{
    for (int i = 0; i < p->n; i++)
        if (!strcmp(p->entities[i].table->schema, schema) &&
            !strcmp(p->entities[i].table->name, table))
            return &p->entities[i];
    return NULL;
}

static bool in_key(const struct infer_table *t, const char *column)
{
    for (int i = 0; i < t->n_key; i++)
        if (!strcmp(t->key[i], column))
            return true;
    return false;
}

/* ---- knots ---- */

static bool wants_knot(const struct infer_column *c)
{
    enum { BOUNDED = 255 };
    return c->from != INFER_NO_VALUES && c->type.type == WT_TEXT && c->type.precision <= BOUNDED;
}

static bool same_set(const struct infer_knot *k, const struct infer_column *c)
{
    const struct infer_column *o = k->column;
    if (o->from != c->from || c->from == INFER_STATISTICS)
        return false;
    if (c->from == INFER_ENUM)
        return o->enum_oid == c->enum_oid;
    return !strcmp(o->name, c->name) && !strcmp(o->values, c->values) &&
           o->type.precision == c->type.precision && o->type.scale == c->type.scale;
}

/* An enum's knot has its name, a column's that of the column: with the entity before it where that
 * is taken, and where only statistics say that the values are few. */
static const char *knot_for(struct infer_plan *p, const struct infer_entity *e,
                            const struct infer_column *c)
{
    for (int i = 0; i < p->n_knots; i++)
        if (same_set(&p->knots[i], c))
            return p->knots[i].name;
    const char *plain =
        without_underscores(c->from == INFER_ENUM && c->enum_name ? c->enum_name : c->name);
    const char *name = NULL;
    for (int i = c->from == INFER_STATISTICS || !plain[0] ? 2 : 1; !name && !p->nomem; i++) {
        const char *candidate = i == 1 ? infer_fit(p, plain)
                                       : numbered(p, infer_text(p, "%s_%s", e->name, plain), i - 1);
        if (!taken(p, NAMES_KNOT, "", candidate) && !model_name_is_technical(candidate))
            name = candidate;
    }
    if (p->nomem || p->n_knots == p->knots_cap)
        return NULL;
    claim(p, NAMES_KNOT, "", name);
    p->knots[p->n_knots++] = (struct infer_knot){name, e, c};
    return name;
}

/* ---- attributes ---- */

static bool attribute_fits(const struct infer_plan *p, const struct infer_entity *e,
                           const char *name)
{
    return !model_name_is_technical(name) && !model_names_find(e->columns, name) &&
           !taken(p, NAMES_ATTRIBUTE, e->name, name);
}

static void add_attribute(struct infer_plan *p, struct infer_entity *e,
                          const struct infer_column *c)
{
    struct infer_attribute *a = &e->attributes[e->n_attributes];
    const char *plain = without_underscores(c->name);
    if (e->n_attributes == INFER_ATTRIBUTES_MAX) {
        e->too_many++;
        return;
    }
    for (int i = 1; !a->name; i++) {
        const char *candidate = numbered(p, plain[0] ? plain : "column", i);
        if (p->nomem)
            return;
        if (attribute_fits(p, e, candidate))
            a->name = candidate;
    }
    a->column = c;
    a->knot = wants_knot(c) ? knot_for(p, e, c) : NULL;
    claim(p, NAMES_ATTRIBUTE, e->name, a->name);
    p->nomem |= !model_names_take(e->columns, a->name, 1);
    e->n_attributes++;
}

static void plan_attributes(struct infer_plan *p, struct infer_entity *e)
{
    const struct infer_table *t = e->table;
    e->attributes = infer_take(p, ((size_t)t->n_columns + 1) * sizeof *e->attributes);
    /* the ties' columns keep their names in the views */
    for (int i = 0; i < e->n_ties; i++)
        for (int k = 0; k < e->ties[i].n; k++)
            if (!e->ties[i].as_attributes)
                p->nomem |= !model_names_take(e->columns, e->ties[i].by[k], 1);
    for (int i = 0; i < t->n_columns && !p->nomem; i++) {
        const char *name = t->columns[i].name;
        bool tied = false;
        for (int k = 0; k < e->n_ties; k++)
            for (int c = 0; c < e->ties[k].n; c++)
                tied |= !e->ties[k].as_attributes && !strcmp(e->ties[k].by[c], name);
        if (!tied && !in_key(t, name))
            add_attribute(p, e, &t->columns[i]);
    }
}

/* ---- the whole ---- */

static void plan_entities(struct infer_plan *p)
{
    const struct infer_catalog *c = p->catalog;
    int n_columns = 0;
    p->entities = infer_take(p, (size_t)c->n_tables * sizeof *p->entities);
    p->left_out = infer_take(p, (size_t)c->n_tables * sizeof *p->left_out);
    for (int i = 0; i < c->n_tables && !p->nomem; i++) {
        const char *why = refuse(p, &c->tables[i]);
        n_columns += c->tables[i].n_columns;
        if (why) {
            p->left_out[p->n_left_out++] = (struct infer_left_out){&c->tables[i], why};
            continue;
        }
        struct infer_entity *e = &p->entities[p->n++];
        e->table = &c->tables[i];
        name_entity(p, e);
    }
    p->knots_cap = n_columns;
    p->knots = infer_take(p, (size_t)n_columns * sizeof *p->knots);
}

static void plan_columns(struct infer_plan *p, struct infer_entity *e)
{
    e->columns = model_names_create_empty();
    p->nomem |= !e->columns || !model_names_take(e->columns, infer_text(p, "%s_sk", e->name), 1);
    for (int i = 0; i < e->table->n_key && !p->nomem; i++)
        p->nomem |= !model_names_take(e->columns, e->table->key[i], 1);
    if (!p->nomem)
        infer_plan_ties(p, e);
    if (!p->nomem)
        plan_attributes(p, e);
    model_names_destroy(e->columns);
    e->columns = NULL;
}

static enum err check_result(const struct buf *out, size_t from, struct errbuf *e)
{
    struct model *m = NULL;
    struct faults faults;
    if (out->len - from > INFER_FILE_MAX)
        return err_set(e, ERR_LIMIT,
                       "the model would be larger than the %d bytes that a model may have: choose "
                       "fewer tables with --schema and --table",
                       INFER_FILE_MAX);
    faults_init(&faults);
    enum err rc = model_parse(out->p + from, out->len - from, "the inferred model", &m, &faults, e);
    if (rc == ERR_CONFIG)
        rc = err_set(e, ERR_INTERNAL, "the model that was made of the catalog is wrong: %s",
                     faults.n ? faults.items[0] : "it cannot be read");
    faults_free(&faults);
    model_free(m);
    return rc;
}

enum err infer_model(const struct infer_catalog *c, struct buf *out, struct errbuf *e)
{
    struct infer_plan p = {.catalog = c, .names = model_names_create()};
    size_t from = out->len;
    enum err rc;
    p.arena = arena_create(65536);
    p.nomem = !p.arena || !p.names;
    if (!p.nomem)
        plan_entities(&p);
    for (int i = 0; i < p.n && !p.nomem; i++)
        plan_columns(&p, &p.entities[i]);
    if (p.nomem)
        rc = err_set(e, ERR_NOMEM, "no memory for a model of %d tables", c->n_tables);
    else if (!p.n)
        rc = err_set(e, ERR_NOT_FOUND, "none of the %d tables has a key that a model could use%s%s",
                     c->n_tables, p.n_left_out ? "; the first one: " : "",
                     p.n_left_out ? p.left_out[0].why : "");
    else {
        infer_write(&p, out);
        rc = buf_check(out, "the model", e);
    }
    if (!rc)
        rc = check_result(out, from, e);
    model_names_destroy(p.names);
    arena_destroy(p.arena);
    return rc;
}
