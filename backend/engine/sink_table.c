/*
 * A topic's table: which schema a record has, and the table that takes its flat row.
 *
 * A record's schema is named by its header flightdeck.schema, travels inline, or is that of the
 * target table. The first record of a schema that is not known yet makes the table, or widens it:
 * only then, with the loader at rest, so no batch is half built for another shape. The table's own
 * columns then decide: each plan maps its columns onto them by name.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/base/log.h"
#include "backend/engine/sink_run.h"
#include "backend/warehouse/dialect.h"

enum { META_COLUMNS = 3, FINGERPRINT = 16 };

static const struct wcolumn meta_columns[META_COLUMNS] = {
    {.name = "_batch", .type = WT_INT64, .not_null = true},
    {.name = "_partition", .type = WT_INT32, .not_null = true},
    {.name = "_offset", .type = WT_INT64, .not_null = true},
};

static void plan_free(struct sink_plan *p)
{
    flat_plan_unref(p->plan);
    free(p->inline_schema);
    free(p->to_table);
    free(p);
}

void sink_topic_free(struct sink_topic *t)
{
    while (t->plans) {
        struct sink_plan *p = t->plans;
        t->plans = p->next;
        plan_free(p);
    }
    free(t->name);
    free(t->partitions);
    free(t->columns);
    free(t->key);
    free(t->key_before);
    free(t->cells);
}

/* Vertica compares names without case, PostgreSQL with it; names that are too long for the
 * warehouse are cut there. */
static int find_column(const struct sink *s, const struct sink_topic *t, const char *name)
{
    const struct dialect *d = dialect_find(s->o->dialect);
    for (int i = 0; i < t->n_columns; i++)
        if (dialect_same_name(d, t->columns[i].name, name))
            return i;
    return -1;
}

/* What we add to every row: a table that somebody else made need not have them. */
static bool optional(const struct sink *s, const struct flat_columns *f, int column)
{
    return column == f->unchanged || (column == f->op && s->o->sink->insert_mode != INSERT_UPSERT);
}

static enum err map_plan(const struct sink *s, const struct sink_topic *t, struct sink_plan *p,
                         struct errbuf *e)
{
    const struct flat_columns *f = flat_plan_columns(p->plan);
    int *map = calloc((size_t)f->n + 1, sizeof *map);
    if (!map)
        return err_set(e, ERR_NOMEM, "no memory for a table's columns");
    for (int i = 0; i < f->n; i++) {
        map[i] = find_column(s, t, f->columns[i].name);
        if (map[i] < 0 && !optional(s, f, i)) {
            free(map);
            return err_set(
                e, ERR_CONFIG,
                "table %s.%s has no column %s and auto.evolve is false: add the column, or set "
                "auto.evolve=true",
                t->schema, t->table, f->columns[i].name);
        }
    }
    free(p->to_table);
    p->to_table = map;
    return ERR_OK;
}

/* pk.fields; NULL: the key that the topic's schema says. */
static const char *const *key_fields(const struct sink *s)
{
    const char *const *f = s->o->sink->pk_fields;
    return f && f[0] ? f : NULL;
}

static enum err find_key_columns(const struct sink *s, struct sink_topic *t,
                                 const struct sink_plan *p, struct errbuf *e)
{
    const struct flat_columns *f = flat_plan_columns(p->plan);
    const char *const *fields = key_fields(s);
    int n = f->n_key;
    if (fields)
        for (n = 0; fields[n];)
            n++;
    free(t->key);
    free(t->key_before);
    t->key = calloc((size_t)n + 1, sizeof *t->key);
    t->key_before = calloc((size_t)n + 1, sizeof *t->key_before);
    if (!t->key || !t->key_before)
        return err_set(e, ERR_NOMEM, "no memory for a table's key");
    t->n_key = n;
    for (int i = 0; i < n; i++) {
        t->key_before[i] = -1;
        if (fields) {
            t->key[i] = find_column(s, t, fields[i]);
            if (t->key[i] < 0)
                return err_set(e, ERR_CONFIG, "pk.fields names %s, which table %s.%s does not have",
                               fields[i], t->schema, t->table);
        } else {
            t->key[i] = p->to_table[f->key_after[i]];
        }
        for (int k = 0; k < f->n_key; k++)
            if (p->to_table[f->key_after[k]] == t->key[i])
                t->key_before[i] = p->to_table[f->key_before[k]];
    }
    if (!n)
        return err_set(
            e, ERR_CONFIG,
            "insert.mode=upsert needs a key, and %s has none: set pk.fields, or insert.mode=insert",
            t->name);
    return ERR_OK;
}

/* Reads the table's columns and lays everything that depends on them anew. */
static enum err adopt_columns(struct sink *s, struct sink_topic *t, struct errbuf *e)
{
    enum err rc;
    free(t->columns);
    t->columns = NULL;
    t->n_columns = 0;
    rc = warehouse_table_columns(s->warehouse, t->schema, t->table, &t->columns, &t->n_columns, e);
    if (rc)
        return rc;
    free(t->cells);
    t->cells = calloc((size_t)t->n_columns + 1, sizeof *t->cells);
    if (!t->cells)
        return err_set(e, ERR_NOMEM, "no memory for a row of %s", t->table);
    for (int i = 0; i < 2; i++) {
        wbatch_destroy(s->batches[i].topics[t->index].rows);
        s->batches[i].topics[t->index].rows = NULL;
    }
    t->batch_column = find_column(s, t, meta_columns[0].name);
    t->partition_column = find_column(s, t, meta_columns[1].name);
    t->offset_column = find_column(s, t, meta_columns[2].name);
    t->lsn_column = find_column(s, t, "source_lsn");
    if (t->lsn_column >= 0 && t->columns[t->lsn_column].type != WT_INT64 &&
        t->columns[t->lsn_column].type != WT_DECIMAL)
        t->lsn_column = -1;
    for (struct sink_plan *p = t->plans; p && !rc; p = p->next)
        rc = map_plan(s, t, p, e);
    return rc;
}

/* A current-state table is looked up by its key: the warehouse may index it. */
static void mark_key(const struct sink *s, const struct flat_columns *f, struct wcolumn *columns)
{
    const char *const *fields = key_fields(s);
    for (int k = 0; !fields && k < f->n_key; k++)
        columns[f->key_after[k]].key = true;
    for (int i = 0; fields && i < f->n; i++)
        for (int k = 0; fields[k]; k++)
            if (!strcmp(fields[k], columns[i].name))
                columns[i].key = true;
}

static enum err widen_table(struct sink *s, struct sink_topic *t, const struct sink_plan *p,
                            struct errbuf *e)
{
    const struct flat_columns *f = flat_plan_columns(p->plan);
    struct wcolumn *have = NULL;
    int n_have = 0;
    enum err rc = warehouse_table_columns(s->warehouse, t->schema, t->table, &have, &n_have, e);
    free(have);
    if (rc)
        return rc;
    if (!n_have && !s->o->sink->auto_create)
        return err_set(e, ERR_CONFIG,
                       "table %s.%s does not exist and auto.create is false: create it, or set "
                       "auto.create=true",
                       t->schema, t->table);
    if (n_have && !s->o->sink->auto_evolve)
        return ERR_OK;
    struct wcolumn *want = calloc((size_t)f->n + META_COLUMNS, sizeof *want);
    if (!want)
        return err_set(e, ERR_NOMEM, "no memory for a table's columns");
    memcpy(want, f->columns, (size_t)f->n * sizeof *want);
    memcpy(want + f->n, meta_columns, sizeof meta_columns);
    if (s->o->sink->insert_mode == INSERT_UPSERT)
        mark_key(s, f, want);
    rc = warehouse_table_ensure(s->warehouse, t->schema, t->table, want, f->n + META_COLUMNS, e);
    free(want);
    return rc;
}

static bool is_new_to(const struct sink_topic *t)
{
    for (int i = 0; i < t->n_partitions; i++)
        if (t->partitions[i].stored >= 0)
            return false;
    return true;
}

/* A connector by another name would load all of a topic a second time, into the same rows. */
static enum err refuse_second(struct sink *s, const struct sink_topic *t, struct errbuf *e)
{
    char other[256];
    enum err rc = warehouse_offsets_other(s->warehouse, s->o->schema, t->name, s->o->name, other,
                                          sizeof other, e);
    if (rc || !other[0])
        return rc;
    return err_set(
        e, ERR_CONFIG,
        "%s has rows of topic %s already, loaded by the connector %s: all of it would be "
        "there twice. Give this connector that name, or another table",
        t->table, t->name, other);
}

/*
 * Whoever reads raw by _batch takes a higher one for newer. A connector that was deleted and made
 * again would begin at 1 in a table that has more: it goes on above what is there.
 */
static enum err pass_batches(struct sink *s, const struct sink_topic *t, struct errbuf *e)
{
    int64_t newest = 0;
    if (t->batch_column < 0 || s->o->sink->insert_mode == INSERT_UPSERT)
        return ERR_OK;
    enum err rc = warehouse_newest_batch(s->warehouse, t->schema, t->table, &newest, e);
    if (!rc && newest > 0 && is_new_to(t))
        rc = refuse_second(s, t, e);
    if (!rc && newest >= s->filling->id)
        s->filling->id = newest + 1;
    return rc;
}

static void say_plan(const struct sink *s, const struct sink_topic *t, const struct sink_plan *p)
{
    log_info("sink", "%s: %s goes to %s.%s (%d columns)", s->o->name, t->name, t->schema, t->table,
             t->n_columns);
    if (s->o->sink->insert_mode != INSERT_UPSERT &&
        p->to_table[flat_plan_columns(p->plan)->unchanged] < 0)
        log_warning("sink",
                    "%s: %s.%s has no column _unchanged (text): a large value that an update left "
                    "alone is not sent by PostgreSQL and will be NULL there, as if it had been "
                    "removed",
                    s->o->name, t->schema, t->table);
}

/* The table cannot change under a batch: what is gathered goes out first, and the loader comes to
 * rest. */
static enum err take_plan(struct sink *s, struct sink_topic *t, struct sink_plan *p,
                          struct errbuf *e)
{
    enum err rc = sink_hand_over(s, e);
    if (!rc)
        rc = sink_loader_wait(s, e);
    if (!rc)
        rc = widen_table(s, t, p, e);
    if (rc)
        return rc;
    p->next = t->plans;
    t->plans = p;
    rc = adopt_columns(s, t, e);
    if (!rc)
        rc = pass_batches(s, t, e);
    if (!rc && s->o->sink->insert_mode == INSERT_UPSERT)
        rc = find_key_columns(s, t, p, e);
    t->op_column = p->to_table && flat_plan_columns(p->plan)->op >= 0
                       ? p->to_table[flat_plan_columns(p->plan)->op]
                       : -1;
    if (!rc)
        say_plan(s, t, p);
    return rc;
}

static enum err plan_from_table(struct sink *s, struct sink_topic *t, struct sink_plan *p,
                                struct errbuf *e)
{
    struct wcolumn *columns = NULL;
    const char *const *fields = key_fields(s);
    int n = 0;
    int n_key = 0;
    enum err rc = sink_hand_over(s, e);
    if (!rc)
        rc = sink_loader_wait(s, e);
    if (!rc)
        rc = warehouse_table_columns(s->warehouse, t->schema, t->table, &columns, &n, e);
    if (rc)
        return rc;
    if (!n) {
        rc = err_set(e, ERR_CONFIG,
                     "the records of %s carry no schema and table %s.%s does not exist: create the "
                     "table, or send "
                     "schemas (schemas.enable=true)",
                     t->name, t->schema, t->table);
        goto out;
    }
    int kept = 0; /* our own three are not in the record */
    for (int i = 0; i < n; i++) {
        bool meta = false;
        for (int m = 0; m < META_COLUMNS; m++)
            meta |= !strcasecmp(columns[i].name, meta_columns[m].name);
        if (!meta)
            columns[kept++] = columns[i];
    }
    const char *key[16];
    for (; fields && fields[n_key] && n_key < 16; n_key++) {
        const char *name = fields[n_key];
        key[n_key] = !strncmp(name, "after_", 6) ? name + 6 : name;
    }
    rc = flat_plan_from_table(columns, kept, key, n_key, &p->plan, e);
out:
    free(columns);
    return rc;
}

static enum err plan_from_inline(struct sink_plan *p, const struct kafka_record *r,
                                 const struct cell *schema, struct errbuf *e)
{
    enum envelope_form form = FORM_PLAIN;
    struct cell key_schema = {0};
    struct cell payload;
    p->inline_schema = malloc(schema->len ? schema->len : 1);
    if (!p->inline_schema)
        return err_set(e, ERR_NOMEM, "no memory for a schema");
    memcpy(p->inline_schema, schema->p, schema->len);
    p->inline_len = schema->len;
    if (r->key && envelope_form_of(r->key, r->key_len, &form, &key_schema, &payload, e) == ERR_OK &&
        form == FORM_INLINE)
        return flat_plan_from_connect_schema(schema->p, schema->len, key_schema.p, key_schema.len,
                                             &p->plan, e);
    return flat_plan_from_connect_schema(schema->p, schema->len, NULL, 0, &p->plan, e);
}

static bool is_plan(const struct sink_plan *p, const char *fingerprint, const struct cell *schema)
{
    if (fingerprint)
        return !memcmp(p->fingerprint, fingerprint, FINGERPRINT);
    if (schema)
        return p->inline_schema && p->inline_len == schema->len &&
               !memcmp(p->inline_schema, schema->p, schema->len);
    return !p->fingerprint[0] && !p->inline_schema;
}

static enum err make_plan(struct sink *s, struct sink_topic *t, const struct kafka_record *r,
                          const char *fingerprint, const struct cell *schema,
                          struct sink_plan **out, struct errbuf *e)
{
    struct flat_plan *known = NULL;
    struct sink_plan *p = calloc(1, sizeof *p);
    enum err rc;
    if (!p)
        return err_set(e, ERR_NOMEM, "no memory for a schema");
    if (fingerprint) {
        memcpy(p->fingerprint, fingerprint, FINGERPRINT);
        rc = schemas_find(t->schemas, fingerprint, &known, e);
        if (!rc)
            p->plan = flat_plan_ref(known);
    } else if (schema) {
        rc = plan_from_inline(p, r, schema, e);
    } else {
        rc = plan_from_table(s, t, p, e);
    }
    if (!rc)
        rc = take_plan(s, t, p, e);
    if (rc && t->plans != p) {
        plan_free(p);
        p = NULL;
    }
    *out = p;
    return rc;
}

enum err sink_plan_for(struct sink *s, struct sink_topic *t, const struct kafka_record *r,
                       const struct cell *schema, struct sink_plan **out, struct errbuf *e)
{
    const void *value;
    size_t len;
    const char *fingerprint = NULL;
    if (!schema && kafka_record_header(r, "flightdeck.schema", &value, &len) && len == FINGERPRINT)
        fingerprint = value;
    if (t->last_plan && is_plan(t->last_plan, fingerprint, schema)) {
        *out = t->last_plan;
        return ERR_OK;
    }
    for (struct sink_plan *p = t->plans; p; p = p->next)
        if (is_plan(p, fingerprint, schema)) {
            *out = t->last_plan = p;
            return ERR_OK;
        }
    enum err rc = make_plan(s, t, r, fingerprint, schema, out, e);
    if (!rc)
        t->last_plan = *out;
    return rc;
}
