/*
 * Screens for tests: the fake engine's data fed into one, keystrokes, answers, and what is drawn
 * against golden files (tests/golden/console/NAME.txt: the text, a line of '=', the styles).
 * UPDATE_GOLDENS=1 writes them anew: read the difference before committing it.
 */
#ifndef TESTS_SCREEN_HELP_H
#define TESTS_SCREEN_HELP_H

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

static inline void read_file(const char *path, struct buf *out)
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

static inline void check_golden(const char *name, const struct grid *g)
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

static inline struct snapshot *read_snapshot(json_t *json)
{
    struct snapshot *n;
    struct errbuf e;
    if (snapshot_from_json(json, &n, &e) != ERR_OK)
        fail_msg("%s", e.text);
    json_decref(json);
    return n;
}

static inline void feed(struct screen *s)
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

static inline void init(struct screen *s, int h, int w, enum glyphs glyphs, bool ascii)
{
    struct errbuf e;
    if (screen_init(s, h, w, glyphs, ascii, &e) != ERR_OK)
        fail_msg("%s", e.text);
}

static inline void start(struct screen *s, int h, int w)
{
    init(s, h, w, GLYPHS_EIGHTHS, false);
    s->now_us = 100000000;
    feed(s);
}

/* Keystrokes as text: "\r" is Enter, "\x1b" Esc, "\t" Tab, "\x7f" Backspace. */
static inline struct effect press(struct screen *s, const char *keys)
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
static inline const char *param(const struct effect *effect, const char *name)
{
    const char *text = json_string_value(json_object_get(effect->params, name));
    return text ? text : "";
}

/* The engine's answer to the i-th method that the screen asks for. */
static inline void answer_ask(struct screen *s, int i, const char *method, enum err code,
                              json_t *result)
{
    struct ask ask;
    assert_true(screen_ask(s, i, &ask));
    assert_string_equal(ask.method, method);
    const struct answer a = {ask.method, ask.params, code, result, "it says why"};
    screen_take_answer(s, &a, NULL);
    json_decref(ask.params);
    json_decref(result);
}

static inline bool asks_nothing(const struct screen *s)
{
    struct ask ask;
    bool asks = screen_ask(s, 0, &ask);
    json_decref(ask.params);
    return !asks;
}

static inline void check_screen(const char *name, struct screen *s)
{
    struct grid g;
    struct errbuf e;
    assert_int_equal(grid_init(&g, s->h, s->w, s->ascii, &e), ERR_OK);
    screen_render(s, &g);
    check_golden(name, &g);
    grid_free(&g);
}

static inline char *screen_text(struct screen *s)
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

static inline void assert_shows(struct screen *s, const char *what)
{
    char *text = screen_text(s);
    if (!strstr(text, what))
        fail_msg("\"%s\" is not on\n%s", what, text);
    free(text);
}

static inline void assert_hides(struct screen *s, const char *what)
{
    char *text = screen_text(s);
    if (strstr(text, what))
        fail_msg("\"%s\" is on\n%s", what, text);
    free(text);
}

#endif
