/*
 * Both halves of backend/envelope together: a value of every type is written, the schema record is
 * read, the record is decoded, and the value must be the same again, in every combination of modes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/envelope/decode.h"
#include "tests/fixture/encoding.h"

enum { ARENA_BLOCK = 4096, COLUMNS_MAX = 64 };

/* Where a mode says what comes out, that mode's value is named in `when`. */
enum when {
    ALWAYS,
    EXACT,
    PRECISE,
    DOUBLE,
    STRING,
    NUMERIC_INTERVAL,
    STRING_INTERVAL,
    TIMES_IN_MS
};

struct value {
    struct encoding_column column;
    const char *in;
    const char *out; /* NULL: the same as in */
    enum when only;  /* not in other modes */
};

#define T(t, o, m)                                                                                 \
    {                                                                                              \
        .name = "c", .type = (t), .oid = (o), .typmod = (m)                                        \
    }
#define A(t, o, m)                                                                                 \
    {                                                                                              \
        .name = "c", .type = "_" t, .oid = 1, .typmod = (m), .element = (t), .element_oid = (o)    \
    }

static const struct value values[] = {
    {T("bool", PG_BOOL, -1), "t", "true", ALWAYS},
    {T("int2", PG_INT2, -1), "-32768", NULL, ALWAYS},
    {T("int4", PG_INT4, -1), "2147483647", NULL, ALWAYS},
    {T("int8", PG_INT8, -1), "-9223372036854775808", NULL, ALWAYS},
    {T("oid", PG_OID, -1), "4294967295", NULL, ALWAYS},
    {T("float8", PG_FLOAT8, -1), "0.1", NULL, ALWAYS},
    {T("float8", PG_FLOAT8, -1), "NaN", NULL, ALWAYS},
    {T("float4", PG_FLOAT4, -1), "-Infinity", NULL, ALWAYS},
    {T("numeric", PG_NUMERIC, NUMERIC(10, 2)), "-99999999.99", NULL, EXACT},
    {T("numeric", PG_NUMERIC, NUMERIC(10, 2)), "0.05", NULL, ALWAYS},
    {T("numeric", PG_NUMERIC, NUMERIC(3, -2)), "12300", NULL, PRECISE},
    {T("numeric", PG_NUMERIC, -1), "12345678901234567890123456789.123456789", NULL, PRECISE},
    {T("numeric", PG_NUMERIC, -1), "12345678901234567890123456789.123456789", NULL, STRING},
    {T("numeric", PG_NUMERIC, -1), "NaN", NULL, STRING},
    {T("numeric", PG_NUMERIC, -1), "-Infinity", NULL, STRING},
    {T("numeric", PG_NUMERIC, -1), "NaN", NULL, DOUBLE},
    {T("money", PG_MONEY, -1), "-$92,233,720,368.07", "-92233720368.07", PRECISE},
    {T("money", PG_MONEY, -1), "$1,234.56", "1234.56", STRING},
    {T("text", PG_TEXT, -1), "a \"q\" \\ b\nc\td \x01 \xc3\xa9 \xf0\x9f\x98\x80", NULL, ALWAYS},
    {T("text", PG_TEXT, -1), "", NULL, ALWAYS},
    {T("bpchar", PG_BPCHAR, 7), "ab ", NULL, ALWAYS},
    {T("jsonb", PG_JSONB, -1), "{\"a\": 1.50}", NULL, ALWAYS},
    {T("uuid", PG_UUID, -1), "0f8fad5b-d9cb-469f-a165-70867728950e", NULL, ALWAYS},
    {T("bytea", PG_BYTEA, -1), "\\xdeadbeef00", NULL, ALWAYS},
    {T("bytea", PG_BYTEA, -1), "\\x", NULL, ALWAYS},
    {T("date", PG_DATE, -1), "2026-02-03", NULL, ALWAYS},
    {T("date", PG_DATE, -1), "0044-03-15 BC", NULL, ALWAYS},
    {T("date", PG_DATE, -1), "infinity", NULL, ALWAYS},
    {T("date", PG_DATE, -1), "-infinity", NULL, ALWAYS},
    {T("time", PG_TIME, 3), "12:34:56.789", NULL, ALWAYS},
    {T("time", PG_TIME, -1), "24:00:00", NULL, ALWAYS},
    {T("timestamp", PG_TIMESTAMP, 3), "2026-02-03 04:05:06.789", NULL, ALWAYS},
    {T("timestamp", PG_TIMESTAMP, -1), "1969-12-31 23:59:59.999", NULL, ALWAYS},
    {T("timestamp", PG_TIMESTAMP, -1), "infinity", NULL, ALWAYS},
    {T("timestamp", PG_TIMESTAMP, 3), "-infinity", NULL, ALWAYS},
    {T("timestamp", PG_TIMESTAMP, -1), "2026-02-03 04:05:06.789012", "2026-02-03 04:05:06.789",
     TIMES_IN_MS},
    {T("timestamptz", PG_TIMESTAMPTZ, -1), "2026-02-03 03:05:06.789012+00", NULL, ALWAYS},
    {T("timestamptz", PG_TIMESTAMPTZ, -1), "-infinity", NULL, ALWAYS},
    {T("timestamptz", PG_TIMESTAMPTZ, -1), "4713-01-01 00:00:00+00 BC", NULL, ALWAYS},
    {T("interval", PG_INTERVAL, -1), "-1 days +00:00:01", "-86399000000", NUMERIC_INTERVAL},
    {T("interval", PG_INTERVAL, -1), "1 year 00:00:01.5", "P1Y0M0DT0H0M1.5S", STRING_INTERVAL},
    {T("bit", PG_BIT, 5), "00110", NULL, ALWAYS},
    {T("bit", PG_BIT, 1), "1", "true", ALWAYS},
    {T("varbit", PG_VARBIT, -1), "1011", NULL, ALWAYS},
    {T("point", PG_POINT, -1), "(1.5,-2)", NULL, ALWAYS},
    {T("hstore", 99999, -1), "\"a\"=>\"1\", \"b\"=>NULL", "{\"a\":\"1\",\"b\":null}", ALWAYS},
    {T("inet", PG_INET, -1), "192.168.1.5/24", NULL, ALWAYS},
    {A("int4", PG_INT4, -1), "{{1,2},{3,NULL}}", "[[1,2],[3,null]]", ALWAYS},
    {A("text", PG_TEXT, -1), "{a,\"b\\\"c\"}", "[\"a\",\"b\\\"c\"]", ALWAYS},
};

/* Types whose values can be stored out of line. */
static const struct encoding_column toasted[] = {
    T("text", PG_TEXT, -1),
    T("jsonb", PG_JSONB, -1),
    T("xml", PG_XML, -1),
    T("bytea", PG_BYTEA, -1),
    T("varbit", PG_VARBIT, -1),
    T("hstore", 99999, -1),
    T("tsvector", PG_TSVECTOR, -1),
    T("polygon", 604, -1),
    A("text", PG_TEXT, -1),
    A("bytea", PG_BYTEA, -1),
    A("int2", PG_INT2, -1),
    A("int8", PG_INT8, -1),
    A("float8", PG_FLOAT8, -1),
    A("date", PG_DATE, -1),
    A("timestamptz", PG_TIMESTAMPTZ, -1),
    A("uuid", PG_UUID, -1),
    A("numeric", PG_NUMERIC, -1),
    A("numeric", PG_NUMERIC, NUMERIC(10, 2)),
    A("jsonb", PG_JSONB, -1),
    T("numeric", PG_NUMERIC, -1),
    T("numeric", PG_NUMERIC, NUMERIC(1000, 2)),
};

static bool applies(enum when w, const struct envelope_options *o)
{
    switch (w) {
    case EXACT:
        return o->decimals != DECIMAL_DOUBLE;
    case PRECISE:
        return o->decimals == DECIMAL_PRECISE;
    case DOUBLE:
        return o->decimals == DECIMAL_DOUBLE;
    case STRING:
        return o->decimals == DECIMAL_STRING;
    case NUMERIC_INTERVAL:
        return o->intervals == INTERVAL_NUMERIC;
    case STRING_INTERVAL:
        return o->intervals == INTERVAL_STRING;
    case TIMES_IN_MS:
        return o->times == TIME_CONNECT;
    default:
        return true;
    }
}

static int find_column(const struct flat_columns *c, const char *name)
{
    for (int i = 0; i < c->n; i++)
        if (!strcmp(c->columns[i].name, name))
            return i;
    fail_msg("no column %s", name);
    return -1;
}

static struct flat_plan *plan_of(const struct envelope_table *t)
{
    struct buf key;
    struct buf value;
    struct errbuf e;
    struct flat_plan *p = NULL;
    buf_init(&key, 0);
    buf_init(&value, 0);
    assert_int_equal(envelope_write_schema_record(t, &key, &value, &e), ERR_OK);
    if (flat_plan_from_schema_record(value.p, value.len, &p, &e) != ERR_OK)
        fail_msg("%s", e.text);
    buf_free(&key);
    buf_free(&value);
    return p;
}

/* There and back; `expected` NULL: the value was not sent and must come back as that. */
static void round_trip(const struct envelope_options *o, const struct encoding_column *s,
                       struct cell in, const char *expected)
{
    struct buf b;
    struct errbuf e;
    struct cell cells[COLUMNS_MAX];
    int unknown = 0;
    struct envelope_event ev = {.op = 'u', .after = &in};
    struct envelope_table *t = encoding_table(o, 'd', s, 1);
    struct flat_plan *p = plan_of(t);
    struct arena *a = arena_create(ARENA_BLOCK);
    const struct flat_columns *c = flat_plan_columns(p);
    assert_true(c->n <= COLUMNS_MAX);
    buf_init(&b, 0);
    if (envelope_write_value(t, &ev, &b, &e) != ERR_OK ||
        flat_decode(p, b.p, b.len, a, cells, &unknown, &e) != ERR_OK)
        fail_msg("%s \"%s\": %s", s->type, in.kind == CELL_TEXT ? in.p : "?", e.text);
    assert_int_equal(unknown, 0);
    const struct cell *out = &cells[find_column(c, "after_c")];
    if (!expected) {
        if (out->kind != CELL_UNCHANGED)
            fail_msg("%s: an unchanged value became %d \"%.*s\" from %s", s->type, out->kind,
                     (int)out->len, out->p, buf_cstr(&b));
        assert_memory_equal(cells[c->unchanged].p, ",c,", 3);
    } else if (out->kind != CELL_TEXT || out->len != strlen(expected) ||
               memcmp(out->p, expected, out->len) != 0) {
        fail_msg("%s \"%s\" became \"%.*s\", not \"%s\"", s->type, in.p, (int)out->len, out->p,
                 expected);
    }
    buf_free(&b);
    arena_destroy(a);
    flat_plan_unref(p);
    envelope_table_destroy(t);
}

/* Every combination of the modes. */
static bool next_modes(struct envelope_options *o)
{
    unsigned *modes[] = {(unsigned *)&o->decimals, (unsigned *)&o->times, (unsigned *)&o->binary,
                         (unsigned *)&o->intervals, (unsigned *)&o->hstore};
    static const unsigned counts[] = {3, 3, 4, 2, 2};
    for (int i = 0; i < LENGTH(modes); i++) {
        if (++*modes[i] < counts[i])
            return true;
        *modes[i] = 0;
    }
    return false;
}

static void values_come_back(void **state)
{
    (void)state;
    struct envelope_options o = encoding_defaults;
    do
        for (int i = 0; i < LENGTH(values); i++)
            if (applies(values[i].only, &o))
                round_trip(&o, &values[i].column, encoding_text(values[i].in),
                           values[i].out ? values[i].out : values[i].in);
    while (next_modes(&o));
}

static void unchanged_comes_back(void **state)
{
    (void)state;
    struct envelope_options o = encoding_defaults;
    do
        for (int i = 0; i < LENGTH(toasted); i++)
            if (strcmp(toasted[i].type, "numeric") != 0 || o.decimals != DECIMAL_DOUBLE)
                round_trip(&o, &toasted[i], (struct cell){.kind = CELL_UNCHANGED}, NULL);
    while (next_modes(&o));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back),
        cmocka_unit_test(unchanged_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
