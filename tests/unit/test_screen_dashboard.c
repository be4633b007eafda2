/* Panes 5 and 6: dashboards as the engine answers them (tests/fixture/dashboards.json). */
#include "tests/unit/screen_help.h"

static json_t *fixture;

static json_t *part(const char *name)
{
    return json_deep_copy(json_object_get(fixture, name));
}

/* Opens a pane by its key and gives it the list and its data. */
static void open_board(struct screen *s, const char *key, const char *name)
{
    (void)press(s, key);
    answer_ask(s, 0, "dashboard.list", ERR_OK, part("list"));
    answer_ask(s, 1, "dashboard.data", ERR_OK, part(name));
}

static void start_board(struct screen *s, int h, int w, const char *key, const char *name)
{
    init(s, h, w, GLYPHS_BRAILLE, false);
    s->colours = COLOURS_256;
    s->now_us = 100000000;
    feed(s);
    open_board(s, key, name);
}

static void test_dashboards_at_sizes(void **state)
{
    (void)state;
    static const struct {
        int h, w;
    } sizes[] = {{24, 80}, {30, 100}, {50, 200}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        static const char *const boards[][2] = {{"5", "airports"}, {"6", "frequent_flyers"}};
        for (size_t b = 0; b < 2; b++) {
            struct screen s;
            char name[64];
            start_board(&s, sizes[i].h, sizes[i].w, boards[b][0], boards[b][1]);
            (void)snprintf(name, sizeof name, "%s-%dx%d", boards[b][1], sizes[i].w, sizes[i].h);
            check_screen(name, &s);
            screen_free(&s);
        }
    }
}

/* A dashboard that nobody wrote C for: bars, several lines, a table, a panel whose query fails. */
static void test_another_dashboard(void **state)
{
    (void)state;
    struct screen s;
    start_board(&s, 40, 100, "5", "airports");
    (void)press(&s, "bb");
    answer_ask(&s, 1, "dashboard.data", ERR_OK, part("revenue"));
    check_screen("dashboard-100x40", &s);
    assert_shows(&s, "relation \"presentation.revenue\" does not exist");
    assert_shows(&s, "Best flights (only the first 40 rows)");
    (void)press(&s, "r");
    assert_shows(&s, "names no mart");
    (void)press(&s, "b");
    assert_shows(&s, "Airports, last 30 days");
    screen_free(&s);
}

static void check_params(const struct screen *s, int i, const char *want)
{
    struct ask ask;
    assert_true(screen_ask(s, i, &ask));
    char *got = json_dumps(ask.params, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(got, want);
    free(got);
    json_decref(ask.params);
}

/* What is asked follows what is looked at; an answer to what was looked at before is dropped. */
static void test_ranges(void **state)
{
    (void)state;
    struct screen s;
    start_board(&s, 30, 100, "5", "airports");
    check_params(&s, 1, "{\"from\":\"2026-10-26\",\"name\":\"airports\",\"to\":\"2026-11-24\"}");
    (void)press(&s, "d");
    assert_shows(&s, "Airports, last 90 days (UTC)");
    assert_shows(&s, "asking for this range");
    assert_shows(&s, "81,402"); /* the last good data stay */
    check_params(&s, 1, "{\"from\":\"2026-08-27\",\"name\":\"airports\",\"to\":\"2026-11-24\"}");
    answer_ask(&s, 1, "dashboard.data", ERR_TIMEOUT, NULL);
    assert_shows(&s, "it says why");
    assert_shows(&s, "81,402");
    (void)press(&s, "dd");
    assert_shows(&s, "last 30 days");
    (void)press(&s, "D\x15"
                    "2026-02-28 2026-02-30\r");
    assert_shows(&s, "is no range");
    (void)press(&s, "D\x15"
                    "2026-10-31 2026-10-01\r");
    assert_shows(&s, "is no range");
    (void)press(&s, "D\x15"
                    "2026-10-01 2026-10-31\r");
    assert_shows(&s, "Airports, 2026-10-01 .. 2026-10-31 (UTC)");
    check_params(&s, 1, "{\"from\":\"2026-10-01\",\"name\":\"airports\",\"to\":\"2026-10-31\"}");
    (void)press(&s, "D\x15"
                    "14\r");
    check_params(&s, 1, "{\"from\":\"2026-11-11\",\"name\":\"airports\",\"to\":\"2026-11-24\"}");
    json_t *params =
        json_pack("{s:s, s:s, s:s}", "name", "airports", "from", "2026-10-01", "to", "2026-10-31");
    json_t *late = json_pack("{s:[]}", "panels");
    const struct answer a = {"dashboard.data", params, ERR_OK, late, ""};
    screen_take_answer(&s, &a, NULL);
    assert_shows(&s, "81,402");
    json_decref(params);
    json_decref(late);
    screen_free(&s);
}

static bool asks_for(const struct screen *s, const char *method)
{
    struct ask ask;
    bool asks = false;
    for (int i = 0; !asks && screen_ask(s, i, &ask); i++) {
        asks = strcmp(ask.method, method) == 0;
        json_decref(ask.params);
    }
    return asks;
}

static const int64_t DAY_US = 86400 * INT64_C(1000000);

/* Goes 10 minutes back, and the record is there: of `days` before it was shown. */
static void go_back(struct screen *s, int64_t days)
{
    (void)press(s, "{");
    json_t *snapshot = fake_snapshot();
    fake_set(snapshot, "now_us", json_integer(s->past_us - days * DAY_US));
    answer_ask(s, 0, "recorder.at", ERR_OK,
               json_pack("{s:I, s:o, s:n, s:n}", "ts_us", (json_int_t)s->past_us, "snapshot",
                         snapshot, "previous_us", "next_us"));
}

/* What recorder.answer says: the fixture's answer with another figure, an hour before. */
static json_t *kept_board(const struct screen *s)
{
    char *text = json_dumps(json_object_get(fixture, "airports"), JSON_COMPACT);
    char *figure = strstr(text, "81402");
    assert_non_null(figure);
    memcpy(figure, "71402", 5);
    json_t *answer = json_loads(text, 0, NULL);
    free(text);
    (void)json_object_set_new(answer, "from", json_string("2026-10-25"));
    (void)json_object_set_new(answer, "to", json_string("2026-11-23"));
    return json_pack("{s:s, s:I, s:n, s:o}", "method", "dashboard.data", "ts_us",
                     (json_int_t)(s->past_us - DAY_US), "next_us", "answer", answer);
}

/* The dashboard as it was kept, with its time, its days and its mart's; now comes back as it was.
 */
static void test_past(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    start_board(&s, 30, 100, "5", "airports");
    go_back(&s, 0);
    assert_shows(&s, "81,402");
    assert_shows(&s, "asking for what was kept");
    assert_true(screen_ask(&s, 2, &ask));
    assert_string_equal(ask.method, "recorder.answer");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(ask.params, "params"), "days")), 30);
    json_decref(ask.params);
    answer_ask(&s, 2, "recorder.answer", ERR_OK, kept_board(&s));
    assert_shows(&s, "71,402");
    assert_shows(&s, "2026-10-25 .. 2026-11-23 (UTC)");
    check_screen("airports-past-100x30", &s);
    assert_false(screen_ask(&s, 2, &ask));
    (void)press(&s, "f\r");
    assert_shows(&s, "as the mart has them now");
    check_params(&s, 2,
                 "{\"from\":\"2026-10-25\",\"name\":\"airports\",\"panel\":"
                 "\"active\",\"rows\":true,\"to\":\"2026-11-23\"}");
    (void)press(&s, "\x1b\x1bL");
    assert_shows(&s, "81,402");
    assert_shows(&s, "last 30 days");
    screen_free(&s);
}

/* What nobody kept is asked now, for days that end then, and says so. */
static void test_past_that_is_not_kept(void **state)
{
    (void)state;
    struct screen s;
    start_board(&s, 30, 100, "5", "airports");
    go_back(&s, 1);
    answer_ask(&s, 2, "recorder.answer", ERR_NOT_FOUND, NULL);
    check_params(&s, 2, "{\"from\":\"2026-10-25\",\"name\":\"airports\",\"to\":\"2026-11-23\"}");
    json_t *data = part("airports");
    (void)json_object_set_new(data, "from", json_string("2026-10-25"));
    (void)json_object_set_new(data, "to", json_string("2026-11-23"));
    answer_ask(&s, 2, "dashboard.data", ERR_OK, data);
    assert_shows(&s, "2026-10-25 .. 2026-11-23 (UTC)");
    assert_shows(&s, "not kept: the mart as it is now");
    (void)press(&s, "d"); /* another range may be kept */
    assert_true(asks_for(&s, "recorder.answer"));
    (void)press(&s, "D\x15"
                    "2026-10-01 2026-10-31\r");
    assert_false(asks_for(&s, "recorder.answer")); /* of such none is */
    screen_free(&s);
}

static void test_from_a_panel_to_its_rows(void **state)
{
    (void)state;
    struct screen s;
    start_board(&s, 24, 100, "5", "airports");
    (void)press(&s, "\r");
    assert_shows(&s, "Active airports: the rows behind it, last 30 days (UTC)");
    assert_shows(&s, "asking ..");
    check_params(&s, 2,
                 "{\"from\":\"2026-10-26\",\"name\":\"airports\",\"panel\":\"active\",\"rows\":"
                 "true,\"to\":\"2026-11-24\"}");
    answer_ask(&s, 2, "dashboard.data", ERR_OK, part("rows"));
    check_screen("dashboard-rows-100x24", &s);
    (void)press(&s, "/led\r");
    assert_hides(&s, "SVO            DME");
    struct effect effect = press(&s, "x\x15rows.csv\r");
    assert_int_equal(effect.kind, EFFECT_SAVE);
    assert_non_null(strstr(effect.text, "flight_date,airport_code,linked_airport_code"));
    assert_null(strstr(effect.text, ",SVO,DME,"));
    /* new rows: filter and order stay */
    answer_ask(&s, 2, "dashboard.data", ERR_OK, part("rows"));
    assert_hides(&s, "SVO            DME");
    answer_ask(&s, 2, "dashboard.data", ERR_CONNECT, NULL);
    assert_shows(&s, "it says why");
    (void)press(&s, "\x1b");
    assert_shows(&s, "SVO            DME");
    (void)press(&s, "\x1b");
    assert_shows(&s, "Share of flights");
    screen_free(&s);
}

static void test_full_screen_and_panels(void **state)
{
    (void)state;
    struct screen s;
    start_board(&s, 24, 100, "5", "airports");
    (void)press(&s, "\t\tf");
    assert_shows(&s, "Active airports by day");
    assert_hides(&s, "Share of");
    check_screen("dashboard-panel-100x24", &s);
    (void)press(&s, "\t");
    assert_shows(&s, "Share of passengers");
    assert_hides(&s, "by day");
    (void)press(&s, "\r");
    assert_shows(&s, "Share of passengers: the rows behind it");
    (void)press(&s, "\x1b");
    assert_hides(&s, "the rows behind it");
    (void)press(&s, "f");
    assert_shows(&s, "Share of flights");
    /* a panel without rows behind it shows its own */
    (void)press(&s, "bb");
    answer_ask(&s, 1, "dashboard.data", ERR_OK, part("revenue"));
    (void)press(&s, "\t\t\r");
    assert_shows(&s, "Best flights: its rows");
    assert_shows(&s, "SU0103");
    assert_shows(&s, "only the first 40 rows");
    screen_free(&s);
}

static void test_export_of_a_panel(void **state)
{
    (void)state;
    struct screen s;
    start_board(&s, 24, 100, "5", "airports");
    struct effect effect = press(&s, "\t\t\tx\r");
    assert_int_equal(effect.kind, EFFECT_SAVE);
    assert_string_equal(effect.path, "airports-share_of_passengers.csv");
    assert_memory_equal(effect.text, "airport_code,total_passengers\r\nSVO,81402\r\n", 42);
    effect = press(&s, "x\x15"
                       "a.json\r");
    assert_non_null(strstr(effect.text, "\"airport_code\""));
    effect = press(&s, "x\x15"
                       "a.xls\r");
    assert_int_equal(effect.kind, EFFECT_NOTHING);
    assert_shows(&s, "has to end in .csv, .json or .md");
    screen_free(&s);
}

/* The mart is made anew, and when that is over the figures are asked anew. */
static void test_refresh_of_the_mart(void **state)
{
    (void)state;
    struct screen s;
    start_board(&s, 24, 100, "6", "frequent_flyers");
    struct effect effect = press(&s, "r");
    assert_int_equal(effect.kind, EFFECT_CALL);
    assert_string_equal(effect.method, "refresh.run");
    assert_string_equal(param(&effect, "name"), "frequent_flyers");
    json_t *run = json_pack("{s:i, s:s}", "run", 17, "task", "insert");
    const struct answer made = {effect.method, effect.params, ERR_OK, run, ""};
    screen_take_answer(&s, &made, effect.label);
    json_decref(run);
    answer_ask(&s, 0, "dag.run", ERR_OK,
               json_pack("{s:{s:i,s:s,s:I,s:I,s:i}, s:[]}", "run", "id", 17, "state", "success",
                         "started_us", (json_int_t)1, "ended_us", (json_int_t)1900001, "rows",
                         31269, "tasks"));
    assert_shows(&s, "frequent_flyers: 31,269 rows in 1.9 s");
    check_params(&s, 1,
                 "{\"from\":\"2026-10-26\",\"name\":\"frequent_flyers\",\"refresh\":true,\"to\":"
                 "\"2026-11-24\"}");
    answer_ask(&s, 1, "dashboard.data", ERR_OK, part("frequent_flyers"));
    check_params(&s, 1,
                 "{\"from\":\"2026-10-26\",\"name\":\"frequent_flyers\",\"to\":\"2026-11-24\"}");
    screen_free(&s);
}

static void test_the_age_grows(void **state)
{
    (void)state;
    struct screen s;
    start_board(&s, 24, 100, "5", "airports");
    assert_shows(&s, "made 3 m ago");
    s.now_us += 48 * 1000000; /* 192.4 s and 48 */
    assert_shows(&s, "made 4 m ago");
    int64_t next = screen_next_change_us(&s);
    assert_true(next > s.now_us && next <= s.now_us + 60 * 1000000);
    s.now_us += 3600 * INT64_C(1000000);
    assert_shows(&s, "made 1 h 4 m ago");
    screen_free(&s);
}

static void test_held_still(void **state)
{
    (void)state;
    struct screen s;
    struct ask late;
    start_board(&s, 24, 100, "5", "airports");
    assert_true(screen_ask(&s, 1, &late));
    (void)press(&s, " ");
    json_t *other = part("airports");
    (void)json_array_set_new(
        json_object_get(json_array_get(json_object_get(other, "panels"), 0), "rows"), 0,
        json_pack("[i]", 99));
    const struct answer a = {late.method, late.params, ERR_OK, other, ""};
    screen_take_answer(&s, &a, NULL);
    json_decref(late.params);
    assert_shows(&s, " 73 ");
    (void)press(&s, " ");
    answer_ask(&s, 1, "dashboard.data", ERR_OK, other);
    assert_shows(&s, " 99 ");
    screen_free(&s);
}

/* An engine without dashboards, one that does not know the method, answers of any shape. */
static void test_nothing_to_show(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "{}", "[]", "{\"dashboards\":[]}", "{\"dashboards\":{\"name\":\"x\"}}",
        ("{\"dashboards\":[{\"name\":\"airports\",\"panels\":[{},{\"name\":\"a\",\"kind\":\"line\"}"
         ","
         "{\"name\":\"b\",\"kind\":7,\"width\":-3,\"height\":900},null]}]}")};
    static const char *const data[] = {
        "{}",
        "{\"panels\":[{\"name\":\"a\"},{\"name\":\"b\",\"rows\":[1,[],[null]],\"columns\":[7]}]}",
        ("{\"panels\":[{\"name\":\"a\",\"columns\":[{\"name\":\"x\",\"type\":\"date\"},{\"name\":"
         "\"y\"}],\"rows\":[[\"1999\",1],[\"2026-01-01\",\"b\"],[null,null],[3,4]]}]}")};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        for (size_t k = 0; k < sizeof data / sizeof data[0]; k++) {
            struct screen s;
            init(&s, 24, 80, GLYPHS_BRAILLE, false);
            s.now_us = 100000000;
            feed(&s);
            (void)press(&s, "5");
            assert_shows(&s, "asking the engine");
            answer_ask(&s, 0, "dashboard.list", ERR_OK, json_loads(odd[i], 0, NULL));
            free(screen_text(&s));
            struct ask ask;
            if (screen_ask(&s, 1, &ask)) {
                json_decref(ask.params);
                answer_ask(&s, 1, "dashboard.data", ERR_OK, json_loads(data[k], 0, NULL));
            }
            static const char *const keys[] = {"",     "f", "\t", "\r", "\x1b",
                                               "\x1b", "r", "d",  "b",  "x\x1b"};
            for (size_t j = 0; j < sizeof keys / sizeof keys[0]; j++) {
                (void)press(&s, keys[j]);
                free(screen_text(&s));
            }
            screen_free(&s);
        }
    }
    struct screen s;
    init(&s, 24, 80, GLYPHS_BRAILLE, false);
    feed(&s);
    (void)press(&s, "6");
    answer_ask(&s, 0, "dashboard.list", ERR_USAGE, NULL);
    assert_shows(&s, "The engine tells of no dashboards: it says why");
    screen_free(&s);
}

/* Few rows, few columns, few glyphs: every panel can be reached, nothing is drawn outside. */
static void test_small_and_plain(void **state)
{
    (void)state;
    struct screen s;
    init(&s, 24, 80, GLYPHS_ASCII, true);
    s.now_us = 100000000;
    feed(&s);
    open_board(&s, "5", "airports");
    check_screen("airports-ascii-80x24", &s);
    screen_free(&s);
    start_board(&s, 14, 50, "6", "frequent_flyers");
    check_screen("frequent_flyers-50x14", &s);
    (void)press(&s, "\t\t\t\t\t");
    assert_shows(&s, "Groups' share");
    assert_shows(&s, "above, 0 below (Tab)");
    for (int h = 1; h < 20; h++)
        for (int w = 1; w < 60; w += 7) {
            screen_set_size(&s, h, w);
            free(screen_text(&s));
        }
    screen_free(&s);
}

int main(void)
{
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    fixture = json_load_file("tests/fixture/dashboards.json", 0, NULL);
    assert_non_null(fixture);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dashboards_at_sizes),
        cmocka_unit_test(test_another_dashboard),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_past),
        cmocka_unit_test(test_past_that_is_not_kept),
        cmocka_unit_test(test_from_a_panel_to_its_rows),
        cmocka_unit_test(test_full_screen_and_panels),
        cmocka_unit_test(test_export_of_a_panel),
        cmocka_unit_test(test_refresh_of_the_mart),
        cmocka_unit_test(test_the_age_grows),
        cmocka_unit_test(test_held_still),
        cmocka_unit_test(test_nothing_to_show),
        cmocka_unit_test(test_small_and_plain),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(fixture);
    return failed;
}
