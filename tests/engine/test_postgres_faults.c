/* The replication connection when it is interrupted, refused, starved or cut off. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/base/clock.h"
#include "tests/fixture/feed.h"
#include "tests/fixture/fixture.h"

static void *interrupt_it(void *arg)
{
    replication_interrupt(arg);
    return NULL;
}

static void test_interrupt(void **state)
{
    (void)state;
    struct feed *st = feed_open("interrupt", "CREATE TABLE t (id int PRIMARY KEY);");
    struct replication_data data;
    enum err rc = ERR_OK;
    replication_interrupt(st->r); /* before the wait: it counts, once */
    replication_interrupt(st->r);
    assert_int_equal(replication_receive(st->r, -1, &data, &st->e), ERR_CANCELED);
    while ((rc = replication_receive(st->r, FEED_SECOND_US / 10, &data, &st->e)) == ERR_OK)
        ;
    assert_int_equal(rc, ERR_TIMEOUT);
    for (int i = 0; i < 20; i++) { /* during the wait, more or less */
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, interrupt_it, st->r), 0);
        while ((rc = replication_receive(st->r, -1, &data, &st->e)) == ERR_OK || rc == ERR_TIMEOUT)
            replication_confirm(st->r, replication_server_end(st->r));
        assert_int_equal(rc, ERR_CANCELED);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    feed_sql(st, "INSERT INTO t VALUES (1)");
    assert_string_equal(feed_transaction(st), "I t(1)"); /* nothing is lost by it */
    feed_close(st);
}

static void test_slot_mistakes(void **state)
{
    (void)state;
    struct feed *st = feed_open("mistakes", "CREATE TABLE t (id int PRIMARY KEY);");
    struct replication *other;
    struct errbuf e;
    feed_check(replication_open(st->conninfo, &other, &e), &e);
    assert_int_equal(replication_start(other, "mistakes", "p", 0, &e), ERR_RETRY);
    assert_non_null(strstr(e.text, "active for PID"));
    assert_int_equal(source_slot_drop(st->source, "mistakes", &e), ERR_RETRY);
    assert_int_equal(replication_start(other, "no such slot", "p", 0, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "no such slot"));
    assert_int_equal(source_slot_drop(st->source, "no such slot", &e), ERR_NOT_FOUND);
    struct source_slot slot;
    feed_check(source_slot_get(st->source, "no such slot", &slot, &e), &e);
    assert_false(slot.exists);

    free(fixture_sql(st->conninfo, "SELECT pg_create_physical_replication_slot('phys')"));
    assert_int_equal(replication_start(other, "phys", "p", 0, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "physical"));
    feed_check(source_slot_drop(st->source, "phys", &e), &e);
    struct replication_data data;
    assert_int_equal(replication_receive(other, 0, &data, &e), ERR_STATE);
    replication_close(other);
    feed_check(replication_open(fixture_conninfo(), &other, &e), &e);
    assert_int_equal(replication_start(other, "mistakes", "p", 0, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "mistakes"));
    replication_close(other);
    feed_close(st);
}

static void test_missing_publication(void **state)
{
    (void)state;
    struct feed *st = feed_open("nopub", "CREATE TABLE t (id int PRIMARY KEY);");
    struct replication_data data;
    feed_sql(st, "DROP PUBLICATION \"Pub \"\"1\"\"\"; INSERT INTO t VALUES (1)");
    enum err rc;
    do
        rc = replication_receive(st->r, FEED_SECOND_US, &data, &st->e);
    while (rc == ERR_OK || rc == ERR_TIMEOUT);
    assert_int_equal(rc, ERR_NOT_FOUND);
    assert_string_equal(st->e.sqlstate, "42704");
    assert_non_null(strstr(st->e.text, "must be older"));
    assert_int_equal(replication_receive(st->r, 0, &data, &st->e), ERR_CONNECT); /* it has ended */
    feed_close(st);
}

static void test_sender_timeout(void **state)
{
    (void)state;
    struct feed *st = feed_open("timeout", "CREATE TABLE t (id int PRIMARY KEY);"
                                           "ALTER DATABASE timeout SET wal_sender_timeout = 800");
    feed_disconnect(st);
    feed_connect(st);
    replication_set_status_interval(st->r, FEED_SECOND_US / 5);
    feed_check(replication_start(st->r, st->slot, FEED_PUBLICATION, 0, &st->e), &st->e);
    /* A caller that takes nothing but keeps talking stays connected well beyond the time-out. */
    int64_t until = clock_mono_us() + 2 * FEED_SECOND_US;
    while (clock_mono_us() < until) {
        feed_check(replication_feedback(st->r, &st->e), &st->e);
        assert_int_equal(fixture_number(st->conninfo, "SELECT count(*) FROM pg_replication_slots "
                                                      "WHERE slot_name = 'timeout' AND active"),
                         1);
    }
    /* One that is silent is thrown out, and told so when it comes back. */
    fixture_wait_sql(st->conninfo,
                     "SELECT active FROM pg_replication_slots WHERE slot_name = 'timeout'", "f",
                     FEED_PATIENCE_S);
    struct replication_data data;
    enum err rc;
    do
        rc = replication_receive(st->r, FEED_SECOND_US, &data, &st->e);
    while (rc == ERR_OK || rc == ERR_TIMEOUT);
    assert_int_equal(rc, ERR_CONNECT);
    feed_close(st);
}

static void test_lost_slot(void **state)
{
    (void)state;
    struct feed *st = feed_open("lost", "CREATE TABLE t (id int PRIMARY KEY);");
    struct replication_data data;
    feed_sql(st, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
    feed_sql(st, "SELECT pg_reload_conf()");
    enum err rc;
    int64_t deadline = clock_mono_us() + (int64_t)FEED_PATIENCE_S * FEED_SECOND_US;
    do { /* a reader that never confirms, until a checkpoint takes its WAL and ends it */
        feed_sql(st, "INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t;"
                     "SELECT pg_switch_wal()");
        feed_sql(st, "CHECKPOINT");
        while ((rc = replication_receive(st->r, 0, &data, &st->e)) == ERR_OK)
            ;
    } while (rc == ERR_TIMEOUT && clock_mono_us() < deadline);
    assert_int_equal(rc, ERR_CONNECT);
    feed_disconnect(st);
    struct source_slot slot;
    do
        feed_check(source_slot_get(st->source, "lost", &slot, &st->e), &st->e);
    while (strcmp(slot.wal_status, "lost") != 0 && clock_mono_us() < deadline);
    assert_string_equal(slot.wal_status, "lost");
    feed_connect(st);
    assert_int_equal(replication_start(st->r, "lost", FEED_PUBLICATION, 0, &st->e), ERR_LOST);
    assert_non_null(strstr(st->e.text, "new snapshot"));
    feed_disconnect(st);
    feed_check(source_slot_drop(st->source, "lost", &st->e), &st->e);
    feed_sql(st, "ALTER SYSTEM RESET max_slot_wal_keep_size");
    feed_sql(st, "SELECT pg_reload_conf()");
    feed_close(st);
}

struct reader {
    struct feed *st;
    enum err rc;
};

/* Reads and, as nothing is in flight, confirms: until it fails. */
static void *read_to_the_end(void *arg)
{
    struct reader *r = arg;
    struct replication_data data;
    do {
        r->rc = replication_receive(r->st->r, 10 * (int64_t)FEED_SECOND_US, &data, &r->st->e);
        if (r->rc == ERR_TIMEOUT)
            replication_confirm(r->st->r, replication_server_end(r->st->r));
    } while (r->rc == ERR_OK || r->rc == ERR_TIMEOUT);
    return NULL;
}

/* Each way a server goes: the reader is told in time, and the source connects again by itself. */
static void test_server_goes(void **state)
{
    (void)state;
    struct feed *st = feed_open("goes", "CREATE TABLE t (id int PRIMARY KEY);");
    for (int killed = 0; killed < 2; killed++) {
        struct reader r = {.st = st};
        pthread_t thread;
        feed_sql(st, killed ? "INSERT INTO t VALUES (1)" : "INSERT INTO t VALUES (2)");
        assert_int_equal(pthread_create(&thread, NULL, read_to_the_end, &r), 0);
        int64_t begun = clock_mono_us();
        if (killed)
            fixture_server_kill(FIXTURE_PRIMARY);
        else
            fixture_server_stop(FIXTURE_PRIMARY); /* waits for the reader's position */
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(r.rc, ERR_CONNECT);
        assert_true(clock_mono_us() - begun < (int64_t)FEED_PATIENCE_S * FEED_SECOND_US);
        struct replication *none;
        struct errbuf e;
        uint64_t lsn;
        assert_int_equal(replication_open(st->conninfo, &none, &e), ERR_CONNECT);
        assert_int_equal(source_wal_lsn(st->source, &lsn, &e), ERR_CONNECT);
        fixture_server_start(FIXTURE_PRIMARY);
        feed_check(source_wal_lsn(st->source, &lsn, &e), &e);
        feed_disconnect(st);
        feed_connect(st);
        feed_check(replication_start(st->r, st->slot, FEED_PUBLICATION, 0, &st->e), &st->e);
    }
    feed_close(st);
}

static int setup(void **state)
{
    (void)state;
    return fixture_start(FIXTURE_PRIMARY);
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interrupt),           cmocka_unit_test(test_slot_mistakes),
        cmocka_unit_test(test_missing_publication), cmocka_unit_test(test_sender_timeout),
        cmocka_unit_test(test_lost_slot),           cmocka_unit_test(test_server_goes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
