/* What the engine tells of itself to those around it: systemd, and who watches the standby. */
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
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fixture/connectors.h"
#include "tests/fixture/fixture.h"

enum { WAIT_S = 30, VERIFY_S = 60 };

static int setup(void **state)
{
    (void)state;
    return fixture_start(FIXTURE_ALL);
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

static void run_sql(const char *conninfo, const char *sql)
{
    free(fixture_sql(conninfo, sql));
}

static char *database(const char *name)
{
    char *db = strdup(fixture_database(name));
    run_sql(db, "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' FROM "
                "generate_series(1, 100) i");
    return db;
}

/* ---- systemd ---- */

/* A socket as systemd has it for Type=notify; '@' is the abstract namespace. */
static int notify_socket(const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const struct timeval patience = {.tv_sec = WAIT_S};
    size_t n = strlen(name);
    assert_true(n < sizeof a.sun_path);
    memcpy(a.sun_path, name, n);
    if (name[0] == '@')
        a.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(
        bind(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
        0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    return fd;
}

static void expect_told(const struct harness *h, int fd, const char *what)
{
    char got[256];
    ssize_t n = recv(fd, got, sizeof got - 1, 0);
    got[n > 0 ? n : 0] = '\0';
    if (strcmp(got, what) != 0)
        fail_msg("told \"%s\", not \"%s\"\n%s", got, what, harness_log(h));
}

static void tells_systemd(const char *name, const char *socket_name)
{
    struct harness h;
    char nothing[8];
    char *db = database(name);
    harness_init(&h, name, db, NULL);
    int fd = notify_socket(socket_name);
    harness_engine_start(&h);
    expect_told(&h, fd, "READY=1");
    /* ready: the control socket answers */
    char *state = connector_text(&h, name, "state");
    free(state);
    char *out = NULL;
    assert_int_equal(HARNESS_RUN(&h, &out, "status"), 0);
    free(out);
    int status = harness_engine_end(&h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    expect_told(&h, fd, "STOPPING=1");
    assert_true(recv(fd, nothing, sizeof nothing, MSG_DONTWAIT) < 0);
    (void)close(fd);
    (void)unsetenv("NOTIFY_SOCKET");
    free(db);
}

static void test_systemd_is_told(void **state)
{
    (void)state;
    char path[100];
    assert_true(snprintf(path, sizeof path, "%s/notify", fixture_dir()) < (int)sizeof path);
    tells_systemd("n_path", path);
    (void)snprintf(path, sizeof path, "@flightdeck-test-%d", (int)getpid());
    tells_systemd("n_abstract", path);
}

/* Nobody listens, or the name is no socket: the engine runs all the same. */
static void test_systemd_does_not_listen(void **state)
{
    (void)state;
    struct harness h;
    char *db = database("n_deaf");
    harness_init(&h, "n_deaf", db, NULL);
    assert_int_equal(setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1), 0);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    int status = harness_engine_end(&h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    char *log = harness_log(&h);
    assert_non_null(strstr(log, "notify socket"));
    free(log);
    (void)unsetenv("NOTIFY_SOCKET");
    free(db);
}

/* ---- the standby ---- */

/* source.standby in the configuration that the harness wrote. */
static void name_standby(const struct harness *h)
{
    char command[2048];
    (void)snprintf(command, sizeof command,
                   "sed -i 's#^source: {#source: {standby: \"%s\", #' '%s'",
                   fixture_standby_conninfo(), h->config);
    assert_int_equal(system(command), 0);
}

static json_t *standby_of(const struct harness *h, json_t **keep)
{
    char *out = NULL;
    *keep = NULL;
    if (HARNESS_RUN(h, &out, "status", "--json") == 0)
        *keep = json_loads(out, 0, NULL);
    free(out);
    json_t *s = json_object_get(json_object_get(*keep, "source"), "standby");
    return s;
}

struct expectation {
    const struct harness *h;
    const char *state;      /* NULL: any */
    json_int_t least, most; /* lag_bytes; least < 0: null */
    double least_s;
    char last[2048];
};

static bool standby_is(void *arg)
{
    struct expectation *x = arg;
    json_t *root;
    json_t *s = standby_of(x->h, &root);
    char *text = s ? json_dumps(s, 0) : strdup("(no standby in the status)");
    (void)snprintf(x->last, sizeof x->last, "%s", text);
    free(text);
    const char *state = json_string_value(json_object_get(s, "state"));
    json_t *bytes = json_object_get(s, "lag_bytes");
    bool ok = state && (!x->state || !strcmp(state, x->state));
    if (x->least < 0)
        ok &= json_is_null(bytes);
    else
        ok &= json_is_integer(bytes) && json_integer_value(bytes) >= x->least &&
              json_integer_value(bytes) <= x->most &&
              json_number_value(json_object_get(s, "lag_s")) >= x->least_s;
    json_decref(root);
    return ok;
}

static void wait_standby(struct expectation *x, const char *what)
{
    int64_t tries = WAIT_S * 20;
    while (!standby_is(x))
        if (!tries--)
            fail_msg("%s: the status says %s\n%s", what, x->last, harness_log(x->h));
}

static void test_standby_lag(void **state)
{
    (void)state;
    struct harness h;
    char *db = database("s_lag");
    harness_init(&h, "s_lag", db, NULL);
    name_standby(&h);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    struct expectation near = {.h = &h, .state = "up", .least = 0, .most = 64 * 1024};
    wait_standby(&near, "it follows");
    run_sql(fixture_standby_conninfo(), "SELECT pg_wal_replay_pause()");
    run_sql(db, "INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1000, 5000) i");
    struct expectation behind = {
        .h = &h, .state = "up", .least = 1000000, .most = INT32_MAX, .least_s = 0.01};
    wait_standby(&behind, "its replay is paused");
    run_sql(fixture_standby_conninfo(), "SELECT pg_wal_replay_resume()");
    wait_standby(&near, "it has caught up");
    fixture_server_stop(FIXTURE_STANDBY);
    struct expectation away = {.h = &h, .state = "down", .least = -1};
    wait_standby(&away, "it is away");
    harness_verify(&h, VERIFY_S); /* which concerns nobody else */
    fixture_server_start(FIXTURE_STANDBY);
    wait_standby(&near, "it is back");
    int status = harness_engine_end(&h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_systemd_is_told),
        cmocka_unit_test(test_systemd_does_not_listen),
        cmocka_unit_test(test_standby_lag),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
