/* What keystrokes do to a screen: moving, asking, what may be changed, files, time. */
#include "tests/unit/screen_help.h"

static json_t *recorded(int64_t ts_us, const char *state, json_t *next)
{
    json_t *json = fake_snapshot();
    fake_set(json, "connectors.2.state", json_string(state));
    return json_pack("{s:I,s:o,s:o}", "ts_us", (json_int_t)ts_us, "snapshot", json, "next_us",
                     next);
}

/* ---- keys ---- */

static void test_opening_and_going_back(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "2G\r");
    assert_shows(&s, "asking the engine");
    json_t *answer = json_pack("{s:s,s:{s:s,s:i}}", "name", "tickets-sink", "config",
                               "connector.class", "X", "tasks.max", 1);
    answer_ask(&s, 0, "connector.show", ERR_OK, answer);
    assert_shows(&s, "tasks.max");
    /* the connector goes away while it is open */
    json_t *json = fake_snapshot();
    (void)json_array_remove(json_object_get(json, "connectors"), 2);
    screen_take_snapshot(&s, read_snapshot(json));
    assert_shows(&s, "It is gone");
    (void)press(&s, "\x1b");
    assert_shows(&s, "Connectors (2)");
    assert_true(asks_nothing(&s));
    (void)press(&s, "\t\r");
    assert_shows(&s, "Topic postgres.bookings.flights");
    json = fake_snapshot();
    (void)json_array_clear(json_object_get(json, "topics"));
    screen_take_snapshot(&s, read_snapshot(json));
    assert_shows(&s, "The topic is gone");
    (void)press(&s, "j\x1b");
    assert_shows(&s, "no topics");
    screen_free(&s);
}

/* From the rows of the overview to what they are about. */
static void test_from_the_overview_to_an_object(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "\r");
    assert_shows(&s, "Topic postgres.bookings.flights");
    (void)press(&s, "1\x1b"
                    "G\r");
    assert_shows(&s, "Topic postgres.bookings.tickets");
    (void)press(&s, "1\x1b"
                    "Gk\r");
    assert_shows(&s, "Connector tickets-sink");
    json_t *json = fake_snapshot(); /* about nothing that has a pane */
    fake_set(json, "alerts.1.object", json_string("primary"));
    screen_take_snapshot(&s, read_snapshot(json));
    (void)press(&s, "1\x1b"
                    "G\r");
    assert_shows(&s, "Events (4)");
    (void)press(&s, "0G\r");
    assert_shows(&s, "engine 0.1.0 started");
    (void)press(&s, "\r"); /* about nothing that could be opened */
    assert_shows(&s, "engine 0.1.0 started");
    (void)press(&s, "\x1bg\r\r");
    assert_shows(&s, "Connector flights-sink");
    screen_free(&s);
}

/* An alert is acknowledged once, by its name; other rows are not. */
static void test_acknowledging(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    assert_hides(&s, "a acknowledge");
    assert_int_equal(press(&s, "a").kind, EFFECT_NOTHING);
    (void)press(&s, "Gk");
    assert_hides(&s, "a acknowledge"); /* ann did */
    assert_shows(&s, "known to ann");
    (void)press(&s, "G");
    assert_shows(&s, "a acknowledge");
    struct effect effect = press(&s, "a");
    assert_int_equal(effect.kind, EFFECT_CALL);
    assert_string_equal(effect.method, "alert.ack");
    assert_string_equal(param(&effect, "name"), "lag:postgres.bookings.tickets");
    s.viewer = true;
    assert_hides(&s, "a acknowledge");
    assert_int_equal(press(&s, "a").kind, EFFECT_NOTHING);
    screen_free(&s);
}

/* r makes the mart anew, or what is new of the table in dwh; how it goes on is refresh.h's. */
static void test_refreshing_a_row(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    struct effect effect = press(&s, "r");
    assert_string_equal(effect.method, "refresh.run");
    assert_string_equal(param(&effect, "name"), "bookings.flights");
    effect = press(&s, "jjjr");
    assert_string_equal(effect.method, "refresh.run");
    assert_string_equal(param(&effect, "name"), "airports_traffic");
    (void)press(&s, "G");
    assert_hides(&s, "r refresh"); /* an alert */
    assert_int_equal(press(&s, "r").kind, EFFECT_NOTHING);
    screen_free(&s);
}

/* A record of when all was well: nothing waits, no alert. */
static json_t *an_hour_ago(int64_t ts_us)
{
    static const struct {
        const char *path;
        double value;
    } figures[] = {{"pipeline.raw.rate_s", 4100},    {"pipeline.raw.lag_s", 0.4},
                   {"pipeline.topics.lag_s", 0.3},   {"pipeline.wal.retained_bytes", 1.2e6},
                   {"pipeline.topics.waiting", 120}, {"pipeline.topics.waiting_bytes", 24000},
                   {"freshness.0.behind_s", 0.4},    {"freshness.0.of_it_s", 0.4},
                   {"freshness.1.behind_s", 0.5},    {"freshness.1.of_it_s", 0.5}};
    json_t *json = fake_snapshot();
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        fake_set(json, figures[i].path, json_real(figures[i].value));
    for (int i = 0; i < 4; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "freshness.%d.last_refresh_us", i);
        fake_set(json, path, json_integer(ts_us - (i < 2 ? 400000 : 192000000)));
    }
    fake_set(json, "now_us", json_integer(ts_us));
    fake_set(json, "bottleneck", json_null());
    fake_set(json, "alerts", json_array());
    fake_set(json, "eta", json_array());
    fake_set(json, "connectors.2.state", json_string("RUNNING"));
    return json_pack("{s:I,s:o,s:n}", "ts_us", (json_int_t)ts_us, "snapshot", json, "next_us");
}

/* A console that has just begun shows the recorder's past at once, in the past that one's. */
static void test_course_from_the_recorder(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    struct ask late;
    init(&s, 24, 100, GLYPHS_EIGHTHS, false);
    s.now_us = 100000000;
    screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    assert_hides(&s, "▁▁▂▂▃");
    assert_true(screen_ask(&s, 0, &ask));
    assert_int_equal(json_integer_value(json_object_get(ask.params, "last_s")), 120);
    json_decref(ask.params);
    json_t *points = json_array();
    for (int i = 0; i < 20; i++)
        (void)json_array_append_new(points, i == 10 ? json_null() : json_integer(i));
    answer_ask(&s, 0, "recorder.series", ERR_OK,
               json_pack("{s:{s:o}}", "series", "raw.rate_s", points));
    check_screen("overview-recorded-100x24", &s);
    assert_true(screen_ask(&s, 0, &late));
    (void)press(&s, "T17:40\r");
    answer_ask(&s, 0, "recorder.at", ERR_OK, an_hour_ago(s.past_us));
    assert_hides(&s, "▁▁▂▂▃"); /* that was now */
    assert_true(screen_ask(&s, 1, &ask));
    assert_int_equal(json_integer_value(json_object_get(ask.params, "to_us")), s.shown_us);
    json_decref(ask.params);
    points = json_array();
    for (int i = 0; i < 20; i++)
        (void)json_array_append_new(points, json_integer(40 - i));
    json_t *series = json_pack("{s:{s:o}}", "series", "raw.rate_s", points);
    const struct answer of_now = {late.method, late.params, ERR_OK, series, ""};
    screen_take_answer(&s, &of_now, NULL);
    assert_hides(&s, "▇▇▇▆▆▆");
    answer_ask(&s, 1, "recorder.series", ERR_OK, series);
    assert_shows(&s, "▇▇▇▆▆▆");
    check_screen("overview-past-100x24", &s);
    (void)press(&s, "[");
    answer_ask(&s, 0, "recorder.at", ERR_OK, an_hour_ago(s.past_us));
    answer_ask(&s, 1, "recorder.series", ERR_NOT_FOUND, NULL); /* an engine without a recorder */
    assert_hides(&s, "▇▇▇▆▆▆");
    json_decref(late.params);
    screen_free(&s);
}

/* / keeps rows of both kinds; the export has both. */
static void test_filter_and_export_of_the_overview(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    (void)press(&s, "/traffic\r");
    assert_shows(&s, "airports_traffic");
    assert_hides(&s, "frequent_flyers");
    struct effect effect = press(&s, "\x1bx\x15t.csv\r");
    assert_non_null(strstr(effect.text, "mart,airports_traffic,ok,"));
    assert_non_null(strstr(effect.text, "alert,lag:postgres.bookings.tickets,warning,"));
    effect = press(&s, "gy");
    assert_string_equal(effect.text, "bookings.flights");
    screen_free(&s);
}

static void test_only_what_can_be_done_is_offered(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "2");
    assert_shows(&s, "p pause");
    assert_hides(&s, "u resume");
    (void)press(&s, "G");
    assert_hides(&s, "p pause"); /* it has failed */
    assert_shows(&s, "R restart");
    json_t *json = fake_snapshot();
    fake_set(json, "connectors.2.state", json_string("PAUSED"));
    screen_take_snapshot(&s, read_snapshot(json));
    assert_shows(&s, "u resume");
    assert_hides(&s, "R restart");
    struct effect effect = press(&s, "R");
    assert_int_equal(effect.kind, EFFECT_NOTHING);
    assert_shows(&s, "restart: tickets-sink is PAUSED");
    s.viewer = true;
    assert_hides(&s, "u resume");
    effect = press(&s, "u");
    assert_int_equal(effect.kind, EFFECT_NOTHING);
    assert_shows(&s, "role: viewer");
    screen_free(&s);
}

/* The question is about one object, whatever moves meanwhile. */
static void test_confirmation_names_its_object(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "2jp");
    check_screen("confirm-80x24", &s);
    json_t *json = fake_snapshot();
    (void)json_array_remove(json_object_get(json, "connectors"), 0);
    screen_take_snapshot(&s, read_snapshot(json));
    assert_int_equal(press(&s, "x").kind, EFFECT_NOTHING); /* no answer */
    assert_shows(&s, "Pause connector flights-sink?");
    struct effect effect = press(&s, "y");
    assert_int_equal(effect.kind, EFFECT_CALL);
    assert_string_equal(effect.method, "connector.pause");
    assert_string_equal(param(&effect, "name"), "flights-sink");
    effect = press(&s, "sn");
    assert_int_equal(effect.kind, EFFECT_NOTHING);
    effect = press(&s, "Ry");
    assert_string_equal(effect.method, "connector.restart");
    screen_free(&s);
}

/* ---- what may be changed ---- */

static void set_production(json_t *json)
{
    fake_set(json, "engine.environment.kind", json_string("production"));
    fake_set(json, "engine.environment.looks_only", json_true());
}

/* Production: nothing changes until the environment's name is typed, and then for a time. */
static void test_production_is_read_only_until_elevated(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    json_t *json = fake_snapshot();
    set_production(json);
    screen_take_snapshot(&s, read_snapshot(json));
    (void)press(&s, "2");
    assert_shows(&s, "PRODUCTION");
    assert_shows(&s, "read only");
    assert_hides(&s, "p pause");
    assert_int_equal(press(&s, "py").kind, EFFECT_COPY); /* no question: y is the key to copy */
    (void)press(&s, "p");
    assert_shows(&s, "only looks until E elevates it");
    (void)press(&s, "E");
    check_screen("elevate-100x24", &s);
    assert_int_equal(press(&s, "nonsense\r").kind, EFFECT_NOTHING);
    assert_shows(&s, "nothing was done");
    struct effect effect = press(&s, "Eairline\r");
    assert_int_equal(effect.kind, EFFECT_CALL);
    assert_string_equal(effect.method, "engine.elevate");
    assert_hides(&s, "ELEVATED"); /* not before the engine has it on record */
    json_t *granted = json_pack("{s:i}", "seconds", 600);
    const struct answer no = {"engine.elevate", NULL, ERR_STATE, NULL, "the engine stops"};
    screen_take_answer(&s, &no, "allow changes");
    assert_hides(&s, "ELEVATED");
    const struct answer yes = {"engine.elevate", NULL, ERR_OK, granted, ""};
    screen_take_answer(&s, &yes, "allow changes");
    json_decref(granted);
    assert_shows(&s, "ELEVATED 10 m");
    assert_string_equal(press(&s, "py").method, "connector.pause");
    s.now_us += SCREEN_ELEVATED_US - 1;
    json = fake_snapshot();
    set_production(json);
    screen_take_snapshot(&s, read_snapshot(json));
    assert_shows(&s, "ELEVATED 1 m");
    (void)press(&s, "p"); /* asked in time, answered too late */
    s.now_us += 1;
    assert_int_equal(press(&s, "y").kind, EFFECT_NOTHING);
    assert_shows(&s, "only looks until E elevates it");
    assert_shows(&s, "read only");
    screen_free(&s);
}

/* An engine whose own role is viewer: the console's configuration need not say it too. */
static void test_engine_of_a_viewer(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    json_t *json = fake_snapshot();
    fake_set(json, "engine.environment.looks_only", json_true());
    screen_take_snapshot(&s, read_snapshot(json));
    assert_int_equal(press(&s, "2p").kind, EFFECT_NOTHING);
    assert_shows(&s, "only looks (role: viewer)");
    assert_string_equal(press(&s, "Eairline\r").method, "engine.elevate");
    screen_free(&s);
}

/* Elevation is of one engine and one environment, and no order goes into a silent engine. */
static void test_elevation_does_not_travel(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    s.viewer = true;
    s.elevated_until_us = s.now_us + SCREEN_ELEVATED_US;
    assert_null(screen_why_not(&s));
    s.now_us += SCREEN_SILENT_US + 1;
    assert_non_null(strstr(screen_why_not(&s), "silent"));
    screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    assert_null(screen_why_not(&s));
    json_t *json = fake_snapshot();
    fake_set(json, "engine.environment.name", json_string("another"));
    screen_take_snapshot(&s, read_snapshot(json));
    assert_non_null(strstr(screen_why_not(&s), "only looks"));
    s.elevated_until_us = s.now_us + SCREEN_ELEVATED_US;
    screen_set_link(&s, LINK_AWAY, 0, "cut off"); /* the engine keeps it by connection */
    screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    assert_non_null(strstr(screen_why_not(&s), "only looks"));
    screen_free(&s);
}

/* Where keys lead in time, by what is typed; the fake engine's now is 18:13:07. */
static void test_to_a_time(void **state)
{
    (void)state;
    static const struct {
        const char *keys;
        const char *goes; /* NULL: nowhere */
    } times[] = {
        {"T18:05\r", "2026-11-24 18:05:00"},
        {"T18:05:30\r", "2026-11-24 18:05:30"},
        {"T18:14\r", "2026-11-23 18:14:00"}, /* the last one that was */
        {"T-2h\r", "2026-11-24 16:13:07"},
        {"T2h\r", "2026-11-24 16:13:07"},
        {"T-90m\r", "2026-11-24 16:43:07"},
        {"T2026-11-20 18:05\r", "2026-11-20 18:05:00"},
        {"T2026-11-20\r", "2026-11-20 00:00:00"},
        {"T2026-11-25\r", NULL},
        {"Tnoon\r", NULL},
        {"T17\r", NULL}, /* no offset */
        {"T\r", NULL},
        {"T18:05\x1b", NULL},
        {":at 18:05\r", "2026-11-24 18:05:00"},
        {":AT -2h\r", "2026-11-24 16:13:07"},
        {":at\r18:05\r", "2026-11-24 18:05:00"},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct screen s;
        char at[UNIT_TEXT_MAX];
        start(&s, 24, 100);
        (void)press(&s, times[i].keys);
        assert_int_equal(s.mode, MODE_BROWSE);
        if (times[i].goes)
            assert_string_equal(unit_day(s.past_us, at, sizeof at), times[i].goes);
        else
            assert_int_equal(s.past_us, 0);
        screen_free(&s);
    }
}

static void test_to_a_time_says(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    (void)press(&s, "T");
    assert_shows(&s, "go to (18:05, -2h, 2026-11-28 18:05; UTC):");
    (void)press(&s, "noon\r");
    assert_shows(&s, "\"noon\" is no time: 18:05, -2h (s, m, h, d), 2026-11-28 18:05, all UTC");
    (void)press(&s, "T2026-11-25\r");
    assert_shows(&s, "is not over yet");
    (void)press(&s, "T18:05\r");
    answer_ask(&s, 0, "recorder.at", ERR_OK, recorded(s.past_us - 3000000, "STOPPED", json_null()));
    assert_shows(&s, "recorded 2026-11-24 18:04:57 UTC");
    (void)press(&s, "T"); /* from there */
    assert_shows(&s, "UTC): 2026-11-24 18:04:57");
    (void)press(&s, "\x15-2d\r");
    answer_ask(&s, 0, "recorder.at", ERR_NOT_FOUND, NULL);
    assert_shows(&s, "no record of that time");
    assert_shows(&s, "recorded 2026-11-24 18:04:57 UTC");
    screen_set_link(&s, LINK_AWAY, s.now_us, "");
    (void)press(&s, "T");
    assert_shows(&s, "there is none without it");
    screen_free(&s);
}

/* A record without lists says so, and where we are stands there whatever time is shown. */
static void test_a_trimmed_record(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 120);
    int64_t now = s.snapshot->now_us;
    (void)press(&s, "2[");
    answer_ask(&s, 0, "recorder.at", ERR_OK,
               json_pack("{s:I,s:{s:I,s:b},s:n}", "ts_us", (json_int_t)(now - 11000000), "snapshot",
                         "now_us", (json_int_t)(now - 11000000), "trimmed", 1, "next_us"));
    assert_shows(&s, "in figures only");
    assert_shows(&s, "airline  DEMO");
    screen_free(&s);
}

/* A question that an answer brings does not come into the middle of what is typed. */
static void test_no_question_while_typing(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    (void)press(&s, "2/sin");
    struct question q = {.label = "backfill x", .method = "dag.backfill"};
    screen_confirm(&s, &q);
    assert_int_equal(s.mode, MODE_FILTER);
    assert_shows(&s, "not asked while you type");
    screen_free(&s);
}

/* A question that wants a name takes that name only. */
static void test_a_name_has_to_be_typed(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    struct question q = {.label = "delete connector tickets-sink",
                         .preview = "It deletes the connector and its position, not its topics.",
                         .name = "tickets-sink",
                         .method = "connector.delete"};
    q.params = json_pack("{s:s}", "name", "tickets-sink");
    const struct question again = q;
    screen_confirm(&s, &q);
    check_screen("typed-80x24", &s);
    assert_int_equal(press(&s, "y\r").kind, EFFECT_NOTHING);
    assert_shows(&s, "\"y\" is not \"tickets-sink\": nothing was done");
    q = again;
    q.params = json_pack("{s:s}", "name", "tickets-sink");
    screen_confirm(&s, &q);
    assert_int_equal(press(&s, "\x1b").kind, EFFECT_NOTHING);
    q = again;
    q.params = json_pack("{s:s}", "name", "tickets-sink");
    screen_confirm(&s, &q);
    struct effect effect = press(&s, "tickets-sink\r");
    assert_string_equal(effect.method, "connector.delete");
    assert_string_equal(param(&effect, "name"), "tickets-sink");
    screen_free(&s);
}

/* ---- what leaves the console ---- */

static void test_copy_and_export(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    struct effect effect = press(&s, "2y");
    assert_int_equal(effect.kind, EFFECT_COPY);
    assert_string_equal(effect.text, s.tables[PANE_CONNECTORS].key);
    (void)press(&s, "/sink\rx");
    assert_shows(&s, "write to (.csv, .json, .md): airline-Connectors-");
    effect = press(&s, "\x15t.csv\r");
    assert_int_equal(effect.kind, EFFECT_SAVE);
    assert_string_equal(effect.path, "t.csv");
    assert_non_null(strstr(effect.text, "connector,state,rate"));
    assert_non_null(strstr(effect.text, "\r\nflights-sink,"));
    assert_null(strstr(effect.text, "airline-source")); /* the filter counts */
    assert_int_equal(effect.text_len, strlen(effect.text));
    effect = press(&s, "x\x15t.json\r");
    json_t *rows = json_loads(effect.text, 0, NULL);
    assert_int_equal(json_array_size(rows), 2);
    json_decref(rows);
    effect = press(&s, "x\x15t.md\r");
    assert_non_null(strstr(effect.text, "| connector | state | rate"));
    assert_int_equal(press(&s, "x\x15t.xls\r").kind, EFFECT_NOTHING);
    assert_shows(&s, "has to end in .csv, .json or .md");
    screen_free(&s);
}

/* ---- time ---- */

static void test_held_still(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "2 ");
    json_t *json = fake_snapshot();
    fake_set(json, "connectors.2.state", json_string("PAUSED"));
    screen_take_snapshot(&s, read_snapshot(json));
    assert_shows(&s, "held 0 s");
    assert_int_equal(screen_next_change_us(&s), s.now_us + 1000000);
    s.now_us += 12000000;
    screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    assert_shows(&s, "held 12 s");
    json = fake_snapshot();
    fake_set(json, "connectors.2.state", json_string("PAUSED"));
    screen_take_snapshot(&s, read_snapshot(json));
    assert_hides(&s, "PAUSED");
    (void)press(&s, " ");
    assert_shows(&s, "PAUSED");
    screen_free(&s);
}

/* [ and ] show what the engine recorded; nothing is changed from there; L and Esc are now. */
static void test_back_in_time(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    start(&s, 24, 100);
    int64_t now = s.snapshot->now_us;
    (void)press(&s, "2");
    assert_true(asks_nothing(&s));
    (void)press(&s, "[");
    assert_true(screen_ask(&s, 0, &ask));
    assert_int_equal(json_integer_value(json_object_get(ask.params, "ts_us")), now - 10000000);
    json_decref(ask.params);
    answer_ask(&s, 0, "recorder.at", ERR_OK,
               recorded(now - 11000000, "STOPPED", json_integer(now - 5000000)));
    assert_shows(&s, "STOPPED");
    assert_shows(&s, "recorded 2026-");
    (void)press(&s, "Gu");
    assert_shows(&s, "this is the past");
    screen_take_snapshot(&s, read_snapshot(fake_snapshot())); /* the present waits */
    assert_shows(&s, "STOPPED");
    (void)press(&s, "]"); /* the moment is over: now */
    assert_hides(&s, "STOPPED");
    assert_true(asks_nothing(&s));
    (void)press(&s, "{[");
    assert_true(screen_ask(&s, 0, &ask));
    assert_int_equal(json_integer_value(json_object_get(ask.params, "ts_us")), now - 610000000);
    json_decref(ask.params);
    answer_ask(&s, 0, "recorder.at", ERR_NOT_FOUND, NULL);
    assert_shows(&s, "no record of that time: it says why");
    (void)press(&s, "[");
    answer_ask(&s, 0, "recorder.at", ERR_OK, recorded(now - 12000000, "PAUSED", json_null()));
    (void)press(&s, "\x1b");
    assert_hides(&s, "PAUSED");
    assert_hides(&s, "recorded 2026-");
    screen_free(&s);
}

/* Going back ends where the record begins, however far the step is. */
static void test_to_the_oldest_record(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    start(&s, 24, 100);
    int64_t oldest = s.snapshot->now_us - 60000000;
    (void)press(&s, "2{");
    for (int i = 0; i < 2; i++) {
        assert_true(screen_ask(&s, 0, &ask));
        assert_true(json_is_true(json_object_get(ask.params, "or_oldest")));
        json_decref(ask.params);
        answer_ask(&s, 0, "recorder.at", ERR_OK, recorded(oldest, "STOPPED", json_null()));
        assert_shows(&s, "STOPPED");
        assert_shows(&s, "the record begins here");
        assert_int_equal(s.past_us, oldest);
        (void)press(&s, "{");
        assert_int_equal(s.past_us, oldest - 600000000);
    }
    (void)press(&s, "T\x15-2d\r"); /* a time that is typed is meant */
    assert_true(screen_ask(&s, 0, &ask));
    assert_true(json_is_false(json_object_get(ask.params, "or_oldest")));
    json_decref(ask.params);
    screen_free(&s);
}

static void test_filter_line(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "2/SINK");
    assert_shows(&s, "/SINK");
    assert_shows(&s, "Connectors (2 that contain SINK)");
    (void)press(&s, "\x7f\x7f\x7f\x7fгор");
    assert_shows(&s, "nothing matches \"гор\"");
    (void)press(&s, "\x1b");
    assert_shows(&s, "Connectors (3)");
    (void)press(&s, "/sink\rq"); /* q after Enter leaves, within it it is a letter */
    assert_shows(&s, "that contain sink");
    (void)press(&s, "\x1b");
    assert_shows(&s, "Connectors (3)");
    assert_int_equal(press(&s, "/q").kind, EFFECT_NOTHING);
    for (int i = 0; i < 300; i++)
        (void)press(&s, "ж"); /* more than it holds */
    assert_true(strlen(s.input) < sizeof s.input);
    (void)press(&s, "\x15");
    assert_string_equal(s.input, "");
    screen_free(&s);
}

static void test_command_line(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, ":");
    check_screen("command-80x24", &s);
    (void)press(&s, "to\t\r");
    assert_shows(&s, "Topics (3)");
    (void)press(&s, ":CONN\r");
    assert_shows(&s, "Connectors (3)");
    (void)press(&s, ":pa\r"); /* an unambiguous beginning */
    assert_shows(&s, "Pause connector airline-source?");
    (void)press(&s, "n:o\r"); /* overview, open */
    assert_shows(&s, "there is no pane or action \"o\" here");
    (void)press(&s, ":0\r");
    assert_shows(&s, "Events (4)");
    assert_int_equal(press(&s, ":quit\r").kind, EFFECT_LEAVE);
    assert_int_equal(press(&s, ":q\x1b").kind, EFFECT_NOTHING);
    assert_int_equal(press(&s, "q").kind, EFFECT_LEAVE);
    screen_free(&s);
}

static void test_follow(void **state)
{
    (void)state;
    struct screen s;
    struct errbuf e;
    start(&s, 24, 80);
    (void)press(&s, "0");
    assert_shows(&s, "> ·  18:13:00  flights-sink");
    json_t *more =
        json_loads("{\"events\":[{\"id\":5,\"ts_us\":1795543985050043,\"level\":\"info\","
                   "\"area\":\"x\",\"who\":\"engine\",\"text\":\"newer\"},{\"id\":4}]}",
                   0, NULL);
    assert_int_equal(screen_take_events(&s, more, &e), ERR_OK);
    json_decref(more);
    assert_shows(&s, "Events (5), following");
    assert_string_equal(s.tables[PANE_EVENTS].key, "5");
    (void)press(&s, "j"); /* away from the newest: no longer following */
    assert_hides(&s, "following");
    more = json_loads("{\"events\":[{\"id\":6,\"text\":\"newest\",\"level\":\"error\"}]}", 0, NULL);
    assert_int_equal(screen_take_events(&s, more, &e), ERR_OK);
    json_decref(more);
    assert_string_equal(s.tables[PANE_EVENTS].key, "4");
    (void)press(&s, "f");
    assert_string_equal(s.tables[PANE_EVENTS].key, "6");
    screen_free(&s);
}

/* The list of events is bounded, whatever comes. */
static void test_events_are_bounded(void **state)
{
    (void)state;
    struct screen s;
    struct errbuf e;
    start(&s, 24, 80);
    for (int i = 0; i < 30; i++) {
        json_t *events_json = json_array();
        for (int k = 0; k < 500; k++)
            (void)json_array_append_new(events_json,
                                        json_pack("{s:i,s:s,s:s}", "id", 10 + i * 500 + k, "text",
                                                  "x", "level", k % 2 ? "error" : "info"));
        json_t *answer = json_pack("{s:o}", "events", events_json);
        assert_int_equal(screen_take_events(&s, answer, &e), ERR_OK);
        json_decref(answer);
    }
    assert_true(s.events.n <= EVENTS_KEPT);
    assert_int_equal(s.events.events[s.events.n - 1].id, 10 + 30 * 500 - 1);
    (void)press(&s, "0G\r");
    assert_shows(&s, "Event");
    screen_forget_events(&s);
    (void)press(&s, "0");
    assert_shows(&s, "no events yet");
    screen_free(&s);
}

static void test_sorting(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "2ooooo"); /* name, state, rate, lag, waiting */
    assert_shows(&s, "sorted by waiting, smallest first");
    assert_int_equal(s.tables[PANE_CONNECTORS].order[0], 0); /* unknown is below everything */
    (void)press(&s, "O");
    assert_int_equal(s.tables[PANE_CONNECTORS].order[0], 2);
    assert_string_equal(s.tables[PANE_CONNECTORS].key, "airline-source");
    screen_free(&s);
}

static void test_messages_end(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    screen_say(&s, STYLE_BROKEN,
               "pause tickets-sink: a long text that needs more than one row of the screen since "
               "it says what, where, why and what to do about it");
    assert_shows(&s, "what to do about it");
    assert_true(screen_next_change_us(&s) <= s.now_us + SCREEN_MESSAGE_US);
    s.now_us += SCREEN_MESSAGE_US;
    assert_hides(&s, "what to do about it");
    screen_free(&s);
}

/* Every key on every pane before any engine has answered. */
static void test_keys_before_any_answer(void **state)
{
    (void)state;
    for (int pane = 0; pane < PANE_COUNT; pane++) {
        for (uint32_t key = 1; key < VK_F1 + 1; key = key == 0x7f ? VK_UP : key + 1) {
            struct screen s;
            struct effect effect;
            init(&s, 24, 80, GLYPHS_EIGHTHS, false);
            screen_open(&s, (enum pane_id)pane, NULL);
            screen_key(&s, key, &effect);
            free(screen_text(&s));
            effect_free(&effect);
            screen_free(&s);
        }
    }
}

/* A server that is away may hold back the worst: nothing is said to be well. */
static void test_what_fills_up_is_not_known(void **state)
{
    static const char *const etas[] = {
        "[]", "[{\"what\":\"slot s\",\"seconds\":null,\"text\":\"not known\",\"known\":false}]",
        "[{\"what\":\"slot s\",\"seconds\":null,\"text\":\"not growing\",\"known\":true}]"};
    struct screen s;
    (void)state;
    start(&s, 50, 120);
    for (size_t i = 0; i < sizeof etas / sizeof etas[0]; i++) {
        json_t *json = fake_snapshot();
        fake_set(json, "eta", json_loads(etas[i], 0, NULL));
        fake_set(json, "kafka.state", json_string(i == 0 ? "down" : "up"));
        screen_take_snapshot(&s, read_snapshot(json));
        assert_shows(&s, i < 2 ? "What fills up is not known: a server does not answer."
                               : "Nothing fills up: no slot and no topic's retention.");
    }
    screen_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_fills_up_is_not_known),
        cmocka_unit_test(test_keys_before_any_answer),
        cmocka_unit_test(test_opening_and_going_back),
        cmocka_unit_test(test_from_the_overview_to_an_object),
        cmocka_unit_test(test_acknowledging),
        cmocka_unit_test(test_refreshing_a_row),
        cmocka_unit_test(test_course_from_the_recorder),
        cmocka_unit_test(test_filter_and_export_of_the_overview),
        cmocka_unit_test(test_only_what_can_be_done_is_offered),
        cmocka_unit_test(test_confirmation_names_its_object),
        cmocka_unit_test(test_production_is_read_only_until_elevated),
        cmocka_unit_test(test_engine_of_a_viewer),
        cmocka_unit_test(test_elevation_does_not_travel),
        cmocka_unit_test(test_to_a_time),
        cmocka_unit_test(test_to_a_time_says),
        cmocka_unit_test(test_a_trimmed_record),
        cmocka_unit_test(test_no_question_while_typing),
        cmocka_unit_test(test_a_name_has_to_be_typed),
        cmocka_unit_test(test_copy_and_export),
        cmocka_unit_test(test_held_still),
        cmocka_unit_test(test_back_in_time),
        cmocka_unit_test(test_to_the_oldest_record),
        cmocka_unit_test(test_filter_line),
        cmocka_unit_test(test_command_line),
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_events_are_bounded),
        cmocka_unit_test(test_sorting),
        cmocka_unit_test(test_messages_end),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
