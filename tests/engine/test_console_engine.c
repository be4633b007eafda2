/* The console's panes on a real engine with connectors: what it shows is what the servers hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"
#include "tests/fixture/terminal.h"
#include "views/units.h"

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
    {"warehouse", {"Warehouse, PostgreSQL", "1 node, all up", "queries", "sessions", "figures 13"}},
    {"source", {"Source, PostgreSQL", "primary  up", "none is configured", "c_real", "slots"}},
    {"dags", {"DAGs (0)", "no DAGs: `dags` in the configuration names folders"}},
    {"events", {"Events (", "c_real-source", "RUNNING"}},
};

static void must_show(struct terminal *t, const char *words)
{
    if (!terminal_shows(t, words))
        fail_msg("no `%s` on\n%s", words, terminal_text(t));
}

/* Somebody's query in the warehouse, ended from pane 7. */
static void cancel_by_keys(const struct harness *h)
{
    char *argv[] = {(char *)(uintptr_t)harness_binary(),
                    "console",
                    "--config",
                    (char *)(uintptr_t)h->config,
                    "--pane",
                    "warehouse",
                    NULL};
    PGconn *c = PQconnectdb(fixture_warehouse_conninfo());
    assert_int_equal(PQsendQuery(c, "SELECT pg_sleep(63)"), 1);
    fixture_wait_sql(
        fixture_warehouse_conninfo(),
        "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(63)' AND "
        "state = 'active'",
        "1", 60);
    struct terminal *t = terminal_start(24, 100, (const char *const[]){NULL}, argv);
    must_show(t, "SELECT pg_sleep(63)");
    terminal_type(t, "/pg_sleep\r");
    must_show(t, "contain pg_sleep");
    terminal_type(t, "c");
    must_show(t, "Cancel query");
    terminal_type(t, "y");
    must_show(t, "told to end");
    PGresult *r = PQgetResult(c);
    assert_string_equal(PQresultErrorField(r, PG_DIAG_SQLSTATE), "57014");
    PQclear(r);
    terminal_type(t, "q");
    int status;
    assert_true(terminal_ended(t, &status) && status == 0);
    terminal_stop(t);
    PQfinish(c);
}

static bool second_is_over(void *arg)
{
    return clock_wall_us() >= *(const int64_t *)arg;
}

/* Pane 8 at a moment before a table was made: the servers' answer of then, and now again. */
static void back_by_keys(const struct harness *h, const char *db)
{
    char keys[32];
    char clock[UNIT_TEXT_MAX];
    char *argv[] = {(char *)(uintptr_t)harness_binary(),
                    "console",
                    "--config",
                    (char *)(uintptr_t)h->config,
                    "--pane",
                    "source",
                    NULL};
    struct terminal *t = terminal_start(24, 100, (const char *const[]){NULL}, argv);
    must_show(t, "primary  up");
    terminal_type(t, "v"); /* the tables */
    must_show(t, "public      other");
    int64_t then = (clock_wall_us() / 1000000 + 1) * 1000000; /* keys know whole seconds */
    fixture_wait("the second is over", 10, second_is_over, &then);
    free(fixture_sql(db, "CREATE TABLE came_later (id int PRIMARY KEY)"));
    must_show(t, "came_later");
    (void)snprintf(keys, sizeof keys, "T%s\r", unit_clock(then, clock, sizeof clock));
    terminal_type(t, keys);
    must_show(t, "recorded 20");
    must_show(t, "as of ");
    must_show(t, "public      other");
    assert_null(strstr(terminal_text(t), "came_later"));
    terminal_type(t, "L");
    must_show(t, "came_later");
    terminal_type(t, "q");
    int status;
    assert_true(terminal_ended(t, &status) && status == 0);
    terminal_stop(t);
}

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
    cancel_by_keys(&h);
    back_by_keys(&h, db);
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
