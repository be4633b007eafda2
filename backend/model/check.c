#include "backend/model/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "backend/base/nearest.h"
#include "backend/warehouse/dialect.h"

struct check {
    const struct model *m;
    const struct model_entity *t;
    const struct dialect *dialect;
    const char *place; /* "public.flights" */
    /* what is there: columns of a raw table with their prefix, or of a source's table */
    const struct wcolumn *columns;
    int n;
    const char *prefix;
    struct faults *faults, *warnings;
};

static const struct wcolumn *find(const struct check *c, const char *name)
{
    char full[2 * MODEL_NAME_MAX + 16];
    (void)snprintf(full, sizeof full, "%s%s", c->prefix, name);
    for (int i = 0; i < c->n; i++)
        if (dialect_same_name(c->dialect, c->columns[i].name, full))
            return &c->columns[i];
    return NULL;
}

static const struct wcolumn *require(const struct check *c, int line, const char *what,
                                     const char *name, const char *column)
{
    struct nearest near;
    char hint[192];
    const struct wcolumn *found = find(c, column);
    size_t skip = strlen(c->prefix);
    if (found)
        return found;
    nearest_start(&near, column);
    for (int i = 0; i < c->n; i++)
        if (!strncmp(c->columns[i].name, c->prefix, skip))
            nearest_offer(&near, c->columns[i].name + skip);
    faults_add(c->faults, c->m->file, line, "%s %s: %s has no column %s%s%s", what, name, c->place,
               c->prefix, column, nearest_hint(&near, hint, sizeof hint));
    return NULL;
}

static void type_text(char *out, size_t n, const struct wcolumn *type)
{
    struct buf b;
    buf_init(&b, 0);
    model_type_text(&b, type);
    (void)snprintf(out, n, "%s", buf_cstr(&b));
    buf_free(&b);
}

/* Can a column of type `have` hold what comes as `want`? */
static void fit_type(const struct check *c, int line, const char *what, const char *name,
                     const struct wcolumn *have, const struct wcolumn *want)
{
    struct wcolumn a = *have;
    struct wcolumn b = *want;
    struct wcolumn to;
    char is[64];
    char comes[64];
    if (a.type == WT_TEXT) /* blanks at the end make no width */
        a.scale = 0;
    if (b.type == WT_TEXT)
        b.scale = 0;
    if (a.type == WT_TEXT && !a.precision) /* takes any text form */
        return;
    enum fit fit = dialect_fit(c->dialect, &a, &b, &to);
    if (fit == FIT_AS_IS)
        return;
    type_text(is, sizeof is, have);
    type_text(comes, sizeof comes, want);
    faults_add(c->faults, c->m->file, line, "%s %s: it is %s here and %s in %s, which %s", what,
               name, is, comes, c->place, fit == FIT_WIDEN ? "may not fit" : "it cannot hold");
}

static void check_columns(const struct check *c)
{
    const struct model_entity *t = c->t;
    for (int i = 0; i < t->n_key; i++) {
        const struct wcolumn *found =
            require(c, t->line, "key column", t->key[i].name, t->key[i].name);
        if (found)
            fit_type(c, t->line, "key column", t->key[i].name, &t->key[i], found);
    }
    for (int i = 0; i < t->n_attributes; i++) {
        const struct model_attribute *a = &t->attributes[i];
        const struct wcolumn *found = require(c, a->line, "attribute", a->name, a->column);
        /* an enum arrives as text: its labels have 63 octets at the most */
        bool short_text = a->knot >= 0 && a->value.type == WT_TEXT && found &&
                          found->type == WT_TEXT && !found->precision;
        if (found && !short_text)
            fit_type(c, a->line, "attribute", a->name, &a->value, found);
    }
    for (int i = 0; i < t->n_ties; i++) {
        const struct model_tie *k = &c->m->ties[t->ties[i]];
        for (int j = 0; j < k->n_columns; j++) {
            const struct wcolumn *found = require(c, k->line, "tie", k->name, k->columns[j]);
            if (found)
                fit_type(c, k->line, "tie", k->name, &c->m->entities[k->to].key[j], found);
        }
    }
}

/* ---- the source ---- */

static bool is_source(const char *source, const struct infer_table *t)
{
    size_t n = strlen(t->schema);
    return !strncmp(source, t->schema, n) && source[n] == '.' && !strcmp(source + n + 1, t->name);
}

static const struct infer_table *find_table(const struct check *c, const struct infer_catalog *all)
{
    struct nearest near;
    char hint[192];
    char name[2 * MODEL_NAME_MAX + 2];
    struct buf kept;
    for (int i = 0; i < all->n_tables; i++)
        if (is_source(c->t->source, &all->tables[i]))
            return &all->tables[i];
    buf_init(&kept, 0);
    nearest_start(&near, c->t->source);
    for (int i = 0; i < all->n_tables; i++) {
        (void)snprintf(name, sizeof name, "%s.%s", all->tables[i].schema, all->tables[i].name);
        const char *before = near.best;
        nearest_offer(&near, name);
        if (near.best != before) { /* it keeps the pointer only */
            buf_clear(&kept);
            buf_str(&kept, name);
            near.best = buf_cstr(&kept);
        }
    }
    faults_add(c->faults, c->m->file, c->t->line,
               "entity %s: database %s has no table %s, or it is not captured%s", c->t->name,
               all->database, c->t->source, nearest_hint(&near, hint, sizeof hint));
    buf_free(&kept);
    return NULL;
}

static bool in_key(const struct model_entity *t, const char *column)
{
    for (int i = 0; i < t->n_key; i++)
        if (!strcmp(t->key[i].name, column))
            return true;
    return false;
}

static void check_key(const struct check *c, const struct infer_table *s)
{
    const struct model_entity *t = c->t;
    struct buf key;
    bool same = s->n_key == t->n_key;
    int common = 0;
    if (!s->n_key) {
        faults_add(c->warnings, c->m->file, t->line,
                   "entity %s: nothing says that its key is unique: %s has %s", t->name, c->place,
                   s->no_key);
        return;
    }
    buf_init(&key, 0);
    for (int i = 0; i < s->n_key; i++) {
        common += in_key(t, s->key[i]);
        same = same && in_key(t, s->key[i]);
        buf_printf(&key, "%s%s", i ? ", " : "", s->key[i]);
    }
    if (common == t->n_key && t->n_key < s->n_key)
        faults_add(c->faults, c->m->file, t->line,
                   "entity %s: the key of %s is (%s): with a part of it several rows would be one",
                   t->name, c->place, buf_cstr(&key));
    else if (!same)
        faults_add(c->warnings, c->m->file, t->line,
                   "entity %s: the key of %s is (%s): only that comes with an UPDATE of the key or "
                   "a DELETE",
                   t->name, c->place, buf_cstr(&key));
    if (s->no_identity)
        faults_add(c->warnings, c->m->file, t->line,
                   "entity %s: %s has no replica identity: UPDATE and DELETE do not say which row",
                   t->name, c->place);
    buf_free(&key);
}

static bool is_used(const struct check *c, const char *column)
{
    const struct model_entity *t = c->t;
    if (in_key(t, column))
        return true;
    for (int i = 0; i < t->n_attributes; i++)
        if (!strcmp(t->attributes[i].column, column))
            return true;
    for (int i = 0; i < t->n_ties; i++)
        for (int k = 0; k < c->m->ties[t->ties[i]].n_columns; k++)
            if (!strcmp(c->m->ties[t->ties[i]].columns[k], column))
                return true;
    return false;
}

static void check_left_out(const struct check *c)
{
    struct buf names;
    buf_init(&names, 0);
    int n = 0;
    for (int i = 0; i < c->n; i++)
        if (!is_used(c, c->columns[i].name))
            buf_printf(&names, "%s%s", n++ ? ", " : "", c->columns[i].name);
    if (n)
        faults_add(c->warnings, c->m->file, c->t->line,
                   "entity %s: %d column%s of %s %s not in the model: %s", c->t->name, n,
                   n == 1 ? "" : "s", c->place, n == 1 ? "is" : "are", buf_cstr(&names));
    buf_free(&names);
}

static void check_entity(struct check *c, const struct infer_table *s, bool raw_known)
{
    struct wcolumn *columns = calloc((size_t)s->n_columns + 1, sizeof *columns);
    if (!columns) {
        faults_add(c->faults, c->m->file, c->t->line, "entity %s: out of memory", c->t->name);
        return;
    }
    for (int i = 0; i < s->n_columns; i++)
        columns[i] = s->columns[i].type;
    c->columns = columns;
    c->n = s->n_columns;
    check_columns(c);
    check_key(c, s);
    check_left_out(c);
    if (raw_known && strcmp(c->t->raw, s->raw) != 0)
        faults_add(
            c->warnings, c->m->file, c->t->line,
            "entity %s: its rows arrive in %s, and it reads %s: set `raw`, or `topic_prefix` "
            "for all",
            c->t->name, s->raw, c->t->raw);
    free(columns);
}

void model_check_source(const struct model *m, const struct infer_catalog *all,
                        struct faults *faults, struct faults *warnings)
{
    for (int i = 0; i < m->n_entities; i++) {
        struct check c = {.m = m,
                          .t = &m->entities[i],
                          .dialect = dialect_find("postgresql"),
                          .place = m->entities[i].source,
                          .prefix = "",
                          .faults = faults,
                          .warnings = warnings};
        if (!c.t->source)
            continue;
        const struct infer_table *s = find_table(&c, all);
        if (s)
            check_entity(&c, s, all->raw_known);
    }
}

/* ---- raw ---- */

void model_check_raw(const struct model *m, int entity, const char *dialect,
                     const struct wcolumn *columns, int n, struct faults *faults,
                     struct faults *warnings)
{
    struct check c = {.m = m,
                      .t = &m->entities[entity],
                      .dialect = dialect_find(dialect),
                      .place = m->entities[entity].raw,
                      .columns = columns,
                      .n = n,
                      .prefix = "after_",
                      .faults = faults,
                      .warnings = warnings};
    if (n)
        check_columns(&c);
    else
        faults_add(warnings, m->file, c.t->line,
                   "entity %s: there is no raw table %s (yet): nothing has arrived", c.t->name,
                   c.place);
}
