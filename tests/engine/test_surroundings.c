/*
 * Mistakes around us: rights, passwords, servers that are not set up for this, slots and
 * publications that are not ours or were tampered with. Each is told in words that name it and say
 * what to do, with the right exit code; nothing is skipped or begun anew in silence.
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

enum { WAIT_S = 30, VERIFY_S = 60 };
enum { DONE, FAILED, USAGE, CONNECT, DIFFER };

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

static char *fresh(const char *name)
{
    char *db = strdup(fixture_database(name));
    run_sql(db, "CREATE TABLE items (id int PRIMARY KEY, v text); INSERT INTO items SELECT i, 'v' "
                "FROM generate_series(1, 100) i");
    return db;
}

/* The output has all these words ("a|b|c"), and no password. */
static void check_words(const char *output, const char *words)
{
    char *copy = strdup(words);
    char *save;
    for (char *w = strtok_r(copy, "|", &save); w; w = strtok_r(NULL, "|", &save))
        if (!strstr(output, w))
            fail_msg("nothing says `%s`:\n%s", w, output);
    free(copy);
    if (strstr(output, "s3cret"))
        fail_msg("the password is shown:\n%s", output);
}

static void expect_batch(const struct harness *h, int code, const char *words)
{
    char *out = NULL;
    int got = HARNESS_RUN(h, &out, "batch", "--timeout", "5");
    if (got != code)
        fail_msg("exit code %d, not %d:\n%s", got, code, out);
    check_words(out, words);
    free(out);
}

static char *as_user(const char *conninfo, const char *user)
{
    char *out;
    assert_true(asprintf(&out, "%s user=%s password=s3cret", conninfo, user) > 0);
    return out;
}

/* Asks for this user's password from now on. */
static void ask_password(const char *conninfo, const char *user)
{
    char *path = fixture_sql(conninfo, "SHOW hba_file");
    FILE *f = fopen(path, "r+");
    char *rest = NULL;
    size_t cap = 0;
    assert_non_null(f);
    assert_true(getdelim(&rest, &cap, '\0', f) > 0);
    rewind(f);
    assert_true(fprintf(f, "host all %s 127.0.0.1/32 scram-sha-256\n%s", user, rest) > 0);
    assert_int_equal(fclose(f), 0);
    free(rest);
    free(path);
    run_sql(conninfo, "SELECT pg_reload_conf()");
}

static void test_wrong_password(void **state)
{
    (void)state;
    struct harness h;
    char *db = fresh("e_password");
    run_sql(db, "CREATE ROLE locked SUPERUSER LOGIN PASSWORD 'right'");
    run_sql(fixture_warehouse_conninfo(), "CREATE ROLE locked SUPERUSER LOGIN PASSWORD 'right'");
    ask_password(db, "locked");
    ask_password(fixture_warehouse_conninfo(), "locked");
    char *wrong = as_user(db, "locked");
    harness_init(&h, "e_password", wrong, NULL);
    expect_batch(&h, CONNECT,
                 "locked|password authentication failed|password and database come from");
    free(wrong);
    char *odbc;
    assert_true(asprintf(&odbc, "UID=locked;PWD=s3cret;%s", fixture_odbc()) > 0);
    char *old = strstr(odbc + 4, "UID=");
    assert_non_null(old);
    memcpy(old, "Xid=", 4); /* the first one counts no more than the last: leave one */
    harness_init_on(&h, "e_password", db, odbc, "postgresql", NULL);
    expect_batch(&h, CONNECT,
                 "warehouse|password authentication failed|password and database come from");
    free(odbc);
    free(db);
}

static void test_rights_at_the_source(void **state)
{
    (void)state;
    struct harness h;
    char *db = fresh("e_rights");
    run_sql(db, "CREATE ROLE plain LOGIN; GRANT SELECT ON items TO plain; CREATE ROLE blind LOGIN "
                "REPLICATION; CREATE PUBLICATION e_rights FOR ALL TABLES");
    char *user = as_user(db, "plain");
    harness_init(&h, "e_rights", user, NULL);
    expect_batch(&h, USAGE, "plain|REPLICATION");
    free(user);
    user = as_user(db, "blind");
    harness_init(&h, "e_rights", user, NULL);
    expect_batch(&h, FAILED, "items|permission denied");
    free(user);
    run_sql(db, "DROP PUBLICATION e_rights; GRANT SELECT ON items TO blind");
    user = as_user(db, "blind");
    harness_init(&h, "e_rights", user, NULL);
    expect_batch(
        &h, USAGE,
        "publication|e_rights|superuser|GRANT CREATE ON DATABASE \"e_rights\" TO \"blind\"");
    free(user);
    free(db);
}

/* Who owns the tables gets a publication of them where one of all is a superuser's: told once, and
 * kept up to date. */
static void test_publication_of_the_owner(void **state)
{
    (void)state;
    struct harness h;
    char *out = NULL;
    char *db = fresh("e_owner");
    run_sql(db,
            "CREATE ROLE owner LOGIN REPLICATION; ALTER TABLE items OWNER TO owner; GRANT ALL ON "
            "SCHEMA public TO owner");
    char *user = as_user(db, "owner");
    harness_init(&h, "e_owner", user, NULL);
    /* the error names the statement that cures it: word for word */
    static const char cure[] = "GRANT CREATE ON DATABASE \"e_owner\" TO \"owner\"";
    expect_batch(&h, USAGE, cure);
    run_sql(db, cure);
    assert_int_equal(HARNESS_RUN(&h, &out, "batch", "--timeout", "5"), DONE);
    check_words(out, "publication \"e_owner\"|only a superuser|all tables are the same");
    free(out);
    run_sql(user, "CREATE TABLE later (id int PRIMARY KEY)");
    assert_int_equal(HARNESS_RUN(&h, &out, "batch", "--timeout", "5"), DONE);
    if (strstr(out, "only a superuser"))
        fail_msg("it is told twice:\n%s", out);
    check_words(out, "\"public\".\"later\"");
    free(out);
    run_sql(user, "INSERT INTO later VALUES (1); UPDATE items SET v = 'w'");
    assert_int_equal(HARNESS_RUN(&h, &out, "batch", "--timeout", "5"), DONE);
    check_words(out, "public.later|all tables are the same");
    free(out);
    /* one that somebody else made is left as it is */
    run_sql(user,
            "COMMENT ON PUBLICATION e_owner IS NULL; CREATE TABLE apart (id int PRIMARY KEY)");
    assert_int_equal(HARNESS_RUN(&h, &out, "batch", "--timeout", "5"), DONE);
    free(out);
    assert_int_equal(fixture_number(db, "SELECT count(*) FROM pg_publication_tables"), 2);
    free(user);
    free(db);
}

/* The server is not set up for logical replication. (First: no slot is there yet.) */
static void test_wal_level(void **state)
{
    (void)state;
    struct harness h;
    char *db = fresh("e_wal");
    run_sql(db, "ALTER SYSTEM SET wal_level = replica");
    fixture_server_stop(FIXTURE_PRIMARY);
    fixture_server_start(FIXTURE_PRIMARY);
    harness_init(&h, "e_wal", db, NULL);
    expect_batch(&h, USAGE, "wal_level|logical");
    run_sql(db, "ALTER SYSTEM RESET wal_level");
    fixture_server_stop(FIXTURE_PRIMARY);
    fixture_server_start(FIXTURE_PRIMARY);
    expect_batch(&h, DONE, "same");
    free(db);
}

static void test_publication_and_slot(void **state)
{
    (void)state;
    struct harness h;
    char *db = fresh("e_slot");
    harness_init(&h, "e_slot", db, "connectors: [connectors]\n");
    harness_connector(&h, "e-source",
                      "{\"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\""
                      ", \"topic.prefix\": \"e_slot\", \"slot.name\": \"e_slot\", "
                      "\"publication.name\": \"e_none\", \"publication.autocreate.mode\": "
                      "\"disabled\"}");
    harness_connector(&h, "e-sink",
                      "{\"connector.class\": \"io.confluent.vertica.VerticaSinkConnector\", "
                      "\"topics.regex\": \"e_slot[.].*\", \"auto.create\": \"true\"}");
    expect_batch(&h, USAGE, "no publication|e_none|publication.autocreate.mode");
    run_sql(db, "CREATE PUBLICATION e_none FOR ALL TABLES");
    run_sql(db, "SELECT pg_create_logical_replication_slot('e_slot', 'test_decoding')");
    expect_batch(&h, USAGE, "slot e_slot|test_decoding|pgoutput");
    run_sql(db, "SELECT pg_drop_replication_slot('e_slot')");
    char *other = strdup(fixture_database("e_other"));
    run_sql(other, "SELECT pg_create_logical_replication_slot('e_slot', 'pgoutput')");
    expect_batch(&h, USAGE, "slot e_slot|belongs to database e_other");
    run_sql(other, "SELECT pg_drop_replication_slot('e_slot')");
    free(other);
    expect_batch(&h, DONE, "same");
    harness_connector(&h, "e-source",
                      "{\"connector.class\": \"io.debezium.connector.postgresql.PostgresConnector\""
                      ", \"topic.prefix\": \"e_slot\", \"slot.name\": \"e_slot\", "
                      "\"publication.name\": \"e_none\", \"table.include.list\": "
                      "\"public[.]nothing\"}");
    expect_batch(&h, USAGE, "no table|include");
    free(db);
}

/* A slot that somebody moved, dropped, or made anew: changes are gone, and that is said. */
static void test_slot_was_moved(void **state)
{
    (void)state;
    struct harness h;
    char *db = fresh("e_moved");
    harness_init(&h, "e_moved", db, NULL);
    expect_batch(&h, DONE, "same");
    run_sql(db, "UPDATE items SET v = 'lost'");
    run_sql(db, "SELECT pg_replication_slot_advance('e_moved', pg_current_wal_lsn())");
    expect_batch(&h, FAILED, "slot e_moved|moved|changes between the two are gone");
    /* the engine says it too, and stays up for the others */
    harness_engine_start(&h);
    connector_wait(&h, "e_moved-source", "FAILED", WAIT_S);
    char *why = connector_text(&h, "e_moved-source", "last_error");
    check_words(why, "slot e_moved|stored position");
    free(why);
    (void)harness_engine_end(&h, SIGTERM);
    run_sql(db, "SELECT pg_drop_replication_slot('e_moved')");
    expect_batch(&h, FAILED, "slot e_moved is gone|snapshot.mode=when_needed");
    run_sql(db, "SELECT pg_create_logical_replication_slot('e_moved', 'pgoutput')");
    expect_batch(&h, FAILED, "slot e_moved|made it anew");
    free(db);
}

static void test_slot_was_lost(void **state)
{
    (void)state;
    struct harness h;
    char *db = fresh("e_lost");
    harness_init(&h, "e_lost", db, NULL);
    expect_batch(&h, DONE, "same");
    run_sql(db, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
    run_sql(db, "SELECT pg_reload_conf()");
    for (int i = 0; i < 4; i++) {
        run_sql(db, "UPDATE items SET v = v || 'x'");
        run_sql(db, "SELECT pg_switch_wal()");
    }
    run_sql(db, "CHECKPOINT");
    fixture_wait_sql(db, "SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'e_lost'",
                     "lost", WAIT_S);
    expect_batch(&h, FAILED, "slot e_lost|lost|max_slot_wal_keep_size");
    run_sql(db, "ALTER SYSTEM RESET max_slot_wal_keep_size");
    run_sql(db, "SELECT pg_reload_conf()");
    free(db);
}

/* PostgreSQL refuses updates of a published table whose rows it cannot name: we say which. */
static void test_no_replica_identity(void **state)
{
    (void)state;
    struct harness h;
    char *db = fresh("e_identity");
    run_sql(db, "CREATE TABLE nameless (a int); INSERT INTO nameless VALUES (1), (1)");
    harness_init(&h, "e_identity", db, NULL);
    expect_batch(&h, DONE, "public.nameless|REPLICA IDENTITY FULL");
    free(db);
}

static void test_rights_in_the_warehouse(void **state)
{
    (void)state;
    struct harness h;
    char *db = fresh("e_wh");
    char *odbc;
    run_sql(fixture_warehouse_conninfo(), "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA raw TO "
                                          "reader");
    assert_true(asprintf(&odbc, "%s", fixture_odbc()) > 0);
    char *uid = strstr(odbc, "UID=");
    assert_non_null(uid);
    char *mine;
    assert_true(
        asprintf(&mine, "%.*sUID=reader%s", (int)(uid - odbc), odbc, uid + strcspn(uid, ";")) > 0);
    harness_init_on(&h, "e_wh", db, mine, "postgresql", NULL);
    expect_batch(&h, FAILED, "permission denied");
    free(mine);
    free(odbc);
    free(db);
}

/* One engine a state directory. */
static void test_two_engines(void **state)
{
    (void)state;
    struct harness h;
    char *db = fresh("e_two");
    harness_init(&h, "e_two", db, NULL);
    harness_engine_start(&h);
    harness_verify(&h, VERIFY_S);
    expect_batch(&h, FAILED, "already runs|pid");
    (void)harness_engine_end(&h, SIGTERM);
    free(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wal_level),
        cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_rights_at_the_source),
        cmocka_unit_test(test_publication_of_the_owner),
        cmocka_unit_test(test_publication_and_slot),
        cmocka_unit_test(test_slot_was_moved),
        cmocka_unit_test(test_slot_was_lost),
        cmocka_unit_test(test_no_replica_identity),
        cmocka_unit_test(test_rights_in_the_warehouse),
        cmocka_unit_test(test_two_engines),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
