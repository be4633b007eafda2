/*
 * The Connect schemas as Kafka Connect's JsonConverter writes them, and the schema topic's record.
 *
 * One deviation: where the replica identity is not FULL, a delete's `before` has nulls in the
 * columns outside the key, so those are optional in the schema of `before` even when they are NOT
 * NULL. (Debezium declares them required and invents 0 or "" for them.)
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "backend/envelope/encode_internal.h"
#include "backend/envelope/encode_table.h"

static void json_text(struct buf *out, const char *s)
{
    if (s)
        buf_json_string(out, s, strlen(s));
    else
        buf_lit(out, "null");
}

/* ---- defaults ---- */

/* The end of ::type, ::"char", ::numeric(10,2)[], ::timestamp with time zone; only these bytes. */
static bool is_casts(const char *p)
{
    if (!*p)
        return true;
    if (p[0] != ':' || p[1] != ':')
        return false;
    for (; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
              (unsigned char)*p >= 0x80 || strchr(":_. \"(),[]", *p)))
            return false;
    return true;
}

/* 'text' with doubled quotes (perhaps E'' or B''), then casts. */
static bool quoted_literal(const char *p, struct buf *text)
{
    bool escapes = *p == 'E';
    p += *p == 'E' || *p == 'B';
    if (*p++ != '\'')
        return false;
    for (;; p++) {
        if (!*p)
            return false;
        if (*p == '\'' && *++p != '\'')
            return is_casts(p);
        if (escapes && *p == '\\' && *++p != '\\')
            return false; /* pg_get_expr writes no other escape */
        buf_ch(text, *p);
    }
}

/* 12, -1.5, (-3), true; then casts. */
static bool bare_literal(const char *p, struct buf *text)
{
    bool bracket = *p == '(';
    p += bracket;
    const char *end = p;
    if (!strncmp(p, "true", 4) || !strncmp(p, "false", 5)) {
        buf_ch(text, *p);
        end += *p == 't' ? 4 : 5;
    } else {
        end += *end == '-';
        size_t n = strspn(end, "0123456789.eE+-");
        if (!n || strchr("eE+", *end))
            return false;
        end += n;
        buf_add(text, p, (size_t)(end - p));
    }
    if (bracket && *end++ != ')')
        return false;
    return is_casts(end);
}

/* Types whose default Debezium puts into the schema (structs cannot be one: KAFKA-12694). */
static bool takes_default(const struct field *f)
{
    switch (f->column->type_oid) {
    case PG_BOOL:
    case PG_INT2:
    case PG_INT4:
    case PG_INT8:
    case PG_FLOAT4:
    case PG_FLOAT8:
    case PG_NUMERIC:
    case PG_BPCHAR:
    case PG_VARCHAR:
    case PG_TEXT:
    case PG_BIT:
    case PG_VARBIT:
    case PG_JSON:
    case PG_JSONB:
    case PG_XML:
    case PG_UUID:
    case PG_DATE:
    case PG_TIME:
    case PG_TIMESTAMP:
    case PG_TIMESTAMPTZ:
    case PG_INTERVAL:
        return f->shape.kind != SHAPE_VARIABLE;
    default:
        return false;
    }
}

/* A numeric literal may have another scale than the column: 7 in numeric(10,2). */
static void fit_scale(const struct field *f, struct buf *text)
{
    if (f->shape.kind != SHAPE_DECIMAL && f->write != encode_decimal_string)
        return;
    const char *dot = text->len ? memchr(text->p, '.', text->len) : NULL;
    int have = dot ? (int)(text->p + text->len - dot) - 1 : 0;
    if (!dot && f->scale > 0)
        buf_ch(text, '.');
    for (; have < f->scale; have++)
        buf_ch(text, '0');
}

static void write_default(const struct field *f, struct buf *out)
{
    const char *sql = f->column->default_sql;
    struct buf text;
    struct buf value;
    if (!sql || f->element || !takes_default(f))
        return;
    buf_init(&text, 0);
    buf_init(&value, 0);
    bool quoted = *sql == '\'' || ((*sql == 'E' || *sql == 'B') && sql[1] == '\'');
    if (quoted ? quoted_literal(sql, &text) : bare_literal(sql, &text)) {
        fit_scale(f, &text);
        if (!f->write(f, buf_cstr(&text), text.len, &value) &&
            !encode_is(value.p, value.len, "null")) {
            buf_lit(out, ",\"default\":");
            buf_add(out, value.p, value.len);
        }
    }
    out->failed |= text.failed || value.failed;
    buf_free(&text);
    buf_free(&value);
}

/* ---- Connect schemas ---- */

static void open_schema(struct buf *out, const char *type)
{
    buf_lit(out, "{\"type\":\"");
    buf_str(out, type);
    buf_ch(out, '"');
}

static void optional(struct buf *out, bool yes)
{
    buf_str(out, yes ? ",\"optional\":true" : ",\"optional\":false");
}

/* {"type":..,"optional":..,"field":..} with a comma before it, unless it is the first. */
static void simple(struct buf *out, const char *type, bool is_optional, const char *name,
                   bool first)
{
    if (!first)
        buf_ch(out, ',');
    open_schema(out, type);
    optional(out, is_optional);
    buf_lit(out, ",\"field\":");
    json_text(out, name);
    buf_ch(out, '}');
}

static void close_struct(struct buf *out, bool is_optional, const char *name, int version,
                         const char *field)
{
    buf_ch(out, ']');
    optional(out, is_optional);
    if (name) {
        buf_lit(out, ",\"name\":");
        json_text(out, name);
    }
    if (version)
        buf_printf(out, ",\"version\":%d", version);
    if (field) {
        buf_lit(out, ",\"field\":");
        json_text(out, field);
    }
    buf_ch(out, '}');
}

static void write_parameters(const struct field *f, struct buf *out)
{
    switch (f->shape.kind) {
    case SHAPE_DECIMAL:
        buf_printf(out, ",\"parameters\":{\"scale\":\"%d\"", f->scale);
        if (f->precision)
            buf_printf(out, ",\"connect.decimal.precision\":\"%d\"", f->precision);
        buf_ch(out, '}');
        break;
    case SHAPE_BITS:
        buf_printf(out, ",\"parameters\":{\"length\":\"%d\"}", f->precision);
        break;
    case SHAPE_ENUM:
        buf_lit(out, ",\"parameters\":{\"allowed\":");
        json_text(out, f->column->enum_values);
        buf_ch(out, '}');
        break;
    default:
        break;
    }
}

/* The schema of one value; without the closing brace, so that default and field can follow. */
static void value_schema(const struct field *f, bool is_optional, struct buf *out)
{
    open_schema(out, f->shape.type);
    switch (f->shape.kind) {
    case SHAPE_VARIABLE:
        buf_lit(out, ",\"fields\":[");
        simple(out, "int32", false, "scale", true);
        simple(out, "bytes", false, "value", false);
        buf_ch(out, ']');
        break;
    case SHAPE_POINT:
        buf_lit(out, ",\"fields\":[");
        simple(out, "double", false, "x", true);
        simple(out, "double", false, "y", false);
        simple(out, "bytes", true, "wkb", false);
        simple(out, "int32", true, "srid", false);
        buf_ch(out, ']');
        break;
    case SHAPE_ARRAY:
        buf_lit(out, ",\"items\":");
        value_schema(f->element, true, out);
        buf_ch(out, '}');
        break;
    case SHAPE_MAP:
        buf_lit(out, ",\"keys\":{\"type\":\"string\",\"optional\":false},"
                     "\"values\":{\"type\":\"string\",\"optional\":true}");
        break;
    default:
        break;
    }
    optional(out, is_optional);
    if (f->shape.name) {
        buf_lit(out, ",\"name\":");
        json_text(out, f->shape.name);
        buf_lit(out, ",\"version\":1");
    }
    if (f->shape.doc) {
        buf_lit(out, ",\"doc\":");
        json_text(out, f->shape.doc);
    }
    write_parameters(f, out);
}

static void field_schema(const struct field *f, bool is_optional, struct buf *out)
{
    value_schema(f, is_optional, out);
    write_default(f, out);
    buf_lit(out, ",\"field\":");
    json_text(out, f->column->name);
    buf_ch(out, '}');
}

static void names_of(const char *topic, const char *what, struct buf *out)
{
    buf_str(out, topic);
    buf_str(out, what);
}

void schema_write_key(const struct relation *r, const struct field *keys, const char *topic,
                      struct buf *out)
{
    struct buf name;
    buf_init(&name, 0);
    names_of(topic, ".Key", &name);
    open_schema(out, "struct");
    buf_lit(out, ",\"fields\":[");
    for (int i = 0; i < r->n_key; i++) {
        if (i)
            buf_ch(out, ',');
        field_schema(&keys[i], false, out);
    }
    close_struct(out, false, buf_cstr(&name), 0, NULL);
    out->failed |= name.failed;
    buf_free(&name);
}

/* before or after */
static void row_schema(const struct relation *r, const struct field *fields, const char *name,
                       const char *field, struct buf *out)
{
    bool nulls = r->identity != 'f' && !strcmp(field, "before");
    open_schema(out, "struct");
    buf_lit(out, ",\"fields\":[");
    for (int i = 0; i < r->n_columns; i++) {
        const struct column *c = &r->columns[i];
        if (i)
            buf_ch(out, ',');
        field_schema(&fields[i], !c->not_null || (nulls && !c->key_pos), out);
    }
    close_struct(out, true, name, 0, field);
}

static void source_schema(struct buf *out)
{
    open_schema(out, "struct");
    buf_lit(out, ",\"fields\":[");
    simple(out, "string", false, "version", true);
    simple(out, "string", false, "connector", false);
    simple(out, "string", false, "name", false);
    simple(out, "int64", false, "ts_ms", false);
    buf_lit(out, ",{\"type\":\"string\",\"optional\":true,\"name\":\"io.debezium.data.Enum\","
                 "\"version\":1,\"parameters\":{\"allowed\":\"true,first,first_in_data_collection,"
                 "last_in_data_collection,last,false,incremental\"},\"default\":\"false\","
                 "\"field\":\"snapshot\"}");
    simple(out, "string", false, "db", false);
    simple(out, "string", true, "sequence", false);
    simple(out, "int64", true, "ts_us", false);
    simple(out, "int64", true, "ts_ns", false);
    simple(out, "string", false, "schema", false);
    simple(out, "string", false, "table", false);
    simple(out, "int64", true, "txId", false);
    simple(out, "int64", true, "lsn", false);
    simple(out, "int64", true, "xmin", false);
    simple(out, "string", true, "origin", false);
    simple(out, "int64", true, "origin_lsn", false);
    close_struct(out, false, "io.debezium.connector.postgresql.Source", 1, "source");
}

static void transaction_schema(struct buf *out)
{
    open_schema(out, "struct");
    buf_lit(out, ",\"fields\":[");
    simple(out, "string", false, "id", true);
    simple(out, "int64", false, "total_order", false);
    simple(out, "int64", false, "data_collection_order", false);
    close_struct(out, true, "event.block", 1, "transaction");
}

void schema_write_envelope(const struct relation *r, const struct field *fields, const char *topic,
                           struct buf *out)
{
    struct buf name;
    buf_init(&name, 0);
    names_of(topic, ".Value", &name);
    open_schema(out, "struct");
    buf_lit(out, ",\"fields\":[");
    row_schema(r, fields, buf_cstr(&name), "before", out);
    buf_ch(out, ',');
    row_schema(r, fields, buf_cstr(&name), "after", out);
    buf_ch(out, ',');
    source_schema(out);
    buf_ch(out, ',');
    transaction_schema(out);
    simple(out, "string", false, "op", false);
    simple(out, "int64", true, "ts_ms", false);
    simple(out, "int64", true, "ts_us", false);
    simple(out, "int64", true, "ts_ns", false);
    out->failed |= name.failed;
    buf_clear(&name);
    names_of(topic, ".Envelope", &name);
    close_struct(out, false, buf_cstr(&name), 2, NULL);
    out->failed |= name.failed;
    buf_free(&name);
}

void schema_write_message_key(struct buf *out)
{
    open_schema(out, "struct");
    buf_lit(out, ",\"fields\":[");
    simple(out, "string", true, "prefix", true);
    close_struct(out, false, "io.debezium.connector.postgresql.MessageKey", 1, NULL);
}

void schema_write_message(struct buf *out)
{
    open_schema(out, "struct");
    buf_lit(out, ",\"fields\":[");
    simple(out, "string", false, "op", true);
    simple(out, "int64", true, "ts_ms", false);
    buf_ch(out, ',');
    source_schema(out);
    buf_ch(out, ',');
    transaction_schema(out);
    buf_ch(out, ',');
    open_schema(out, "struct");
    buf_lit(out, ",\"fields\":[");
    simple(out, "string", true, "prefix", true);
    simple(out, "bytes", true, "content", false);
    close_struct(out, false, "io.debezium.connector.postgresql.Message", 1, "message");
    close_struct(out, false, "io.debezium.connector.postgresql.MessageValue", 1, NULL);
}

/* ---- the schema topic ---- */

static void write_relation_name(const struct relation *r, struct buf *out)
{
    struct buf name;
    buf_init(&name, 0);
    buf_printf(&name, "%s.%s", r->schema, r->name);
    json_text(out, buf_cstr(&name));
    out->failed |= name.failed;
    buf_free(&name);
}

static void write_column(const struct field *f, struct buf *out)
{
    const struct column *c = f->column;
    buf_lit(out, "{\"name\":");
    json_text(out, c->name);
    buf_lit(out, ",\"type\":");
    json_text(out, c->type_name);
    buf_printf(out, ",\"typmod\":%" PRId32 ",\"not_null\":%s,\"key\":%d,\"element\":", c->typmod,
               c->not_null ? "true" : "false", c->key_pos);
    json_text(out, c->elem_oid ? c->elem_name : NULL);
    buf_lit(out, ",\"enum\":");
    json_text(out, c->enum_values);
    if (f->unchanged) {
        buf_lit(out, ",\"unchanged\":");
        buf_add(out, f->unchanged, f->n_unchanged);
    }
    buf_ch(out, '}');
}

static void write_modes(const struct encode_settings *s, struct buf *out)
{
    static const char *const decimal[] = {"precise", "double", "string"};
    static const char *const time[] = {"adaptive", "adaptive_time_microseconds", "connect"};
    static const char *const binary[] = {"bytes", "base64", "base64-url-safe", "hex"};
    static const char *const interval[] = {"numeric", "string"};
    static const char *const hstore[] = {"json", "map"};
    buf_printf(out,
               "{\"decimal\":\"%s\",\"time\":\"%s\",\"binary\":\"%s\",\"interval\":\"%s\","
               "\"hstore\":\"%s\",\"placeholder\":",
               decimal[s->decimals], time[s->times], binary[s->binary], interval[s->intervals],
               hstore[s->hstore]);
    json_text(out, s->placeholder);
    buf_ch(out, '}');
}

enum err envelope_write_schema_record(const struct envelope_table *t, struct buf *key,
                                      struct buf *value, struct errbuf *e)
{
    const struct relation *r = t->relation;
    char fingerprint[24];
    (void)snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, r->fingerprint);
    buf_lit(key, "{\"relation\":");
    write_relation_name(r, key);
    buf_printf(key, ",\"fingerprint\":\"%s\"}", fingerprint);

    buf_lit(value, "{\"relation\":");
    write_relation_name(r, value);
    buf_printf(value, ",\"fingerprint\":\"%s\",\"topic\":", fingerprint);
    json_text(value, t->topic);
    buf_printf(value, ",\"identity\":\"%c\",\"schema\":", r->identity ? r->identity : 'd');
    schema_write_envelope(r, t->fields, t->topic, value);
    buf_lit(value, ",\"key_schema\":");
    if (r->n_key)
        schema_write_key(r, t->keys, t->topic, value);
    else
        buf_lit(value, "null");
    buf_lit(value, ",\"columns\":[");
    for (int i = 0; i < r->n_columns; i++) {
        if (i)
            buf_ch(value, ',');
        write_column(&t->fields[i], value);
    }
    buf_lit(value, "],\"modes\":");
    write_modes(&t->set, value);
    buf_ch(value, '}');
    enum err rc = buf_check(key, "a schema record's key", e);
    return rc == ERR_OK ? buf_check(value, "a schema record", e) : rc;
}
