/*
 * Source and sinks in one engine, as connector files ask for it: current state (upsert, deletes,
 * truncate), tables that come later, one sink a table.
 */
#ifndef TESTS_SINK_STATE_CASES_H
#define TESTS_SINK_STATE_CASES_H

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

#include "tests/fixture/connectors.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/sinks.h"

enum { VERIFY_S = 60 };

static void run_sql(const char *conninfo, const char *sql)
{
    free(fixture_sql(conninfo, sql));
}

/* One source for the whole database; more: further settings, each beginning with a comma. */
static void source(const struct harness *h, const char *prefix, const char *more)
{
    char name[64];
    char *json;
    (void)snprintf(name, sizeof name, "%s-source", prefix);
    assert_true(
        asprintf(&json,
                 "{\"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\","
                 "\"topic.prefix\": \"%s\", \"slot.name\": \"%s\", \"publication.name\": \"%s\","
                 "\"skipped.operations\": \"none\", \"heartbeat.interval.ms\": \"5000\"%s}",
                 prefix, prefix, prefix, more) > 0);
    harness_connector(h, name, json);
    free(json);
}

static void sink(const struct harness *h, const char *name, const char *more)
{
    char *json;
    assert_true(asprintf(&json,
                         "{\"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\","
                         "\"auto.create\": \"true\", \"auto.evolve\": \"true\", \"pk.mode\": "
                         "\"record_key\", %s}",
                         more) > 0);
    harness_connector(h, name, json);
    free(json);
}

/* Current state follows the source through everything that a row can meet. */
static void test_current_state(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("u_state"));
    run_sql(db, "CREATE TABLE keyed (id int PRIMARY KEY, small text, big text); ALTER TABLE keyed "
                "ALTER big SET STORAGE EXTERNAL;"
                "CREATE TABLE whole (id int PRIMARY KEY, small text, big text); ALTER TABLE whole "
                "ALTER big SET STORAGE EXTERNAL; ALTER TABLE whole REPLICA IDENTITY FULL;"
                "CREATE TABLE comp (\"Key One\" int, k2 text, v text, PRIMARY KEY (\"Key One\", "
                "k2));"
                "CREATE TABLE cleared (id int PRIMARY KEY, v int);"
                "INSERT INTO keyed SELECT i, 's', repeat(md5(i::text), 200) FROM "
                "generate_series(1, 50) i; INSERT INTO whole TABLE keyed;"
                "INSERT INTO comp SELECT i, 'k' || i, 'v' FROM generate_series(1, 50) i;"
                "INSERT INTO cleared SELECT i, i FROM generate_series(1, 100) i");
    sinks_init(&h, "u_state", db, "connectors: [connectors]\n");
    source(&h, "u_state", "");
    sink(&h, "state-sink",
         "\"topics.regex\": \"u_state[.]public[.].*\", \"insert.mode\": \"upsert\", "
         "\"delete.enabled\": \"true\", \"truncate.enabled\": \"true\"");
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    assert_int_equal(sinks_number("SELECT count(*) FROM raw.u_state_public_keyed"), 50);
    /* big is not sent with these: the table keeps what it has; now and in the same batch */
    run_sql(db, "UPDATE keyed SET small = 't' WHERE id <= 10; UPDATE whole SET small = 't' WHERE "
                "id <= 10");
    run_sql(db, "INSERT INTO keyed VALUES (100, 'n', repeat('x', 5000)); UPDATE keyed SET small = "
                "'o' WHERE id = 100; DELETE FROM keyed WHERE id = 20; INSERT INTO keyed VALUES "
                "(20, 'again', 'short'); UPDATE keyed SET big = NULL WHERE id = 21; UPDATE keyed "
                "SET small = 'u' WHERE id = 21");
    run_sql(db, "UPDATE comp SET k2 = 'new' WHERE \"Key One\" = 1; UPDATE comp SET \"Key One\" = "
                "\"Key One\" + 1000 WHERE \"Key One\" BETWEEN 2 AND 5; DELETE FROM comp WHERE k2 = "
                "'k6'; UPDATE comp SET v = NULL WHERE k2 = 'k7'");
    run_sql(db, "UPDATE whole SET id = id + 1000 WHERE id > 40; DELETE FROM whole WHERE id = 1040");
    run_sql(db, "UPDATE cleared SET v = 0; TRUNCATE cleared; INSERT INTO cleared VALUES (1, 7), "
                "(500, 8); TRUNCATE cleared; INSERT INTO cleared VALUES (2, 9)");
    harness_verify(&h, VERIFY_S);
    assert_int_equal(sinks_number("SELECT count(*) FROM raw.u_state_public_keyed"), 51);
    assert_int_equal(sinks_number("SELECT count(*) FROM raw.u_state_public_comp"), 49);
    assert_int_equal(sinks_number("SELECT count(*) FROM raw.u_state_public_cleared"), 1);
    /* and after a crash in the middle of more of it */
    run_sql(db, "INSERT INTO cleared SELECT i, i FROM generate_series(10, 20000) i");
    (void)harness_engine_end(&h, SIGKILL);
    run_sql(db, "DELETE FROM cleared WHERE id % 2 = 0; UPDATE cleared SET v = -v WHERE id % 3 = 0; "
                "UPDATE keyed SET small = 'w'");
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    sinks_end_well(&h);
    free(db);
}

/* A truncate is one record in one partition: rows of the others are older or younger than it, in
 * whatever order they come. */
static void test_truncate_over_partitions(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("u_parts"));
    run_sql(db, "CREATE TABLE cleared (id int PRIMARY KEY, v int); INSERT INTO cleared SELECT i, i "
                "FROM generate_series(1, 1000) i");
    sinks_init(&h, "u_parts", db, "connectors: [connectors]\n");
    source(&h, "u_parts",
           ", \"topic.creation.default.partitions\": \"5\", "
           "\"topic.creation.default.replication.factor\": \"1\"");
    sink(&h, "parts-sink",
         "\"topics.regex\": \"u_parts[.]public[.].*\", \"insert.mode\": \"upsert\", "
         "\"delete.enabled\": \"true\", \"truncate.enabled\": \"true\"");
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    for (int i = 0; i < 10; i++)
        run_sql(db, "TRUNCATE cleared; INSERT INTO cleared SELECT i, -i FROM generate_series(1, "
                    "2000) i; UPDATE cleared SET v = v + 1 WHERE id % 10 = 0");
    harness_verify(&h, VERIFY_S);
    (void)harness_engine_end(&h, SIGKILL);
    for (int i = 0; i < 10; i++)
        run_sql(db, "INSERT INTO cleared SELECT i, 0 FROM generate_series(5001, 6000) i; TRUNCATE "
                    "cleared; INSERT INTO cleared VALUES (1, 1)");
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    assert_int_equal(sinks_number("SELECT count(*) FROM raw.u_parts_public_cleared"), 1);
    sinks_end_well(&h);
    free(db);
}

enum { MOVING = 40, SLOW_S = 30 };

/*
 * An update of the key leaves a large value alone: it is not sent, and the row of the new key would
 * come without it. While the engine runs, while it does not, over several partitions.
 */
static void keys_change(const char *name, const char *mode, const char *decimals)
{
    struct harness h;
    char text[512];
    char *db = strdup(fixture_database(name));
    run_sql(db, "CREATE TABLE moving (id int PRIMARY KEY, small text, big text, list int[], "
                "doc bytea); ALTER TABLE moving ALTER big SET STORAGE EXTERNAL, ALTER list SET "
                "STORAGE EXTERNAL, ALTER doc SET STORAGE EXTERNAL");
    (void)snprintf(text, sizeof text,
                   "INSERT INTO moving SELECT i, 's', repeat(md5(i::text), 200), "
                   "array_fill(i, ARRAY[3000]), decode(repeat(md5(i::text), 200), 'hex') "
                   "FROM generate_series(1, %d) i",
                   MOVING);
    run_sql(db, text);
    sinks_init(&h, name, db, "connectors: [connectors]\n");
    (void)snprintf(text, sizeof text,
                   ", \"topic.creation.default.partitions\": \"4\", "
                   "\"topic.creation.default.replication.factor\": \"1\", "
                   "\"decimal.handling.mode\": \"%s\"",
                   decimals);
    source(&h, name, text);
    (void)snprintf(text, sizeof text,
                   "\"topics.regex\": \"%s[.]public[.].*\", \"insert.mode\": \"%s\", "
                   "\"delete.enabled\": \"true\"",
                   name, mode);
    sink(&h, "moving-sink", text);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    run_sql(db, "UPDATE moving SET id = id + 1000 WHERE id <= 20");
    harness_verify(&h, VERIFY_S);
    run_sql(db, "UPDATE moving SET small = 't' WHERE id > 1000");
    harness_verify(&h, VERIFY_S);
    sinks_end_well(&h);
    /* what the source has when these are read is not what it had */
    run_sql(db, "UPDATE moving SET id = id + 1000 WHERE id BETWEEN 1001 AND 1005");
    run_sql(db, "UPDATE moving SET id = id + 1000 WHERE id BETWEEN 2001 AND 2003");
    run_sql(db, "UPDATE moving SET small = 'u' WHERE id = 3001");
    run_sql(db, "UPDATE moving SET big = 'other' WHERE id = 2004");
    run_sql(db, "DELETE FROM moving WHERE id = 2005; UPDATE moving SET id = 2005 WHERE id = 1006");
    run_sql(db,
            "UPDATE moving SET id = 5 WHERE id = 3002; UPDATE moving SET big = NULL, doc = NULL "
            "WHERE id = 5; UPDATE moving SET id = 6 WHERE id = 5");
    run_sql(db, "BEGIN; UPDATE moving SET id = 7001 WHERE id = 30; UPDATE moving SET id = 7002 "
                "WHERE id = 7001; UPDATE moving SET big = repeat('y', 9000) WHERE id = 7002; "
                "UPDATE moving SET id = 7003 WHERE id = 7002; COMMIT");
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    sinks_end_well(&h);
    free(db);
}

static void test_key_changes_of_current_state(void **state)
{
    (void)state;
    keys_change("u_move", "upsert", "precise");
}

static void test_key_changes_of_a_log(void **state)
{
    (void)state;
    keys_change("u_movelog", "insert", "precise");
}

/*
 * Until a commit of c waits for a standby: the checkpointer tells the others some time after the
 * setting has changed. What waits is canceled, which is no commit's end.
 */
static void wait_for_waiting(PGconn *c, const char *db)
{
    char sql[128];
    char why[256];
    int64_t waits = 0;
    (void)snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM pg_stat_activity WHERE pid = %d AND wait_event = 'SyncRep'",
        PQbackendPID(c));
    while (!waits) {
        assert_int_equal(PQsendQuery(c, "CREATE TEMP TABLE probe (i int); DROP TABLE probe"), 1);
        do {
            waits = fixture_number(db, sql);
            assert_int_equal(PQconsumeInput(c), 1);
        } while (!waits && PQisBusy(c));
        PGcancel *cancel = PQgetCancel(c);
        if (waits)
            assert_int_equal(PQcancel(cancel, why, sizeof why), 1);
        PQfreeCancel(cancel);
        for (PGresult *r; (r = PQgetResult(c));)
            PQclear(r);
    }
}

/*
 * With synchronous replication a change is decoded before anybody sees it: the value is there, but
 * not yet to be read. Nor while somebody locks the table.
 */
static void test_key_change_not_visible_yet(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("u_sync"));
    run_sql(db, "CREATE TABLE moving (id int PRIMARY KEY, big text); ALTER TABLE moving ALTER big "
                "SET STORAGE EXTERNAL; INSERT INTO moving SELECT i, repeat(md5(i::text), 200) FROM "
                "generate_series(1, 5) i");
    sinks_init(&h, "u_sync", db, "connectors: [connectors]\n");
    source(&h, "u_sync", "");
    sink(&h, "sync-sink",
         "\"topics.regex\": \"u_sync[.]public[.].*\", \"insert.mode\": \"upsert\", "
         "\"delete.enabled\": \"true\"");
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    PGconn *c = PQconnectdb(db);
    assert_int_equal(PQstatus(c), CONNECTION_OK);
    /* nobody but this session waits for a standby: a failure must not hold up what comes next */
    free(fixture_psql("ALTER SYSTEM SET synchronous_commit = 'local'"));
    free(fixture_psql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'"));
    free(fixture_psql("SELECT pg_reload_conf()"));
    fixture_wait_sql(db, "SHOW synchronous_standby_names", "nobody", SLOW_S);
    PQclear(PQexec(c, "SET synchronous_commit = 'on'"));
    wait_for_waiting(c, db);
    assert_int_equal(PQsendQuery(c, "UPDATE moving SET id = 11 WHERE id = 1"), 1);
    /* it has been looked for in vain */
    fixture_wait_sql(db,
                     "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE "
                     "'%txid_visible_in_snapshot%' AND state = 'idle' AND pid <> pg_backend_pid()",
                     "t", SLOW_S);
    assert_int_equal(fixture_number(db, "SELECT count(*) FROM moving WHERE id = 11"), 0);
    free(fixture_psql("ALTER SYSTEM RESET synchronous_standby_names"));
    free(fixture_psql("ALTER SYSTEM RESET synchronous_commit"));
    free(fixture_psql("SELECT pg_reload_conf()"));
    for (PGresult *r; (r = PQgetResult(c));)
        PQclear(r);
    harness_verify(&h, VERIFY_S);
    assert_int_equal(sinks_number("SELECT length(after_big) FROM raw.u_sync_public_moving WHERE "
                                  "after_id = 11"),
                     32 * 200);
    PQfinish(c);
    sinks_end_well(&h);
    free(db);
}

/* A table, a topic and rows that come while all runs. */
static void test_later_table(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("u_later"));
    run_sql(db, "CREATE TABLE first (id int PRIMARY KEY)");
    sinks_init(&h, "u_later", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    run_sql(db, "CREATE TABLE later (id int PRIMARY KEY, v text); INSERT INTO later SELECT i, 'v' "
                "|| i FROM generate_series(1, 1000) i; CREATE TABLE empty (id int PRIMARY KEY); "
                "INSERT INTO first VALUES (1)");
    run_sql(db, "UPDATE later SET v = 'w' WHERE id < 10");
    harness_verify(&h, VERIFY_S);
    assert_int_equal(sinks_number("SELECT count(*) FROM raw.u_later_public_later"), 1009);
    sinks_end_well(&h);
    free(db);
}

enum { MANY = 8, MANY_ROWS = 40000, MANY_ROWS_FEW = 1500 /* where each takes its time */ };

/* As the airline has it: a sink for each of eight tables, all at once, in one small process. */
static void test_eight_sinks(void **state)
{
    (void)state;
    struct harness h;
    char sql[512];
    char text[256];
    char *db = strdup(fixture_database("u_many"));
    sinks_init(&h, "u_many", db, "connectors: [connectors]\n");
    source(&h, "u_many", "");
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(
            sql, sizeof sql,
            "CREATE TABLE t%d (id int PRIMARY KEY, a text, b numeric(12,2), c "
            "timestamptz, d int, e text, f double precision, g bool); INSERT INTO t%d "
            "SELECT i, 'name ' || i, i / 7.0, now(), i, repeat('x', i %% 2000), i / 3.0, "
            "i %% 2 = 0 FROM generate_series(1, %d) i",
            i, i, sinks_on_vertica() || fixture_sanitized() ? MANY_ROWS_FEW : MANY_ROWS);
        run_sql(db, sql);
        (void)snprintf(text, sizeof text, "\"topics\": \"u_many.public.t%d\"", i);
        (void)snprintf(sql, sizeof sql, "many-sink-%d", i);
        sink(&h, sql, text);
    }
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(sql, sizeof sql, "UPDATE t%d SET d = d + 1 WHERE id %% 6 = 0", i);
        run_sql(db, sql);
    }
    harness_verify(&h, VERIFY_S);
    long peak = harness_peak_kib(&h);
    print_message("peak: %ld MB\n", peak / 1024);
    /* neither a sanitizer's shadow memory nor what psqlODBC keeps of each row of a bound array (it
     * is not Vertica's driver) is the engine's */
    if (!sinks_on_vertica() && !fixture_sanitized())
        assert_true(peak < 128 * 1024);
    sinks_end_well(&h);
    free(db);
}

#define SINK_STATE_CASES                                                                           \
    cmocka_unit_test(test_current_state), cmocka_unit_test(test_truncate_over_partitions),         \
        cmocka_unit_test(test_key_changes_of_current_state),                                       \
        cmocka_unit_test(test_key_changes_of_a_log),                                               \
        cmocka_unit_test(test_key_change_not_visible_yet), cmocka_unit_test(test_later_table),     \
        cmocka_unit_test(test_eight_sinks)

#endif
