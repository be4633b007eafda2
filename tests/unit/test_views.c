/* Whole screens against golden files, the age of data, and the same as text. */
#include "tests/unit/screen_help.h"
#include "views/report.h"

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

static void test_ascii(void **state)
{
    (void)state;
    struct screen s;
    init(&s, 24, 80, GLYPHS_ASCII, true);
    s.now_us = 100000000;
    feed(&s);
    check_screen("overview-ascii-80x24", &s);
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

/* None is configured: said, and nothing is wrong. */
static void test_no_server(void **state)
{
    (void)state;
    struct buf out;
    struct errbuf e;
    json_t *status = fake_snapshot();
    fake_set(status, "source.primary", json_null());
    fake_set(status, "warehouse", json_null());
    struct snapshot *n = read_snapshot(status);
    buf_init(&out, 0);
    assert_int_equal(report_status(n, 100, false, &out, &e), ERR_OK);
    assert_non_null(strstr(buf_cstr(&out), "   primary         none        none is configured\n"));
    assert_non_null(strstr(buf_cstr(&out), "   warehouse       none        none is configured\n"));
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
        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_environments),
        cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_age_of_data),
        cmocka_unit_test(test_gap_in_history),
        cmocka_unit_test(test_a_spark_needs_a_course),
        cmocka_unit_test(test_before_the_first_data),
        cmocka_unit_test(test_report_status),
        cmocka_unit_test(test_no_server),
        cmocka_unit_test(test_report_changes),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
