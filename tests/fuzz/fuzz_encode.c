/*
 * The encoder on any bytes. Byte 0 chooses the type, byte 1 the modes; the rest is a value, and a
 * column's name, and its default. Whatever is written must be JSON, a refusal must leave nothing
 * behind, and a string must come back from its JSON.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "backend/envelope/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const char *type;
    uint32_t oid;
    int32_t typmod;
} types[] = {
    {"bool", PG_BOOL, -1},
    {"bytea", PG_BYTEA, -1},
    {"int8", PG_INT8, -1},
    {"float4", PG_FLOAT4, -1},
    {"float8", PG_FLOAT8, -1},
    {"numeric", PG_NUMERIC, -1},
    {"numeric", PG_NUMERIC, (10 << 16 | 2) + 4},
    {"numeric", PG_NUMERIC, (5 << 16 | 0x7fd) + 4},
    {"money", PG_MONEY, -1},
    {"text", PG_TEXT, -1},
    {"date", PG_DATE, -1},
    {"time", PG_TIME, -1},
    {"time", PG_TIME, 2},
    {"timetz", PG_TIMETZ, -1},
    {"timestamp", PG_TIMESTAMP, -1},
    {"timestamp", PG_TIMESTAMP, 3},
    {"timestamptz", PG_TIMESTAMPTZ, -1},
    {"timestamptz", PG_TIMESTAMPTZ, 0},
    {"interval", PG_INTERVAL, -1},
    {"bit", PG_BIT, 1},
    {"varbit", PG_VARBIT, -1},
    {"point", PG_POINT, -1},
    {"hstore", 99999, -1},
    {"box", 603, -1},
};

enum { TYPES = sizeof types / sizeof *types, ARRAYS = 0x80 };

static void fail_unless(bool ok)
{
    if (!ok)
        abort();
}

static struct relation *make_relation(uint8_t choice, const char *text)
{
    int i = (choice & ~ARRAYS) % TYPES;
    struct relation *r = relation_create(1);
    fail_unless(r);
    struct column *c = r->columns;
    r->schema = strdup("s");
    r->name = strdup("t");
    r->identity = 'd';
    r->n_key = c->key_pos = 1;
    c->name = strdup(text);
    c->default_sql = strdup(text);
    c->type_name = strdup(choice & ARRAYS ? "_array" : types[i].type);
    c->type_oid = choice & ARRAYS ? 88888 : types[i].oid;
    c->typmod = types[i].typmod;
    c->elem_oid = choice & ARRAYS ? types[i].oid : 0;
    c->elem_name = choice & ARRAYS ? strdup(types[i].type) : NULL;
    return r;
}

static json_t *load(const struct buf *b)
{
    json_t *j = json_loadb(b->p, b->len, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
    fail_unless(j);
    return j;
}

/* Text that is UTF-8 comes back as it was; jansson knows what is. */
static void check_text(const json_t *record, const char *name, const char *p, size_t n)
{
    json_t *expected = json_stringn(p, n);
    json_t *value = json_object_get(json_object_get(record, "after"), name);
    if (expected && value)
        fail_unless(json_equal(expected, value));
    json_decref(expected);
}

static void check(const struct envelope_options *o, struct relation *r, const char *p, size_t n)
{
    struct envelope_table *t = NULL;
    struct errbuf e;
    struct buf key;
    struct buf value;
    struct cell cell = {p, (uint32_t)n, CELL_TEXT};
    struct envelope_event ev = {.op = 'u', .before = &cell, .after = &cell};
    buf_init(&key, 0);
    buf_init(&value, 0);
    fail_unless(envelope_table_create(o, r, &t, &e) == ERR_OK);
    enum err rc = envelope_write_key(t, &cell, &key, &e);
    fail_unless(rc == envelope_write_value(t, &ev, &value, &e));
    if (rc == ERR_OK) {
        json_decref(load(&key));
        json_t *j = load(&value);
        if (r->columns[0].type_oid == PG_TEXT)
            check_text(j, r->columns[0].name, p, n);
        json_decref(j);
    } else {
        fail_unless(rc == ERR_DATA && !key.len && !value.len);
    }
    buf_clear(&key);
    buf_clear(&value);
    fail_unless(envelope_write_schema_record(t, &key, &value, &e) == ERR_OK);
    json_decref(load(&key));
    json_decref(load(&value));
    buf_free(&key);
    buf_free(&value);
    envelope_table_destroy(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 4096 || memchr(data + 2, 0, size - 2))
        return 0; /* PostgreSQL's text holds no NUL */
    uint8_t modes = data[1];
    const struct envelope_options o = {
        .prefix = "p",
        .database = "d",
        .version = "v",
        .decimals = (enum decimal_mode)(modes % 3),
        .times = (enum time_mode)(modes / 3 % 3),
        .binary = (enum binary_mode)(modes / 9 % 4),
        .intervals = (enum interval_mode)(modes / 36 % 2),
        .hstore = (enum hstore_mode)(modes / 72 % 2),
        .overflow = (enum overflow_mode)(modes / 144 % 2),
        .inline_schema_key = true,
    };
    char *text = malloc(size - 1);
    fail_unless(text);
    memcpy(text, data + 2, size - 2);
    text[size - 2] = '\0';
    struct relation *r = make_relation(data[0], text);
    check(&o, r, (const char *)data + 2, size - 2);
    relation_unref(r);
    free(text);
    return 0;
}
