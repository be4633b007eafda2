/*
 * Every pane as a person sees it: the real program on a pseudo terminal, opened by its keys, at two
 * sizes, read out of a terminal emulator and compared with tests/golden/terminal/NAME.txt.
 *
 * The engine is a fake one with fixed answers, so a screen comes to rest; a test waits until it is
 * the golden one. UPDATE_GOLDENS=1 writes them anew: read the difference before committing it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "tests/fixture/fake_engine.h"
#include "tests/fixture/harness.h"
#include "tests/fixture/terminal.h"

enum { SETTLE_MS = 2500, SLICE_MS = 50, GOLDEN_MAX = 1 << 16, WAY = 8 };

static char dir[32];
static char path[64];
static struct fake_engine *f;

/* The way to a screen: what has to be on, then a key. */
static const struct {
    const char *name;
    const char *way[WAY]; /* key, text, key, .. NULL */
} screens[] = {
    {"overview", {"1"}},
    {"connectors", {"2"}},
    {"connector", {"2", "Connectors (3)", "G", "> tickets", "\r"}},
    {"topics", {"3"}},
    {"topic", {"3", "Topics (3)", "\r"}},
    {"dags", {"4"}},
    {"dag", {"4", "> airports", "\r"}},
    {"run", {"4", "> airports", "\r", ">     481", "\r"}},
    {"log", {"4", "> airports", "\r", ">     481", "\r", "> delete_day", "\r"}},
    {"airports", {"5"}},
    {"flyers", {"6"}},
    {"warehouse", {"7"}},
    {"source", {"8"}},
    {"query",
     {"9"}}, /* the editor, without a warehouse; the next key is typed into nothing: a pane */
    {"events", {"0"}},
};

static void write_golden(const char *file, const char *text)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void read_golden(const char *file, char *text)
{
    FILE *in = fopen(file, "re");
    if (!in)
        fail_msg("%s is not there: UPDATE_GOLDENS=1 writes it", file);
    size_t n = fread(text, 1, GOLDEN_MAX - 1, in);
    text[n] = '\0';
    (void)fclose(in);
}

static void check(struct terminal *t, const char *name, int h, int w)
{
    static char want[GOLDEN_MAX];
    char file[128];
    (void)snprintf(file, sizeof file, "tests/golden/terminal/%s-%dx%d.txt", name, w, h);
    if (getenv("UPDATE_GOLDENS")) {
        (void)terminal_idle(t, SETTLE_MS);
        write_golden(file, terminal_text(t));
        return;
    }
    read_golden(file, want);
    int64_t deadline_us = clock_mono_us() + (int64_t)TERMINAL_WAIT_MS * 1000;
    while (strcmp(terminal_text(t), want) != 0) {
        if (clock_mono_us() > deadline_us)
            fail_msg("%s is not on; now it is\n%s", file, terminal_text(t));
        (void)terminal_idle(t, SLICE_MS);
    }
}

static void at_size(int h, int w)
{
    char *argv[] = {(char *)harness_binary(), (char *)"console", (char *)"--socket", path, NULL};
    struct terminal *t = terminal_start(h, w, NULL, argv);
    assert_non_null(t);
    assert_true(terminal_shows(t, "ottleneck"));
    for (size_t i = 0; i < sizeof screens / sizeof screens[0]; i++) {
        for (int k = 0; k < WAY && screens[i].way[k]; k++) {
            if (k % 2)
                assert_true(terminal_shows(t, screens[i].way[k]));
            else
                terminal_type(t, screens[i].way[k]);
        }
        check(t, screens[i].name, h, w);
    }
    terminal_stop(t);
}

static void test_80x24(void **state)
{
    (void)state;
    at_size(24, 80);
}

static void test_200x50(void **state)
{
    (void)state;
    at_size(50, 200);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/fd-screens-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof path, "%s/s", dir);
    f = fake_engine_start(path);
    return f ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char lock[80];
    fake_engine_stop(f);
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    (void)unlink(lock);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_80x24),
        cmocka_unit_test(test_200x50),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
