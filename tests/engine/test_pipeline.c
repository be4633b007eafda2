/* From a commit in PostgreSQL to a row in raw, through the real program and real servers. */
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

#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"

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

/* A batch: what is there at its start is in raw at its end, and verified. */
static void test_batch_copies_a_table(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("p_batch"));
    char *out = NULL;
    run_sql(
        db,
        "CREATE TABLE items (id int PRIMARY KEY, name text, price numeric(10,2), at timestamptz)");
    run_sql(db, "INSERT INTO items SELECT i, 'Имя ' || i, i / 4.0, now() - i * interval '1 s' FROM "
                "generate_series(1, 5000) i");
    harness_init(&h, "p_batch", db, NULL);
    int code = HARNESS_RUN(&h, &out, "batch");
    if (code)
        fail_msg("batch: exit code %d\n%s", code, out);
    assert_non_null(strstr(out, "all tables are the same"));
    free(out);
    assert_int_equal(raw_number("SELECT count(*) FROM raw.p_batch_public_items"), 5000);
    assert_int_equal(raw_number("SELECT count(DISTINCT after_id) FROM raw.p_batch_public_items"),
                     5000);
    char *type = fixture_warehouse_psql("SELECT string_agg(data_type, ',' ORDER BY column_name) "
                                        "FROM information_schema.columns WHERE table_schema = "
                                        "'raw' AND table_name = 'p_batch_public_items' AND "
                                        "column_name IN ('after_id','after_price','after_at')");
    assert_string_equal(type, "timestamp with time zone,integer,numeric");
    free(type);

    /* again, with changes in between: only they come */
    run_sql(db,
            "UPDATE items SET price = price + 1 WHERE id <= 10; DELETE FROM items WHERE id = 11");
    assert_int_equal(HARNESS_RUN(&h, &out, "batch", "--report", "json"), 0);
    assert_non_null(strstr(out, "\"same\": true"));
    free(out);
    assert_int_equal(raw_number("SELECT count(*) FROM raw.p_batch_public_items"), 5011);
    free(db);
}

/* Everything that a table can be and do, streamed while the engine runs. */
static void test_stream_of_odd_tables(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("p_odd"));
    run_sql(
        db,
        "CREATE SCHEMA \"Схема\"; CREATE TABLE \"Схема\".\"Mixed \"\"Case\"\"\" (\"Key One\" int, "
        "k2 text, v "
        "text, PRIMARY KEY (\"Key One\", k2));"
        "CREATE TABLE nokey (a int, b text); ALTER TABLE nokey REPLICA IDENTITY FULL;"
        "CREATE TABLE toast (id int PRIMARY KEY, small text, big text); ALTER TABLE toast ALTER "
        "big SET STORAGE "
        "EXTERNAL;"
        "CREATE TABLE parts (id int, d date, v text, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);"
        "CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');"
        "CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');"
        "CREATE TABLE cleared (id int PRIMARY KEY, v int); INSERT INTO cleared SELECT i, i FROM "
        "generate_series(1, 100) i;"
        "CREATE TABLE grows (id int PRIMARY KEY, a int)");
    harness_init(&h, "p_odd", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, 60);
    run_sql(db, "INSERT INTO \"Схема\".\"Mixed \"\"Case\"\"\" VALUES (1, 'x', 'a'), (2, 'y', "
                "NULL), (3, '', 'c')");
    run_sql(
        db,
        "UPDATE \"Схема\".\"Mixed \"\"Case\"\"\" SET k2 = 'z' WHERE k2 = 'x'"); /* a key change */
    run_sql(db, "INSERT INTO nokey VALUES (1, 'a'), (1, 'a'), (NULL, NULL), (2, 'b'); DELETE FROM "
                "nokey WHERE a IS NULL; "
                "UPDATE nokey SET b = 'c' WHERE a = 2");
    run_sql(
        db,
        "INSERT INTO toast SELECT i, 's', repeat(md5(i::text), 200) FROM generate_series(1, 20) i");
    run_sql(db, "UPDATE toast SET small = 't' WHERE id <= 10"); /* big is unchanged, and not sent */
    run_sql(db, "INSERT INTO parts VALUES (1, '2026-03-01', 'a'), (2, '2026-08-01', 'b'); UPDATE "
                "parts SET d = '2026-09-01' "
                "WHERE id = 1");
    run_sql(db, "TRUNCATE cleared; INSERT INTO cleared VALUES (7, 7)");
    run_sql(db, "INSERT INTO grows VALUES (1, 1); ALTER TABLE grows ADD COLUMN b text DEFAULT "
                "'dflt'; INSERT INTO grows "
                "VALUES (2, 2, 'two'); UPDATE grows SET a = 5 WHERE id = 1");
    harness_verify(&h, 60);
    assert_int_equal(
        raw_number("SELECT count(*) FROM raw.p_odd_public_toast WHERE _unchanged = ',big,'"), 10);
    assert_int_equal(raw_number("SELECT count(*) FROM raw.p_odd_public_cleared WHERE op = 't'"), 1);
    assert_int_equal(
        raw_number("SELECT count(*) FROM raw.p_odd_public_grows WHERE after_b = 'two'"), 1);
    int status = harness_engine_end(&h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    free(db);
}

static void source_connector(const struct harness *h, const char *name, const char *mode)
{
    char json[2048];
    (void)snprintf(
        json, sizeof json,
        "{\"name\":\"src\",\"config\":{\"connector.class\":\"io.debezium.connector.postgresql."
        "PostgresConnector\",\"topic.prefix\":\"%s\",\"slot.name\":\"%s\",\"publication.name\":\"%"
        "s\","
        "\"snapshot.mode\":\"%s\"}}",
        name, name, name, mode);
    harness_connector(h, "source", json);
    (void)snprintf(json, sizeof json,
                   "{\"name\":\"snk\",\"config\":{\"connector.class\":\"io.confluent.vertica."
                   "VerticaSinkConnector\","
                   "\"topics\":\"%s.public.items\",\"auto.create\":\"true\"}}",
                   name);
    harness_connector(h, "sink", json);
}

/* A slot that is gone is a loss, said in words; snapshot.mode says whether to read the tables
 * again. */
static void test_slot_that_is_gone(void **state)
{
    (void)state;
    struct harness h;
    char *out = NULL;
    char *db = strdup(fixture_database("p_lost"));
    run_sql(db, "CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items VALUES (1, "
                "'a'), (2, 'b')");
    harness_init(&h, "p_lost", db, "connectors: connectors/\n");
    source_connector(&h, "p_lost", "initial");
    assert_int_equal(HARNESS_RUN(&h, NULL, "batch"), 0);
    run_sql(db,
            "SELECT pg_drop_replication_slot('p_lost'); UPDATE items SET name = 'c' WHERE id = 2");
    assert_int_not_equal(HARNESS_RUN(&h, &out, "batch"), 0);
    assert_non_null(strstr(out, "slot p_lost is gone"));
    assert_non_null(strstr(out, "snapshot.mode=when_needed"));
    free(out);
    source_connector(&h, "p_lost", "when_needed");
    assert_int_equal(HARNESS_RUN(&h, NULL, "batch"), 0);
    assert_int_equal(raw_number("SELECT count(*) FROM raw.p_lost_public_items"), 4);
    source_connector(&h, "p_lost", "always");
    harness_engine_start(
        &h); /* not batch: it ends when all that was committed is there, and it is */
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) FROM raw.p_lost_public_items WHERE op = 'r'", "6", 60);
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_copies_a_table),
        cmocka_unit_test(test_stream_of_odd_tables),
        cmocka_unit_test(test_slot_that_is_gone),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
