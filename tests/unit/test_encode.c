/* The encoder's writers: every type's JSON. The values are those of a real Debezium. */
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

struct value {
    const char *in;
    const char *json; /* NULL: refused */
};

static void check_values(const struct envelope_options *o, const struct encoding_column *s,
                         const struct value *v, int n)
{
    for (int i = 0; i < n; i++) {
        struct errbuf e = {0};
        char *json = encoding_one(o, s, encoding_text(v[i].in), &e);
        if (!v[i].json) {
            if (json)
                fail_msg("%s \"%s\" was taken as %s", s->type, v[i].in, json);
            assert_non_null(strstr(e.text, s->type));
        } else if (!json) {
            fail_msg("%s \"%s\": %s", s->type, v[i].in, e.text);
        } else {
            assert_string_equal(json, v[i].json);
        }
        free(json);
    }
}

#define VALUES(...)                                                                                \
    (const struct value[])                                                                         \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define CHECK(opt, spec, ...)                                                                      \
    check_values(opt, spec, VALUES(__VA_ARGS__), LENGTH(((const struct value[]){__VA_ARGS__})))

static void plain_types(void **state)
{
    (void)state;
    CHECK(&encoding_defaults, SCALAR("int2", PG_INT2, -1), {"-32768", "-32768"}, {NULL, "null"},
          {"1x", NULL}, {"007", NULL}, {"-0", NULL}, {"", NULL}, {"-", NULL});
    CHECK(&encoding_defaults, SCALAR("int8", PG_INT8, -1),
          {"-9223372036854775808", "-9223372036854775808"}, {"123456789012345678901", NULL},
          {"9223372036854775807", "9223372036854775807"}, {"9223372036854775808", NULL});
    CHECK(&encoding_defaults, SCALAR("oid", PG_OID, -1), {"4294967295", "4294967295"});
    CHECK(&encoding_defaults, SCALAR("bool", PG_BOOL, -1), {"t", "true"}, {"f", "false"},
          {"true", NULL});
    CHECK(&encoding_defaults, SCALAR("bpchar", PG_BPCHAR, 7), {"ab ", "\"ab \""});
    CHECK(&encoding_defaults, SCALAR("text", PG_TEXT, -1), {"", "\"\""},
          {"a \"q\" \\ b\nc\td \x01", "\"a \\\"q\\\" \\\\ b\\nc\\td \\u0001\""},
          {"\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80", "\"\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80\""},
          {"bad \xff.", "\"bad \xef\xbf\xbd.\""});
    CHECK(&encoding_defaults, SCALAR("jsonb", PG_JSONB, -1),
          {"{\"a\": 1.50}", "\"{\\\"a\\\": 1.50}\""});
    CHECK(&encoding_defaults, SCALAR("uuid", PG_UUID, -1),
          {"0f8fad5b-d9cb-469f-a165-70867728950e", "\"0f8fad5b-d9cb-469f-a165-70867728950e\""});
    CHECK(&encoding_defaults, SCALAR("nobody_knows_it", 99999, -1),
          {"(1,\"x\")", "\"(1,\\\"x\\\")\""});
}

static void numerics(void **state)
{
    (void)state;
    CHECK(&encoding_defaults, SCALAR("numeric", PG_NUMERIC, NUMERIC(10, 2)),
          {"1234.56", "\"AeJA\""}, {"-99999999.99", "\"/av0HAE=\""},
          {"99999999.99", "\"AlQL4/8=\""}, {"0.00", "\"AA==\""}, {"0.10", "\"Cg==\""},
          {"-1.00", "\"nA==\""}, {"100.00", "\"JxA=\""}, {"7", "\"Arw=\""}, {"-1.28", "\"gA==\""},
          {"1.28", "\"AIA=\""}, {"NaN", "null"}, {"1.234", NULL}, {"1,5", NULL}, {"", NULL});
    CHECK(&encoding_defaults, SCALAR("numeric", PG_NUMERIC, NUMERIC(5, 0)), {"12345", "\"MDk=\""},
          {"-99999", "\"/nlh\""});
    CHECK(&encoding_defaults, SCALAR("numeric", PG_NUMERIC, NUMERIC(3, -2)), {"12300", "\"ew==\""},
          {"0", "\"AA==\""}, {"12345", NULL});
    CHECK(&encoding_defaults, SCALAR("numeric", PG_NUMERIC, -1),
          {"98765.4321", "{\"scale\":4,\"value\":\"Ot5osQ==\"}"},
          {"100", "{\"scale\":0,\"value\":\"ZA==\"}"}, {"0.0", "{\"scale\":0,\"value\":\"AA==\"}"},
          {"2.50", "{\"scale\":1,\"value\":\"GQ==\"}"},
          {"0.00000000000000000001", "{\"scale\":20,\"value\":\"AQ==\"}"},
          {"1000000000000000000000000000000", "{\"scale\":0,\"value\":\"DJ8snNBGdO3qQAAAAA==\"}"},
          {"12345678901234567890123456789.123456789012345678901234567890",
           "{\"scale\":29,\"value\":\"Mll9fSrXWAVaPDyF0NL5ALv1d/COOYEV\"}"},
          {"123456789012345678901234567890.5", "{\"scale\":1,\"value\":\"D5Uan6OihslPDnZsOQ==\"}"},
          {"Infinity", "null"}, {"-Infinity", "null"}, {"infinite", NULL});
    struct envelope_options o = encoding_defaults;
    o.decimals = DECIMAL_STRING;
    CHECK(&o, SCALAR("numeric", PG_NUMERIC, NUMERIC(10, 2)), {"1234.50", "\"1234.50\""},
          {"NaN", "\"NAN\""}, {"Infinity", "\"POSITIVE_INFINITY\""},
          {"-Infinity", "\"NEGATIVE_INFINITY\""}, {"1\"", NULL});
    o.decimals = DECIMAL_DOUBLE;
    CHECK(&o, SCALAR("numeric", PG_NUMERIC, -1), {"1234.50", "1234.5"}, {"0", "0.0"},
          {"NaN", "\"NaN\""}, {"0.1000000000000000055511151231257827", "0.1"},
          {"12345678901234567890123456789", "1.2345678901234568E28"}, {"x", NULL});
}

static void money(void **state)
{
    (void)state;
    struct envelope_options o = encoding_defaults;
    const struct encoding_column *s = SCALAR("money", PG_MONEY, -1);
    CHECK(&o, s, {"$1,234.56", "\"AeJA\""}, {"-$92,233,720,368,547,758.08", "\"gAAAAAAAAAA=\""},
          {"$92,233,720,368,547,758.07", "\"f/////////8=\""}, {"($1.00)", "\"nA==\""},
          {"$1.2.3", NULL}, {"$", NULL});
    o.decimals = DECIMAL_STRING;
    CHECK(&o, s, {"-$1,234.50", "\"-1234.50\""});
    o.decimals = DECIMAL_DOUBLE;
    CHECK(&o, s, {"-$1,234.50", "-1234.5"});
}

static void floats(void **state)
{
    (void)state;
    CHECK(&encoding_defaults, SCALAR("float4", PG_FLOAT4, -1), {"1.5", "1.5"},
          {"3.4028235e+38", "3.4028235E38"}, {"1e-45", "1.4E-45"}, {"3e-44", "2.9E-44"},
          {"-0", "-0.0"}, {"1.6777216e+07", "1.6777216E7"}, {"1e+10", "1.0E10"}, {"NaN", "\"NaN\""},
          {"1e", NULL}, {"1x5", NULL}, {"", NULL}, {"nan", NULL});
    CHECK(&encoding_defaults, SCALAR("float8", PG_FLOAT8, -1), {"2.25", "2.25"},
          {"1.7976931348623157e+308", "1.7976931348623157E308"}, {"5e-324", "4.9E-324"},
          {"1e+22", "1.0E22"}, {"123456789.12345679", "1.2345678912345679E8"}, {"1e-07", "1.0E-7"},
          {"0.001", "0.001"}, {"0.0001", "1.0E-4"}, {"1234567", "1234567.0"},
          {"12345678", "1.2345678E7"}, {"0.1", "0.1"}, {"1e309", NULL}, {"2e308", NULL},
          {"1e-330", NULL}, {"-Infinity", "\"-Infinity\""});
    CHECK(&encoding_defaults, SCALAR("point", PG_POINT, -1),
          {"(1.5,-2)", "{\"x\":1.5,\"y\":-2.0,\"wkb\":\"AQEAAAAAAAAAAAD4PwAAAAAAAADA\","
                       "\"srid\":null}"},
          {"(Infinity,NaN)", "{\"x\":\"Infinity\",\"y\":\"NaN\",\"wkb\":"
                             "\"AQEAAAAAAAAAAADwfwAAAAAAAPh/\",\"srid\":null}"},
          {"(1)", NULL}, {"(1,)", NULL}, {"1,2", NULL});
}

static void binaries(void **state)
{
    (void)state;
    struct envelope_options o = encoding_defaults;
    const struct encoding_column *s = SCALAR("bytea", PG_BYTEA, -1);
    CHECK(&o, s, {"\\xdeadbeef", "\"3q2+7w==\""}, {"\\x", "\"\""}, {"\\x00ff00", "\"AP8A\""},
          {"\\xfbff", "\"+/8=\""}, {"\\xabc", NULL}, {"\\xzz", NULL}, {"abc", NULL});
    o.binary = BINARY_BASE64;
    CHECK(&o, s, {"\\xfbff", "\"+/8=\""});
    o.binary = BINARY_BASE64_URL;
    CHECK(&o, s, {"\\xfbff", "\"-_8=\""});
    o.binary = BINARY_HEX;
    CHECK(&o, s, {"\\xDEADbeef", "\"deadbeef\""});
    CHECK(&o, SCALAR("bit", PG_BIT, 1), {"1", "true"}, {"0", "false"}, {"2", NULL}, {"11", NULL});
    CHECK(&o, SCALAR("bit", PG_BIT, 5), {"10110", "\"Fg==\""}, {"00000", "\"\""},
          {"11111", "\"Hw==\""}, {"1a1", NULL});
    CHECK(&o, SCALAR("varbit", PG_VARBIT, -1), {"101", "\"BQ==\""}, {"", "\"\""},
          {"1111111111111111", "\"//8=\""}, {"100000000", "\"AAE=\""});
}

static void long_binaries(void **state)
{
    enum { LONG = 2000 };
    (void)state;
    struct errbuf e;
    char *in = malloc(LONG * 2 + 3);
    strcpy(in, "\\x");
    for (int i = 0; i < LONG; i++)
        memcpy(in + 2 + 2 * i, "00", 3);
    char *json =
        encoding_one(&encoding_defaults, SCALAR("bytea", PG_BYTEA, -1), encoding_text(in), &e);
    assert_int_equal(strlen(json), (LONG + 2) / 3 * 4 + 2);
    assert_string_equal(json + strlen(json) - 4, "AA=\"");
    free(json);
    for (int i = 0; i < LONG * 2; i++)
        in[i] = i % 8 == 7 ? '1' : '0'; /* each byte is 1 */
    in[LONG * 2] = '\0';
    json = encoding_one(&encoding_defaults, SCALAR("varbit", PG_VARBIT, -1), encoding_text(in), &e);
    assert_int_equal(strlen(json), (LONG * 2 / 8 + 2) / 3 * 4 + 2);
    assert_memory_equal(json, "\"AQEBAQEB", 9);
    free(json);
    free(in);
}

static void times(void **state)
{
    (void)state;
    struct envelope_options o = encoding_defaults;
    CHECK(&o, SCALAR("date", PG_DATE, -1), {"2026-02-03", "20487"}, {"1970-01-01", "0"},
          {"1969-12-31", "-1"}, {"0044-03-15 BC", "-735160"}, {"9999-12-31", "2932896"},
          {"infinity", "2146033979"}, {"-infinity", "-2147472691"}, {"2026-13-01", NULL},
          {"2026-02-03x", NULL}, {"26-02-03", NULL});
    CHECK(&o, SCALAR("time", PG_TIME, -1), {"12:34:56.789012", "45296789012"},
          {"24:00:00", "86400000000"}, {"00:00:00.000001", "1"}, {"24:00:00.1", NULL},
          {"12:34", NULL}, {"12:34:56.", NULL});
    CHECK(&o, SCALAR("time", PG_TIME, 3), {"12:34:56.789", "45296789"}, {"24:00:00", "86400000"});
    CHECK(&o, SCALAR("timestamp", PG_TIMESTAMP, -1),
          {"2026-02-03 04:05:06.789012", "1770091506789012"}, {"1969-12-31 23:59:59.999999", "-1"},
          {"0044-03-15 12:00:00 BC", "-63517780800000000"}, {"-infinity", "-9223372036854775808"},
          {"infinity", "9223372036854775807"},
          {"294276-12-31 23:59:59.999999", "9223372036854775806"},
          {"294247-01-10 04:00:54.775807", "9223372036854775807"}, {"2026-02-03", NULL},
          {"2026-02-03T04:05:06", NULL});
    CHECK(&o, SCALAR("timestamp", PG_TIMESTAMP, 3), {"2026-02-03 04:05:06.789", "1770091506789"},
          {"0001-01-01 00:00:00", "-62135596800000"},
          {"9999-12-31 23:59:59.999", "253402300799999"}, {"infinity", "9223372036825200000"});
    o.overflow = OVERFLOW_FAIL;
    CHECK(&o, SCALAR("timestamp", PG_TIMESTAMP, -1), {"294276-12-31 23:59:59.999999", NULL});
    o.times = TIME_ADAPTIVE_MICROS;
    CHECK(&o, SCALAR("time", PG_TIME, 3), {"12:34:56.789", "45296789000"});
    CHECK(&o, SCALAR("timestamp", PG_TIMESTAMP, 3), {"1970-01-01 00:00:01.5", "1500"});
    o.times = TIME_CONNECT;
    CHECK(&o, SCALAR("time", PG_TIME, -1), {"12:34:56.789999", "45296789"});
    CHECK(&o, SCALAR("timestamp", PG_TIMESTAMP, -1), {"1969-12-31 23:59:59.999999", "-1"});
}

static void zoned_times(void **state)
{
    (void)state;
    const struct envelope_options *o = &encoding_defaults;
    CHECK(o, SCALAR("timestamptz", PG_TIMESTAMPTZ, -1),
          {"2026-02-03 03:05:06.789012+00", "\"2026-02-03T03:05:06.789012Z\""},
          {"2026-02-03 03:05:06.5+00", "\"2026-02-03T03:05:06.500000Z\""},
          {"1900-01-01 00:00:00+00", "\"1900-01-01T00:00:00.000000Z\""},
          {"2026-02-03 04:05:06.789012+01", "\"2026-02-03T03:05:06.789012Z\""},
          {"2026-01-01 00:15:00+05:30", "\"2025-12-31T18:45:00.000000Z\""},
          {"1890-01-01 00:00:00-00:25:21", "\"1890-01-01T00:25:21.000000Z\""},
          {"4713-01-01 00:00:00+00 BC", "\"-4712-01-01T00:00:00.000000Z\""},
          {"0001-01-01 00:00:00+00 BC", "\"0000-01-01T00:00:00.000000Z\""},
          {"294276-12-31 23:59:59.999999+00", "\"+294276-12-31T23:59:59.999999Z\""},
          {"infinity", "\"infinity\""}, {"-infinity", "\"-infinity\""},
          {"2026-02-03 03:05:06", NULL}, {"2026-02-03 25:05:06+00", NULL});
    CHECK(o, SCALAR("timestamptz", PG_TIMESTAMPTZ, 0),
          {"2026-02-03 03:05:06+00", "\"2026-02-03T03:05:06Z\""});
    CHECK(o, SCALAR("timestamptz", PG_TIMESTAMPTZ, 3),
          {"2026-02-03 03:05:06.7+00", "\"2026-02-03T03:05:06.700Z\""});
    CHECK(o, SCALAR("timetz", PG_TIMETZ, -1), {"12:34:56.789+02", "\"10:34:56.789Z\""},
          {"23:59:59.999999-15:59", "\"15:58:59.999999Z\""}, {"00:00:00+15:59", "\"08:01:00Z\""},
          {"00:00:00-00:30", "\"00:30:00Z\""}, {"24:00:00+00", "\"24:00:00Z\""},
          {"24:00:00+02", "\"22:00:00Z\""}, {"12:00:00", NULL});
}

static void intervals(void **state)
{
    (void)state;
    struct envelope_options o = encoding_defaults;
    const struct encoding_column *s = SCALAR("interval", PG_INTERVAL, -1);
    CHECK(&o, s, {"1 year 2 mons 3 days 04:05:06.789", "37091106789000"}, {"00:00:00", "0"},
          {"-1 mons +2 days -03:00:00", "-2467800000000"},
          {"-178000000 years", "-9223372036854775808"}, {"178000000 years", "9223372036854775807"},
          {"1 fortnight", NULL}, {"", NULL}, {"1 day ", NULL}, {"1", NULL});
    o.intervals = INTERVAL_STRING;
    CHECK(&o, s, {"1 year 2 mons 3 days 04:05:06.789", "\"P1Y2M3DT4H5M6.789S\""},
          {"00:00:00", "\"P0Y0M0DT0H0M0S\""}, {"-00:00:01.5", "\"P0Y0M0DT0H0M-1.5S\""},
          {"-1 mons +2 days -03:00:00", "\"P0Y-1M2DT-3H0M0S\""});
}

static void arrays(void **state)
{
    (void)state;
    const struct envelope_options *o = &encoding_defaults;
    CHECK(o, ARRAY("int4", PG_INT4, -1), {"{1,2,3}", "[1,2,3]"}, {"{}", "[]"},
          {"{{1,2},{3,4}}", "[[1,2],[3,4]]"}, {"[0:2]={1,NULL,3}", "[1,null,3]"}, {"{1,", NULL},
          {"{1}}", NULL}, {"{1 2}", NULL}, {"{,}", NULL}, {"1", NULL}, {"", NULL}, {"{", NULL},
          {"{{{{{{{1}}}}}}}", NULL});
    CHECK(o, ARRAY("text", PG_TEXT, -1),
          {"{a,\"b c\",\"d\\\"e\",NULL}", "[\"a\",\"b c\",\"d\\\"e\",null]"},
          {"{\"\",\"NULL\",\"a\\\\b\"}", "[\"\",\"NULL\",\"a\\\\b\"]"}, {"{\"a", NULL},
          {"{\"a\\", NULL});
    CHECK(o, ARRAY("numeric", PG_NUMERIC, -1),
          {"{1.5,NaN,NULL}", "[{\"scale\":1,\"value\":\"Dw==\"},null,null]"});
    CHECK(o, ARRAY("numeric", PG_NUMERIC, NUMERIC(10, 2)), {"{1234.56}", "[\"AeJA\"]"});
    CHECK(o, ARRAY("timestamptz", PG_TIMESTAMPTZ, -1),
          {"{\"2026-01-01 00:00:00+00\",NULL,infinity}",
           "[\"2026-01-01T00:00:00.000000Z\",null,\"infinity\"]"});
    CHECK(o, ARRAY("bool", PG_BOOL, -1), {"{t,f,NULL}", "[true,false,null]"}, {"{x}", NULL});
    CHECK(o, ARRAY("box", 603, -1),
          {"{(1,1),(0,0);(2,2),(1,1)}", "[\"(1,1),(0,0)\",\"(2,2),(1,1)\"]"});
}

static void hstores(void **state)
{
    (void)state;
    struct envelope_options o = encoding_defaults;
    const struct encoding_column *s = SCALAR("hstore", 16400, -1);
    CHECK(&o, s, {"\"a\"=>\"1\", \"b\"=>NULL", "\"{\\\"a\\\":\\\"1\\\",\\\"b\\\":null}\""},
          {"", "\"{}\""},
          {"\"k 1\"=>\"v \\\"q\\\"\"", "\"{\\\"k 1\\\":\\\"v \\\\\\\"q\\\\\\\"\\\"}\""},
          {"\"a\"=>", NULL}, {"\"a\"", NULL}, {"a=>b", NULL}, {"\"a\"=>\"1\",", NULL});
    o.hstore = HSTORE_MAP;
    CHECK(&o, s, {"\"a\"=>\"1\", \"b\"=>NULL", "{\"a\":\"1\",\"b\":null}"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_types), cmocka_unit_test(numerics),
        cmocka_unit_test(money),       cmocka_unit_test(floats),
        cmocka_unit_test(binaries),    cmocka_unit_test(long_binaries),
        cmocka_unit_test(times),       cmocka_unit_test(zoned_times),
        cmocka_unit_test(intervals),   cmocka_unit_test(arrays),
        cmocka_unit_test(hstores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
