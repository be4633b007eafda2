/*
 * Outages that outlast the longest pause between two tries, of each server in turn; and a fault
 * that uses the budget of restarts up.
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
#include <sys/wait.h>

#include "backend/base/clock.h"
#include "tests/fixture/connectors.h"
#include "tests/fixture/fixture.h"

enum { WAIT_S = 60, VERIFY_S = 90, BACKOFF_MAX_MS = 400 };

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

static long long raw_number(const char *sql)
{
    return fixture_number(fixture_warehouse_conninfo(), sql);
}

static char *start(struct harness *h, const char *name, const char *budget)
{
    char extra[128];
    char *db = strdup(fixture_database(name));
    run_sql(db, "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' FROM "
                "generate_series(1, 1000) i");
    (void)snprintf(extra, sizeof extra,
                   "restart: {backoff_ms: 50, backoff_max_ms: %d, budget: %s}\n", BACKOFF_MAX_MS,
                   budget);
    harness_init(h, name, db, extra);
    harness_engine_start(h);
    harness_verify(h, VERIFY_S);
    return db;
}

static void end_well(struct harness *h)
{
    int status = harness_engine_end(h, SIGTERM);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the engine ended with status %d\n%s", status, harness_log(h));
}

static void expect_no_doubles(const char *name)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) - count(DISTINCT (_partition, _offset)) FROM raw.%s_public_t",
                   name);
    assert_int_equal(raw_number(sql), 0);
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM (SELECT 1 FROM raw.%s_public_t WHERE op <> 'r' GROUP BY "
                   "source_lsn, op, after_id HAVING count(*) > 1) d",
                   name);
    assert_int_equal(raw_number(sql), 0);
}

struct outage {
    const struct harness *h;
    const char *connector;
    long long tries;  /* at least so many .. */
    int64_t until_us; /* .. and at least so long */
};

/* 50 + 100 + 200 + 400 ms: the fifth try and each one after it come after the longest pause. */
static bool has_lasted(void *arg)
{
    const struct outage *o = arg;
    return clock_mono_us() > o->until_us &&
           connector_number(o->h, o->connector, "restarts") >= o->tries;
}

static void outage(const char *name, unsigned server, const char *who)
{
    enum { TRIES = 6, ROWS = 2000, LONG_US = 4000000 };
    struct harness h;
    char connector[64];
    char sql[160];
    char *db = start(&h, name, "3");
    (void)snprintf(connector, sizeof connector, "%s-%s", name, who);
    for (int hard = 0; hard < 2; hard++) {
        /* of Kafka the client waits by itself, a second at the most between two tries */
        bool waits = server == FIXTURE_KAFKA;
        struct outage o = {
            &h, connector, connector_number(&h, connector, "restarts") + (waits ? 0 : TRIES),
            clock_mono_us() + (waits ? LONG_US : 3 * BACKOFF_MAX_MS * INT64_C(1000))};
        if (hard)
            fixture_server_kill(server);
        else
            fixture_server_stop(server);
        if (server != FIXTURE_PRIMARY) {
            (void)snprintf(sql, sizeof sql,
                           "INSERT INTO t SELECT i, 'w' FROM generate_series(%d, %d) i",
                           (hard + 1) * 10000, (hard + 1) * 10000 + ROWS - 1);
            run_sql(db, sql);
        }
        fixture_wait("the connector's tries", WAIT_S, has_lasted, &o);
        char *now =
            connector_text(&h, connector, "state"); /* an outage takes nothing of the budget */
        assert_string_not_equal(now, "FAILED");
        free(now);
        fixture_server_start(server);
        run_sql(db, "UPDATE t SET v = v || 'x' WHERE id <= 100");
        harness_verify(&h, VERIFY_S);
        connector_wait(&h, connector, "RUNNING", WAIT_S);
    }
    expect_no_doubles(name);
    end_well(&h);
    free(db);
}

static void test_source_is_away_for_long(void **state)
{
    (void)state;
    outage("o_src", FIXTURE_PRIMARY, "source");
}

static void test_broker_is_away_for_long(void **state)
{
    (void)state;
    outage("o_kafka", FIXTURE_KAFKA, "source");
}

static void test_warehouse_is_away_for_long(void **state)
{
    (void)state;
    outage("o_wh", FIXTURE_WAREHOUSE, "sink");
}

/* What trying again does not mend stops the connector, in words; when it is mended by somebody,
 * `connector restart` goes on where it stood. */
static void test_budget_is_used_up(void **state)
{
    (void)state;
    struct harness h;
    char *out = NULL;
    char *db = start(&h, "o_budget", "2");
    run_sql(fixture_warehouse_conninfo(),
            "CREATE FUNCTION raw.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
            "EXCEPTION 'the warehouse is closed for the audit'; END $$; CREATE TRIGGER refuse "
            "BEFORE INSERT ON raw.o_budget_public_t EXECUTE FUNCTION raw.refuse()");
    long long before = connector_number(&h, "o_budget-sink", "restarts");
    run_sql(db, "INSERT INTO t SELECT i, 'w' FROM generate_series(5000, 5999) i");
    connector_wait(&h, "o_budget-sink", "FAILED", WAIT_S);
    assert_int_equal(connector_number(&h, "o_budget-sink", "restarts"), before + 2);
    char *why = connector_text(&h, "o_budget-sink", "last_error");
    if (!strstr(why, "closed for the audit") || !strstr(why, "o_budget_public_t"))
        fail_msg("the reason is: %s", why);
    free(why);
    /* the source goes on meanwhile */
    char *source = connector_text(&h, "o_budget-source", "state");
    assert_string_equal(source, "RUNNING");
    free(source);
    assert_int_equal(HARNESS_RUN(&h, &out, "connector", "list"), 0);
    assert_non_null(strstr(out, "FAILED"));
    free(out);
    run_sql(fixture_warehouse_conninfo(), "DROP TRIGGER refuse ON raw.o_budget_public_t");
    assert_int_equal(HARNESS_RUN(&h, &out, "connector", "restart", "--failed"), 0);
    assert_non_null(strstr(out, "o_budget-sink: RUNNING"));
    free(out);
    harness_verify(&h, VERIFY_S);
    connector_wait(&h, "o_budget-sink", "RUNNING", WAIT_S);
    expect_no_doubles("o_budget");
    end_well(&h);
    free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source_is_away_for_long),
        cmocka_unit_test(test_broker_is_away_for_long),
        cmocka_unit_test(test_warehouse_is_away_for_long),
        cmocka_unit_test(test_budget_is_used_up),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
