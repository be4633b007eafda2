/*
 * Unit tests of the views: cells, tables, sparklines, and whole screens against golden files
 * (tests/golden/console/NAME.txt: the text, a line of '=', the styles). UPDATE_GOLDENS=1 writes
 * them anew: read the difference before committing it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture/fake_engine.h"
#include "views/pane.h"
#include "views/report.h"
#include "views/screen.h"

/* ---- goldens ---- */

static void read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "r");
    if (!f)
        fail_msg("%s is missing: UPDATE_GOLDENS=1 writes it", path);
    char chunk[4096];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(out, chunk, n);
    (void)fclose(f);
}

static void check_golden(const char *name, const struct grid *g)
{
    char path[128];
    struct buf got;
    buf_init(&got, 0);
    grid_to_text(g, &got);
    buf_lit(&got, "====\n");
    grid_to_styles(g, &got);
    (void)snprintf(path, sizeof path, "tests/golden/console/%s.txt", name);
    if (getenv("UPDATE_GOLDENS")) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(got.p, 1, got.len, f), got.len);
        assert_int_equal(fclose(f), 0);
    } else {
        struct buf want;
        buf_init(&want, 0);
        read_file(path, &want);
        if (strcmp(buf_cstr(&want), buf_cstr(&got)) != 0)
            fail_msg("%s differs; now it is\n%s", path, buf_cstr(&got));
        buf_free(&want);
    }
    buf_free(&got);
}

/* ---- a screen with the fake engine's data ---- */

static const char events[] =
    "{\"events\":["
    "{\"id\":1,\"ts_us\":1795435947050043,\"level\":\"info\",\"area\":\"engine\",\"who\":"
    "\"engine\","
    "\"object\":null,\"text\":\"engine 0.1.0 started\"},"
    "{\"id\":2,\"ts_us\":1795543387050043,\"level\":\"error\",\"area\":\"load\",\"who\":\"engine\","
    "\"object\":\"tickets-sink\",\"text\":\"failed: 42703: column after_gate does not exist\"},"
    "{\"id\":3,\"ts_us\":1795543930050043,\"level\":\"warning\",\"area\":\"lag\",\"who\":"
    "\"engine\","
    "\"object\":\"postgres.bookings.tickets\",\"text\":\"41.1 k records, over 10 k for 1 m 21 s\"},"
    "{\"id\":4,\"ts_us\":1795543980050043,\"level\":\"info\",\"area\":\"control\",\"who\":\"ivan\","
    "\"object\":\"flights-sink\",\"text\":\"connector.restart\"}]}";

static struct snapshot *read_snapshot(json_t *json)
{
    struct snapshot *n;
    struct errbuf e;
    if (snapshot_from_json(json, &n, &e) != ERR_OK)
        fail_msg("%s", e.text);
    json_decref(json);
    return n;
}

static void feed(struct screen *s)
{
    struct errbuf e;
    s->now_us += 1000000;
    json_t *json = fake_snapshot();
    for (int i = 0; i < 24; i++) { /* half a minute of history */
        fake_set(json, "pipeline.raw.rate_s", json_real(4100 - 20.0 * i));
        fake_set(json, "pipeline.topics.waiting", json_integer(1700 * (i + 1)));
        fake_set(json, "pipeline.wal.bytes_s", json_real(600000 + 600000 * fabs(sin(i / 4.0))));
        screen_take_snapshot(s, read_snapshot(json_incref(json)));
    }
    json_decref(json);
    screen_take_snapshot(s, read_snapshot(fake_snapshot()));
    json_t *answer = json_loads(events, 0, NULL);
    assert_int_equal(screen_take_events(s, answer, &e), ERR_OK);
    json_decref(answer);
}

static void init(struct screen *s, int h, int w, enum glyphs glyphs, bool ascii)
{
    struct errbuf e;
    if (screen_init(s, h, w, glyphs, ascii, &e) != ERR_OK)
        fail_msg("%s", e.text);
}

static void start(struct screen *s, int h, int w)
{
    init(s, h, w, GLYPHS_EIGHTHS, false);
    s->now_us = 100000000;
    feed(s);
}

/* Keystrokes as text: "\r" is Enter, "\x1b" Esc, "\t" Tab, "\x7f" Backspace. */
static struct effect press(struct screen *s, const char *keys)
{
    static struct effect effect; /* what the last one holds lives until the next press */
    uint32_t key;
    while ((key = utf8_next(&keys)) != 0) {
        effect_free(&effect);
        screen_key(s, key, &effect);
    }
    return effect;
}

/* What an effect's method is asked with. */
static const char *param(const struct effect *effect, const char *name)
{
    const char *text = json_string_value(json_object_get(effect->params, name));
    return text ? text : "";
}

/* The engine's answer to the i-th method that the screen asks for. */
static void answer_ask(struct screen *s, int i, const char *method, enum err code, json_t *result)
{
    struct ask ask;
    assert_true(screen_ask(s, i, &ask));
    assert_string_equal(ask.method, method);
    const struct answer a = {ask.method, ask.params, code, result, "it says why"};
    screen_take_answer(s, &a, NULL);
    json_decref(ask.params);
    json_decref(result);
}

static bool asks_nothing(const struct screen *s)
{
    struct ask ask;
    bool asks = screen_ask(s, 0, &ask);
    json_decref(ask.params);
    return !asks;
}

static void check_screen(const char *name, struct screen *s)
{
    struct grid g;
    struct errbuf e;
    assert_int_equal(grid_init(&g, s->h, s->w, s->ascii, &e), ERR_OK);
    screen_render(s, &g);
    check_golden(name, &g);
    grid_free(&g);
}

static char *screen_text(struct screen *s)
{
    struct grid g;
    struct errbuf e;
    struct buf out;
    buf_init(&out, 0);
    assert_int_equal(grid_init(&g, s->h, s->w, s->ascii, &e), ERR_OK);
    screen_render(s, &g);
    grid_to_text(&g, &out);
    grid_free(&g);
    char *text = strdup(buf_cstr(&out));
    assert_non_null(text);
    buf_free(&out);
    return text;
}

static void assert_shows(struct screen *s, const char *what)
{
    char *text = screen_text(s);
    if (!strstr(text, what))
        fail_msg("\"%s\" is not on\n%s", what, text);
    free(text);
}

static void assert_hides(struct screen *s, const char *what)
{
    char *text = screen_text(s);
    if (strstr(text, what))
        fail_msg("\"%s\" is on\n%s", what, text);
    free(text);
}

static void test_panes_at_sizes(void **state)
{
    (void)state;
    static const struct {
        int h, w;
    } sizes[] = {{24, 80}, {40, 120}, {10, 40}, {1, 1}, {50, 200}};
    static const struct {
        const char *name;
        const char *keys;
    } views[] = {{"overview", "1"}, {"connectors", "2"}, {"connector", "2G\r"}, {"topics", "3"},
                 {"topic", "3\r"},  {"events", "0"},     {"event", "0jj\r"},    {"help", "2?"}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct screen s;
        start(&s, sizes[i].h, sizes[i].w);
        for (size_t v = 0; v < sizeof views / sizeof views[0]; v++) {
            char name[64];
            if (sizes[i].h == 1 && v > 0) /* one cell looks the same everywhere */
                break;
            (void)press(&s, views[v].keys);
            (void)snprintf(name, sizeof name, "%s-%dx%d", views[v].name, sizes[i].w, sizes[i].h);
            check_screen(name, &s);
            (void)press(&s, "\x1b");
        }
        screen_free(&s);
    }
}

/* ---- other ways to draw ---- */

static void test_ascii_and_braille(void **state)
{
    (void)state;
    struct screen s;
    init(&s, 24, 80, GLYPHS_ASCII, true);
    s.now_us = 100000000;
    feed(&s);
    check_screen("overview-ascii-80x24", &s);
    screen_free(&s);
    start(&s, 24, 80);
    s.glyphs = GLYPHS_BRAILLE;
    check_screen("overview-braille-80x24", &s);
    screen_free(&s);
}

static void test_environments(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        const char *badge;
        enum style_role style;
    } cases[] = {{"production", " PRODUCTION", STYLE_ENV_PRODUCTION},
                 {"staging", " STAGING", STYLE_ENV_STAGING},
                 {"development", " DEVELOPMENT", STYLE_ENV_DEVELOPMENT},
                 {"demo", " DEMO", STYLE_ENV_DEMO}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct screen s;
        start(&s, 10, 40);
        json_t *json = fake_snapshot();
        fake_set(json, "engine.environment.kind", json_string(cases[i].kind));
        screen_take_snapshot(&s, read_snapshot(json));
        for (char key = '0'; key < '4'; key++) { /* on every screen */
            char keys[] = {key, '\0'};
            struct grid g;
            struct errbuf e;
            (void)press(&s, keys);
            assert_shows(&s, cases[i].badge);
            assert_int_equal(grid_init(&g, s.h, s.w, false, &e), ERR_OK);
            screen_render(&s, &g);
            assert_int_equal(g.cells[10].style, cases[i].style);
            grid_free(&g);
        }
        screen_free(&s);
    }
}

/* A snapshot with nothing in it, as of an engine that has just started. */
static void test_nothing_known(void **state)
{
    (void)state;
    static const char *const empty[] = {
        "{}",
        "{\"now_us\":null,\"engine\":{\"environment\":7},\"pipeline\":[],\"source\":{\"slots\":{}},"
        "\"connectors\":[{},{\"name\":null,\"tasks\":[{}],\"topics\":[3]}],\"topics\":[{}]}"};
    for (size_t i = 0; i < 2; i++) {
        struct screen s;
        init(&s, 24, 80, GLYPHS_EIGHTHS, false);
        s.now_us = 1000000;
        screen_take_snapshot(&s, read_snapshot(json_loads(empty[i], 0, NULL)));
        assert_shows(&s, "No bottleneck.");
        (void)press(&s, "2\r");
        (void)press(&s, "\x1b"
                        "3\r"
                        "0\r"
                        "?");
        char *text = screen_text(&s);
        assert_null(strstr(text, "nan"));
        assert_null(strstr(text, "-9223372036854775808"));
        free(text);
        screen_free(&s);
    }
}

/* ---- age and link ---- */

static void test_age_of_data(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    int64_t data_us = s.now_us;
    assert_hides(&s, "stale");
    assert_int_equal(screen_next_change_us(&s), data_us + SCREEN_FRESH_US + 1);
    s.now_us = data_us + SCREEN_FRESH_US;
    assert_hides(&s, "stale");
    s.now_us = data_us + 3400000;
    assert_shows(&s, "stale 3 s");
    assert_int_equal(screen_next_change_us(&s), data_us + 4000000);
    s.now_us = data_us + 12000000;
    assert_shows(&s, "engine silent, stale 12 s");
    assert_shows(&s, "Bottleneck: raw");
    screen_set_link(&s, LINK_AWAY, s.now_us + 1500000, "no engine answers on /x");
    assert_shows(&s, "engine away: retrying in 2 s, stale 12 s");
    assert_shows(&s, "Bottleneck: raw");
    s.now_us += 200000000;
    assert_shows(&s, "stale 3 m");
    screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    assert_hides(&s, "stale");
    assert_hides(&s, "away");
    screen_free(&s);
}

/* Time without data is a gap in the sparklines, as long as it was. */
static void test_gap_in_history(void **state)
{
    (void)state;
    double v[8];
    struct screen s;
    start(&s, 24, 80);
    s.now_us += 1000000; /* in time: no gap */
    screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    s.now_us += 4000000;
    screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    history_last(&s.history, HISTORY_RAW_RATE, 6, v);
    assert_true(!isnan(v[0]) && !isnan(v[1]) && isnan(v[2]) && isnan(v[3]) && isnan(v[4]) &&
                !isnan(v[5]));
    s.now_us += INT64_C(86400000000); /* a day is not added sample by sample */
    screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    history_last(&s.history, HISTORY_RAW_RATE, 2, v);
    assert_true(isnan(v[0]) && !isnan(v[1]));
    screen_free(&s);
}

/* One sample is no course: a lone bar would be the highest whatever it says. */
static void test_a_spark_needs_a_course(void **state)
{
    (void)state;
    struct screen s;
    init(&s, 24, 80, GLYPHS_EIGHTHS, false);
    s.now_us = 5000000;
    screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    assert_hides(&s, "█");
    for (int i = 0; i < 2; i++) {
        s.now_us += 1000000;
        screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    }
    assert_shows(&s, "███");
    screen_free(&s);
}

static void test_before_the_first_data(void **state)
{
    (void)state;
    struct screen s;
    init(&s, 24, 80, GLYPHS_EIGHTHS, false);
    s.now_us = 5000000;
    check_screen("connecting-80x24", &s);
    screen_set_link(&s, LINK_AWAY, 7000000,
                    "no engine answers on /run/x.sock (there is no such socket): start one with "
                    "'flightdeck engine'");
    check_screen("away-80x24", &s);
    assert_int_equal(press(&s, "\x12").kind, EFFECT_RECONNECT);
    (void)press(&s, "2\r3\r0\r"); /* nothing to open */
    assert_shows(&s, "No engine answers.");
    screen_free(&s);
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

static void test_from_an_alert_to_its_object(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "j\r");
    assert_shows(&s, "Connector tickets-sink");
    (void)press(&s, "1\x1b"
                    "k\r");
    assert_shows(&s, "Topic postgres.bookings.tickets");
    (void)press(&s, "0G\r");
    assert_shows(&s, "engine 0.1.0 started");
    (void)press(&s, "\r"); /* about nothing that could be opened */
    assert_shows(&s, "engine 0.1.0 started");
    (void)press(&s, "\x1bg\r\r");
    assert_shows(&s, "Connector flights-sink");
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

/* Production: nothing changes until the environment's name is typed, and then for a time. */
static void test_production_is_read_only_until_elevated(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    json_t *json = fake_snapshot();
    fake_set(json, "engine.environment.kind", json_string("production"));
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
    assert_shows(&s, "ELEVATED 10 m");
    assert_string_equal(press(&s, "py").method, "connector.pause");
    s.now_us += SCREEN_ELEVATED_US - 1;
    json = fake_snapshot();
    fake_set(json, "engine.environment.kind", json_string("production"));
    screen_take_snapshot(&s, read_snapshot(json));
    assert_shows(&s, "ELEVATED 1 m");
    (void)press(&s, "p"); /* asked in time, answered too late */
    s.now_us += 1;
    assert_int_equal(press(&s, "y").kind, EFFECT_NOTHING);
    assert_shows(&s, "only looks until E elevates it");
    assert_shows(&s, "read only");
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
    assert_shows(&s, "held still since");
    assert_hides(&s, "PAUSED");
    (void)press(&s, " ");
    assert_shows(&s, "PAUSED");
    screen_free(&s);
}

static json_t *recorded(int64_t ts_us, const char *state, json_t *next)
{
    json_t *json = fake_snapshot();
    fake_set(json, "connectors.2.state", json_string(state));
    return json_pack("{s:I,s:o,s:o}", "ts_us", (json_int_t)ts_us, "snapshot", json, "next_us",
                     next);
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
    assert_int_equal(s.events.alert_count, ALERTS_KEPT);
    assert_int_equal(s.events.events[s.events.alerts[0]].id, 10 + 30 * 500 - 1);
    (void)press(&s, "1G\r");
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

/* ---- as text ---- */

static void test_report_status(void **state)
{
    (void)state;
    struct buf out;
    struct errbuf e;
    struct snapshot *n = read_snapshot(fake_snapshot());
    buf_init(&out, 0);
    assert_int_equal(report_status(n, 100, false, &out, &e), ERR_OK);
    struct buf want;
    buf_init(&want, 0);
    if (getenv("UPDATE_GOLDENS")) {
        FILE *f = fopen("tests/golden/console/status.txt", "w");
        assert_non_null(f);
        (void)fputs(buf_cstr(&out), f);
        assert_int_equal(fclose(f), 0);
    }
    read_file("tests/golden/console/status.txt", &want);
    assert_string_equal(buf_cstr(&out), buf_cstr(&want));
    buf_free(&want);
    buf_free(&out);
    snapshot_free(n);
}

static void check_changes(const struct snapshot *before, json_t *after, const char *want)
{
    struct buf out;
    struct snapshot *n = read_snapshot(after);
    buf_init(&out, 0);
    report_changes(before, n, &out);
    assert_string_equal(buf_cstr(&out), want);
    buf_free(&out);
    snapshot_free(n);
}

static void test_report_changes(void **state)
{
    (void)state;
    struct snapshot *before = read_snapshot(fake_snapshot());
    json_t *after = fake_snapshot();
    fake_set(after, "pipeline.raw.rate_s", json_real(1)); /* figures are no change of state */
    fake_set(after, "bottleneck", json_string("raw: other figures"));
    check_changes(before, after, "");
    after = fake_snapshot();
    fake_set(after, "source.primary.state", json_string("down"));
    fake_set(after, "source.primary.error", json_string("refused\n\x1b[31m"));
    fake_set(after, "source.standby", json_null());
    fake_set(after, "connectors.1.state", json_string("RETRYING"));
    fake_set(after, "connectors.1.detail", json_string("kafka is away"));
    (void)json_array_remove(json_object_get(after, "connectors"), 2);
    fake_set(after, "bottleneck", json_null());
    check_changes(before, after,
                  "18:13:07 primary: down (refused ?[31m)\n"
                  "18:13:07 standby: no longer configured\n"
                  "18:13:07 connector flights-sink: RETRYING (kafka is away)\n"
                  "18:13:07 connector tickets-sink: deleted\n"
                  "18:13:07 bottleneck: none\n");
    snapshot_free(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_panes_at_sizes),
        cmocka_unit_test(test_ascii_and_braille),
        cmocka_unit_test(test_environments),
        cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_age_of_data),
        cmocka_unit_test(test_gap_in_history),
        cmocka_unit_test(test_a_spark_needs_a_course),
        cmocka_unit_test(test_before_the_first_data),
        cmocka_unit_test(test_opening_and_going_back),
        cmocka_unit_test(test_from_an_alert_to_its_object),
        cmocka_unit_test(test_only_what_can_be_done_is_offered),
        cmocka_unit_test(test_confirmation_names_its_object),
        cmocka_unit_test(test_production_is_read_only_until_elevated),
        cmocka_unit_test(test_a_name_has_to_be_typed),
        cmocka_unit_test(test_copy_and_export),
        cmocka_unit_test(test_held_still),
        cmocka_unit_test(test_back_in_time),
        cmocka_unit_test(test_filter_line),
        cmocka_unit_test(test_command_line),
        cmocka_unit_test(test_follow),
        cmocka_unit_test(test_events_are_bounded),
        cmocka_unit_test(test_sorting),
        cmocka_unit_test(test_messages_end),
        cmocka_unit_test(test_report_status),
        cmocka_unit_test(test_report_changes),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
