#include "backend/model/load_plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "backend/base/nearest.h"
#include "backend/model/sql.h"

void load_plan_init(struct load_plan *p)
{
    *p = (struct load_plan){.bound = false};
    struct buf *all[] = {&p->raw,         &p->delta,       &p->delta_columns,
                         &p->delta_names, &p->raw_columns, &p->values,
                         &p->keys_known,  &p->moment,      &p->lsn};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_init(all[i], 0);
}

void load_plan_free(struct load_plan *p)
{
    struct buf *all[] = {&p->raw,         &p->delta,       &p->delta_columns,
                         &p->delta_names, &p->raw_columns, &p->values,
                         &p->keys_known,  &p->moment,      &p->lsn};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_free(all[i]);
    free(p->misfit);
}

uint64_t load_plan_shape(const struct wcolumn *columns, int n)
{
    uint64_t h = n ? 14695981039346656037u : 0;
    for (int i = 0; i < n; i++) {
        for (const char *c = columns[i].name; *c; c++)
            h = (h ^ (unsigned char)*c) * 1099511628211u;
        h = (h ^ (uint64_t)columns[i].type) * 1099511628211u;
        h = (h ^ (uint64_t)columns[i].precision) * 1099511628211u;
        h = (h ^ (uint64_t)columns[i].scale) * 1099511628211u;
    }
    return h;
}

static const struct wcolumn *find(const struct dialect *d, const struct wcolumn *columns, int n,
                                  const char *before, const char *name)
{
    char full[256];
    char fitted[NAME_TEXT_MAX];
    (void)snprintf(full, sizeof full, "%s%s", before, name);
    dialect_name(d, full, fitted);
    for (int i = 0; i < n; i++)
        if (dialect_same_name(d, columns[i].name, fitted))
            return &columns[i];
    return NULL;
}

/* ---- checks ---- */

struct binder {
    struct model *m;
    const struct model_entity *t;
    const struct dialect *d;
    const struct wcolumn *raw;
    int n;
    struct errbuf *e;
};

static enum err lacks(const struct binder *b, int line, const char *what, const char *column)
{
    struct nearest near;
    char hint[128];
    nearest_start(&near, column);
    for (int i = 0; i < b->n; i++)
        if (!strncmp(b->raw[i].name, "after_", 6))
            nearest_offer(&near, b->raw[i].name + 6);
    return err_set(
        b->e, ERR_CONFIG,
        "%s:%d: entity %s: %s `%s`: the raw table %s has no column "
        "after_%s%s; name the right column, take it out of the model, or bring the column "
        "back",
        b->m->file, line, b->t->name, what, column, b->t->raw, column,
        nearest_hint(&near, hint, sizeof hint));
}

/* The raw column must give what the model wants; a wider one widens the model. */
static enum err fit(const struct binder *b, int line, const char *what, const char *column,
                    struct wcolumn *wanted)
{
    const struct wcolumn *have = find(b->d, b->raw, b->n, "after_", column);
    if (!have)
        return lacks(b, line, what, column);
    struct wcolumn to;
    switch (dialect_fit(b->d, wanted, have, &to)) {
    case FIT_AS_IS:
        break;
    case FIT_WIDEN:
        wanted->type = to.type;
        wanted->precision = to.precision;
        if (to.type != WT_TEXT)
            wanted->scale = to.scale;
        break;
    case FIT_INCOMPATIBLE: {
        struct buf a;
        struct buf c;
        buf_init(&a, 0);
        buf_init(&c, 0);
        model_type_text(&a, wanted);
        model_type_text(&c, have);
        (void)err_set(b->e, ERR_CONFIG,
                      "%s:%d: entity %s: %s `%s` is %s, and %s.after_%s is %s: give it that type",
                      b->m->file, line, b->t->name, what, column, buf_cstr(&a), b->t->raw, column,
                      buf_cstr(&c));
        buf_free(&a);
        buf_free(&c);
        return ERR_CONFIG;
    }
    }
    return ERR_OK;
}

enum err load_plan_bind(struct load_plan *p, struct model *m, int entity, const struct dialect *d,
                        const char *raw_schema, const struct wcolumn *raw, int n, struct errbuf *e)
{
    struct model_entity *t = &m->entities[entity];
    const struct binder b = {.m = m, .t = t, .d = d, .raw = raw, .n = n, .e = e};
    p->raw_is_there = n > 0;
    p->raw_shape = load_plan_shape(raw, n);
    p->bound = true;
    buf_clear(&p->raw);
    model_sql_table(&p->raw, d, raw_schema, t->raw, "");
    if (!n)
        return ERR_OK;
    if (!find(d, raw, n, "", "_batch") || !find(d, raw, n, "", "op"))
        return err_set(e, ERR_CONFIG,
                       "%s:%d: entity %s: %s has no columns `op` and `_batch`: it must be an "
                       "append-only raw table (a sink with insert.mode=insert)",
                       m->file, t->line, t->name, t->raw);
    enum err r = ERR_OK;
    for (int i = 0; i < t->n_key && !r; i++)
        r = fit(&b, t->line, "key column", t->key[i].name, &t->key[i]);
    for (int i = 0; i < t->n_attributes && !r; i++) {
        struct model_attribute *a = &t->attributes[i];
        struct wcolumn *value = a->knot >= 0 ? &m->knots[a->knot].value : &a->value;
        r = fit(&b, a->line, "attribute", a->column, value);
    }
    for (int i = 0; i < t->n_ties && !r; i++) {
        const struct model_tie *k = &m->ties[t->ties[i]];
        for (int c = 0; c < k->n_columns && !r; c++)
            if (!find(d, raw, n, "after_", k->columns[c]))
                r = lacks(&b, k->line, "tie column", k->columns[c]);
    }
    return r;
}

/* ---- expressions ---- */

struct builder {
    struct load_plan *p;
    const struct model *m;
    const struct model_entity *t;
    const struct dialect *d;
    const struct wcolumn *raw;
    int n;
};

static void add_column(struct builder *b, const char *name, const struct wcolumn *type,
                       const char *value)
{
    struct load_plan *p = b->p;
    if (p->delta_columns.len) {
        buf_lit(&p->delta_columns, ",\n    ");
        buf_lit(&p->delta_names, ", ");
        buf_lit(&p->values, ",\n       ");
    }
    buf_printf(&p->delta_columns, "%s ", name);
    b->d->type_sql(&p->delta_columns, type);
    buf_str(&p->delta_names, name);
    buf_str(&p->values, value);
}

static void raw_separator(struct builder *b)
{
    if (b->p->raw_columns.len)
        buf_lit(&b->p->raw_columns, ",\n             ");
}

/* r."after_x", cast where the model's type is another one. */
static void raw_value(struct builder *b, struct buf *out, const char *before, const char *column,
                      const struct wcolumn *want)
{
    char name[256];
    const struct wcolumn *have = find(b->d, b->raw, b->n, before, column);
    bool cast = have && want && have->type != want->type;
    if (!have) {
        buf_lit(out, "NULL");
        return;
    }
    (void)snprintf(name, sizeof name, "%s%s", before, column);
    if (cast)
        buf_lit(out, "CAST(");
    model_sql_column(out, b->d, "r", name);
    if (cast) {
        buf_lit(out, " AS ");
        b->d->type_sql(out, want);
        buf_ch(out, ')');
    }
}

static void raw_after(struct builder *b, const char *column, const struct wcolumn *want,
                      const char *as)
{
    raw_separator(b);
    raw_value(b, &b->p->raw_columns, "after_", column, want);
    buf_printf(&b->p->raw_columns, " AS %s", as);
}

/* A delete has its key in before_. */
static void raw_key(struct builder *b, const struct wcolumn *key, const char *as)
{
    struct buf *out = &b->p->raw_columns;
    raw_separator(b);
    buf_lit(out, "CASE WHEN r.op = 'd' THEN ");
    raw_value(b, out, "before_", key->name, key);
    buf_lit(out, " ELSE ");
    raw_value(b, out, "after_", key->name, key);
    buf_printf(out, " END AS %s", as);
}

static void surrogate(struct builder *b, const char *name, const char *prefix,
                      const struct wcolumn *types, int n)
{
    static const struct wcolumn sk = {.type = WT_UUID};
    char parts[MODEL_KEY_MAX][24];
    const char *expressions[MODEL_KEY_MAX];
    struct buf value;
    buf_init(&value, 0);
    for (int i = 0; i < n; i++) {
        (void)snprintf(parts[i], sizeof parts[i], "q.%s%d", prefix, i + 1);
        expressions[i] = parts[i];
    }
    model_sql_surrogate(&value, b->d, types, expressions, n);
    add_column(b, name, &sk, buf_cstr(&value));
    buf_free(&value);
}

static void build_keys(struct builder *b)
{
    const struct model_entity *t = b->t;
    char name[24];
    char value[32];
    for (int i = 0; i < t->n_key; i++) {
        (void)snprintf(name, sizeof name, "k%d", i + 1);
        raw_key(b, &t->key[i], name);
        buf_printf(&b->p->keys_known, "%sq.%s IS NOT NULL", i ? " AND " : "", name);
    }
    surrogate(b, "sk", "k", t->key, t->n_key);
    for (int i = 0; i < t->n_key; i++) {
        (void)snprintf(name, sizeof name, "k%d", i + 1);
        (void)snprintf(value, sizeof value, "q.%s", name);
        add_column(b, name, &t->key[i], value);
    }
}

static void build_attributes(struct builder *b)
{
    char name[24];
    char value[32];
    for (int i = 0; i < b->t->n_attributes; i++) {
        const struct model_attribute *a = &b->t->attributes[i];
        const struct wcolumn *type = a->knot >= 0 ? &b->m->knots[a->knot].value : &a->value;
        (void)snprintf(name, sizeof name, "a%d", i + 1);
        (void)snprintf(value, sizeof value, "q.%s", name);
        raw_after(b, a->column, type, name);
        add_column(b, name, type, value);
    }
}

/* f<i>: the surrogate of what the tie refers to; f<i>_<j>: the columns of its key. */
static void build_ties(struct builder *b)
{
    char name[48];
    char prefix[24];
    char value[64];
    for (int i = 0; i < b->t->n_ties; i++) {
        const struct model_tie *k = &b->m->ties[b->t->ties[i]];
        const struct model_entity *to = &b->m->entities[k->to];
        (void)snprintf(prefix, sizeof prefix, "f%d_", i + 1);
        for (int c = 0; c < k->n_columns; c++) {
            (void)snprintf(name, sizeof name, "%s%d", prefix, c + 1);
            raw_after(b, k->columns[c], &to->key[c], name);
        }
        (void)snprintf(name, sizeof name, "f%d", i + 1);
        surrogate(b, name, prefix, to->key, k->n_columns);
        for (int c = 0; c < k->n_columns; c++) {
            (void)snprintf(name, sizeof name, "%s%d", prefix, c + 1);
            (void)snprintf(value, sizeof value, "q.%s", name);
            add_column(b, name, &to->key[c], value);
        }
    }
}

/* When the change was made, and its place in the source's log. */
static void build_order(struct builder *b)
{
    static const struct wcolumn text = {.type = WT_TEXT, .precision = 256};
    static const struct wcolumn flag = {.type = WT_INT32};
    static const struct wcolumn number = {.type = WT_INT64};
    static const struct wcolumn moment = {.type = WT_TIMESTAMPTZ};
    struct load_plan *p = b->p;
    p->has_us = find(b->d, b->raw, b->n, "", "source_ts_us") != NULL;
    p->has_lsn = find(b->d, b->raw, b->n, "", "source_lsn") != NULL;
    p->has_unchanged = find(b->d, b->raw, b->n, "", "_unchanged") != NULL;
    const char *us =
        p->has_us ? "COALESCE(r.source_ts_us, r.source_ts_ms * 1000)" : "(r.source_ts_ms * 1000)";
    model_sql_moment(&p->moment, b->d, us);
    buf_str(&p->lsn, p->has_lsn ? "COALESCE(r.source_lsn, 0)" : "0");
    raw_separator(b);
    buf_printf(&p->raw_columns,
               "%s AS unch, CASE WHEN r.op = 'd' THEN 1 ELSE 0 END AS kind,\n             "
               "%s AS us, %s AS lsn, r._offset AS ord",
               p->has_unchanged ? "r._unchanged" : "CAST(NULL AS VARCHAR(256))", us,
               buf_cstr(&p->lsn));
    struct buf value;
    buf_init(&value, 0);
    model_sql_moment(&value, b->d, "q.us");
    add_column(b, "unch", &text, "q.unch");
    add_column(b, "kind", &flag, "q.kind");
    add_column(b, "ts", &moment, buf_cstr(&value));
    add_column(b, "lsn", &number, "q.lsn");
    add_column(b, "ord", &number, "q.ord");
    buf_free(&value);
}

enum err load_plan_build(struct load_plan *p, const struct model *m, int entity,
                         const struct dialect *d, const struct wcolumn *raw, int n,
                         struct errbuf *e)
{
    struct builder b = {.p = p, .m = m, .t = &m->entities[entity], .d = d, .raw = raw, .n = n};
    struct buf *all[] = {&p->delta,  &p->delta_columns, &p->delta_names, &p->raw_columns,
                         &p->values, &p->keys_known,    &p->moment,      &p->lsn};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buf_clear(all[i]);
    char name[MODEL_NAME_MAX + 32];
    (void)snprintf(name, sizeof name, "_flightdeck_delta_%s", b.t->name);
    dialect_ident(&p->delta, d, name);
    build_keys(&b);
    build_attributes(&b);
    build_ties(&b);
    build_order(&b);
    return buf_check(&p->values, "the load's SQL", e);
}
