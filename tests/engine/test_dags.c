/*
 * DAGs as an operator has them: the real engine with DAG files of its own, the real warehouse, and
 * `flightdeck dag ..` over the socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backend/serve/client.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"
#include "tests/fixture/terminal.h"

static struct harness h;

static void write_dag(const char *name, const char *text)
{
    char path[1200];
    (void)snprintf(path, sizeof path, "%s/dags/%s", h.dir, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* Says its params; fails until the marker is there. */
static const char hello[] =
    "description: Says hello\n"
    "tags: [test]\n"
    "params:\n"
    "  who: world\n"
    "  day: {type: date, default: '{{ business_date }}'}\n"
    "  mode: {default: fast, allowed: [fast, slow]}\n"
    "tasks:\n"
    "  greet: {kind: shell, command: 'echo \"hello $FLIGHTDECK_PARAM_WHO\" {{ params.mode }}'}\n"
    "  count: {kind: shell, command: 'echo one; echo two', after: greet}\n"
    "  end: {kind: shell, command: 'echo the end', after: [greet, count]}\n";

static const char nightly[] =
    "schedule: '5 12 * * *'\n"
    "paused: yes\n"
    "params:\n"
    "  day: {type: date, default: '{{ business_date }}'}\n"
    "tasks:\n"
    "  fill: {kind: shell, command: 'echo {{ params.day }} >>\"$DAYS\"; echo filled'}\n";

static const char broken[] =
    "retries: 1\n"
    "retry_delay: 10ms\n"
    "tasks:\n"
    "  first: {kind: shell, command: 'true'}\n"
    "  bad: {kind: shell, command: 'echo looking; test -e \"$MARKER\" || { echo no marker; exit 3; "
    "}', after: first}\n"
    "  last: {kind: shell, command: 'true', after: bad}\n";

/* Nothing has to be waited for: both look at what is there. */
static const char checks[] = "tasks:\n"
                             "  verify: {kind: verify, tables: [public.planes]}\n"
                             "  test: {kind: test, tests: [always], after: verify}\n";

static const char quality[] = "tasks: {look: {kind: test, tests: [presentation.days]}}\n";
static const char quality_tests[] = "table: presentation.days\n"
                                    "tests:\n"
                                    "  - not_null: [day, about]\n"
                                    "  - {sql: SELECT 1 AS one WHERE 1 = 0, name: always}\n";

static const char fill[] = "params: {day: {type: date}, pause: 0}\n"
                           "tasks:\n"
                           "  fill:\n"
                           "    kind: sql\n"
                           "    file: fill.sql\n"
                           "    params: {day: '{{ params.day }}', pause: '{{ params.pause }}', "
                           "text: \"it's {{ dag }}\"}\n";

/* Bytes that are no text, on their way through log and reason. */
static const char bytes[] =
    "tasks: {x: {kind: shell, command: \"printf 'a\\\\377b\\\\033[1m\\\\n'; "
    "exit 1\"}}\n";

static const char slow[] = "tasks: {wait: {kind: shell, command: 'echo begun; exec sleep 600'}}\n";

/* A mart's DAG whose first task never succeeds: a refresh of the mart is not about it. */
static const char counts[] = "tasks:\n"
                             "  never: {kind: shell, command: exit 1}\n"
                             "  fill: {kind: sql, file: ../counts.sql, after: never}\n";
static const char counts_mart[] = "mart: counts\n"
                                  "table: presentation.counts\n"
                                  "sql: counts.sql\n"
                                  "create: {postgresql: [counts_table.sql], vertica: "
                                  "[counts_table.sql]}\n";

static char marker[700], days[700];

static int setup(void **state)
{
    (void)state;
    if (fixture_start(FIXTURE_ALL & ~FIXTURE_STANDBY) != 0)
        return -1;
    const char *conninfo = fixture_database("dags");
    harness_init(&h, "dags", conninfo,
                 "dags: [dags]\ntests: [quality_tests.yml]\nmarts: [counts_mart.yaml]\n");
    char path[1200];
    (void)snprintf(path, sizeof path, "%s/dags", h.dir);
    if (mkdir(path, 0700) != 0)
        return -1;
    (void)snprintf(marker, sizeof marker, "%s/marker", h.dir);
    (void)snprintf(days, sizeof days, "%s/days", h.dir);
    if (setenv("MARKER", marker, 1) != 0 || setenv("DAYS", days, 1) != 0)
        return -1;
    write_dag("hello.yaml", hello);
    write_dag("nightly.yaml", nightly);
    write_dag("broken.yaml", broken);
    write_dag("slow.yaml", slow);
    write_dag("checks.yaml", checks);
    write_dag("fill.yaml", fill);
    write_dag("bytes.yaml", bytes);
    write_dag("quality.yaml", quality);
    write_dag("counts.yaml", counts);
    write_dag("../counts_mart.yaml", counts_mart);
    write_dag("../counts_table.sql", "CREATE TABLE IF NOT EXISTS presentation.counts (n int);\n");
    write_dag("../counts.sql", "DELETE FROM presentation.counts;\n\n"
                               "INSERT INTO presentation.counts VALUES (1), (2);\n");
    write_dag("../quality_tests.yml", quality_tests);
    write_dag("fill.sql", "DELETE FROM presentation.days WHERE day = CAST(:day AS date);\n"
                          "\n"
                          "INSERT INTO presentation.days\n"
                          "SELECT CAST(:day AS date), :text FROM pg_sleep(CAST(:pause AS int));\n");
    free(fixture_sql(conninfo, "CREATE TABLE planes (id int PRIMARY KEY, name text);"
                               "INSERT INTO planes VALUES (1, 'a'), (2, 'b')"));
    harness_engine_start(&h);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (h.engine)
        (void)harness_engine_end(&h, SIGTERM);
    return fixture_stop();
}

/* ---- running it ---- */

static char *run_words(int code, const char *const *args)
{
    char *out = NULL;
    int got = harness_run(&h, &out, args);
    if (got != code)
        fail_msg("dag %s %s: exit code %d, not %d:\n%s", args[1], args[2] ? args[2] : "", got, code,
                 out);
    return out;
}

#define DAG(code, ...) run_words(code, (const char *const[]){"dag", __VA_ARGS__, NULL})

static void has(char *out, const char *text)
{
    if (!strstr(out, text))
        fail_msg("\"%s\" is not in:\n%s", text, out);
    free(out);
}

#define EXPECT(code, text, ...) has(DAG(code, __VA_ARGS__), text)

static json_t *json_of(char *out)
{
    json_error_t why;
    json_t *j = json_loads(out, 0, &why);
    if (!j)
        fail_msg("%s in:\n%s", why.text, out);
    free(out);
    return j;
}

static bool engine_answers(void *arg)
{
    char *out = NULL;
    (void)arg;
    int code = HARNESS_RUN(&h, &out, "dag", "list");
    bool runs = !strstr(out, "does not run yet"); /* it answers before its scheduler is up */
    free(out);
    return code == 0 && runs;
}

static int64_t newest_run(const char *dag)
{
    json_t *j = json_of(DAG(0, "runs", dag, "--json", "--limit", "1"));
    json_t *run = json_array_get(json_object_get(j, "runs"), 0);
    assert_non_null(run);
    int64_t id = json_integer_value(json_object_get(run, "id"));
    json_decref(j);
    return id;
}

static void on_screen(struct terminal *t, const char *text)
{
    if (!terminal_shows(t, text))
        fail_msg("\"%s\" is not on\n%s", text, terminal_text(t));
}

/* ---- tests ---- */

static void test_list_and_show(void **state)
{
    (void)state;
    fixture_wait("the engine answers", 20, engine_answers, NULL);
    char *out = DAG(0, "list");
    assert_non_null(strstr(out, "hello"));
    assert_non_null(strstr(out, "only when triggered"));
    assert_non_null(strstr(out, "nightly"));
    assert_non_null(strstr(out, "paused"));
    has(out, "at 12:05 every day (UTC)");
    json_t *j = json_of(DAG(0, "list", "--json"));
    assert_int_equal(json_array_size(json_object_get(j, "dags")), 9);
    json_decref(j);
    out = DAG(0, "show", "hello");
    assert_non_null(strstr(out, "hello: Says hello"));
    assert_non_null(strstr(out, "mode: string, one of fast, slow, default fast"));
    assert_non_null(strstr(out, "  greet (shell "));
    has(out, "end (shell echo the end) after greet, count");
    j = json_of(DAG(0, "show", "nightly", "--json"));
    json_t *fires = json_object_get(j, "next_fires");
    assert_int_equal(json_array_size(fires), 3);
    int64_t first = json_integer_value(json_object_get(json_array_get(fires, 0), "at_us"));
    int64_t second = json_integer_value(json_object_get(json_array_get(fires, 1), "at_us"));
    assert_int_equal(second - first, INT64_C(86400000000));
    assert_int_equal(first % INT64_C(86400000000), INT64_C(43500000000)); /* 12:05 */
    json_decref(j);
    EXPECT(0, " 12:05 UTC, data of ", "show", "nightly");
    EXPECT(1, "no DAG is named helo", "show", "helo");
}

static void test_trigger(void **state)
{
    (void)state;
    char *out = DAG(0, "trigger", "hello", "--wait", "--param", "who=night's \"shift\"", "--param",
                    "day=2026-01-02");
    assert_non_null(strstr(out, "of hello: success"));
    assert_non_null(strstr(out, "data of       2026-01-02\n")); /* what was given instead */
    assert_non_null(strstr(out, "manual"));
    has(out, "who=night's \"shift\"");
    char id[32];
    (void)snprintf(id, sizeof id, "%lld", (long long)newest_run("hello"));
    EXPECT(0, "greet/1 hello night's \"shift\" fast", "logs", id);
    out = DAG(0, "logs", "hello", "count");
    assert_non_null(strstr(out, " one\n"));
    assert_null(strstr(out, "the end"));
    has(out, " two\n");
    EXPECT(0, "{\"task\":\"end\",\"try\":1,\"ts_us\":", "logs", id, "--json");
    EXPECT(1, "has no task nothing", "logs", id, "nothing");
    EXPECT(0, "run ", "trigger", "hello");
    json_t *j = json_of(DAG(0, "trigger", "hello", "--json"));
    assert_true(json_integer_value(json_object_get(j, "run")) > 0);
    json_decref(j);
    EXPECT(2, "has no param `whom` (did you mean `who`?)", "trigger", "hello", "--param", "whom=x");
    EXPECT(2, "param day: `yesterday` is not a date", "trigger", "hello", "--param",
           "day=yesterday");
    EXPECT(2, "param mode: `x` is none of fast, slow", "trigger", "hello", "--param", "mode=x");
    EXPECT(2, "--param takes NAME=VALUE", "trigger", "hello", "--param", "day");
    EXPECT(1, "no DAG is named nothing", "trigger", "nothing");
}

#define REFRESH(code, text, ...)                                                                   \
    has(run_words(code, (const char *const[]){"refresh", __VA_ARGS__, NULL}), text)

/* By name: of a mart the one task that makes it, of a DAG all of it. */
static void test_refresh(void **state)
{
    (void)state;
    REFRESH(0, "counts: 2 rows in ", "counts");
    EXPECT(0, "skipped", "run", "counts"); /* what comes before it */
    char *n = fixture_warehouse_psql("SELECT count(*) FROM presentation.counts");
    assert_string_equal(n, "2");
    free(n);
    char *out =
        run_words(0, (const char *const[]){"refresh", "presentation.counts", "hello", NULL});
    assert_non_null(strstr(out, "presentation.counts: 2 rows in "));
    has(out, "hello: done in ");
    REFRESH(1, "broken: failed after ", "broken");
    REFRESH(0, "\"state\":\"success\"", "counts", "--json");
    REFRESH(0, " of counts", "counts", "--detach");
    REFRESH(1, "nothing that can be refreshed is named conts", "conts");
    REFRESH(1, "(did you mean `counts`?)", "conts");
}

/* The same from the SQL prompt, between statements. */
static void test_refresh_in_sql(void **state)
{
    (void)state;
    char *out =
        run_words(0, (const char *const[]){"sql", "-At", "-c", "DELETE FROM presentation.counts",
                                           "-c", "\\refresh counts", "-c",
                                           "SELECT sum(n) FROM presentation.counts", NULL});
    assert_non_null(strstr(out, "  fill                     success, 2 rows\n"));
    assert_non_null(strstr(out, "counts: 2 rows in "));
    has(out, "\n3\n");
    has(run_words(1, (const char *const[]){"sql", "-c", "\\refresh broken", NULL}),
        "broken: failed after ");
    has(run_words(1, (const char *const[]){"sql", "-c", "\\refresh conts", NULL}),
        "(did you mean `counts`?)");
}

static bool alert_of_broken(void *run)
{
    char want[64];
    char *out = run_words(0, (const char *const[]){"alert", "list", NULL});
    (void)snprintf(want, sizeof want, "run %s failed: ", (const char *)run);
    bool found = strstr(out, "dag:broken") && strstr(out, want);
    free(out);
    return found;
}

/* A try that fails, the task's second one, the end of the run, and clear once it can go well. */
static void test_failure_and_clear(void **state)
{
    (void)state;
    char id[32];
    char *out = DAG(1, "trigger", "broken", "--wait");
    assert_non_null(strstr(out, "of broken: failed"));
    assert_non_null(strstr(out, "upstream_failed"));
    assert_non_null(strstr(out, "try 1 failed: "));
    has(out, "try 2 failed: ");
    (void)snprintf(id, sizeof id, "%lld", (long long)newest_run("broken"));
    fixture_wait("an alert of it", 20, alert_of_broken, id);
    EXPECT(0, "bad/2 no marker", "logs", id);
    out = DAG(0, "logs", id, "bad", "--try", "1");
    char *first = strstr(out, "looking");
    assert_non_null(first);
    assert_null(strstr(first + 1, "looking"));
    free(out);
    EXPECT(0, "broken", "runs", "--state", "failed");
    EXPECT(0, "no runs", "runs", "broken", "--state", "success");
    FILE *f = fopen(marker, "we");
    assert_non_null(f);
    assert_int_equal(fclose(f), 0);
    EXPECT(0, "2 tasks to run again", "clear", id, "--failed");
    EXPECT(0, "looking", "logs", id, "bad", "--follow");
    json_t *j = json_of(DAG(0, "run", id, "--json"));
    assert_string_equal(json_string_value(json_object_get(json_object_get(j, "run"), "state")),
                        "success");
    json_t *tasks = json_object_get(j, "tasks");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(tasks, 0), "try")), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(tasks, 1), "try")), 3);
    json_decref(j);
    EXPECT(0, "2 tasks to run again", "clear", id, "--task", "bad", "--downstream");
    EXPECT(0, "looking", "logs", "broken", "--follow"); /* its newest run */
    EXPECT(1, "nothing", "clear", id, "--task", "nothing");
    /* all of it, and what it is made of */
    EXPECT(2, "of broken: first (success), bad (success), last (success).", "clear", id);
    EXPECT(0, "tasks to run again", "clear", id, "--yes");
    EXPECT(0, "looking", "logs", id, "--follow");
}

/* How often the nightly DAG was run for a day. */
static int runs_of(const char *day)
{
    char line[64];
    int n = 0;
    FILE *f = fopen(days, "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        n += strncmp(line, day, strlen(day)) == 0;
    (void)fclose(f);
    return n;
}

/* Each day is run once, for its own date. */
static void test_backfill(void **state)
{
    (void)state;
    EXPECT(0, "goes on", "unpause", "nightly");
    char *out = DAG(0, "backfill", "nightly", "--from", "2026-02-27", "--to", "2026-03-02",
                    "--parallel", "2");
    assert_non_null(strstr(out, "2026-02-28  success"));
    assert_non_null(strstr(out, "2026-03-02  success"));
    has(out, "4 runs, 0 failed\n");
    assert_int_equal(runs_of("2026-02-27"), 1);
    assert_int_equal(runs_of("2026-03-02"), 1);
    assert_int_equal(runs_of("2026-0"), 4);
    EXPECT(2, "nightly for 2 intervals; 1 of them succeeded before and runs again", "backfill",
           "nightly", "--from", "2026-03-02", "--to", "2026-03-03");
    assert_int_equal(runs_of("2026-03-02"), 1);
    json_t *j = json_of(DAG(0, "backfill", "nightly", "--from", "2026-03-02", "--to", "2026-03-03",
                            "--json", "--yes"));
    assert_int_equal(json_array_size(j), 2);
    json_decref(j);
    assert_int_equal(runs_of("2026-03-02"), 2); /* asked for again: run again */
    assert_int_equal(runs_of("2026-03-03"), 1);
    EXPECT(0, "2026-03-03", "runs", "nightly", "--kind", "backfill");
    EXPECT(0, "fill/1 filled", "logs", "nightly");
    EXPECT(0, "paused", "pause", "nightly");
    EXPECT(2, "needs --from and --to", "backfill", "nightly", "--from", "2026-03-01");
    EXPECT(2, "`from` must be a date as 2026-11-28, not `1 March`", "backfill", "nightly", "--from",
           "1 March", "--to", "2026-03-02");
    EXPECT(2, "hello has no schedule", "backfill", "hello", "--from", "2026-03-01", "--to",
           "2026-03-02");
    EXPECT(2, "`from` is after `to`", "backfill", "nightly", "--from", "2026-03-05", "--to",
           "2026-03-02");
    /* By hand, for a day of its own, also while it is paused. */
    EXPECT(0, "success", "trigger", "nightly", "--wait", "--param", "day=2026-05-05");
    assert_int_equal(runs_of("2026-05-05"), 1);
}

/* It says at once what it waits for. */
static void test_backfill_of_a_paused_one(void **state)
{
    (void)state;
    char *const argv[] = {(char *)harness_binary(),
                          (char *)"dag",
                          (char *)"backfill",
                          (char *)"nightly",
                          (char *)"--from=2026-04-01",
                          (char *)"--to=2026-04-02",
                          (char *)"--config",
                          h.config,
                          NULL};
    int status = -1;
    EXPECT(0, "paused", "pause", "nightly");
    char *out = DAG(0, "backfill", "nightly", "--from=2026-04-01", "--to=2026-04-02", "--detach");
    assert_non_null(strstr(out, "2 runs: 2 new"));
    has(out, "nightly is paused: no run of a backfill begins until `flightdeck dag unpause "
             "nightly`\n");
    struct terminal *t = terminal_start(10, 100, NULL, argv);
    on_screen(t, "nightly is paused: no run of a backfill begins until `flightdeck dag unpause");
    on_screen(t, "0 of 2, 0 running");
    EXPECT(0, "goes on", "unpause", "nightly");
    on_screen(t, "2 runs, 0 failed");
    assert_true(terminal_ended(t, &status));
    assert_int_equal(WEXITSTATUS(status), 0);
    terminal_stop(t);
}

/* A month: each run that ends is told, and none twice. */
static void test_backfill_of_a_month(void **state)
{
    (void)state;
    EXPECT(0, "goes on", "unpause", "nightly");
    char *out = DAG(0, "backfill", "nightly", "--from", "2026-06-01", "--to", "2026-06-30",
                    "--parallel", "4");
    int told = 0;
    for (int day = 1; day <= 30; day++) {
        char text[40];
        (void)snprintf(text, sizeof text, "2026-06-%02d  success", day);
        const char *first = strstr(out, text);
        told += first && !strstr(first + 1, text);
    }
    if (told != 30)
        fail_msg("%d of 30 days are told once:\n%s", told, out);
    has(out, "30 runs, 0 failed\n");
    assert_int_equal(runs_of("2026-06-"), 30);
    EXPECT(0, "paused", "pause", "nightly");
}

/* What changes on disk is not what the engine holds: whoever looks or triggers is told. */
static void test_changed_files(void **state)
{
    (void)state;
    char *out = DAG(0, "show", "hello");
    assert_null(strstr(out, "changed on disk"));
    free(out);
    write_dag("hello.yaml", hello);
    write_dag("../quality_tests.yml", quality_tests);
    out = DAG(0, "show", "hello");
    assert_non_null(strstr(out, "changed on disk since the engine started; a restart takes them "
                                "up:\n"));
    assert_non_null(strstr(out, "/dags/hello.yaml\n"));
    has(out, "/quality_tests.yml\n");
    EXPECT(0, "/dags/hello.yaml\n", "trigger", "hello");
    json_t *j = json_of(DAG(0, "trigger", "hello", "--json"));
    assert_int_equal(json_array_size(json_object_get(j, "changed_files")), 2);
    json_decref(j);
}

/* A difference fails the run, and its log names the key. */
static void test_verify(void **state)
{
    (void)state;
    harness_verify(&h, 60);
    EXPECT(0, "of checks: success", "trigger", "checks", "--wait");
    EXPECT(0, "public.planes: the same, 2 rows", "logs", "checks", "verify");
    free(fixture_warehouse_psql("UPDATE raw.dags_public_planes SET after_name = 'x' WHERE "
                                "after_id = 2"));
    char *out = DAG(1, "trigger", "checks", "--wait");
    assert_non_null(strstr(out, "upstream_failed"));
    has(out, "1 of 1 tables, views and marts differ");
    out = DAG(0, "logs", "checks", "verify");
    assert_non_null(strstr(out, "DIFFERS, 2 rows in the source, 2 in raw"));
    has(out, "key 2");
}

static void assert_days(const char *expected)
{
    char *got = fixture_warehouse_psql("SELECT string_agg(day || ' ' || about, ', ' ORDER BY day) "
                                       "FROM presentation.days");
    assert_string_equal(got ? got : "", expected);
    free(got);
}

static bool sleeps(void *arg)
{
    (void)arg;
    char *n = fixture_warehouse_psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = "
                                     "'PgSleep'");
    bool yes = strcmp(n, "0") != 0;
    free(n);
    return yes;
}

/* Values are bound; an error names the file's line; what is cancelled commits nothing. */
static void test_sql(void **state)
{
    (void)state;
    EXPECT(2, "param day of fill has no default: give it with --param day=..", "trigger", "fill");
    char *out = DAG(1, "trigger", "fill", "--wait", "--param", "day=2026-05-05");
    assert_non_null(strstr(out, "of fill: failed"));
    has(out, "fill.sql:1: ");
    free(fixture_warehouse_psql("CREATE TABLE presentation.days (day date, about text)"));
    EXPECT(0, "of fill: success", "trigger", "fill", "--wait", "--param", "day=2026-05-05");
    EXPECT(0, "of fill: success", "trigger", "fill", "--wait", "--param", "day=2026-05-05");
    assert_days("2026-05-05 it's fill");
    EXPECT(0, "run ", "trigger", "fill", "--param", "day=2026-05-06", "--param", "pause=600");
    fixture_wait("the statement runs", 20, sleeps, NULL);
    EXPECT(0, "is told to end", "cancel", "fill", "--yes");
    free(DAG(0, "logs", "fill", "--follow")); /* to its end */
    EXPECT(0, "canceled", "run", "fill");
    assert_false(sleeps(NULL));
    assert_days("2026-05-05 it's fill");
}

static void test_bytes(void **state)
{
    (void)state;
    char *out = DAG(1, "trigger", "bytes", "--wait");
    assert_null(strchr(out, '\033'));
    has(out, "a?b"); /* no UTF-8 terminal */
    out = DAG(0, "logs", "bytes");
    assert_null(strchr(out, '\033'));
    has(out, "a?b"); /* no UTF-8 terminal */
    EXPECT(0, "bytes", "runs");
    EXPECT(0, "\"name\":\"bytes\"", "list", "--json");
}

/* Tests that fail end the run, and its log has the rows that are wrong. */
static void test_data_tests(void **state)
{
    (void)state;
    EXPECT(0, "of quality: success", "trigger", "quality", "--wait");
    char *out = DAG(0, "logs", "quality");
    assert_non_null(strstr(out, "pass days.not_null.day.about, "));
    assert_non_null(strstr(out, "pass always, ")); /* its file's table is this one */
    has(out, "2 passed, 0 warned, 0 failed");
    free(fixture_warehouse_psql("INSERT INTO presentation.days VALUES ('2026-05-07', NULL)"));
    EXPECT(1, "quality_tests.yml:3: test days.not_null.day.about: 1 row is wrong; day | about:",
           "trigger", "quality", "--wait");
    out = DAG(0, "logs", "quality");
    assert_non_null(strstr(out, "fail days.not_null.day.about: 1 rows are wrong; day | about"));
    has(out, "2026-05-07 | NULL");
}

static bool has_begun(void *arg)
{
    char *out = NULL;
    (void)arg;
    int code = HARNESS_RUN(&h, &out, "dag", "logs", "slow");
    bool begun = code == 0 && strstr(out, "begun");
    free(out);
    return begun;
}

static void test_cancel(void **state)
{
    (void)state;
    EXPECT(0, "run ", "trigger", "slow");
    fixture_wait("the task has begun", 20, has_begun, NULL);
    char *out = DAG(0, "list");
    assert_non_null(strstr(out, " running  queued  last run "));
    char *row = strstr(out, "\nslow ");
    assert_non_null(row);
    row[1 + strcspn(row + 1, "\n")] = '\0';
    assert_non_null(strstr(row, "      1       0  running"));
    free(out);
    EXPECT(0, "is told to end", "cancel", "slow", "--yes");
    EXPECT(0, "begun", "logs", "slow", "--follow");
    EXPECT(0, "canceled", "run", "slow");
}

/* One call over the socket; params are taken. */
static enum err ask(const char *method, json_t *params, json_t **result)
{
    enum { ASK_MS = 20000 };
    char path[1300];
    struct errbuf e;
    struct client *c = NULL;
    *result = NULL;
    (void)snprintf(path, sizeof path, "%s/state/control.sock", h.dir);
    if (client_connect(path, ASK_MS, &c, &e) != ERR_OK)
        fail_msg("%s", e.text);
    enum err rc = client_call(c, method, params, ASK_MS, result, &e);
    client_close(c);
    json_decref(params);
    return rc;
}

/* What a picture of many runs is drawn from comes in one answer, within bounds. */
static void test_answers_of_many_runs(void **state)
{
    (void)state;
    json_t *r;
    const char *name;
    json_t *value;
    char order[64] = "";
    assert_int_equal(
        ask("dag.runs", json_pack("{s:s, s:b, s:i}", "name", "hello", "tasks", 1, "limit", 2), &r),
        ERR_OK);
    assert_int_equal(json_array_size(json_object_get(r, "runs")), 2);
    json_t *tasks = json_object_get(json_array_get(json_object_get(r, "runs"), 0), "tasks");
    json_object_foreach(tasks, name, value)
    {
        assert_string_equal(json_string_value(value), "success");
        (void)strncat(order, name, sizeof order - strlen(order) - 1);
    }
    assert_string_equal(order, "greetcountend"); /* the DAG's order */
    json_decref(r);
    assert_int_equal(ask("dag.runs", json_pack("{s:b, s:i}", "tasks", 1, "limit", 201), &r),
                     ERR_USAGE);
    json_decref(r);
    assert_int_equal(ask("dag.list", json_pack("{s:i}", "runs", 2), &r), ERR_OK);
    json_t *broken_dag = json_array_get(json_object_get(r, "dags"), 0);
    assert_string_equal(json_string_value(json_object_get(broken_dag, "name")), "broken");
    json_t *runs = json_object_get(broken_dag, "runs");
    assert_in_range(json_array_size(runs), 1, 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(runs, 0), "id")),
                     newest_run("broken"));
    json_decref(r);
    assert_int_equal(ask("dag.list", json_pack("{s:i}", "runs", 51), &r), ERR_USAGE);
    json_decref(r);
    assert_int_equal(
        ask("dag.intervals",
            json_pack("{s:s, s:s, s:s}", "name", "hello", "from", "2026-02-27", "to", "2026-03-02"),
            &r),
        ERR_USAGE); /* it has no schedule */
    json_decref(r);
}

/* In the console: a DAG is found, run with a param, watched to its end, and its log read. */
static void test_console(void **state)
{
    (void)state;
    char *argv[] = {(char *)harness_binary(), (char *)"--config", h.config, (char *)"console",
                    NULL};
    struct terminal *t = terminal_start(30, 100, NULL, argv);
    assert_non_null(t);
    on_screen(t, "Pipeline");
    terminal_type(t, "4");
    on_screen(t, "DAGs (9)");
    terminal_type(t, "/hello\r");
    on_screen(t, "> hello");
    on_screen(t, "greet"); /* its newest run */
    terminal_type(t, "t");
    on_screen(t, "who=.. day=.. mode=..:");
    terminal_type(t, "who=\"the pilot\" mode=slow\r");
    on_screen(t, "hello: done in ");
    terminal_type(t, "\r");
    on_screen(t, "only when triggered; next in -; 0 running, 0 queued");
    on_screen(t, "Runs (");
    terminal_type(t, "\r");
    on_screen(t, "who=the pilot");
    on_screen(t, "> greet");
    terminal_type(t, "\r");
    on_screen(t, "hello the pilot slow");
    terminal_type(t, "\x1b");
    on_screen(t, "over time");
    terminal_type(t, "\x1b");
    on_screen(t, "Runs (");
    terminal_type(t, "\x1b");
    on_screen(t, "DAGs (1 that contain hello)");
    terminal_type(t, "/\x15nightly\r");
    on_screen(t, "> nightly");
    terminal_type(t, "b");
    on_screen(t, "backfill nightly, from..to");
    terminal_type(t, "\x15"
                     "2026-02-27..2026-03-02\r");
    on_screen(t, "Type nightly to backfill nightly with 4 runs");
    terminal_type(t, "\x1b");
    on_screen(t, "> nightly");
    terminal_type(t, "g");
    on_screen(t, "fill  shell echo");
    terminal_type(t, "q");
    int status;
    assert_true(terminal_ended(t, &status));
    terminal_stop(t);
}

/* Who asked is on record, and a viewer is refused. */
static void test_rights(void **state)
{
    (void)state;
    char *log = harness_log(&h);
    free(log);
    json_t *j = json_of(DAG(0, "runs", "slow", "--json"));
    const char *who =
        json_string_value(json_object_get(json_array_get(json_object_get(j, "runs"), 0), "who"));
    assert_non_null(strstr(who, "(pid "));
    json_decref(j);
    char viewer[1300];
    FILE *from = fopen(h.config, "re");
    (void)snprintf(viewer, sizeof viewer, "%s/viewer.yaml", h.dir);
    FILE *to = fopen(viewer, "we");
    assert_non_null(from);
    assert_non_null(to);
    for (int c; (c = fgetc(from)) != EOF;)
        (void)fputc(c, to);
    assert_true(fputs("role: viewer\n", to) >= 0);
    assert_int_equal(fclose(to), 0);
    assert_int_equal(fclose(from), 0);
    struct harness as_viewer = h;
    (void)snprintf(as_viewer.config, sizeof as_viewer.config, "%.599s", viewer);
    static const char *const refused[][4] = {{"trigger", "hello"}, {"pause", "hello"},
                                             {"unpause", "hello"}, {"cancel", "hello"},
                                             {"clear", "hello"},   {"backfill", "hello"}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        char *out = NULL;
        int code = HARNESS_RUN(&as_viewer, &out, "dag", refused[i][0], refused[i][1]);
        assert_int_equal(code, 2);
        has(out, "role: viewer");
    }
    char *out = NULL;
    assert_int_equal(HARNESS_RUN(&as_viewer, &out, "connector", "pause", "any"), 2);
    has(out, "role: viewer");
    assert_int_equal(HARNESS_RUN(&as_viewer, &out, "alert", "ack", "any"), 2);
    has(out, "role: viewer");
    assert_int_equal(HARNESS_RUN(&as_viewer, &out, "refresh", "counts"), 2);
    has(out, "role: viewer");
    assert_int_equal(HARNESS_RUN(&as_viewer, &out, "dag", "list"), 0);
    has(out, "hello");
}

/* What was known before is known after a kill -9. */
static void test_restart(void **state)
{
    (void)state;
    int64_t before = newest_run("broken");
    (void)harness_engine_end(&h, SIGKILL);
    EXPECT(3, "no engine answers on", "list");
    harness_engine_start(&h);
    fixture_wait("the engine answers", 20, engine_answers, NULL);
    assert_int_equal(newest_run("broken"), before);
    EXPECT(0, "paused", "list");
    EXPECT(0, "greet/1 hello", "logs", "hello");
    char *out = DAG(0, "show", "hello");
    assert_null(strstr(out, "changed on disk"));
    free(out);
}

/* A batch has nobody who could resume it: it begins nothing. */
static void test_batch_and_a_paused_one(void **state)
{
    (void)state;
    char *out = NULL;
    EXPECT(0, "paused", "pause", "nightly");
    (void)harness_engine_end(&h, SIGTERM);
    assert_int_equal(HARNESS_RUN(&h, &out, "batch", "--refresh", "nightly", "--backfill=nightly=3"),
                     2);
    has(out, "backfill: nightly is paused, so no run of it would begin: `flightdeck dag unpause "
             "nightly`");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_and_show),
        cmocka_unit_test(test_trigger),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_refresh_in_sql),
        cmocka_unit_test(test_failure_and_clear),
        cmocka_unit_test(test_backfill),
        cmocka_unit_test(test_backfill_of_a_paused_one),
        cmocka_unit_test(test_backfill_of_a_month),
        cmocka_unit_test(test_sql),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_data_tests),
        cmocka_unit_test(test_verify),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_answers_of_many_runs),
        cmocka_unit_test(test_console),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_changed_files),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_batch_and_a_paused_one),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
