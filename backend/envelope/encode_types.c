/*
 * Which writer and which Connect schema a column gets, and the writers of the plain types.
 *
 * Types are known by OID where PostgreSQL fixes it and by name where an extension makes them.
 * What nobody knows is written as PostgreSQL's own text: a string loses nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "backend/envelope/encode_internal.h"

static const char digits64[2][65] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

void encode_base64(struct buf *out, const void *p, size_t n, enum base64_alphabet alphabet)
{
    const unsigned char *s = p;
    const char *d = digits64[alphabet];
    if (!buf_reserve(out, (n + 2) / 3 * 4))
        return;
    char *o = out->p + out->len;
    size_t i = 0;
    for (; i + 3 <= n; i += 3) {
        unsigned v = (unsigned)s[i] << 16 | (unsigned)s[i + 1] << 8 | s[i + 2];
        *o++ = d[v >> 18];
        *o++ = d[v >> 12 & 63];
        *o++ = d[v >> 6 & 63];
        *o++ = d[v & 63];
    }
    if (i < n) {
        bool two = n - i == 2;
        unsigned v = (unsigned)s[i] << 16 | (two ? (unsigned)s[i + 1] << 8 : 0);
        *o++ = d[v >> 18];
        *o++ = d[v >> 12 & 63];
        *o++ = two ? d[v >> 6 & 63] : '=';
        *o++ = '=';
    }
    out->len = (size_t)(o - out->p);
}

/*
 * Jackson's way: a code point above U+FFFF as two \u escapes, control characters in capitals. Keys
 * take it, because a key's bytes decide its partition and what compaction drops.
 */
static void encode_strict_string(struct buf *out, const char *p, size_t n)
{
    struct buf plain;
    buf_init(&plain, 0);
    buf_json_string(&plain, p, n);
    const unsigned char *s = (const unsigned char *)plain.p;
    size_t from = 0;
    if (plain.failed)
        out->failed = true;
    for (size_t i = 0; i < plain.len && !plain.failed; i++) {
        if (s[i] == '\\') {
            if (s[i + 1] == 'u') {
                buf_add(out, s + from, i + 2 - from);
                for (size_t k = i + 2; k < i + 6; k++)
                    buf_ch(out, (char)(s[k] >= 'a' ? s[k] - 'a' + 'A' : s[k]));
                from = i + 6;
            }
            i++;
        } else if (s[i] >= 0xf0) {
            buf_add(out, s + from, i - from);
            unsigned c = (s[i] & 7u) << 18 | (s[i + 1] & 63u) << 12 | (s[i + 2] & 63u) << 6 |
                         (s[i + 3] & 63u);
            c -= 0x10000;
            buf_printf(out, "\\u%04X\\u%04X", 0xd800u + (c >> 10), 0xdc00u + (c & 0x3ff));
            from = i + 4;
            i += 3;
        }
    }
    if (!plain.failed)
        buf_add(out, s + from, plain.len - from);
    buf_free(&plain);
}

void encode_string(const struct field *f, const char *p, size_t n, struct buf *out)
{
    if (f->strict)
        encode_strict_string(out, p, n);
    else
        buf_json_string(out, p, n);
}

const char *encode_text(const struct field *f, const char *p, size_t n, struct buf *out)
{
    encode_string(f, p, n, out);
    return NULL;
}

const char *encode_bool(const struct field *f, const char *p, size_t n, struct buf *out)
{
    (void)f;
    if (n == 1 && *p == 't')
        buf_lit(out, "true");
    else if (n == 1 && *p == 'f')
        buf_lit(out, "false");
    else
        return "is neither t nor f";
    return NULL;
}

/* Copied as it is, once it is sure that it is JSON's form of a number of 64 bits. */
const char *encode_integer(const struct field *f, const char *p, size_t n, struct buf *out)
{
    enum { DIGITS_MOST = 19 };
    static const char reason[] = "is not an integer";
    (void)f;
    bool negative = n && *p == '-';
    size_t digits = n - negative;
    const char *d = p + negative;
    if (!digits || digits > DIGITS_MOST || (*d == '0' && n > 1))
        return reason;
    for (size_t i = 0; i < digits; i++)
        if ((unsigned char)d[i] - (unsigned)'0' > 9)
            return reason;
    if (digits == DIGITS_MOST &&
        memcmp(d, negative ? "9223372036854775808" : "9223372036854775807", DIGITS_MOST) > 0)
        return reason;
    buf_add(out, p, n);
    return NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The bytes as the option says; what a placeholder's bytes become, too. */
static void write_bytes(enum binary_mode mode, const void *p, size_t n, struct buf *out)
{
    static const char hex[] = "0123456789abcdef";
    const unsigned char *s = p;
    if (mode == BINARY_HEX) {
        for (size_t i = 0; i < n; i++) {
            char two[2] = {hex[s[i] >> 4], hex[s[i] & 15]};
            buf_add(out, two, 2);
        }
        return;
    }
    encode_base64(out, p, n, mode == BINARY_BASE64_URL ? BASE64_URL : BASE64_PLAIN);
}

const char *encode_binary(const struct field *f, const char *p, size_t n, struct buf *out)
{
    enum { CHUNK = 768 }; /* a multiple of three: base64 goes on without padding */
    unsigned char bytes[CHUNK];
    size_t have = 0;
    if (n < 2 || n % 2 || p[0] != '\\' || p[1] != 'x')
        return "is not bytea in hex form";
    buf_ch(out, '"');
    for (size_t i = 2; i < n; i += 2) {
        int hi = hex_digit(p[i]);
        int lo = hex_digit(p[i + 1]);
        if (hi < 0 || lo < 0)
            return "is not bytea in hex form";
        bytes[have++] = (unsigned char)(hi << 4 | lo);
        if (have == CHUNK) {
            write_bytes(f->set->binary, bytes, have, out);
            have = 0;
        }
    }
    write_bytes(f->set->binary, bytes, have, out);
    buf_ch(out, '"');
    return NULL;
}

const char *encode_bit(const struct field *f, const char *p, size_t n, struct buf *out)
{
    (void)f;
    if (n > 1 || (n && *p != '0' && *p != '1'))
        return "is not one bit";
    if (n && *p == '1')
        buf_lit(out, "true");
    else
        buf_lit(out, "false");
    return NULL;
}

/* Little-endian: the last digit is bit 0 of the first byte; zero bytes at the end are left out. */
const char *encode_bits(const struct field *f, const char *p, size_t n, struct buf *out)
{
    enum { CHUNK = 768 };
    unsigned char bytes[CHUNK] = {0};
    size_t first = 0; /* the leading zeros */
    (void)f;
    while (first < n && p[first] == '0')
        first++;
    buf_ch(out, '"');
    for (size_t bit = 0; bit < n - first; bit++) {
        char c = p[n - 1 - bit];
        if (c != '0' && c != '1')
            return "is not a string of bits";
        size_t at = bit / 8 % CHUNK;
        if (bit && bit % (8 * (size_t)CHUNK) == 0) {
            encode_base64(out, bytes, CHUNK, BASE64_PLAIN);
            memset(bytes, 0, sizeof bytes);
        }
        bytes[at] |= (unsigned char)((c - '0') << bit % 8);
    }
    size_t rest = (n - first + 7) / 8 % CHUNK;
    if (!rest && n > first)
        rest = CHUNK;
    encode_base64(out, bytes, rest, BASE64_PLAIN);
    buf_ch(out, '"');
    return NULL;
}

/* ---- planning ---- */

struct kind {
    encode_fn *write;
    struct shape shape;
};

#define PLAIN(fn, type, name)                                                                      \
    (struct kind)                                                                                  \
    {                                                                                              \
        fn,                                                                                        \
        {                                                                                          \
            SHAPE_PLAIN, type, name, NULL                                                          \
        }                                                                                          \
    }

static struct kind kind_of_numeric(struct field *f, int32_t typmod, bool money)
{
    enum decimal_mode mode = f->set->decimals;
    bool constrained = relation_numeric_typmod(typmod, &f->precision, &f->scale);
    if (money) {
        f->scale = 2;
        if (mode == DECIMAL_PRECISE)
            return (struct kind){
                encode_money,
                {SHAPE_DECIMAL, "bytes", "org.apache.kafka.connect.data.Decimal", NULL}};
        return PLAIN(encode_money, mode == DECIMAL_DOUBLE ? "double" : "string", NULL);
    }
    if (mode == DECIMAL_DOUBLE)
        return PLAIN(encode_decimal_double, "double", NULL);
    if (mode == DECIMAL_STRING)
        return PLAIN(encode_decimal_string, "string", NULL);
    if (constrained)
        return (struct kind){
            encode_decimal,
            {SHAPE_DECIMAL, "bytes", "org.apache.kafka.connect.data.Decimal", NULL}};
    return (struct kind){encode_variable_decimal,
                         {SHAPE_VARIABLE, "struct", "io.debezium.data.VariableScaleDecimal",
                          "Variable scaled decimal"}};
}

static struct kind kind_of_time(struct field *f, uint32_t oid, int32_t typmod)
{
    enum time_mode mode = f->set->times;
    bool coarse = typmod >= 0 && typmod <= 3;
    f->precision = typmod >= 0 && typmod <= 6 ? typmod : 6;
    switch (oid) {
    case PG_DATE:
        return PLAIN(encode_date, "int32",
                     mode == TIME_CONNECT ? "org.apache.kafka.connect.data.Date"
                                          : "io.debezium.time.Date");
    case PG_TIME:
        if (mode == TIME_CONNECT)
            return PLAIN(encode_time_ms, "int32", "org.apache.kafka.connect.data.Time");
        if (mode == TIME_ADAPTIVE && coarse)
            return PLAIN(encode_time_ms, "int32", "io.debezium.time.Time");
        return PLAIN(encode_time_us, "int64", "io.debezium.time.MicroTime");
    case PG_TIMETZ:
        return PLAIN(encode_timetz, "string", "io.debezium.time.ZonedTime");
    case PG_TIMESTAMP:
        if (mode == TIME_CONNECT)
            return PLAIN(encode_timestamp_ms, "int64", "org.apache.kafka.connect.data.Timestamp");
        if (coarse)
            return PLAIN(encode_timestamp_ms, "int64", "io.debezium.time.Timestamp");
        return PLAIN(encode_timestamp_us, "int64", "io.debezium.time.MicroTimestamp");
    case PG_TIMESTAMPTZ:
        return PLAIN(encode_timestamptz, "string", "io.debezium.time.ZonedTimestamp");
    default:
        if (f->set->intervals == INTERVAL_STRING)
            return PLAIN(encode_interval_text, "string", "io.debezium.time.Interval");
        return PLAIN(encode_interval_us, "int64", "io.debezium.time.MicroDuration");
    }
}

static struct kind kind_of_bits(struct field *f, int32_t typmod)
{
    static const int NO_LIMIT = 2147483647;
    f->precision = typmod >= 0 ? typmod : NO_LIMIT;
    if (f->precision <= 1)
        return PLAIN(encode_bit, "boolean", NULL);
    return (struct kind){encode_bits, {SHAPE_BITS, "bytes", "io.debezium.data.Bits", NULL}};
}

/* Types that extensions and users make: known by name. */
static struct kind kind_by_name(struct field *f, const char *name)
{
    if (!strcmp(name, "hstore")) {
        if (f->set->hstore == HSTORE_MAP)
            return (struct kind){encode_hstore_map, {SHAPE_MAP, "map", NULL, NULL}};
        return PLAIN(encode_hstore_json, "string", "io.debezium.data.Json");
    }
    if (!strcmp(name, "ltree"))
        return PLAIN(encode_text, "string", "io.debezium.data.Ltree");
    if (f->column->enum_values)
        return (struct kind){encode_text, {SHAPE_ENUM, "string", "io.debezium.data.Enum", NULL}};
    return PLAIN(encode_text, "string", NULL);
}

static struct kind kind_of(struct field *f, uint32_t oid, const char *name, int32_t typmod)
{
    switch (oid) {
    case PG_BOOL:
        return PLAIN(encode_bool, "boolean", NULL);
    case PG_INT2:
        return PLAIN(encode_integer, "int16", NULL);
    case PG_INT4:
        return PLAIN(encode_integer, "int32", NULL);
    case PG_INT8:
    case PG_OID:
        return PLAIN(encode_integer, "int64", NULL);
    case PG_FLOAT4:
        return PLAIN(encode_float, "float", NULL);
    case PG_FLOAT8:
        return PLAIN(encode_float, "double", NULL);
    case PG_NUMERIC:
        return kind_of_numeric(f, typmod, false);
    case PG_MONEY:
        return kind_of_numeric(f, -1, true);
    case PG_BYTEA:
        return PLAIN(encode_binary, f->set->binary == BINARY_BYTES ? "bytes" : "string", NULL);
    case PG_DATE:
    case PG_TIME:
    case PG_TIMETZ:
    case PG_TIMESTAMP:
    case PG_TIMESTAMPTZ:
    case PG_INTERVAL:
        return kind_of_time(f, oid, typmod);
    case PG_BIT:
    case PG_VARBIT:
        return kind_of_bits(f, typmod);
    case PG_JSON:
    case PG_JSONB:
        return PLAIN(encode_text, "string", "io.debezium.data.Json");
    case PG_XML:
        return PLAIN(encode_text, "string", "io.debezium.data.Xml");
    case PG_UUID:
        return PLAIN(encode_text, "string", "io.debezium.data.Uuid");
    case PG_TSVECTOR:
        return PLAIN(encode_text, "string", "io.debezium.data.Tsvector");
    case PG_POINT:
        return (struct kind){
            encode_point,
            {SHAPE_POINT, "struct", "io.debezium.data.geometry.Point", "Geometry (POINT)"}};
    default:
        return kind_by_name(f, name);
    }
}

/* An array of numbers cannot hold the placeholder's text: it holds its bytes, one an element. */
static void unchanged_numbers(const struct field *f, bool floating, struct buf *out)
{
    bool first = true;
    buf_ch(out, '[');
    for (const char *p = f->set->placeholder; *p; p++) {
        if (!first)
            buf_ch(out, ',');
        first = false;
        buf_i64(out, (signed char)*p);
        if (floating)
            buf_lit(out, ".0");
    }
    buf_ch(out, ']');
}

/*
 * The value that stands for one that was not sent. False where the type has none: a number or a
 * boolean cannot say it, but those are never stored out of line either (a numeric can be, in the
 * mode double it then has none).
 */
static bool unchanged_json(const struct field *f, struct buf *out)
{
    const char *text = f->set->placeholder;
    size_t n = strlen(text);
    const char *type = f->shape.type;
    switch (f->shape.kind) {
    case SHAPE_ARRAY: {
        const struct field *el = f->element;
        const char *t = el->shape.type;
        bool floating = !strcmp(t, "float") || !strcmp(t, "double");
        if (floating || !strncmp(t, "int", 3)) {
            unchanged_numbers(f, floating, out);
            return true;
        }
        buf_ch(out, '[');
        bool ok = unchanged_json(el, out);
        buf_ch(out, ']');
        return ok;
    }
    case SHAPE_VARIABLE:
        buf_lit(out, "{\"scale\":0,\"value\":\"");
        encode_base64(out, text, n, BASE64_PLAIN);
        buf_lit(out, "\"}");
        return true;
    case SHAPE_MAP:
        buf_ch(out, '{');
        buf_json_string(out, text, n);
        buf_ch(out, ':');
        buf_json_string(out, text, n);
        buf_ch(out, '}');
        return true;
    case SHAPE_POINT:
        return false;
    default:
        break;
    }
    if (f->write == encode_hstore_json) {
        struct buf inner;
        buf_init(&inner, 0);
        buf_ch(&inner, '{');
        buf_json_string(&inner, text, n);
        buf_ch(&inner, ':');
        buf_json_string(&inner, text, n);
        buf_ch(&inner, '}');
        buf_json_string(out, buf_cstr(&inner), inner.len);
        out->failed |= inner.failed;
        buf_free(&inner);
    } else if (f->write == encode_binary || !strcmp(type, "bytes")) {
        buf_ch(out, '"');
        write_bytes(f->write == encode_binary ? f->set->binary : BINARY_BYTES, text, n, out);
        buf_ch(out, '"');
    } else if (!strcmp(type, "string")) {
        buf_json_string(out, text, n);
    } else {
        return false;
    }
    return true;
}

static enum err plan_unchanged(struct field *f, struct errbuf *e)
{
    struct buf b;
    buf_init(&b, 0);
    bool ok = unchanged_json(f, &b);
    enum err rc = buf_check(&b, "a placeholder", e);
    if (rc == ERR_OK && ok) {
        f->unchanged = b.p;
        f->n_unchanged = b.len;
    } else {
        buf_free(&b);
    }
    return rc;
}

static enum err plan_lead(struct field *f, struct errbuf *e)
{
    struct buf b;
    buf_init(&b, 0);
    buf_ch(&b, ',');
    struct field any = {.strict = true};
    encode_string(&any, f->column->name, strlen(f->column->name), &b);
    buf_ch(&b, ':');
    enum err rc = buf_check(&b, "a column's name", e);
    if (rc != ERR_OK) {
        buf_free(&b);
        return rc;
    }
    f->lead = b.p;
    f->n_lead = b.len;
    return ERR_OK;
}

enum err field_plan(struct field *f, struct encode_settings *set, const struct column *c,
                    bool strict, struct errbuf *e)
{
    *f = (struct field){.set = set, .column = c, .strict = strict};
    struct kind k;
    if (c->elem_oid) {
        f->element = calloc(1, sizeof *f->element);
        if (!f->element)
            return err_set(e, ERR_NOMEM, "no memory for the plan of column \"%s\"", c->name);
        *f->element = (struct field){.set = set, .column = c, .strict = strict};
        struct kind el =
            kind_of(f->element, c->elem_oid, c->elem_name ? c->elem_name : "", c->typmod);
        f->element->write = el.write;
        f->element->shape = el.shape;
        k = (struct kind){encode_array, {SHAPE_ARRAY, "array", NULL, NULL}};
    } else {
        k = kind_of(f, c->type_oid, c->type_name ? c->type_name : "", c->typmod);
    }
    f->write = k.write;
    f->shape = k.shape;
    enum err rc = plan_lead(f, e);
    return rc == ERR_OK ? plan_unchanged(f, e) : rc;
}

void field_free(struct field *f)
{
    free(f->element);
    free(f->lead);
    free(f->unchanged);
    *f = (struct field){0};
}
