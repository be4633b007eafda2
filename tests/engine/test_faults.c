/*
 * What must not lose or double a change: kill -9 of the engine, servers that go and come back, a
 * large transaction, two engines at once, rows and records at fault. Through the real program and
 * real servers; the judge is `verify` and a count of doubled events.
 *
 * FLIGHTDECK_KILLS sets how often the engine is killed (50).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "backend/base/clock.h"
#include "tests/fixture/connectors.h"
#include "tests/fixture/fixture.h"

enum { VERIFY_SECONDS = 90, KILLS = 50 };

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

/* ---- a load that goes on through everything ---- */

struct load {
    char conninfo[512];
    pthread_t thread;
    _Atomic bool stop;
    _Atomic long transactions;
};

/* As fast as the source takes it. Under a sanitizer the engine would only fall behind, and all the
 * time be spent on catching up. */
static void *load_main(void *arg)
{
    struct load *l = arg;
    const struct timespec breath = {.tv_nsec = fixture_sanitized() ? 3000000 : 0};
    PGconn *c = NULL;
    unsigned seed = 7;
    while (!l->stop) {
        char sql[512];
        if (!c || PQstatus(c) != CONNECTION_OK) {
            PQfinish(c);
            c = PQconnectdb(l->conninfo);
            continue;
        }
        int id = rand_r(&seed) % 500;
        (void)snprintf(sql, sizeof sql,
                       "INSERT INTO acc (id, v, note) VALUES (%d, 1, 'n%d') ON CONFLICT (id) DO "
                       "UPDATE SET v = acc.v + 1, "
                       "note = 'u' || acc.v; DELETE FROM acc WHERE id = %d; INSERT INTO ledger "
                       "(acc, amount) VALUES (%d, %d.%02d)",
                       id, id, rand_r(&seed) % 500, id, rand_r(&seed) % 1000, rand_r(&seed) % 100);
        PGresult *r = PQexec(c, sql);
        if (PQresultStatus(r) == PGRES_COMMAND_OK)
            l->transactions++;
        PQclear(r);
        if (breath.tv_nsec)
            (void)nanosleep(&breath, NULL);
    }
    PQfinish(c);
    return NULL;
}

static void load_start(struct load *l, const char *conninfo)
{
    memset(l, 0, sizeof *l);
    (void)snprintf(l->conninfo, sizeof l->conninfo, "%s", conninfo);
    run_sql(conninfo, "CREATE TABLE acc (id int PRIMARY KEY, v int, note text);"
                      "CREATE TABLE ledger (id bigserial PRIMARY KEY, acc int, amount "
                      "numeric(10,2), at timestamptz DEFAULT now())");
    assert_int_equal(pthread_create(&l->thread, NULL, load_main, l), 0);
}

static void load_end(struct load *l)
{
    l->stop = true;
    assert_int_equal(pthread_join(l->thread, NULL), 0);
}

/* One change of the source has one LSN and one key: it may stand in raw once. */
static void expect_nothing_doubled(const char *prefix)
{
    static const char *const tables[] = {"acc", "ledger"};
    for (size_t i = 0; i < 2; i++) {
        char sql[1024];
        (void)snprintf(sql, sizeof sql,
                       "SELECT count(*) FROM (SELECT 1 FROM raw.%s_public_%s WHERE op <> 'r' GROUP "
                       "BY source_lsn, op, "
                       "coalesce(after_id, before_id) HAVING count(*) > 1) d",
                       prefix, tables[i]);
        assert_int_equal(raw_number(sql), 0);
        (void)snprintf(
            sql, sizeof sql,
            "SELECT count(*) - count(DISTINCT (_partition, _offset)) FROM raw.%s_public_%s", prefix,
            tables[i]);
        assert_int_equal(raw_number(sql), 0);
    }
}

static void sleep_random(unsigned *seed, int least_ms, int most_ms)
{
    int ms = least_ms + rand_r(seed) % (most_ms - least_ms);
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&t, NULL); /* the random moment itself, not a wait for something */
}

static void test_killed_at_random_moments(void **state)
{
    (void)state;
    struct harness h;
    struct load l;
    unsigned seed = 20261124;
    const char *kills = getenv("FLIGHTDECK_KILLS");
    int n = kills ? atoi(kills) : fixture_sanitized() ? KILLS / 5 : KILLS;
    char *db = strdup(fixture_database("f_kill"));
    load_start(&l, db);
    harness_init(&h, "f_kill", db, "capture: {commit_ms: 20}\n");
    for (int i = 0; i < n; i++) {
        int status;
        harness_engine_start(&h);
        sleep_random(&seed, 30, 1200);
        if (harness_engine_ended(&h, &status))
            fail_msg("the engine has ended by itself: %d\n%s", status, harness_log(&h));
        (void)harness_engine_end(&h, SIGKILL);
    }
    harness_engine_start(&h);
    load_end(&l);
    assert_true(l.transactions > 100);
    harness_verify(&h, VERIFY_SECONDS);
    expect_nothing_doubled("f_kill");
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

/* ---- the snapshot, interrupted twice ---- */

enum { LARGE = 100000, MEDIUM = 80000, SAN_LESS = 4 };

static int large(void)
{
    return fixture_sanitized() ? LARGE / SAN_LESS : LARGE;
}

static bool rows_are_out(void *arg)
{
    return connector_number(arg, "f_half-source", "total") > 0;
}

static bool large_is_through(void *arg)
{
    return connector_number(arg, "f_half-source", "total") > large();
}

/* Tables are read by name. Killed while the first is being read, and again while the second is:
 * rows that were read and have gone before the table was read again are gone in raw too, and what
 * was not begun yet is not told twice. */
static void test_killed_in_the_snapshot(void **state)
{
    (void)state;
    struct harness h;
    char sql[768];
    char *db = strdup(fixture_database("f_half"));
    (void)snprintf(
        sql, sizeof sql,
        "CREATE TABLE large (id int PRIMARY KEY, t text); INSERT INTO large SELECT i, "
        "'row number ' || i FROM generate_series(1, %d) i; CREATE TABLE medium (id int "
        "PRIMARY KEY, t text); INSERT INTO medium SELECT i, 'row number ' || i FROM "
        "generate_series(1, %d) i; CREATE TABLE z_bag (a int); ALTER TABLE z_bag REPLICA "
        "IDENTITY FULL; INSERT INTO z_bag VALUES (1), (1), (2); ANALYZE",
        large(), MEDIUM);
    run_sql(db, sql);
    harness_init(&h, "f_half", db, "capture: {snapshot_threads: 1, commit_rows: 500}\n");
    harness_engine_start(&h);
    fixture_wait("the first rows in Kafka", VERIFY_SECONDS, rows_are_out, &h);
    (void)harness_engine_end(&h, SIGKILL);
    run_sql(db, "DELETE FROM large WHERE id <= 100; UPDATE large SET id = -id WHERE id <= 110; "
                "INSERT INTO z_bag VALUES (3), (3); DELETE FROM z_bag WHERE a = 2");
    harness_engine_start(&h);
    fixture_wait("the first table is through", VERIFY_SECONDS, large_is_through, &h);
    (void)harness_engine_end(&h, SIGKILL);
    char *log = harness_log(&h);
    assert_non_null(strstr(log, "snapshot of public.large:")); /* once, .. */
    assert_null(strstr(log, "snapshot of public.medium:"));    /* and both kills came in time */
    free(log);
    run_sql(db, "DELETE FROM medium WHERE id <= 100; INSERT INTO z_bag VALUES (4)");
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_SECONDS);
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

static void test_servers_go_and_come_back(void **state)
{
    (void)state;
    static const unsigned servers[] = {FIXTURE_KAFKA, FIXTURE_WAREHOUSE, FIXTURE_PRIMARY};
    struct harness h;
    struct load l;
    char *db = strdup(fixture_database("f_out"));
    load_start(&l, db);
    harness_init(&h, "f_out", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_SECONDS);
    for (size_t i = 0; i < sizeof servers / sizeof servers[0]; i++)
        for (int hard = 0; hard < 2; hard++) {
            long before = l.transactions;
            unsigned seed = (unsigned)i;
            if (hard)
                fixture_server_kill(servers[i]);
            else
                fixture_server_stop(servers[i]);
            sleep_random(&seed, 1500, 2000);
            fixture_server_start(servers[i]);
            int64_t until = clock_mono_us() + 30000000;
            while (l.transactions < before + 50 && clock_mono_us() < until)
                sleep_random(&seed, 5, 10);
            harness_verify(&h, VERIFY_SECONDS);
        }
    load_end(&l);
    harness_verify(&h, VERIFY_SECONDS);
    expect_nothing_doubled("f_out");
    int status = harness_engine_end(&h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    free(db);
}

static void test_large_transaction_in_bounded_memory(void **state)
{
    (void)state;
    struct harness h;
    /* a sanitizer's shadow memory is not the engine's: there the way is tested, not the bound */
    bool sanitized = fixture_sanitized();
    int rows = sanitized ? 60000 : 2000000;
    char sql[256];
    char *db = strdup(fixture_database("f_big"));
    run_sql(db,
            "CREATE TABLE big (id int PRIMARY KEY, t text); INSERT INTO big VALUES (0, 'first')");
    harness_init(&h, "f_big", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_SECONDS);
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO big SELECT i, 'row number ' || i FROM generate_series(1, %d) i",
                   rows);
    run_sql(db, sql);
    harness_verify(&h, 300);
    long peak = harness_peak_kib(&h);
    print_message("peak resident memory: %ld KiB\n", peak);
    if (!sanitized && peak > 128 * 1024)
        fail_msg("the engine used %ld KiB, more than 128 MiB", peak);
    assert_int_equal(raw_number("SELECT count(*) FROM raw.f_big_public_big"), rows + 1);
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

static void test_second_engine_is_refused(void **state)
{
    (void)state;
    struct harness a;
    struct harness b;
    struct load l;
    char *out = NULL;
    char *db = strdup(fixture_database("f_two"));
    load_start(&l, db);
    harness_init(&a, "f_two", db, NULL);
    harness_engine_start(&a);
    harness_verify(&a, VERIFY_SECONDS);
    /* the same state directory: told so at once */
    assert_int_equal(HARNESS_RUN(&a, &out, "engine"), 1);
    assert_non_null(strstr(out, "an engine already runs"));
    free(out);
    /* another machine, so to speak: another state directory, the same connectors */
    b = a;
    (void)snprintf(b.config, sizeof b.config, "%s/second.yaml", a.dir);
    char command[2048];
    (void)snprintf(command, sizeof command, "sed 's#/state$#/state2#' '%s' > '%s'", a.config,
                   b.config);
    assert_int_equal(system(command), 0);
    b.engine = 0;
    harness_engine_start(&b);
    unsigned seed = 3;
    for (int i = 0; i < 3; i++) {
        long before = l.transactions;
        while (l.transactions < before + 200)
            sleep_random(&seed, 5, 10);
    }
    load_end(&l);
    (void)harness_engine_end(&b, SIGTERM);
    (void)harness_engine_end(&a, SIGTERM);
    harness_engine_start(&a); /* whoever was fenced: one engine alone carries on */
    harness_verify(&a, VERIFY_SECONDS);
    expect_nothing_doubled("f_two");
    (void)harness_engine_end(&a, SIGTERM);
    free(db);
}

/* A warehouse table that refuses one row: that row goes to the dead letters, the others arrive. */
static void test_row_at_fault_goes_to_the_dead_letters(void **state)
{
    (void)state;
    struct harness h;
    char *out = NULL;
    char *db = strdup(fixture_database("f_dead"));
    run_sql(
        db,
        "CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items VALUES (1, 'a')");
    harness_init(&h, "f_dead", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_SECONDS);
    run_sql(fixture_warehouse_conninfo(),
            "ALTER TABLE raw.f_dead_public_items ADD CHECK (after_id <> 666)");
    run_sql(db, "INSERT INTO items SELECT i, 'n' || i FROM generate_series(600, 700) i");
    fixture_wait_sql(fixture_warehouse_conninfo(), "SELECT count(*) FROM raw.f_dead_public_items",
                     "101", 60);
    assert_int_equal(HARNESS_RUN(&h, &out, "verify"), 4);
    assert_non_null(strstr(out, "1 keys differ"));
    assert_non_null(strstr(out, "key 666"));
    free(out);
    (void)harness_engine_end(&h, SIGTERM);
    assert_int_equal(
        HARNESS_RUN(&h, &out, "topic", "tail", "f_dead.__dead_letters", "-n", "5", "--json"), 0);
    assert_non_null(strstr(out, "666"));
    assert_non_null(strstr(out, "__connect.errors.exception.message"));
    free(out);
    free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_at_fault_goes_to_the_dead_letters),
        cmocka_unit_test(test_second_engine_is_refused),
        cmocka_unit_test(test_servers_go_and_come_back),
        cmocka_unit_test(test_large_transaction_in_bounded_memory),
        cmocka_unit_test(test_killed_in_the_snapshot),
        cmocka_unit_test(test_killed_at_random_moments),
    };
    cmocka_set_test_filter(getenv("TEST_FILTER")); /* NULL: all */
    return cmocka_run_group_tests(tests, setup, teardown);
}
