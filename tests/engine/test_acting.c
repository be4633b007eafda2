/*
 * Who may change something, at the real engine and on the real terminal: where its configuration
 * lets people only look, each change wants an elevation, and pane 0 has all of it with who asked.
 * Its servers are away: none of this needs them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/serve/client.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"
#include "tests/fixture/terminal.h"

enum { WAIT_S = 30 };

static struct harness h;
static struct terminal *t;

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static struct client *attach(void)
{
    char path[600];
    struct client *c;
    struct errbuf e;
    (void)snprintf(path, sizeof path, "%s/state/control.sock", h.dir);
    return client_connect(path, CLIENT_TIMEOUT_MS, &c, &e) == ERR_OK ? c : NULL;
}

/* Takes params over. */
static enum err ask(struct client *c, const char *method, json_t *params, struct errbuf *e)
{
    json_t *result = NULL;
    enum err rc = client_call(c, method, params, CLIENT_TIMEOUT_MS, &result, e);
    json_decref(result);
    json_decref(params);
    return rc;
}

/* Its scheduler begins a little behind its socket. */
static bool answers(void *arg)
{
    struct client *c = attach();
    struct errbuf e;
    (void)arg;
    json_t *log = json_pack("{s:i, s:s}", "run", 1, "task", "hello");
    enum err rc = c ? ask(c, "dag.logs", json_incref(log), &e) : ERR_CONNECT;
    json_decref(log);
    client_close(c);
    return rc == ERR_OK || rc == ERR_NOT_FOUND; /* ERR_STATE: no scheduler yet */
}

/* An engine with a DAG; `lines` of its configuration say what people may. */
static void start(const char *lines)
{
    char text[1024], path[600];
    memset(&h, 0, sizeof h);
    (void)snprintf(h.dir, sizeof h.dir, "/tmp/fd-acting-XXXXXX");
    assert_non_null(mkdtemp(h.dir));
    (void)snprintf(h.config, sizeof h.config, "%s/flightdeck.yaml", h.dir);
    (void)snprintf(text, sizeof text,
                   "%sstate_dir: %s/state\ndags: dags/\n"
                   "kafka: {bootstrap.servers: \"127.0.0.1:1\"}\n"
                   "source: {connection: \"host=127.0.0.1 port=1 dbname=none\"}\n"
                   "warehouse: {odbc: \"Driver=none\"}\n",
                   lines, h.dir);
    write_file(h.config, text);
    (void)snprintf(path, sizeof path, "%s/dags", h.dir);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/dags/greet.yaml", h.dir);
    write_file(path, "tasks:\n  hello: {kind: shell, command: \"echo hello\"}\n");
    harness_engine_start(&h);
    fixture_wait("the engine answers", WAIT_S, answers, NULL);
}

static int stop(void **state)
{
    char command[600];
    (void)state;
    terminal_stop(t);
    t = NULL;
    if (h.engine)
        (void)harness_engine_end(&h, SIGTERM);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", h.dir);
    return system(command);
}

/* An audit record about this object, of this process. */
static void must_have_record_of(pid_t who, struct client *c, const char *object,
                                const char *beginning)
{
    struct errbuf e;
    json_t *all = NULL;
    size_t i;
    json_t *v;
    char pid[32];
    bool found = false;
    (void)snprintf(pid, sizeof pid, "(pid %d)", (int)who);
    assert_int_equal(client_call(c, "events.list", NULL, CLIENT_TIMEOUT_MS, &all, &e), ERR_OK);
    json_array_foreach(json_object_get(all, "events"), i, v)
    {
        const char *text = json_string_value(json_object_get(v, "text"));
        found |= !strcmp(json_string_value(json_object_get(v, "area")), "audit") &&
                 !strcmp(json_string_value(json_object_get(v, "object")), object) &&
                 strstr(json_string_value(json_object_get(v, "who")), pid) &&
                 !strncmp(text, beginning, strlen(beginning));
    }
    if (!found) {
        char *text = json_dumps(all, JSON_INDENT(1));
        fail_msg("no audit record `%s` of %s in\n%s", beginning, object, text);
    }
    json_decref(all);
}

static void must_have_record(struct client *c, const char *object, const char *beginning)
{
    must_have_record_of(getpid(), c, object, beginning);
}

static void check_looks_only(const char *lines, const char *why)
{
    struct errbuf e;
    start(lines);
    struct client *c = attach();
    assert_non_null(c);
    json_t *greet = json_pack("{s:s}", "name", "greet");
    assert_int_equal(ask(c, "dag.trigger", json_incref(greet), &e), ERR_DENIED);
    assert_non_null(strstr(e.text, why));
    assert_non_null(strstr(e.text, "--elevate airline"));
    must_have_record(c, "greet", "dag.trigger: denied");
    assert_int_equal(ask(c, "dag.show", json_incref(greet), &e), ERR_OK);
    assert_int_equal(ask(c, "engine.stop", NULL, &e), ERR_DENIED);
    assert_int_equal(ask(c, "engine.elevate", json_pack("{s:i}", "seconds", 60), &e), ERR_OK);
    assert_int_equal(ask(c, "dag.trigger", json_incref(greet), &e), ERR_OK);
    must_have_record(c, "", "engine.elevate for 60 s: ok");
    must_have_record(c, "greet", "dag.trigger: ok");
    client_close(c); /* and with it the elevation */
    c = attach();
    assert_int_equal(ask(c, "dag.trigger", greet, &e), ERR_DENIED);
    client_close(c);
}

static void test_engine_of_production(void **state)
{
    (void)state;
    check_looks_only("environment: {name: airline, kind: production}\n", "(production)");
}

static void test_engine_of_a_viewer(void **state)
{
    (void)state;
    check_looks_only("environment: {name: airline}\nrole: viewer\n", "(role: viewer)");
}

/* What people's SQL changes: bounded, masked, and nobody else's words. */
static void test_notes(void **state)
{
    struct errbuf e;
    enum err rc = ERR_OK;
    int sent = 0;
    (void)state;
    start("environment: {name: airline, kind: production}\n"); /* a note changes nothing */
    struct client *c = attach();
    assert_non_null(c);
    assert_int_equal(ask(c, "audit.note",
                         json_pack("{s:s, s:s}", "object", "warehouse", "text",
                                   "COPY x FROM 'host=a password=geheim'"),
                         &e),
                     ERR_OK);
    must_have_record(c, "warehouse", "sql: COPY x FROM 'host=a password=***");
    assert_int_equal(ask(c, "audit.note", json_pack("{s:s, s:s}", "object", "x", "text", "y"), &e),
                     ERR_USAGE);
    char large[602];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    assert_int_equal(
        ask(c, "audit.note", json_pack("{s:s, s:s}", "object", "source", "text", large), &e),
        ERR_USAGE);
    for (; rc == ERR_OK && sent < 100000; sent++)
        rc = ask(c, "audit.note", json_pack("{s:s, s:s}", "object", "source", "text", "y"), &e);
    assert_int_equal(rc, ERR_LIMIT);
    assert_true(sent >= 99);
    client_close(c);
}

static void must_show(const char *words)
{
    if (!terminal_shows(t, words))
        fail_msg("no `%s` on\n%s", words, terminal_text(t));
}

/* A DAG's `t` asks nothing: in production it wants an elevation all the same, its run is followed
 * in the message line, and pane 0 has who did both. */
static void test_console_in_production(void **state)
{
    char *argv[] = {(char *)harness_binary(),
                    (char *)"console",
                    (char *)"--config",
                    h.config,
                    (char *)"--pane",
                    (char *)"dags",
                    NULL};
    (void)state;
    start("environment: {name: airline, kind: production}\n");
    struct client *c = attach();
    t = terminal_start(30, 140, NULL, argv);
    assert_true(c && t);
    must_show("> greet");
    terminal_type(t, "t");
    must_show("production: this console only looks until E elevates it");
    terminal_type(t, "Eairline\r");
    must_show("ELEVATED 10 m");
    terminal_type(t, "t");
    must_show("greet: done in ");
    terminal_type(t, "0");
    must_show("engine.elevate for 600 s: ok");
    must_show("dag.trigger: ok");
    must_have_record_of(terminal_pid(t), c, "greet", "dag.trigger: ok");
    terminal_type(t, "4E");
    must_show("only look again: done");
    must_show("read only");
    terminal_type(t, "t");
    must_show("only looks until E elevates it");
    client_close(c);
}

/* It writes what never was into its source: not into one that is meant. */
static void test_simulate_is_for_play(void **state)
{
    char *out;
    (void)state;
    start("environment: {name: airline, kind: production}\n");
    assert_int_equal(HARNESS_RUN(&h, &out, "simulate", "--seconds", "1"), 2);
    assert_non_null(strstr(out, "airline is no place to play in (production)"));
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_engine_of_production, stop),
        cmocka_unit_test_teardown(test_engine_of_a_viewer, stop),
        cmocka_unit_test_teardown(test_notes, stop),
        cmocka_unit_test_teardown(test_console_in_production, stop),
        cmocka_unit_test_teardown(test_simulate_is_for_play, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
