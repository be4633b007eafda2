/* What `x` writes: values for programs, from every table and every opened row. */
#include <ctype.h>
#include <regex.h>

#include "tests/fixture/fake_answers.h"
#include "tests/unit/answers_help.h"
#include "views/export.h"
#include "views/topic_messages.h"

/* As answer_asks, and of what else there is what the fake engine has in files. */
static void answer_all(struct screen *s)
{
    struct ask asks[16];
    int n = 0;
    while (n < 16 && screen_ask(s, n, &asks[n]))
        n++;
    for (int i = 0; i < n; i++) {
        struct errbuf e = {.text = "not here"};
        json_t *result = NULL;
        const char *method = asks[i].method;
        enum err rc = strcmp(method, "topic.messages") == 0
                          ? fake_messages(asks[i].params, &result, &e)
                      : strcmp(method, "topic.figures") == 0     ? ERR_OK
                      : strcmp(method, "connector.show") == 0    ? ERR_OK
                      : strcmp(method, "connector.offsets") == 0 ? ERR_OK
                                                                 : fake_answer(method, &result, &e);
        if (strcmp(method, "topic.figures") == 0)
            result = fake_figures(asks[i].params);
        else if (strcmp(method, "connector.show") == 0)
            result = answer_show(asks[i].params);
        else if (strcmp(method, "connector.offsets") == 0)
            result = answer_offsets(asks[i].params);
        const struct answer a = {method, asks[i].params, rc, result, e.text};
        screen_take_answer(s, &a, NULL);
        json_decref(asks[i].params);
        json_decref(result);
    }
}

static void go(struct screen *s, const char *keys)
{
    for (; *keys; keys++) {
        char key[2] = {*keys, '\0'};
        (void)press(s, key);
        answer_all(s);
        answer_all(s); /* what the answers led to */
    }
}

static const char *export_to(struct screen *s, const char *name)
{
    char keys[64];
    (void)snprintf(keys, sizeof keys, "x\x15%s\r", name);
    struct effect effect = press(s, keys);
    assert_int_equal(effect.kind, EFFECT_SAVE);
    assert_int_equal(effect.text_len, strlen(effect.text));
    return effect.text;
}

static json_t *exported(struct screen *s)
{
    json_error_t e;
    json_t *v = json_loads(export_to(s, "t.json"), 0, &e);
    if (!v)
        fail_msg("%s at %d", e.text, e.position);
    return v;
}

static bool matches(const char *text, const char *pattern)
{
    regex_t r;
    assert_int_equal(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
    bool found = regexec(&r, text, 0, NULL, 0) == 0;
    regfree(&r);
    return found;
}

/* No figure as people read it, no time but ISO 8601, no sign; names for programs. */
static void check_value(const char *where, const char *name, const json_t *v)
{
    static const char figure[] = "^-?[0-9][0-9,]*(\\.[0-9])? ?([kMGTP]?B?(/s)?|ms|s|m|h|d|%)$";
    static const char moment[] = "^[0-9]{4}-[0-9]{2}-[0-9]{2} |^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$";
    static const char sign[] = "^[●✓✗▲○■◌–] ";
    const char *text = json_string_value(v);
    if (!matches(name, "^[a-z][a-z0-9_]*$"))
        fail_msg("%s: a column is called \"%s\"", where, name);
    static const char texts[] = "^(key|value|session|id)$"; /* the servers', as they are */
    if (text && !matches(name, texts) &&
        (matches(text, figure) || matches(text, moment) || matches(text, sign) ||
         strcmp(text, "-") == 0))
        fail_msg("%s: %s is \"%s\"", where, name, text);
    if (matches(name, "_(s|bytes|records|per_s)$") && !json_is_number(v) && !json_is_null(v))
        fail_msg("%s: %s is no number", where, name);
}

static void test_every_table(void **state)
{
    (void)state;
    static const char *const places[] = {
        "1",  "2",   "3",    "3\r",   "3\r\r",  "4",       "4\r",      "4\r\r",
        "7v", "7vv", "7vvv", "7vvvv", "7vvvvv", "7vvvvvv", "7vvvvvvv", "7vvvvvvvv",
        "8",  "8v",  "8vv",  "8vvv",  "8vvvv",  "8vvvvv",  "0"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct screen s;
        size_t k;
        json_t *row;
        json_t *v;
        const char *name;
        start(&s, 50, 200);
        go(&s, places[i]);
        json_t *rows = exported(&s);
        assert_true(json_is_array(rows));
        if (!json_array_size(rows))
            fail_msg("%s: no row", places[i]);
        json_array_foreach(rows, k, row)
        {
            json_object_foreach(row, name, v)
            {
                check_value(places[i], name, v);
            }
        }
        size_t columns = json_object_size(json_array_get(rows, 0));
        const char *csv = export_to(&s, "t.csv");
        size_t commas = 0;
        for (const char *c = csv; *c != '\r'; c++)
            commas += *c == ',';
        assert_int_equal(commas + 1, columns); /* two of a name would be one in JSON */
        json_decref(rows);
        screen_free(&s);
    }
}

static json_t *row_where(json_t *rows, const char *name, const char *value)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const char *text = json_string_value(json_object_get(row, name));
        if (text && strcmp(text, value) == 0)
            return row;
    }
    fail_msg("no %s %s", name, value);
    return NULL;
}

static double real_in(const json_t *o, const char *name)
{
    if (!json_is_number(json_object_get(o, name)))
        fail_msg("%s is no number", name);
    return json_number_value(json_object_get(o, name));
}

static void check_text(const json_t *o, const char *name, const char *want)
{
    const char *text = json_string_value(json_object_get(o, name));
    if (!text)
        fail_msg("%s is no text", name);
    assert_string_equal(text, want);
}

static void test_values_of_tables(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    go(&s, "2");
    json_t *rows = exported(&s);
    json_t *row = row_where(rows, "connector", "flights-sink");
    check_text(row, "state", "RUNNING");
    assert_float_equal(real_in(row, "lag_s"), 11.4, 1e-9);
    assert_float_equal(real_in(row, "waiting_records"), 101, 0);
    check_text(row, "since", "2026-11-24T15:59:07.050043Z");
    assert_true(json_is_null(json_object_get(row, "last_error")));
    row = row_where(rows, "connector", "airline-source");
    assert_true(json_is_null(json_object_get(row, "waiting_records"))); /* and not "-" */
    json_decref(rows);
    assert_non_null(strstr(export_to(&s, "t.csv"), "\r\nflights-sink,RUNNING,120,11.4,101,"));
    assert_non_null(strstr(export_to(&s, "t.md"), "| 120/s | 11.4 s | 101 |")); /* for people */

    go(&s, "1");
    rows = exported(&s);
    row = row_where(rows, "name", "bookings.tickets");
    assert_float_equal(real_in(row, "behind_s"), 600, 0);
    assert_true(json_is_false(json_object_get(row, "verified_ok")));
    check_text(row, "verified", "2026-11-24T17:00:00.000000Z");
    row = row_where(rows, "kind", "alert");
    check_text(row, "refreshed_or_since", "2026-11-24T18:03:07.050043Z");
    check_text(row, "acknowledged_by", "ann (pid 812)");
    json_decref(rows);

    go(&s, "0");
    rows = exported(&s);
    row = row_where(rows, "about", "tickets-sink");
    check_text(row, "time", "2026-11-24T18:03:07.050043Z");
    check_text(row, "level", "error");
    json_decref(rows);
    screen_free(&s);
}

/* Key, value and headers are whole, and the value is not touched. */
static void test_records(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    go(&s, "3\r\r");
    json_t *rows = exported(&s);
    const json_t *row = json_array_get(rows, 0);
    const json_t *kept = topics_messages(&s)->rows[0].record;
    assert_true(json_equal(json_object_get(row, "key"), json_object_get(kept, "key")));
    assert_true(json_equal(json_object_get(row, "value"), json_object_get(kept, "value")));
    assert_true(json_equal(json_object_get(row, "headers"), json_object_get(kept, "headers")));
    assert_true(strlen(json_string_value(json_object_get(row, "value"))) > 100);
    assert_true(matches(json_string_value(json_object_get(row, "time")), "^2026-.*T.*Z$"));
    json_decref(rows);

    go(&s, "\r");
    json_t *one = exported(&s);
    assert_true(json_equal(json_object_get(one, "value"), json_object_get(kept, "value")));
    check_text(one, "topic", "postgres.bookings.flights");
    assert_true(matches(json_string_value(json_object_get(one, "timestamp")), "^2026-.*T.*Z$"));
    assert_null(json_object_get(one, "timestamp_ms"));
    json_decref(one);
    assert_non_null(strstr(export_to(&s, "r.csv"), "\r\nvalue,\"{\"\""));
    screen_free(&s);
}

static void test_opened_rows(void **state)
{
    (void)state;
    static const struct {
        const char *keys, *member, *in_csv;
    } cases[] = {{"2G\r", "tasks", "\r\nconfig.connection.password,***\r\n"},
                 {"2\r", "position", "\r\nposition.0.offset.confirmed_lsn,0/3F0012A8\r\n"},
                 {"0\r", "what", "\r\nabout,"},
                 {"7vv\r", "bytes", "\r\nbytes,"},
                 {"8\r", "retained_bytes", "\r\nretained_bytes,52000000\r\n"},
                 {"4\r\r\r", "lines", "\r\nlines.0.ts,2026-"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct screen s;
        start(&s, 40, 120);
        go(&s, cases[i].keys);
        assert_true(s.detail);
        assert_shows(&s, "x export");
        json_t *one = exported(&s);
        if (!json_object_get(one, cases[i].member))
            fail_msg("%s: no %s in\n%s", cases[i].keys, cases[i].member, export_to(&s, "t.json"));
        json_decref(one);
        const char *csv = export_to(&s, "t.csv");
        assert_memory_equal(csv, "name,value\r\n", 12);
        if (!strstr(csv, cases[i].in_csv))
            fail_msg("%s: no %s in\n%s", cases[i].keys, cases[i].in_csv, csv);
        screen_free(&s);
    }
}

/* A row that is opened and not there (yet) is no empty file. */
static void test_nothing_opened(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "2\r");
    assert_int_equal(press(&s, "x\x15t.json\r").kind, EFFECT_NOTHING);
    assert_shows(&s, "there is nothing to write");
    screen_free(&s);
}

/* Times, durations and names of an object of the protocol; what is no figure stays as it is. */
static void test_object(void **state)
{
    (void)state;
    json_t *o = json_pack("{s:I, s:n, s:i, s:s, s:{s:[i, s]}, s:s, s:f, s:[]}", "ts_us",
                          (json_int_t)1795543987050043, "ended_us", "lag_ms", 1500, "_key", "k",
                          "a", "b", 1, "x,\"y\"", "text", "two\nlines", "real", 0.1, "none");
    struct buf b;
    buf_init(&b, 0);
    export_object(o, EXPORT_CSV, &b);
    assert_string_equal(buf_cstr(&b), "name,value\r\n"
                                      "ts,2026-11-24T18:13:07.050043Z\r\n"
                                      "ended,\r\n"
                                      "lag_s,1.5\r\n"
                                      "a.b.0,1\r\n"
                                      "a.b.1,\"x,\"\"y\"\"\"\r\n"
                                      "text,\"two\nlines\"\r\n"
                                      "real,0.1\r\n"
                                      "none,[]\r\n");
    buf_free(&b);
    buf_init(&b, 0);
    export_object(o, EXPORT_MARKDOWN, &b);
    assert_non_null(strstr(buf_cstr(&b), "| text | two<br>lines |\n"));
    buf_free(&b);
    json_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_table),    cmocka_unit_test(test_values_of_tables),
        cmocka_unit_test(test_records),        cmocka_unit_test(test_opened_rows),
        cmocka_unit_test(test_nothing_opened), cmocka_unit_test(test_object),
    };
    (void)setlocale(LC_ALL, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
