/*
 * The main path a second time with the dialect "vertica", through the stand-in (tests/vertica):
 * psqlODBC speaks to a gate that takes Vertica's SQL only and keeps its transaction rules. Whatever
 * the gate cannot show, or finds wrong with itself, fails the test.
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
#include "tests/fixture/vertica.h"

enum { WAIT_S = 30, VERIFY_S = 60, SKIPPED = 77 };

static bool absent;

static int setup(void **state)
{
    (void)state;
    if (fixture_start(FIXTURE_PRIMARY | FIXTURE_KAFKA | FIXTURE_WAREHOUSE))
        return -1;
    int rc = vertica_start(NULL);
    absent = rc == SKIPPED;
    return absent ? 0 : rc;
}

static int teardown(void **state)
{
    (void)state;
    vertica_stop();
    return fixture_stop();
}

static void run_sql(const char *conninfo, const char *sql)
{
    free(fixture_sql(conninfo, sql));
}

static long long raw_number(const char *sql)
{
    return fixture_number(vertica_conninfo(), sql);
}

static void init(struct harness *h, const char *name, const char *db, const char *extra)
{
    char *all;
    if (absent) {
        print_message("the Vertica stand-in has no Python packages here: skipped\n");
        skip();
    }
    assert_true(asprintf(&all, "load: {batch_ms: 300}\n%s", extra ? extra : "") > 0);
    harness_init_on(h, name, db, vertica_odbc(), "vertica", all);
    free(all);
}

/* Neither the engine nor the gate's own log speaks of the gate. */
static void check_gate(const struct harness *h, const char *output)
{
    char *log = harness_log(h);
    if (strstr(log, "GATE"))
        fail_msg("%s", log);
    free(log);
    if (output && strstr(output, "GATE"))
        fail_msg("%s", output);
    vertica_check_log();
}

static void verify(const struct harness *h)
{
    harness_verify(h, VERIFY_S);
    check_gate(h, NULL);
}

static void test_batch(void **state)
{
    (void)state;
    struct harness h;
    char *out = NULL;
    char *db = strdup(fixture_database("v_batch"));
    run_sql(db, "CREATE TABLE items (id int PRIMARY KEY, name text, price numeric(10,2), at "
                "timestamptz, ok bool, d date, t time, u uuid, j jsonb, b bytea, f double "
                "precision, n numeric); INSERT INTO items SELECT i, 'Имя ' || i, i / 4.0, now() - "
                "i * interval '1 s', i % 2 = 0, '2026-01-01'::date + i, '00:00:01'::time + i * "
                "interval '1 ms', gen_random_uuid(), jsonb_build_object('k', i), "
                "decode(md5(i::text), 'hex'), i / 3.0, i * 1.5 FROM generate_series(1, 5000) i; "
                "INSERT INTO items (id) VALUES (0)");
    init(&h, "v_batch", db, NULL);
    int code = HARNESS_RUN(&h, &out, "batch");
    if (code)
        fail_msg("batch: exit code %d\n%s", code, out);
    check_gate(&h, out);
    free(out);
    assert_int_equal(raw_number("SELECT count(*) FROM raw.v_batch_public_items"), 5001);
    run_sql(db, "UPDATE items SET price = price + 1 WHERE id <= 10; DELETE FROM items WHERE id = "
                "11");
    code = HARNESS_RUN(&h, &out, "batch");
    if (code)
        fail_msg("batch: exit code %d\n%s", code, out);
    free(out);
    /* what is wrong is found there too */
    run_sql(vertica_conninfo(), "UPDATE raw.v_batch_public_items SET after_name = 'x' WHERE "
                                "after_id = 77; DELETE FROM raw.v_batch_public_items WHERE "
                                "after_id = 78");
    code = HARNESS_RUN(&h, &out, "batch", "--report", "json");
    assert_int_equal(code, 4);
    assert_non_null(strstr(out, "name=Имя 77"));
    assert_non_null(strstr(out, "\"differing\": 2"));
    check_gate(&h, out);
    free(out);
    free(db);
}

static void test_odd_tables(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("v_odd"));
    run_sql(
        db,
        "CREATE SCHEMA \"Схема\"; CREATE TABLE \"Схема\".\"Mixed \"\"Case\"\"\" (\"Key One\" int, "
        "k2 text, v text, PRIMARY KEY (\"Key One\", k2));"
        "CREATE TABLE nokey (a int, b text); ALTER TABLE nokey REPLICA IDENTITY FULL;"
        "CREATE TABLE toast (id int PRIMARY KEY, small text, big text); ALTER TABLE toast ALTER "
        "big SET STORAGE EXTERNAL;"
        "CREATE TABLE parts (id int, d date, v text, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);"
        "CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');"
        "CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');"
        "CREATE TABLE cleared (id int PRIMARY KEY, v int); INSERT INTO cleared SELECT i, i FROM "
        "generate_series(1, 100) i;"
        "CREATE TABLE grows (id int PRIMARY KEY, a int)");
    init(&h, "v_odd", db, NULL);
    harness_engine_start(&h);
    verify(&h);
    run_sql(db, "INSERT INTO \"Схема\".\"Mixed \"\"Case\"\"\" VALUES (1, 'x', 'a'), (2, 'y', "
                "NULL), (3, '', 'c'); UPDATE \"Схема\".\"Mixed \"\"Case\"\"\" SET k2 = 'z' WHERE "
                "k2 = 'x'");
    run_sql(db, "INSERT INTO nokey VALUES (1, 'a'), (1, 'a'), (NULL, NULL), (2, 'b'); DELETE FROM "
                "nokey WHERE a IS NULL; UPDATE nokey SET b = 'c' WHERE a = 2");
    run_sql(db, "INSERT INTO toast SELECT i, 's', repeat(md5(i::text), 200) FROM generate_series("
                "1, 20) i");
    run_sql(db, "UPDATE toast SET small = 't' WHERE id <= 10");
    run_sql(db, "INSERT INTO parts VALUES (1, '2026-03-01', 'a'), (2, '2026-08-01', 'b'); UPDATE "
                "parts SET d = '2026-09-01' WHERE id = 1");
    run_sql(db, "TRUNCATE cleared; INSERT INTO cleared VALUES (7, 7)");
    run_sql(db, "INSERT INTO grows VALUES (1, 1); ALTER TABLE grows ADD COLUMN b text DEFAULT "
                "'dflt'; INSERT INTO grows VALUES (2, 2, 'two'); UPDATE grows SET a = 5 WHERE id "
                "= 1; ALTER TABLE grows ALTER a TYPE bigint; INSERT INTO grows VALUES (3, "
                "5000000000, NULL)");
    verify(&h);
    assert_int_equal(raw_number("SELECT count(*) FROM raw.v_odd_public_toast WHERE _unchanged = "
                                "',big,'"),
                     10);
    /* a crash, and on from there */
    (void)harness_engine_end(&h, SIGKILL);
    run_sql(db, "UPDATE toast SET small = 'u'; INSERT INTO nokey SELECT i, 'n' FROM "
                "generate_series(1, 3000) i");
    harness_engine_start(&h);
    verify(&h);
    int status = harness_engine_end(&h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    check_gate(&h, NULL);
    free(db);
}

/* Vertica's COPY behind an array-bound INSERT says nothing of the row at fault: it is found by
 * halving. */
static void test_dead_letter(void **state)
{
    (void)state;
    struct harness h;
    char value[256];
    char *db = strdup(fixture_database("v_dead"));
    init(&h, "v_dead", db, "connectors: [connectors]\n");
    run_sql(vertica_conninfo(), "CREATE SCHEMA IF NOT EXISTS raw; CREATE TABLE raw.v_dead_t "
                                "(after_id int, after_code varchar(3), op varchar(8), _batch "
                                "bigint, _partition bigint, _offset bigint)");
    harness_connector(&h, "dead-sink",
                      "{\"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\", "
                      "\"topics\": \"v_dead.t\", \"errors.tolerance\": \"all\"}");
    topic_make("v_dead.t", 1);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(value, sizeof value,
                       "{\"before\":null,\"after\":{\"id\":%d,\"code\":\"%s\"},\"op\":\"c\"}", i,
                       i % 300 == 299 ? "much too long" : "ok");
        topic_send("v_dead.t", 0, "k", value);
    }
    topic_flush();
    harness_engine_start(&h);
    fixture_wait_sql(vertica_conninfo(), "SELECT count(*) FROM raw.v_dead_t", "997", WAIT_S);
    connector_wait_number(&h, "dead-sink", "dead_letters", 3, WAIT_S);
    (void)harness_engine_end(&h, SIGTERM);
    check_gate(&h, NULL);
    free(db);
}

/* Current state, by a stage table and MERGE. */
static void test_current_state(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("v_state"));
    run_sql(db, "CREATE TABLE keyed (id int PRIMARY KEY, small text, big text); ALTER TABLE keyed "
                "ALTER big SET STORAGE EXTERNAL; INSERT INTO keyed SELECT i, 's', repeat("
                "md5(i::text), 200) FROM generate_series(1, 50) i;"
                "CREATE TABLE cleared (id int PRIMARY KEY, v int); INSERT INTO cleared SELECT i, "
                "i FROM generate_series(1, 100) i");
    init(&h, "v_state", db, "connectors: [connectors]\n");
    harness_connector(&h, "state-source",
                      "{\"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\""
                      ", \"topic.prefix\": \"v_state\", \"slot.name\": \"v_state\", "
                      "\"publication.name\": \"v_state\", \"skipped.operations\": \"none\"}");
    harness_connector(&h, "state-sink",
                      "{\"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\", "
                      "\"topics.regex\": \"v_state[.].*\", \"auto.create\": \"true\", "
                      "\"auto.evolve\": \"true\", \"insert.mode\": \"upsert\", \"pk.mode\": "
                      "\"record_key\", \"delete.enabled\": \"true\", \"truncate.enabled\": "
                      "\"true\"}");
    harness_engine_start(&h);
    verify(&h);
    run_sql(db, "UPDATE keyed SET small = 't' WHERE id <= 10; DELETE FROM keyed WHERE id = 20; "
                "UPDATE keyed SET big = NULL WHERE id = 21; UPDATE cleared SET v = 0; TRUNCATE "
                "cleared; INSERT INTO cleared VALUES (1, 7), (500, 8)");
    run_sql(db, "INSERT INTO keyed VALUES (20, 'again', 'short'), (60, NULL, NULL); UPDATE keyed "
                "SET small = 'u' WHERE id IN (21, 30)");
    verify(&h);
    assert_int_equal(raw_number("SELECT count(*) FROM raw.v_state_public_keyed"), 51);
    (void)harness_engine_end(&h, SIGTERM);
    check_gate(&h, NULL);
    free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_odd_tables),
        cmocka_unit_test(test_dead_letter),
        cmocka_unit_test(test_current_state),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
