/* Unit tests of backend/envelope/decode: every type's JSON to its warehouse text. */
#include "tests/unit/decode_row.h"

/* A plan of one table with one column `v` of this Connect schema. hint: members of the column in a
 * schema record ("type":..), or NULL for the plan of an inline schema. */
static void open_value(struct row *r, const char *schema, const char *hint, const char *binary)
{
    char text[4096];
    int n = snprintf(text, sizeof text,
                     "%s{\"type\":\"struct\",\"fields\":["
                     "{\"type\":\"struct\",\"fields\":[{%s,\"field\":\"v\"}],\"field\":\"before\"},"
                     "{\"type\":\"struct\",\"fields\":[{%s,\"field\":\"v\"}],\"field\":\"after\"},"
                     "{\"type\":\"string\",\"field\":\"op\"}]}",
                     hint ? "{\"relation\":\"a.b\",\"schema\":" : "", schema, schema);
    if (hint)
        n += snprintf(text + n, sizeof text - (size_t)n,
                      ",\"columns\":[{\"name\":\"v\",%s}],\"modes\":{\"binary\":\"%s\"}}", hint,
                      binary ? binary : "bytes");
    row_open(r);
    enum err rc = hint ? flat_plan_from_schema_record(text, (size_t)n, &r->plan, &r->e)
                       : flat_plan_from_connect_schema(text, (size_t)n, NULL, 0, &r->plan, &r->e);
    if (rc)
        fail_msg("%s", r->e.text);
}

static enum err decode_value(struct row *r, const char *json)
{
    char text[4096];
    (void)snprintf(text, sizeof text, "{\"before\":null,\"after\":{\"v\":%s},\"op\":\"c\"}", json);
    char *payload = malloc(strlen(text)); /* exactly as long as it is, kept by the arena's end */
    memcpy(payload, text, strlen(text));
    enum err rc =
        flat_decode(r->plan, payload, strlen(text), r->arena, r->cells, &r->unknown, &r->e);
    struct cell *c = &r->cells[row_column(r, "after_v")];
    if (!rc && c->kind == CELL_TEXT)
        c->p = arena_copy(r->arena, c->p, c->len);
    r->cells[row_column(r, "op")].p = "c";
    free(payload);
    return rc;
}

#define NAMED(type, name) "\"type\":\"" type "\",\"name\":\"" name "\",\"version\":1"
#define DECIMAL(scale, precision)                                                                  \
    NAMED("bytes", "org.apache.kafka.connect.data.Decimal")                                        \
    ",\"parameters\":{\"scale\":\"" scale "\",\"connect.decimal.precision\":\"" precision "\"}"
#define BITS(length)                                                                               \
    NAMED("bytes", "io.debezium.data.Bits") ",\"parameters\":{\"length\":\"" length "\"}"
#define VARIABLE     NAMED("struct", "io.debezium.data.VariableScaleDecimal")
#define POINT        NAMED("struct", "io.debezium.data.geometry.Point")
#define ARRAY(items) "\"type\":\"array\",\"items\":{" items "}"

struct value_case {
    const char *schema;
    const char *hint;
    const char *json;
    const char *text; /* NULL: ERR_DATA */
};

static void run_cases(const struct value_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct value_case *c = &cases[i];
        struct row r;
        open_value(&r, c->schema, c->hint, NULL);
        enum err rc = decode_value(&r, c->json);
        if (rc != (c->text ? ERR_OK : ERR_DATA))
            fail_msg("%s %s: %s %s", c->schema, c->json, err_word(rc), rc ? r.e.text : "");
        if (c->text)
            assert_cell(&r, "after_v", strcmp(c->text, "NULL") == 0 ? NULL : c->text);
        else
            assert_non_null(strstr(r.e.text, "column after_v: the value"));
        row_close(&r);
    }
}

static const struct {
    const char *schema;
    const char *hint;
    enum wtype type;
    int precision;
    int scale;
} types[] = {
    {"\"type\":\"boolean\"", NULL, WT_BOOL, 0, 0},
    {"\"type\":\"int8\"", NULL, WT_INT16, 0, 0},
    {"\"type\":\"int16\"", NULL, WT_INT16, 0, 0},
    {"\"type\":\"int32\"", NULL, WT_INT32, 0, 0},
    {"\"type\":\"int64\"", NULL, WT_INT64, 0, 0},
    {"\"type\":\"float\"", NULL, WT_FLOAT32, 0, 0},
    {"\"type\":\"double\"", NULL, WT_FLOAT64, 0, 0},
    {"\"type\":\"string\"", NULL, WT_TEXT, 0, 0},
    {"\"type\":\"bytes\"", NULL, WT_BYTES, 0, 0},
    {"\"type\":\"map\"", NULL, WT_JSON, 0, 0},
    {"\"type\":\"struct\",\"fields\":[]", NULL, WT_JSON, 0, 0},
    {ARRAY("\"type\":\"int32\""), NULL, WT_JSON, 0, 0},
    {DECIMAL("2", "10"), NULL, WT_DECIMAL, 10, 2},
    {DECIMAL("-3", "5"), NULL, WT_DECIMAL, 5, -3},
    {NAMED("bytes", "org.apache.kafka.connect.data.Decimal"), NULL, WT_DECIMAL, 0, 0},
    {NAMED("bytes", "org.apache.kafka.connect.data.Decimal") ",\"parameters\":{\"scale\":\"2\"}",
     "\"type\":\"money\"", WT_DECIMAL, 19, 2},
    {VARIABLE, NULL, WT_DECIMAL, 0, 0},
    {NAMED("int32", "io.debezium.time.Date"), NULL, WT_DATE, 0, 0},
    {NAMED("int32", "io.debezium.time.Time"), NULL, WT_TIME, 0, 0},
    {NAMED("int64", "io.debezium.time.MicroTime"), NULL, WT_TIME, 0, 0},
    {NAMED("int64", "io.debezium.time.NanoTime"), NULL, WT_TIME, 0, 0},
    {NAMED("int64", "io.debezium.time.Timestamp"), NULL, WT_TIMESTAMP, 0, 0},
    {NAMED("int64", "io.debezium.time.MicroTimestamp"), NULL, WT_TIMESTAMP, 0, 0},
    {NAMED("int64", "io.debezium.time.NanoTimestamp"), NULL, WT_TIMESTAMP, 0, 0},
    {NAMED("string", "io.debezium.time.ZonedTimestamp"), NULL, WT_TIMESTAMPTZ, 0, 0},
    {NAMED("string", "io.debezium.time.ZonedTime"), NULL, WT_TEXT, 32, 0},
    {NAMED("string", "io.debezium.time.IsoDate"), NULL, WT_DATE, 0, 0},
    {NAMED("string", "io.debezium.time.IsoTime"), NULL, WT_TIME, 0, 0},
    {NAMED("string", "io.debezium.time.IsoTimestamp"), NULL, WT_TIMESTAMP, 0, 0},
    {NAMED("int64", "io.debezium.time.MicroDuration"), NULL, WT_INT64, 0, 0},
    {NAMED("int32", "org.apache.kafka.connect.data.Date"), NULL, WT_DATE, 0, 0},
    {NAMED("int32", "org.apache.kafka.connect.data.Time"), NULL, WT_TIME, 0, 0},
    {NAMED("int64", "org.apache.kafka.connect.data.Timestamp"), NULL, WT_TIMESTAMP, 0, 0},
    {NAMED("string", "io.debezium.data.Uuid"), NULL, WT_UUID, 0, 0},
    {NAMED("string", "io.debezium.data.Json"), NULL, WT_JSON, 0, 0},
    {NAMED("string", "io.debezium.data.Json"), "\"type\":\"jsonb\"", WT_JSON, 0, 0},
    {NAMED("string", "io.debezium.data.Json"), "\"type\":\"json\"", WT_TEXT, 0, 0},
    {NAMED("string", "io.debezium.data.Json"), "\"type\":\"hstore\"", WT_JSON, 0, 0},
    {NAMED("string", "io.debezium.data.Enum"), NULL, WT_TEXT, 0, 0},
    {NAMED("string", "io.debezium.data.Xml"), NULL, WT_TEXT, 0, 0},
    {BITS("5"), NULL, WT_TEXT, 5, 0},
    {BITS("2147483647"), NULL, WT_TEXT, 0, 0},
    {BITS("8"), "\"type\":\"varbit\",\"typmod\":8", WT_TEXT, 0, 0},
    {POINT, NULL, WT_TEXT, 64, 0},
    {"\"type\":\"string\"", "\"type\":\"varchar\",\"typmod\":24", WT_TEXT, 20, 0},
    {"\"type\":\"string\"", "\"type\":\"varchar\",\"typmod\":-1", WT_TEXT, 0, 0},
    {"\"type\":\"string\"", "\"type\":\"bpchar\",\"typmod\":7", WT_TEXT, 3, 0},
    {"\"type\":\"string\"", "\"type\":\"numeric\",\"typmod\":655366", WT_DECIMAL, 10, 2},
    {"\"type\":\"string\"", "\"type\":\"numeric\",\"typmod\":-1", WT_DECIMAL, 0, 0},
    {"\"type\":\"string\"", "\"type\":\"money\"", WT_DECIMAL, 19, 2},
    {"\"type\":\"string\"", "\"type\":\"bytea\"", WT_BYTES, 0, 0},
    {"\"type\":\"double\"", "\"type\":\"numeric\",\"typmod\":655366", WT_FLOAT64, 0, 0},
    {"\"type\":\"string\"", "\"type\":\"inet\"", WT_TEXT, 64, 0},
};

static void test_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(types); i++) {
        struct row r;
        open_value(&r, types[i].schema, types[i].hint, NULL);
        assert_column(&r, "after_v", types[i].type, types[i].precision, types[i].scale);
        assert_column(&r, "before_v", types[i].type, types[i].precision, types[i].scale);
        row_close(&r);
    }
}

static void test_plain_values(void **state)
{
    (void)state;
    static const struct value_case cases[] = {
        {"\"type\":\"boolean\"", NULL, "true", "true"},
        {"\"type\":\"boolean\"", NULL, "false", "false"},
        {"\"type\":\"boolean\"", NULL, "null", "NULL"},
        {"\"type\":\"boolean\"", NULL, "1", NULL},
        {"\"type\":\"boolean\"", NULL, "\"true\"", NULL},
        {"\"type\":\"int16\"", NULL, "-32768", "-32768"},
        {"\"type\":\"int16\"", NULL, "32767", "32767"},
        {"\"type\":\"int16\"", NULL, "32768", NULL},
        {"\"type\":\"int16\"", NULL, "-32769", NULL},
        {"\"type\":\"int16\"", NULL, "1.5", NULL},
        {"\"type\":\"int16\"", NULL, "1e3", NULL},
        {"\"type\":\"int32\"", NULL, "2147483647", "2147483647"},
        {"\"type\":\"int32\"", NULL, "-2147483648", "-2147483648"},
        {"\"type\":\"int32\"", NULL, "2147483648", NULL},
        {"\"type\":\"int32\"", NULL, "\"1\"", NULL},
        {"\"type\":\"int32\"", NULL, "true", NULL},
        {"\"type\":\"int32\"", NULL, "{}", NULL},
        {"\"type\":\"int32\"", NULL, "[1]", NULL},
        {"\"type\":\"int64\"", NULL, "9223372036854775807", "9223372036854775807"},
        {"\"type\":\"int64\"", NULL, "-9223372036854775808", "-9223372036854775808"},
        {"\"type\":\"int64\"", NULL, "9223372036854775808", NULL},
        {"\"type\":\"int64\"", NULL, "-9223372036854775809", NULL},
        {"\"type\":\"int64\"", NULL, "99999999999999999999999", NULL},
        {"\"type\":\"float\"", NULL, "3.4028235E38", "3.4028235E38"},
        {"\"type\":\"double\"", NULL, "-0.0", "-0.0"},
        {"\"type\":\"double\"", NULL, "4.9E-324", "4.9E-324"},
        {"\"type\":\"double\"", NULL, "\"NaN\"", "NaN"},
        {"\"type\":\"double\"", NULL, "\"Infinity\"", "Infinity"},
        {"\"type\":\"double\"", NULL, "\"-Infinity\"", "-Infinity"},
        {"\"type\":\"double\"", NULL, "\"much\"", NULL},
        {"\"type\":\"string\"", NULL, "\"\"", ""},
        {"\"type\":\"string\"", NULL, "\"plain\"", "plain"},
        {"\"type\":\"string\"", NULL, "\"\\u00fc\\ud83d\\ude00\\\"\\\\\\/\\n\\t\"",
         "\xc3\xbc\xf0\x9f\x98\x80\"\\/\n\t"},
        {"\"type\":\"string\"", NULL, "\"a\\u0000b\"", NULL},
        {"\"type\":\"string\"", NULL, "5", NULL},
        {"\"type\":\"bytes\"", NULL, "\"3q2+7w==\"", "\\xdeadbeef"},
        {"\"type\":\"bytes\"", NULL, "\"\"", "\\x"},
        {"\"type\":\"bytes\"", NULL, "\"AP8A\"", "\\x00ff00"},
        {"\"type\":\"bytes\"", NULL, "\"3q2-7w\"", "\\xdeadbeef"},
        {"\"type\":\"bytes\"", NULL, "\"A\"", NULL},
        {"\"type\":\"bytes\"", NULL, "\"AA=A\"", NULL},
        {"\"type\":\"bytes\"", NULL, "\"====\"", NULL},
        {NAMED("string", "io.debezium.data.Uuid"), NULL, "\"0f8fad5b-d9cb-469f-a165-70867728950e\"",
         "0f8fad5b-d9cb-469f-a165-70867728950e"},
        {NAMED("string", "io.debezium.data.Json"), NULL, "\"{\\\"a\\\": 1}\"", "{\"a\": 1}"},
        {NAMED("string", "io.debezium.time.ZonedTime"), NULL, "\"10:34:56.789Z\"", "10:34:56.789Z"},
        {NAMED("int64", "io.debezium.time.MicroDuration"), NULL, "-9223372036854775808",
         "-9223372036854775808"},
        {NAMED("string", "io.debezium.time.Interval"), NULL, "\"P1Y2M3DT4H5M6.789S\"",
         "P1Y2M3DT4H5M6.789S"},
        {"\"type\":\"map\"", NULL, "{\"a\": \"1\" }", "{\"a\": \"1\" }"},
        {"\"type\":\"struct\",\"fields\":[]", NULL, "{\"a\":[1,{}]}", "{\"a\":[1,{}]}"},
    };
    run_cases(cases, LENGTH(cases));
}

static void test_decimals(void **state)
{
    (void)state;
    static const struct value_case cases[] = {
        {DECIMAL("2", "10"), NULL, "\"AeJA\"", "1234.56"},
        {DECIMAL("2", "10"), NULL, "\"/av0HAE=\"", "-99999999.99"},
        {DECIMAL("2", "10"), NULL, "\"AlQL4/8=\"", "99999999.99"},
        {DECIMAL("2", "10"), NULL, "\"Cg==\"", "0.10"},
        {DECIMAL("2", "10"), NULL, "\"9g==\"", "-0.10"},
        {DECIMAL("2", "10"), NULL, "\"AA==\"", "0.00"},
        {DECIMAL("2", "10"), NULL, "\"\"", "0.00"},
        {DECIMAL("0", "5"), NULL, "\"/nlh\"", "-99999"},
        {DECIMAL("5", "5"), NULL, "\"MDk=\"", "0.12345"},
        {DECIMAL("7", "7"), NULL, "\"MDk=\"", "0.0012345"},
        {DECIMAL("-3", "5"), NULL, "\"MDk=\"", "12345000"},
        {DECIMAL("-3", "5"), NULL, "\"AA==\"", "0"},
        {DECIMAL("2", "19"), NULL, "\"gAAAAAAAAAA=\"", "-92233720368547758.08"},
        {DECIMAL("2", "19"), NULL, "\"f/////////8=\"", "92233720368547758.07"},
        {DECIMAL("0", "30"), NULL, "\"AIAAAAAAAAAA\"", "9223372036854775808"},
        {DECIMAL("0", "30"), NULL, "\"/3//////////\"", "-9223372036854775809"},
        {DECIMAL("0", "40"), NULL, "\"/wAAAAAAAAAAAAAAAA==\"", "-79228162514264337593543950336"},
        {DECIMAL("0", "30"), NULL, "\"//////////////////////8=\"", "-1"},
        {DECIMAL("2", "30"), NULL, "\"AAAAAAAAAAAAAAAAAAE=\"", "0.01"},
        {DECIMAL("2", "10"), NULL, "\"*\"", NULL},
        {DECIMAL("2", "10"), NULL, "1234.56", NULL},
        {VARIABLE, NULL, "{\"scale\":4,\"value\":\"Ot5osQ==\"}", "98765.4321"},
        {VARIABLE, NULL, "{ \"value\" : \"Ot5osQ==\" , \"scale\" : 4 }", "98765.4321"},
        {VARIABLE, NULL, "{\"scale\":29,\"value\":\"Mll9fSrXWAVaPDyF0NL5ALv1d/COOYEV\"}",
         "12345678901234567890123456789.12345678901234567890123456789"},
        {VARIABLE, NULL, "{\"scale\":0,\"value\":\"DJ8snNBGdO3qQAAAAA==\"}",
         "1000000000000000000000000000000"},
        {VARIABLE, NULL, "{\"scale\":-30,\"value\":\"AQ==\"}", "1000000000000000000000000000000"},
        {VARIABLE, NULL, "{\"scale\":20,\"value\":\"AQ==\"}", "0.00000000000000000001"},
        {VARIABLE, NULL, "{\"scale\":20000,\"value\":\"AQ==\"}", NULL},
        {VARIABLE, NULL, "{\"scale\":-200000,\"value\":\"AQ==\"}", NULL},
        {VARIABLE, NULL, "{\"scale\":1.5,\"value\":\"AQ==\"}", NULL},
        {VARIABLE, NULL, "{\"scale\":1}", NULL},
        {VARIABLE, NULL, "{\"scale\":\"1\",\"value\":\"AQ==\"}", NULL},
        {VARIABLE, NULL, "{\"scale\":1,\"value\":1}", NULL},
        {VARIABLE, NULL, "{\"scale\":1,\"value\":\"AQ==\",\"more\":[{}]}", "0.1"},
        {VARIABLE, NULL, "{}", NULL},
        {VARIABLE, NULL, "\"AQ==\"", NULL},
        {"\"type\":\"string\"", "\"type\":\"numeric\"", "\"98765.4321\"", "98765.4321"},
        {"\"type\":\"string\"", "\"type\":\"numeric\"", "\"1E+30\"", "1E+30"},
        {"\"type\":\"string\"", "\"type\":\"numeric\"", "\"NAN\"", "NaN"},
        {"\"type\":\"string\"", "\"type\":\"numeric\"", "\"POSITIVE_INFINITY\"", "Infinity"},
        {"\"type\":\"string\"", "\"type\":\"numeric\"", "\"NEGATIVE_INFINITY\"", "-Infinity"},
        {"\"type\":\"string\"", "\"type\":\"numeric\"", "\"\"", NULL},
        {"\"type\":\"string\"", "\"type\":\"numeric\"", "\"1,5\"", NULL},
        {"\"type\":\"string\"", "\"type\":\"numeric\"", "\".\"", NULL},
        {"\"type\":\"string\"", "\"type\":\"numeric\"", "\"1e\"", NULL},
    };
    run_cases(cases, LENGTH(cases));
}

#define DATE      NAMED("int32", "io.debezium.time.Date")
#define TIME      NAMED("int32", "io.debezium.time.Time")
#define MICROTIME NAMED("int64", "io.debezium.time.MicroTime")
#define NANOTIME  NAMED("int64", "io.debezium.time.NanoTime")
#define MILLIS    NAMED("int64", "io.debezium.time.Timestamp")
#define MICROS    NAMED("int64", "io.debezium.time.MicroTimestamp")
#define NANOS     NAMED("int64", "io.debezium.time.NanoTimestamp")

static const struct value_case moments[] = {
    {DATE, NULL, "0", "1970-01-01"},
    {DATE, NULL, "-1", "1969-12-31"},
    {DATE, NULL, "20487", "2026-02-03"},
    {DATE, NULL, "11016", "2000-02-29"},
    {DATE, NULL, "2932896", "9999-12-31"},
    {DATE, NULL, "2932897", "10000-01-01"},
    {DATE, NULL, "2145042905", "5874897-12-31"},
    {DATE, NULL, "2145042906", NULL},
    {DATE, NULL, "-719162", "0001-01-01"},
    {DATE, NULL, "-719163", "0001-12-31 BC"},
    {DATE, NULL, "-735160", "0044-03-15 BC"},
    {DATE, NULL, "-2440588", "4714-11-24 BC"},
    {DATE, NULL, "-2440589", NULL},
    {DATE, NULL, "2146033979", "infinity"},
    {DATE, NULL, "-2147472692", "infinity"},
    {DATE, NULL, "-2147472691", "-infinity"},
    {DATE, NULL, "20487.5", NULL},
    {DATE, NULL, "\"2026-02-03\"", NULL},
    {TIME, NULL, "0", "00:00:00"},
    {TIME, NULL, "45296789", "12:34:56.789"},
    {TIME, NULL, "86400000", "24:00:00"},
    {TIME, NULL, "86400001", NULL},
    {TIME, NULL, "-1", NULL},
    {TIME, NULL, "9223372036854775807", NULL},
    {TIME, NULL, "-9223372036854775808", NULL},
    {MICROTIME, NULL, "1", "00:00:00.000001"},
    {MICROTIME, NULL, "45296789012", "12:34:56.789012"},
    {MICROTIME, NULL, "86399999999", "23:59:59.999999"},
    {NANOTIME, NULL, "45296789012999", "12:34:56.789012"},
    {NANOTIME, NULL, "-1", NULL},
    {MILLIS, NULL, "1770091506789", "2026-02-03 04:05:06.789"},
    {MILLIS, NULL, "-62135596800000", "0001-01-01 00:00:00"},
    {MILLIS, NULL, "253402300799999", "9999-12-31 23:59:59.999"},
    {MILLIS, NULL, "253402300800000", "10000-01-01 00:00:00"},
    {MILLIS, NULL, "9224318015999999", "294276-12-31 23:59:59.999"},
    {MILLIS, NULL, "9224318016000000", NULL},
    {MILLIS, NULL, "9223372036825200000", "infinity"},
    {MILLIS, NULL, "-9223372036832400000", "-infinity"},
    {MILLIS, NULL, "9223372036854775807", "infinity"},
    {MICROS, NULL, "0", "1970-01-01 00:00:00"},
    {MICROS, NULL, "-1", "1969-12-31 23:59:59.999999"},
    {MICROS, NULL, "1770091506789012", "2026-02-03 04:05:06.789012"},
    {MICROS, NULL, "1770091506789000", "2026-02-03 04:05:06.789"},
    {MICROS, NULL, "-63517780800000000", "0044-03-15 12:00:00 BC"},
    {MICROS, NULL, "-210866803200000000", "4714-11-24 00:00:00 BC"},
    {MICROS, NULL, "-210866803200000001", NULL},
    {MICROS, NULL, "9223372036854775806", "294247-01-10 04:00:54.775806"},
    {MICROS, NULL, "9223372036854775807", "infinity"},
    {MICROS, NULL, "9223372036825200000", "infinity"},
    {MICROS, NULL, "-9223372036854775808", "-infinity"},
    {MICROS, NULL, "-9223372036832400000", "-infinity"},
    {MICROS, NULL, "-9223372036853775810", NULL},
    {NANOS, NULL, "1770091506789012999", "2026-02-03 04:05:06.789012"},
    {NANOS, NULL, "-1", "1969-12-31 23:59:59.999999"},
    {NANOS, NULL, "9223372036854775807", "infinity"},
    {NAMED("int32", "org.apache.kafka.connect.data.Date"), NULL, "20487", "2026-02-03"},
    {NAMED("int32", "org.apache.kafka.connect.data.Time"), NULL, "45296789", "12:34:56.789"},
    {NAMED("int64", "org.apache.kafka.connect.data.Timestamp"), NULL, "1770091506789",
     "2026-02-03 04:05:06.789"},
};

static void test_moments(void **state)
{
    (void)state;
    run_cases(moments, LENGTH(moments));
}

#define ZONED NAMED("string", "io.debezium.time.ZonedTimestamp")

static void test_iso_texts(void **state)
{
    (void)state;
    static const struct value_case cases[] = {
        {ZONED, NULL, "\"2026-02-03T03:05:06.789012Z\"", "2026-02-03 03:05:06.789012+00"},
        {ZONED, NULL, "\"2026-02-03T03:05:06.789000Z\"", "2026-02-03 03:05:06.789+00"},
        {ZONED, NULL, "\"2026-02-03T03:05:06.000000Z\"", "2026-02-03 03:05:06+00"},
        {ZONED, NULL, "\"2026-02-03T03:05:06Z\"", "2026-02-03 03:05:06+00"},
        {ZONED, NULL, "\"2026-02-03T03:05Z\"", "2026-02-03 03:05:00+00"},
        {ZONED, NULL, "\"2026-02-03T03:05:06.123456789Z\"", "2026-02-03 03:05:06.123456+00"},
        {ZONED, NULL, "\"2026-02-03T03:05:06+01:00\"", "2026-02-03 03:05:06+01"},
        {ZONED, NULL, "\"2026-02-03T03:05:06-05:30\"", "2026-02-03 03:05:06-05:30"},
        {ZONED, NULL, "\"1890-02-03T03:05:06+00:19:32\"", "1890-02-03 03:05:06+00:19:32"},
        {ZONED, NULL, "\"-4712-01-01T00:00:00.000000Z\"", "4713-01-01 00:00:00+00 BC"},
        {ZONED, NULL, "\"0000-02-29T00:00:00Z\"", "0001-02-29 00:00:00+00 BC"},
        {ZONED, NULL, "\"+10000-01-01T00:00:00Z\"", "10000-01-01 00:00:00+00"},
        {ZONED, NULL, "\"+294276-12-31T23:59:59.999999Z\"", "294276-12-31 23:59:59.999999+00"},
        {ZONED, NULL, "\"+294277-01-01T00:00:00Z\"", NULL},
        {ZONED, NULL, "\"+292269055-12-02T23:00:00.000000Z\"", NULL},
        {ZONED, NULL, "\"-4713-11-24T00:00:00Z\"", "4714-11-24 00:00:00+00 BC"},
        {ZONED, NULL, "\"-4713-11-23T23:59:59Z\"", NULL},
        {ZONED, NULL, "\"infinity\"", "infinity"},
        {ZONED, NULL, "\"-infinity\"", "-infinity"},
        {ZONED, NULL, "\"2026-02-03T03:05:06\"", NULL},
        {ZONED, NULL, "\"2026-02-30T03:05:06Z\"", NULL},
        {ZONED, NULL, "\"2100-02-29T03:05:06Z\"", NULL},
        {ZONED, NULL, "\"2026-13-03T03:05:06Z\"", NULL},
        {ZONED, NULL, "\"2026-02-03T25:05:06Z\"", NULL},
        {ZONED, NULL, "\"2026-02-03T03:60:06Z\"", NULL},
        {ZONED, NULL, "\"2026-02-03T03:05:06.Z\"", NULL},
        {ZONED, NULL, "\"2026-02-03T03:05:06+16:00\"", NULL},
        {ZONED, NULL, "\"2026-02-03T03:05:06Zx\"", NULL},
        {ZONED, NULL, "\"2026-02-03\"", NULL},
        {ZONED, NULL, "\"\"", NULL},
        {NAMED("string", "io.debezium.time.IsoTimestamp"), NULL, "\"2026-02-03T03:05:06.5Z\"",
         "2026-02-03 03:05:06.5"},
        {NAMED("string", "io.debezium.time.IsoTimestamp"), NULL, "\"2026-02-03T03:05:06+01:00\"",
         NULL},
        {NAMED("string", "io.debezium.time.IsoDate"), NULL, "\"2026-02-03Z\"", "2026-02-03"},
        {NAMED("string", "io.debezium.time.IsoDate"), NULL, "\"infinity\"", "infinity"},
        {NAMED("string", "io.debezium.time.IsoTime"), NULL, "\"03:05:06.120Z\"", "03:05:06.12"},
    };
    run_cases(cases, LENGTH(cases));
}

static void test_bits_and_points(void **state)
{
    (void)state;
    static const struct value_case cases[] = {
        {BITS("5"), NULL, "\"Fg==\"", "10110"},
        {BITS("5"), NULL, "\"\"", "00000"},
        {BITS("5"), NULL, "\"AQ==\"", "00001"},
        {BITS("5"), NULL, "\"IA==\"", NULL},
        {BITS("12"), NULL, "\"AQg=\"", "100000000001"},
        {BITS("2147483647"), NULL, "\"BQ==\"", "101"},
        {BITS("2147483647"), NULL, "\"\"", ""},
        {BITS("8"), "\"type\":\"varbit\",\"typmod\":8", "\"BQ==\"", "101"},
        {POINT, NULL, "{\"x\":1.5,\"y\":-2.0,\"wkb\":\"AQE=\",\"srid\":null}", "(1.5,-2)"},
        {POINT, NULL, "{\"x\":\"Infinity\",\"y\":\"NaN\",\"wkb\":null,\"srid\":null}",
         "(Infinity,NaN)"},
        {POINT, NULL, "{\"x\":0.0,\"y\":0.0}", "(0,0)"},
        {POINT, NULL, "{\"x\":0.0}", NULL},
        {POINT, NULL, "{\"x\":0.0,\"y\":\"b\"}", NULL},
        {POINT, NULL, "{\"x\":\"c\",\"y\":1}", NULL},
        {POINT, NULL, "{\"x\":null,\"y\":1}", NULL},
        {POINT, NULL, "{\"x\":[],\"y\":1}", NULL},
        {POINT, NULL, "\"(1,2)\"", NULL},
    };
    run_cases(cases, LENGTH(cases));
}

static void test_arrays(void **state)
{
    (void)state;
    static const struct value_case cases[] = {
        {ARRAY("\"type\":\"int32\""), NULL, "[1,2,3]", "[1,2,3]"},
        {ARRAY("\"type\":\"int32\""), NULL, "[[1,2],[3,null]]", "[[1,2],[3,null]]"},
        {ARRAY("\"type\":\"string\""), NULL, "[ \"a\\\"\", null ]", "[ \"a\\\"\", null ]"},
        {ARRAY("\"type\":\"string\""), NULL, "[]", "[]"},
        {ARRAY(VARIABLE), NULL,
         "[{\"scale\":1,\"value\":\"Dw==\"},{\"scale\":1,\"value\":\"GQ==\"},null]",
         "[1.5,2.5,null]"},
        {ARRAY(VARIABLE), NULL, "[[{\"scale\":0,\"value\":\"Dw==\"}],[null]]", "[[15],[null]]"},
        {ARRAY(DECIMAL("2", "10")), NULL, "[\"AeJA\",null]", "[1234.56,null]"},
        {ARRAY(DATE), NULL, "[20487,2146033979,null]", "[\"2026-02-03\",\"infinity\",null]"},
        {ARRAY(MICROS), NULL, "[1770091506789012]", "[\"2026-02-03 04:05:06.789012\"]"},
        {ARRAY(ZONED), NULL, "[\"2026-01-01T00:00:00.000000Z\"]",
         "[\"2026-01-01T00:00:00.000000Z\"]"},
        {ARRAY("\"type\":\"bytes\""), NULL, "[\"3q2+7w==\",\"\"]", "[\"\\\\xdeadbeef\",\"\\\\x\"]"},
        {ARRAY(POINT), NULL, "[{\"x\":1.0,\"y\":2.5}]", "[\"(1,2.5)\"]"},
        {ARRAY("\"type\":\"string\""), "\"type\":\"_numeric\",\"element\":\"numeric\"",
         "[\"1.50\",\"NAN\"]", "[1.50,\"NaN\"]"},
        {ARRAY(DATE), NULL, "[\"x\"]", NULL},
        {ARRAY(DATE), NULL, "[99999999999]", NULL},
        {ARRAY(DATE), NULL, "{}", NULL},
        {ARRAY(DATE), NULL, "20487", NULL},
    };
    run_cases(cases, LENGTH(cases));
}

static void test_binary_modes(void **state)
{
    (void)state;
    static const struct {
        const char *mode;
        const char *json;
        const char *text;
    } cases[] = {
        {"base64", "\"3q2+7w==\"", "\\xdeadbeef"},
        {"base64-url-safe", "\"3q2-7w==\"", "\\xdeadbeef"},
        {"hex", "\"deadBEEF\"", "\\xdeadBEEF"},
        {"hex", "\"\"", "\\x"},
        {"hex", "\"dea\"", NULL},
        {"hex", "\"dxad\"", NULL},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct row r;
        open_value(&r, "\"type\":\"string\"", "\"type\":\"bytea\"", cases[i].mode);
        assert_int_equal(decode_value(&r, cases[i].json), cases[i].text ? ERR_OK : ERR_DATA);
        if (cases[i].text)
            assert_cell(&r, "after_v", cases[i].text);
        row_close(&r);
    }
}

/* numeric's largest value has 131,072 digits before the point and 16,383 behind it. */
static void test_large_decimal(void **state)
{
    (void)state;
    enum { BYTES = 60000 };
    struct row r;
    struct buf b;
    open_value(&r, VARIABLE, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        buf_init(&b, 0);
        buf_lit(&b, "{\"after\":{\"v\":{\"scale\":16383,\"value\":\"");
        for (int k = 0; k < (i ? 2 * BYTES : BYTES) / 3; k++)
            buf_str(&b, k ? "////" : "f///");
        buf_lit(&b, "\"}},\"op\":\"c\"}");
        enum err rc = flat_decode(r.plan, b.p, b.len, r.arena, r.cells, &r.unknown, &r.e);
        if (i) {
            assert_int_equal(rc, ERR_DATA);
            assert_non_null(strstr(r.e.text, "larger than numeric can hold"));
        } else { /* 2^479999 - 1 */
            const struct cell *c = &r.cells[row_column(&r, "after_v")];
            assert_int_equal(rc, ERR_OK);
            assert_int_equal(c->len, 144495 + 1);
            assert_memory_equal(c->p, "12499387", 8);
            assert_memory_equal(c->p + c->len - 8, "23954687", 8);
            assert_int_equal(c->p[c->len - 1 - 16383], '.');
        }
        buf_free(&b);
    }
    row_close(&r);
}

static void assert_unchanged(struct row *r, const char *json)
{
    if (decode_value(r, json))
        fail_msg("%s: %s", json, r->e.text);
    if (r->cells[row_column(r, "after_v")].kind != CELL_UNCHANGED)
        fail_msg("%s is taken for a value", json);
    assert_cell(r, "_unchanged", ",v,");
}

#define PLACEHOLDER "__debezium_unavailable_value"
#define BASE64      "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="
#define BYTE_LIST                                                                                  \
    "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,97,"  \
    "108,117,101]"

static void test_unchanged(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        const char *json;
    } cases[] = {
        {"\"type\":\"string\"", "\"" PLACEHOLDER "\""},
        {NAMED("string", "io.debezium.data.Json"), "\"" PLACEHOLDER "\""},
        {NAMED("string", "io.debezium.data.Json"),
         "\"{\\\"" PLACEHOLDER "\\\":\\\"" PLACEHOLDER "\\\"}\""},
        {"\"type\":\"map\"", "{\"" PLACEHOLDER "\":\"" PLACEHOLDER "\"}"},
        {"\"type\":\"bytes\"", "\"" BASE64 "\""},
        {DECIMAL("2", "10"), "\"" BASE64 "\""},
        {VARIABLE, "{\"scale\":0,\"value\":\"" BASE64 "\"}"},
        {BITS("2147483647"), "\"" BASE64 "\""},
        {ARRAY("\"type\":\"string\""), "[\"" PLACEHOLDER "\"]"},
        {ARRAY("\"type\":\"bytes\""), "[\"" BASE64 "\"]"},
        {ARRAY("\"type\":\"int16\""), BYTE_LIST},
        {ARRAY("\"type\":\"int64\""), BYTE_LIST},
        {ARRAY(DATE), BYTE_LIST},
        {ARRAY(NAMED("string", "io.debezium.data.Uuid")),
         "[\"b68a35a7-17ad-35b3-af2a-ae46edb4545a\"]"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct row r;
        open_value(&r, cases[i].schema, NULL, NULL);
        assert_unchanged(&r, cases[i].json);
        row_close(&r);
    }
}

/* A schema record says what stands for an unchanged value, and the placeholder itself. */
static void test_unchanged_of_a_record(void **state)
{
    (void)state;
    struct row r;
    open_value(&r, "\"type\":\"string\"", "\"type\":\"bytea\",\"unchanged\":\"ab01\"", "hex");
    assert_unchanged(&r, "\"ab01\"");
    assert_int_equal(decode_value(&r, "\"ab02\""), ERR_OK);
    assert_cell(&r, "after_v", "\\xab02");
    assert_cell(&r, "_unchanged", NULL);
    row_close(&r);
    open_value(&r, ARRAY(VARIABLE),
               "\"type\":\"_numeric\",\"unchanged\":[{\"scale\":0,\"value\":\"X19w\"}]", NULL);
    assert_unchanged(&r, "[{\"scale\":0,\"value\":\"X19w\"}]");
    assert_int_equal(decode_value(&r, "[{\"scale\":0,\"value\":\"AQ==\"}]"), ERR_OK);
    assert_cell(&r, "after_v", "[1]");
    row_close(&r);
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        const char *json;
        const char *words;
    } cases[] = {
        {"\"type\":\"int16\"", "70000",
         "column after_v: the value 70000 is not a whole number of the column's size"},
        {MICROS, "-9223372036853775810",
         "column after_v: the value -9223372036853775810 is a timestamp outside of PostgreSQL's "
         "range, 4713 BC to 294276"},
        {"\"type\":\"bytes\"", "\"0123456789012345678901234567890123456789*x\"",
         "column after_v: the value 0123456789012345678901234567890123456789.. is not base64"},
        {"\"type\":\"string\"", "{\"a\":1}",
         "column after_v: the value {\"a\":1} is an object where the schema has another type"},
        {"\"type\":\"string\"", "\"a\x01\"",
         "column after_v: the change event cannot be read: a control character in a string at byte "
         "30 of 43"},
        {"\"type\":\"string\"", "tru",
         "column after_v: the change event cannot be read: an unknown word at byte 28 of 42"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct row r;
        open_value(&r, cases[i].schema, NULL, NULL);
        assert_int_equal(decode_value(&r, cases[i].json), ERR_DATA);
        assert_string_equal(r.e.text, cases[i].words);
        row_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_plain_values),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_iso_texts),
        cmocka_unit_test(test_bits_and_points),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_binary_modes),
        cmocka_unit_test(test_large_decimal),
        cmocka_unit_test(test_unchanged),
        cmocka_unit_test(test_unchanged_of_a_record),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
