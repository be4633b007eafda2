/* Unit tests of `topic`'s pieces: how a record is printed, what --key and --from mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/kafka/reader.h"
#include "console/topic_print.h"
#include "views/topic_from.h"

static struct kafka_record record(const char *key, const char *value)
{
    return (struct kafka_record){.topic = "t",
                                 .partition = 2,
                                 .offset = 41,
                                 .timestamp_ms = 1795543471123,
                                 .key = key,
                                 .key_len = key ? strlen(key) : 0,
                                 .value = value,
                                 .value_len = value ? strlen(value) : 0};
}

static void prints(const char *key, const char *value, enum topic_form form, bool terminal,
                   const char *expected)
{
    struct kafka_record r = record(key, value);
    struct buf out;
    buf_init(&out, 0);
    topic_print(&r, form, terminal, &out);
    assert_string_equal(buf_cstr(&out), expected);
    buf_free(&out);
}

static void test_line(void **state)
{
    (void)state;
    prints("{\"id\":1}", "{\"a\":\"x\"}", TOPIC_LINE, false,
           "2\t41\t2026-11-24T18:04:31.123Z\t{\"id\":1}\t\t{\"a\":\"x\"}\n");
    prints(NULL, NULL, TOPIC_LINE, false, "2\t41\t2026-11-24T18:04:31.123Z\t\\N\t\t\\N\n");
    prints("a\tb", "1\n2\x1b[2J\x7f\xc2\x9b\xff", TOPIC_LINE, false,
           "2\t41\t2026-11-24T18:04:31.123Z\ta\\tb\t\t1\\n2\\x1B[2J\\x7F\\u009B\\xFF\n");
}

static void test_json(void **state)
{
    (void)state;
    prints("{\"id\":12345678901234567890}", "{\n \"a\": 1.10\n}", TOPIC_JSON, false,
           "{\"topic\":\"t\",\"partition\":2,\"offset\":41,\"timestamp_ms\":1795543471123,"
           "\"key\":{\"id\":12345678901234567890},\"headers\":[],\"value\":{  \"a\": 1.10 }}\n");
    prints(NULL, NULL, TOPIC_JSON, false,
           "{\"topic\":\"t\",\"partition\":2,\"offset\":41,\"timestamp_ms\":1795543471123,"
           "\"key\":null,\"headers\":[],\"value\":null}\n");
    prints("text\x1b", "\xff\xfe\xfd\xfc", TOPIC_JSON, false,
           "{\"topic\":\"t\",\"partition\":2,\"offset\":41,\"timestamp_ms\":1795543471123,"
           "\"key\":\"text\\u001b\",\"headers\":[],\"value_base64\":\"//79/A==\"}\n");
    /* DEL and C1 may stand in JSON's strings, but a terminal acts on them */
    prints(NULL, "\"\x7f\xc2\x9b\"", TOPIC_JSON, true,
           "{\"topic\":\"t\",\"partition\":2,\"offset\":41,\"timestamp_ms\":1795543471123,"
           "\"key\":null,\"headers\":[],\"value\":\"\\x7F\\u009B\"}\n");
}

static void test_raw(void **state)
{
    (void)state;
    prints("k", "a\x1b\nb", TOPIC_RAW, false, "a\x1b\nb\n");
    prints("k", "a\x1b\nb", TOPIC_RAW, true, "a\\x1B\\nb\n");
    prints("k", NULL, TOPIC_RAW, false, "\n");
}

static void test_eye(void **state)
{
    (void)state;
    prints("{\"id\":1}", "{\"before\":null,\"after\":{\"n\":1.10,\"t\":[1,2],\"e\":{}}}", TOPIC_EYE,
           true,
           "-- partition 2  offset 41  2026-11-24T18:04:31.123Z\n"
           "key     {\"id\":1}\n"
           "{\n"
           "  \"before\": null,\n"
           "  \"after\": {\n"
           "    \"n\": 1.10,\n"
           "    \"t\": [\n"
           "      1,\n"
           "      2\n"
           "    ],\n"
           "    \"e\": {}\n"
           "  }\n"
           "}\n\n");
    prints(NULL, "plain \x1b]0;title\x07", TOPIC_EYE, true,
           "-- partition 2  offset 41  2026-11-24T18:04:31.123Z\nplain \\x1B]0;title\\x07\n\n");
    prints("k", NULL, TOPIC_EYE, true,
           "-- partition 2  offset 41  2026-11-24T18:04:31.123Z\nkey     k\n(no value: a "
           "tombstone)\n\n");
}

static void indents(const char *text, const char *expected)
{
    struct buf out;
    buf_init(&out, 0);
    topic_indent(text, strlen(text), &out);
    assert_string_equal(buf_cstr(&out), expected);
    buf_free(&out);
}

static void test_indent(void **state)
{
    (void)state;
    indents("  [ ]  ", "[]");
    indents("\"a\\\"{,}\\\\\"", "\"a\\\"{,}\\\\\"");
    indents("[\"\x7f\",true]", "[\n  \"\\x7F\",\n  true\n]");
    indents("{\"a\" : -1e5 , \"b\":\"x:y\"}", "{\n  \"a\": -1e5,\n  \"b\": \"x:y\"\n}");
    indents("12", "12");
}

static bool key_is(const char *key, const char *text)
{
    struct kafka_record r = record(key, NULL);
    return kafka_record_key_is(&r, text);
}

static void test_key(void **state)
{
    (void)state;
    assert_true(key_is("abc", "abc"));
    assert_false(key_is("abc", "ab"));
    assert_false(key_is(NULL, ""));
    assert_true(key_is("", ""));
    assert_true(key_is("{\"id\":17}", "17"));
    assert_true(key_is("{\"id\":17}", "{\"id\":17}"));
    assert_false(key_is("{\"id\":17}", "7"));
    assert_true(key_is("{\"code\":\"SVO\"}", "SVO"));
    assert_true(key_is("{\"ok\":null}", "null"));
    assert_false(key_is("{\"a\":1,\"b\":1}", "1"));
    assert_false(key_is("[17]", "17"));
    assert_true(key_is("{\"schema\":{\"type\":\"struct\"},\"payload\":{\"id\":17}}", "17"));
    assert_true(key_is("{\"payload\":17}", "17"));
}

enum { NOW_MS_DAY = 86400000 };
static const int64_t now_ms = 1795543471123;

static void from_is(const char *text, enum topic_from_kind kind, int64_t value)
{
    struct topic_from f = {0};
    if (!topic_from_parse(text, now_ms, &f))
        fail_msg("\"%s\" is not understood", text);
    assert_int_equal(f.kind, kind);
    assert_int_equal(f.value, value);
}

static void test_from(void **state)
{
    static const char *const bad[] = {"",
                                      "yesterday",
                                      "-5",
                                      "m",
                                      "15x",
                                      "15mm",
                                      "12345678901234567890",
                                      "2026-13-01",
                                      "2026-11-24T12:00:31.5+01",
                                      "end ",
                                      NULL};
    struct topic_from f;
    (void)state;
    from_is("beginning", TOPIC_FROM_BEGINNING, 0);
    from_is("end", TOPIC_FROM_END, 0);
    from_is("0", TOPIC_FROM_OFFSET, 0);
    from_is("1234567890123", TOPIC_FROM_OFFSET, 1234567890123);
    from_is("30s", TOPIC_FROM_TIME, now_ms - 30000);
    from_is("15m", TOPIC_FROM_TIME, now_ms - 900000);
    from_is("2h", TOPIC_FROM_TIME, now_ms - 7200000);
    from_is("1d", TOPIC_FROM_TIME, now_ms - NOW_MS_DAY);
    from_is("2026-11-24T12:04:31.123Z", TOPIC_FROM_TIME, 1795521871123);
    from_is("2026-11-24 12:04:31Z", TOPIC_FROM_TIME, 1795521871000);
    from_is("2026-11-24T12:04Z", TOPIC_FROM_TIME, 1795521840000);
    from_is("2026-11-24Z", TOPIC_FROM_TIME, 1795478400000);
    assert_int_equal(setenv("TZ", "UTC-3", 1), 0); /* three hours east */
    tzset();
    from_is("2026-11-24 15:04", TOPIC_FROM_TIME, 1795521840000);
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
    for (int i = 0; bad[i]; i++)
        if (topic_from_parse(bad[i], now_ms, &f))
            fail_msg("\"%s\" is taken for something", bad[i]);
}

static int setup(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line), cmocka_unit_test(test_json),   cmocka_unit_test(test_raw),
        cmocka_unit_test(test_eye),  cmocka_unit_test(test_indent), cmocka_unit_test(test_key),
        cmocka_unit_test(test_from),
    };
    return cmocka_run_group_tests_name("topic", tests, setup, NULL);
}
