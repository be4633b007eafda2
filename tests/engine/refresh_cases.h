/*
 * From a change in the source to the model's views, on real servers and the real binary; the
 * includer sets `on` and starts the servers. The model is the one that `model infer` writes.
 */
#ifndef TESTS_REFRESH_CASES_H
#define TESTS_REFRESH_CASES_H

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
#include <unistd.h>

#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"

static struct {
    const char *prefix; /* of databases and topics: two programs share no name */
    const char *odbc, *dialect, *conninfo;
} on;

enum { REFRESH_VERIFY_S = 90 };

/* Keys that refer to keys, a composite one, an enum, a self reference, names that need quotes,
 * columns that collide with ours, a table without a row, a large value that updates leave alone. */
static const char shop_sql[] =
    "CREATE TYPE mood AS ENUM ('glad', 'sad');"
    "CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, mood mood, note text, "
    "_created_at timestamptz DEFAULT now(), boss int REFERENCES customers);"
    "CREATE TABLE \"Заказы\" (shop char(5), no bigint, customer int REFERENCES customers, total "
    "numeric(12,2), at timestamptz, data jsonb, PRIMARY KEY (shop, no));"
    "CREATE TABLE lines (shop char(5), no bigint, line smallint, what varchar(20), weight float, "
    "flag boolean, PRIMARY KEY (shop, no, line), FOREIGN KEY (shop, no) REFERENCES \"Заказы\");"
    "CREATE TABLE nothing (id uuid PRIMARY KEY, d date);"
    "INSERT INTO customers SELECT i, 'имя ' || i, CASE WHEN i % 3 = 0 THEN 'sad'::mood WHEN i % 3 "
    "= 1 THEN 'glad' END, repeat(md5(i::text), CASE WHEN i % 10 = 0 THEN 200 ELSE 1 END), now(), "
    "CASE WHEN i > 1 THEN 1 + i % (i - 1) END FROM generate_series(1, 300) i;"
    "ALTER TABLE customers ALTER note SET STORAGE EXTERNAL;"
    "INSERT INTO \"Заказы\" SELECT 'a' || i % 3, i, 1 + i % 300, i / 7.0, now() - i * interval '1 "
    "minute', jsonb_build_object('n', i, 's', 'x y') FROM generate_series(1, 600) i;"
    "INSERT INTO lines SELECT shop, no, l, 'thing ' || l, no / 3.0, l = 1 FROM \"Заказы\", "
    "generate_series(1, 3) l;";

static void source_run(const char *db, const char *sql)
{
    free(fixture_sql(db, sql));
}

static void run_ok(const struct harness *h, const char *what, int code, char *out)
{
    if (code) {
        char *log = harness_log(h);
        (void)fprintf(stderr, "%s\n%s\n", out, log); /* fail_msg cuts */
        fail_msg("%s: exit code %d", what, code);
    }
    free(out);
}

/* A database with the shop, a configuration whose model is inferred from it. */
static char *shop(struct harness *h, const char *name, const char *sql)
{
    char full[64];
    char extra[1000];
    char path[700];
    char *out = NULL;
    (void)snprintf(full, sizeof full, "%s_%s", on.prefix, name);
    char *db = strdup(fixture_database(full));
    assert_non_null(db);
    source_run(db, sql);
    harness_init_on(h, full, db, on.odbc, on.dialect, "load: {batch_ms: 300}\n");
    (void)snprintf(path, sizeof path, "%s/model.yaml", h->dir);
    int code = HARNESS_RUN(h, &out, "model", "infer", "-o", path);
    run_ok(h, "model infer", code, out);
    /* each program's model has a schema of its own in the warehouse that they share */
    (void)snprintf(extra, sizeof extra, "sed -i '/^schema:/d; 1i schema: dwh_%s' %s/model.yaml",
                   full, h->dir);
    assert_int_equal(system(extra), 0);
    harness_init_on(h, full, db, on.odbc, on.dialect, "load: {batch_ms: 300}\nmodel: model.yaml\n");
    return db;
}

static void test_infer_batch_verify(void **state)
{
    (void)state;
    struct harness h;
    char *out = NULL;
    char *db = shop(&h, "shop", shop_sql);
    int code = HARNESS_RUN(&h, &out, "batch");
    run_ok(&h, "batch", code, strdup(out));
    assert_non_null(strstr(out, "verify: raw and the model's views"));
    assert_non_null(strstr(out, "dwh.load"));
    assert_null(strstr(out, "not in the model"));
    free(out);
    source_run(
        db, "UPDATE customers SET name = name || '!', mood = 'sad' WHERE id % 7 = 0;"
            "UPDATE \"Заказы\" SET customer = NULL WHERE no % 11 = 0;"
            "DELETE FROM lines WHERE no % 5 = 0;"
            "DELETE FROM \"Заказы\" WHERE no % 5 = 0;"
            "INSERT INTO lines SELECT shop, no, 9, 'late', NULL, NULL FROM \"Заказы\" WHERE no % "
            "13 = 0;"
            "UPDATE lines SET line = 4 WHERE line = 3 AND no % 2 = 0;"
            "INSERT INTO nothing VALUES (gen_random_uuid(), now());"
            "INSERT INTO \"Заказы\" (shop, no, total) VALUES ('a0', 5, 1), ('a 0 ', 50, 2);");
    code = HARNESS_RUN(&h, &out, "batch");
    run_ok(&h, "the second batch", code, out);
    code = HARNESS_RUN(&h, &out, "batch", "--json");
    assert_non_null(strstr(out, "\"same\": true"));
    run_ok(&h, "a batch without news", code, out);
    free(db);
}

/* What is wrong in dwh alone is found, and its key is named. */
static void test_verify_sees_dwh(void **state)
{
    (void)state;
    struct harness h;
    char sql[300];
    char *out = NULL;
    char *db = shop(&h, "wrong",
                    "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' || i "
                    "FROM generate_series(1, 50) i");
    int code = HARNESS_RUN(&h, &out, "batch");
    run_ok(&h, "batch", code, out);
    (void)snprintf(sql, sizeof sql, "UPDATE dwh_%s_wrong.attr_t_v SET v = 'x' WHERE v = 'v7'",
                   on.prefix);
    source_run(on.conninfo, sql);
    code = HARNESS_RUN(&h, &out, "batch");
    if (code != 4 || !strstr(out, "t_latest: 1 keys differ") || !strstr(out, "v=v7") ||
        !strstr(out, "v=x"))
        fail_msg("exit code %d\n%s", code, out);
    free(out);
    free(db);
}

/* One entity by its name: the run loads it alone, and does nothing else of its DAG. */
static void refresh_one(struct harness *h)
{
    char *out = NULL;
    json_error_t why;
    int code = HARNESS_RUN(h, &out, "refresh", "customers", "--json");
    json_t *j = json_loads(out, 0, &why);
    if (code || !j)
        fail_msg("exit code %d\n%s", code, out);
    const json_t *params = json_object_get(json_object_get(j, "run"), "params");
    assert_string_equal(json_string_value(json_object_get(params, "@only")), "customers");
    const json_t *tasks = json_object_get(j, "tasks");
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        const json_t *t = json_array_get(tasks, i);
        bool loads = strcmp(json_string_value(json_object_get(t, "task")), "load") == 0;
        assert_string_equal(json_string_value(json_object_get(t, "state")),
                            loads ? "success" : "skipped");
    }
    /* its log tells of that entity, or that there was nothing, and of no other */
    char run[32];
    (void)snprintf(run, sizeof run, "%lld",
                   (long long)json_integer_value(json_object_get(json_object_get(j, "run"), "id")));
    free(out);
    code = HARNESS_RUN(h, &out, "dag", "logs", run, "load");
    if ((!strstr(out, "customers: ") && !strstr(out, "nothing new in raw")) ||
        strstr(out, "lines: "))
        fail_msg("exit code %d\n%s", code, out);
    run_ok(h, "dag logs", code, out);
    json_decref(j);
    code = HARNESS_RUN(h, &out, "refresh", "customers");
    if (!strstr(out, "customers: ") || !strstr(out, " row"))
        fail_msg("exit code %d\n%s", code, out);
    run_ok(h, "refresh customers", code, out);
}

/* The engine's own DAG keeps the model fresh while the source is written to; kill -9 on the way. */
static void test_engine_keeps_it_fresh(void **state)
{
    (void)state;
    struct harness h;
    char *db = shop(&h, "live", shop_sql);
    harness_engine_start(&h);
    harness_verify(&h, REFRESH_VERIFY_S);
    refresh_one(&h);
    for (int i = 0; i < 3; i++) {
        source_run(db, "INSERT INTO customers (id, name) SELECT max(id) + 1, 'new' FROM customers;"
                       "UPDATE customers SET name = md5(random()::text) WHERE id % 9 = 0;"
                       "DELETE FROM lines WHERE no = (SELECT min(no) FROM lines);"
                       "UPDATE \"Заказы\" SET total = total + 1 WHERE no % 4 = 0;");
        if (i == 1) {
            (void)harness_engine_end(&h, SIGKILL);
            harness_engine_start(&h);
        }
        harness_verify(&h, REFRESH_VERIFY_S);
    }
    source_run(db, "TRUNCATE lines; INSERT INTO lines SELECT shop, no, 1, 'again', 1, true FROM "
                   "\"Заказы\" WHERE no < 50");
    harness_verify(&h, REFRESH_VERIFY_S);
    assert_int_equal(harness_engine_end(&h, SIGTERM), 0);
    free(db);
}

/* A sink that loses what it remembered goes on above the batches that its table has: who reads raw
 * by _batch would pass over its rows else. */
static void test_batches_never_go_back(void **state)
{
    (void)state;
    struct harness h;
    char sql[300];
    char *out = NULL;
    char *db = shop(&h, "again",
                    "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' || i "
                    "FROM generate_series(1, 20) i");
    for (int i = 0; i < 3; i++) {
        int code = HARNESS_RUN(&h, &out, "batch");
        run_ok(&h, "batch", code, out);
        source_run(db, "UPDATE t SET v = v || '+' WHERE id < 5");
    }
    (void)snprintf(sql, sizeof sql,
                   "DELETE FROM raw._flightdeck_batches WHERE connector = '%s_again-sink'",
                   on.prefix);
    source_run(on.conninfo, sql);
    int code = HARNESS_RUN(&h, &out, "batch");
    run_ok(&h, "batch", code, out);
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM raw.%s_again_public_t a JOIN raw.%s_again_public_t b ON "
                   "a.source_lsn < b.source_lsn AND a._batch >= b._batch AND b.op = 'u' AND a.op = "
                   "'u' AND a.source_txid <> b.source_txid",
                   on.prefix, on.prefix);
    assert_int_equal(fixture_number(on.conninfo, sql), 0);
    free(db);
}

/*
 * The snapshot of a source that is written to meanwhile: its rows are older than every change that
 * they do not hold, also one that is committed the moment after. Each row is changed once, the last
 * quarter of them behind the slot, however long it is in coming.
 */
static void test_a_busy_source(void **state)
{
    (void)state;
    struct harness h;
    char sql[600];
    char *out = NULL;
    char *db = shop(
        &h, "busy",
        "CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM "
        "generate_series(1, 20000) i;"
        "CREATE PROCEDURE change() LANGUAGE plpgsql AS $$ BEGIN SET synchronous_commit = off; "
        "FOR i IN 1..20000 LOOP IF i = 15000 THEN WHILE NOT EXISTS (SELECT FROM "
        "pg_replication_slots "
        "WHERE database = current_database() AND confirmed_flush_lsn IS NOT NULL) LOOP COMMIT; "
        "PERFORM pg_sleep(0.001); END LOOP; END IF; UPDATE t SET v = 1 WHERE id = i; COMMIT; "
        "END LOOP; END $$");
    pid_t writer = fork();
    if (writer == 0) {
        source_run(db, "CALL change()");
        _exit(0);
    }
    int code = HARNESS_RUN(&h, &out, "batch");
    int status = 1;
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_int_equal(status, 0);
    free(out);
    code = HARNESS_RUN(&h, &out, "batch");
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM raw.%s_busy_public_t r JOIN raw.%s_busy_public_t u ON "
                   "u.after_id = r.after_id AND u.op = 'u' WHERE r.op = 'r'",
                   on.prefix, on.prefix);
    assert_true(fixture_number(on.conninfo, sql) > 0);
    (void)snprintf(sql + strlen(sql), sizeof sql - strlen(sql),
                   " AND r.source_ts_us >= u.source_ts_us");
    assert_int_equal(fixture_number(on.conninfo, sql), 0);
    run_ok(&h, "batch", code, out);
    free(db);
}

/* Rows that went while there was no slot have no delete; the tables that are read again begin with
 * a truncate, and the model follows it: now, and as it was. */
static void test_slot_that_was_gone(void **state)
{
    (void)state;
    struct harness h;
    char name[64];
    char text[1000];
    char *out = NULL;
    char *db = shop(&h, "gap",
                    "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' || i "
                    "FROM generate_series(1, 50) i");
    (void)snprintf(name, sizeof name, "%s_gap", on.prefix);
    harness_init_on(&h, name, db, on.odbc, on.dialect,
                    "load: {batch_ms: 300}\nmodel: model.yaml\nconnectors: connectors/\n");
    (void)snprintf(text, sizeof text,
                   "{\"name\":\"gap-source\",\"config\":{\"connector.class\":\"io.debezium."
                   "connector.postgresql.PostgresConnector\",\"topic.prefix\":\"%s\","
                   "\"slot.name\":\"%s\",\"publication.name\":\"%s\",\"snapshot.mode\":"
                   "\"when_needed\"}}",
                   name, name, name);
    harness_connector(&h, "source", text);
    (void)snprintf(text, sizeof text,
                   "{\"name\":\"gap-sink\",\"config\":{\"connector.class\":\"io.confluent."
                   "vertica.VerticaSinkConnector\",\"topics\":\"%s.public.t\",\"auto.create\":"
                   "\"true\"}}",
                   name);
    harness_connector(&h, "sink", text);
    int code = HARNESS_RUN(&h, &out, "batch");
    run_ok(&h, "batch", code, out);
    (void)snprintf(
        text, sizeof text,
        "SELECT pg_drop_replication_slot('%s'); DELETE FROM t WHERE id %% 2 = 0; UPDATE t "
        "SET v = 'w' WHERE id < 10; INSERT INTO t VALUES (51, 'new')",
        name);
    source_run(db, text);
    code = HARNESS_RUN(&h, &out, "batch");
    run_ok(&h, "the batch after the loss", code, out);
    (void)snprintf(text, sizeof text, "SELECT count(*) FROM dwh_%s.t_latest", name);
    assert_int_equal(fixture_number(on.conninfo, text), 26);
    (void)snprintf(text, sizeof text,
                   "SELECT count(*) FROM raw.%s_public_t WHERE op = 't' AND source_lsn < (SELECT "
                   "max(source_lsn) FROM raw.%s_public_t WHERE op = 'r')",
                   name, name);
    assert_int_equal(fixture_number(on.conninfo, text), 1);
    source_run(db, "INSERT INTO t VALUES (2, 'again'); DELETE FROM t WHERE id = 1");
    code = HARNESS_RUN(&h, &out, "batch");
    run_ok(&h, "the batch behind it", code, out);
    free(db);
}

/* A sink by another name would load the topic a second time into the same table. */
static void test_a_second_sink_is_refused(void **state)
{
    (void)state;
    struct harness h;
    char name[64];
    char json[500];
    char sql[200];
    char *out = NULL;
    char *db = shop(&h, "twice",
                    "CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' || i "
                    "FROM generate_series(1, 20) i");
    int code = HARNESS_RUN(&h, &out, "batch");
    run_ok(&h, "batch", code, out);
    (void)snprintf(name, sizeof name, "%s_twice", on.prefix);
    harness_init_on(&h, name, db, on.odbc, on.dialect, "connectors: [connectors]\n");
    (void)snprintf(name, sizeof name, "%s_twice-source", on.prefix);
    (void)snprintf(json, sizeof json,
                   "{\"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\", "
                   "\"topic.prefix\": \"%s_twice\", \"slot.name\": \"%s_twice\", "
                   "\"publication.name\": \"%s_twice\"}",
                   on.prefix, on.prefix, on.prefix);
    harness_connector(&h, name, json);
    (void)snprintf(json, sizeof json,
                   "{\"connector.class\": \"io.confluent.connect.jdbc.JdbcSinkConnector\", "
                   "\"topics.regex\": \"%s_twice[.]public[.].*\", \"auto.create\": \"true\", "
                   "\"auto.evolve\": \"true\"}",
                   on.prefix);
    harness_connector(&h, "another-name", json);
    code = HARNESS_RUN(&h, &out, "batch");
    (void)snprintf(sql, sizeof sql, "loaded by the connector %s_twice-sink", on.prefix);
    if (code == 0 || !strstr(out, sql))
        (void)fprintf(stderr, "%s\n", out);
    assert_true(code != 0);
    assert_non_null(strstr(out, sql));
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM raw.%s_twice_public_t", on.prefix);
    assert_int_equal(fixture_number(on.conninfo, sql), 20);
    free(out);
    free(db);
}

/* An entity that raw cannot fill fails the run, with its line; the others are loaded. Rows of raw
 * without a key are told. */
static void test_a_misfit_fails_the_run(void **state)
{
    (void)state;
    struct harness h;
    char sql[800];
    char *out = NULL;
    char *db = shop(&h, "misfit",
                    "CREATE TABLE good (id int PRIMARY KEY, v text); INSERT INTO good VALUES (1, "
                    "'a'); CREATE TABLE wrong (id int PRIMARY KEY, v text); INSERT INTO wrong "
                    "VALUES (1, 'b')");
    (void)snprintf(sql, sizeof sql,
                   "sed -i '/wrong:/,$ s/^      v: text$/      v: boolean/' %s/model.yaml", h.dir);
    assert_int_equal(system(sql), 0);
    int code = HARNESS_RUN(&h, &out, "batch");
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM dwh_%s_misfit.good_latest", on.prefix);
    char *rows = fixture_sql(on.conninfo, sql);
    if (code != 1 || !strstr(out, "entity wrong: attribute `v` is boolean, and") ||
        strcmp(rows, "1") != 0)
        fail_msg("exit code %d, %s rows\n%s", code, rows, out);
    free(rows);
    free(out);
    (void)snprintf(sql, sizeof sql, "sed -i 's/v: boolean/v: text/' %s/model.yaml", h.dir);
    assert_int_equal(system(sql), 0);
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO raw.%s_misfit_public_wrong (op, _batch, _partition, _offset) "
                   "VALUES ('c', 1, 0, 9999)",
                   on.prefix);
    free(fixture_sql(on.conninfo, sql));
    code = HARNESS_RUN(&h, &out, "batch");
    if ((code != 0 && code != 4) || !strstr(out, "wrong: 1 row of raw in batches "))
        fail_msg("exit code %d\n%s", code, out); /* verify may mind the row */
    free(out);
    free(db);
}

#define REFRESH_CASES                                                                              \
    cmocka_unit_test(test_infer_batch_verify), cmocka_unit_test(test_verify_sees_dwh),             \
        cmocka_unit_test(test_batches_never_go_back),                                              \
        cmocka_unit_test(test_a_second_sink_is_refused), cmocka_unit_test(test_a_busy_source),     \
        cmocka_unit_test(test_slot_that_was_gone), cmocka_unit_test(test_a_misfit_fails_the_run),  \
        cmocka_unit_test(test_engine_keeps_it_fresh)

#endif
