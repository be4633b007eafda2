/*
 * Design note
 *
 * A RELATION message describes a table at the time of its WAL; the catalog describes it now. Names,
 * types and the key's members are taken from the message wherever it has them; the catalog adds
 * what the message lacks. Per column:
 *   - the type (name, base of a domain, element, labels) by the message's type OID, in pg_type;
 *     a type that has been dropped keeps the name that its TYPE message gave
 *   - NOT NULL and the default from the catalog's column of that name, if it still has that type
 * The key:
 *   - identity default or index: the message's flags are its members; the catalog gives the order
 *     when it has the very same members, else they stand in column order
 *   - identity full or nothing: the flags tell nothing, the catalog's key is taken, found by name;
 *     a renamed column is found as the one that took the place of an unknown one with its type.
 *     Where that fails the table counts as one without a key.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/postgres/source_internal.h"

/* A column of the catalog; type and typmod as pg_attribute has them. */
struct attribute {
    char *name;
    char *default_sql;
    uint32_t type_oid;
    int32_t typmod;
    bool not_null;
    int key_pos;
};

struct attributes {
    uint32_t oid; /* 0: there is no such table */
    char *schema;
    char *name;
    char identity;
    int n;
    int n_key;
    int cap;
    struct attribute *items;
};

struct type {
    uint32_t root; /* the type asked for */
    uint32_t oid;  /* of the base type */
    int32_t typmod;
    bool not_null;
    char *name;
    uint32_t elem_oid;
    char *elem_name;
    char *labels;
};

struct types {
    int n;
    int cap;
    struct type *items;
};

static enum err no_memory(struct errbuf *e)
{
    return err_set(e, ERR_NOMEM, "no memory for a table's description");
}

static void free_attributes(struct attributes *a)
{
    for (int i = 0; i < a->n; i++) {
        free(a->items[i].name);
        free(a->items[i].default_sql);
    }
    free(a->items);
    free(a->schema);
    free(a->name);
}

static void free_types(struct types *t)
{
    for (int i = 0; i < t->n; i++) {
        free(t->items[i].name);
        free(t->items[i].elem_name);
        free(t->items[i].labels);
    }
    free(t->items);
}

/* Room for one more of `size` bytes in an array. */
static bool make_room(void **items, int n, int *cap, size_t size)
{
    if (n < *cap)
        return true;
    int more = *cap ? *cap * 2 : 16;
    void *p = realloc(*items, (size_t)more * size);
    if (!p)
        return false;
    *items = p;
    *cap = more;
    return true;
}

/* A row of attributes.sql. */
static enum err take_attribute(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    struct attributes *a = arg;
    (void)n;
    if (!a->oid) {
        a->oid = (uint32_t)source_cell_int(&c[0], 0);
        a->identity = c[3].p[0];
        if (!source_cell_dup(&c[1], &a->schema) || !source_cell_dup(&c[2], &a->name))
            return no_memory(e);
    }
    if (c[4].kind == CELL_NULL)
        return ERR_OK; /* a table without columns */
    if (!make_room((void **)&a->items, a->n, &a->cap, sizeof *a->items))
        return no_memory(e);
    struct attribute *at = &a->items[a->n++];
    *at = (struct attribute){
        .type_oid = (uint32_t)source_cell_int(&c[5], 0),
        .typmod = (int32_t)source_cell_int(&c[6], -1),
        .not_null = source_cell_true(&c[7]),
        .key_pos = (int)source_cell_int(&c[9], 0),
    };
    a->n_key += at->key_pos > 0;
    if (!source_cell_dup(&c[4], &at->name) || !source_cell_dup(&c[8], &at->default_sql))
        return no_memory(e);
    return ERR_OK;
}

/* A row of types.sql. */
static enum err take_type(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    struct types *t = arg;
    (void)n;
    if (!make_room((void **)&t->items, t->n, &t->cap, sizeof *t->items))
        return no_memory(e);
    struct type *ty = &t->items[t->n++];
    *ty = (struct type){
        .root = (uint32_t)source_cell_int(&c[0], 0),
        .oid = (uint32_t)source_cell_int(&c[1], 0),
        .typmod = (int32_t)source_cell_int(&c[2], -1),
        .not_null = source_cell_true(&c[3]),
        .elem_oid = (uint32_t)source_cell_int(&c[5], 0),
    };
    if (!source_cell_dup(&c[4], &ty->name) || !source_cell_dup(&c[6], &ty->elem_name) ||
        !source_cell_dup(&c[7], &ty->labels))
        return no_memory(e);
    return ERR_OK;
}

/* The types of r's columns, which hold the OIDs of pg_attribute. */
static enum err load_types(struct source *s, const struct relation *r, struct types *out,
                           const char *what, struct errbuf *e)
{
    struct buf list;
    buf_init(&list, 0);
    buf_ch(&list, '{');
    for (int i = 0; i < r->n_columns; i++) {
        if (i)
            buf_ch(&list, ',');
        buf_u64(&list, r->columns[i].type_oid);
    }
    buf_ch(&list, '}');
    const char *params[] = {buf_cstr(&list)};
    enum err rc = buf_check(&list, "a list of types", e);
    if (rc == ERR_OK)
        rc = source_run(s, "types", 1, params, take_type, out, what, e);
    buf_free(&list);
    return rc;
}

static const struct type *find_type(const struct types *t, uint32_t root)
{
    for (int i = 0; i < t->n; i++)
        if (t->items[i].root == root)
            return &t->items[i];
    return NULL;
}

static struct attribute *find_attribute(const struct attributes *a, const char *name)
{
    for (int i = 0; i < a->n; i++)
        if (!strcmp(a->items[i].name, name))
            return &a->items[i];
    return NULL;
}

static bool dup_or_null(const char *s, char **out)
{
    *out = s ? strdup(s) : NULL;
    return *out || !s;
}

/* One column: d is the message's, c is made. */
static bool complete_column(struct column *c, const struct column *d, const struct type *t,
                            const struct attribute *a)
{
    bool same = a && a->type_oid == d->type_oid;
    c->typmod = d->typmod >= 0 || !t ? d->typmod : t->typmod;
    c->type_oid = t ? t->oid : PG_TEXT; /* a type that is gone: its text is what we have */
    c->elem_oid = t ? t->elem_oid : 0;
    c->not_null = same && (a->not_null || (t && t->not_null));
    return dup_or_null(d->name, &c->name) &&
           dup_or_null(t              ? t->name
                       : d->type_name ? d->type_name
                                      : "text",
                       &c->type_name) &&
           dup_or_null(t ? t->elem_name : NULL, &c->elem_name) &&
           dup_or_null(t ? t->labels : NULL, &c->enum_values) &&
           dup_or_null(same ? a->default_sql : NULL, &c->default_sql);
}

/*
 * For an attribute that no column is named after: the column that has its place among those that
 * no attribute is named after, if that is what a rename leaves (as many of both, of one type).
 */
static int find_renamed(const struct relation *d, const struct attributes *a,
                        const struct attribute *wanted)
{
    int place = 0;
    int strangers = 0;
    for (int i = 0; i < a->n; i++) {
        const struct attribute *at = &a->items[i];
        if (relation_find(d, at->name) < 0) {
            place += at < wanted;
            strangers++;
        }
    }
    int found = -1;
    for (int i = 0; i < d->n_columns; i++)
        if (!find_attribute(a, d->columns[i].name)) {
            if (place-- == 0 && d->columns[i].type_oid == wanted->type_oid)
                found = i;
            strangers--;
        }
    return strangers ? -1 : found;
}

/* Whether the catalog's key is the key of d; then its positions are set in r. */
static bool key_from_catalog(struct relation *r, const struct relation *d,
                             const struct attributes *a)
{
    bool flags_tell = d->identity == 'd' || d->identity == 'i';
    if (flags_tell && a->n_key != d->n_key)
        return false;
    for (int k = 0; k < a->n; k++) { /* a table may have no columns: items is NULL then */
        const struct attribute *at = &a->items[k];
        if (!at->key_pos)
            continue;
        int i = relation_find(d, at->name);
        if (i < 0 && !flags_tell)
            i = find_renamed(d, a, at);
        if (i < 0 || (flags_tell && !d->columns[i].key_pos))
            return false;
        r->columns[i].key_pos = at->key_pos;
    }
    r->n_key = a->n_key;
    return true;
}

static void set_key(struct relation *r, const struct relation *d, const struct attributes *a)
{
    if (key_from_catalog(r, d, a))
        return;
    bool flags_tell = d->identity == 'd' || d->identity == 'i';
    r->n_key = flags_tell ? d->n_key : 0;
    for (int i = 0; i < r->n_columns; i++)
        r->columns[i].key_pos = flags_tell ? d->columns[i].key_pos : 0;
}

static enum err complete(struct source *s, const struct relation *d, const struct attributes *a,
                         const char *what, struct relation **out, struct errbuf *e)
{
    struct types types = {0};
    struct relation *r = relation_create(d->n_columns);
    enum err rc = r ? load_types(s, d, &types, what, e) : no_memory(e);
    if (rc != ERR_OK)
        goto out;
    r->oid = d->oid;
    r->identity = d->identity;
    bool ok = dup_or_null(d->schema, &r->schema) && dup_or_null(d->name, &r->name);
    for (int i = 0; ok && i < d->n_columns; i++)
        ok = complete_column(&r->columns[i], &d->columns[i],
                             find_type(&types, d->columns[i].type_oid),
                             find_attribute(a, d->columns[i].name));
    if (!ok) {
        rc = no_memory(e);
        goto out;
    }
    set_key(r, d, a);
    r->fingerprint = relation_fingerprint(r);
    *out = r;
    r = NULL;
out:
    relation_unref(r);
    free_types(&types);
    return rc;
}

/* What a RELATION message for the table as it is now would say. */
static struct relation *describe(const struct attributes *a)
{
    struct relation *d = relation_create(a->n);
    if (!d)
        return NULL;
    d->oid = a->oid;
    d->identity = a->identity;
    d->n_key = a->n_key;
    bool ok = dup_or_null(a->schema, &d->schema) && dup_or_null(a->name, &d->name);
    for (int i = 0; ok && i < a->n; i++) {
        d->columns[i].type_oid = a->items[i].type_oid;
        d->columns[i].typmod = a->items[i].typmod;
        d->columns[i].key_pos = a->items[i].key_pos;
        ok = dup_or_null(a->items[i].name, &d->columns[i].name);
    }
    if (ok)
        return d;
    relation_unref(d);
    return NULL;
}

enum err source_relation(struct source *s, const char *schema, const char *table,
                         struct relation **out, struct errbuf *e)
{
    const char *params[] = {NULL, schema, table};
    struct attributes a = {0};
    struct relation *d = NULL;
    char what[256];
    *out = NULL;
    (void)snprintf(what, sizeof what, "cannot describe table %.100s.%.100s", schema, table);
    enum err rc = source_run(s, "attributes", 3, params, take_attribute, &a, what, e);
    if (rc != ERR_OK)
        goto out;
    if (!a.oid) {
        rc = err_set(e, ERR_NOT_FOUND, "%s: there is no such table in database \"%s\"", what,
                     s->database);
        goto out;
    }
    d = describe(&a);
    rc = d ? complete(s, d, &a, what, out, e) : no_memory(e);
out:
    relation_unref(d);
    free_attributes(&a);
    return rc;
}

enum err source_resolve(void *arg, const struct relation *described, struct relation **out,
                        struct errbuf *e)
{
    struct source *s = arg;
    char oid[16];
    const char *params[] = {oid, NULL, NULL};
    struct attributes a = {0};
    char what[256];
    *out = NULL;
    (void)snprintf(oid, sizeof oid, "%" PRIu32, described->oid);
    (void)snprintf(what, sizeof what, "cannot describe table %.100s.%.100s", described->schema,
                   described->name);
    enum err rc = source_run(s, "attributes", 3, params, take_attribute, &a, what, e);
    if (rc == ERR_OK)
        rc = complete(s, described, &a, what, out, e);
    free_attributes(&a);
    return rc;
}
