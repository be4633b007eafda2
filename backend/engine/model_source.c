#include "backend/engine/model_source.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/pattern.h"
#include "backend/engine/connector_config.h"
#include "backend/envelope/decode.h"
#include "backend/envelope/encode.h"
#include "backend/envelope/topic.h"
#include "backend/postgres/source.h"
#include "queries/queries.h"

struct reading {
    const struct model_source_options *o;
    struct model_source *out;
    struct arena *arena;
    struct source *source;
    struct connector_list connectors;
    const struct source_config *settings; /* NULL: as built in */
    struct pattern_list *schema, *table;
    struct envelope_options envelope;
};

static enum err no_memory(struct errbuf *e)
{
    return err_set(e, ERR_NOMEM, "no memory for the source's catalog");
}

static const char *keep(struct reading *r, const char *text)
{
    return arena_strdup(r->arena, text);
}

/* ---- where things go ---- */

/* The raw table of a topic: the sink's word where there is one, else the built-in sink's. */
static const char *raw_table(struct reading *r, const char *topic)
{
    struct buf schema;
    struct buf table;
    buf_init(&schema, 0);
    buf_init(&table, 0);
    bool found = false;
    for (int i = 0; i < r->connectors.n && !found; i++) {
        const struct connector *k = r->connectors.items[i];
        found = k->kind == CONNECTOR_SINK && connector_topic_included(&k->sink, topic);
        if (found)
            connector_table_name(&k->sink, topic, &schema, &table);
    }
    for (const char *c = topic; *c && !found; c++)
        buf_ch(&table, isalnum((unsigned char)*c) || *c == '_' ? *c : '_');
    const char *name = buf_failed(&table) ? NULL : keep(r, buf_cstr(&table));
    buf_free(&schema);
    buf_free(&table);
    return name;
}

static enum err set_raw(struct reading *r, struct infer_table *t, struct errbuf *e)
{
    struct buf topic;
    buf_init(&topic, 0);
    enum err rc = topic_name_of_table(r->out->catalog.topic_prefix, t->schema, t->name, &topic, e);
    if (!rc)
        t->raw = raw_table(r, buf_cstr(&topic));
    if (rc == ERR_CONFIG) {
        t->raw = t->unfit = keep(r, e->text);
        rc = ERR_OK;
    }
    if (!rc && !t->raw)
        rc = no_memory(e);
    buf_free(&topic);
    return rc;
}

/* ---- columns ---- */

/* after_<name> of the flat row. */
static const struct wcolumn *flat_column(const struct flat_columns *f, const char *name)
{
    static const char prefix[] = "after_";
    for (int i = 0; i < f->n; i++)
        if (!strncmp(f->columns[i].name, prefix, sizeof prefix - 1) &&
            !strcmp(f->columns[i].name + sizeof prefix - 1, name))
            return &f->columns[i];
    return NULL;
}

static bool take_column(struct reading *r, struct infer_column *out, const struct column *c,
                        const struct flat_columns *f)
{
    static const struct wcolumn text = {.type = WT_TEXT};
    const struct wcolumn *flat = flat_column(f, c->name);
    out->name = keep(r, c->name);
    out->type = flat ? *flat : text;
    out->type.name = out->name;
    out->type.not_null = out->type.key = false;
    out->not_null = c->not_null;
    if (c->type_oid == PG_BPCHAR && out->type.type == WT_TEXT && out->type.precision > 0)
        out->type.scale = MODEL_BLANK_PADDED;
    if (!c->enum_values || c->elem_oid)
        return out->name != NULL;
    struct buf labels;
    buf_init(&labels, 0);
    for (const char *p = c->enum_values; *p; p++)
        *p == ',' ? buf_lit(&labels, ", ") : buf_ch(&labels, *p);
    out->from = INFER_ENUM;
    out->values = keep(r, buf_cstr(&labels));
    out->enum_name = keep(r, c->type_name);
    out->enum_oid = c->type_oid;
    buf_free(&labels);
    return out->name && out->values && out->enum_name;
}

static enum err take_columns(struct reading *r, struct infer_table *t, const struct relation *rel,
                             const struct flat_columns *f, struct errbuf *e)
{
    t->columns = arena_alloc(r->arena, ((size_t)rel->n_columns + 1) * sizeof *t->columns);
    if (!t->columns)
        return no_memory(e);
    for (int i = 0; i < rel->n_columns; i++) {
        t->columns[i] = (struct infer_column){0};
        if (!take_column(r, &t->columns[i], &rel->columns[i], f))
            return no_memory(e);
        t->n_columns++;
    }
    return ERR_OK;
}

/* The relation, its schema record, the flat row: the way of the data. */
static enum err read_columns(struct reading *r, struct infer_table *t, struct errbuf *e)
{
    struct relation *rel = NULL;
    struct envelope_table *plan = NULL;
    struct flat_plan *flat = NULL;
    struct buf key;
    struct buf value;
    buf_init(&key, 0);
    buf_init(&value, 0);
    enum err rc = source_relation(r->source, t->schema, t->name, &rel, e);
    if (!rc)
        rc = envelope_table_create(&r->envelope, rel, &plan, e);
    if (!rc)
        rc = envelope_write_schema_record(plan, &key, &value, e);
    if (!rc)
        rc = buf_check(&value, "a schema record", e);
    if (!rc)
        rc = flat_plan_from_schema_record(value.p, value.len, &flat, e);
    if (!rc)
        rc = take_columns(r, t, rel, flat_plan_columns(flat), e);
    if (!rc)
        rc = set_raw(r, t, e);
    flat_plan_unref(flat);
    envelope_table_destroy(plan);
    relation_unref(rel);
    buf_free(&key);
    buf_free(&value);
    return rc;
}

/* ---- tables ---- */

static bool wanted(const struct reading *r, const struct source_table *t)
{
    if (r->settings && !connector_table_included(r->settings, t->schema, t->name))
        return false;
    return (!r->schema || pattern_list_match(r->schema, t->schema)) &&
           (!r->table || pattern_list_match(r->table, t->name));
}

static enum err read_tables(struct reading *r, struct errbuf *e)
{
    struct source_tables all = {0};
    struct infer_catalog *c = &r->out->catalog;
    enum err rc = source_list_tables(r->source, &all, e);
    if (!rc && !(c->tables = arena_alloc(r->arena, ((size_t)all.n + 1) * sizeof *c->tables)))
        rc = no_memory(e);
    for (int i = 0; i < all.n && !rc; i++) {
        const struct source_table *s = &all.items[i];
        if (!wanted(r, s))
            continue;
        struct infer_table *t = &c->tables[c->n_tables];
        *t = (struct infer_table){.schema = keep(r, s->schema),
                                  .name = keep(r, s->name),
                                  .no_key = "no primary key and no unique index over columns that "
                                            "are NOT NULL",
                                  .no_identity = s->identity == 'n'};
        if (!t->schema || !t->name)
            rc = no_memory(e);
        else
            rc = read_columns(r, t, e);
        c->n_tables += !rc;
    }
    if (!rc && !c->n_tables)
        rc = err_set(e, ERR_NOT_FOUND,
                     "no table of database %s is left by --schema, --table and what the source "
                     "connector includes (it has %d)",
                     c->database, all.n);
    source_tables_free(&all);
    return rc;
}

/* They are in the catalog's order: by schema, then name, octet by octet. */
static struct infer_table *find_table(struct reading *r, const struct cell *schema,
                                      const struct cell *name)
{
    int low = 0;
    int high = r->out->catalog.n_tables - 1;
    while (low <= high) {
        int at = (low + high) / 2;
        struct infer_table *t = &r->out->catalog.tables[at];
        int d = strcmp(schema->p, t->schema);
        if (!d)
            d = strcmp(name->p, t->name);
        if (!d)
            return t;
        if (d < 0)
            high = at - 1;
        else
            low = at + 1;
    }
    return NULL;
}

static struct infer_column *find_column(const struct infer_table *t, const char *name)
{
    for (int i = 0; t && i < t->n_columns; i++)
        if (!strcmp(t->columns[i].name, name))
            return &t->columns[i];
    return NULL;
}

/* ---- keys, references, values: rows of queries/model/infer_*.sql ---- */

static bool is_true(const struct cell *c)
{
    return c->kind == CELL_TEXT && c->p[0] == 't';
}

/* The best index comes first; one with a column that does not arrive is given up. */
struct key_reading {
    struct reading *r;
    const struct infer_table *table;
    char index[64];
    bool bad;
};

static enum err take_key(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    struct key_reading *k = arg;
    struct infer_table *t = find_table(k->r, &c[0], &c[1]);
    bool primary = is_true(&c[3]);
    (void)n;
    if (!t)
        return ERR_OK;
    if (c[5].p[0] == '1' && !c[5].p[1]) { /* a new index */
        k->table = t->n_key ? NULL : t;
        k->bad = false;
        if (k->table && !primary) {
            t->key_from = keep(k->r, c[2].p);
            /* without an identity index PostgreSQL refuses UPDATE and DELETE, or sends no key */
            t->no_identity |= c[4].p[0] == 'd';
            t->key_is_identity = c[4].p[0] == 'i';
            if (!t->key_from)
                return no_memory(e);
        }
    }
    if (k->table != t || k->bad)
        return ERR_OK;
    const struct infer_column *column = find_column(t, c[6].p);
    if (column && t->n_key < MODEL_KEY_MAX) {
        t->key[t->n_key++] = column->name;
        return ERR_OK;
    }
    t->no_key = column ? "its key has more columns than a model's may have"
                       : "a column of its key is generated, and generated columns do not arrive";
    t->n_key = 0;
    t->key_from = NULL;
    k->bad = true;
    return ERR_OK;
}

static enum err take_reference(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    struct reading *r = arg;
    struct infer_table *t = find_table(r, &c[0], &c[1]);
    (void)n;
    if (!t)
        return ERR_OK;
    struct infer_reference *last = t->n_references ? &t->references[t->n_references - 1] : NULL;
    if (!last || strcmp(last->name, c[2].p) != 0) {
        if (!(t->n_references & (t->n_references - 1))) { /* doubles at powers of two */
            size_t cap = t->n_references ? 2 * (size_t)t->n_references : 1;
            struct infer_reference *wide = arena_alloc(r->arena, cap * sizeof *wide);
            if (!wide)
                return no_memory(e);
            if (t->n_references)
                memcpy(wide, t->references, (size_t)t->n_references * sizeof *wide);
            t->references = wide;
        }
        last = &t->references[t->n_references++];
        *last = (struct infer_reference){.name = keep(r, c[2].p),
                                         .to_schema = keep(r, c[3].p),
                                         .to_table = keep(r, c[4].p),
                                         .match_full = is_true(&c[5])};
        if (!last->name || !last->to_schema || !last->to_table)
            return no_memory(e);
    }
    if (last->n == MODEL_KEY_MAX)
        return ERR_OK; /* n stays the most, which is no key's: such keys are left out */
    last->columns[last->n] = keep(r, c[6].p);
    last->to_columns[last->n] = keep(r, c[7].p);
    if (!last->columns[last->n] || !last->to_columns[last->n])
        return no_memory(e);
    last->n++;
    return ERR_OK;
}

static enum err take_check(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    struct reading *r = arg;
    struct infer_column *column = find_column(find_table(r, &c[0], &c[1]), c[2].p);
    struct buf values;
    enum err rc = ERR_OK;
    (void)n;
    if (!column || column->from != INFER_NO_VALUES || column->type.type != WT_TEXT)
        return ERR_OK;
    buf_init(&values, 0);
    if (infer_check_values(c[4].p, c[3].p, &values)) {
        column->from = INFER_CHECK;
        column->values = keep(r, buf_cstr(&values));
        if (!column->values)
            rc = no_memory(e);
    }
    buf_free(&values);
    return rc;
}

static enum err take_statistics(void *arg, const struct cell *c, int n, struct errbuf *e)
{
    struct reading *r = arg;
    struct infer_column *column = find_column(find_table(r, &c[0], &c[1]), c[2].p);
    (void)n;
    if (!column || column->from != INFER_NO_VALUES || column->type.type != WT_TEXT)
        return ERR_OK;
    column->from = INFER_STATISTICS;
    column->values = keep(r, c[3].p);
    return column->values ? ERR_OK : no_memory(e);
}

static enum err read_rest(struct reading *r, struct errbuf *e)
{
    struct key_reading keys = {.r = r};
    enum err rc =
        source_query(r->source, query_text("model/infer_keys"), 0, NULL, take_key, &keys, e);
    if (!rc)
        rc = source_query(r->source, query_text("model/infer_references"), 0, NULL, take_reference,
                          r, e);
    if (!rc && r->o->values)
        rc = source_query(r->source, query_text("model/infer_checks"), 0, NULL, take_check, r, e);
    if (!rc && r->o->values)
        rc = source_query(r->source, query_text("model/infer_statistics"), 0, NULL, take_statistics,
                          r, e);
    return rc;
}

/* ---- the whole ---- */

static enum err bind(struct reading *r, const char **conninfo, struct errbuf *e)
{
    struct faults faults;
    faults_init(&faults);
    enum err rc = connector_load_all(r->o->config, &r->connectors, &faults, e);
    faults_free(&faults);
    for (int i = 0; i < r->connectors.n && !rc && !r->settings; i++)
        if (r->connectors.items[i]->kind == CONNECTOR_SOURCE)
            r->settings = &r->connectors.items[i]->source;
    if (!rc && !r->settings)
        rc = err_set(e, ERR_CONFIG,
                     "%s names no source: set source.connection, or give a connection string",
                     r->o->config->file);
    if (!rc)
        *conninfo = r->settings->conninfo;
    return rc;
}

static void set_envelope(struct reading *r)
{
    const struct source_config *s = r->settings;
    r->envelope = (struct envelope_options){.prefix = r->out->catalog.topic_prefix,
                                            .database = r->out->catalog.database,
                                            .version = FLIGHTDECK_VERSION,
                                            .placeholder = "__debezium_unavailable_value"};
    if (!s)
        return;
    r->envelope.placeholder = s->placeholder;
    r->envelope.decimals = s->decimals;
    r->envelope.times = s->times;
    r->envelope.binary = s->binary;
    r->envelope.intervals = s->intervals;
    r->envelope.hstore = s->hstore;
}

static enum err patterns(struct reading *r, struct errbuf *e)
{
    enum err rc = ERR_OK;
    if (r->o->schema)
        rc = pattern_list_create(r->o->schema, 0, &r->schema, e);
    if (rc)
        return err_prefix(e, "--schema");
    if (r->o->table)
        rc = pattern_list_create(r->o->table, 0, &r->table, e);
    return rc ? err_prefix(e, "--table") : ERR_OK;
}

static enum err read_all(struct reading *r, struct errbuf *e)
{
    const char *conninfo = r->o->conninfo;
    enum err rc = patterns(r, e);
    if (!rc && !conninfo)
        rc = bind(r, &conninfo, e);
    if (!rc)
        rc = source_open(conninfo, &r->source, e);
    if (rc)
        return rc;
    struct infer_catalog *c = &r->out->catalog;
    c->database = keep(r, source_database(r->source));
    c->topic_prefix = r->settings ? keep(r, r->settings->topic_prefix) : c->database;
    if (!c->database || !c->topic_prefix)
        return no_memory(e);
    c->raw_known = r->settings != NULL;
    set_envelope(r);
    /* one snapshot: nobody's DDL comes between two questions */
    rc = source_begin_snapshot(r->source, NULL, e);
    if (!rc)
        rc = read_tables(r, e);
    if (!rc)
        rc = read_rest(r, e);
    if (!rc)
        rc = source_end_snapshot(r->source, e);
    return rc;
}

enum err model_source_read(const struct model_source_options *o, struct model_source **out,
                           struct errbuf *e)
{
    struct arena *arena = arena_create(65536);
    struct reading r = {.o = o, .arena = arena};
    *out = NULL;
    r.out = arena ? arena_alloc(arena, sizeof *r.out) : NULL;
    if (!r.out) {
        arena_destroy(arena);
        return no_memory(e);
    }
    *r.out = (struct model_source){.arena = arena};
    enum err rc = read_all(&r, e);
    source_close(r.source);
    connector_list_free(&r.connectors);
    pattern_list_destroy(r.schema);
    pattern_list_destroy(r.table);
    if (rc)
        arena_destroy(arena);
    else
        *out = r.out;
    return rc;
}

void model_source_free(struct model_source *s)
{
    if (s)
        arena_destroy(s->arena);
}
