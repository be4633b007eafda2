/* Pane 9: typing, what it asks of the shell, pages of rows, charts; whole screens against goldens.
 */
#include <time.h>

#include "tests/unit/screen_help.h"
#include "views/query_chart.h"
#include "views/query_edit.h"
#include "views/query_result.h"

static void query_answer(struct screen *s, const char *method, int run, enum err code,
                         json_t *result, const char *text)
{
    json_t *params = json_pack("{s:i}", "run", run);
    const struct answer a = {method, params, code, result, text};
    screen_take_answer(s, &a, NULL);
    json_decref(params);
    json_decref(result);
}

/* Rows of days and passengers, from the given one on. */
static json_t *page(int from, int n, bool first, bool more)
{
    json_t *rows = json_array();
    for (int i = from; i < from + n; i++) {
        char day[40];
        char people[40];
        (void)snprintf(day, sizeof day, "2026-%02d-%02d", 1 + i / 28 % 12, 1 + i % 28);
        (void)snprintf(people, sizeof people, "%d", 1000 + i * 37 % 500);
        json_t *row = json_pack("[s, s, s, n]", day,
                                i % 3 ? "Sheremetyevo (Шереметьево)" : "Pulkovo", people);
        if (i % 5 == 0)
            (void)json_array_set_new(row, 3,
                                     json_string("a remark that is longer than its column "
                                                 "may be, and goes on"));
        (void)json_array_append_new(rows, row);
    }
    json_t *result = json_pack("{s:o, s:b, s:b, s:s, s:b}", "rows", rows, "running", 0, "more",
                               (int)more, "words", more ? "" : "40 rows, 0.12 s", "changed", 0);
    if (first)
        (void)json_object_set_new(result, "columns",
                                  json_pack("[{s:s, s:b}, {s:s, s:b}, {s:s, s:b}, {s:s, s:b}]",
                                            "name", "day", "number", 0, "name", "airport", "number",
                                            0, "name", "passengers", "number", 1, "name", "remark",
                                            "number", 0));
    return result;
}

static void open_pane(struct screen *s, int h, int w)
{
    start(s, h, w);
    (void)press(s, "9");
    assert_true(screen_context(s) == CONTEXT_QUERY);
}

static void run_query(struct screen *s, const char *text)
{
    const struct effect e = press(s, text);
    assert_int_equal(e.kind, EFFECT_QUERY);
    assert_string_equal(e.method, "query.run");
}

static void test_screens(void **state)
{
    (void)state;
    static const struct {
        int h, w;
    } sizes[] = {{24, 80}, {50, 200}, {10, 40}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct screen s;
        char name[64];
        open_pane(&s, sizes[i].h, sizes[i].w);
        run_query(&s, "select day, airport, passengers, remark\rfrom presentation.days;\r");
        query_answer(&s, "query.page", 1, ERR_OK, page(0, 40, true, false), "");
        (void)press(&s, "\x1bjj");
        (void)snprintf(name, sizeof name, "query-%dx%d", sizes[i].w, sizes[i].h);
        check_screen(name, &s);
        (void)press(&s, "c");
        (void)snprintf(name, sizeof name, "query-chart-%dx%d", sizes[i].w, sizes[i].h);
        check_screen(name, &s);
        screen_free(&s);
    }
}

static void test_errors_and_running(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s, 24, 80);
    assert_shows(&s, "Query of the warehouse");
    run_query(&s, "selec 1;\r");
    s.now_us += 3000000;
    assert_shows(&s, "Running 3 s");
    assert_int_equal(screen_next_change_us(&s) <= s.now_us + 1000000, 1);
    assert_string_equal(press(&s, "\x03").method, "query.cancel");
    query_answer(&s, "query.page", 1, ERR_SQL, json_object(),
                 "ERROR: syntax error (SQLSTATE 42601)\nLINE 1: selec 1\n        ^");
    assert_shows(&s, "Failed");
    assert_shows(&s, "LINE 1: selec 1\n          ");
    /* an answer to a run that is no longer ours changes nothing */
    query_answer(&s, "query.page", 7, ERR_OK, page(0, 3, true, false), "");
    assert_hides(&s, "passengers");
    assert_int_equal(press(&s, "\x03").kind, EFFECT_NOTHING); /* drops the text */
    assert_hides(&s, "selec 1;");
    check_screen("query-failed-80x24", &s);
    screen_free(&s);
}

static void test_typing_and_history(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s, 24, 80);
    query_answer(&s, "query.history", 0, ERR_OK, json_pack("[s, s]", "select 1;", "select\n 2;"),
                 "");
    (void)press(&s, "select 'ж\x7fё;\r"); /* an open quote goes on; an edit of two bytes */
    assert_shows(&s, "select 'ё;\n");
    struct effect e = press(&s, "';\r");
    assert_string_equal(param(&e, "sql"), "select 'ё;\n';");
    query_answer(&s, "query.page", 1, ERR_OK, page(0, 1, true, false), "");
    (void)press(&s, "\x03\x10"); /* Ctrl-P: the newest */
    assert_shows(&s, "select\n  2;");
    (void)press(&s, "\x10\x10"); /* up within it, then to the one before */
    assert_shows(&s, "select 1;");
    (void)press(&s, "\x15"
                    "sel");
    e = press(&s, "\t");
    assert_string_equal(e.method, "query.complete");
    assert_int_equal(json_integer_value(json_object_get(e.params, "point")), 3);
    query_answer(&s, "query.complete", 0, ERR_OK,
                 json_pack("{s:i, s:[s, s], s:s}", "start", 0, "items", "select", "selected",
                           "common", "select"),
                 "");
    assert_shows(&s, "select  selected");
    /* a digit in an empty editor is a pane, in a text a digit; Tab goes on */
    (void)press(&s, "\x15x1\x15");
    assert_int_equal(s.pane, PANE_QUERY);
    (void)press(&s, "\t");
    assert_int_equal(s.pane, PANE_EVENTS);
    (void)press(&s, "9"
                    "1");
    assert_int_equal(s.pane, PANE_OVERVIEW);
    screen_free(&s);
}

/* Where letters are text the help line says which keys are none, and F1 is the help. */
static void test_help_of_the_editor(void **state)
{
    (void)state;
    struct screen s;
    struct effect e;
    open_pane(&s, 24, 80);
    assert_shows(&s, "Enter run behind ;  Tab complete  Esc rows  F1 help");
    (void)press(&s, "?");
    assert_shows(&s, "Ctrl-X run");
    assert_int_equal(s.mode, MODE_BROWSE);
    screen_key(&s, VK_F1, &e);
    assert_int_equal(s.mode, MODE_HELP);
    assert_shows(&s, "What can be done here");
    assert_shows(&s, "run what is typed, else the last query again");
    (void)press(&s, "q\x1b");
    assert_shows(&s, "i type");
    screen_key(&s, VK_F1, &e);
    assert_int_equal(s.mode, MODE_HELP);
    screen_free(&s);
}

/* Rows come as one scrolls, and what is held stays within its limit. */
static void test_pages_are_bounded(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s, 24, 80);
    run_query(&s, "select 1;\r");
    query_answer(&s, "query.page", 1, ERR_OK, page(0, QUERY_PAGE_ROWS, true, true), "");
    assert_shows(&s, "Rows 1 to 500 of more");
    (void)press(&s, "\x1b");
    assert_int_equal(press(&s, "j").kind, EFFECT_NOTHING); /* far from the end */
    for (int i = 1; i < 12; i++) {
        assert_string_equal(press(&s, "G").method, "query.more");
        assert_int_equal(press(&s, "G").kind, EFFECT_NOTHING); /* asked once */
        query_answer(&s, "query.page", 1, ERR_OK,
                     page(i * QUERY_PAGE_ROWS, QUERY_PAGE_ROWS, false, i < 11), "");
        assert_true(s.tables[PANE_QUERY].n <= (size_t)QUERY_PAGES_HELD * QUERY_PAGE_ROWS);
    }
    assert_shows(&s, "Rows 2001 to 6000; those before were let go");
    (void)press(&s, "G");
    assert_string_equal(s.tables[PANE_QUERY].key, "6000");
    screen_free(&s);
}

static void test_reads_only_and_export(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s, 24, 80);
    struct effect e = press(&s, "select 1;\r");
    assert_false(json_is_true(json_object_get(e.params, "read_only")));
    query_answer(&s, "query.page", 1, ERR_OK, page(0, 3, true, false), "");
    s.viewer = true;
    assert_shows(&s, "reading only");
    e = press(&s, "\x18"); /* Ctrl-X runs it again */
    assert_true(json_is_true(json_object_get(e.params, "read_only")));
    query_answer(&s, "query.page", 2, ERR_OK, page(0, 3, true, false), "");
    (void)press(&s, "\x1bx");
    e = press(&s, "\x15rows.json\r");
    assert_string_equal(e.method, "query.export");
    assert_string_equal(param(&e, "path"), "rows.json");
    query_answer(&s, "query.page", 3, ERR_OK,
                 json_pack("{s:b, s:s}", "running", 0, "words", "written: rows.json, 3 rows"), "");
    assert_shows(&s, "written: rows.json");
    assert_shows(&s, "passengers"); /* and the rows are still there */
    e = press(&s, "wtoday\r");
    assert_string_equal(e.method, "query.save");
    assert_string_equal(param(&e, "name"), "today");
    assert_string_equal(param(&e, "sql"), "select 1;");
    e = press(&s, "s");
    assert_string_equal(e.method, "query.list");
    query_answer(&s, "query.list", 0, ERR_OK,
                 json_pack("[{s:s, s:s}, {s:s, s:s}]", "name", "delays", "text", "select 'late';",
                           "name", "", "text", "select 7;"),
                 "");
    check_screen("query-saved-80x24", &s);
    (void)press(&s, "\r");
    assert_true(screen_context(&s) == CONTEXT_QUERY);
    assert_shows(&s, "select 'late';");
    screen_free(&s);
}

/* ---- nothing runs twice by itself ---- */

/* What came of a run: whether it may have changed something, and the open transaction. */
static void end_run(struct screen *s, int run, bool changed, const char *block)
{
    query_answer(s, "query.page", run, ERR_OK,
                 json_pack("{s:[], s:[], s:b, s:b, s:s, s:b, s:s}", "columns", "rows", "running", 0,
                           "more", 0, "words", "INSERT 1, 0.01 s", "changed", (int)changed, "block",
                           block),
                 "");
}

static void test_changes_do_not_run_twice(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s, 24, 80);
    run_query(&s, "insert into t values (1);\r");
    end_run(&s, 1, true, "");
    assert_int_equal(press(&s, "\x18").kind, EFFECT_NOTHING); /* the same text: asked about */
    assert_shows(&s, "Run it again?");
    assert_shows(&s, "may have changed data");
    assert_int_equal(press(&s, "n\r").kind, EFFECT_NOTHING); /* by Enter as well */
    assert_shows(&s, "Run it again?");
    assert_string_equal(press(&s, "y").method, "query.run");
    end_run(&s, 2, true, "");
    assert_int_equal(press(&s, "\x03\x18").kind, EFFECT_NOTHING); /* nothing typed */
    assert_shows(&s, "does not run again by itself");
    struct effect e = press(&s, "insert into t values (2);\r"); /* another text */
    assert_string_equal(e.method, "query.run");
    assert_false(json_is_true(json_object_get(e.params, "read_only")));
    /* whose answer is lost: it may have run */
    query_answer(&s, "query.page", 3, ERR_CONNECT, json_object(), "the connection is gone");
    assert_int_equal(press(&s, "\x03\x18").kind, EFFECT_NOTHING);
    run_query(&s, "select 1;\r");
    end_run(&s, 4, false, "");
    assert_string_equal(press(&s, "\x18").method, "query.run"); /* what reads does, typed or not */
    end_run(&s, 5, false, "");
    e = press(&s, "\x03\x18");
    assert_string_equal(e.method, "query.run");
    assert_true(
        json_is_true(json_object_get(e.params, "read_only"))); /* the server holds it to it */
    screen_free(&s);
}

static void test_open_transaction_is_shown(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s, 24, 80);
    run_query(&s, "begin;\r");
    assert_int_equal(press(&s, "\x1bq").kind, EFFECT_NOTHING); /* it runs */
    assert_shows(&s, "Leave the console?");
    assert_shows(&s, "A query runs");
    (void)press(&s, "n");
    end_run(&s, 1, true, "*");
    assert_shows(&s, "TRANSACTION OPEN");
    assert_int_equal(press(&s, "1:quit\r").kind, EFFECT_NOTHING); /* also from another pane */
    assert_shows(&s, "A transaction is open in pane 9");
    assert_int_equal(press(&s, "y").kind, EFFECT_LEAVE);
    (void)press(&s, "9i\x03");
    run_query(&s, "selec;\r");
    query_answer(&s, "query.page", 2, ERR_SQL, json_pack("{s:b, s:s}", "changed", 1, "block", "!"),
                 "ERROR");
    assert_shows(&s, "TRANSACTION FAILED");
    (void)press(&s, "\x03");
    run_query(&s, "rollback;\r");
    end_run(&s, 3, true, "");
    assert_hides(&s, "TRANSACTION");
    assert_int_equal(press(&s, "\x1bq").kind, EFFECT_LEAVE);
    screen_free(&s);
}

/* Ctrl-C is a key where leaving would break something, and asks as q does, whatever is open. */
static void test_interrupt_asks(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s, 24, 80);
    assert_true(screen_wants_interrupt(&s)); /* here it cancels */
    (void)press(&s, "\x1b"
                    "1");
    assert_false(screen_wants_interrupt(&s)); /* it may end the console */
    assert_int_equal(press(&s, "\x03").kind, EFFECT_LEAVE);
    (void)press(&s, "9i");
    run_query(&s, "begin;\r");
    end_run(&s, 1, true, "*");
    static const char *const places[] = {":\x1b\x32\x03", "/tick\x03", "?\x03", "jp\x03", ":\x03"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        assert_int_equal(press(&s, places[i]).kind, EFFECT_NOTHING);
        assert_true(screen_wants_interrupt(&s));
        assert_shows(&s, "Leave the console?");
        assert_shows(&s, "A transaction is open in pane 9");
        assert_int_equal(press(&s, "\x03").kind, EFFECT_NOTHING); /* no answer */
        assert_shows(&s, "Leave the console?");
        assert_int_equal(press(&s, "n").kind, EFFECT_NOTHING);
    }
    assert_int_equal(press(&s, "\x03y").kind, EFFECT_LEAVE);
    run_query(&s, "9i\x03rollback;\r");
    end_run(&s, 2, true, "");
    (void)press(&s, "\x03select");
    assert_int_equal(press(&s, "\x1bq").kind, EFFECT_NOTHING);
    assert_shows(&s, "What is typed in pane 9 is lost.");
    screen_free(&s);
}

static void test_elevation_that_ended(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s, 24, 80);
    struct effect e = press(&s, "begin;\r");
    assert_false(json_is_true(json_object_get(e.params, "expired")));
    end_run(&s, 1, true, "*");
    s.viewer = true;
    e = press(&s, "\x03select 1;\r");
    assert_true(json_is_true(json_object_get(e.params, "expired")));
    end_run(&s, 2, false, "*");
    screen_set_link(&s, LINK_AWAY, 0, "gone"); /* comes back: nothing has ended */
    e = press(&s, "\x03select 2;\r");
    assert_true(json_is_true(json_object_get(e.params, "read_only")));
    assert_false(json_is_true(json_object_get(e.params, "expired")));
    screen_free(&s);
}

/* ---- pasting ---- */

static struct effect key(struct screen *s, uint32_t k)
{
    struct effect e;
    screen_key(s, k, &e);
    return e;
}

static struct effect paste(struct screen *s, const char *text)
{
    (void)key(s, VK_PASTE_BEGIN);
    struct effect e = press(s, text);
    (void)key(s, VK_PASTE_END);
    return e;
}

static void test_pasting(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s, 24, 80);
    struct effect e = paste(&s, "1;\r\tdelete from t;\rselect\x18\x03 2;\r");
    assert_int_equal(e.kind, EFFECT_NOTHING); /* no line of it runs, no key of it counts */
    assert_int_equal(s.pane, PANE_QUERY);
    assert_shows(&s, "delete from t;");
    e = press(&s, "\x18");
    assert_string_equal(param(&e, "sql"), "1;\n\tdelete from t;\nselect 2;\n");
    end_run(&s, 1, true, "");
    /* elsewhere it is no keys: here would be q, and y to a question */
    (void)press(&s, "\x1b");
    assert_int_equal(paste(&s, "q1p").kind, EFFECT_NOTHING);
    assert_int_equal(s.pane, PANE_QUERY);
    assert_shows(&s, "pasted text is not taken as keys");
    (void)press(&s, "2jp");
    assert_shows(&s, "Pause connector");
    assert_int_equal(paste(&s, "y").kind, EFFECT_NOTHING);
    assert_shows(&s, "Pause connector");
    (void)press(&s, "n/");
    (void)paste(&s, "tick\ret"); /* a line of input is text */
    assert_string_equal(s.input, "ticket");
    /* one that lost its end does not swallow the keyboard */
    (void)press(&s, "\x1b");
    (void)key(&s, VK_PASTE_BEGIN);
    s.now_us += SCREEN_PASTE_US + 1;
    assert_int_equal(press(&s, "q").kind, EFFECT_LEAVE);
    screen_free(&s);
}

/* A frame costs no more than the length of the line: at its square this takes minutes. */
static void test_long_line(void **state)
{
    (void)state;
    enum { LONG = 600000 };
    struct screen s;
    open_pane(&s, 24, 80);
    (void)key(&s, VK_PASTE_BEGIN);
    for (int i = 0; i < LONG; i++)
        (void)key(&s, i % 7 ? 'x' : ' ');
    (void)press(&s, "END");
    (void)key(&s, VK_PASTE_END);
    clock_t began = clock();
    assert_shows(&s, "xxxxxx xEND");
    assert_true(clock() - began < 3 * CLOCKS_PER_SEC);
    screen_free(&s);
}

static void test_saved_that_is_too_long(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s, 24, 80);
    (void)press(&s, "\x1bs");
    query_answer(&s, "query.list", 0, ERR_OK,
                 json_pack("[{s:s, s:s, s:s}]", "name", "big", "text", "", "why",
                           "longer than 16 KB, not opened here"),
                 "");
    assert_shows(&s, "longer than 16 KB");
    (void)press(&s, "\r");
    assert_true(screen_context(&s) == CONTEXT_SAVED); /* nothing opened */
    screen_free(&s);
}

static void test_charts(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s, 24, 80);
    run_query(&s, "select 1;\r");
    query_answer(&s, "query.page", 1, ERR_OK, page(0, 40, true, false), "");
    (void)press(&s, "\x03\\chart bars airport passengers\r");
    assert_shows(&s, "Pulkovo");
    assert_hides(&s, "remark");
    (void)press(&s, "\\chart donut airport nothing\r");
    assert_shows(&s, "the result has no column `nothing`");
    (void)press(&s, "\\chart cake\r");
    assert_shows(&s, "no chart `cake`");
    (void)press(&s, "\x03\\chart histogram\r");
    (void)press(&s, "\\chart off\r");
    assert_shows(&s, "remark");
    (void)press(&s, "\\nope\r");
    assert_shows(&s, "here are \\chart");
    struct effect e = press(&s, "\x03\\source\rselect 2;\r");
    assert_true(json_is_true(json_object_get(e.params, "source")));
    assert_shows(&s, "Query of the source");
    screen_free(&s);
}

/* Sizes down to one cell, rubbish for answers. */
static void test_any_size_and_answer(void **state)
{
    (void)state;
    static const char *const rubbish[] = {"{}",
                                          "[]",
                                          "{\"columns\":[{}],\"rows\":[[],[1],{},null]}",
                                          "{\"rows\":[[\"x\"]]}",
                                          "{\"columns\":[],\"rows\":[[]]}",
                                          "{\"items\":[1],\"start\":99}"};
    for (int h = 1; h < 12; h++)
        for (int w = 1; w < 60; w += 7) {
            struct screen s;
            open_pane(&s, h, w);
            run_query(&s, "select 1;\r");
            for (size_t i = 0; i < sizeof rubbish / sizeof rubbish[0]; i++) {
                query_answer(&s, "query.page", 1, ERR_OK, json_loads(rubbish[i], 0, NULL), "");
                free(screen_text(&s));
                query_answer(&s, "query.complete", 1, ERR_OK, json_loads(rubbish[i], 0, NULL), "");
            }
            query_answer(&s, "query.page", 1, ERR_OK, page(0, 9, true, false), "");
            (void)press(&s, "\x1bjjjlllllhcc");
            free(screen_text(&s));
            screen_free(&s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screens),
        cmocka_unit_test(test_errors_and_running),
        cmocka_unit_test(test_typing_and_history),
        cmocka_unit_test(test_help_of_the_editor),
        cmocka_unit_test(test_pages_are_bounded),
        cmocka_unit_test(test_reads_only_and_export),
        cmocka_unit_test(test_changes_do_not_run_twice),
        cmocka_unit_test(test_open_transaction_is_shown),
        cmocka_unit_test(test_interrupt_asks),
        cmocka_unit_test(test_elevation_that_ended),
        cmocka_unit_test(test_pasting),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_saved_that_is_too_long),
        cmocka_unit_test(test_charts),
        cmocka_unit_test(test_any_size_and_answer),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
