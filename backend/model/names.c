#include "backend/model/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "backend/warehouse/dialect.h"

enum { OBJECT_MAX = 2 * MODEL_NAME_MAX + 64, FIRST_CAP = 256 };

struct entry {
    const char *name;
    int line;
};

struct model_names {
    struct arena *arena;
    struct entry *slots; /* open addressing; at most half full */
    size_t cap;
    size_t n;
    const struct dialect *dialects[2];
};

/* Of what both dialects keep apart at least: letters outside of ASCII are left to the comparison,
 * and so is what stands behind the length of PostgreSQL's names. */
static size_t hash(const char *name)
{
    size_t h = 1469598103934665603u;
    for (int i = 0; name[i] && i < 40; i++) {
        unsigned char c = (unsigned char)name[i];
        if (c >= 0x80)
            continue;
        h = (h ^ (size_t)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c)) * 1099511628211u;
    }
    return h;
}

static bool same(const struct model_names *n, const char *a, const char *b)
{
    return dialect_same_name(n->dialects[0], a, b) || dialect_same_name(n->dialects[1], a, b);
}

/* The slot that has the name, or the free one where it belongs. */
static struct entry *slot_of(const struct model_names *n, const char *name)
{
    size_t at = hash(name) % n->cap;
    while (n->slots[at].name && !same(n, n->slots[at].name, name))
        at = (at + 1) % n->cap;
    return &n->slots[at];
}

static bool widen(struct model_names *n)
{
    struct model_names wide = *n;
    wide.cap = n->cap * 2;
    wide.slots = calloc(wide.cap, sizeof *wide.slots);
    if (!wide.slots)
        return false;
    for (size_t i = 0; i < n->cap; i++)
        if (n->slots[i].name)
            *slot_of(&wide, n->slots[i].name) = n->slots[i];
    free(n->slots);
    *n = wide;
    return true;
}

struct model_names *model_names_create_empty(void)
{
    struct model_names *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->dialects[0] = dialect_find("postgresql");
    n->dialects[1] = dialect_find("vertica");
    n->cap = FIRST_CAP;
    n->slots = calloc(n->cap, sizeof *n->slots);
    n->arena = arena_create(4096);
    if (n->slots && n->arena)
        return n;
    model_names_destroy(n);
    return NULL;
}

struct model_names *model_names_create(void)
{
    static const char *const own[] = {"_flightdeck_objects",   "_flightdeck_objects_by",
                                      "_flightdeck_marks",     "_flightdeck_marks_by",
                                      "_flightdeck_loads",     "_flightdeck_loads_by",
                                      "anchor_source_systems", "anchor_source_systems_by"};
    struct model_names *n = model_names_create_empty();
    for (size_t i = 0; n && i < sizeof own / sizeof own[0]; i++)
        if (!model_names_take(n, own[i], 1)) {
            model_names_destroy(n);
            return NULL;
        }
    return n;
}

void model_names_destroy(struct model_names *n)
{
    if (!n)
        return;
    free(n->slots);
    arena_destroy(n->arena);
    free(n);
}

int model_names_find(const struct model_names *n, const char *name)
{
    const struct entry *at = slot_of(n, name);
    return at->name ? at->line : 0;
}

bool model_names_take(struct model_names *n, const char *name, int line)
{
    if (2 * (n->n + 1) > n->cap && !widen(n))
        return false;
    struct entry *at = slot_of(n, name);
    if (at->name)
        return true;
    at->name = arena_strdup(n->arena, name);
    at->line = line;
    n->n += at->name != NULL;
    return at->name != NULL;
}

/* ---- what a thing makes ---- */

/* $ is the entity, # the name. */
static const char *const makes[][10] = {
    [NAMES_ENTITY] = {"anchor_$", "anchor_$_by", "anchor_$_latest", "attr_$_existence",
                      "attr_$_existence_by", "attr_$_existence_latest", "$_latest", "$_latest_all",
                      "$_history"},
    [NAMES_KEY] = {"attr_$_#"},
    [NAMES_ATTRIBUTE] = {"attr_$_#", "attr_$_#_by", "attr_$_#_latest"},
    [NAMES_TIE] = {"tie_#", "tie_#_by", "tie_#_latest"},
    [NAMES_KNOT] = {"knot_#", "knot_#_by"},
};

static const char *object_name(const char *form, const char *entity, const char *name, char *out)
{
    size_t at = 0;
    for (; *form && at < OBJECT_MAX - 1; form++) {
        const char *part = *form == '$' ? entity : *form == '#' ? name : NULL;
        int n = part ? snprintf(out + at, OBJECT_MAX - at, "%s", part)
                     : snprintf(out + at, OBJECT_MAX - at, "%c", *form);
        at += (size_t)n;
    }
    return out;
}

int model_names_taken(const struct model_names *n, enum model_names_kind kind, const char *entity,
                      const char *name, char *object, size_t size)
{
    char text[OBJECT_MAX];
    for (int i = 0; makes[kind][i]; i++) {
        int line = model_names_find(n, object_name(makes[kind][i], entity, name, text));
        if (line && object)
            (void)snprintf(object, size, "%s", text);
        if (line)
            return line;
    }
    return 0;
}

bool model_names_claim(struct model_names *n, enum model_names_kind kind, const char *entity,
                       const char *name, int line)
{
    char text[OBJECT_MAX];
    for (int i = 0; makes[kind][i]; i++)
        if (!model_names_take(n, object_name(makes[kind][i], entity, name, text), line))
            return false;
    return true;
}

bool model_name_is_technical(const char *name)
{
    static const char *const technical[] = {"_changed_at", "_lsn",        "_ordinal", "_source",
                                            "_created_at", "_reference",  "_deleted", "_valid_from",
                                            "_valid_to",   "_flightdeck", "_batch",   NULL};
    for (int i = 0; technical[i]; i++)
        if (!strcasecmp(technical[i], name))
            return true;
    return false;
}

/* ---- a whole model ---- */

struct check {
    const struct model *m;
    struct faults *faults;
    struct model_names *names;
    bool nomem;
};

static void claim(struct check *c, enum model_names_kind kind, const char *what, const char *entity,
                  const char *name, int line)
{
    char object[OBJECT_MAX];
    int other = model_names_taken(c->names, kind, entity, name, object, sizeof object);
    if (other)
        faults_add(c->faults, c->m->file, line,
                   "%s %s: it makes `%s`, which line %d makes already%s; give another name", what,
                   name[0] ? name : entity, object, other,
                   other == 1 ? " (or the engine's own bookkeeping)" : "");
    else if (!model_names_claim(c->names, kind, entity, name, line))
        c->nomem = true;
}

static void column(struct check *c, struct model_names *columns, const char *what, const char *name,
                   int line)
{
    int other = model_names_find(columns, name);
    if (other)
        faults_add(c->faults, c->m->file, line,
                   "%s %s: line %d makes a column of this name (letters' case does not count in "
                   "Vertica); give another name",
                   what, name, other);
    else if (!model_names_take(columns, name, line))
        c->nomem = true;
}

/* Columns of the entity's views and tables. */
static void entity_columns(struct check *c, const struct model_entity *t)
{
    struct model_names *columns = model_names_create_empty();
    if (!columns) {
        c->nomem = true;
        return;
    }
    column(c, columns, "entity", t->sk, t->line);
    for (int i = 0; i < t->n_key; i++)
        column(c, columns, "key column", t->key[i].name, t->line);
    for (int i = 0; i < t->n_attributes; i++)
        column(c, columns, "attribute", t->attributes[i].name, t->attributes[i].line);
    for (int i = 0; i < t->n_ties; i++) {
        const struct model_tie *k = &c->m->ties[t->ties[i]];
        if (same(columns, k->to_sk, t->sk))
            faults_add(c->faults, c->m->file, k->line,
                       "tie %s: the role `%s` is the entity's own name; give another one as "
                       "`role: ..`",
                       k->name, k->role);
    }
    model_names_destroy(columns);
}

bool model_names_check(const struct model *m, struct faults *faults)
{
    struct check c = {.m = m, .faults = faults, .names = model_names_create()};
    if (!c.names)
        return false;
    for (int i = 0; i < m->n_knots; i++)
        claim(&c, NAMES_KNOT, "knot", "", m->knots[i].name, m->knots[i].line);
    for (int i = 0; i < m->n_entities; i++)
        claim(&c, NAMES_ENTITY, "entity", m->entities[i].name, "", m->entities[i].line);
    for (int i = 0; i < m->n_entities; i++) {
        const struct model_entity *t = &m->entities[i];
        for (int k = 0; k < t->n_key; k++)
            claim(&c, NAMES_KEY, "key column", t->name, t->key[k].name, t->line);
        for (int k = 0; k < t->n_attributes; k++)
            claim(&c, NAMES_ATTRIBUTE, "attribute", t->name, t->attributes[k].name,
                  t->attributes[k].line);
        entity_columns(&c, t);
    }
    for (int i = 0; i < m->n_ties; i++)
        claim(&c, NAMES_TIE, "tie", "", m->ties[i].name, m->ties[i].line);
    model_names_destroy(c.names);
    return !c.nomem;
}
