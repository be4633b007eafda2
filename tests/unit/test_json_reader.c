/* Unit tests of backend/base/json_reader: by hand, against jansson, and on a corpus of records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/buf.h"
#include "backend/base/json_reader.h"

static const char CORPUS[] = "../shared/data/debezium";

/* ---- the same value as jansson reads ---- */

static bool same_value(struct json_reader *r, const json_t *v);

static bool same_string(struct json_reader *r, const json_t *v)
{
    struct jtext t;
    if (!jread_string(r, &t) || !json_is_string(v))
        return false;
    char *out = malloc(t.len + 1);
    size_t n = jread_unescape(&t, out);
    bool same = n == json_string_length(v) && memcmp(out, json_string_value(v), n) == 0 &&
                jread_text_equal(&t, out, n) && !jread_text_equal(&t, out, n + 1) &&
                (n == 0 || !jread_text_equal(&t, out, n - 1)) &&
                t.nul == (memchr(out, 0, n) != NULL);
    free(out);
    return same;
}

static bool same_number(struct json_reader *r, const json_t *v)
{
    struct jtext t;
    char text[512];
    if (!jread_number(r, &t) || t.len >= sizeof text)
        return false;
    memcpy(text, t.p, t.len);
    text[t.len] = '\0';
    if (json_is_integer(v))
        return strtoll(text, NULL, 10) == json_integer_value(v);
    return json_is_real(v) && strtod(text, NULL) == json_real_value(v);
}

static bool same_object(struct json_reader *r, const json_t *v)
{
    struct jtext key;
    size_t n = 0;
    if (!json_is_object(v) || !jread_object(r))
        return false;
    while (jread_key(r, &key)) {
        char *name = malloc(key.len + 1);
        name[jread_unescape(&key, name)] = '\0';
        bool same = same_value(r, json_object_get(v, name));
        free(name);
        if (!same)
            return false;
        n++;
    }
    return !r->fault && n == json_object_size(v);
}

static bool same_array(struct json_reader *r, const json_t *v)
{
    size_t n = 0;
    if (!json_is_array(v) || !jread_array(r))
        return false;
    while (jread_item(r))
        if (!same_value(r, json_array_get(v, n++)))
            return false;
    return !r->fault && n == json_array_size(v);
}

static bool same_value(struct json_reader *r, const json_t *v)
{
    bool flag;
    switch (jread_peek(r)) {
    case JREAD_OBJECT:
        return same_object(r, v);
    case JREAD_ARRAY:
        return same_array(r, v);
    case JREAD_STRING:
        return same_string(r, v);
    case JREAD_NUMBER:
        return same_number(r, v);
    case JREAD_TRUE:
    case JREAD_FALSE:
        return jread_bool(r, &flag) && json_is_boolean(v) && flag == json_is_true(v);
    case JREAD_NULL:
        return jread_null(r) && json_is_null(v);
    default:
        return false;
    }
}

/* Read in full, skipped as a whole, and by jansson: all three the same. */
static void assert_same(const char *p, size_t n)
{
    json_error_t error;
    json_t *v = json_loadb(p, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    char *exact = malloc(n ? n : 1); /* no byte behind it: a sanitizer sees a read too far */
    struct json_reader r;
    struct jtext raw;
    struct errbuf e;
    memcpy(exact, p, n);
    jread_init(&r, exact, n);
    if (!v) {
        if (jread_skip(&r, NULL) && jread_end(&r))
            fail_msg("jansson refuses (%s), we take: %.*s", error.text, (int)n, p);
        free(exact);
        return;
    }
    if (!same_value(&r, v) || !jread_end(&r)) {
        if (r.fault)
            (void)!jread_error(&r, "it", &e);
        fail_msg("not the same as jansson's (%s): %.*s", r.fault ? e.text : "", (int)n, p);
    }
    jread_init(&r, exact, n);
    assert_true(jread_skip(&r, &raw));
    assert_true(jread_end(&r));
    assert_true(raw.p >= exact && raw.p + raw.len <= exact + n);
    json_t *again = json_loadb(raw.p, raw.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    assert_true(json_equal(v, again));
    json_decref(again);
    json_decref(v);
    free(exact);
}

/* ---- by hand ---- */

static void test_valid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "[]",
        "\"\"",
        "0",
        "-0",
        "-1.5e+10",
        "1E-5",
        "0.0",
        "true",
        "false",
        "null",
        " { \"a\" : [ 1 , 2 , { } , [ ] ] , \"b\" : null } \r\n\t",
        "\"\\u0041\\u00e9\\u6f22\\ud83d\\ude00\\b\\f\\n\\r\\t\\/\\\\\\\"\"",
        "\"\\u0000\"",
        "\"a\\u0000b\"",
        "\"\\ud800\\udc00\\udbff\\udfff\"",
        "\"emoji \xf0\x9f\x98\x80, \xd0\x9f\xd1\x80, \xe6\xbc\xa2\"",
        "\"exactly8\"",
        "\"a\\\"2345678\"",
        "\"1234567\\\\\"",
        "\"12345678\xc3\xa9\"",
        "{\"a\\u0062\":1,\"\":2}",
        "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
        "9223372036854775807",
        "-9223372036854775808",
        "[\"\x7f\"]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_same(texts[i], strlen(texts[i]));
}

static const struct {
    const char *text;
    size_t at;
} faults[] = {
    {"", 0},
    {" ", 1},
    {"{", 1},
    {"[", 1},
    {"]", 0},
    {"}", 0},
    {"{\"a\"}", 4},
    {"{\"a\":}", 5},
    {"{\"a\":1,}", 7},
    {"{,}", 1},
    {"{a:1}", 1},
    {"{\"a\":1 \"b\":2}", 7},
    {"{\"a\" 1}", 5},
    {"[1,]", 3},
    {"[,1]", 1},
    {"[1 2]", 3},
    {"[1}", 2},
    {"{\"a\":1]", 6},
    {"{\"a\":1", 6},
    {"[1", 2},
    {"1 2", 2},
    {"{} x", 3},
    {"tru", 0},
    {"nul", 0},
    {"truer", 4},
    {"True", 0},
    {"NaN", 0},
    {"Infinity", 0},
    {"-", 0},
    {"01", 0},
    {"-01", 0},
    {"1.", 0},
    {".5", 0},
    {"1e", 0},
    {"1e+", 0},
    {"+1", 0},
    {"0x10", 1},
    {"1.5.5", 3},
    {"\"abc", 0},
    {"\"abc\\", 4},
    {"\"abc\\\"", 0},
    {"\"\\x\"", 1},
    {"\"\\u12\"", 1},
    {"\"\\u12g4\"", 1},
    {"\"a\nb\"", 2},
    {"\"1234567\x1f\"", 8},
    {"\"\\ud800\"", 1},
    {"\"\\ud800\\u0041\"", 1},
    {"\"\\udc00\"", 1},
    {"\"\\ud800\\ud800\"", 1},
    {"\"\\ud83d\\ude0", 1},
    {"\"\xff\"", 1},
    {"\"\x80\"", 1},
    {"\"\xc0\xaf\"", 1},
    {"\"\xc3\"", 1},
    {"\"\xe0\x80\x80\"", 1},
    {"\"\xed\xa0\x80\"", 1},
    {"\"\xf0\x80\x80\x80\"", 1},
    {"\"\xf4\x90\x80\x80\"", 1},
    {"\"\xf0\x9f\x98", 1},
    {"'a'", 0},
    {"// c\n1", 0},
    {"\xef\xbb\xbf{}", 0},
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct json_reader r;
        size_t n = strlen(faults[i].text);
        char *exact = malloc(n ? n : 1);
        memcpy(exact, faults[i].text, n);
        jread_init(&r, exact, n);
        if (jread_skip(&r, NULL) && jread_end(&r))
            fail_msg("taken: %s", faults[i].text);
        if (r.fault_at != faults[i].at)
            fail_msg("%s: %s at %zu, expected %zu", faults[i].text, r.fault, r.fault_at,
                     faults[i].at);
        assert_same(faults[i].text, n);
        free(exact);
    }
}

static void test_nul_byte(void **state)
{
    (void)state;
    assert_same("\"a\0b\"", 5);
    assert_same("{}\0", 3);
    assert_same("\"\\\0\"", 4);
}

static void test_error_words(void **state)
{
    (void)state;
    struct json_reader r;
    struct errbuf e;
    jread_init(&r, "{\"a\":}", 6);
    assert_false(jread_skip(&r, NULL));
    assert_int_equal(jread_error(&r, "the record", &e), ERR_DATA);
    assert_string_equal(e.text, "the record cannot be read: a value is expected at byte 5 of 6");
}

static void test_fault_sticks(void **state)
{
    (void)state;
    struct json_reader r;
    struct jtext t;
    jread_init(&r, "[1,x,\"s\"]", 9);
    assert_true(jread_array(&r));
    assert_true(jread_item(&r));
    assert_true(jread_number(&r, &t));
    assert_true(jread_item(&r));
    assert_false(jread_string(&r, &t));
    assert_int_equal(r.fault_at, 3);
    assert_int_equal(jread_peek(&r), JREAD_NONE);
    assert_false(jread_item(&r));
    assert_false(jread_skip(&r, NULL));
    assert_false(jread_end(&r));
    assert_int_equal(r.fault_at, 3);
}

static void test_depth(void **state)
{
    (void)state;
    char text[2 * JREAD_DEPTH_MAX + 2];
    for (int extra = 0; extra < 2; extra++) {
        int n = JREAD_DEPTH_MAX + extra;
        struct json_reader r;
        memset(text, '[', (size_t)n);
        memset(text + n, ']', (size_t)n);
        jread_init(&r, text, (size_t)(2 * n));
        assert_int_equal(jread_skip(&r, NULL), extra == 0);
        if (extra)
            assert_string_equal(r.fault, "nested too deep");
        else
            assert_true(jread_end(&r));
    }
}

static void test_duplicate_keys_come_in_order(void **state)
{
    (void)state;
    struct json_reader r;
    struct jtext key, t;
    jread_init(&r, "{\"a\":1,\"a\":2}", 13);
    assert_true(jread_object(&r));
    assert_true(jread_key(&r, &key));
    assert_true(jread_number(&r, &t));
    assert_int_equal(t.p[0], '1');
    assert_true(jread_key(&r, &key));
    assert_true(jread_number(&r, &t));
    assert_int_equal(t.p[0], '2');
    assert_false(jread_key(&r, &key));
    assert_true(jread_end(&r));
}

static void test_expect(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1,\"departure_airport\":2, \"c\":3,\"d\":4}";
    struct json_reader r;
    struct jtext key, t;
    jread_init(&r, text, sizeof text - 1);
    assert_true(jread_object(&r));
    assert_false(jread_expect(&r, "\"b\":", 4));
    assert_true(jread_expect(&r, "\"a\":", 4));
    assert_true(jread_number(&r, &t));
    assert_false(jread_expect(&r, "\"departure_airporT\":", 20));
    assert_true(jread_expect(&r, "\"departure_airport\":", 20));
    assert_true(jread_number(&r, &t));
    assert_false(jread_expect(&r, "\"c\":", 4)); /* a space before it: the slow way */
    assert_true(jread_key(&r, &key));
    assert_true(jread_text_equal(&key, "c", 1));
    assert_true(jread_number(&r, &t));
    assert_true(jread_expect(&r, "\"d\":", 4));
    assert_true(jread_number(&r, &t));
    assert_false(jread_expect(&r, "\"e\":", 4));
    assert_false(jread_key(&r, &key));
    assert_true(jread_end(&r));
}

static void test_same_bytes(void **state)
{
    (void)state;
    char a[40], b[40];
    for (size_t n = 0; n < sizeof a; n++) {
        memset(a, 'x', sizeof a);
        memset(b, 'x', sizeof b);
        assert_true(jread_same(a, b, n));
        for (size_t i = 0; i < n; i++) {
            b[i] = 'y';
            assert_false(jread_same(a, b, n));
            b[i] = 'x';
        }
        if (n < sizeof a) {
            b[n] = 'y';
            assert_true(jread_same(a, b, n));
        }
    }
}

/* ---- generated ---- */

static uint64_t seed = 0x9e3779b97f4a7c15ull;

static unsigned draw(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % n;
}

static void put_space(struct buf *b)
{
    static const char spaces[] = " \t\r\n";
    while (draw(8) == 0)
        buf_ch(b, spaces[draw(4)]);
}

static void put_text(struct buf *b)
{
    static const char *const pieces[] = {
        "a",       "plain text", "\\\"",           "\\\\",     "\\/",          "\\u0041",
        "\\n",     "\\u00E9",    "\\ud83d\\ude00", "\xc3\xa9", "\xe6\xbc\xa2", "\xf0\x9f\x98\x80",
        "0123456", "{[,:]}",     "\\u0000"};
    buf_ch(b, '"');
    for (unsigned n = draw(6); n; n--)
        buf_str(b, pieces[draw(sizeof pieces / sizeof *pieces)]);
    buf_ch(b, '"');
}

static void put_number(struct buf *b)
{
    if (draw(2))
        buf_ch(b, '-');
    if (draw(4))
        buf_u64(b, draw(2) ? draw(10) : draw(2000000000));
    else
        buf_lit(b, "922337203685477580");
    if (draw(3) == 0)
        buf_printf(b, ".%u", draw(100000));
    if (draw(5) == 0)
        buf_printf(b, "%c%s%u", draw(2) ? 'e' : 'E', draw(2) ? "-" : draw(2) ? "+" : "", draw(200));
}

static void put_value(struct buf *b, int depth)
{
    static const char *const words[] = {"true", "false", "null"};
    unsigned kind = draw(depth > 6 ? 3 : 5);
    unsigned n = draw(5);
    put_space(b);
    switch (kind) {
    case 0:
        put_text(b);
        break;
    case 1:
        put_number(b);
        break;
    case 2:
        buf_str(b, words[draw(3)]);
        break;
    default:
        buf_ch(b, kind == 3 ? '[' : '{');
        for (unsigned i = 0; i < n; i++) {
            buf_str(b, i ? "," : "");
            put_space(b);
            if (kind == 4) {
                buf_printf(b, "\"key\\u00%02x%u\"", 'a' + i, i);
                put_space(b);
                buf_ch(b, ':');
            }
            put_value(b, depth + 1);
        }
        buf_ch(b, kind == 3 ? ']' : '}');
    }
    put_space(b);
}

static void test_generated(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 0);
    for (int i = 0; i < 20000; i++) {
        buf_clear(&b);
        put_value(&b, 0);
        assert_same(b.p, b.len);
        if (b.len > 1) { /* one byte changed: both take it, or both refuse it */
            static const char bytes[] = "\"\\{}[],:0a \x01\xc3\xff-";
            b.p[draw((unsigned)b.len)] = bytes[draw(sizeof bytes - 1)];
            json_error_t error;
            json_t *v = json_loadb(b.p, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
            struct json_reader r;
            jread_init(&r, b.p, b.len);
            bool taken = jread_skip(&r, NULL) && jread_end(&r);
            bool range = strstr(error.text, "big") || strstr(error.text, "real number") ||
                         strstr(error.text, "NUL byte in object key");
            if (taken != (v != NULL) && (v || !range))
                fail_msg("%s: %.*s (%s)", taken ? "taken" : r.fault, (int)b.len, b.p, error.text);
            json_decref(v);
        }
    }
    buf_free(&b);
}

/* ---- a corpus of a real Debezium's records ---- */

static int compare_file(const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;
    int n = 0;
    assert_non_null(f);
    while (getline(&line, &cap, f) > 0) {
        json_t *record = json_loads(line, 0, NULL);
        assert_non_null(record);
        assert_same(line, strlen(line));
        const char *parts[] = {"key", "value"};
        for (int i = 0; i < 2; i++) {
            const char *text = json_string_value(json_object_get(record, parts[i]));
            if (text)
                assert_same(text, strlen(text));
            n += text != NULL;
        }
        json_decref(record);
    }
    free(line);
    (void)fclose(f);
    return n;
}

static void test_corpus(void **state)
{
    (void)state;
    static const char *const folders[] = {"default", "default_schema"};
    int n = 0;
    for (int i = 0; i < 2; i++) {
        char path[1024];
        (void)snprintf(path, sizeof path, "%s/%s", CORPUS, folders[i]);
        DIR *d = opendir(path);
        if (!d) {
            print_message("%s is absent: the comparison on its records is skipped\n", CORPUS);
            skip();
        }
        for (struct dirent *f = readdir(d); f; f = readdir(d)) {
            char file[2048];
            (void)snprintf(file, sizeof file, "%s/%s", path, f->d_name);
            if (strstr(f->d_name, ".jsonl"))
                n += compare_file(file);
        }
        (void)closedir(d);
    }
    print_message("%d keys and values compared with jansson\n", n);
    assert_true(n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_nul_byte),
        cmocka_unit_test(test_error_words),
        cmocka_unit_test(test_fault_sticks),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_duplicate_keys_come_in_order),
        cmocka_unit_test(test_expect),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_generated),
        cmocka_unit_test(test_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
