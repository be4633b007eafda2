/*
 * A source that is idle, or whose publication leaves out all that is busy, never holds the
 * primary's WAL back: its slot follows.
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

#include "tests/fixture/connectors.h"
#include "tests/fixture/fixture.h"

enum { WAIT_S = 30, FOLLOWS_S = 15 };

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

static void source(const struct harness *h, const char *name, const char *more)
{
    char *json;
    assert_true(
        asprintf(&json,
                 "{\"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\","
                 "\"topic.prefix\": \"%s\", \"slot.name\": \"%s\", \"publication.name\": \"%s\","
                 "\"publication.autocreate.mode\": \"filtered\", \"table.include.list\": "
                 "\"public[.]watched\"%s}",
                 name, name, name, more) > 0);
    harness_connector(h, "beat-source", json);
    free(json);
}

/* The slot passes where the WAL stands now. what: confirmed_flush_lsn or restart_lsn. */
static void wait_slot(const char *db, const char *slot, const char *what, int seconds)
{
    char sql[256];
    char *lsn = fixture_sql(db, "SELECT pg_current_wal_lsn()::text");
    (void)snprintf(sql, sizeof sql,
                   "SELECT %s >= '%s' FROM pg_replication_slots WHERE slot_name = '%s'", what, lsn,
                   slot);
    fixture_wait_sql(db, sql, "t", seconds);
    free(lsn);
}

static void start(struct harness *h, const char *name, const char *db, const char *more)
{
    run_sql(db, "CREATE TABLE watched (id int PRIMARY KEY); INSERT INTO watched VALUES (1); CREATE "
                "TABLE noise (id int, v text)");
    harness_init(h, name, db, "connectors: [connectors]\n");
    source(h, name, more);
    harness_engine_start(h);
    connector_wait(h, "beat-source", "RUNNING", WAIT_S);
    fixture_wait_sql(db,
                     "SELECT count(*) FROM pg_replication_slots WHERE active AND slot_name = "
                     "current_database()",
                     "1", WAIT_S);
}

/* Some 40 MB of WAL that are none of our business, in transactions of their own. */
static void make_noise(const char *db)
{
    for (int i = 0; i < 20; i++)
        run_sql(db, "INSERT INTO noise SELECT i, repeat('x', 1000) FROM generate_series(1, 2000) "
                    "i; TRUNCATE noise");
}

static void end_well(struct harness *h)
{
    int status = harness_engine_end(h, SIGTERM);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the engine ended with status %d\n%s", status, harness_log(h));
}

static void follows(const char *name, const char *more)
{
    struct harness h;
    char *db = strdup(fixture_database(name));
    start(&h, name, db, more);
    make_noise(db);
    wait_slot(db, name, "confirmed_flush_lsn", FOLLOWS_S);
    /* WAL is kept from the restart LSN on; it moves with the snapshots that checkpoints write */
    make_noise(db);
    char *before = fixture_sql(db, "SELECT pg_current_wal_lsn()::text");
    run_sql(db, "CHECKPOINT");
    make_noise(db);
    run_sql(db, "CHECKPOINT");
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "SELECT restart_lsn >= '%s' FROM pg_replication_slots WHERE slot_name = '%s'",
                   before, name);
    fixture_wait_sql(db, sql, "t", FOLLOWS_S);
    free(before);
    /* and what is published arrives all the same */
    run_sql(db, "INSERT INTO watched VALUES (2)");
    connector_wait_number(&h, "beat-source", "total", 2, WAIT_S);
    end_well(&h);
    free(db);
}

static void test_busy_unpublished_table(void **state)
{
    (void)state;
    follows("h_busy", ", \"heartbeat.interval.ms\": \"2000\"");
}

static void test_without_heartbeats(void **state)
{
    (void)state;
    follows("h_none", ", \"heartbeat.interval.ms\": \"0\"");
}

static void count(void *arg, const struct kafka_record *r)
{
    int *n = arg;
    *n += r->key_len && r->value_len && memmem(r->value, r->value_len, "ts_ms", 5) != NULL;
}

static bool has_beaten(void *arg)
{
    int beats = 0;
    (void)arg;
    (void)topic_read("__debezium-heartbeat.h_idle", count, &beats);
    return beats > 1;
}

/* All the work is in another database of the same server. Heartbeat records are there for whoever
 * watches the topic. */
static void test_idle_database(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("h_idle"));
    char *other = strdup(fixture_database("h_other"));
    start(&h, "h_idle", db, ", \"heartbeat.interval.ms\": \"500\"");
    run_sql(other, "CREATE TABLE noise (id int, v text)");
    make_noise(other);
    wait_slot(db, "h_idle", "confirmed_flush_lsn", FOLLOWS_S);
    fixture_wait("a second heartbeat", FOLLOWS_S, has_beaten, NULL);
    end_well(&h);
    free(db);
    free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_busy_unpublished_table),
        cmocka_unit_test(test_without_heartbeats),
        cmocka_unit_test(test_idle_database),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
