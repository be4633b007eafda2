/*
 * The parts of a plan that do not depend on where it comes from, and the plan that comes from a
 * target table.
 *
 * Column order: before_.., after_.., source_.., then the envelope's own scalars, then `_unchanged`.
 */
#include "backend/envelope/flat_plan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char DEFAULT_PLACEHOLDER[] = "__debezium_unavailable_value";

enum { PLAN_BLOCK = 16384, FIRST_COLUMNS = 64, NAME_LIST_MIN = 256, NAME_LIST_MAX = 16000 };

/* ---- life ---- */

struct flat_plan *flat_plan_ref(struct flat_plan *p)
{
    p->refs++;
    return p;
}

void flat_plan_unref(struct flat_plan *p)
{
    if (!p || --p->refs > 0)
        return;
    arena_destroy(p->arena);
    free(p);
}

const struct flat_columns *flat_plan_columns(const struct flat_plan *p)
{
    return &p->columns;
}

/* ---- building ---- */

static char *base64_text(struct arena *a, const char *s, size_t n)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *out = arena_alloc(a, (n + 2) / 3 * 4 + 1);
    if (!out)
        return NULL;
    char *o = out;
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned char)s[i] << 16;
        v |= i + 1 < n ? (unsigned)(unsigned char)s[i + 1] << 8 : 0;
        v |= i + 2 < n ? (unsigned char)s[i + 2] : 0;
        *o++ = alphabet[v >> 18];
        *o++ = alphabet[v >> 12 & 63];
        *o++ = i + 1 < n ? alphabet[v >> 6 & 63] : '=';
        *o++ = i + 2 < n ? alphabet[v & 63] : '=';
    }
    *o = '\0';
    return out;
}

void flat_builder_init(struct flat_builder *b, const char *placeholder)
{
    *b = (struct flat_builder){0};
    struct flat_plan *p = calloc(1, sizeof *p);
    b->failed = true;
    if (!p)
        return;
    p->refs = 1;
    p->arena = arena_create(PLAN_BLOCK);
    b->plan = p;
    if (!p->arena)
        return;
    const char *word = placeholder ? placeholder : DEFAULT_PLACEHOLDER;
    p->placeholder = arena_strdup(p->arena, word);
    p->placeholder64 = base64_text(p->arena, word, strlen(word));
    if (!p->placeholder || !p->placeholder64)
        return;
    p->placeholder_len = (uint32_t)strlen(p->placeholder);
    p->placeholder64_len = (uint32_t)strlen(p->placeholder64);
    b->failed = false;
}

void flat_builder_free(struct flat_builder *b)
{
    flat_plan_unref(b->plan);
    b->plan = NULL;
}

static void *builder_alloc(struct flat_builder *b, size_t n)
{
    void *p = b->failed ? NULL : arena_alloc(b->plan->arena, n);
    if (!p)
        b->failed = true;
    return p;
}

char *flat_builder_copy(struct flat_builder *b, const char *s, size_t n)
{
    char *p = builder_alloc(b, n + 1);
    if (p) {
        memcpy(p, s, n);
        p[n] = '\0';
    }
    return p;
}

static bool columns_room(struct flat_builder *b)
{
    if (b->n < b->cap)
        return true;
    int cap = b->cap ? b->cap * 2 : FIRST_COLUMNS;
    struct wcolumn *columns = builder_alloc(b, (size_t)cap * sizeof *columns);
    if (!columns)
        return false;
    if (b->n)
        memcpy(columns, b->columns, (size_t)b->n * sizeof *columns);
    b->columns = columns;
    b->cap = cap;
    return true;
}

int flat_builder_column(struct flat_builder *b, const char *prefix, const char *name, bool lower,
                        const struct flat_type *type)
{
    size_t n = strlen(prefix);
    size_t m = strlen(name);
    char *full = builder_alloc(b, n + m + 1);
    if (!full || !columns_room(b))
        return -1;
    memcpy(full, prefix, n);
    memcpy(full + n, name, m + 1);
    for (char *c = full; lower && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    b->columns[b->n] = (struct wcolumn){
        .name = full, .type = type->wtype, .precision = type->precision, .scale = type->scale};
    return b->n++;
}

struct flat_group *flat_builder_group(struct flat_builder *b, int cap, bool fold)
{
    struct flat_group *g = builder_alloc(b, sizeof *g);
    struct flat_field *fields = builder_alloc(b, (size_t)cap * sizeof *fields);
    if (!g || !fields)
        return NULL;
    *g = (struct flat_group){.fields = fields, .cap = cap, .fold = fold};
    return g;
}

struct flat_field *flat_builder_field(struct flat_builder *b, struct flat_group *g,
                                      const char *name, const struct flat_type *type, int column)
{
    if (!g || b->failed)
        return NULL;
    if (g->n >= g->cap) {
        b->failed = true;
        return NULL;
    }
    struct buf token;
    buf_init(&token, 0);
    size_t n = strlen(name);
    buf_json_string(&token, name, n);
    buf_ch(&token, ':');
    b->failed = buf_failed(&token);
    struct flat_field f = {.name_len = (uint32_t)n, .column = column, .type = *type};
    f.token_len = (uint32_t)token.len;
    f.token = flat_builder_copy(b, token.p, token.len);
    f.name = flat_builder_copy(b, name, n);
    buf_free(&token);
    if (b->failed)
        return NULL;
    g->fields[g->n] = f;
    return &g->fields[g->n++];
}

static int find_field(const struct flat_group *g, const char *name)
{
    for (int i = 0; g && i < g->n; i++)
        if (strcmp(g->fields[i].name, name) == 0)
            return g->fields[i].column;
    for (int i = 0; g && g->fold && i < g->n; i++)
        if (strcasecmp(g->fields[i].name, name) == 0)
            return g->fields[i].column;
    return -1;
}

static int find_column(const struct flat_builder *b, const char *name)
{
    for (int i = 0; i < b->n; i++)
        if (strcasecmp(b->columns[i].name, name) == 0)
            return i;
    return -1;
}

/* Room for every name of the after-columns, so that the warehouse need not keep a LOB for it. */
static int name_list_length(const struct flat_group *after)
{
    long chars = 1;
    for (int i = 0; after && i < after->n; i++)
        chars += (long)after->fields[i].name_len + 1;
    long n = NAME_LIST_MIN;
    while (n < chars)
        n *= 2;
    return n > NAME_LIST_MAX ? 0 : (int)n;
}

static enum err find_key(struct flat_builder *b, const char *const *key, int n_key,
                         struct errbuf *e)
{
    struct flat_columns *c = &b->plan->columns;
    int *after = builder_alloc(b, ((size_t)n_key + 1) * sizeof *after);
    int *before = builder_alloc(b, ((size_t)n_key + 1) * sizeof *before);
    if (!after || !before)
        return ERR_OK; /* failed: told by the caller */
    for (int i = 0; i < n_key; i++) {
        after[i] = find_field(b->plan->after, key[i]);
        before[i] = find_field(b->before, key[i]);
        if (after[i] < 0 || before[i] < 0)
            return err_set(e, ERR_DATA,
                           "the key's column \"%s\" is not among the columns of `before` and "
                           "`after`: key and value are not of one table",
                           key[i]);
    }
    c->n_key = n_key;
    c->key_after = after;
    c->key_before = before;
    return ERR_OK;
}

enum err flat_builder_finish(struct flat_builder *b, const char *const *key, int n_key,
                             struct flat_plan **out, struct errbuf *e)
{
    struct flat_plan *p = b->plan;
    enum err rc = ERR_OK;
    if (b->failed)
        goto out;
    if (find_column(b, "_unchanged") < 0) {
        struct flat_type names = {.wtype = WT_TEXT, .precision = name_list_length(p->after)};
        (void)flat_builder_column(b, "", "_unchanged", false, &names);
    }
    p->columns.op = find_column(b, "op");
    if (p->columns.op < 0) {
        rc = err_set(e, ERR_UNSUPPORTED,
                     "no field `op`: this is not the schema of a change event's envelope (a "
                     "topic whose events were unwrapped cannot be read)");
        goto out;
    }
    rc = find_key(b, key, n_key, e);
    if (rc)
        goto out;
    b->columns[p->columns.op].not_null = true;
    p->columns.n = b->n;
    p->columns.columns = b->columns;
    p->columns.source_lsn = find_column(b, "source_lsn");
    p->columns.source_ts_us = find_column(b, "source_ts_us");
    p->columns.unchanged = find_column(b, "_unchanged");
out:
    if (!rc && b->failed)
        rc = err_set(e, ERR_NOMEM, "no memory for the plan of a flat row");
    if (rc) {
        flat_builder_free(b);
        return rc;
    }
    *out = p;
    b->plan = NULL;
    return ERR_OK;
}

/* ---- from a target table ---- */

static const struct {
    const char *prefix;
    const char *member;
} parts[] = {{"before_", "before"}, {"after_", "after"}, {"source_", "source"}};

enum { N_PARTS = sizeof parts / sizeof *parts };

/* Which object of the envelope a column comes from; N_PARTS: the envelope itself. */
static int part_of(const char *column)
{
    int i = 0;
    while (i < N_PARTS && strncasecmp(column, parts[i].prefix, strlen(parts[i].prefix)) != 0)
        i++;
    return i;
}

static void table_fields(struct flat_builder *b, const struct wcolumn *columns, int n,
                         struct flat_group **groups)
{
    for (int i = 0; i < n; i++) {
        const struct wcolumn *c = &columns[i];
        int part = part_of(c->name);
        if (c->name[0] == '_' && strcasecmp(c->name, "_unchanged") != 0)
            continue; /* _batch, _partition, .. are the loader's */
        struct flat_type type = {
            .conv = FLAT_ANY, .wtype = c->type, .precision = c->precision, .scale = c->scale};
        int column = flat_builder_column(b, "", c->name, false, &type);
        if (c->name[0] == '_')
            continue;
        const char *name = part < N_PARTS ? c->name + strlen(parts[part].prefix) : c->name;
        (void)flat_builder_field(b, groups[part], name, &type, column);
    }
}

enum err flat_plan_from_table(const struct wcolumn *columns, int n, const char *const *key,
                              int n_key, struct flat_plan **out, struct errbuf *e)
{
    const struct flat_type skip = {.conv = FLAT_SKIP};
    const struct flat_type op = {.conv = FLAT_ANY, .wtype = WT_TEXT, .precision = 8};
    struct flat_group *groups[N_PARTS + 1];
    struct flat_builder b;
    flat_builder_init(&b, NULL);
    for (int i = 0; i <= N_PARTS; i++)
        groups[i] = flat_builder_group(&b, n + N_PARTS + 2, true);
    if (!b.failed) {
        flat_unchanged_forms(&b);
        table_fields(&b, columns, n, groups);
        struct flat_group *envelope = groups[N_PARTS];
        for (int i = 0; i < N_PARTS; i++) {
            struct flat_type type = {.conv = groups[i]->n ? FLAT_GROUP : FLAT_SKIP};
            struct flat_field *f = flat_builder_field(&b, envelope, parts[i].member, &type, -1);
            if (f)
                f->group = groups[i];
        }
        (void)flat_builder_field(&b, envelope, "transaction", &skip, -1);
        if (find_column(&b, "op") < 0)
            (void)flat_builder_field(&b, envelope, "op", &op,
                                     flat_builder_column(&b, "", "op", false, &op));
        b.plan->envelope = envelope;
        b.before = groups[0];
        b.plan->after = groups[1];
    }
    return flat_builder_finish(&b, key, n_key, out, e);
}
