/*
 * model.yaml -> struct model. Two passes: entities with keys and attributes first, then ties, which
 * name entities that may stand further down.
 */
#include "backend/model/model.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "backend/base/buf.h"
#include "backend/base/nearest.h"
#include "backend/base/yaml.h"
#include "backend/model/names.h"

struct parser {
    struct model *m;
    struct faults *faults;
    const char *file;
    bool nomem;
};

static void *take(struct parser *p, size_t n)
{
    void *at = arena_alloc(p->m->arena, n ? n : 1);
    if (at)
        memset(at, 0, n ? n : 1);
    else
        p->nomem = true;
    return at;
}

/* A name made of parts, in the arena; "" and p->nomem without memory. */
static const char *compose(struct parser *p, const char *a, const char *b, const char *c)
{
    size_t n[] = {strlen(a), strlen(b), strlen(c)};
    char *at = arena_alloc(p->m->arena, n[0] + n[1] + n[2] + 1);
    if (!at) {
        p->nomem = true;
        return "";
    }
    memcpy(at, a, n[0]);
    memcpy(at + n[0], b, n[1]);
    memcpy(at + n[0] + n[1], c, n[2] + 1);
    return at;
}

/* ---- types ---- */

static const struct {
    const char *name;
    enum wtype type;
    int parameters; /* how many it may have */
} type_words[] = {
    {"boolean", WT_BOOL, 0},    {"smallint", WT_INT16, 0},      {"integer", WT_INT32, 0},
    {"bigint", WT_INT64, 0},    {"real", WT_FLOAT32, 0},        {"double precision", WT_FLOAT64, 0},
    {"numeric", WT_DECIMAL, 2}, {"varchar", WT_TEXT, 1},        {"char", WT_TEXT, 1},
    {"text", WT_TEXT, 0},       {"bytes", WT_BYTES, 0},         {"date", WT_DATE, 0},
    {"time", WT_TIME, 0},       {"timestamp", WT_TIMESTAMP, 0}, {"timestamptz", WT_TIMESTAMPTZ, 0},
    {"uuid", WT_UUID, 0},       {"json", WT_JSON, 0},
};
enum { TYPE_WORDS = sizeof type_words / sizeof type_words[0] };

bool model_type_parse(const char *text, struct wcolumn *out)
{
    size_t n = strcspn(text, "(");
    size_t trimmed = n;
    while (trimmed && text[trimmed - 1] == ' ')
        trimmed--;
    int a = 0;
    int b = 0;
    int given = 0;
    if (text[n]) {
        char close = '\0';
        int used = 0;
        if (sscanf(text + n, "(%d ,%d %c%n", &a, &b, &close, &used) == 3)
            given = 2;
        else if (sscanf(text + n, "(%d %c%n", &a, &close, &used) == 2)
            given = 1;
        if (!given || close != ')' || text[n + (size_t)used] || a < 1 || b < 0 || b > a)
            return false;
    }
    for (int i = 0; i < TYPE_WORDS; i++) {
        if (strlen(type_words[i].name) != trimmed ||
            strncasecmp(text, type_words[i].name, trimmed) != 0 || given > type_words[i].parameters)
            continue;
        out->type = type_words[i].type;
        out->precision = a;
        out->scale = strcmp(type_words[i].name, "char") ? b : MODEL_BLANK_PADDED;
        return !(out->type == WT_TEXT && type_words[i].parameters && !given);
    }
    return false;
}

void model_type_text(struct buf *b, const struct wcolumn *c)
{
    if (c->type == WT_TEXT && c->precision > 0)
        buf_printf(b, "%s(%d)", c->scale == MODEL_BLANK_PADDED ? "char" : "varchar", c->precision);
    else if (c->type == WT_DECIMAL && c->precision > 0)
        buf_printf(b, "numeric(%d,%d)", c->precision, c->scale);
    else if (c->type == WT_TEXT)
        buf_lit(b, "text");
    else
        for (int i = 0; i < TYPE_WORDS; i++)
            if (type_words[i].type == c->type) {
                buf_str(b, type_words[i].name);
                return;
            }
}

static void known_types(char *out, size_t n)
{
    size_t at = 0;
    for (int i = 0; i < TYPE_WORDS && at < n; i++)
        at += (size_t)snprintf(out + at, n - at, "%s%s%s", i ? ", " : "", type_words[i].name,
                               type_words[i].parameters == 2   ? "[(p,s)]"
                               : type_words[i].parameters == 1 ? "(n)"
                                                               : "");
}

static bool read_type(struct parser *p, const struct yaml *node, const char *what, const char *name,
                      struct wcolumn *out)
{
    if (node && node->kind == YAML_SCALAR && model_type_parse(node->text, out)) {
        out->name = name;
        return true;
    }
    char known[400];
    known_types(known, sizeof known);
    faults_add(p->faults, p->file, node ? node->line : 0, "%s %s: `%s` is no type; there are %s",
               what, name, node && node->kind == YAML_SCALAR ? node->text : "..", known);
    return false;
}

/* ---- names ---- */

/* Names become parts of table names, and must stay themselves there. */
static bool check_name(struct parser *p, int line, const char *what, const char *name)
{
    size_t n = strlen(name);
    if (!n || n > MODEL_NAME_MAX) {
        faults_add(p->faults, p->file, line, "%s: a name has 1 to %d octets, `%s` has %zu", what,
                   MODEL_NAME_MAX, name, n);
        return false;
    }
    if (!model_name_is_technical(name))
        return true;
    faults_add(p->faults, p->file, line,
               "%s `%s`: this name is a technical column's; give another name and the "
               "source's as `column: %s`",
               what, name, name);
    return false;
}

/* Says what is unknown and what was meant; true when all keys are known. */
static bool check_keys(struct parser *p, const struct yaml *map, const char *what,
                       const char *const *known)
{
    bool good = true;
    for (int i = 0; i < map->n; i++) {
        struct nearest near;
        char hint[96];
        bool found = false;
        nearest_start(&near, map->names[i]);
        for (int k = 0; known[k]; k++) {
            found = found || !strcmp(known[k], map->names[i]);
            nearest_offer(&near, known[k]);
        }
        if (found)
            continue;
        good = false;
        faults_add(p->faults, p->file, map->lines[i], "%s: unknown key `%s`%s", what, map->names[i],
                   nearest_hint(&near, hint, sizeof hint));
    }
    return good;
}

static bool want_kind(struct parser *p, const struct yaml *node, enum yaml_kind kind, int line,
                      const char *what)
{
    static const char *const words[] = {"a word", "a list", "a mapping"};
    if (node && node->kind == kind)
        return true;
    faults_add(p->faults, p->file, node ? node->line : line, "%s: %s is wanted here", what,
               words[kind]);
    return false;
}

static const char *scalar(struct parser *p, const struct yaml *map, const char *key,
                          const char *fallback, const char *what)
{
    const struct yaml *node = yaml_get(map, key);
    if (!node || yaml_is_null(node))
        return fallback;
    return want_kind(p, node, YAML_SCALAR, 0, what) ? node->text : fallback;
}

static bool boolean(struct parser *p, const struct yaml *node, bool fallback, const char *what)
{
    if (!node)
        return fallback;
    if (node->kind == YAML_SCALAR && !strcmp(node->text, "true"))
        return true;
    if (node->kind == YAML_SCALAR && !strcmp(node->text, "false"))
        return false;
    faults_add(p->faults, p->file, node->line, "%s: true or false", what);
    return fallback;
}

/* ---- knots ---- */

static void read_knots(struct parser *p, const struct yaml *node)
{
    if (!node || !want_kind(p, node, YAML_MAP, 0, "knots"))
        return;
    struct model *m = p->m;
    m->knots = take(p, (size_t)node->n * sizeof *m->knots);
    for (int i = 0; i < node->n && m->knots; i++) {
        struct model_knot *k = &m->knots[m->n_knots];
        k->name = node->names[i];
        k->line = node->lines[i];
        if (check_name(p, k->line, "knot", k->name) &&
            read_type(p, node->items[i], "knot", k->name, &k->value))
            m->n_knots++;
    }
}

static int find_knot(const struct model *m, const char *name)
{
    for (int i = 0; i < m->n_knots; i++)
        if (!strcmp(m->knots[i].name, name))
            return i;
    return -1;
}

/* ---- entities ---- */

static bool use_knot(struct parser *p, const struct yaml *node, struct model_attribute *a)
{
    if (!node)
        return true;
    if (!want_kind(p, node, YAML_SCALAR, 0, "knot"))
        return false;
    a->knot = find_knot(p->m, node->text);
    if (a->knot >= 0)
        return true;
    struct nearest near;
    char hint[96];
    nearest_start(&near, node->text);
    for (int i = 0; i < p->m->n_knots; i++)
        nearest_offer(&near, p->m->knots[i].name);
    faults_add(p->faults, p->file, node->line,
               "attribute %s: there is no knot `%s`%s; knots: "
               "declares them",
               a->name, node->text, nearest_hint(&near, hint, sizeof hint));
    return false;
}

static bool read_attribute(struct parser *p, const struct yaml *node, const char *name, int line,
                           struct model_attribute *a)
{
    static const char *const known[] = {"type", "column", "history", "knot", NULL};
    *a = (struct model_attribute){
        .name = name, .column = name, .historised = true, .knot = -1, .line = line};
    if (!check_name(p, line, "attribute", name))
        return false;
    if (node->kind == YAML_SCALAR)
        return read_type(p, node, "attribute", name, &a->value);
    if (!want_kind(p, node, YAML_MAP, line, "an attribute") ||
        !check_keys(p, node, "an attribute", known))
        return false;
    a->column = scalar(p, node, "column", name, "column");
    a->historised = boolean(p, yaml_get(node, "history"), true, "history");
    const struct yaml *type = yaml_get(node, "type");
    if (!use_knot(p, yaml_get(node, "knot"), a))
        return false;
    if (!type && a->knot >= 0) {
        a->value = p->m->knots[a->knot].value;
        a->value.name = name;
        return true;
    }
    if (!type) {
        faults_add(p->faults, p->file, line, "attribute %s: `type` is missing", name);
        return false;
    }
    return read_type(p, type, "attribute", name, &a->value);
}

static void read_key(struct parser *p, const struct yaml *node, struct model_entity *t)
{
    if (!node) {
        faults_add(p->faults, p->file, t->line,
                   "entity %s: `key` is missing: the columns that identify a row, with their "
                   "types, as `key: {%s_id: integer}`",
                   t->name, t->name);
        return;
    }
    if (!want_kind(p, node, YAML_MAP, t->line, "key"))
        return;
    if (!node->n || node->n > MODEL_KEY_MAX)
        faults_add(p->faults, p->file, node->line, "entity %s: a key has 1 to %d columns", t->name,
                   MODEL_KEY_MAX);
    for (int i = 0; i < node->n && i < MODEL_KEY_MAX; i++)
        if (check_name(p, node->lines[i], "key column", node->names[i]) &&
            read_type(p, node->items[i], "key column", node->names[i], &t->key[t->n_key]))
            t->key[t->n_key++].key = true;
}

static bool key_has(const struct model_entity *t, const char *column)
{
    for (int i = 0; i < t->n_key; i++)
        if (!strcmp(t->key[i].name, column))
            return true;
    return false;
}

static void read_attributes(struct parser *p, const struct yaml *node, struct model_entity *t)
{
    if (!node || !want_kind(p, node, YAML_MAP, t->line, "attributes"))
        return;
    t->attributes = take(p, (size_t)node->n * sizeof *t->attributes);
    for (int i = 0; i < node->n && t->attributes; i++) {
        struct model_attribute *a = &t->attributes[t->n_attributes];
        if (!read_attribute(p, node->items[i], node->names[i], node->lines[i], a))
            continue;
        if (key_has(t, a->name) || !strcmp(a->name, "existence"))
            faults_add(p->faults, p->file, a->line, "attribute %s of %s: %s", a->name, t->name,
                       key_has(t, a->name) ? "the key has this column already"
                                           : "this name is the one of the table of deletes");
        else
            t->n_attributes++;
    }
}

/* "public.flights" -> "postgres_public_flights": the raw table of the default topic prefix. */
static const char *default_raw(struct parser *p, const char *source, const char *prefix)
{
    char text[3 * MODEL_NAME_MAX + 8];
    (void)snprintf(text, sizeof text, "%s_%s", prefix, source);
    for (char *c = text; *c; c++)
        if (*c == '.')
            *c = '_';
    char *copy = arena_strdup(p->m->arena, text);
    p->nomem = p->nomem || !copy;
    return copy;
}

static void read_entity(struct parser *p, const struct yaml *node, const char *name, int line,
                        const char *prefix, struct model_entity *t)
{
    static const char *const known[] = {"source", "raw", "key", "attributes", "ties", NULL};
    *t = (struct model_entity){.name = name, .line = line};
    if (!check_name(p, line, "entity", name) || !want_kind(p, node, YAML_MAP, line, "an entity"))
        return;
    (void)check_keys(p, node, "an entity", known);
    t->source = scalar(p, node, "source", NULL, "source");
    t->raw = scalar(p, node, "raw", NULL, "raw");
    if (!t->raw && t->source)
        t->raw = default_raw(p, t->source, prefix);
    if (!t->raw)
        faults_add(p->faults, p->file, line,
                   "entity %s: `source` (schema.table) or `raw` (its table in the raw schema) is "
                   "missing",
                   name);
    read_key(p, yaml_get(node, "key"), t);
    read_attributes(p, yaml_get(node, "attributes"), t);
}

int model_find_entity(const struct model *m, const char *name, struct errbuf *e)
{
    struct nearest near;
    char hint[96];
    nearest_start(&near, name);
    for (int i = 0; i < m->n_entities; i++) {
        if (!strcmp(m->entities[i].name, name))
            return i;
        nearest_offer(&near, m->entities[i].name);
    }
    (void)err_set(e, ERR_NOT_FOUND, "%s: the model has no entity `%s`%s", m->file, name,
                  nearest_hint(&near, hint, sizeof hint));
    return -1;
}

/* ---- ties ---- */

static bool tie_columns(struct parser *p, const struct yaml *by, struct model_tie *k)
{
    const struct model_entity *to = &p->m->entities[k->to];
    if (!by) {
        faults_add(p->faults, p->file, k->line, "tie %s: `by` is missing: the column that refers",
                   k->name);
        return false;
    }
    int n = by->kind == YAML_LIST ? by->n : 1;
    if (by->kind == YAML_MAP || n != to->n_key) {
        faults_add(p->faults, p->file, by->line,
                   "tie %s: `by` has %d columns, the key of %s has %d", k->name, n, to->name,
                   to->n_key);
        return false;
    }
    for (int i = 0; i < n; i++) {
        const struct yaml *c = by->kind == YAML_LIST ? by->items[i] : by;
        if (!want_kind(p, c, YAML_SCALAR, by->line, "by"))
            return false;
        k->columns[k->n_columns++] = c->text;
    }
    return true;
}

static bool read_tie(struct parser *p, const struct yaml *node, const char *name, int line,
                     int from, struct model_tie *k)
{
    static const char *const known[] = {"to", "by", "role", NULL};
    *k = (struct model_tie){.name = name, .from = from, .line = line};
    if (!check_name(p, line, "tie", name) || !want_kind(p, node, YAML_MAP, line, "a tie") ||
        !check_keys(p, node, "a tie", known))
        return false;
    const char *to = scalar(p, node, "to", NULL, "to");
    struct errbuf e;
    if (!to) {
        faults_add(p->faults, p->file, line, "tie %s: `to` is missing: the entity it leads to",
                   name);
        return false;
    }
    k->to = model_find_entity(p->m, to, &e);
    if (k->to < 0) {
        faults_add(p->faults, p->file, yaml_get(node, "to")->line, "tie %s: %s", name,
                   e.text + strlen(p->file) + 2);
        return false;
    }
    const char *role = k->to == from ? "parent" : p->m->entities[k->to].name;
    k->role = scalar(p, node, "role", role, "role");
    if (!strcmp(k->role, p->m->entities[from].name)) {
        faults_add(p->faults, p->file, line,
                   "tie %s: the role `%s` is the entity's own name; give another one", name,
                   k->role);
        return false;
    }
    return tie_columns(p, yaml_get(node, "by"), k);
}

static void read_ties(struct parser *p, const struct yaml *entities)
{
    struct model *m = p->m;
    int n = 0;
    for (int i = 0; i < m->n_entities; i++) {
        const struct yaml *ties = yaml_get(yaml_get(entities, m->entities[i].name), "ties");
        n += ties && ties->kind == YAML_MAP ? ties->n : 0;
    }
    m->ties = take(p, (size_t)n * sizeof *m->ties);
    for (int i = 0; i < m->n_entities && m->ties; i++) {
        struct model_entity *t = &m->entities[i];
        const struct yaml *ties = yaml_get(yaml_get(entities, t->name), "ties");
        if (!ties || !want_kind(p, ties, YAML_MAP, t->line, "ties"))
            continue;
        int *owned = take(p, (size_t)ties->n * sizeof *owned);
        t->ties = owned;
        for (int k = 0; k < ties->n && owned; k++)
            if (read_tie(p, ties->items[k], ties->names[k], ties->lines[k], i, &m->ties[m->n_ties]))
                owned[t->n_ties++] = m->n_ties++;
    }
}

/* What the tables and columns are called. */
static void make_names(struct parser *p)
{
    struct model *m = p->m;
    for (int i = 0; i < m->n_knots; i++) {
        m->knots[i].table = compose(p, "knot_", m->knots[i].name, "");
        m->knots[i].id = compose(p, m->knots[i].name, "_id", "");
    }
    for (int i = 0; i < m->n_entities; i++) {
        struct model_entity *t = &m->entities[i];
        t->sk = compose(p, t->name, "_sk", "");
        t->anchor = compose(p, "anchor_", t->name, "");
        const char *attr = compose(p, "attr_", t->name, "_");
        t->existence = compose(p, attr, "existence", "");
        for (int a = 0; a < t->n_attributes; a++)
            t->attributes[a].table = compose(p, attr, t->attributes[a].name, "");
    }
    for (int i = 0; i < m->n_ties; i++) {
        m->ties[i].table = compose(p, "tie_", m->ties[i].name, "");
        m->ties[i].to_sk = compose(p, m->ties[i].role, "_sk", "");
    }
}

/* Depth first, so that what an entity refers to comes before it. */
static void visit(struct model *m, int at, char *seen, int *order, int *n)
{
    if (seen[at])
        return;
    seen[at] = 1;
    const struct model_entity *t = &m->entities[at];
    for (int i = 0; i < t->n_ties; i++)
        visit(m, m->ties[t->ties[i]].to, seen, order, n);
    order[(*n)++] = at;
}

static void make_order(struct parser *p)
{
    struct model *m = p->m;
    int *order = take(p, (size_t)m->n_entities * sizeof *order);
    char *seen = take(p, (size_t)m->n_entities);
    int n = 0;
    for (int i = 0; i < m->n_entities && order && seen; i++)
        visit(m, i, seen, order, &n);
    m->order = order;
}

static void read_document(struct parser *p, const struct yaml *root)
{
    static const char *const known[] = {"model",    "source_system", "schema", "topic_prefix",
                                        "entities", "knots",         NULL};
    struct model *m = p->m;
    if (!root || !want_kind(p, root, YAML_MAP, 1, "a model")) {
        if (!root)
            faults_add(p->faults, p->file, 1, "the model is empty: `entities` is missing");
        return;
    }
    (void)check_keys(p, root, "a model", known);
    m->name = scalar(p, root, "model", "model", "model");
    m->source_system = scalar(p, root, "source_system", m->name, "source_system");
    m->schema = scalar(p, root, "schema", "dwh", "schema");
    const char *prefix = scalar(p, root, "topic_prefix", "postgres", "topic_prefix");
    read_knots(p, yaml_get(root, "knots"));
    const struct yaml *entities = yaml_get(root, "entities");
    if (!entities || !want_kind(p, entities, YAML_MAP, root->line, "entities")) {
        if (!entities)
            faults_add(p->faults, p->file, root->line, "`entities` is missing");
        return;
    }
    m->entities = take(p, (size_t)entities->n * sizeof *m->entities);
    for (int i = 0; i < entities->n && m->entities; i++)
        read_entity(p, entities->items[i], entities->names[i], entities->lines[i], prefix,
                    &m->entities[m->n_entities++]);
    read_ties(p, entities);
    make_names(p);
    p->nomem = p->nomem || !model_names_check(m, p->faults);
    make_order(p);
}

enum err model_parse(const char *text, size_t n, const char *file, struct model **out,
                     struct faults *faults, struct errbuf *e)
{
    *out = NULL;
    struct arena *arena = arena_create(16384);
    struct model *m = arena ? arena_alloc(arena, sizeof *m) : NULL;
    if (!m) {
        arena_destroy(arena);
        return err_set(e, ERR_NOMEM, "no memory for the model");
    }
    *m = (struct model){.arena = arena, .file = arena_strdup(arena, file)};
    struct parser p = {.m = m, .faults = faults, .file = m->file ? m->file : ""};
    struct yaml *root = NULL;
    enum err r = m->file ? yaml_parse(text, n, file, arena, &root, e)
                         : err_set(e, ERR_NOMEM, "no memory for the model");
    if (!r) {
        read_document(&p, root);
        r = p.nomem ? err_set(e, ERR_NOMEM, "no memory for the model") : faults_check(faults, e);
    }
    if (r)
        model_free(m);
    else
        *out = m;
    return r;
}

enum err model_load_faults(const char *path, struct model **out, struct faults *faults,
                           struct errbuf *e)
{
    enum { MODEL_FILE_MAX = YAML_FILE_MAX };
    *out = NULL;
    FILE *f = fopen(path, "re");
    if (!f)
        return err_errno(e, ERR_NOT_FOUND, "the model %s cannot be read", path);
    struct buf text;
    buf_init(&text, MODEL_FILE_MAX);
    char part[8192];
    size_t n;
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(&text, part, n);
    enum err r = ferror(f) ? err_errno(e, ERR_IO, "the model %s cannot be read", path)
                           : buf_check(&text, path, e);
    (void)fclose(f);
    if (!r)
        r = model_parse(buf_cstr(&text), text.len, path, out, faults, e);
    buf_free(&text);
    return r;
}

enum err model_load_file(const char *path, struct model **out, struct errbuf *e)
{
    struct faults faults;
    faults_init(&faults);
    enum err r = model_load_faults(path, out, &faults, e);
    faults_free(&faults);
    return r;
}

void model_free(struct model *m)
{
    if (m)
        arena_destroy(m->arena);
}
