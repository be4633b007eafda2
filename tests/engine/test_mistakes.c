/*
 * What people get wrong, in the configuration and around it: each mistake is told in words that
 * name it, with the right exit code, and within a bounded time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "tests/fixture/connectors.h"
#include "tests/fixture/fixture.h"

#define LENGTH(a) ((int)(sizeof(a) / sizeof *(a)))

/* a server that answers, and refuses, needs no looking for */
#define REFUSED "user, password and database come from"

enum { WAIT_S = 30, BOUND_S = 45 };
enum { DONE, FAILED, USAGE, CONNECT, DIFFER };

static char *db; /* one table, of 100 rows */

static void run_sql(const char *conninfo, const char *sql)
{
    free(fixture_sql(conninfo, sql));
}

static int setup(void **state)
{
    (void)state;
    if (fixture_start(FIXTURE_PRIMARY | FIXTURE_KAFKA | FIXTURE_WAREHOUSE))
        return -1;
    db = strdup(fixture_database("mistakes"));
    run_sql(db, "CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items "
                "SELECT i, 'v' FROM generate_series(1, 100) i");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(db);
    return fixture_stop();
}

static void write_config(struct harness *h, const char *text)
{
    FILE *f = fopen(h->config, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* The output has all these words ("a|b|c"), and no password. */
static void check_words(const char *output, const char *words)
{
    char *copy = strdup(words);
    char *save;
    for (char *w = strtok_r(copy, "|", &save); w; w = strtok_r(NULL, "|", &save))
        if (!strstr(output, w))
            fail_msg("nothing says `%s`:\n%s", w, output);
    free(copy);
    if (strstr(output, "s3cret"))
        fail_msg("the password is shown:\n%s", output);
}

/* One error, what to do about a server, and neither librdkafka's lines nor a report of nothing. */
static void check_told_once(const char *output, int code)
{
    static const char *const noise[] = {"FAIL:", " -> ", "capture                 0 ", "\t"};
    int errors = 0;
    for (const char *p = output; (p = strstr(p, "flightdeck batch: ")); p++)
        errors++;
    for (int i = 0; i < LENGTH(noise); i++)
        if (strstr(output, noise[i]))
            fail_msg("`%s` is in:\n%s", noise[i], output);
    bool away = strstr(output, "its address comes from /") != NULL;
    bool refused = strstr(output, REFUSED " /") != NULL;
    if (errors != 1 || (code == CONNECT) != (away != refused) || (away && refused))
        fail_msg("%d errors are told, exit code %d:\n%s", errors, code, output);
}

static void expect_args(const struct harness *h, int code, const char *words,
                        const char *const *args)
{
    char *out = NULL;
    int64_t began = clock_mono_us();
    int got = harness_run(h, &out, args);
    int64_t s = (clock_mono_us() - began) / 1000000;
    if (got != code)
        fail_msg("exit code %d, not %d:\n%s", got, code, out);
    if (s > BOUND_S)
        fail_msg("it took %d s:\n%s", (int)s, out);
    check_words(out, words);
    if (!strcmp(args[0], "batch"))
        check_told_once(out, got);
    free(out);
}
#define EXPECT(h, code, words, ...)                                                                \
    expect_args((h), (code), (words), (const char *const[]){__VA_ARGS__, NULL})

/* batch with these servers. NULL: the right one. */
static void expect_batch(const char *name, const char *source, const char *kafka, const char *odbc,
                         const char *extra, int code, const char *words)
{
    struct harness h;
    char *text;
    harness_init(&h, name, db, NULL);
    assert_true(asprintf(&text,
                         "state_dir: %s/state\n"
                         "kafka: {bootstrap.servers: \"%s\", socket.timeout.ms: 3000}\n"
                         "source: {connection: \"%s\", topic_prefix: %s, slot: %s, publication: "
                         "%s}\n"
                         "warehouse: {odbc: \"%s\", dialect: postgresql, schema: raw}\n%s",
                         h.dir, kafka ? kafka : fixture_bootstrap(), source ? source : db, name,
                         name, name, odbc ? odbc : fixture_odbc(), extra ? extra : "") > 0);
    write_config(&h, text);
    free(text);
    EXPECT(&h, code, words, "batch", "--timeout", "5");
}

/* ---- the configuration ---- */

static void test_configuration(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {"kafka: {bootstrap.servers: \"b:1\"}\nsourc: {connection: \"host=x\"}\n",
         "flightdeck.yaml:2|sourc|source"},
        {"load: {batch_rows: many}\n", "flightdeck.yaml:1|load.batch_rows|whole number"},
        {"load: {batch_rows: -5}\n", "load.batch_rows|0 to 10000000"},
        {"warehouse: {odbc: \"Driver=x\", dialect: oracle}\n",
         "warehouse.dialect|postgresql|vertica"},
        {"kafka: {bootstrap.servers: \"${NO_SUCH_VARIABLE}\"}\n", "NO_SUCH_VARIABLE"},
        {"kafka: [\n", "flightdeck.yaml:"},
        {"source: {connection: \"host=x\"}\nkafka: {bootstrap.servers: \"b:1\"}\n",
         "warehouse.odbc is missing"},
        {"source: {connection: \"host=x\"}\nwarehouse: {odbc: \"Driver=x\"}\n",
         "kafka.bootstrap.servers is missing"},
        {"kafka: {bootstrap.servers: \"b:1\"}\nwarehouse: {odbc: \"Driver=x\"}\n",
         "source.connection is missing"},
        {"kafka: {bootstrap.servers: \"b:1\"}\nwarehouse: {odbc: \"Driver=x\"}\nconnectors: "
         "[nowhere]\n",
         "nowhere|No such file"},
    };
    (void)state;
    struct harness h;
    harness_init(&h, "m_config", db, NULL);
    for (int i = 0; i < LENGTH(cases); i++) {
        char *text;
        assert_true(asprintf(&text, "state_dir: %s/state\n", h.dir) > 0);
        size_t n = strlen(text);
        text = realloc(text, n + strlen(cases[i].text) + 1);
        assert_non_null(text);
        memmove(text + strlen(cases[i].text), text, n + 1); /* the lines of the case are first */
        memcpy(text, cases[i].text, strlen(cases[i].text));
        write_config(&h, text);
        free(text);
        EXPECT(&h, USAGE, cases[i].words, "batch");
    }
    EXPECT(&h, USAGE, "--no-such-option", "batch", "--no-such-option");
    (void)unlink(h.config);
    EXPECT(&h, USAGE, "flightdeck.yaml", "engine");
}

static void test_connector_files(void **state)
{
    static const struct {
        const char *json;
        const char *words;
    } cases[] = {
        {"{\"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\", \"topics\": \"t\", "
         "\"insert.mod\": \"upsert\"}",
         "bad.json|insert.mod|insert.mode"},
        {"{\"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\", \"topics\": \"t\", "
         "\"insert.mode\": \"replace\"}",
         "bad.json|insert.mode|upsert"},
        {"{\"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\"}", "topics"},
        {"{\"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\", \"topics\": \"t\", "
         "\"insert.mode\": \"upsert\"}",
         "pk.mode"},
        {"{\"connector.class\": \"com.example.Nothing\"}", "com.example.Nothing"},
        {"{\"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\", "
         "\"topic.prefix\": \"p\", \"message.key.columns\": \"a:b\"}",
         "message.key.columns"},
        {"{\"connector.class\": ", "bad.json"},
    };
    (void)state;
    struct harness h;
    harness_init(&h, "m_connector", db, "connectors: [connectors]\n");
    for (int i = 0; i < LENGTH(cases); i++) {
        harness_connector(&h, "bad", cases[i].json);
        EXPECT(&h, USAGE, cases[i].words, "engine");
    }
}

static bool answers(void *arg)
{
    return HARNESS_RUN(arg, NULL, "status") == DONE;
}

/* An empty folder is told, and is no reason not to start: connectors may come at run time. */
static void test_empty_folder(void **state)
{
    struct harness h;
    char path[600];
    (void)state;
    harness_init(&h, "m_empty", db, "connectors: [none, source.json]\n");
    (void)snprintf(path, sizeof path, "%s/none", h.dir);
    assert_int_equal(mkdir(path, 0755), 0);
    EXPECT(&h, USAGE, "source.json", "config", "check"); /* a missing file is a fault */
    harness_init(&h, "m_empty", db, "connectors: [none]\n");
    EXPECT(&h, DONE, "warning|none holds no *.json|good; 0 sources, 0 sinks", "config", "check");
    EXPECT(&h, DONE, "\"warnings\":[\"|none holds no *.json", "config", "check", "--json");
    harness_engine_start(&h);
    fixture_wait("the engine answers", WAIT_S, answers, &h);
    EXPECT(&h, DONE, "no connectors", "connector", "list");
    harness_connector(&h, "m_empty-source",
                      "{\"name\": \"m_empty-source\", \"config\": {\"connector.class\": "
                      "\"io.debezium.connector.postgresql.PostgresConnector\", \"topic.prefix\": "
                      "\"m_empty\", \"slot.name\": \"m_empty\"}}");
    (void)snprintf(path, sizeof path, "%s/connectors/m_empty-source.json", h.dir);
    EXPECT(&h, DONE, "m_empty-source: created", "connector", "apply", path);
    connector_wait(&h, "m_empty-source", "RUNNING", WAIT_S);
    char *log = harness_log(&h);
    check_words(log, "warning|none holds no *.json");
    free(log);
    (void)harness_engine_end(&h, SIGTERM);
}

static bool asked(void *arg)
{
    char *out = NULL;
    int code = HARNESS_RUN(arg, &out, "status", "--json");
    json_t *status = code == DONE ? harness_json(out) : NULL;
    const char *kafka =
        json_string_value(json_object_get(json_object_get(status, "kafka"), "state"));
    bool up = kafka && !strcmp(kafka, "up");
    json_decref(status);
    free(out);
    return up;
}

/* A server that the configuration does not name is none that is down. */
static void test_servers_that_are_not_configured(void **state)
{
    struct harness h;
    char path[600];
    char warehouse[700];
    char *out = NULL;
    (void)state;
    harness_init(&h, "m_servers", db, NULL);
    (void)snprintf(path, sizeof path, "%s/none", h.dir);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(warehouse, sizeof warehouse, "warehouse: {odbc: \"%s\", dialect: postgresql}\n",
                   fixture_odbc());
    const char *const extras[] = {warehouse, ""};
    for (int i = 0; i < 2; i++) {
        char text[2000];
        (void)snprintf(text, sizeof text,
                       "state_dir: %s/state\nkafka: {bootstrap.servers: \"%s\"}\n"
                       "connectors: [none]\n%s",
                       h.dir, fixture_bootstrap(), extras[i]);
        write_config(&h, text);
        harness_engine_start(&h);
        fixture_wait("Kafka is asked", WAIT_S, asked, &h);
        assert_int_equal(HARNESS_RUN(&h, &out, "status", "--json"), DONE);
        json_t *status = harness_json(out);
        json_t *source = json_object_get(status, "source");
        assert_true(json_is_null(json_object_get(source, "primary")));
        assert_int_equal(json_is_null(json_object_get(status, "warehouse")), i == 1);
        json_decref(status);
        free(out);
        EXPECT(&h, DONE, "primary|none is configured", "status");
        EXPECT(&h, DONE, i ? "warehouse|none|none is configured" : "warehouse|up", "status");
        assert_int_equal(HARNESS_RUN(&h, &out, "alert", "list"), DONE);
        assert_null(strstr(out, "away"));
        free(out);
        (void)harness_engine_end(&h, SIGTERM);
    }
}

/* ---- servers that cannot be reached ---- */

/* Listens, but never says a word. */
static int silent_port(int *fd)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    *fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(*fd >= 0);
    assert_int_equal(bind(*fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(listen(*fd, 16), 0);
    assert_int_equal(getsockname(*fd, (struct sockaddr *)&a, &n), 0);
    return ntohs(a.sin_port);
}

/* The warehouse's connection string with another value for a key that it has. */
static char *odbc_with(const char *key, const char *value)
{
    char *out;
    const char *at = strstr(fixture_odbc(), key);
    assert_non_null(at);
    assert_true(asprintf(&out, "%.*s%s=%s%s", (int)(at - fixture_odbc()), fixture_odbc(), key,
                         value, at + strcspn(at, ";")) > 0);
    return out;
}

static void test_unreachable_source(void **state)
{
    int fd;
    char text[256];
    (void)state;
    expect_batch("m_s1", "host=127.0.0.1 port=1 dbname=x user=u password=s3cret", NULL, NULL, NULL,
                 CONNECT, "127.0.0.1|refused");
    expect_batch("m_s2", "host=no-such-host.invalid dbname=x user=u password=s3cret", NULL, NULL,
                 NULL, CONNECT, "no-such-host.invalid");
    (void)snprintf(text, sizeof text,
                   "host=127.0.0.1 port=%d dbname=x user=u password=s3cret connect_timeout=3",
                   silent_port(&fd));
    expect_batch("m_s3", text, NULL, NULL, NULL, CONNECT, "127.0.0.1|no answer");
    (void)close(fd);
    (void)snprintf(text, sizeof text, "%s dbname=no_such_database", fixture_conninfo());
    expect_batch("m_s4", text, NULL, NULL, NULL, CONNECT, "no_such_database|" REFUSED);
    expect_batch("m_s6", fixture_database("m_empty"), NULL, NULL, NULL, USAGE,
                 "m_empty|no table|source.tables");
    (void)snprintf(text, sizeof text, "%s user=no_such_user", db);
    expect_batch("m_s5", text, NULL, NULL, NULL, CONNECT, "no_such_user|" REFUSED);
}

static void test_unreachable_kafka(void **state)
{
    int fd;
    char text[64];
    (void)state;
    expect_batch("m_k1", NULL, "127.0.0.1:1", NULL, NULL, CONNECT, "127.0.0.1:1|refused");
    expect_batch("m_k2", NULL, "no-such-host.invalid:9092", NULL, NULL, CONNECT,
                 "no-such-host.invalid");
    (void)snprintf(text, sizeof text, "127.0.0.1:%d", silent_port(&fd));
    expect_batch("m_k3", NULL, text, NULL, NULL, CONNECT, text);
    (void)close(fd);
}

static int count_of(const char *text, const char *words)
{
    int n = 0;
    for (; (text = strstr(text, words)) != NULL; text++)
        n++;
    return n;
}

/* Source and sink have both tried three times at least. */
static bool both_tried_thrice(void *arg)
{
    static const char *const fewer[] = {"\"errors\":0,", "\"errors\":1,", "\"errors\":2,"};
    char *out = NULL;
    bool yes = HARNESS_RUN(arg, &out, "connector", "list", "--json") == DONE;
    yes = yes && count_of(out, "\"errors\":") == 2;
    for (int i = 0; i < LENGTH(fewer); i++)
        yes = yes && !strstr(out, fewer[i]);
    free(out);
    return yes;
}

/* Attempts with the same end are one line in the engine's log, and librdkafka's own are none. */
static void test_an_outage_is_logged_once(void **state)
{
    struct harness h;
    char *text;
    (void)state;
    harness_init(&h, "m_once", db, NULL);
    assert_true(asprintf(&text,
                         "state_dir: %s/state\nkafka: {bootstrap.servers: \"127.0.0.1:1\"}\n"
                         "source: {connection: \"%s\", topic_prefix: m_once, slot: m_once, "
                         "publication: m_once}\nwarehouse: {odbc: \"%s\"}\n"
                         "restart: {backoff_ms: 10, backoff_max_ms: 20}\n",
                         h.dir, db, fixture_odbc()) > 0);
    write_config(&h, text);
    free(text);
    harness_engine_start(&h);
    fixture_wait("three attempts of source and sink", WAIT_S, both_tried_thrice, &h);
    char *log = harness_log(&h);
    if (count_of(log, "-> RETRYING") != 2 || strstr(log, "FAIL:"))
        fail_msg("not one line a connector:\n%s", log);
    free(log);
    assert_int_equal(WEXITSTATUS(harness_engine_end(&h, SIGTERM)), 0);
}

static void test_unreachable_warehouse(void **state)
{
    int fd;
    char text[64];
    (void)state;
    char *odbc = odbc_with("Port", "1");
    expect_batch("m_w1", NULL, NULL, odbc, NULL, CONNECT, "warehouse|127.0.0.1:1|refused");
    free(odbc);
    odbc = odbc_with("Database", "no_such_database;PWD=s3cret");
    expect_batch("m_w2", NULL, NULL, odbc, NULL, CONNECT, "no_such_database|" REFUSED);
    free(odbc);
    odbc = odbc_with("UID", "no_such_user");
    expect_batch("m_w6", NULL, NULL, odbc, NULL, CONNECT, "no_such_user|" REFUSED);
    free(odbc);
    (void)snprintf(text, sizeof text, "%d", silent_port(&fd));
    odbc = odbc_with("Port", text);
    expect_batch("m_w3", NULL, NULL, odbc, NULL, CONNECT, text);
    free(odbc);
    (void)close(fd);
    expect_batch("m_w4", NULL, NULL, "Driver=NoSuchDriver;Servername=127.0.0.1", NULL, USAGE,
                 "NoSuchDriver|odbcinst -q -d");
    expect_batch("m_w5", NULL, NULL, "DSN=no_such_dsn", NULL, USAGE, "no_such_dsn");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_connector_files),
        cmocka_unit_test(test_empty_folder),
        cmocka_unit_test(test_servers_that_are_not_configured),
        cmocka_unit_test(test_unreachable_source),
        cmocka_unit_test(test_unreachable_kafka),
        cmocka_unit_test(test_an_outage_is_logged_once),
        cmocka_unit_test(test_unreachable_warehouse),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
