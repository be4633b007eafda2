/* The real binary with DAGs of shell commands: they run by schedule and when raw gets rows, status
 * and events tell of them, and neither a stop nor kill -9 loses or doubles anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/serve/client.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"

enum { WAIT_S = 30, CALL_MS = 5000, RESUME_S = 10, STOP_S = 6 };

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

/* ---- the world ---- */

static char *db;

static void init(struct harness *h, const char *name)
{
    char path[800];
    free(db);
    db = strdup(fixture_database(name));
    free(fixture_sql(db, "CREATE TABLE items (id int PRIMARY KEY, v text)"));
    harness_init(h, name, db, "dags: dags/\n");
    (void)snprintf(path, sizeof path, "%s/dags", h->dir);
    assert_int_equal(mkdir(path, 0755), 0);
}

/* %s in the text becomes the test's folder. */
static void write_dag(const struct harness *h, const char *name, const char *yaml)
{
    char path[800];
    (void)snprintf(path, sizeof path, "%s/dags/%s.yaml", h->dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (const char *p = yaml; *p; p++)
        if (p[0] == '%' && p[1] == 's') {
            assert_true(fputs(h->dir, f) >= 0);
            p++;
        } else {
            assert_true(fputc(*p, f) != EOF);
        }
    assert_int_equal(fclose(f), 0);
}

static int lines_of(const struct harness *h, const char *file)
{
    char path[800];
    int n = 0;
    int c;
    (void)snprintf(path, sizeof path, "%s/%s", h->dir, file);
    FILE *f = fopen(path, "r");
    while (f && (c = fgetc(f)) != EOF)
        n += c == '\n';
    if (f)
        (void)fclose(f);
    return n;
}

/* ---- looking ---- */

/* Takes params; NULL: it failed with *why. */
static json_t *ask(const struct harness *h, const char *method, json_t *params, enum err *why)
{
    char path[700];
    struct client *c = NULL;
    struct errbuf e;
    json_t *r = NULL;
    (void)snprintf(path, sizeof path, "%s/state/control.sock", h->dir);
    *why = client_connect(path, CALL_MS, &c, &e);
    if (!*why)
        *why = client_call(c, method, params, CALL_MS, &r, &e);
    if (*why) {
        json_decref(r);
        r = NULL;
    }
    client_close(c);
    json_decref(params);
    return r;
}

static json_t *call(const struct harness *h, const char *method)
{
    enum err why;
    return ask(h, method, NULL, &why);
}

struct wanted {
    const struct harness *h;
    const char *dag, *member, *text; /* of the status's dags */
    const char *sql;                 /* of the store: a number above 0 */
    const char *event;
    const char *file;
    int lines;
};

static bool dag_has(const struct wanted *w)
{
    size_t i;
    json_t *d;
    bool found = false;
    json_t *all = call(w->h, "status");
    json_array_foreach(json_object_get(all, "dags"), i, d)
    {
        const json_t *m = json_object_get(d, w->member);
        char *text = m ? json_dumps(m, JSON_ENCODE_ANY) : NULL;
        if (!strcmp(json_string_value(json_object_get(d, "name")), w->dag) && text)
            found = strstr(text, w->text) != NULL;
        free(text);
    }
    json_decref(all);
    return found;
}

static bool has_event(const struct wanted *w)
{
    size_t i;
    json_t *v;
    bool found = false;
    json_t *all = call(w->h, "events.list");
    json_array_foreach(json_object_get(all, "events"), i, v)
    {
        const char *text = json_string_value(json_object_get(v, "text"));
        found |= text && strstr(text, w->event) != NULL;
    }
    json_decref(all);
    return found;
}

static bool store_has(const struct wanted *w)
{
    char path[700];
    sqlite3 *s = NULL;
    sqlite3_stmt *st = NULL;
    bool found = false;
    (void)snprintf(path, sizeof path, "%s/state/flightdeck.db", w->h->dir);
    if (sqlite3_open_v2(path, &s, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(s, w->sql, -1, &st, NULL) == SQLITE_OK)
        found = sqlite3_step(st) == SQLITE_ROW && sqlite3_column_int64(st, 0) > 0;
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(s);
    return found;
}

static bool is_there(void *arg)
{
    const struct wanted *w = arg;
    return (!w->dag || dag_has(w)) && (!w->sql || store_has(w)) && (!w->event || has_event(w)) &&
           (!w->file || lines_of(w->h, w->file) >= w->lines);
}

#define EXPECT(what, ...)                                                                          \
    do {                                                                                           \
        struct wanted wanted_ = {__VA_ARGS__};                                                     \
        fixture_wait(what, WAIT_S, is_there, &wanted_);                                            \
    } while (0)

/* ---- tests ---- */

/* Rows in raw start a DAG; another one follows it. */
static void test_rows_start_a_dag(void **state)
{
    (void)state;
    struct harness h;
    init(&h, "sched_rows");
    write_dag(&h, "first",
              "trigger_on: {on_change: [items]}\ntasks:\n"
              "  t: {kind: shell, command: \"echo $FLIGHTDECK_RUN >> %s/first\"}\n");
    write_dag(&h, "second",
              "trigger_on: [first]\ntasks:\n"
              "  t: {kind: shell, command: \"echo $FLIGHTDECK_RUN >> %s/second\"}\n");
    write_dag(&h, "other",
              "trigger_on: {on_change: [nothing]}\ntasks:\n"
              "  t: {kind: shell, command: \"echo x >> %s/other\"}\n");
    harness_engine_start(&h);
    EXPECT("the DAGs are shown", .h = &h, .dag = "first", .member = "state", .text = "null");
    assert_int_equal(lines_of(&h, "first"), 0);
    free(fixture_sql(db, "INSERT INTO items VALUES (1, 'a')"));
    EXPECT("the first one ran", .h = &h, .dag = "first", .member = "state", .text = "success",
           .file = "first", .lines = 1);
    EXPECT("the second one ran", .h = &h, .dag = "second", .member = "state", .text = "success",
           .file = "second", .lines = 1);
    free(fixture_sql(db, "UPDATE items SET v = 'b'"));
    EXPECT("again", .h = &h, .file = "second", .lines = 2);
    assert_int_equal(lines_of(&h, "other"), 0);
    assert_int_equal(WEXITSTATUS(harness_engine_end(&h, SIGTERM)), 0);
}

/* A failure is told: in the status, in the events, and its reason is the command's last line. */
static void test_a_failure_is_told(void **state)
{
    (void)state;
    struct harness h;
    init(&h, "sched_fails");
    write_dag(&h, "d",
              "trigger_on: {on_change: all}\ntasks:\n"
              "  t: {kind: shell, command: \"echo no such partner >&2; exit 4\"}\n"
              "  after: {kind: shell, after: [t], command: \"echo x >> %s/after\"}\n");
    write_dag(&h, "v", "trigger_on: {on_change: all}\ntasks:\n  t: {kind: verify}\n");
    harness_engine_start(&h);
    free(fixture_sql(db, "INSERT INTO items VALUES (1, 'a')"));
    EXPECT("it failed", .h = &h, .dag = "d", .member = "state", .text = "failed");
    EXPECT("in words", .h = &h, .dag = "d", .member = "reason",
           .text = "task t: exit code 4: no such partner");
    EXPECT("an event", .h = &h, .event = "FAILED: task t: exit code 4: no such partner");
    assert_int_equal(lines_of(&h, "after"), 0);
    (void)harness_engine_end(&h, SIGTERM);
}

#define SLOW                                                                                       \
    "trigger_on: {on_change: all, min_interval: 1h}\ntasks:\n"                                     \
    "  once: {kind: shell, command: \"echo once >> %s/once\"}\n"                                   \
    "  slow: {kind: shell, after: [once], command: \"echo $FLIGHTDECK_TRY >> %s/slow; "            \
    "[ $FLIGHTDECK_TRY -gt 1 ] || sleep 1000\"}\n"                                                 \
    "  last: {kind: shell, after: [slow], command: \"echo last >> %s/last\"}\n"

static void expect_resumed(struct harness *h)
{
    int64_t began = clock_mono_us();
    harness_engine_start(h);
    EXPECT("the run is resumed", .h = h, .dag = "d", .member = "state", .text = "success");
    assert_true(clock_mono_us() - began < RESUME_S * INT64_C(1000000));
    assert_int_equal(lines_of(h, "once"), 1); /* what was over is not done again */
    assert_int_equal(lines_of(h, "slow"), 2);
    assert_int_equal(lines_of(h, "last"), 1);
    EXPECT("one run, nothing is left", .h = h,
           .sql = "SELECT count(*) = 1 AND min(state) = 'success' FROM runs");
    EXPECT("no try either", .h = h,
           .sql = "SELECT count(*) = 4 AND sum(state = 'running') = 0 FROM tries");
    (void)harness_engine_end(h, SIGTERM);
}

static void test_kill(void **state)
{
    (void)state;
    struct harness h;
    init(&h, "sched_kill");
    write_dag(&h, "d", SLOW);
    harness_engine_start(&h);
    free(fixture_sql(db, "INSERT INTO items VALUES (1, 'a')"));
    EXPECT("it runs", .h = &h, .file = "slow", .lines = 1);
    EXPECT("and is shown", .h = &h, .dag = "d", .member = "running_tasks", .text = "1");
    (void)harness_engine_end(&h, SIGKILL);
    EXPECT("the file says so", .h = &h,
           .sql = "SELECT count(*) FROM tasks WHERE state = 'running'");
    expect_resumed(&h);
}

static void test_stop(void **state)
{
    (void)state;
    struct harness h;
    init(&h, "sched_stop");
    write_dag(&h, "d", SLOW);
    harness_engine_start(&h);
    free(fixture_sql(db, "INSERT INTO items VALUES (1, 'a')"));
    EXPECT("it runs", .h = &h, .file = "slow", .lines = 1);
    int64_t began = clock_mono_us();
    assert_int_equal(WEXITSTATUS(harness_engine_end(&h, SIGTERM)), 0);
    assert_true(clock_mono_us() - began < STOP_S * INT64_C(1000000));
    EXPECT("it is to be resumed", .h = &h,
           .sql = "SELECT count(*) FROM tasks WHERE task = 'slow' AND state = 'queued'");
    expect_resumed(&h);
}

static bool no_line_twice(const struct harness *h, const char *file)
{
    char command[1600];
    (void)snprintf(command, sizeof command, "[ -z \"$(sort '%s/%s' | uniq -d)\" ]", h->dir, file);
    return system(command) == 0;
}

/* At moments that nobody has chosen: every run ends well, no try is run twice. */
static void test_kill_at_any_moment(void **state)
{
    (void)state;
    enum { ROUNDS = 4, RUNS = 3 };
    struct harness h;
    unsigned x = (unsigned)clock_mono_us();
    init(&h, "sched_moment");
#define LINK(name, after)                                                                          \
    "  " name ": {kind: shell, " after "command: \"echo $FLIGHTDECK_RUN $FLIGHTDECK_TASK "         \
    "$FLIGHTDECK_TRY >> %s/tries; sleep 0.05\"}\n"
    write_dag(&h, "d",
              "max_active_runs: 2\ntasks:\n" LINK("a", "") LINK("b", "after: a, ")
                  LINK("c", "after: b, ") LINK("d", "after: [a, c], "));
    for (int i = 0; i < ROUNDS; i++) {
        harness_engine_start(&h);
        EXPECT("it answers", .h = &h, .dag = "d", .member = "name", .text = "d");
        for (int k = 0; k < RUNS; k++)
            assert_int_equal(HARNESS_RUN(&h, NULL, "dag", "trigger", "d"), 0);
        x = x * 1103515245 + 12345;
        const struct timespec t = {.tv_nsec = (long)(x >> 8) % 300000000};
        (void)nanosleep(&t, NULL); /* the moment itself is what varies */
        (void)harness_engine_end(&h, SIGKILL);
    }
    int64_t began = clock_mono_us();
    harness_engine_start(&h);
    EXPECT("all runs have ended well", .h = &h,
           .sql = "SELECT count(*) = 12 AND sum(state <> 'success') = 0 FROM runs");
    assert_true(clock_mono_us() - began < RESUME_S * INT64_C(1000000));
    EXPECT("all tries have ended", .h = &h,
           .sql = "SELECT count(*) >= 48 AND sum(state = 'running') = 0 FROM tries");
    assert_true(no_line_twice(&h, "tries"));
    assert_int_equal(WEXITSTATUS(harness_engine_end(&h, SIGTERM)), 0);
}

/* The newest of d's runs that had been made by at_us, as dag.runs and dag.list tell it. */
static json_int_t newest_then(const struct harness *h, json_int_t at_us)
{
    enum err why;
    json_int_t id, listed;
    json_t *r = ask(h, "dag.runs",
                    json_pack("{s:s, s:I, s:i}", "name", "d", "at_us", at_us, "limit", 1), &why);
    json_t *l = ask(h, "dag.list", json_pack("{s:I, s:i}", "at_us", at_us, "runs", 1), &why);
    assert_int_equal(json_unpack(r, "{s:[{s:I}!]}", "runs", "id", &id), 0);
    assert_int_equal(json_unpack(l, "{s:[{s:[{s:I}!]}]}", "dags", "runs", "id", &listed), 0);
    assert_int_equal(id, listed);
    json_decref(r);
    json_decref(l);
    return id;
}

/* However many came since: of a moment those runs are told that had been made by then. */
static void test_runs_of_then(void **state)
{
    (void)state;
    enum { RUNS = 4 };
    struct harness h;
    enum err why;
    json_t *run;
    size_t i;
    init(&h, "sched_then");
    write_dag(&h, "d", "tasks:\n  t: {kind: shell, command: \"true\"}\n");
    harness_engine_start(&h);
    EXPECT("it answers", .h = &h, .dag = "d", .member = "name", .text = "d");
    for (int k = 0; k < RUNS; k++)
        assert_int_equal(HARNESS_RUN(&h, NULL, "dag", "trigger", "d"), 0);
    json_t *all = call(&h, "dag.runs");
    assert_int_equal(json_array_size(json_object_get(all, "runs")), RUNS);
    json_int_t first_us = 0;
    json_array_foreach(json_object_get(all, "runs"), i, run)
    {
        first_us = json_integer_value(json_object_get(run, "created_us"));
        assert_int_equal(newest_then(&h, first_us), json_integer_value(json_object_get(run, "id")));
    }
    json_t *before = ask(&h, "dag.runs", json_pack("{s:I}", "at_us", first_us - 1), &why);
    assert_int_equal(json_array_size(json_object_get(before, "runs")), 0);
    assert_non_null(before);
    assert_null(ask(&h, "dag.runs", json_pack("{s:i}", "at_us", -1), &why));
    assert_int_equal(why, ERR_USAGE);
    assert_null(ask(&h, "dag.list", json_pack("{s:s}", "at_us", "noon"), &why));
    assert_int_equal(why, ERR_USAGE);
    json_decref(before);
    json_decref(all);
    assert_int_equal(WEXITSTATUS(harness_engine_end(&h, SIGTERM)), 0);
}

/* A DAG's mistake is a mistake of the configuration: exit 2, with its place. */
static void test_a_mistake(void **state)
{
    (void)state;
    struct harness h;
    char *out;
    init(&h, "sched_mistake");
    write_dag(&h, "d",
              "tasks:\n  a: {kind: shell, after: [b], command: x}\n"
              "  b: {kind: shell, after: [a], command: x}\n");
    assert_int_equal(HARNESS_RUN(&h, &out, "engine"), 2);
    if (!strstr(out, "d.yaml:") || !strstr(out, "a -> b"))
        fail_msg("%s", out);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_start_a_dag),
        cmocka_unit_test(test_a_failure_is_told),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_kill_at_any_moment),
        cmocka_unit_test(test_runs_of_then),
        cmocka_unit_test(test_a_mistake),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
