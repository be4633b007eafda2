/* The snapshot of the real engine: what it says of rates, ends and what waits, and that it says it
 * whatever else is going on. */
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
#include <sys/stat.h>
#include <sys/wait.h>

#include "backend/base/clock.h"
#include "backend/serve/client.h"
#include "tests/fixture/connectors.h"
#include "tests/fixture/fixture.h"

enum { WAIT_S = 60 };

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

static void run_sql(const char *conninfo, const char *sql)
{
    free(fixture_sql(conninfo, sql));
}

static char *database(const char *name)
{
    char *db = strdup(fixture_database(name));
    run_sql(db, "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'first' FROM "
                "generate_series(1, 100) i");
    return db;
}

/* ---- asking ---- */

static struct client *attach(const struct harness *h)
{
    char path[600];
    struct errbuf e;
    struct client *c = NULL;
    (void)snprintf(path, sizeof path, "%s/state/control.sock", h->dir);
    return client_connect(path, CLIENT_TIMEOUT_MS, &c, &e) == ERR_OK ? c : NULL;
}

/* NULL: no engine answers (yet). */
static json_t *status_of(const struct harness *h)
{
    struct errbuf e;
    json_t *r = NULL;
    struct client *c = attach(h);
    if (c && client_call(c, "status", NULL, WAIT_S * 1000, &r, &e) != ERR_OK)
        r = NULL;
    client_close(c);
    return r;
}

static json_t *member_named(const json_t *status, const char *list, const char *name)
{
    size_t i;
    json_t *x;
    json_array_foreach(json_object_get(status, list), i, x)
    {
        if (!strcmp(json_string_value(json_object_get(x, "name")), name))
            return x;
    }
    return NULL;
}

static bool answers(void *arg)
{
    struct client *c = attach(arg);
    client_close(c);
    return c != NULL;
}

static void start(struct harness *h)
{
    harness_engine_start(h);
    fixture_wait("the engine answers", WAIT_S, answers, h);
}

static void stop(struct harness *h)
{
    int status = harness_engine_end(h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A condition on the status, with the last one kept for the words. */
struct look {
    const struct harness *h;
    const char *name;
    bool (*holds)(const json_t *status, const struct look *l);
    json_t *last;
};

static bool look_again(void *arg)
{
    struct look *l = arg;
    json_decref(l->last);
    l->last = status_of(l->h);
    return l->last && l->holds(l->last, l);
}

static void wait_status(const struct harness *h, const char *what, const char *name,
                        bool (*holds)(const json_t *status, const struct look *l))
{
    struct look l = {.h = h, .name = name, .holds = holds};
    fixture_wait(what, WAIT_S, look_again, &l);
    json_decref(l.last);
}

/* ---- rates ---- */

/* Of an engine that has not looked at itself yet, which it does after a second. */
static json_t *first_status(struct harness *h)
{
    for (int i = 0; i < 10; i++) {
        start(h);
        json_t *s = status_of(h);
        assert_non_null(s);
        if (json_integer_value(json_object_get(json_object_get(s, "engine"), "uptime_s")) == 0)
            return s;
        json_decref(s);
        stop(h);
    }
    fail_msg("no status within a second after the start");
    return NULL;
}

/* The first look knows of no rate: null, not 0. */
static void test_nothing_is_known_at_first(void **state)
{
    static const char *const strip[] = {"capture", "topics", "raw", "dwh", "marts"};
    struct harness h;
    char *db = database("s_first");
    (void)state;
    harness_init(&h, "s_first", db, NULL);
    json_t *s = first_status(&h);
    assert_true(json_is_null(json_object_get(json_object_get(s, "engine"), "cpu_percent")));
    for (int i = 0; i < 5; i++)
        assert_true(json_is_null(
            json_object_get(json_object_get(json_object_get(s, "pipeline"), strip[i]), "rate_s")));
    const json_t *c = member_named(s, "connectors", "s_first-source");
    assert_non_null(c);
    assert_true(json_is_null(json_object_get(c, "rate_s")));
    json_decref(s);
    stop(&h);
    free(db);
}

static bool rate_is_known(const json_t *status, const struct look *l)
{
    const json_t *t = member_named(status, "topics", l->name);
    const json_t *engine = json_object_get(status, "engine");
    const json_t *capture = json_object_get(json_object_get(status, "pipeline"), "capture");
    return t && json_is_real(json_object_get(t, "rate_s")) &&
           json_is_real(json_object_get(engine, "cpu_percent")) &&
           json_is_real(json_object_get(capture, "rate_s"));
}

static bool rate_is_zero(const json_t *status, const struct look *l)
{
    const json_t *rate = json_object_get(member_named(status, "topics", l->name), "rate_s");
    return json_is_real(rate) && json_real_value(rate) == 0;
}

static bool rate_is_above_zero(const json_t *status, const struct look *l)
{
    const json_t *rate = json_object_get(member_named(status, "topics", l->name), "rate_s");
    return json_is_real(rate) && json_real_value(rate) > 0;
}

static void test_rate_of_a_topic(void **state)
{
    struct harness h;
    char *db = database("s_rate");
    (void)state;
    harness_init(&h, "s_rate", db, NULL);
    start(&h);
    harness_verify(&h, WAIT_S);
    wait_status(&h, "rates are known", "s_rate.public.t", rate_is_known);
    wait_status(&h, "nothing comes", "s_rate.public.t", rate_is_zero);
    run_sql(db, "INSERT INTO t SELECT i, 'x' FROM generate_series(101, 600) i");
    wait_status(&h, "500 records come", "s_rate.public.t", rate_is_above_zero);
    wait_status(&h, "nothing comes any more", "s_rate.public.t", rate_is_zero);
    stop(&h);
    free(db);
}

/* ---- what waits ---- */

/* Every partition of the topic has records, and none is said to wait. */
static bool nothing_waits(const json_t *status, const struct look *l)
{
    const json_t *t = member_named(status, "topics", l->name);
    const json_t *waiting =
        json_object_get(json_object_get(json_object_get(status, "pipeline"), "topics"), "waiting");
    const json_t *lag = json_object_get(t, "lag");
    bool none = json_is_integer(lag) && json_integer_value(lag) == 0 && json_is_integer(waiting) &&
                json_integer_value(waiting) == 0;
    size_t i;
    const json_t *p;
    json_array_foreach(json_object_get(t, "partitions"), i, p)
    {
        none = none && json_integer_value(json_object_get(p, "high")) > 0 &&
               json_is_integer(json_object_get(p, "lag")) &&
               json_integer_value(json_object_get(p, "lag")) == 0;
    }
    return none;
}

static const json_t *of_station(const json_t *status, const char *station, const char *member)
{
    return json_object_get(json_object_get(json_object_get(status, "pipeline"), station), member);
}

/* The hundred rows that the loader does not get rid of. */
static bool a_hundred_are_held(const json_t *status, const struct look *l)
{
    (void)l;
    return json_integer_value(of_station(status, "raw", "waiting")) == 100 &&
           json_integer_value(of_station(status, "raw", "waiting_bytes")) > 100;
}

/* All is through: the WAL is confirmed but for what nobody waits for, and no model is loaded. */
static bool nothing_is_held(const json_t *status, const struct look *l)
{
    const json_t *rows = of_station(status, "raw", "waiting");
    const json_t *wal = of_station(status, "capture", "waiting_bytes");
    (void)l;
    return json_is_integer(rows) && json_integer_value(rows) == 0 && json_is_integer(wal) &&
           json_integer_value(wal) < (16 << 20) &&
           json_is_null(of_station(status, "dwh", "waiting"));
}

/* A connection that holds the raw table, so that the loader waits. */
static PGconn *hold_table(const char *table)
{
    char sql[256];
    PGconn *c = PQconnectdb(fixture_warehouse_conninfo());
    assert_int_equal(PQstatus(c), CONNECTION_OK);
    (void)snprintf(sql, sizeof sql, "BEGIN; LOCK TABLE raw.%s", table);
    PGresult *r = PQexec(c, sql);
    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
    return c;
}

/* The marker that ends a transaction takes an offset: it is no record that waits. The reader sees
 * the end behind it while the loader is still busy with the record before. */
static void test_markers_do_not_wait(void **state)
{
    struct harness h;
    char *db = database("s_lag");
    (void)state;
    harness_init(&h, "s_lag", db, NULL);
    start(&h);
    harness_verify(&h, WAIT_S);
    wait_status(&h, "nothing waits", "s_lag.public.t", nothing_waits);
    PGconn *held = hold_table("s_lag_public_t");
    run_sql(db, "INSERT INTO t SELECT i, 'x' FROM generate_series(101, 200) i");
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                     "clock_timestamp() - query_start > '2 s'",
                     "t", WAIT_S);
    wait_status(&h, "a hundred rows are on their way", NULL, a_hundred_are_held);
    PQfinish(held);
    harness_verify(&h, WAIT_S);
    wait_status(&h, "nothing waits", "s_lag.public.t", nothing_waits);
    wait_status(&h, "nothing is on its way", NULL, nothing_is_held);
    stop(&h);
    free(db);
}

/* ---- slots ---- */

static bool slot_says_why(const json_t *status, const struct look *l)
{
    size_t i;
    const json_t *s;
    (void)l;
    json_array_foreach(json_object_get(json_object_get(status, "source"), "slots"), i, s)
    {
        const char *why = json_string_value(json_object_get(s, "error"));
        if (why && strstr(why, "permission denied") && json_is_null(json_object_get(s, "active")) &&
            json_is_null(json_object_get(s, "retained_bytes")))
            return true;
    }
    return false;
}

/* A slot that cannot be looked at is there all the same, with the reason. */
static void test_slot_that_does_not_answer(void **state)
{
    struct harness h;
    char *out = NULL;
    char *user = NULL;
    char *db = database("s_slot");
    (void)state;
    run_sql(db, "CREATE ROLE s_slot LOGIN REPLICATION; GRANT SELECT ON t TO s_slot; CREATE "
                "PUBLICATION s_slot FOR ALL TABLES; REVOKE EXECUTE ON FUNCTION "
                "to_jsonb(anyelement) FROM PUBLIC");
    assert_true(asprintf(&user, "%s user=s_slot", db) > 0);
    harness_init(&h, "s_slot", user, NULL);
    start(&h);
    wait_status(&h, "the slot's error is told", NULL, slot_says_why);
    assert_int_equal(HARNESS_RUN(&h, &out, "status"), 0);
    assert_non_null(strstr(out, "permission denied"));
    free(out);
    stop(&h);
    free(user);
    free(db);
}

/* ---- commands that wait ---- */

static void expect_run(const struct harness *h, int code, const char *words,
                       const char *const *args)
{
    char *out = NULL;
    int got = harness_run(h, &out, args);
    if (got != code || !strstr(out, words))
        fail_msg("exit code %d, not %d, or no \"%s\":\n%s", got, code, words, out);
    free(out);
}
#define EXPECT(h, code, words, ...)                                                                \
    expect_run((h), (code), (words), (const char *const[]){__VA_ARGS__, NULL})

/* Somebody waits for the table. */
static void wait_blocked(const char *table)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = "
                   "'raw.%s'::regclass",
                   table);
    fixture_wait_sql(fixture_warehouse_conninfo(), sql, "t", WAIT_S);
}

/* The state that was asked for is there when the command ends, or it says that it is not. */
static void test_commands_wait_for_the_state(void **state)
{
    struct harness h;
    char *db = database("s_wait");
    (void)state;
    harness_init(&h, "s_wait", db, "stop_timeout_s: 20\n"); /* a load has 17 s to end */
    start(&h);
    harness_verify(&h, WAIT_S);
    EXPECT(&h, 0, "s_wait-source: PAUSED\n", "connector", "pause", "s_wait-source");
    EXPECT(&h, 0, "s_wait-source: RUNNING\n", "connector", "resume", "s_wait-source");
    EXPECT(&h, 0, "s_wait-sink: RUNNING\n", "connector", "restart", "s_wait-sink");
    EXPECT(&h, 0, "{\"state\":\"STOPPED\"}\n", "connector", "stop", "s_wait-source", "--json");
    EXPECT(&h, 0, "s_wait-source: RUNNING\n", "connector", "restart", "s_wait-source");

    EXPECT(&h, 0, "s_wait-sink: PAUSED\n", "connector", "pause", "s_wait-sink");
    PGconn *held = hold_table("_flightdeck_offsets"); /* a run begins by reading it */
    EXPECT(&h, 0, "s_wait-sink: STARTING\n", "connector", "resume", "s_wait-sink", "--no-wait");
    wait_blocked("_flightdeck_offsets");
    EXPECT(&h, 1, "s_wait-sink is STARTING, not yet RUNNING, after 10 s", "connector", "resume",
           "s_wait-sink");
    PQfinish(held);
    EXPECT(&h, 0, "s_wait-sink: RUNNING\n", "connector", "resume", "s_wait-sink");
    EXPECT(&h, 1, "no connector is named nobody", "connector", "pause", "nobody");
    harness_verify(&h, WAIT_S);
    stop(&h);
    free(db);
}

/* ---- answers while something takes long ---- */

enum { CALLS = 300, CALLS_LEAST = 20, P99_US = 100000, SAN_TIMES = 4, LATE_MS = 2000 };

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void send_request(struct client *c, const char *method, json_t *params)
{
    struct errbuf e;
    int64_t id;
    assert_int_equal(client_send(c, method, params, &id, &e), ERR_OK);
    json_decref(params);
}

static bool answered(void *arg)
{
    struct client *c = arg;
    struct client_reply r;
    struct errbuf e;
    assert_int_equal(client_pump(c, &e), ERR_OK);
    if (!client_take(c, &r))
        return false;
    if (r.code)
        fail_msg("%s", r.text);
    json_decref(r.result);
    return true;
}

static const char *state_in(const json_t *status, const char *name)
{
    const char *s =
        json_string_value(json_object_get(member_named(status, "connectors", name), "state"));
    return s ? s : "";
}

static void check_times(int64_t *took, int n, const char *while_what)
{
    qsort(took, (size_t)n, sizeof *took, by_time);
    print_message("%d times status %s: p50 %.1f ms, p99 %.1f ms\n", n, while_what,
                  (double)took[n / 2] / 1e3, (double)took[n * 99 / 100] / 1e3);
    if (n < CALLS_LEAST)
        fail_msg("status %s: only %d answers", while_what, n);
    /* a sanitizer makes all of it so much slower, not one thing that waits for another */
    int64_t most = fixture_sanitized() ? P99_US * SAN_TIMES : P99_US;
    if (took[n * 99 / 100] > most)
        fail_msg("status %s: p99 is %lld us", while_what, (long long)took[n * 99 / 100]);
}

/* Asks for the status as long as `asks` waits for its answer (NULL: as long as the engine is
 * there). The connector's run is seen to end meanwhile. Returns whether `asks` was answered. */
static bool answers_in_time(struct client *c, const char *while_what, const char *name,
                            struct client *asks)
{
    static int64_t took[CALLS];
    struct errbuf e;
    bool stopping = false;
    bool over = false;
    int n = 0;
    while (n < CALLS && !(over = asks && answered(asks))) {
        json_t *r = NULL;
        int64_t began = clock_mono_us();
        enum err rc = client_call(c, "status", NULL, LATE_MS, &r, &e);
        if (rc == ERR_CONNECT && !asks)
            break;
        if (rc)
            fail_msg("status %s: %s", while_what, e.text);
        took[n++] = clock_mono_us() - began;
        stopping = stopping || !strcmp(state_in(r, name), "STOPPING");
        json_decref(r);
    }
    check_times(took, n, while_what);
    assert_true(stopping);
    return over;
}

static void expect_refusal(struct client *c, const char *method, const char *name, enum err code)
{
    struct errbuf e;
    json_t *r = NULL;
    json_t *params = json_pack("{s:s}", "name", name);
    enum err rc = client_call(c, method, params, LATE_MS, &r, &e);
    if (rc != code)
        fail_msg("%s %s: %s, not %s", method, name, err_word(rc), err_word(code));
    json_decref(params);
    json_decref(r);
}

/* A row that the loader cannot write, as the table is held. */
static PGconn *block_loader(const char *db, int id)
{
    char sql[64];
    PGconn *held = hold_table("s_busy_public_t");
    (void)snprintf(sql, sizeof sql, "INSERT INTO t VALUES (%d, 'x')", id);
    run_sql(db, sql);
    wait_blocked("s_busy_public_t");
    return held;
}

static json_t *busy_sink(void)
{
    return json_pack("{s:s, s:{s:s, s:s, s:s, s:s}}", "name", "s_busy-sink", "config",
                     "connector.class", "io.confluent.connect.jdbc.JdbcSinkConnector",
                     "topics.regex", "s_busy\\.public\\..*", "auto.create", "true", "batch.size",
                     "77");
}

static bool ended(void *arg)
{
    int status;
    if (!harness_engine_ended(arg, &status))
        return false;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return true;
}

static bool is_not_running(const json_t *status, const struct look *l)
{
    return strcmp(state_in(status, l->name), "RUNNING") != 0;
}

/* An apply and a delete wait for the end of the run, a stop for all of them: nobody else does. */
static void test_answers_while_a_run_ends(void **state)
{
    struct harness h;
    char *db = database("s_busy");
    (void)state;
    harness_init(&h, "s_busy", db, "stop_timeout_s: 20\n");
    start(&h);
    harness_verify(&h, WAIT_S);
    struct client *looks = attach(&h);
    struct client *asks = attach(&h);
    assert_true(looks && asks);
    PGconn *held = block_loader(db, 101);
    send_request(asks, "connector.apply", busy_sink());
    bool over = answers_in_time(looks, "during an apply", "s_busy-sink", asks);
    PQfinish(held);
    if (!over)
        fixture_wait("the apply is answered", WAIT_S, answered, asks);
    harness_verify(&h, WAIT_S);

    held = block_loader(db, 102);
    send_request(asks, "connector.delete", json_pack("{s:s}", "name", "s_busy-sink"));
    over = answers_in_time(looks, "during a delete", "s_busy-sink", asks);
    expect_refusal(looks, "connector.resume", "s_busy-sink", ERR_NOT_FOUND);
    PQfinish(held);
    if (!over)
        fixture_wait("the delete is answered", WAIT_S, answered, asks);
    send_request(asks, "connector.apply", busy_sink());
    fixture_wait("the apply is answered", WAIT_S, answered, asks);
    harness_verify(&h, WAIT_S);

    held = block_loader(db, 103);
    send_request(asks, "engine.stop", NULL);
    fixture_wait("the stop is answered", WAIT_S, answered, asks);
    wait_status(&h, "the stop is under way", "s_busy-source", is_not_running);
    expect_refusal(asks, "connector.restart", "s_busy-source", ERR_STATE);
    (void)answers_in_time(looks, "during a stop", "s_busy-sink", NULL);
    PQfinish(held);
    fixture_wait("the engine ends", WAIT_S, ended, &h);
    client_close(looks);
    client_close(asks);
    free(db);
}

/* The run is told to end, or has ended and the connector is gone: it never runs again. */
static bool is_being_deleted(const json_t *status, const struct look *l)
{
    const char *state = state_in(status, l->name);
    return !strcmp(state, "STOPPING") || !*state;
}

/* Without the run (1), or with it when its connection was given up in time (0). */
static bool gave_up(void *arg)
{
    int status;
    if (!harness_engine_ended(arg, &status))
        return false;
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 1 || WEXITSTATUS(status) == 0));
    return true;
}

/* A run that does not end holds up neither the stop nor the delete that waits for it. */
static void test_stop_is_bounded(void **state)
{
    struct harness h;
    char *db = database("s_bound");
    (void)state;
    harness_init(&h, "s_bound", db, "stop_timeout_s: 4\n"); /* a load has 1 s to end */
    start(&h);
    harness_verify(&h, WAIT_S);
    struct client *asks = attach(&h);
    assert_non_null(asks);
    PGconn *held = hold_table("s_bound_public_t");
    run_sql(db, "INSERT INTO t VALUES (101, 'x')");
    wait_blocked("s_bound_public_t");
    send_request(asks, "connector.delete", json_pack("{s:s}", "name", "s_bound-sink"));
    wait_status(&h, "the delete is under way", "s_bound-sink", is_being_deleted);
    assert_int_equal(kill(h.engine, SIGTERM), 0);
    fixture_wait("the engine gives up", WAIT_S, gave_up, &h);
    PQfinish(held);
    client_close(asks);
    start(&h); /* it is deleted all the same: that was stored first */
    json_t *s = status_of(&h);
    assert_non_null(s);
    assert_null(member_named(s, "connectors", "s_bound-sink"));
    json_decref(s);
    stop(&h);
    free(db);
}

#include "tests/engine/look_cases.h"
/* ---- alerts, freshness, the recorder ---- */

static json_t *call(const struct harness *h, const char *method, json_t *params)
{
    struct errbuf e;
    json_t *r = NULL;
    struct client *c = attach(h);
    assert_non_null(c);
    if (client_call(c, method, params, WAIT_S * 1000, &r, &e) != ERR_OK)
        fail_msg("%s: %s", method, e.text);
    client_close(c);
    json_decref(params);
    return r;
}

/* Older events are there too: those before each of `all`. */
static void expect_events_before(const struct harness *h, const json_t *all)
{
    size_t last = json_array_size(all) - 1;
    assert_in_range(last, 2, 199);
    const json_t *id = json_object_get(json_array_get(all, last), "id");
    json_t *older =
        call(h, "events.list", json_pack("{s:O, s:i}", "before", (json_t *)id, "limit", 2));
    const json_t *two = json_object_get(older, "events");
    assert_int_equal(json_array_size(two), 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(json_equal(json_array_get(two, i), json_array_get(all, last - 2 + i)));
    json_decref(older);
}

static bool is_fresh(const json_t *status, const struct look *l)
{
    const json_t *t = member_named(status, "freshness", l->name);
    return t && json_integer_value(json_object_get(t, "rows_today")) == 101 &&
           json_is_integer(json_object_get(t, "last_refresh_us")) &&
           json_integer_value(json_object_get(t, "waiting")) == 0 &&
           json_is_real(json_object_get(t, "behind_s")) &&
           json_real_value(json_object_get(t, "behind_s")) < WAIT_S;
}

static bool is_raised(const json_t *status, const struct look *l)
{
    return member_named(status, "alerts", l->name) != NULL;
}

static bool is_over(const json_t *status, const struct look *l)
{
    return !is_raised(status, l);
}

static bool slot_is_read(const json_t *status, const struct look *l)
{
    (void)l;
    const json_t *slot =
        json_array_get(json_object_get(json_object_get(status, "source"), "slots"), 0);
    return json_is_true(json_object_get(slot, "active"));
}

static int64_t int_in(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

/* The record of before the kill is there after it, the gap is one, and the engine goes on. */
static void recorder_after_kill(struct harness *h)
{
    json_t *before = call(h, "recorder.range", NULL); /* what it tells of is written */
    assert_true(int_in(before, "oldest_us") > 0);
    int status = harness_engine_end(h, SIGKILL);
    assert_true(WIFSIGNALED(status));
    start(h);
    json_t *after = call(h, "recorder.range", NULL);
    assert_int_equal(int_in(after, "oldest_us"), int_in(before, "oldest_us"));
    assert_true(int_in(after, "newest_us") >= int_in(before, "newest_us"));
    json_t *at = call(h, "recorder.at",
                      json_pack("{s:I}", "ts_us", (json_int_t)int_in(before, "newest_us")));
    assert_int_equal(int_in(at, "ts_us"), int_in(before, "newest_us"));
    assert_non_null(member_named(json_object_get(at, "snapshot"), "connectors", "s_watch-source"));
    json_t *series =
        call(h, "recorder.series",
             json_pack("{s:[s], s:I, s:I, s:i}", "figures", "engine.rss_bytes", "from_us",
                       (json_int_t)(int_in(before, "oldest_us") - 10000000), "to_us",
                       (json_int_t)int_in(before, "newest_us") + 1, "points", 20));
    const json_t *points = json_object_get(json_object_get(series, "series"), "engine.rss_bytes");
    assert_int_equal(json_array_size(points), 20);
    assert_true(json_is_null(json_array_get(points, 0)));
    int known = 0; /* a second may pass without a record */
    for (size_t i = 0; i < 20; i++)
        known += json_is_number(json_array_get(points, i));
    assert_true(known > 0);
    json_decref(series);
    json_t *objects =
        call(h, "recorder.objects",
             json_pack("{s:s, s:s, s:[s], s:I}", "list", "topics", "figure", "lag", "names",
                       "s_watch.public.t", "to_us", (json_int_t)int_in(before, "newest_us")));
    points = json_object_get(json_object_get(objects, "series"), "s_watch.public.t");
    assert_int_equal(json_array_size(points), 12);
    assert_true(json_is_integer(json_array_get(points, 11)));
    json_decref(objects);
    json_decref(at);
    json_decref(before);
    json_decref(after);
}

static void test_alerts_and_the_record(void **state)
{
    struct harness h;
    char *db = database("s_watch");
    (void)state;
    harness_init(&h, "s_watch", db, "alerts: {away_for_s: 1}\n");
    start(&h);
    harness_verify(&h, WAIT_S);
    run_sql(db, "INSERT INTO t VALUES (101, 'x')");
    wait_status(&h, "the table is fresh", "t", is_fresh);
    wait_status(&h, "the slot is read", NULL, slot_is_read);
    json_decref(call(&h, "connector.pause", json_pack("{s:s}", "name", "s_watch-source")));
    wait_status(&h, "nobody reads the slot", "slot:s_watch", is_raised);
    json_decref(call(&h, "alert.ack", json_pack("{s:s}", "name", "slot:s_watch")));
    json_t *s = status_of(&h);
    const json_t *by = json_object_get(member_named(s, "alerts", "slot:s_watch"), "acknowledged");
    assert_true(json_is_string(json_object_get(by, "who")));
    json_decref(s);
    json_decref(call(&h, "connector.resume", json_pack("{s:s}", "name", "s_watch-source")));
    wait_status(&h, "the alert is over", "slot:s_watch", is_over);
    json_t *events = call(&h, "events.list", NULL);
    int told = 0;
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(events, "events"), i, v)
    {
        const char *text = json_string_value(json_object_get(v, "text"));
        told += !strcmp(json_string_value(json_object_get(v, "area")), "alert") &&
                !strncmp(text, "slot: ", 6);
    }
    assert_int_equal(told, 2);
    expect_events_before(&h, json_object_get(events, "events"));
    json_decref(events);
    recorder_after_kill(&h);
    stop(&h);
    free(db);
}

#include "tests/engine/past_cases.h"

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_known_at_first),
        cmocka_unit_test(test_rate_of_a_topic),
        cmocka_unit_test(test_alerts_and_the_record),
        cmocka_unit_test(test_markers_do_not_wait),
        cmocka_unit_test(test_slot_that_does_not_answer),
        cmocka_unit_test(test_commands_wait_for_the_state),
        cmocka_unit_test(test_answers_while_a_run_ends),
        cmocka_unit_test(test_stop_is_bounded),
        LOOK_CASES,
        PAST_CASES,
    };
    cmocka_set_test_filter(getenv("TEST_FILTER")); /* NULL: all */
    return cmocka_run_group_tests(tests, setup, teardown);
}
