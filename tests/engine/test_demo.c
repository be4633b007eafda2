/*
 * `flightdeck demo` from nothing to nothing, as a person has it: servers, the airline, everything
 * synchronized and verified; again, which attaches; on a terminal, where the console opens and is
 * worked with; stopped; removed. The smallest scale there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"
#include "tests/fixture/terminal.h"

enum {
    MEMORY_LEAST_MB = 2048,
    OUT_MAX = 1 << 16,
    LIMIT_S = 500,
    SAN_LIMIT_S = 1000,
    START_TRIES = 6
};

static char root[64];
static char out[OUT_MAX]; /* of the command run last */

static int setup(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/flightdeck-test-demo-XXXXXX");
    /* started by root the servers run as another user, who has to get there */
    return mkdtemp(root) && chmod(root, 0755) == 0 ? 0 : -1;
}

/* Runs `flightdeck demo --dir <root>/d OPTIONS`, for so long at most; returns the exit code. */
static int demo(const char *options)
{
    char line[1000];
    (void)snprintf(line, sizeof line, "timeout 500 %s demo --dir %s/d %s 2>&1 </dev/null",
                   harness_binary(), root, options);
    FILE *p = popen(line, "r");
    assert_non_null(p);
    size_t n = fread(out, 1, sizeof out - 1, p);
    out[n] = '\0';
    int status = pclose(p);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int teardown(void **state)
{
    (void)state;
    char path[80];
    (void)demo("--destroy --yes"); /* fine when it is gone already */
    (void)snprintf(path, sizeof path, "%s/d", root);
    (void)rmdir(path); /* made, and then refused */
    return rmdir(root);
}

static long available_mb(void)
{
    long kb = 0;
    char line[200];
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %ld", &kb) == 1)
            break;
    if (f)
        (void)fclose(f);
    return kb / 1024;
}

static void expect(int code, const char *options, const char *words)
{
    int got = demo(options);
    if (got != code || !strstr(out, words))
        fail_msg("demo %s: exit code %d\n%s", options, got, out);
}

static bool lacks_something(void)
{
    return strstr(out, "is not installed") || strstr(out, "Apache Kafka needs Java") ||
           strstr(out, "no PostgreSQL server programs found");
}

/* ---- the console on it ---- */

#define TYPE_FILE "%s\r" /* a file of the test's folder */

struct step {
    const char *keys;
    const char *shows; /* then, within TERMINAL_WAIT_MS */
};

/* What a person does in the first minutes: looks at everything, pauses and resumes a connector,
 * triggers a DAG and watches it end, takes the rows of a chart along, cancels a query. */
static const struct step session[] = {
    {"", "Pipeline"},
    {"2", "Connectors (9"},
    {"/sink-flights", "1 that contain sink-flights"},
    {"\r", "Enter open"},
    {"p", "Pause connector airline-sink-flights?"},
    {"y", "▲ PAUSED"},
    {"u", "Resume connector airline-sink-flights?"},
    {"y", "airline-sink-flights is RUNNING"},
    {"\r", "Configuration"},
    {"3", "Topics ("},
    {"/public.flights", "1 that contain public.flights"},
    {"\r", "Enter open"}, /* the line of the filter is left */
    {"\r", "Topic postgres.public.flights"},
    {"4", "DAGs (3)"},
    {"/airports", "1 that contain airports"},
    {"\r", "Enter open"},
    {"t", "params (Enter: none)"},
    {"\r", "airports_traffic: 48 rows in"}, /* watched until it has ended */
    {"\r", "manual    "},                   /* the newest of its runs */
    {"5", "Active airports by day"},
    {"\r", "linked_airport_code"}, /* the rows behind it */
    {"x", "write to (.csv, .json, .md)"},
    {"\x15" TYPE_FILE, "written: "},
    {"6", "Flyers"},
    {"7", "Warehouse, PostgreSQL"},
    {"8", "Source, PostgreSQL"},
    {"9", "Query of the warehouse"},
    {"select pg_sleep(600);\r", "Running 1"},
    {"\x03", "SQLSTATE 57014"},
    {"\x1b", "i type"},
    {"0", "Events ("},
    {"/connector.pause\r", "connector.pause: ok"},
};

/* What was exported: the columns, and a row of a day and two airports with its four figures. */
static void check_rows(const char *path)
{
    static const char columns[] = "flight_date,airport_code,linked_airport_code,flights_in,"
                                  "flights_out,passengers_in,passengers_out\r\n";
    char head[200] = "", row[200] = "", ends[3] = "";
    unsigned year, month, day;
    char from[4], to[4];
    int figures[4];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    (void)(fgets(head, sizeof head, f) && fgets(row, sizeof row, f));
    (void)fclose(f);
    assert_string_equal(head, columns);
    if (sscanf(row, "%4u-%2u-%2u,%3[A-Z],%3[A-Z],%d,%d,%d,%d%2[\r\n]", &year, &month, &day, from,
               to, &figures[0], &figures[1], &figures[2], &figures[3], ends) != 10)
        fail_msg("no row of the airports' traffic: %s", row);
    assert_string_not_equal(from, to);
    assert_true(figures[0] + figures[1] > 0);
}

static void a_session(void)
{
    char folder[80];
    char file[80];
    char keys[200];
    int status;
    (void)snprintf(file, sizeof file, "%s/rows.csv", root);
    (void)snprintf(folder, sizeof folder, "%s/d", root);
    char *argv[] = {(char *)harness_binary(), (char *)"demo", (char *)"--dir", folder, NULL};
    struct terminal *t = terminal_start(40, 120, NULL, argv);
    assert_non_null(t);
    for (int i = 0; i < START_TRIES && !terminal_shows(t, "1 Overview"); i++)
        ; /* the servers are there, the engine is started */
    for (size_t i = 0; i < sizeof session / sizeof *session; i++) {
        const char *end = strstr(session[i].keys, TYPE_FILE);
        (void)snprintf(keys, sizeof keys, "%.*s%s%s",
                       (int)(end ? end - session[i].keys : (long)strlen(session[i].keys)),
                       session[i].keys, end ? file : "", end ? "\r" : "");
        terminal_type(t, keys);
        if (!terminal_shows(t, session[i].shows))
            fail_msg("step %zu: %s is not on\n%s", i, session[i].shows, terminal_text(t));
    }
    check_rows(file);
    (void)unlink(file);
    terminal_type(t, "q");
    assert_true(terminal_ended(t, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(terminal_is_cooked(t));
    terminal_stop(t);
}

static void test_from_nothing_to_nothing(void **state)
{
    char path[200];
    struct stat st;
    (void)state;
    if (available_mb() < MEMORY_LEAST_MB) {
        print_message("skipped: the demo's servers want %d MB of free memory\n", MEMORY_LEAST_MB);
        skip();
    }
    int code = demo("--headless --keep --scale 1");
    if (code && lacks_something()) {
        print_message("skipped: %s\n", out);
        skip();
    }
    if (code || !strstr(out, "are the same"))
        fail_msg("exit code %d\n%s", code, out);
    /* With a sanitizer not: it compares half a million rows again. test_stack attaches too. */
    if (!fixture_sanitized()) {
        expect(0, "--headless --keep", "are the same"); /* attaches: nothing is started twice */
        assert_null(strstr(out, "initialised"));
    }
    a_session();
    expect(0, "--stop", "");
    expect(0, "--destroy --yes", "");
    (void)snprintf(path, sizeof path, "%s/d", root);
    assert_int_not_equal(stat(path, &st), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_from_nothing_to_nothing)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
