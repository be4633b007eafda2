/*
 * Plans from schemas: the Connect schema of an envelope, alone (inline JSON) or with PostgreSQL's
 * type names beside it (a schema record of ours).
 *
 * Schemas are read with jansson: one is read once, records are read millions of times.
 */
#include "backend/envelope/flat_plan.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { VARHDRSZ = 4, MONEY_DIGITS = 19, MONEY_SCALE = 2, LABEL_MAX = 64, KEY_MAX = 64 };

/* What a schema record says of a column beyond its Connect schema. */
struct pg_hint {
    const char *type;    /* pg_type.typname; NULL: not known */
    const char *element; /* of an array: the elements' typname */
    long typmod;
    const char *binary;      /* binary.handling.mode */
    const json_t *unchanged; /* what stands for a value that was not sent */
};

/* ---- types ---- */

static const struct {
    const char *name;
    enum flat_conv conv;
    enum wtype wtype;
    int precision;
} semantics[] = {
    {"io.debezium.time.Date", FLAT_DAYS, WT_DATE, 0},
    {"io.debezium.time.Time", FLAT_TIME_MILLIS, WT_TIME, 0},
    {"io.debezium.time.MicroTime", FLAT_TIME_MICROS, WT_TIME, 0},
    {"io.debezium.time.NanoTime", FLAT_TIME_NANOS, WT_TIME, 0},
    {"io.debezium.time.Timestamp", FLAT_TIMESTAMP_MILLIS, WT_TIMESTAMP, 0},
    {"io.debezium.time.MicroTimestamp", FLAT_TIMESTAMP_MICROS, WT_TIMESTAMP, 0},
    {"io.debezium.time.NanoTimestamp", FLAT_TIMESTAMP_NANOS, WT_TIMESTAMP, 0},
    {"io.debezium.time.ZonedTimestamp", FLAT_ISO_TIMESTAMPTZ, WT_TIMESTAMPTZ, 0},
    {"io.debezium.time.ZonedTime", FLAT_TEXT, WT_TEXT, 32},
    {"io.debezium.time.IsoDate", FLAT_ISO_DATE, WT_DATE, 0},
    {"io.debezium.time.IsoTime", FLAT_ISO_TIME, WT_TIME, 0},
    {"io.debezium.time.IsoTimestamp", FLAT_ISO_TIMESTAMP, WT_TIMESTAMP, 0},
    {"io.debezium.time.MicroDuration", FLAT_INT64, WT_INT64, 0},
    {"io.debezium.time.NanoDuration", FLAT_INT64, WT_INT64, 0},
    {"io.debezium.time.Interval", FLAT_TEXT, WT_TEXT, 128},
    {"org.apache.kafka.connect.data.Date", FLAT_DAYS, WT_DATE, 0},
    {"org.apache.kafka.connect.data.Time", FLAT_TIME_MILLIS, WT_TIME, 0},
    {"org.apache.kafka.connect.data.Timestamp", FLAT_TIMESTAMP_MILLIS, WT_TIMESTAMP, 0},
    {"org.apache.kafka.connect.data.Decimal", FLAT_DECIMAL_BASE64, WT_DECIMAL, 0},
    {"io.debezium.data.VariableScaleDecimal", FLAT_DECIMAL_VARIABLE, WT_DECIMAL, 0},
    {"io.debezium.data.Bits", FLAT_BITS, WT_TEXT, 0},
    {"io.debezium.data.Uuid", FLAT_TEXT, WT_UUID, 0},
    {"io.debezium.data.Json", FLAT_TEXT, WT_JSON, 0},
    {"io.debezium.data.geometry.Point", FLAT_POINT, WT_TEXT, LABEL_MAX},
};

static const struct {
    const char *type;
    enum flat_conv conv;
    enum wtype wtype;
} primitives[] = {
    {"boolean", FLAT_BOOL, WT_BOOL},
    {"int8", FLAT_INT16, WT_INT16},
    {"int16", FLAT_INT16, WT_INT16},
    {"int32", FLAT_INT32, WT_INT32},
    {"int64", FLAT_INT64, WT_INT64},
    {"float", FLAT_FLOAT, WT_FLOAT32},
    {"double", FLAT_FLOAT, WT_FLOAT64},
    {"string", FLAT_TEXT, WT_TEXT},
    {"bytes", FLAT_BYTES_BASE64, WT_BYTES},
    {"array", FLAT_JSON, WT_JSON},
    {"map", FLAT_JSON, WT_JSON},
    {"struct", FLAT_JSON, WT_JSON},
};

/* Strings of PostgreSQL types that are never long: a bounded column is worth much in a warehouse.
 */
static const struct {
    const char *type;
    int length;
} short_types[] = {
    {"inet", 64}, {"cidr", 64},   {"macaddr", 32},   {"macaddr8", 32},  {"name", 64},
    {"char", 4},  {"timetz", 32}, {"int4range", 64}, {"int8range", 64}, {"daterange", 64},
};

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* A parameter of a Connect schema as a number; parameters are strings. */
static long parameter(const json_t *schema, const char *key, long otherwise)
{
    const char *s = text_of(json_object_get(schema, "parameters"), key);
    if (!s)
        return otherwise;
    char *end;
    long v = strtol(s, &end, 10);
    return *s && !*end && v > -1000000 && v < 1000000 ? v : otherwise;
}

static bool pg_is(const struct pg_hint *pg, const char *type)
{
    return pg->type && strcmp(pg->type, type) == 0;
}

/* What PostgreSQL's type adds to a value that travels as a plain string. */
static void refine_string(struct flat_type *t, const struct pg_hint *pg)
{
    int precision, scale;
    if (pg_is(pg, "numeric") || pg_is(pg, "money")) {
        *t = (struct flat_type){.conv = FLAT_DECIMAL, .wtype = WT_DECIMAL};
        if (pg_is(pg, "money")) {
            t->precision = MONEY_DIGITS;
            t->scale = MONEY_SCALE;
        } else if (relation_numeric_typmod((int32_t)pg->typmod, &precision, &scale)) {
            t->precision = precision;
            t->scale = scale;
        }
    } else if (pg_is(pg, "bytea")) {
        bool hex = pg->binary && strcmp(pg->binary, "hex") == 0;
        *t =
            (struct flat_type){.conv = hex ? FLAT_BYTES_HEX : FLAT_BYTES_BASE64, .wtype = WT_BYTES};
    } else if ((pg_is(pg, "varchar") || pg_is(pg, "bpchar")) && pg->typmod > VARHDRSZ) {
        t->precision = (int)(pg->typmod - VARHDRSZ);
    } else {
        for (size_t i = 0; i < sizeof short_types / sizeof *short_types; i++)
            if (pg_is(pg, short_types[i].type))
                t->precision = short_types[i].length;
    }
}

static void refine_semantic(struct flat_type *t, const json_t *schema, const struct pg_hint *pg)
{
    if (t->conv == FLAT_DECIMAL_BASE64) {
        t->scale = (int)parameter(schema, "scale", 0);
        t->precision = (int)parameter(schema, "connect.decimal.precision", 0);
        if (t->precision < 0)
            t->precision = 0;
        if (pg_is(pg, "money") && !t->precision)
            t->precision = MONEY_DIGITS;
    } else if (t->conv == FLAT_BITS) {
        long length = parameter(schema, "length", 0);
        t->precision = length > 0 && !pg_is(pg, "varbit") ? (int)length : 0;
    } else if (t->wtype == WT_JSON && pg_is(pg, "json")) {
        t->wtype = WT_TEXT; /* json keeps its very text, jsonb in a warehouse would not */
    }
}

/* Values that JSON holds as they are need no conversion inside of an array. */
static bool plain_in_json(enum flat_conv conv)
{
    return conv == FLAT_BOOL || conv == FLAT_INT16 || conv == FLAT_INT32 || conv == FLAT_INT64 ||
           conv == FLAT_FLOAT || conv == FLAT_TEXT || conv == FLAT_JSON ||
           conv == FLAT_ISO_TIMESTAMPTZ;
}

static bool type_of(struct flat_builder *b, const json_t *schema, const struct pg_hint *pg,
                    struct flat_type *t);

static void array_type(struct flat_builder *b, const json_t *schema, const struct pg_hint *pg,
                       struct flat_type *t)
{
    const struct pg_hint of_element = {.type = pg->element, .typmod = -1, .binary = pg->binary};
    const json_t *items = json_object_get(schema, "items");
    const char *item = text_of(items, "type");
    struct flat_type element;
    if (!item || !type_of(b, items, &of_element, &element))
        return;
    flat_unchanged_array(b, t, item, text_of(items, "name"));
    if (plain_in_json(element.conv))
        return;
    struct flat_type *copy =
        (struct flat_type *)flat_builder_copy(b, (const char *)&element, sizeof element);
    if (copy) {
        t->conv = FLAT_ARRAY;
        t->element = copy;
    }
}

static bool semantic_type(struct flat_builder *b, const json_t *schema, const struct pg_hint *pg,
                          struct flat_type *t)
{
    const char *name = text_of(schema, "name");
    for (size_t i = 0; name && i < sizeof semantics / sizeof *semantics; i++) {
        if (strcmp(name, semantics[i].name) == 0) {
            *t = (struct flat_type){.conv = semantics[i].conv,
                                    .wtype = semantics[i].wtype,
                                    .precision = semantics[i].precision};
            if (t->wtype == WT_JSON) /* json, jsonb, or an hstore as a string */
                flat_unchanged_hstore(b, t, true);
            refine_semantic(t, schema, pg);
            return true;
        }
    }
    return false;
}

static bool primitive_type(struct flat_builder *b, const json_t *schema, const struct pg_hint *pg,
                           struct flat_type *t)
{
    const char *type = text_of(schema, "type");
    for (size_t i = 0; type && i < sizeof primitives / sizeof *primitives; i++) {
        if (strcmp(type, primitives[i].type) == 0) {
            *t = (struct flat_type){.conv = primitives[i].conv, .wtype = primitives[i].wtype};
            if (t->conv == FLAT_TEXT)
                refine_string(t, pg);
            if (strcmp(type, "array") == 0)
                array_type(b, schema, pg, t);
            if (strcmp(type, "map") == 0)
                flat_unchanged_hstore(b, t, false);
            return true;
        }
    }
    return false;
}

/* False: not a Connect type. */
static bool type_of(struct flat_builder *b, const json_t *schema, const struct pg_hint *pg,
                    struct flat_type *t)
{
    if (!semantic_type(b, schema, pg, t) && !primitive_type(b, schema, pg, t))
        return false;
    if (pg->unchanged) {
        char *text = json_dumps(pg->unchanged, JSON_COMPACT | JSON_ENCODE_ANY);
        if (text)
            flat_unchanged_set(b, t, text, strlen(text));
        b->failed |= !text;
        free(text);
    }
    return true;
}

/* ---- groups ---- */

struct schema_input {
    const json_t *columns; /* of a schema record; NULL otherwise */
    const char *binary;
};

static struct pg_hint hint_for(const struct schema_input *in, const char *column)
{
    struct pg_hint pg = {.typmod = -1, .binary = in->binary};
    size_t i;
    const json_t *c;
    json_array_foreach((json_t *)in->columns, i, c)
    {
        const char *name = text_of(c, "name");
        if (name && strcmp(name, column) == 0) {
            pg.type = text_of(c, "type");
            const json_t *typmod = json_object_get(c, "typmod");
            if (json_is_integer(typmod))
                pg.typmod = (long)json_integer_value(typmod);
            pg.element = text_of(c, "element");
            pg.unchanged = json_object_get(c, "unchanged");
            break;
        }
    }
    return pg;
}

static enum err field_type(struct flat_builder *b, const struct schema_input *in,
                           const json_t *field, const char *parent, struct flat_type *t,
                           struct errbuf *e)
{
    const char *name = text_of(field, "field");
    if (!name)
        return err_set(e, ERR_DATA, "a field of \"%s\" has no name", parent);
    struct pg_hint pg = hint_for(in, name);
    if (!type_of(b, field, &pg, t)) {
        const char *type = text_of(field, "type");
        return err_set(e, ERR_DATA,
                       "field %s.%s has the type \"%s\", which is not one of Connect's", parent,
                       name, type ? type : "");
    }
    return ERR_OK;
}

/* The members of a struct as columns prefix + name. */
static enum err add_group(struct flat_builder *b, const struct schema_input *in,
                          const json_t *field, struct flat_group **out, struct errbuf *e)
{
    const char *member = text_of(field, "field");
    bool source = strcmp(member, "source") == 0;
    const json_t *fields = json_object_get(field, "fields");
    struct flat_group *g = flat_builder_group(b, (int)json_array_size(fields) + 1, false);
    struct buf prefix;
    size_t i;
    const json_t *f;
    enum err rc = ERR_OK;
    buf_init(&prefix, 0);
    buf_printf(&prefix, "%s_", member);
    json_array_foreach((json_t *)fields, i, f)
    {
        struct flat_type t;
        rc = field_type(b, in, f, member, &t, e);
        if (rc)
            break;
        if (source && t.wtype == WT_TEXT && !t.precision)
            t.precision = 255;
        const char *name = text_of(f, "field");
        int column = flat_builder_column(b, buf_cstr(&prefix), name, source, &t);
        (void)flat_builder_field(b, g, name, &t, column);
    }
    buf_free(&prefix);
    *out = g;
    return rc;
}

static const json_t *named_field(const json_t *fields, const char *name)
{
    size_t i;
    const json_t *f;
    json_array_foreach((json_t *)fields, i, f)
    {
        const char *s = text_of(f, "field");
        if (s && strcmp(s, name) == 0)
            return f;
    }
    return NULL;
}

static bool is_struct(const json_t *field)
{
    const char *type = text_of(field, "type");
    return type && strcmp(type, "struct") == 0;
}

static enum err add_member(struct flat_builder *b, const struct schema_input *in,
                           const json_t *field, struct errbuf *e)
{
    static const struct schema_input no_hints = {0};
    const char *name = text_of(field, "field");
    struct flat_plan *p = b->plan;
    struct flat_type t = {.conv = FLAT_SKIP};
    if (strcmp(name, "transaction") == 0) {
        (void)flat_builder_field(b, p->envelope, name, &t, -1);
        return ERR_OK;
    }
    if (!is_struct(field)) {
        enum err rc = field_type(b, &no_hints, field, "the envelope", &t, e);
        if (!rc && strcmp(name, "op") == 0)
            t.precision = 8;
        if (!rc)
            (void)flat_builder_field(b, p->envelope, name, &t,
                                     flat_builder_column(b, "", name, false, &t));
        return rc;
    }
    bool before = strcmp(name, "before") == 0;
    bool after = strcmp(name, "after") == 0;
    struct flat_group *g;
    enum err rc = add_group(b, before || after ? in : &no_hints, field, &g, e);
    if (rc)
        return rc;
    t.conv = FLAT_GROUP;
    struct flat_field *f = flat_builder_field(b, p->envelope, name, &t, -1);
    if (f)
        f->group = g;
    if (before)
        b->before = g;
    if (after)
        p->after = g;
    return ERR_OK;
}

/* First the well-known members in their order, then whatever else there is. */
static enum err add_envelope(struct flat_builder *b, const struct schema_input *in,
                             const json_t *fields, struct errbuf *e)
{
    static const char *const known[] = {"before", "after", "source", "op",
                                        "ts_ms",  "ts_us", "ts_ns",  "transaction"};
    enum { N_KNOWN = sizeof known / sizeof *known };
    enum err rc = ERR_OK;
    size_t i;
    const json_t *f;
    for (int k = 0; k < N_KNOWN && !rc; k++) {
        const json_t *field = named_field(fields, known[k]);
        if (field)
            rc = add_member(b, in, field, e);
    }
    json_array_foreach((json_t *)fields, i, f)
    {
        const char *name = text_of(f, "field");
        bool done = !name;
        for (int k = 0; k < N_KNOWN && !done; k++)
            done = strcmp(name, known[k]) == 0;
        if (!rc && !done)
            rc = add_member(b, in, f, e);
    }
    return rc;
}

/* The two scalars and structs of an envelope in field order: what a record compactly written by
 * Debezium or by us holds. Matching begins at the expected member, so order matters for speed. */
static void sort_like(struct flat_group *g, const json_t *fields)
{
    int at = 0;
    size_t i;
    const json_t *f;
    json_array_foreach((json_t *)fields, i, f)
    {
        const char *name = text_of(f, "field");
        for (int k = at; name && k < g->n; k++) {
            if (strcmp(g->fields[k].name, name) == 0) {
                struct flat_field t = g->fields[at];
                g->fields[at++] = g->fields[k];
                g->fields[k] = t;
                break;
            }
        }
    }
}

static enum err plan_from(const json_t *schema, const struct schema_input *in,
                          const char *placeholder, const char *const *key, int n_key,
                          struct flat_plan **out, struct errbuf *e)
{
    const json_t *fields = json_object_get(schema, "fields");
    if (!is_struct(schema) || !json_is_array(fields))
        return err_set(e, ERR_DATA, "the schema is not a struct with fields");
    struct flat_builder b;
    flat_builder_init(&b, placeholder);
    struct flat_group *envelope = flat_builder_group(&b, (int)json_array_size(fields) + 1, false);
    if (envelope) {
        b.plan->envelope = envelope;
        enum err rc = add_envelope(&b, in, fields, e);
        if (rc) {
            flat_builder_free(&b);
            return rc;
        }
        sort_like(envelope, fields);
    }
    return flat_builder_finish(&b, key, n_key, out, e);
}

/* ---- the two entrances ---- */

static enum err load(const char *what, const char *text, size_t n, json_t **out, struct errbuf *e)
{
    json_error_t error;
    *out = json_loadb(text, n, JSON_DECODE_ANY, &error);
    if (!*out)
        return err_set(e, ERR_DATA, "%s is not valid JSON: %s at byte %d", what, error.text,
                       error.position);
    return ERR_OK;
}

enum err flat_plan_from_connect_schema(const char *schema, size_t n, const char *key_schema,
                                       size_t n_key, struct flat_plan **out, struct errbuf *e)
{
    static const struct schema_input in = {0};
    const char *key[KEY_MAX];
    int keys = 0;
    json_t *value = NULL;
    json_t *k = NULL;
    enum err rc = load("the schema", schema, n, &value, e);
    if (!rc && key_schema)
        rc = load("the key's schema", key_schema, n_key, &k, e);
    if (rc)
        goto out;
    size_t i;
    const json_t *f;
    json_array_foreach(json_object_get(k, "fields"), i, f)
    {
        const char *name = text_of(f, "field");
        if (name && keys < KEY_MAX)
            key[keys++] = name;
    }
    rc = plan_from(value, &in, NULL, key, keys, out, e);
out:
    json_decref(value);
    json_decref(k);
    return rc;
}

/* The names of the key's columns by their place in it. */
static int record_key(const json_t *columns, const char **key)
{
    int n = 0;
    size_t i;
    const json_t *c;
    for (json_int_t place = 1; place <= KEY_MAX; place++) {
        json_array_foreach((json_t *)columns, i, c)
        {
            const char *name = text_of(c, "name");
            if (name && json_integer_value(json_object_get(c, "key")) == place) {
                key[n++] = name;
                break;
            }
        }
        if (n < place)
            break;
    }
    return n;
}

enum err flat_plan_from_schema_record(const char *text, size_t n, struct flat_plan **out,
                                      struct errbuf *e)
{
    const char *key[KEY_MAX];
    json_t *record = NULL;
    enum err rc = load("the schema record", text, n, &record, e);
    if (rc)
        return rc;
    const json_t *modes = json_object_get(record, "modes");
    const struct schema_input in = {.columns = json_object_get(record, "columns"),
                                    .binary = text_of(modes, "binary")};
    const json_t *schema = json_object_get(record, "schema");
    if (!json_is_object(schema) || !json_is_array(in.columns)) {
        rc = err_set(e, ERR_DATA, "the schema record has no \"schema\" or no \"columns\"");
        goto out;
    }
    rc = plan_from(schema, &in, text_of(modes, "placeholder"), key, record_key(in.columns, key),
                   out, e);
out:
    if (rc) {
        const char *relation = text_of(record, "relation");
        (void)err_prefix(e, "schema record of %s", relation ? relation : "?");
    }
    json_decref(record);
    return rc;
}
