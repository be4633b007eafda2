/* Unit tests of backend/envelope/decode: change events to flat rows. */
#include "tests/unit/decode_row.h"

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

/* ---- members: unknown, missing, twice, in another order ---- */

static void assert_decodes(struct row *r, const char *json, int unknown)
{
    if (row_decode(r, json))
        fail_msg("%s: %s", json, r->e.text);
    assert_int_equal(r->unknown, unknown);
}

static void test_unknown_and_missing(void **state)
{
    (void)state;
    struct row r;
    flights_plan(&r);
    assert_decodes(&r,
                   "{\"op\":\"c\",\"after\":{\"flight_id\":1,\"gate\":\"A1\",\"Status\":\"x\"},"
                   "\"new\":[{}],\"source\":{\"shard\":1}}",
                   4);
    assert_cell(&r, "after_flight_id", "1");
    assert_cell(&r, "after_status", NULL);
    assert_cell(&r, "source_version", NULL);
    assert_cell(&r, "ts_ms", NULL);
    assert_decodes(&r,
                   "{\"op\":\"d\",\"before\":{\"flight_id\":1},\"after\":null,\"source\":null,"
                   "\"transaction\":{\"id\":\"1\",\"total_order\":1}}",
                   0);
    assert_cell(&r, "before_flight_id", "1");
    assert_cell(&r, "after_flight_id", NULL);
    row_close(&r);
}

static void test_order_and_space(void **state)
{
    (void)state;
    struct row r;
    flights_plan(&r);
    assert_decodes(&r,
                   " { \"ts_ms\" : 6 , \"op\" : \"c\" ,\n\t\"after\" : { \"fare\" : \"AeJA\" , "
                   "\"Extra\\u0020Data\" : \"{}\" , \"status\" : null , \"flight_id\" : 7 } , "
                   "\"before\" : null } \n",
                   0);
    assert_cell(&r, "after_flight_id", "7");
    assert_cell(&r, "after_fare", "1234.56");
    assert_cell(&r, "after_Extra Data", "{}");
    assert_cell(&r, "op", "c");
    assert_cell(&r, "ts_ms", "6");
    row_close(&r);
}

static void test_the_last_one_wins(void **state)
{
    (void)state;
    struct row r;
    flights_plan(&r);
    assert_decodes(&r, "{\"op\":\"c\",\"after\":{\"flight_id\":1,\"flight_id\":2},\"op\":\"u\"}",
                   0);
    assert_cell(&r, "after_flight_id", "2");
    assert_cell(&r, "op", "u");
    assert_decodes(&r,
                   "{\"op\":\"c\",\"after\":{\"flight_id\":1,\"status\":\"x\"},"
                   "\"after\":{\"flight_id\":2}}",
                   0);
    assert_cell(&r, "after_flight_id", "2");
    assert_cell(&r, "after_status", NULL);
    assert_decodes(&r, "{\"op\":\"c\",\"after\":{\"flight_id\":1},\"after\":null}", 0);
    assert_cell(&r, "after_flight_id", NULL);
    assert_decodes(&r,
                   "{\"op\":\"c\",\"after\":{\"status\":\"__debezium_unavailable_value\","
                   "\"status\":\"x\"}}",
                   0);
    assert_cell(&r, "after_status", "x");
    assert_cell(&r, "_unchanged", NULL);
    row_close(&r);
}

static void test_several_unchanged(void **state)
{
    (void)state;
    struct row r;
    flights_plan(&r);
    assert_decodes(&r,
                   "{\"before\":{\"status\":\"__debezium_unavailable_value\"},\"after\":"
                   "{\"flight_id\":1,\"status\":\"__debezium_unavailable_value\","
                   "\"Extra Data\":\"__debezium_unavailable_value\"},\"op\":\"u\"}",
                   0);
    assert_cell(&r, "_unchanged", ",status,Extra Data,");
    assert_int_equal(r.cells[row_column(&r, "before_status")].kind, CELL_UNCHANGED);
    assert_int_equal(r.cells[row_column(&r, "after_status")].kind, CELL_UNCHANGED);
    assert_decodes(&r, "{\"before\":{\"status\":\"__debezium_unavailable_value\"},\"op\":\"u\"}",
                   0);
    assert_cell(&r, "_unchanged", NULL);
    row_close(&r);
}

static void test_not_an_event(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *words;
    } cases[] = {
        {"", "cannot be read: an object is expected at byte 0 of 0"},
        {"{}", "no \"op\""},
        {"{\"op\":null}", "no \"op\""},
        {"{\"op\":1}", "column op: the value 1 is a number"},
        {"{\"op\":\"c\"} x", "content behind the value at byte 11"},
        {"{\"op\":\"c\"", "ends too early"},
        {"{\"op\":\"c\",\"after\":[]}", "null is expected at byte 18"},
        {"{\"op\":\"c\",\"after\":{\"flight_id\":1}", "ends too early"},
        {"{\"op\":\"c\",\"after\":{\"flight_id\":}}", "column after_flight_id: "},
        {"{\"op\":\"c\",\"new\":[1,]}", "a value is expected at byte 19"},
        {"[]", "an object is expected"},
    };
    struct row r;
    flights_plan(&r);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        assert_int_equal(row_decode(&r, cases[i].json), ERR_DATA);
        if (!strstr(r.e.text, cases[i].words))
            fail_msg("%s: %s", cases[i].json, r.e.text);
        struct errbuf *nobody = NULL;
        assert_int_equal(flat_decode(r.plan, cases[i].json, strlen(cases[i].json), r.arena, r.cells,
                                     &r.unknown, nobody),
                         ERR_DATA);
    }
    row_close(&r);
}

/* Cut off anywhere, a record is refused; no byte behind the cut is read (a sanitizer watches). */
static void test_cut_off(void **state)
{
    (void)state;
    static const char json[] =
        "{\"before\":null,\"after\":{\"flight_id\":7,\"status\":\"O\\u006e \xc3\xbc\",\"departed\":"
        "1770091506789012,\"fare\":\"AeJA\",\"Extra Data\":\"{}\"},\"op\":\"c\",\"ts_ms\":6}";
    struct row r;
    flights_plan(&r);
    for (size_t n = 0; n < sizeof json; n++) {
        char *cut = malloc(n ? n : 1);
        memcpy(cut, json, n);
        enum err rc = flat_decode(r.plan, cut, n, r.arena, r.cells, &r.unknown, &r.e);
        assert_int_equal(rc, n == sizeof json - 1 ? ERR_OK : ERR_DATA);
        free(cut);
    }
    row_close(&r);
}

/* ---- plans that cannot be ---- */

static void test_bad_schemas(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        const char *key;
        enum err rc;
        const char *words;
    } cases[] = {
        {"{", NULL, ERR_DATA, "the schema is not valid JSON"},
        {"{}", NULL, ERR_DATA, "not a struct"},
        {"[]", NULL, ERR_DATA, "not a struct"},
        {"{\"type\":\"struct\"}", NULL, ERR_DATA, "not a struct"},
        {"{\"type\":\"struct\",\"fields\":[]}", NULL, ERR_UNSUPPORTED, "no field `op`"},
        {"{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"field\":\"id\"}]}", NULL,
         ERR_UNSUPPORTED, "unwrapped"},
        {"{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"field\":\"op\"},{\"type\":\"big\","
         "\"field\":\"x\"}]}",
         NULL, ERR_DATA, "the type \"big\""},
        {"{\"type\":\"struct\",\"fields\":[{\"type\":\"struct\",\"field\":\"after\",\"fields\":[{"
         "\"type\":\"int32\"}]}]}",
         NULL, ERR_DATA, "has no name"},
        {"{\"type\":\"struct\",\"fields\":[{\"type\":\"string\",\"field\":\"op\"}]}",
         "{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"field\":\"id\"}]}", ERR_DATA,
         "the key's column \"id\""},
        {"{\"type\":\"struct\",\"fields\":[{\"type\":\"string\",\"field\":\"op\"}]}", "{", ERR_DATA,
         "the key's schema"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct flat_plan *p = NULL;
        struct errbuf e;
        enum err rc =
            flat_plan_from_connect_schema(cases[i].schema, strlen(cases[i].schema), cases[i].key,
                                          cases[i].key ? strlen(cases[i].key) : 0, &p, &e);
        assert_int_equal(rc, cases[i].rc);
        if (!strstr(e.text, cases[i].words))
            fail_msg("%s: %s", cases[i].schema, e.text);
        assert_null(p);
    }
    struct flat_plan *p = NULL;
    struct errbuf e;
    static const char record[] = "{\"relation\":\"public.t\",\"columns\":[]}";
    assert_int_equal(flat_plan_from_schema_record(record, sizeof record - 1, &p, &e), ERR_DATA);
    assert_non_null(strstr(e.text, "schema record of public.t"));
}

static void test_key_without_schema(void **state)
{
    (void)state;
    struct row r;
    row_open(&r);
    static const char schema[] = ENVELOPE;
    static const char key[] = "{\"type\":\"struct\",\"fields\":["
                              "{\"type\":\"string\",\"field\":\"status\"},"
                              "{\"type\":\"int32\",\"field\":\"flight_id\"}]}";
    assert_int_equal(
        flat_plan_from_connect_schema(schema, sizeof schema - 1, NULL, 0, &r.plan, &r.e), ERR_OK);
    assert_int_equal(flat_plan_columns(r.plan)->n_key, 0);
    assert_column(&r, "after_Extra Data", WT_JSON, 0, 0);
    struct flat_plan *again = flat_plan_ref(r.plan);
    flat_plan_unref(again);
    flat_plan_unref(r.plan);
    assert_int_equal(flat_plan_from_connect_schema(schema, sizeof schema - 1, key, sizeof key - 1,
                                                   &r.plan, &r.e),
                     ERR_OK);
    const struct flat_columns *c = flat_plan_columns(r.plan);
    assert_int_equal(c->n_key, 2);
    assert_string_equal(c->columns[c->key_after[0]].name, "after_status");
    assert_string_equal(c->columns[c->key_before[1]].name, "before_flight_id");
    row_close(&r);
}

/* ---- from a table ---- */

static const struct wcolumn table[] = {
    {.name = "_batch", .type = WT_INT64},
    {.name = "before_id", .type = WT_INT32},
    {.name = "after_id", .type = WT_INT32},
    {.name = "after_fare", .type = WT_DECIMAL, .precision = 10, .scale = 2},
    {.name = "after_total", .type = WT_DECIMAL},
    {.name = "after_day", .type = WT_DATE},
    {.name = "after_at", .type = WT_TIMESTAMP},
    {.name = "after_at3", .type = WT_TIMESTAMP, .precision = 3},
    {.name = "after_zoned", .type = WT_TIMESTAMPTZ},
    {.name = "after_clock", .type = WT_TIME},
    {.name = "after_text", .type = WT_TEXT},
    {.name = "after_data", .type = WT_JSON},
    {.name = "after_bytes", .type = WT_BYTES},
    {.name = "after_real", .type = WT_FLOAT64},
    {.name = "after_yes", .type = WT_BOOL},
    {.name = "source_txid", .type = WT_INT64},
    {.name = "source_lsn", .type = WT_INT64},
    {.name = "ts_ms", .type = WT_INT64},
};

static void table_plan(struct row *r)
{
    static const char *const key[] = {"ID"};
    row_open(r);
    if (flat_plan_from_table(table, (int)LENGTH(table), key, 1, &r->plan, &r->e))
        fail_msg("%s", r->e.text);
}

static void test_table_columns(void **state)
{
    (void)state;
    struct row r;
    table_plan(&r);
    const struct flat_columns *c = flat_plan_columns(r.plan);
    assert_int_equal(c->n, (int)LENGTH(table) - 1 + 2);
    assert_string_equal(c->columns[0].name, "before_id");
    assert_string_equal(c->columns[c->op].name, "op");
    assert_string_equal(c->columns[c->unchanged].name, "_unchanged");
    assert_string_equal(c->columns[c->source_lsn].name, "source_lsn");
    assert_int_equal(c->source_ts_us, -1);
    assert_int_equal(c->n_key, 1);
    assert_string_equal(c->columns[c->key_after[0]].name, "after_id");
    row_close(&r);
}

static void test_table_values(void **state)
{
    (void)state;
    struct row r;
    table_plan(&r);
    assert_decodes(&r,
                   "{\"before\":null,\"after\":{\"id\":7,\"fare\":\"AeJA\",\"total\":{\"scale\":"
                   "1,\"value\":\"Dw==\"},\"day\":20487,\"at\":1770091506789012,\"at3\":"
                   "1770091506789,\"zoned\":\"2026-02-03T03:05:06Z\",\"clock\":45296789012,"
                   "\"text\":\"t\",\"data\":[1,\"a\"],\"bytes\":\"3q2+7w==\",\"real\":1.5,"
                   "\"yes\":true},\"source\":{\"txId\":5,\"lsn\":6,\"db\":\"d\"},\"op\":\"c\","
                   "\"ts_ms\":1,\"ts_us\":2}",
                   2);
    assert_cell(&r, "after_id", "7");
    assert_cell(&r, "after_fare", "1234.56");
    assert_cell(&r, "after_total", "1.5");
    assert_cell(&r, "after_day", "2026-02-03");
    assert_cell(&r, "after_at", "2026-02-03 04:05:06.789012");
    assert_cell(&r, "after_at3", "2026-02-03 04:05:06.789");
    assert_cell(&r, "after_zoned", "2026-02-03 03:05:06+00");
    assert_cell(&r, "after_clock", "12:34:56.789012");
    assert_cell(&r, "after_text", "t");
    assert_cell(&r, "after_data", "[1,\"a\"]");
    assert_cell(&r, "after_bytes", "\\xdeadbeef");
    assert_cell(&r, "after_real", "1.5");
    assert_cell(&r, "after_yes", "true");
    assert_cell(&r, "source_txid", "5");
    assert_cell(&r, "op", "c");
    row_close(&r);
}

static void test_table_value_forms(void **state)
{
    (void)state;
    static const struct {
        const char *column;
        const char *json;
        const char *text; /* NULL: ERR_DATA */
    } cases[] = {
        {"fare", "1234.5", "1234.5"},
        {"fare", "\"1234.56\"", "1234.56"},
        {"fare", "\"1234\"", "-26588.24"}, /* a number of scale 2 would show its fraction */
        {"fare", "\"12345\"", "12345"},
        {"fare", "\"NaN\"", "NaN"},
        {"fare", "\"NAN\"", "NaN"},
        {"fare", "\"?\"", NULL},
        {"fare", "true", NULL},
        {"total", "\"1234\"", "1234"},
        {"total", "\"Dw==\"", "15"},
        {"id", "\"12\"", "12"},
        {"id", "\"x\"", NULL},
        {"id", "3000000000", NULL},
        {"id", "[1]", NULL},
        {"day", "\"2026-02-03\"", "2026-02-03"},
        {"day", "\"2026-02-03Z\"", "2026-02-03"},
        {"day", "{}", NULL},
        {"at", "\"2026-02-03T03:05:06.5Z\"", "2026-02-03 03:05:06.5"},
        {"zoned", "1770091506789012", "2026-02-03 04:05:06.789012"},
        {"clock", "\"12:34:56\"", "12:34:56"},
        {"text", "12.50", "12.50"},
        {"text", "true", "true"},
        {"text", "{\"x\":1.5}", "{\"x\":1.5}"},
        {"data", "\"{\\\"a\\\":1}\"", "{\"a\":1}"},
        {"data", "{\"a\":1}", "{\"a\":1}"},
        {"data", "5", "5"},
        {"real", "\"Infinity\"", "Infinity"},
        {"yes", "\"true\"", "true"},
        {"yes", "[]", NULL},
        {"bytes", "\"*\"", NULL},
        {"bytes", "5", NULL},
    };
    struct row r;
    table_plan(&r);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char json[256], name[64];
        (void)snprintf(json, sizeof json, "{\"after\":{\"%s\":%s},\"op\":\"c\"}", cases[i].column,
                       cases[i].json);
        (void)snprintf(name, sizeof name, "after_%s", cases[i].column);
        enum err rc = row_decode(&r, json);
        if (rc != (cases[i].text ? ERR_OK : ERR_DATA))
            fail_msg("%s: %s", json, rc ? r.e.text : "taken");
        if (!rc)
            assert_cell(&r, name, cases[i].text);
    }
    row_close(&r);
}

static void test_table_unchanged(void **state)
{
    (void)state;
    struct row r;
    table_plan(&r);
    assert_decodes(&r,
                   "{\"after\":{\"ID\":1,\"text\":\"__debezium_unavailable_value\",\"data\":"
                   "[\"__debezium_unavailable_value\"],\"bytes\":"
                   "\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"},\"op\":\"u\"}",
                   0);
    assert_cell(&r, "after_id", "1");
    assert_cell(&r, "_unchanged", ",text,data,bytes,");
    row_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_record_columns),
        cmocka_unit_test(test_plain_payload),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_unknown_and_missing),
        cmocka_unit_test(test_order_and_space),
        cmocka_unit_test(test_the_last_one_wins),
        cmocka_unit_test(test_several_unchanged),
        cmocka_unit_test(test_not_an_event),
        cmocka_unit_test(test_cut_off),
        cmocka_unit_test(test_bad_schemas),
        cmocka_unit_test(test_key_without_schema),
        cmocka_unit_test(test_table_columns),
        cmocka_unit_test(test_table_values),
        cmocka_unit_test(test_table_value_forms),
        cmocka_unit_test(test_table_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
