/* The console's panes on a real engine with connectors: what it shows is what the servers hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"

static int setup(void **state)
{
    (void)state;
    return fixture_start(FIXTURE_PRIMARY | FIXTURE_KAFKA | FIXTURE_WAREHOUSE);
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

static const struct {
    const char *pane;
    const char *words[5]; /* NULL behind the last */
} panes[] = {
    {"overview", {"c_real", "Pipeline", "Servers", "capture", "raw"}},
    {"connectors", {"Connectors (2)", "c_real-source", "c_real-sink", "RUNNING", "streaming"}},
    {"topics", {"c_real.public.items", "c_real.public.other", "c_real.__offsets"}},
    {"events", {"Events (", "c_real-source", "RUNNING"}},
};

static void test_every_pane(void **state)
{
    (void)state;
    struct harness h;
    char *out = NULL;
    char *db = strdup(fixture_database("c_real"));
    free(fixture_sql(db,
                     "CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items SELECT "
                     "i, 'v' FROM generate_series(1, 500) i; CREATE TABLE other (id int PRIMARY "
                     "KEY); INSERT INTO other VALUES (1)"));
    harness_init(&h, "c_real", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, 60);
    for (size_t i = 0; i < sizeof panes / sizeof *panes; i++) {
        int code =
            HARNESS_RUN(&h, &out, "console", "--once", "--size", "140x40", "--pane", panes[i].pane);
        if (code)
            fail_msg("%s: exit code %d\n%s", panes[i].pane, code, out);
        for (int k = 0; k < 5 && panes[i].words[k]; k++)
            if (!strstr(out, panes[i].words[k]))
                fail_msg("%s does not say %s:\n%s", panes[i].pane, panes[i].words[k], out);
        free(out);
    }
    assert_int_equal(harness_engine_end(&h, SIGTERM), 0);
    assert_int_equal(HARNESS_RUN(&h, &out, "console", "--once"), 3); /* nobody to attach to */
    free(out);
    free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_pane)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
