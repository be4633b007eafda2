/* Unit tests of backend/envelope/decode: change events to flat rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/envelope/decode.h"

enum { CELLS = 256 };

struct row {
    struct flat_plan *plan;
    struct arena *arena;
    struct cell cells[CELLS];
    int unknown;
    struct errbuf e;
};

static void row_open(struct row *r)
{
    memset(r, 0, sizeof *r);
    r->arena = arena_create(4096);
    assert_non_null(r->arena);
}

static void row_close(struct row *r)
{
    flat_plan_unref(r->plan);
    arena_destroy(r->arena);
}

static enum err row_decode(struct row *r, const char *json)
{
    assert_true(flat_plan_columns(r->plan)->n <= CELLS);
    return flat_decode(r->plan, json, strlen(json), r->arena, r->cells, &r->unknown, &r->e);
}

static int column(const struct row *r, const char *name)
{
    const struct flat_columns *c = flat_plan_columns(r->plan);
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->columns[i].name, name) == 0)
            return i;
    fail_msg("no column %s", name);
    return -1;
}

static void assert_cell(const struct row *r, const char *name, const char *text)
{
    const struct cell *c = &r->cells[column(r, name)];
    if (!text) {
        assert_int_equal(c->kind, CELL_NULL);
        return;
    }
    if (c->kind != CELL_TEXT || c->len != strlen(text) || memcmp(c->p, text, c->len) != 0)
        fail_msg("%s: \"%.*s\" (kind %d), expected \"%s\"", name, (int)c->len, c->p ? c->p : "",
                 c->kind, text);
}

static void assert_column(const struct row *r, const char *name, enum wtype type, int precision,
                          int scale)
{
    const struct wcolumn *c = &flat_plan_columns(r->plan)->columns[column(r, name)];
    if (c->type != type || c->precision != precision || c->scale != scale)
        fail_msg("%s is %s(%d,%d)", name, wtype_name(c->type), c->precision, c->scale);
}

/* ---- a schema record of ours ---- */

#define FLIGHT_FIELDS                                                                              \
    "{\"type\":\"int32\",\"optional\":false,\"field\":\"flight_id\"},"                             \
    "{\"type\":\"string\",\"optional\":true,\"field\":\"status\"},"                                \
    "{\"type\":\"int64\",\"optional\":true,\"name\":\"io.debezium.time.MicroTimestamp\","          \
    "\"version\":1,\"field\":\"departed\"},"                                                       \
    "{\"type\":\"bytes\",\"optional\":true,\"name\":\"org.apache.kafka.connect.data.Decimal\","    \
    "\"version\":1,\"parameters\":{\"scale\":\"2\",\"connect.decimal.precision\":\"10\"},"         \
    "\"field\":\"fare\"},"                                                                         \
    "{\"type\":\"string\",\"optional\":true,\"name\":\"io.debezium.data.Json\",\"version\":1,"     \
    "\"field\":\"Extra Data\"}"
#define SOURCE_FIELDS                                                                              \
    "{\"type\":\"string\",\"optional\":false,\"field\":\"version\"},"                              \
    "{\"type\":\"int64\",\"optional\":false,\"field\":\"ts_us\"},"                                 \
    "{\"type\":\"int64\",\"optional\":true,\"field\":\"txId\"},"                                   \
    "{\"type\":\"int64\",\"optional\":true,\"field\":\"lsn\"}"
#define ENVELOPE                                                                                   \
    "{\"type\":\"struct\",\"fields\":["                                                            \
    "{\"type\":\"struct\",\"fields\":[" FLIGHT_FIELDS "],\"optional\":true,\"field\":\"before\"}," \
    "{\"type\":\"struct\",\"fields\":[" FLIGHT_FIELDS "],\"optional\":true,\"field\":\"after\"},"  \
    "{\"type\":\"struct\",\"fields\":[" SOURCE_FIELDS "],\"optional\":false,\"field\":\"source\"}" \
    ",{\"type\":\"struct\",\"fields\":[],\"optional\":true,\"field\":\"transaction\"},"            \
    "{\"type\":\"string\",\"optional\":false,\"field\":\"op\"},"                                   \
    "{\"type\":\"int64\",\"optional\":true,\"field\":\"ts_ms\"}],\"optional\":false,"              \
    "\"name\":\"a.Envelope\",\"version\":2}"

static const char flights_record[] =
    "{\"relation\":\"public.flights\",\"fingerprint\":\"00000000000000ff\",\"topic\":\"a\","
    "\"identity\":\"d\",\"schema\":" ENVELOPE ",\"key_schema\":null,\"columns\":["
    "{\"name\":\"flight_id\",\"type\":\"int4\",\"typmod\":-1,\"not_null\":true,\"key\":1},"
    "{\"name\":\"status\",\"type\":\"varchar\",\"typmod\":24,\"not_null\":false,\"key\":0},"
    "{\"name\":\"departed\",\"type\":\"timestamp\",\"typmod\":-1,\"not_null\":false,\"key\":0},"
    "{\"name\":\"fare\",\"type\":\"numeric\",\"typmod\":655366,\"not_null\":false,\"key\":0},"
    "{\"name\":\"Extra Data\",\"type\":\"json\",\"typmod\":-1,\"not_null\":false,\"key\":0}],"
    "\"modes\":{\"decimal\":\"precise\",\"binary\":\"bytes\"}}";

static void flights_plan(struct row *r)
{
    row_open(r);
    enum err rc =
        flat_plan_from_schema_record(flights_record, sizeof flights_record - 1, &r->plan, &r->e);
    if (rc)
        fail_msg("%s", r->e.text);
}

static void test_schema_record_columns(void **state)
{
    (void)state;
    static const char *const names[] = {"before_flight_id",
                                        "before_status",
                                        "before_departed",
                                        "before_fare",
                                        "before_Extra Data",
                                        "after_flight_id",
                                        "after_status",
                                        "after_departed",
                                        "after_fare",
                                        "after_Extra Data",
                                        "source_version",
                                        "source_ts_us",
                                        "source_txid",
                                        "source_lsn",
                                        "op",
                                        "ts_ms",
                                        "_unchanged"};
    struct row r;
    flights_plan(&r);
    const struct flat_columns *c = flat_plan_columns(r.plan);
    assert_int_equal(c->n, (int)(sizeof names / sizeof *names));
    for (int i = 0; i < c->n; i++) {
        assert_string_equal(c->columns[i].name, names[i]);
        assert_int_equal(c->columns[i].not_null, i == c->op);
    }
    assert_int_equal(c->n_key, 1);
    assert_string_equal(c->columns[c->key_after[0]].name, "after_flight_id");
    assert_string_equal(c->columns[c->key_before[0]].name, "before_flight_id");
    assert_string_equal(c->columns[c->op].name, "op");
    assert_string_equal(c->columns[c->source_lsn].name, "source_lsn");
    assert_string_equal(c->columns[c->source_ts_us].name, "source_ts_us");
    assert_string_equal(c->columns[c->unchanged].name, "_unchanged");
    assert_column(&r, "after_flight_id", WT_INT32, 0, 0);
    assert_column(&r, "after_status", WT_TEXT, 20, 0);
    assert_column(&r, "after_departed", WT_TIMESTAMP, 0, 0);
    assert_column(&r, "after_fare", WT_DECIMAL, 10, 2);
    assert_column(&r, "after_Extra Data", WT_TEXT, 0, 0);
    row_close(&r);
}

static void test_plain_payload(void **state)
{
    (void)state;
    struct row r;
    flights_plan(&r);
    assert_int_equal(
        row_decode(&r, "{\"before\":null,\"after\":{\"flight_id\":7,\"status\":\"On \\\"Time\\\"\","
                       "\"departed\":1770091506789012,\"fare\":\"AeJA\","
                       "\"Extra Data\":\"{\\\"a\\\": 1}\"},\"source\":{\"version\":\"0.1.0\","
                       "\"ts_us\":5,\"txId\":16,\"lsn\":532627536},\"transaction\":null,"
                       "\"op\":\"c\",\"ts_ms\":6}"),
        ERR_OK);
    assert_int_equal(r.unknown, 0);
    assert_cell(&r, "before_flight_id", NULL);
    assert_cell(&r, "after_flight_id", "7");
    assert_cell(&r, "after_status", "On \"Time\"");
    assert_cell(&r, "after_departed", "2026-02-03 04:05:06.789012");
    assert_cell(&r, "after_fare", "1234.56");
    assert_cell(&r, "after_Extra Data", "{\"a\": 1}");
    assert_cell(&r, "source_txid", "16");
    assert_cell(&r, "source_lsn", "532627536");
    assert_cell(&r, "op", "c");
    assert_cell(&r, "ts_ms", "6");
    assert_cell(&r, "_unchanged", NULL);
    row_close(&r);
}

static void test_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int form; /* -1: ERR_DATA */
        const char *schema;
        const char *payload;
    } cases[] = {
        {"", FORM_TOMBSTONE, NULL, NULL},
        {" null ", FORM_TOMBSTONE, NULL, NULL},
        {"{\"schema\":{\"a\":1},\"payload\":null}", FORM_TOMBSTONE, NULL, NULL},
        {"{\"schema\":null,\"payload\":null}", FORM_TOMBSTONE, NULL, NULL},
        {"{\"op\":\"c\"}", FORM_PLAIN, NULL, "{\"op\":\"c\"}"},
        {"{\"schema\":{\"a\":1},\"payload\":{\"op\":\"c\"}}", FORM_INLINE, "{\"a\":1}",
         "{\"op\":\"c\"}"},
        {" { \"payload\" : {\"op\":\"c\"} , \"schema\" : {\"a\": 1} } ", FORM_INLINE, "{\"a\": 1}",
         "{\"op\":\"c\"}"},
        {"{ \"schema\" : {\"a\": 1} , \"payload\" : {\"op\":\"c\"} } ", FORM_INLINE, "{\"a\": 1}",
         "{\"op\":\"c\"}"},
        {"{\"schema\":null,\"payload\":{\"op\":\"c\"}}", FORM_PLAIN, NULL, "{\"op\":\"c\"}"},
        {"{\"schema\":1}", FORM_PLAIN, NULL, "{\"schema\":1}"},
        {"{}", FORM_PLAIN, NULL, "{}"},
        {"nil", -1, NULL, NULL},
        {"[1]", -1, NULL, NULL},
        {"\"text\"", -1, NULL, NULL},
        {"\x01", -1, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum envelope_form form;
        struct cell schema, payload;
        struct errbuf e;
        enum err rc =
            envelope_form_of(cases[i].text, strlen(cases[i].text), &form, &schema, &payload, &e);
        assert_int_equal(rc, cases[i].form < 0 ? ERR_DATA : ERR_OK);
        if (rc)
            continue;
        assert_int_equal(form, cases[i].form);
        assert_int_equal(schema.len, cases[i].schema ? strlen(cases[i].schema) : 0);
        assert_int_equal(payload.len, cases[i].payload ? strlen(cases[i].payload) : 0);
        if (schema.len)
            assert_memory_equal(schema.p, cases[i].schema, schema.len);
        if (payload.len)
            assert_memory_equal(payload.p, cases[i].payload, payload.len);
    }
    enum envelope_form form;
    struct cell schema, payload;
    assert_int_equal(envelope_form_of(NULL, 0, &form, &schema, &payload, NULL), ERR_OK);
    assert_int_equal(form, FORM_TOMBSTONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_record_columns),
        cmocka_unit_test(test_plain_payload),
        cmocka_unit_test(test_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
