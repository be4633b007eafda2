/* From a commit in PostgreSQL to a row in raw, through the real program and real servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "backend/base/clock.h"
#include "tests/fixture/connectors.h"
#include "tests/fixture/fixture.h"

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

/* The freshness of a table as an engine tells it that starts after a batch, once it lists it. */
static json_t *freshness_after(struct harness *h, const char *topic)
{
    json_t *found = NULL;
    harness_engine_start(h);
    for (int64_t until = fixture_deadline(60); !found;) {
        char *out = NULL;
        size_t i;
        json_t *x;
        json_t *status =
            HARNESS_RUN(h, &out, "status", "--json") == 0 ? json_loads(out, 0, NULL) : NULL;
        json_array_foreach(json_object_get(status, "freshness"), i, x)
        {
            if (!strcmp(json_string_value(json_object_get(x, "name")), topic))
                found = json_incref(x);
        }
        json_decref(status);
        if (!found && clock_mono_us() > until)
            fail_msg("%s is in no status; the last was\n%s", topic, out);
        free(out);
    }
    int status = harness_engine_end(h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return found;
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
    json_t *fresh = freshness_after(&h, "items");
    assert_int_equal(json_integer_value(json_object_get(fresh, "rows_today")), 5011);
    assert_true(json_integer_value(json_object_get(fresh, "last_refresh_us")) > 0);
    json_decref(fresh);
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

/* The rows of a raw table by op: "r=3 t=1". */
static void expect_raw(const char *table, const char *want)
{
    char sql[300];
    (void)snprintf(sql, sizeof sql,
                   "SELECT string_agg(op || '=' || n, ' ' ORDER BY op) FROM (SELECT op, count(*) n "
                   "FROM raw.%s GROUP BY op) x",
                   table);
    char *got = fixture_warehouse_psql(sql);
    assert_string_equal(got, want);
    free(got);
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
    run_sql(db, "SELECT pg_drop_replication_slot('p_lost'); UPDATE items SET name = 'c' WHERE id = "
                "2; DELETE FROM items WHERE id = 1");
    assert_int_not_equal(HARNESS_RUN(&h, &out, "batch"), 0);
    assert_non_null(strstr(out, "slot p_lost is gone"));
    assert_non_null(strstr(out, "snapshot.mode=when_needed"));
    free(out);
    source_connector(&h, "p_lost", "when_needed");
    int code = HARNESS_RUN(&h, &out, "batch"); /* verified: no row is left that nobody deleted */
    if (code)
        fail_msg("batch: exit code %d\n%s", code, out);
    free(out);
    expect_raw("p_lost_public_items", "r=3 t=1");
    source_connector(&h, "p_lost", "always");
    harness_engine_start(
        &h); /* not batch: it ends when all that was committed is there, and it is */
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) FROM raw.p_lost_public_items WHERE op = 'r'", "4", 60);
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

/* A sink that has failed loads nothing more: verify says so, and why. */
static void test_verify_tells_why_nothing_comes(void **state)
{
    (void)state;
    struct harness h;
    char *out = NULL;
    char *db = strdup(fixture_database("p_why"));
    run_sql(db, "CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items VALUES (1, "
                "'a')");
    harness_init(&h, "p_why", db, "connectors: connectors/\n");
    source_connector(&h, "p_why", "initial");
    harness_engine_start(&h);
    harness_verify(&h, 60);
    run_sql(fixture_warehouse_conninfo(),
            "ALTER TABLE raw.p_why_public_items ADD CONSTRAINT small CHECK (after_id < 2)");
    run_sql(db, "INSERT INTO items VALUES (2, 'b')");
    connector_wait(&h, "snk", "FAILED", 60);
    assert_int_equal(HARNESS_RUN(&h, &out, "verify", "--timeout", "2"), 1);
    if (!strstr(out, "p_why.public.items has records that connector snk does not load: it is "
                     "FAILED: ") ||
        !strstr(out, "small"))
        fail_msg("%s", out);
    free(out);
    assert_int_equal(harness_engine_end(&h, SIGTERM), 0);
    free(db);
}

/* What went while there was no slot is gone in every kind of target: a log of three partitions, one
 * of a table without a key, and current state. */
static void test_deleted_while_there_was_no_slot(void **state)
{
    (void)state;
    struct harness h;
    char *out = NULL;
    char *db = strdup(fixture_database("p_gap"));
    run_sql(db, "CREATE TABLE log (id int PRIMARY KEY, v text); INSERT INTO log SELECT i, 'a' FROM "
                "generate_series(1, 100) i; CREATE TABLE bag (a int); ALTER TABLE bag REPLICA "
                "IDENTITY FULL; INSERT INTO bag VALUES (1), (1), (2); CREATE TABLE now (id int "
                "PRIMARY KEY, v text); INSERT INTO now SELECT i, 'a' FROM generate_series(1, 100) "
                "i; CREATE TABLE emptied (id int PRIMARY KEY); INSERT INTO emptied VALUES (1)");
    harness_init(&h, "p_gap", db, "connectors: connectors/\n");
    harness_connector(&h, "source",
                      "{\"name\":\"src\",\"config\":{\"connector.class\":\"io.debezium.connector."
                      "postgresql.PostgresConnector\",\"topic.prefix\":\"p_gap\",\"slot.name\":"
                      "\"p_gap\",\"publication.name\":\"p_gap\",\"snapshot.mode\":\"when_needed\","
                      "\"topic.creation.default.partitions\":3,"
                      "\"topic.creation.default.replication.factor\":1}}");
    harness_connector(&h, "logs",
                      "{\"name\":\"logs\",\"config\":{\"connector.class\":\"io.confluent.vertica."
                      "VerticaSinkConnector\",\"topics\":\"p_gap.public.log,p_gap.public.bag,"
                      "p_gap.public.emptied\",\"auto.create\":\"true\"}}");
    harness_connector(&h, "state",
                      "{\"name\":\"state\",\"config\":{\"connector.class\":\"io.confluent.vertica."
                      "VerticaSinkConnector\",\"topics\":\"p_gap.public.now\",\"auto.create\":"
                      "\"true\",\"insert.mode\":\"upsert\",\"pk.mode\":\"record_key\","
                      "\"delete.enabled\":\"true\",\"truncate.enabled\":\"true\"}}");
    assert_int_equal(HARNESS_RUN(&h, NULL, "batch"), 0);
    run_sql(db,
            "SELECT pg_drop_replication_slot('p_gap'); DELETE FROM log WHERE id % 2 = 0; DELETE "
            "FROM now WHERE id % 2 = 0; DELETE FROM bag WHERE a = 1; DELETE FROM emptied; "
            "UPDATE log SET v = 'b' WHERE id < 10; INSERT INTO now VALUES (101, 'c')");
    for (int i = 0; i < 2; i++) { /* and the second time nothing is new */
        int code = HARNESS_RUN(&h, &out, "batch");
        if (code)
            fail_msg("batch: exit code %d\n%s", code, out);
        free(out);
        expect_raw("p_gap_public_log", "r=150 t=1");
        expect_raw("p_gap_public_bag", "r=4 t=1");
        expect_raw("p_gap_public_emptied", "r=1 t=1");
        assert_int_equal(raw_number("SELECT count(*) FROM raw.p_gap_public_now"), 51);
    }
    run_sql(db,
            "INSERT INTO log VALUES (2, 'again'); DELETE FROM log WHERE id = 1; INSERT INTO bag "
            "VALUES (1)");
    assert_int_equal(HARNESS_RUN(&h, NULL, "batch"), 0);
    free(db);
}

static void source_of(const struct harness *h, const char *name, const char *table)
{
    char json[2048];
    (void)snprintf(
        json, sizeof json,
        "{\"name\":\"%s\",\"config\":{\"connector.class\":\"io.debezium.connector.postgresql."
        "PostgresConnector\",\"topic.prefix\":\"%s\",\"slot.name\":\"%s\","
        "\"publication.name\":\"%s\",\"publication.autocreate.mode\":\"filtered\","
        "\"table.include.list\":\"public.%s\"}}",
        name, name, name, name, table);
    harness_connector(h, name, json);
}

/* Each source keeps the schemas of its topics under its own prefix; one sink may load them all. */
static void test_sink_of_two_prefixes(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("p_two"));
    run_sql(db, "CREATE TABLE planes (id int PRIMARY KEY, v text); INSERT INTO planes VALUES (1, "
                "'a'), (2, 'b'); CREATE TABLE seats (plane int, seat text, price numeric(8,2), "
                "PRIMARY KEY (plane, seat)); INSERT INTO seats VALUES (1, '1A', 1.5)");
    harness_init(&h, "p_two", db, "connectors: connectors/\n");
    source_of(&h, "p_twoa", "planes");
    source_of(&h, "p_twob", "seats");
    harness_connector(&h, "sink",
                      "{\"name\":\"both\",\"config\":{\"connector.class\":\"io.confluent.vertica."
                      "VerticaSinkConnector\",\"topics.regex\":\"p_two[ab][.]public[.].*\","
                      "\"auto.create\":\"true\"}}");
    harness_engine_start(&h);
    connector_wait_number(&h, "both", "total", 3, 60);
    run_sql(db, "UPDATE seats SET price = 2.25; INSERT INTO planes VALUES (3, NULL)");
    harness_verify(&h, 60); /* of the first source */
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) FROM raw.p_twob_public_seats WHERE after_price = 2.25", "1",
                     60);
    char *state_now = connector_text(&h, "both", "state");
    assert_string_equal(state_now, "RUNNING");
    free(state_now);
    int status = harness_engine_end(&h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(raw_number("SELECT count(*) FROM raw.p_twoa_public_planes"), 3);
    assert_int_equal(raw_number("SELECT count(*) FROM raw.p_twob_public_seats"), 2);
    free(db);
}

/* ---- what a reader of the topics finds ---- */

enum { STORY_MAX = 2000 };

static void tell_header(char *story, const struct kafka_record *r, const char *name, char sign)
{
    const void *value;
    size_t len;
    size_t n = strlen(story);
    if (kafka_record_header(r, name, &value, &len))
        (void)snprintf(story + n, STORY_MAX - n, "%c%.*s", sign, (int)len, (const char *)value);
}

/* Appends "op:snapshot key", `>` and `<` with the key after and before a change of it; "-" for a
 * tombstone. */
static void tell(void *arg, const struct kafka_record *r)
{
    char *story = arg;
    size_t n = strlen(story);
    json_t *j = r->value ? json_loadb(r->value, r->value_len, 0, NULL) : NULL;
    assert_true(!r->value || j);
    const char *op = j ? json_string_value(json_object_get(j, "op")) : "-";
    const char *mark = json_string_value(json_object_get(json_object_get(j, "source"), "snapshot"));
    bool snapshot = mark && strcmp(mark, "false") != 0;
    (void)snprintf(story + n, STORY_MAX - n, "%s%s%s%s%.*s", n ? " " : "", op, snapshot ? ":" : "",
                   snapshot ? mark : "", (int)r->key_len, r->key ? (const char *)r->key : "");
    tell_header(story, r, "__debezium.newkey", '>');
    tell_header(story, r, "__debezium.oldkey", '<');
    json_decref(j);
}

static void expect_story(const char *topic, const char *want)
{
    char story[STORY_MAX] = "";
    (void)topic_read(topic, tell, story);
    assert_string_equal(story, want);
}

/* The topic as the broker has it. */
static void expect_topic(const struct harness *h, const char *topic, size_t partitions,
                         const char *policy, const char *retention_ms)
{
    char *out = NULL;
    assert_int_equal(HARNESS_RUN(h, &out, "topic", "show", topic, "--json"), 0);
    json_t *j = harness_json(out);
    const json_t *config = json_object_get(j, "config");
    assert_int_equal(json_array_size(json_object_get(j, "partitions")), partitions);
    assert_string_equal(json_string_value(json_object_get(config, "cleanup.policy")), policy);
    if (retention_ms)
        assert_string_equal(json_string_value(json_object_get(config, "retention.ms")),
                            retention_ms);
    json_decref(j);
    free(out);
}

/* Snapshot marks, tombstones, the records of a changed key with their headers, a logical message,
 * and topics as the connector wants them: from the broker, as somebody else would read them. */
static void test_records_in_kafka(void **state)
{
    (void)state;
    struct harness h;
    char *db = strdup(fixture_database("p_rec"));
    run_sql(db, "CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items VALUES (1, "
                "'a'), (2, 'b'), (3, 'c'); CREATE TABLE wide (id int PRIMARY KEY); INSERT "
                "INTO wide VALUES (7)");
    harness_init(&h, "p_rec", db, "connectors: connectors/\n");
    harness_connector(
        &h, "source",
        "{\"name\":\"rec-source\",\"config\":{\"connector.class\":"
        "\"io.debezium.connector.postgresql.PostgresConnector\",\"topic.prefix\":\"p_rec\","
        "\"slot.name\":\"p_rec\",\"publication.name\":\"p_rec\",\"skipped.operations\":\"none\","
        "\"topic.creation.groups\":\"wide\",\"topic.creation.wide.include\":\".*[.]wide\","
        "\"topic.creation.wide.partitions\":3,\"topic.creation.wide.cleanup.policy\":\"compact\","
        "\"topic.creation.default.partitions\":1,"
        "\"topic.creation.default.replication.factor\":1,"
        "\"topic.creation.default.cleanup.policy\":\"delete\","
        "\"topic.creation.default.retention.ms\":7777777}}");
    harness_engine_start(&h);
    connector_wait_number(&h, "rec-source", "total", 4, 60);
    run_sql(db, "INSERT INTO items VALUES (4, 'd'); UPDATE items SET v = 'e' WHERE id = 4; UPDATE "
                "items SET id = 5 WHERE id = 2; DELETE FROM items WHERE id = 1; SELECT "
                "pg_logical_emit_message(true, 'hello', 'world')");
    run_sql(db, "TRUNCATE items");
    connector_wait_number(&h, "rec-source", "total", 9, 60);
    int status = harness_engine_end(&h, SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    expect_story("p_rec.public.items",
                 "r:first{\"id\":1} r:true{\"id\":2} r:last_in_data_collection{\"id\":3} "
                 "c{\"id\":4} u{\"id\":4} "
                 "d{\"id\":2}>{\"id\":5} -{\"id\":2}>{\"id\":5} c{\"id\":5}<{\"id\":2} "
                 "d{\"id\":1} -{\"id\":1} t");
    expect_story("p_rec.public.wide", "r:last{\"id\":7}");
    expect_story("p_rec.message", "m{\"prefix\":\"hello\"}");
    expect_topic(&h, "p_rec.public.items", 1, "delete", "7777777");
    expect_topic(&h, "p_rec.public.wide", 3, "compact", NULL);
    expect_topic(&h, "p_rec.__offsets", 1, "compact", NULL);
    free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_copies_a_table),
        cmocka_unit_test(test_stream_of_odd_tables),
        cmocka_unit_test(test_slot_that_is_gone),
        cmocka_unit_test(test_deleted_while_there_was_no_slot),
        cmocka_unit_test(test_verify_tells_why_nothing_comes),
        cmocka_unit_test(test_sink_of_two_prefixes),
        cmocka_unit_test(test_records_in_kafka),
    };
    cmocka_set_test_filter(getenv("TEST_FILTER")); /* NULL: all */
    return cmocka_run_group_tests(tests, setup, teardown);
}
