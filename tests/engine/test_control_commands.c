/*
 * status and connector as a person and as a script have them: the real program against a fake
 * engine on a real socket. Exit codes are part of the contract: 0, 1 refused, 2 usage, 3 no engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/base/buf.h"
#include "tests/fixture/fake_engine.h"
#include "tests/fixture/harness.h"
#include "tests/fixture/terminal.h"

static char dir[32];
static char path[64];
static struct fake_engine *f;
static struct buf out; /* of the last run: stdout and stderr */

/* Runs `flightdeck ARGS --socket ..`; returns the exit code. */
static int run(const char *args)
{
    char command[8192];
    char chunk[4096];
    size_t n;
    buf_clear(&out);
    (void)snprintf(command, sizeof command, "LC_ALL=C.UTF-8 '%s' %s --socket %s 2>&1 </dev/null",
                   harness_binary(), args, path);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    while ((n = fread(chunk, 1, sizeof chunk, p)) > 0)
        buf_add(&out, chunk, n);
    int status = pclose(p);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect(int code, const char *args, const char *text)
{
    int got = run(args);
    if (got != code || !strstr(buf_cstr(&out), text))
        fail_msg("%s: exit code %d, not %d, or no \"%s\" in\n%s", args, got, code, text,
                 buf_cstr(&out));
}

static void test_status(void **state)
{
    (void)state;
    expect(0, "status", "airline (demo), engine 0.1.0");
    assert_non_null(strstr(buf_cstr(&out), "Bottleneck: raw"));
    assert_non_null(strstr(buf_cstr(&out), "✗ FAILED"));
    assert_null(strstr(buf_cstr(&out), "\x1b"));
    expect(0, "status --json", "\"now_us\":1795543987050043");
    json_t *json = json_loadb(out.p, out.len, 0, NULL);
    json_t *want = fake_snapshot();
    assert_true(json_equal(json, want));
    json_decref(json);
    json_decref(want);
    expect(2, "status --nonsense", "nonsense");
}

/* Nobody reads the standard output (`| head -1` that has had enough): the exit code, and what was
 * said on stderr. */
static int run_unheard(const char *args)
{
    char command[1024];
    char said[64];
    char chunk[4096];
    int ends[2];
    int status = -1;
    (void)snprintf(said, sizeof said, "%s/said", dir);
    (void)snprintf(command, sizeof command, "exec 2>%s </dev/null; exec '%s' %s --socket %s", said,
                   harness_binary(), args, path);
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)execl("/bin/sh", "sh", "-c", command, NULL);
        _exit(99);
    }
    (void)close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    buf_clear(&out);
    FILE *in = fopen(said, "re");
    assert_non_null(in);
    buf_add(&out, chunk, fread(chunk, 1, sizeof chunk, in));
    (void)fclose(in);
    (void)unlink(said);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_nobody_reads(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "status", "status --json", "status --watch", "connector list", "connector list --json",
        "connector show tickets-sink", "alert list",
        /* these know no --socket */
        "help #", "help sql #", "help --man #", "help --configuration #", "version #"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        int code = run_unheard(commands[i]);
        if (code != 0 || out.len)
            fail_msg("%s: exit code %d, and: %s", commands[i], code, buf_cstr(&out));
    }
    /* what else keeps output from being written is said */
    assert_int_equal(run("help 2>&1 >/dev/full #"), 1);
    assert_non_null(strstr(buf_cstr(&out), "cannot write to the standard output: No space"));
    assert_int_equal(run_unheard("status --nonsense"), 2);
    assert_non_null(strstr(buf_cstr(&out), "nonsense"));
}

static void test_without_engine(void **state)
{
    (void)state;
    fake_engine_stop(f);
    f = NULL;
    static const char *const commands[] = {
        "status",         "status --json",     "status --watch",
        "connector list", "connector pause x", "connector delete x --yes",
        "console --once"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        expect(3, commands[i], "no engine answers on");
}

static void test_connectors(void **state)
{
    (void)state;
    char params[512];
    expect(0, "connector list", "tickets-sink    sink    FAILED");
    expect(0, "connector list --json", "{\"connectors\":[{\"name\":\"airline-source\"");
    expect(0, "connector show tickets-sink", "connection.password        ********");
    expect(0, "connector show tickets-sink --json", "\"config\":{");
    /* figures as status has them */
    expect(0, "connector show airline-source", "total                        9,120,000\n");
    expect(0, "connector show airline-source", "rate                         4.1 k/s\n");
    expect(0, "connector show airline-source",
           "since                        2026-11-24 15:59:07 UTC (");
    expect(0, "connector show airline-source --json", "\"since_us\":1795535947050043");
    expect(0, "connector offsets flights-sink", "{\"kafka_offset\": 24050}");
    expect(0, "connector pause flights-sink", "flights-sink: PAUSED\n");
    expect(0, "connector list", "flights-sink    sink    PAUSED");
    expect(0, "connector resume flights-sink --json", "{\"state\":\"RUNNING\"}");
    expect(0, "connector stop flights-sink", "flights-sink: STOPPED\n");
    expect(0, "connector restart flights-sink", "flights-sink: RUNNING\n");
    fake_engine_last_params(f, "connector.restart", params, sizeof params);
    assert_string_equal(params, "{\"name\":\"flights-sink\"}");
    expect(1, "connector pause nothing", "there is no connector \"nothing\"");
    expect(1, "connector show nothing --json", "there is no connector \"nothing\"");
    expect(2, "connector pause", "");
    expect(2, "connector fly x", "fly");
}

static void test_alerts(void **state)
{
    (void)state;
    expect(0, "alert list",
           "lag:postgres.bookings.tickets  warning  2026-11-24 18:11:10  41099 records wait");
    expect(0, "alert list", "does not exist (acknowledged by ann (pid 812))\n");
    expect(0, "alert list --json", "{\"alerts\":[{\"name\":\"failed:tickets-sink\"");
    expect(0, "alert ack lag:postgres.bookings.tickets", "acknowledged\n");
    expect(0, "alert list", "over 10000 (acknowledged by tester)\n");
    expect(1, "alert ack lag:nothing", "no alert is named lag:nothing");
    expect(2, "alert ack", "");
    json_t *none = json_array();
    fake_engine_set(f, "alerts", none);
    expect(0, "alert list", "no alerts\n");
}

static void write_file(const char *name, const char *text, char *to, size_t n)
{
    (void)snprintf(to, n, "%s/%s", dir, name);
    FILE *file = fopen(to, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_apply(void **state)
{
    (void)state;
    char good[64], bad[64], flat[64], broken[64], nameless[64];
    char args[512];
    char params[512];
    write_file("good.json", "{\"name\":\"a\",\"config\":{\"topics\":\"t\"}}", good, sizeof good);
    write_file("flat.json", "{\"name\":\"b\",\"topics\":\"t\"}", flat, sizeof flat);
    write_file("bad.json", "{\"name\":\"c\",\"config\":{\"bad\":1}}", bad, sizeof bad);
    write_file("broken.json", "{\n\"name\":\n", broken, sizeof broken);
    write_file("nameless.json", "{\"config\":{}}", nameless, sizeof nameless);
    (void)snprintf(args, sizeof args, "connector apply %s %s", good, flat);
    expect(0, args, "a: created\nb: created\n");
    fake_engine_last_params(f, "connector.apply", params, sizeof params);
    assert_string_equal(params, "{\"config\":{\"name\":\"b\",\"topics\":\"t\"},\"name\":\"b\"}");
    (void)snprintf(args, sizeof args, "connector apply %s", bad);
    expect(2, args, "bad: unknown key, nearest is batch.size");
    assert_non_null(strstr(buf_cstr(&out), bad));
    (void)snprintf(args, sizeof args, "connector apply %s %s", broken,
                   good); /* the rest is tried */
    expect(2, args, "broken.json:");
    assert_non_null(strstr(buf_cstr(&out), "a: created"));
    (void)snprintf(args, sizeof args, "connector apply %s", nameless);
    expect(2, args, "a connector's file is");
    (void)snprintf(args, sizeof args, "connector apply %s/none.json", dir);
    expect(2, args, "none.json");
    (void)unlink(good);
    (void)unlink(flat);
    (void)unlink(bad);
    (void)unlink(broken);
    (void)unlink(nameless);
}

static void test_delete_asks_for_the_name(void **state)
{
    (void)state;
    expect(2, "connector delete flights-sink", "--yes");
    assert_int_equal(fake_engine_calls(f, "connector.delete"), 0);
    char *argv[] = {(char *)harness_binary(),
                    (char *)"connector",
                    (char *)"delete",
                    (char *)"flights-sink",
                    (char *)"--socket",
                    path,
                    NULL};
    int status;
    struct terminal *t = terminal_start(24, 80, NULL, argv);
    assert_non_null(t);
    assert_true(terminal_shows(t, "Type flights-sink to go on:"));
    terminal_type(t, "flights\r");
    assert_true(terminal_shows(t, "nothing was done"));
    assert_true(terminal_ended(t, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 130);
    terminal_stop(t);
    assert_int_equal(fake_engine_calls(f, "connector.delete"), 0);

    t = terminal_start(24, 80, NULL, argv);
    assert_non_null(t);
    assert_true(terminal_shows(t, "Type flights-sink to go on:"));
    terminal_type(t, "flights-sink\r");
    assert_true(terminal_shows(t, "flights-sink: deleted"));
    assert_true(terminal_ended(t, &status));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    terminal_stop(t);
    assert_int_equal(fake_engine_calls(f, "connector.delete"), 1);
    expect(0, "connector delete tickets-sink --yes", "tickets-sink: deleted");
}

static void test_one_frame(void **state)
{
    (void)state;
    expect(0, "console --once --size 80x24 --pane connectors", "Connectors (3)");
    int lines = 0;
    for (const char *p = buf_cstr(&out); *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 24);
    int before = fake_engine_calls(f, "status");
    expect(0, "console --once --pane 0", "41.1 k records, over 10 k");
    assert_int_equal(fake_engine_calls(f, "status") - before, 2); /* rates need two looks */
    expect(2, "console --once --pane nothing", "there is no pane \"nothing\"");
    expect(2, "console --once --size 80", "--size takes");
    expect(2, "console --once --size 0x9999", "--size takes");
}

static void expect_params(const char *method, const char *want)
{
    char params[512];
    fake_engine_last_params(f, method, params, sizeof params);
    assert_string_equal(params, want);
}

static void test_topic_produce(void **state)
{
    (void)state;
    expect(0, "topic produce t --key 17 --value '{\"a\":1}' --header why=test --partition 1",
           "t: one record of 17 bytes written");
    expect_params("topic.produce",
                  "{\"headers\":{\"why\":\"test\"},\"key\":\"17\",\"name\":\"t\",\"partition\":1,"
                  "\"value\":\"{\\\"a\\\":1}\"}");
    expect(0, "topic produce t --key 17 --tombstone --json", "\"bytes\"");
    expect_params("topic.produce", "{\"headers\":{},\"key\":\"17\",\"name\":\"t\",\"value\":null}");
    expect(0, "topic produce t", "t: one record"); /* an empty standard input is an empty value */
    expect_params("topic.produce", "{\"headers\":{},\"key\":null,\"name\":\"t\",\"value\":\"\"}");
    expect(2, "topic produce t --value x --tombstone", "one of them");
    expect(2, "topic produce t --value x --header nothing", "NAME=VALUE is needed");
    int before = fake_engine_calls(f, "topic.produce");
    fake_engine_set(f, "engine.environment.kind", json_string("staging"));
    expect(2, "topic produce t --value x", "Without a terminal to type t on give --yes");
    assert_int_equal(fake_engine_calls(f, "topic.produce"), before);
    expect(0, "topic produce t --value x --yes", "one record");
    fake_engine_set(f, "engine.environment.kind", json_string("demo"));
}

/* Where people only look a command changes something when the environment's name is given or typed;
 * each elevation is the engine's to record. What only looks never asks. */
static void test_production_wants_its_name(void **state)
{
    (void)state;
    static const char *const orders[] = {"connector pause flights-sink", "alert ack x",
                                         "topic produce t --value x --yes"};
    fake_engine_set(f, "engine.environment.kind", json_string("production"));
    fake_engine_set(f, "engine.environment.looks_only", json_true());
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        expect(2, orders[i], "give --elevate airline");
    assert_int_equal(fake_engine_calls(f, "engine.elevate"), 0);
    expect(0, "connector list", "flights-sink");
    expect(2, "connector pause flights-sink --elevate staging", "the environment here is airline");
    assert_int_equal(fake_engine_calls(f, "connector.pause"), 0);
    expect(0, "connector pause flights-sink --elevate airline", "flights-sink: PAUSED");
    assert_int_equal(fake_engine_calls(f, "engine.elevate"), 1);

    char *argv[] = {(char *)harness_binary(),
                    (char *)"connector",
                    (char *)"resume",
                    (char *)"flights-sink",
                    (char *)"--socket",
                    path,
                    NULL};
    struct terminal *t = terminal_start(24, 80, NULL, argv);
    assert_non_null(t);
    assert_true(terminal_shows(t, "Type airline to go on:"));
    terminal_type(t, "airline\r");
    assert_true(terminal_shows(t, "flights-sink: RUNNING"));
    terminal_stop(t);
    assert_int_equal(fake_engine_calls(f, "engine.elevate"), 2);
}

/* The same where only this side's configuration says so. */
static void test_viewer_wants_the_name(void **state)
{
    (void)state;
    char config[64], args[256];
    write_file("viewer.yaml", "role: viewer\n", config, sizeof config);
    (void)snprintf(args, sizeof args, "connector pause flights-sink --config %s", config);
    expect(2, args, "role: viewer");
    assert_int_equal(fake_engine_calls(f, "connector.pause"), 0);
    (void)snprintf(args, sizeof args, "connector pause flights-sink --config %s --elevate airline",
                   config);
    expect(0, args, "flights-sink: PAUSED");
    assert_int_equal(fake_engine_calls(f, "engine.elevate"), 1);
    (void)unlink(config);
}

static void test_restart_failed(void **state)
{
    (void)state;
    fake_engine_set(f, "connectors.2.state", json_string("FAILED"));
    expect(2, "connector restart", "a connector's name, or --failed");
    expect(2, "connector restart x --failed", "a connector's name, or --failed");
    expect(0, "connector restart --failed", "tickets-sink: RUNNING");
    expect(0, "connector restart --failed", "no connector has FAILED");
}

static int setup(void **state)
{
    (void)state;
    f = fake_engine_start(path);
    return f ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    fake_engine_stop(f);
    f = NULL;
    return 0;
}

static int group_setup(void **state)
{
    (void)state;
    buf_init(&out, 0);
    (void)snprintf(dir, sizeof dir, "/tmp/fd-commands-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof path, "%s/s", dir);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    char lock[80];
    buf_free(&out);
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    (void)unlink(lock);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_status, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_engine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_connectors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alerts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_apply, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete_asks_for_the_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(test_topic_produce, setup, teardown),
        cmocka_unit_test_setup_teardown(test_production_wants_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_viewer_wants_the_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart_failed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
