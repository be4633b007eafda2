/*
 * The views of a model.
 *
 *   attr_.._latest, tie_.._latest   the newest row of each key: what marts join
 *   attr_<entity>_<key column>      the business key as if it were an attribute (no table of its
 * own) anchor_<entity>_latest          keys that exist now: neither deleted nor only referred to
 *   <entity>_latest                 one row a key, every column of the source; the deleted left out
 *   <entity>_latest_all             the same with the deleted, and a column `_deleted`
 *   <entity>_history                one row a version: `_valid_from` <= t < `_valid_to` is the
 * state at the point in time t, in plain SQL of both dialects
 *
 * The history is made from one sparse list of changes a key: each change fills its own column and
 * leaves the rest NULL. COUNT(mark) OVER (.. ORDER BY time) numbers the stretches in which a column
 * keeps its value, FIRST_VALUE over the stretch carries it on from the one row with the mark.
 * (PostgreSQL has no IGNORE NULLS.)
 */
#include "backend/model/schema.h"

#include <stdio.h>

#include "backend/model/sql.h"

#define ORDER_ASC "_changed_at, _lsn, _ordinal"

struct view {
    struct schema_maker *k;
    const struct model *m;
    const struct dialect *d;
    const struct model_entity *t;
    struct buf b;
};

static void table(struct view *v, const char *name, const char *suffix)
{
    model_sql_table(&v->b, v->d, v->m->schema, name, suffix);
}

static void column(struct view *v, const char *alias, const char *name)
{
    model_sql_column(&v->b, v->d, alias, name);
}

static void finish(struct view *v, const char *name, const char *suffix)
{
    schema_add_view(v->k, name, suffix, &v->b);
    buf_clear(&v->b);
}

/* FROM (..) x: the last row of each key in that order, in the form that the dialect plans well. */
static void one_of_each(struct view *v, const char *name, const char *way)
{
    struct buf key;
    struct buf target;
    buf_init(&key, 0);
    buf_init(&target, 0);
    model_sql_column(&key, v->d, "s", v->t->sk);
    model_sql_table(&target, v->d, v->m->schema, name, "");
    const struct sql_slot slots[] = {
        {"key", buf_cstr(&key)}, {"table", buf_cstr(&target)}, {"way", way}};
    buf_lit(&v->b, "FROM (");
    sql_fill(&v->b, model_query(v->d, "newest"), slots, 3);
    buf_lit(&v->b, ") x");
    buf_free(&key);
    buf_free(&target);
}

static void newest(struct view *v, const char *name)
{
    one_of_each(v, name, " DESC");
}

/* Without history the first value holds, and an earlier one may have come late. */
static void oldest(struct view *v, const char *name)
{
    one_of_each(v, name, "");
}

static void attribute_latest(struct view *v, const struct model_attribute *a)
{
    const struct model_knot *knot = a->knot >= 0 ? &v->m->knots[a->knot] : NULL;
    buf_lit(&v->b, "SELECT ");
    column(v, "x", v->t->sk);
    buf_lit(&v->b, ", ");
    column(v, knot ? "k" : "x", knot ? knot->name : a->name);
    if (knot && strcmp(knot->name, a->name) != 0) {
        buf_lit(&v->b, " AS ");
        dialect_ident(&v->b, v->d, a->name);
    }
    buf_lit(&v->b, ", x._changed_at\n");
    if (a->historised)
        newest(v, a->table);
    else
        oldest(v, a->table);
    if (knot) {
        buf_lit(&v->b, "\nLEFT JOIN ");
        table(v, knot->table, "");
        buf_lit(&v->b, " k ON ");
        column(v, "k", knot->id);
        buf_lit(&v->b, " = ");
        column(v, "x", knot->id);
    }
    finish(v, a->table, "_latest");
}

static void tie_latest(struct view *v, const struct model_tie *tie)
{
    buf_lit(&v->b, "SELECT ");
    column(v, "x", v->t->sk);
    buf_lit(&v->b, ", ");
    column(v, "x", tie->to_sk);
    buf_lit(&v->b, ", x._changed_at\n");
    newest(v, tie->table);
    buf_lit(&v->b, "\nWHERE ");
    column(v, "x", tie->to_sk);
    buf_lit(&v->b, " IS NOT NULL");
    finish(v, tie->table, "_latest");
}

static void existence_latest(struct view *v)
{
    buf_lit(&v->b, "SELECT ");
    column(v, "x", v->t->sk);
    buf_lit(&v->b, ", x.existence, x._changed_at\n");
    newest(v, v->t->existence);
    finish(v, v->t->existence, "_latest");
}

/* An anchor's keys, with the newest word on its existence as e. */
static void anchor_and_existence(struct view *v)
{
    buf_lit(&v->b, "FROM ");
    table(v, v->t->anchor, "");
    buf_lit(&v->b, " a\nLEFT JOIN ");
    table(v, v->t->existence, "_latest");
    buf_lit(&v->b, " e ON ");
    column(v, "e", v->t->sk);
    buf_lit(&v->b, " = ");
    column(v, "a", v->t->sk);
}

static void add_keys(struct view *v, const char *alias)
{
    column(v, alias, v->t->sk);
    for (int i = 0; i < v->t->n_key; i++) {
        buf_lit(&v->b, ", ");
        column(v, alias, v->t->key[i].name);
    }
}

static void anchor_latest(struct view *v)
{
    buf_lit(&v->b, "SELECT ");
    add_keys(v, "a");
    buf_lit(&v->b, ", a._changed_at\n");
    anchor_and_existence(v);
    buf_lit(&v->b, "\nWHERE COALESCE(e.existence, NOT a._reference)");
    finish(v, v->t->anchor, "_latest");
}

static void key_attributes(struct view *v)
{
    for (int i = 0; i < v->t->n_key; i++) {
        char name[2 * MODEL_NAME_MAX + 16];
        (void)snprintf(name, sizeof name, "attr_%s_%s", v->t->name, v->t->key[i].name);
        buf_lit(&v->b, "SELECT ");
        column(v, "a", v->t->sk);
        buf_lit(&v->b, ", ");
        column(v, "a", v->t->key[i].name);
        buf_lit(&v->b, ", a._changed_at, a._lsn, a._ordinal, a._source, a._created_at\nFROM ");
        table(v, v->t->anchor, "");
        buf_lit(&v->b, " a\nWHERE NOT a._reference");
        finish(v, name, "");
    }
}

/* A foreign key's column that is the source's and stands neither in the key nor among the
 * attributes: the views show it from the tie. */
static bool shows(const struct model_entity *t, const struct model *m, int tie, int c)
{
    const char *name = m->ties[tie].columns[c];
    for (int i = 0; i < t->n_key; i++)
        if (!strcmp(t->key[i].name, name))
            return false;
    for (int i = 0; i < t->n_attributes; i++)
        if (!strcmp(t->attributes[i].name, name))
            return false;
    for (int i = 0; i < t->n_ties && t->ties[i] < tie; i++)
        for (int j = 0; j < m->ties[t->ties[i]].n_columns; j++)
            if (!strcmp(m->ties[t->ties[i]].columns[j], name))
                return false;
    return true;
}

static bool tie_shows(const struct view *v, int tie)
{
    for (int c = 0; c < v->m->ties[tie].n_columns; c++)
        if (shows(v->t, v->m, tie, c))
            return true;
    return false;
}

static void tie_columns(struct view *v, int tie, const char *alias)
{
    const struct model_tie *k = &v->m->ties[tie];
    for (int c = 0; c < k->n_columns; c++) {
        if (!shows(v->t, v->m, tie, c))
            continue;
        buf_lit(&v->b, ",\n       ");
        column(v, alias, v->m->entities[k->to].key[c].name);
        buf_lit(&v->b, " AS ");
        dialect_ident(&v->b, v->d, k->columns[c]);
    }
}

/* LEFT JOIN of the referenced anchor, whose key is the foreign key's value. */
static void join_target(struct view *v, int tie, const char *link, const char *alias)
{
    const struct model_tie *k = &v->m->ties[tie];
    const struct model_entity *to = &v->m->entities[k->to];
    buf_lit(&v->b, "\nLEFT JOIN ");
    table(v, to->anchor, "");
    buf_printf(&v->b, " %s ON ", alias);
    column(v, alias, to->sk);
    buf_lit(&v->b, " = ");
    column(v, link, k->to_sk);
}

static void join_latest(struct view *v, const char *name, const char *alias)
{
    buf_lit(&v->b, "\nLEFT JOIN ");
    table(v, name, "_latest");
    buf_printf(&v->b, " %s ON ", alias);
    column(v, alias, v->t->sk);
    buf_lit(&v->b, " = ");
    column(v, "a", v->t->sk);
}

static void entity_latest(struct view *v, bool all)
{
    const struct model_entity *t = v->t;
    char alias[24];
    char link[24];
    buf_lit(&v->b, "SELECT ");
    add_keys(v, "a");
    for (int i = 0; i < t->n_attributes; i++) {
        (void)snprintf(alias, sizeof alias, "v%d", i + 1);
        buf_lit(&v->b, ",\n       ");
        column(v, alias, t->attributes[i].name);
    }
    for (int i = 0; i < t->n_ties; i++) {
        (void)snprintf(alias, sizeof alias, "t%d", i + 1);
        tie_columns(v, t->ties[i], alias);
    }
    if (all)
        buf_lit(&v->b, ",\n       NOT COALESCE(e.existence, NOT a._reference) AS _deleted");
    buf_lit(&v->b, "\n");
    anchor_and_existence(v);
    for (int i = 0; i < t->n_attributes; i++) {
        (void)snprintf(alias, sizeof alias, "v%d", i + 1);
        join_latest(v, t->attributes[i].table, alias);
    }
    for (int i = 0; i < t->n_ties; i++) {
        if (!tie_shows(v, t->ties[i]))
            continue;
        (void)snprintf(alias, sizeof alias, "t%d", i + 1);
        (void)snprintf(link, sizeof link, "l%d", i + 1);
        join_latest(v, v->m->ties[t->ties[i]].table, link);
        join_target(v, t->ties[i], link, alias);
    }
    if (!all)
        buf_lit(&v->b, "\nWHERE COALESCE(e.existence, NOT a._reference)");
    else
        buf_lit(&v->b, "\nWHERE NOT a._reference OR e.existence IS NOT NULL");
    finish(v, t->name, all ? "_latest_all" : "_latest");
}

/* ---- history ---- */

/* One column of the list of changes. */
struct change {
    const char *table;
    const char *value; /* its column there */
    char as[16];       /* v1, t1, .. */
    const struct wcolumn *type;
};
static const struct wcolumn knot_id = {.type = WT_INT32};
static const struct wcolumn surrogate = {.type = WT_UUID};

enum { CHANGES_MAX = 512 };

static int list_changes(const struct view *v, struct change *list)
{
    const struct model_entity *t = v->t;
    int n = 0;
    list[n++] = (struct change){t->existence, "existence", "e", NULL};
    for (int i = 0; i < t->n_attributes && n < CHANGES_MAX; i++) {
        const struct model_attribute *a = &t->attributes[i];
        if (!a->historised) /* holds at any time: joined as it is */
            continue;
        list[n] =
            (struct change){a->table, a->knot >= 0 ? v->m->knots[a->knot].id : a->name, "", NULL};
        list[n].type = a->knot >= 0 ? &knot_id : &a->value;
        (void)snprintf(list[n].as, sizeof list[n].as, "v%d", i + 1);
        n++;
    }
    for (int i = 0; i < t->n_ties && n < CHANGES_MAX; i++) {
        if (!tie_shows(v, t->ties[i]))
            continue;
        const struct model_tie *k = &v->m->ties[t->ties[i]];
        list[n] = (struct change){k->table, k->to_sk, "", &surrogate};
        (void)snprintf(list[n].as, sizeof list[n].as, "t%d", i + 1);
        n++;
    }
    return n;
}

/* What list[i] brings: its value with a mark; typed NULLs for the others come from UNION's first
 * branch, which is the anchor's row and has none, so each is cast there. */
static void sparse_branch(struct view *v, const struct change *list, int n, int own)
{
    const struct model_entity *t = v->t;
    buf_lit(&v->b, "SELECT ");
    column(v, "s", t->sk);
    buf_lit(&v->b, ", s._changed_at, s._lsn, s._ordinal");
    for (int i = 0; i < n; i++) {
        buf_lit(&v->b, ", ");
        if (i == own) {
            column(v, "s", list[i].value);
            buf_lit(&v->b, ", 1");
        } else {
            buf_lit(&v->b, "NULL, NULL");
        }
    }
    buf_lit(&v->b, " FROM ");
    table(v, list[own].table, "");
    buf_lit(&v->b, " s");
}

/* The anchor's own row: it exists from there on, unless it is only referred to. */
static void sparse_first(struct view *v, const struct change *list, int n)
{
    buf_lit(&v->b, "SELECT ");
    column(v, "s", v->t->sk);
    buf_lit(&v->b, ", s._changed_at, s._lsn, s._ordinal");
    for (int i = 0; i < n; i++) {
        if (!i) {
            buf_lit(&v->b, ", NOT s._reference AS e, 1 AS me");
            continue;
        }
        buf_lit(&v->b, ", CAST(NULL AS ");
        v->d->type_sql(&v->b, list[i].type);
        buf_printf(&v->b, ") AS %s, CAST(NULL AS INT) AS m%s", list[i].as, list[i].as);
    }
    buf_lit(&v->b, " FROM ");
    table(v, v->t->anchor, "");
    buf_lit(&v->b, " s");
}

/* c: the changes, with the number of the stretch that each column is in. */
static void stretches(struct view *v, const struct change *list, int n)
{
    buf_lit(&v->b, "SELECT c.*");
    for (int i = 0; i < n; i++) {
        buf_printf(&v->b, ",\n           COUNT(c.m%s) OVER (PARTITION BY ", list[i].as);
        column(v, "c", v->t->sk);
        buf_printf(&v->b, " ORDER BY " ORDER_ASC ") AS g%s", list[i].as);
    }
    buf_lit(&v->b, "\n    FROM (");
    sparse_first(v, list, n);
    for (int i = 0; i < n; i++) {
        buf_lit(&v->b, "\n        UNION ALL ");
        sparse_branch(v, list, n, i);
    }
    buf_lit(&v->b, ") c");
}

/* g: each column's value carried on, and when the next change comes. */
static void carried(struct view *v, const struct change *list, int n)
{
    buf_lit(&v->b, "SELECT ");
    column(v, "g", v->t->sk);
    buf_lit(&v->b, ", g._changed_at,\n        LEAD(g._changed_at) OVER (PARTITION BY ");
    column(v, "g", v->t->sk);
    buf_lit(&v->b, " ORDER BY g._changed_at, g._lsn, g._ordinal) AS _next");
    for (int i = 0; i < n; i++) {
        buf_printf(&v->b, ",\n        FIRST_VALUE(g.%s) OVER (PARTITION BY ", list[i].as);
        column(v, "g", v->t->sk);
        buf_printf(&v->b, ", g.g%s ORDER BY COALESCE(g.m%s, 0) DESC) AS %s", list[i].as, list[i].as,
                   list[i].as);
    }
    buf_lit(&v->b, "\n    FROM (");
    stretches(v, list, n);
    buf_lit(&v->b, ") g");
}

static void history_columns(struct view *v)
{
    const struct model_entity *t = v->t;
    char alias[24];
    for (int i = 0; i < t->n_attributes; i++) {
        const struct model_attribute *a = &t->attributes[i];
        buf_lit(&v->b, ",\n       ");
        if (!a->historised) {
            (void)snprintf(alias, sizeof alias, "s%d", i + 1);
            column(v, alias, a->name);
        } else if (a->knot >= 0) {
            (void)snprintf(alias, sizeof alias, "k%d", i + 1);
            column(v, alias, v->m->knots[a->knot].name);
        } else {
            buf_printf(&v->b, "h.v%d", i + 1);
        }
        buf_lit(&v->b, " AS ");
        dialect_ident(&v->b, v->d, a->name);
    }
    for (int i = 0; i < t->n_ties; i++) {
        (void)snprintf(alias, sizeof alias, "r%d", i + 1);
        tie_columns(v, t->ties[i], alias);
    }
}

static void history_joins(struct view *v)
{
    const struct model_entity *t = v->t;
    char alias[24];
    for (int i = 0; i < t->n_attributes; i++) {
        (void)snprintf(alias, sizeof alias, "s%d", i + 1);
        if (!t->attributes[i].historised)
            join_latest(v, t->attributes[i].table, alias);
        if (t->attributes[i].knot < 0 || !t->attributes[i].historised)
            continue;
        const struct model_knot *knot = &v->m->knots[t->attributes[i].knot];
        buf_lit(&v->b, "\nLEFT JOIN ");
        table(v, knot->table, "");
        buf_printf(&v->b, " k%d ON k%d.", i + 1, i + 1);
        dialect_ident(&v->b, v->d, knot->id);
        buf_printf(&v->b, " = h.v%d", i + 1);
    }
    for (int i = 0; i < t->n_ties; i++) {
        if (!tie_shows(v, t->ties[i]))
            continue;
        const struct model_entity *to = &v->m->entities[v->m->ties[t->ties[i]].to];
        buf_lit(&v->b, "\nLEFT JOIN ");
        table(v, to->anchor, "");
        buf_printf(&v->b, " r%d ON r%d.", i + 1, i + 1);
        dialect_ident(&v->b, v->d, to->sk);
        buf_printf(&v->b, " = h.t%d", i + 1);
    }
}

static void entity_history(struct view *v)
{
    struct change list[CHANGES_MAX];
    int n = list_changes(v, list);
    buf_lit(&v->b, "SELECT ");
    add_keys(v, "a");
    history_columns(v);
    buf_lit(&v->b, ",\n       NOT h.e AS _deleted, h._changed_at AS _valid_from,\n       "
                   "COALESCE(h._next, TIMESTAMPTZ '9999-12-31 00:00:00+00') AS _valid_to\nFROM (");
    carried(v, list, n);
    buf_lit(&v->b, ") h\nJOIN ");
    table(v, v->t->anchor, "");
    buf_lit(&v->b, " a ON ");
    column(v, "a", v->t->sk);
    buf_lit(&v->b, " = ");
    column(v, "h", v->t->sk);
    history_joins(v);
    /* Changes of one moment are one version: the last of them. */
    buf_lit(&v->b, "\nWHERE (h._next IS NULL OR h._next > h._changed_at) AND h._changed_at > "
                   "TIMESTAMPTZ '1970-01-01 00:00:00+00'");
    finish(v, v->t->name, "_history");
}

void schema_views(struct schema_maker *k)
{
    const struct model *m = k->s->model;
    struct view v = {.k = k, .m = m, .d = k->s->dialect};
    buf_init(&v.b, 0);
    for (int i = 0; i < m->n_entities && !k->r; i++) {
        k->of = m->order[i];
        v.t = &m->entities[k->of];
        existence_latest(&v);
        for (int a = 0; a < v.t->n_attributes; a++)
            attribute_latest(&v, &v.t->attributes[a]);
        for (int a = 0; a < v.t->n_ties; a++)
            tie_latest(&v, &m->ties[v.t->ties[a]]);
        key_attributes(&v);
        anchor_latest(&v);
    }
    for (int i = 0; i < m->n_entities && !k->r; i++) {
        k->of = m->order[i];
        v.t = &m->entities[k->of];
        entity_latest(&v, false);
        entity_latest(&v, true);
        entity_history(&v);
    }
    buf_free(&v.b);
}
