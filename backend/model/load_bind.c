/*
 * The loader meets raw: what each raw table has, against what the model wants of it.
 *
 * An entity that does not fit (a raw table that lost a column, a mistake in the model) keeps nobody
 * else from being loaded. It is left as it is: its tables and views are neither made nor changed
 * nor dropped until it fits, so that a wrong type never gets into a table. One that was never made
 * has no anchor that others could refer to: they are left out with it, and say so.
 */
#include <stdlib.h>

#include "backend/model/load_crew.h"

static enum err raw_columns(struct model_loader *l, int i, struct wcolumn **columns, int *n,
                            struct errbuf *e)
{
    return warehouse_table_columns(l->w, l->raw_schema, l->m->entities[i].raw, columns, n, e);
}

enum err load_bind_look(struct model_loader *l, int entity, bool *changed, struct errbuf *e)
{
    struct wcolumn *raw = NULL;
    int n = 0;
    enum err r = raw_columns(l, entity, &raw, &n, e);
    *changed = !r && load_plan_shape(raw, n) != l->plans[entity].raw_shape;
    free(raw);
    return r;
}

enum err load_bind_misfit(const struct model_loader *l, int entity, struct errbuf *e)
{
    return err_set(e, ERR_CONFIG, "%s", l->plans[entity].misfit);
}

/* ---- what does not fit ---- */

static enum err set_misfit(struct model_loader *l, int entity, const char *why, struct errbuf *e)
{
    l->plans[entity].misfit = strdup(why);
    return l->plans[entity].misfit ? ERR_OK
                                   : err_set(e, ERR_NOMEM, "no memory for the model's load");
}

static enum err was_made(struct model_loader *l, int entity, bool *made, struct errbuf *e)
{
    struct wcolumn *columns = NULL;
    int n = 0;
    enum err r =
        warehouse_table_columns(l->w, l->m->schema, l->m->entities[entity].anchor, &columns, &n, e);
    *made = n > 0;
    free(columns);
    return r;
}

/* The new one of those that refer to it, if there is any: it does not fit either. */
static enum err follow(struct model_loader *l, int entity, struct errbuf *e)
{
    struct errbuf why;
    bool made = false;
    enum err r = was_made(l, entity, &made, e);
    for (int i = 0; i < l->m->n_ties && !r && !made; i++) {
        const struct model_tie *k = &l->m->ties[i];
        if (k->to != entity || l->plans[k->from].misfit)
            continue;
        (void)err_set(&why, ERR_CONFIG, "%s:%d: entity %s refers to %s, which was never loaded: %s",
                      l->m->file, k->line, l->m->entities[k->from].name,
                      l->m->entities[entity].name, l->plans[entity].misfit);
        r = set_misfit(l, k->from, why.text, e);
    }
    return r;
}

static enum err follow_all(struct model_loader *l, struct errbuf *e)
{
    enum err r = ERR_OK;
    for (int round = 0; round < l->m->n_entities && !r; round++)
        for (int i = 0; i < l->m->n_entities && !r; i++)
            if (l->plans[i].misfit)
                r = follow(l, i, e);
    return r;
}

static bool uses_knot(const struct model_entity *t, int knot)
{
    for (int i = 0; i < t->n_attributes; i++)
        if (t->attributes[i].knot == knot)
            return true;
    return false;
}

/* A knot has its type from the entities that use it. */
static bool knot_is_needed(const struct model_loader *l, int knot)
{
    for (int i = 0; i < l->m->n_entities; i++)
        if (!l->plans[i].misfit && uses_knot(&l->m->entities[i], knot))
            return true;
    return false;
}

static void leave_out(struct model_loader *l)
{
    bool any = false;
    for (int i = 0; i < l->m->n_entities; i++)
        any = any || l->plans[i].misfit;
    for (int i = 0; i < l->s->n && any; i++) {
        struct model_object *o = &l->s->items[i];
        o->left_out = o->kind == MODEL_KNOT ? !knot_is_needed(l, o->item)
                                            : o->of >= 0 && l->plans[o->of].misfit;
    }
}

/* ---- binding ---- */

static enum err bind_one(struct model_loader *l, int i, const struct wcolumn *raw, int n,
                         struct errbuf *e)
{
    struct errbuf why;
    const struct dialect *d = dialect_find(warehouse_dialect(l->w));
    enum err r = load_plan_bind(&l->plans[i], l->m, i, d, l->raw_schema, raw, n, &why);
    if (r == ERR_CONFIG)
        return set_misfit(l, i, why.text, e);
    return r ? err_set(e, r, "%s", why.text) : ERR_OK;
}

/* Types first, for all: a foreign key's is that of the key it refers to. */
static enum err bind_all(struct model_loader *l, struct errbuf *e)
{
    const struct dialect *d = dialect_find(warehouse_dialect(l->w));
    int n = l->m->n_entities;
    struct wcolumn **raw = calloc((size_t)n + 1, sizeof *raw);
    int *count = calloc((size_t)n + 1, sizeof *count);
    enum err r = raw && count ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the model's load");
    for (int i = 0; i < n && !r; i++) {
        r = raw_columns(l, i, &raw[i], &count[i], e);
        if (!r)
            r = bind_one(l, i, raw[i], count[i], e);
    }
    if (!r)
        r = follow_all(l, e);
    for (int i = 0; i < n && !r; i++)
        if (count[i] && !l->plans[i].misfit)
            r = load_plan_build(&l->plans[i], l->m, i, d, raw[i], count[i], e);
    for (int i = 0; i < n && raw; i++)
        free(raw[i]);
    free(raw);
    free(count);
    return r;
}

enum err load_bind(struct model_loader *l, struct errbuf *e)
{
    model_schema_free(l->s);
    l->s = NULL;
    for (int i = 0; i < l->m->n_entities; i++) {
        l->plans[i].delta_is_made = false;
        free(l->plans[i].misfit);
        l->plans[i].misfit = NULL;
    }
    enum err r = bind_all(l, e);
    if (!r)
        r = model_schema_create(l->m, warehouse_dialect(l->w), &l->s, e);
    if (r)
        return r;
    leave_out(l);
    return model_migrate(l->w, l->s, &l->migration, e);
}
