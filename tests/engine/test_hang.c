/*
 * Servers that hang: their connections stay open and nothing answers (SIGSTOP). A stop still ends
 * in time, whatever the engine was waiting for; a load that waits is given up and done again.
 */
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
#include <sys/wait.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "tests/fixture/connectors.h"
#include "tests/fixture/fixture.h"

enum { WAIT_S = 30, VERIFY_S = 60, STOP_US = 5 * 1000000 };

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
    run_sql(db, "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' FROM "
                "generate_series(1, 1000) i");
    return db;
}

/* Ends the engine while `server` hangs, and lets it go on before anything may fail. */
static void stop_in_time(struct harness *h, unsigned server)
{
    int64_t began = clock_mono_us();
    int64_t until = began + 4 * (int64_t)STOP_US;
    int status = 0;
    assert_int_equal(kill(h->engine, SIGTERM), 0);
    while (!harness_engine_ended(h, &status) && clock_mono_us() < until)
        (void)usleep(2000);
    int64_t took = clock_mono_us() - began;
    fixture_server_freeze(server, false);
    print_message("the stop took %lld ms\n", (long long)took / 1000);
    if (took > (fixture_sanitized() ? 2 : 1) * (int64_t)STOP_US || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0) {
        const char *log = harness_log(h);
        const char *end = strstr(log, "engine: stopping");
        fail_msg("status %d after %lld ms:\n%.900s", status, (long long)took / 1000,
                 end ? end : log);
    }
}

/* While it works, and while it connects. */
static void stop_while_hanging(const char *name, unsigned server)
{
    struct harness h;
    char source[64];
    char *db = database(name);
    harness_init(&h, name, db, "recorder: {answers_s: 1}\n"); /* its own questions hang, too */
    (void)snprintf(source, sizeof source, "%s-source", name);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    long long before = connector_number(&h, source, "total");
    fixture_server_freeze(server, true);
    if (server == FIXTURE_WAREHOUSE) { /* it reaches Kafka, and the load waits */
        run_sql(db, "UPDATE t SET v = 'w'");
        connector_wait_number(&h, source, "total", before + 1000, WAIT_S);
    } else if (server == FIXTURE_KAFKA) { /* it has been read, and the commit waits */
        char sql[200];
        run_sql(db, "UPDATE t SET v = 'w'");
        char *lsn = fixture_sql(db, "SELECT pg_current_wal_lsn()");
        (void)snprintf(sql, sizeof sql,
                       "SELECT bool_or(sent_lsn >= '%.20s') FROM pg_stat_replication JOIN "
                       "pg_replication_slots ON active_pid = pid WHERE slot_type = 'logical'",
                       lsn);
        free(lsn);
        fixture_wait_sql(db, sql, "t", WAIT_S);
    }
    stop_in_time(&h, server);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    (void)harness_engine_end(&h, SIGTERM);
    fixture_server_freeze(server, true);
    harness_engine_start(&h);
    connector_wait(&h, source, server == FIXTURE_WAREHOUSE ? "RUNNING" : "STARTING", WAIT_S);
    stop_in_time(&h, server);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

static void test_stop_with_a_hanging_warehouse(void **state)
{
    (void)state;
    stop_while_hanging("h_wh", FIXTURE_WAREHOUSE);
}

/* Nothing is on its way, but statements are prepared there: to drop them asks the server, too. */
static void test_stop_with_an_idle_warehouse(void **state)
{
    struct harness h;
    char *db = database("h_idle");
    (void)state;
    harness_init(&h, "h_idle", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    fixture_server_freeze(FIXTURE_WAREHOUSE, true);
    stop_in_time(&h, FIXTURE_WAREHOUSE);
    free(db);
}

static void test_stop_with_a_hanging_source(void **state)
{
    (void)state;
    stop_while_hanging("h_src", FIXTURE_PRIMARY);
}

static void test_stop_with_a_hanging_broker(void **state)
{
    (void)state;
    stop_while_hanging("h_kafka", FIXTURE_KAFKA);
}

/* ---- given up, and done again ---- */

static void insert(const char *db, int from, int to)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql, "INSERT INTO t SELECT i, 'v' FROM generate_series(%d, %d) i",
                   from, to);
    run_sql(db, sql);
}

/* Each change once, whatever became of the COMMIT that nobody answered. */
static void expect_no_doubles(const char *name)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) - count(DISTINCT (_partition, _offset)) FROM raw.%s_public_t",
                   name);
    assert_int_equal(fixture_number(fixture_warehouse_conninfo(), sql), 0);
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM (SELECT 1 FROM raw.%s_public_t WHERE op <> 'r' GROUP BY "
                   "source_lsn, op, after_id HAVING count(*) > 1) d",
                   name);
    assert_int_equal(fixture_number(fixture_warehouse_conninfo(), sql), 0);
}

static void test_warehouse_hangs(void **state)
{
    (void)state;
    struct harness h;
    char *db = database("h_load");
    harness_init(
        &h, "h_load", db,
        "load: {statement_timeout_s: 1}\nrestart: {backoff_ms: 100, backoff_max_ms: 500}\n");
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    for (int i = 1; i <= 3; i++) {
        long long before = connector_number(&h, "h_load-sink", "restarts");
        fixture_server_freeze(FIXTURE_WAREHOUSE, true);
        insert(db, i * 10000, i * 10000 + 5000);
        connector_wait_number(&h, "h_load-sink", "restarts", before + 1, WAIT_S);
        char *why = connector_text(&h, "h_load-sink", "last_error");
        fixture_server_freeze(FIXTURE_WAREHOUSE, false);
        if (!strstr(why, "no answer within 1 s"))
            fail_msg("the reason is: %s", why);
        free(why);
        insert(db, i * 10000 + 5001, i * 10000 + 6000);
        harness_verify(&h, VERIFY_S);
        expect_no_doubles("h_load");
    }
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

/* The server works, but a lock holds the load up: canceled, and tried again until it is free. */
static void test_load_waits_for_a_lock(void **state)
{
    (void)state;
    struct harness h;
    char *db = database("h_lock");
    harness_init(
        &h, "h_lock", db,
        "load: {statement_timeout_s: 1}\nrestart: {backoff_ms: 100, backoff_max_ms: 500}\n");
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    long long before = connector_number(&h, "h_lock-sink", "restarts");
    PGconn *c = PQconnectdb(fixture_warehouse_conninfo());
    PQclear(PQexec(c, "BEGIN; LOCK TABLE raw.h_lock_public_t IN ACCESS EXCLUSIVE MODE"));
    insert(db, 10000, 11000);
    connector_wait_number(&h, "h_lock-sink", "restarts", before + 2, WAIT_S);
    char *state_now = connector_text(&h, "h_lock-sink", "state");
    assert_string_not_equal(state_now, "FAILED");
    free(state_now);
    /* nobody is left that waits for the lock but the run of now */
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) <= 1 FROM pg_stat_activity WHERE application_name = "
                     "'flightdeck sink' AND wait_event_type = 'Lock'",
                     "t", WAIT_S);
    PQfinish(c);
    harness_verify(&h, VERIFY_S);
    expect_no_doubles("h_lock");
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_with_a_hanging_broker),
        cmocka_unit_test(test_stop_with_a_hanging_source),
        cmocka_unit_test(test_stop_with_a_hanging_warehouse),
        cmocka_unit_test(test_stop_with_an_idle_warehouse),
        cmocka_unit_test(test_warehouse_hangs),
        cmocka_unit_test(test_load_waits_for_a_lock),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
