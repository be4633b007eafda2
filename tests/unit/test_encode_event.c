/* The encoder's records: keys, events, schemas, what was not sent, topics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "backend/envelope/encode.h"
#include "tests/fixture/encoding.h"

/* ---- keys, events ---- */

static const struct encoding_column flights[] = {
    {.name = "leg", .type = "text", .oid = PG_TEXT, .typmod = -1, .key = 2, .not_null = true},
    {.name = "id \"x\"", .type = "int4", .oid = PG_INT4, .typmod = -1, .key = 1, .not_null = true},
    {.name = "seats", .type = "int4", .oid = PG_INT4, .typmod = -1, .not_null = true},
    {.name = "note", .type = "text", .oid = PG_TEXT, .typmod = -1},
};

static void keys(void **state)
{
    (void)state;
    struct errbuf e;
    struct buf b;
    struct cell row[] = {encoding_text("a\xf0\x9f\x98\x80\x1f\n"), encoding_text("7"),
                         encoding_text("1"), encoding_text(NULL)};
    struct envelope_table *t = encoding_table(&encoding_defaults, 'd', flights, 4);
    buf_init(&b, 0);
    buf_lit(&b, "kept");
    assert_int_equal(envelope_write_key(t, row, &b, &e), ERR_OK);
    /* in key order, and as Jackson escapes it */
    assert_string_equal(buf_cstr(&b),
                        "kept{\"id \\\"x\\\"\":7,\"leg\":\"a\\uD83D\\uDE00\\u001F\\n\"}");
    row[1] = encoding_text("x");
    assert_int_equal(envelope_write_key(t, row, &b, &e), ERR_DATA);
    assert_string_equal(e.text, "o.t, column \"id \"x\"\" (int4): \"x\" is not an integer");
    assert_int_equal(b.len,
                     strlen("kept{\"id \\\"x\\\"\":7,\"leg\":\"a\\uD83D\\uDE00\\u001F\\n\"}"));
    row[0].kind = CELL_UNCHANGED;
    row[1] = encoding_text("7");
    assert_int_equal(envelope_write_key(t, row, &b, &e), ERR_DATA);
    assert_non_null(strstr(e.text, "REPLICA IDENTITY FULL"));
    envelope_table_destroy(t);

    t = encoding_table(&encoding_defaults, 'f', flights + 2, 2);
    buf_clear(&b);
    assert_int_equal(envelope_write_key(t, row, &b, &e), ERR_NOT_FOUND);
    assert_int_equal(b.len, 0);
    envelope_table_destroy(t);

    struct envelope_options o = encoding_defaults;
    o.inline_schema_key = true;
    t = encoding_table(&o, 'd', flights, 4);
    row[0] = encoding_text("x");
    assert_int_equal(envelope_write_key(t, row, &b, &e), ERR_OK);
    assert_string_equal(
        buf_cstr(&b),
        "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":false,"
        "\"field\":\"id \\\"x\\\"\"},{\"type\":\"string\",\"optional\":false,\"field\":\"leg\"}],"
        "\"optional\":false,\"name\":\"p.o.t.Key\"},\"payload\":{\"id "
        "\\\"x\\\"\":7,\"leg\":\"x\"}}");
    buf_clear(&b);
    assert_int_equal(envelope_write_header_key(t, row, &b, &e), ERR_OK);
    assert_string_equal(buf_cstr(&b), "{\"id \\\"x\\\"\":7,\"leg\":\"x\"}");
    envelope_table_destroy(t);
    buf_free(&b);
}

static void key_changes(void **state)
{
    (void)state;
    struct envelope_table *t = encoding_table(&encoding_defaults, 'd', flights, 4);
    struct cell a[] = {encoding_text("x"), encoding_text("7"), encoding_text("1"),
                       encoding_text(NULL)};
    struct cell b[] = {encoding_text("x"), encoding_text("7"), encoding_text("2"),
                       encoding_text("other")};
    assert_false(envelope_key_differs(t, a, b));
    b[1] = encoding_text("8");
    assert_true(envelope_key_differs(t, a, b));
    b[1] = encoding_text("70");
    assert_true(envelope_key_differs(t, a, b));
    b[1] = encoding_text("7");
    b[0] = encoding_text(NULL);
    assert_true(envelope_key_differs(t, a, b));
    b[0].kind = CELL_UNCHANGED;
    assert_false(envelope_key_differs(t, a, b));
    envelope_table_destroy(t);
}

static void whole_events(void **state)
{
    (void)state;
    struct errbuf e;
    struct buf b;
    struct cell before[] = {encoding_text("x"), encoding_text("7"), encoding_text(NULL),
                            encoding_text(NULL)};
    struct cell after[] = {encoding_text("y"), encoding_text("7"), encoding_text("3"),
                           encoding_text("n")};
    struct envelope_event ev = {.op = 'u',
                                .before = before,
                                .after = after,
                                .lsn = 532712672,
                                .last_commit_lsn = 532712144,
                                .source_us = 1795543987050043,
                                .now_ns = 1795543987540231204,
                                .xid = 16145,
                                .has_xid = true,
                                .snapshot = "false"};
    struct envelope_table *t = encoding_table(&encoding_defaults, 'd', flights, 4);
    buf_init(&b, 0);
    assert_int_equal(envelope_write_value(t, &ev, &b, &e), ERR_OK);
    assert_string_equal(
        buf_cstr(&b),
        "{\"before\":{\"leg\":\"x\",\"id \\\"x\\\"\":7,\"seats\":null,\"note\":null},"
        "\"after\":{\"leg\":\"y\",\"id \\\"x\\\"\":7,\"seats\":3,\"note\":\"n\"},"
        "\"source\":{\"version\":\"3.7.0.Final\",\"connector\":\"postgresql\",\"name\":\"p\","
        "\"ts_ms\":1795543987050,\"snapshot\":\"false\",\"db\":\"src\","
        "\"sequence\":\"[\\\"532712144\\\",\\\"532712672\\\"]\",\"ts_us\":1795543987050043,"
        "\"ts_ns\":1795543987050043000,\"schema\":\"o\",\"table\":\"t\",\"txId\":16145,"
        "\"lsn\":532712672,\"xmin\":null,\"origin\":null,\"origin_lsn\":null},"
        "\"transaction\":null,\"op\":\"u\",\"ts_ms\":1795543987540,\"ts_us\":1795543987540231,"
        "\"ts_ns\":1795543987540231204}");
    buf_clear(&b);
    ev = (struct envelope_event){.op = 't', .lsn = 5, .snapshot = "false"};
    assert_int_equal(envelope_write_value(t, &ev, &b, &e), ERR_OK);
    assert_non_null(strstr(buf_cstr(&b), "{\"before\":null,\"after\":null,\"source\":{"));
    assert_non_null(strstr(b.p, "\"sequence\":\"[null,\\\"5\\\"]\""));
    assert_non_null(strstr(b.p, "\"txId\":null,\"lsn\":5,"));
    buf_clear(&b);
    buf_lit(&b, "kept");
    after[2] = encoding_text("three");
    ev = (struct envelope_event){.op = 'c', .after = after};
    assert_int_equal(envelope_write_value(t, &ev, &b, &e), ERR_DATA);
    assert_string_equal(e.text, "o.t, column \"seats\" (int4): \"three\" is not an integer");
    assert_string_equal(buf_cstr(&b), "kept");
    buf_free(&b);
    buf_init(&b, 300); /* a record larger than the buffer may become */
    after[2] = encoding_text("3");
    assert_int_equal(envelope_write_value(t, &ev, &b, &e), ERR_LIMIT);
    assert_int_equal(b.len, 0);
    buf_free(&b);
    envelope_table_destroy(t);
}

/* The start of a long value, cut between characters. */
static void error_texts(void **state)
{
    (void)state;
    char long_text[200];
    struct errbuf e;
    memset(long_text, 'x', 59);
    strcpy(long_text + 59, "\xc3\xa9\xc3\xa9 and so on, far beyond what an error should show");
    assert_null(encoding_one(&encoding_defaults, SCALAR("int4", PG_INT4, -1),
                             encoding_text(long_text), &e));
    long_text[59] = '\0';
    char expected[300];
    (void)snprintf(expected, sizeof expected,
                   "o.t, column \"c\" (int4): \"%s\".. is not an integer", long_text);
    assert_string_equal(e.text, expected);
}

/* ---- values that were not sent ---- */

#define PLACEHOLDER   "__debezium_unavailable_value"
#define PLACEHOLDER64 "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="
#define PLACEHOLDER_BYTES                                                                          \
    "95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,"   \
    "108,117,101"

static void check_unchanged(const struct envelope_options *o, const struct encoding_column *s,
                            const char *expected)
{
    struct errbuf e = {0};
    char *json = encoding_one(o, s, (struct cell){.kind = CELL_UNCHANGED}, &e);
    if (expected) {
        if (!json)
            fail_msg("%s", e.text);
        assert_string_equal(json, expected);
    } else {
        assert_null(json);
        assert_non_null(strstr(e.text, "REPLICA IDENTITY FULL"));
    }
    free(json);
}

static void unchanged_values(void **state)
{
    (void)state;
    struct envelope_options o = encoding_defaults;
    check_unchanged(&o, SCALAR("text", PG_TEXT, -1), "\"" PLACEHOLDER "\"");
    check_unchanged(&o, SCALAR("jsonb", PG_JSONB, -1), "\"" PLACEHOLDER "\"");
    check_unchanged(&o, SCALAR("bytea", PG_BYTEA, -1), "\"" PLACEHOLDER64 "\"");
    check_unchanged(&o, SCALAR("varbit", PG_VARBIT, -1), "\"" PLACEHOLDER64 "\"");
    check_unchanged(&o, SCALAR("numeric", PG_NUMERIC, -1),
                    "{\"scale\":0,\"value\":\"" PLACEHOLDER64 "\"}");
    check_unchanged(&o, SCALAR("numeric", PG_NUMERIC, NUMERIC(1000, 2)), "\"" PLACEHOLDER64 "\"");
    check_unchanged(&o, ARRAY("text", PG_TEXT, -1), "[\"" PLACEHOLDER "\"]");
    check_unchanged(&o, ARRAY("bytea", PG_BYTEA, -1), "[\"" PLACEHOLDER64 "\"]");
    check_unchanged(&o, ARRAY("int4", PG_INT4, -1), "[" PLACEHOLDER_BYTES "]");
    check_unchanged(&o, ARRAY("date", PG_DATE, -1), "[" PLACEHOLDER_BYTES "]");
    check_unchanged(&o, SCALAR("hstore", 16400, -1),
                    "\"{\\\"" PLACEHOLDER "\\\":\\\"" PLACEHOLDER "\\\"}\"");
    check_unchanged(&o, SCALAR("int4", PG_INT4, -1), NULL);
    check_unchanged(&o, ARRAY("bool", PG_BOOL, -1), NULL);
    o.hstore = HSTORE_MAP;
    check_unchanged(&o, SCALAR("hstore", 16400, -1), "{\"" PLACEHOLDER "\":\"" PLACEHOLDER "\"}");
    o.decimals = DECIMAL_DOUBLE;
    check_unchanged(&o, SCALAR("numeric", PG_NUMERIC, -1), NULL);
    o.decimals = DECIMAL_STRING;
    o.placeholder = "n/a \"";
    check_unchanged(&o, SCALAR("numeric", PG_NUMERIC, -1), "\"n/a \\\"\"");
    check_unchanged(&o, ARRAY("float8", PG_FLOAT8, -1), "[110.0,47.0,97.0,32.0,34.0]");
    o.binary = BINARY_HEX;
    check_unchanged(&o, SCALAR("bytea", PG_BYTEA, -1), "\"6e2f612022\"");
}

/* Under replica identity full the old row has it. */
static void unchanged_is_filled(void **state)
{
    (void)state;
    struct errbuf e;
    struct buf b;
    struct cell before[] = {encoding_text("1"), encoding_text("big")};
    struct cell after[] = {encoding_text("2"), {.kind = CELL_UNCHANGED}};
    struct envelope_event ev = {.op = 'u', .before = before, .after = after};
    struct envelope_table *t = encoding_table(&encoding_defaults, 'f', flights + 2, 2);
    buf_init(&b, 0);
    assert_int_equal(envelope_write_value(t, &ev, &b, &e), ERR_OK);
    assert_non_null(strstr(buf_cstr(&b), "\"after\":{\"seats\":2,\"note\":\"big\"}"));
    buf_clear(&b);
    before[1] = encoding_text(NULL); /* a key-only old row: not known */
    assert_int_equal(envelope_write_value(t, &ev, &b, &e), ERR_OK);
    assert_non_null(strstr(buf_cstr(&b), "\"after\":{\"seats\":2,\"note\":\"" PLACEHOLDER "\"}"));
    buf_free(&b);
    envelope_table_destroy(t);
}

/* ---- schemas ---- */

static json_t *schema_record(const struct envelope_options *o, char identity,
                             const struct encoding_column *s, int n)
{
    struct buf key;
    struct buf value;
    struct errbuf e;
    struct envelope_table *t = encoding_table(o, identity, s, n);
    buf_init(&key, 0);
    buf_init(&value, 0);
    if (envelope_write_schema_record(t, &key, &value, &e) != ERR_OK)
        fail_msg("%s", e.text);
    json_t *j = json_loadb(value.p, value.len, 0, NULL);
    assert_non_null(j);
    json_t *k = json_loadb(key.p, key.len, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(k, "relation")), "o.t");
    char fingerprint[20];
    (void)snprintf(fingerprint, sizeof fingerprint, "%016llx",
                   (unsigned long long)envelope_table_relation(t)->fingerprint);
    assert_string_equal(json_string_value(json_object_get(k, "fingerprint")), fingerprint);
    assert_true(json_equal(json_object_get(k, "fingerprint"), json_object_get(j, "fingerprint")));
    json_decref(k);
    buf_free(&key);
    buf_free(&value);
    envelope_table_destroy(t);
    return j;
}

static void expect_json(const json_t *j, const char *expected)
{
    char *s = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(s ? s : "(absent)", expected);
    free(s);
}

/* The schema of column i in before (0) or after (1). */
static json_t *field_of(const json_t *record, int row, int i)
{
    json_t *rows = json_object_get(json_object_get(record, "schema"), "fields");
    return json_array_get(json_object_get(json_array_get(rows, (size_t)row), "fields"), (size_t)i);
}

static void schema_records(void **state)
{
    (void)state;
    json_t *j = schema_record(&encoding_defaults, 'd', flights, 4);
    expect_json(json_object_get(j, "relation"), "\"o.t\"");
    expect_json(json_object_get(j, "topic"), "\"p.o.t\"");
    expect_json(json_object_get(j, "identity"), "\"d\"");
    expect_json(json_object_get(j, "columns"),
                "[{\"name\":\"leg\",\"type\":\"text\",\"typmod\":-1,\"not_null\":true,\"key\":2,"
                "\"element\":null,\"enum\":null,\"unchanged\":\"" PLACEHOLDER "\"},"
                "{\"name\":\"id \\\"x\\\"\",\"type\":\"int4\",\"typmod\":-1,\"not_null\":true,"
                "\"key\":1,\"element\":null,\"enum\":null},"
                "{\"name\":\"seats\",\"type\":\"int4\",\"typmod\":-1,\"not_null\":true,\"key\":0,"
                "\"element\":null,\"enum\":null},"
                "{\"name\":\"note\",\"type\":\"text\",\"typmod\":-1,\"not_null\":false,\"key\":0,"
                "\"element\":null,\"enum\":null,\"unchanged\":\"" PLACEHOLDER "\"}]");
    expect_json(json_object_get(j, "modes"),
                "{\"decimal\":\"precise\",\"time\":\"adaptive\",\"binary\":\"bytes\","
                "\"interval\":\"numeric\",\"hstore\":\"json\",\"placeholder\":\"" PLACEHOLDER
                "\"}");
    /* a delete's `before` has only the key: what is not of it may be null there */
    expect_json(field_of(j, 0, 2), "{\"type\":\"int32\",\"optional\":true,\"field\":\"seats\"}");
    expect_json(field_of(j, 1, 2), "{\"type\":\"int32\",\"optional\":false,\"field\":\"seats\"}");
    json_decref(j);
    j = schema_record(&encoding_defaults, 'f', flights, 4);
    expect_json(field_of(j, 0, 2), "{\"type\":\"int32\",\"optional\":false,\"field\":\"seats\"}");
    json_decref(j);
    j = schema_record(&encoding_defaults, 'f', flights + 2, 2);
    expect_json(json_object_get(j, "key_schema"), "null");
    json_decref(j);
}

/* The record's schema is the one that inline JSON carries. */
static void inline_schema_is_the_records(void **state)
{
    (void)state;
    struct errbuf e;
    struct buf b;
    struct envelope_options o = encoding_defaults;
    struct cell row[] = {encoding_text("x"), encoding_text("7"), encoding_text("1"),
                         encoding_text(NULL)};
    struct envelope_event ev = {.op = 'c', .after = row};
    o.inline_schema_value = true;
    struct envelope_table *t = encoding_table(&o, 'd', flights, 4);
    buf_init(&b, 0);
    assert_int_equal(envelope_write_value(t, &ev, &b, &e), ERR_OK);
    json_t *value = json_loadb(b.p, b.len, 0, NULL);
    json_t *record = schema_record(&o, 'd', flights, 4);
    assert_true(json_equal(json_object_get(value, "schema"), json_object_get(record, "schema")));
    json_decref(value);
    json_decref(record);
    buf_free(&b);
    envelope_table_destroy(t);
}

static void check_schema(const struct envelope_options *o, const struct encoding_column *s,
                         const char *expected)
{
    struct encoding_column one = *s;
    one.name = "c";
    json_t *j = schema_record(o, 'f', &one, 1);
    expect_json(field_of(j, 1, 0), expected);
    json_decref(j);
}

#define SCHEMA(type, more) "{\"type\":\"" type "\",\"optional\":true," more "\"field\":\"c\"}"
#define NAMED(name)        "\"name\":\"" name "\",\"version\":1,"

static void schemas_by_mode(void **state)
{
    (void)state;
    struct envelope_options o = encoding_defaults;
    check_schema(&o, SCALAR("nobody_knows_it", 99999, -1), SCHEMA("string", ""));
    check_schema(&o, SCALAR("ltree", 99999, -1), SCHEMA("string", NAMED("io.debezium.data.Ltree")));
    check_schema(&o, SCALAR("varbit", PG_VARBIT, 1), SCHEMA("boolean", ""));
    check_schema(
        &o, SCALAR("numeric", PG_NUMERIC, NUMERIC(3, -2)),
        SCHEMA(
            "bytes",
            NAMED(
                "org.apache.kafka.connect.data.Decimal") "\"parameters\":{\"scale\":\"-2\","
                                                         "\"connect.decimal.precision\":\"3\"},"));
    struct encoding_column mood = *SCALAR("mood", 16500, -1);
    mood.labels = "sad,ok";
    check_schema(&o, &mood,
                 SCHEMA("string", NAMED("io.debezium.data.Enum") "\"parameters\":{\"allowed\":"
                                                                 "\"sad,ok\"},"));
    o.decimals = DECIMAL_DOUBLE;
    check_schema(&o, SCALAR("numeric", PG_NUMERIC, -1), SCHEMA("double", ""));
    check_schema(&o, SCALAR("money", PG_MONEY, -1), SCHEMA("double", ""));
    o.decimals = DECIMAL_STRING;
    check_schema(&o, SCALAR("numeric", PG_NUMERIC, NUMERIC(5, 1)), SCHEMA("string", ""));
    o.binary = BINARY_HEX;
    check_schema(&o, SCALAR("bytea", PG_BYTEA, -1), SCHEMA("string", ""));
    o.hstore = HSTORE_MAP;
    check_schema(&o, SCALAR("hstore", 16400, -1),
                 "{\"type\":\"map\",\"keys\":{\"type\":\"string\",\"optional\":false},"
                 "\"values\":{\"type\":\"string\",\"optional\":true},\"optional\":true,"
                 "\"field\":\"c\"}");
    o.intervals = INTERVAL_STRING;
    check_schema(&o, SCALAR("interval", PG_INTERVAL, -1),
                 SCHEMA("string", NAMED("io.debezium.time.Interval")));
    o.times = TIME_ADAPTIVE_MICROS;
    check_schema(&o, SCALAR("time", PG_TIME, 3),
                 SCHEMA("int64", NAMED("io.debezium.time.MicroTime")));
    check_schema(&o, SCALAR("timestamp", PG_TIMESTAMP, 3),
                 SCHEMA("int64", NAMED("io.debezium.time.Timestamp")));
    o.times = TIME_CONNECT;
    check_schema(&o, SCALAR("date", PG_DATE, -1),
                 SCHEMA("int32", NAMED("org.apache.kafka.connect.data.Date")));
    check_schema(&o, SCALAR("time", PG_TIME, -1),
                 SCHEMA("int32", NAMED("org.apache.kafka.connect.data.Time")));
    check_schema(&o, SCALAR("timestamp", PG_TIMESTAMP, -1),
                 SCHEMA("int64", NAMED("org.apache.kafka.connect.data.Timestamp")));
}

static void schema_defaults(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        uint32_t oid;
        int32_t typmod;
        const char *sql;
        const char *json; /* NULL: none */
    } cases[] = {
        {"int4", PG_INT4, -1, "7", "7"},
        {"int4", PG_INT4, -1, "'-7'::integer", "-7"},
        {"int4", PG_INT4, -1, "(-7)", "-7"},
        {"int4", PG_INT4, -1, "nextval('o.t_id_seq'::regclass)", NULL},
        {"int4", PG_INT4, -1, "(1 + 2)", NULL},
        {"int4", PG_INT4, -1, "NULL::integer", NULL},
        {"int8", PG_INT8, -1, "'9223372036854775807'::bigint", "9223372036854775807"},
        {"bool", PG_BOOL, -1, "true", "true"},
        {"bool", PG_BOOL, -1, "false", "false"},
        {"text", PG_TEXT, -1, "'dflt'::text", "\"dflt\""},
        {"text", PG_TEXT, -1, "'it''s'::text", "\"it's\""},
        {"text", PG_TEXT, -1, "''::text", "\"\""},
        {"text", PG_TEXT, -1, "E'a\\\\b'::text", "\"a\\\\b\""},
        {"text", PG_TEXT, -1, "('a'::text || 'b'::text)", NULL},
        {"text", PG_TEXT, -1, "upper('a'::text)", NULL},
        {"text", PG_TEXT, -1, "'a'::text || 'b'::text", NULL},
        {"text", PG_TEXT, -1, "CURRENT_USER", NULL},
        {"varchar", PG_VARCHAR, 14, "'x'::character varying(10)", "\"x\""},
        {"numeric", PG_NUMERIC, NUMERIC(10, 2), "7", "\"Arw=\""},
        {"numeric", PG_NUMERIC, NUMERIC(10, 2), "1.5", "\"AJY=\""},
        {"numeric", PG_NUMERIC, -1, "1.5", NULL}, /* a struct: Connect has no default for it */
        {"float8", PG_FLOAT8, -1, "1.5", "1.5"},
        {"float8", PG_FLOAT8, -1, "'-1'::integer", "-1.0"},
        {"bit", PG_BIT, 1, "'1'::\"bit\"", "true"},
        {"bit", PG_BIT, 5, "B'10110'::\"bit\"", "\"Fg==\""},
        {"jsonb", PG_JSONB, -1, "'{}'::jsonb", "\"{}\""},
        {"date", PG_DATE, -1, "'1970-01-02'::date", "1"},
        {"date", PG_DATE, -1, "CURRENT_DATE", NULL},
        {"timestamptz", PG_TIMESTAMPTZ, -1, "'2026-01-01 00:00:00+00'::timestamp with time zone",
         "\"2026-01-01T00:00:00.000000Z\""},
        {"timestamptz", PG_TIMESTAMPTZ, -1, "now()", NULL},
        {"interval", PG_INTERVAL, -1, "'01:00:00'::interval", "3600000000"},
        {"bytea", PG_BYTEA, -1, "'\\x00'::bytea", NULL},
        {"inet", PG_INET, -1, "'::1'::inet", NULL},
    };
    (void)state;
    for (int i = 0; i < LENGTH(cases); i++) {
        struct encoding_column s = *SCALAR(cases[i].type, cases[i].oid, cases[i].typmod);
        s.name = "c";
        s.default_sql = cases[i].sql;
        json_t *j = schema_record(&encoding_defaults, 'f', &s, 1);
        json_t *d = json_object_get(field_of(j, 1, 0), "default");
        char *json = d ? json_dumps(d, JSON_ENCODE_ANY) : NULL;
        if (!json != !cases[i].json || (json && strcmp(json, cases[i].json) != 0))
            fail_msg("%s DEFAULT %s: %s", cases[i].type, cases[i].sql, json ? json : "none");
        free(json);
        json_decref(j);
    }
}

/* ---- tables ---- */

static void topics(void **state)
{
    (void)state;
    struct errbuf e;
    struct envelope_table *t = NULL;
    struct relation *r = encoding_relation('d', flights, 4);
    free(r->name);
    r->name = strdup("Mixed Case+\xc3\xa9");
    assert_int_equal(envelope_table_create(&encoding_defaults, r, &t, &e), ERR_OK);
    assert_string_equal(envelope_table_topic(t), "p.o.Mixed_Case__u00E9");
    assert_ptr_equal(envelope_table_relation(t), r);
    envelope_table_destroy(t);
    struct envelope_options o = encoding_defaults;
    char prefix[250];
    memset(prefix, 'p', sizeof prefix - 1);
    prefix[sizeof prefix - 1] = '\0';
    o.prefix = prefix;
    assert_int_equal(envelope_table_create(&o, r, &t, &e), ERR_CONFIG);
    assert_null(t);
    relation_unref(r);
    envelope_table_destroy(NULL);
}

static void clamped_values_are_counted(void **state)
{
    (void)state;
    struct errbuf e;
    struct buf b;
    struct encoding_column s = *SCALAR("timestamp", PG_TIMESTAMP, -1);
    struct cell cells[] = {encoding_text("294276-12-31 23:59:59.999999")};
    struct envelope_event ev = {.op = 'u', .before = cells, .after = cells};
    s.name = "c";
    struct envelope_table *t = encoding_table(&encoding_defaults, 'f', &s, 1);
    buf_init(&b, 0);
    assert_int_equal(envelope_table_clamped(t), 0);
    assert_int_equal(envelope_write_value(t, &ev, &b, &e), ERR_OK);
    assert_int_equal(envelope_table_clamped(t), 2);
    buf_free(&b);
    envelope_table_destroy(t);
}

static void messages(void **state)
{
    (void)state;
    struct errbuf e;
    struct buf key;
    struct buf value;
    struct envelope_event ev = {.lsn = 532754352, .last_commit_lsn = 532754352};
    buf_init(&key, 0);
    buf_init(&value, 0);
    assert_int_equal(
        envelope_write_message(&encoding_defaults, &ev, "pfx", "a\0b", 3, &key, &value, &e),
        ERR_OK);
    assert_string_equal(buf_cstr(&key), "{\"prefix\":\"pfx\"}");
    json_t *j = json_loadb(value.p, value.len, 0, NULL);
    expect_json(json_object_get(j, "op"), "\"m\"");
    expect_json(json_object_get(j, "message"), "{\"prefix\":\"pfx\",\"content\":\"YQBi\"}");
    expect_json(json_object_get(json_object_get(j, "source"), "table"), "\"\"");
    json_decref(j);
    buf_free(&key);
    buf_free(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(key_changes),
        cmocka_unit_test(whole_events),
        cmocka_unit_test(error_texts),
        cmocka_unit_test(unchanged_values),
        cmocka_unit_test(unchanged_is_filled),
        cmocka_unit_test(schema_records),
        cmocka_unit_test(inline_schema_is_the_records),
        cmocka_unit_test(schemas_by_mode),
        cmocka_unit_test(schema_defaults),
        cmocka_unit_test(topics),
        cmocka_unit_test(clamped_values_are_counted),
        cmocka_unit_test(messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
