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

static void start(struct screen *s, int h, int w)
{
    screen_init(s, h, w, GLYPHS_EIGHTHS, false);
    s->now_us = 100000000;
    feed(s);
}

/* Keystrokes as text: "\r" is Enter, "\x1b" Esc, "\t" Tab, "\x7f" Backspace. */
static struct effect press(struct screen *s, const char *keys)
{
    struct effect effect = {0};
    uint32_t key;
    while ((key = utf8_next(&keys)) != 0)
        screen_key(s, key, &effect);
    return effect;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_panes_at_sizes),
    };
    if (!setlocale(LC_ALL, "C.UTF-8"))
        return 1;
    (void)assert_shows;
    (void)assert_hides;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
