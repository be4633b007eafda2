/* The replication connection and the decoder against a real PostgreSQL (tests/fixture/feed.h). */
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

/* ---- rows ------------------------------------------------------------------------------------ */

static void test_identities(void **state)
{
    (void)state;
    struct feed *st = feed_open(
        "identities",
        "CREATE TABLE def (id int PRIMARY KEY, v text);"
        "CREATE TABLE fullid (id int PRIMARY KEY, v text); ALTER TABLE fullid REPLICA IDENTITY "
        "FULL;"
        "CREATE TABLE idx (a int, code text NOT NULL, b int NOT NULL, id int PRIMARY KEY);"
        "CREATE UNIQUE INDEX idx_code ON idx (b, code);"
        "ALTER TABLE idx REPLICA IDENTITY USING INDEX idx_code;"
        "CREATE TABLE nothing (id int PRIMARY KEY, v text);"
        "ALTER TABLE nothing REPLICA IDENTITY NOTHING;"
        "CREATE TABLE keyless (v text);"
        "CREATE TABLE keylessfull (v text); ALTER TABLE keylessfull REPLICA IDENTITY FULL;"
        "CREATE TABLE pair (x text, b int, v text, a int, PRIMARY KEY (a, b));");

    feed_sql(st, "INSERT INTO def VALUES (1, 'a'), (2, NULL);"
                 "UPDATE def SET v = 'b' WHERE id = 1; UPDATE def SET id = 3 WHERE id = 1;"
                 "DELETE FROM def WHERE id = 3");
    assert_string_equal(feed_transaction(st), "I def(1,a) I def(2,~) U def(1,b) "
                                              "U def K(1,~)>(3,b) D def K(3,~)");
    assert_string_equal(st->relation, "public.def d id:int4*!1 v:text");

    feed_sql(st, "INSERT INTO fullid VALUES (1, 'a'); UPDATE fullid SET v = NULL;"
                 "DELETE FROM fullid");
    assert_string_equal(feed_transaction(st),
                        "I fullid(1,a) U fullid O(1,a)>(1,~) D fullid O(1,~)");
    assert_string_equal(st->relation, "public.fullid f id:int4*!1 v:text");

    feed_sql(st, "INSERT INTO idx VALUES (1, 'c', 2, 9); UPDATE idx SET a = 5;"
                 "UPDATE idx SET b = 3; DELETE FROM idx");
    assert_string_equal(feed_transaction(st), "I idx(1,c,2,9) U idx(5,c,2,9) "
                                              "U idx K(~,c,2,~)>(5,c,3,9) D idx K(~,c,3,~)");
    assert_string_equal(st->relation, "public.idx i a:int4 code:text*!2 b:int4*!1 id:int4*");

    feed_sql(st, "INSERT INTO nothing VALUES (1, 'a')");
    assert_string_equal(feed_transaction(st), "I nothing(1,a)");
    assert_string_equal(st->relation, "public.nothing n id:int4*!1 v:text");
    feed_sql(st, "INSERT INTO keyless VALUES ('x')");
    assert_string_equal(feed_transaction(st), "I keyless(x)");
    assert_string_equal(st->relation, "public.keyless d v:text");
    feed_sql(st, "INSERT INTO keylessfull VALUES ('x'); UPDATE keylessfull SET v = 'y';"
                 "DELETE FROM keylessfull");
    assert_string_equal(feed_transaction(st),
                        "I keylessfull(x) U keylessfull O(x)>(y) D keylessfull O(y)");
    assert_string_equal(st->relation, "public.keylessfull f v:text");
    feed_sql(st, "INSERT INTO pair VALUES ('x', 1, 'v', 2)");
    assert_string_equal(feed_transaction(st), "I pair(x,1,v,2)");
    assert_string_equal(st->relation, "public.pair d x:text b:int4*!2 v:text a:int4*!1");
    feed_close(st);
}

static void test_unchanged_toast(void **state)
{
    (void)state;
    struct feed *st =
        feed_open("toast", "CREATE TABLE def (id int PRIMARY KEY, n int, big text);"
                           "ALTER TABLE def ALTER big SET STORAGE EXTERNAL;"
                           "CREATE TABLE fullid (id int PRIMARY KEY, n int, big text);"
                           "ALTER TABLE fullid ALTER big SET STORAGE EXTERNAL;"
                           "ALTER TABLE fullid REPLICA IDENTITY FULL;");
    feed_sql(st, "INSERT INTO def VALUES (1, 1, repeat('x', 10000)); UPDATE def SET n = 2;"
                 "UPDATE def SET big = NULL");
    assert_string_equal(feed_transaction(st), "I def(1,1,<10000>) U def(1,2,?) U def(1,2,~)");
    feed_sql(st, "INSERT INTO fullid VALUES (1, 1, repeat('x', 10000)); UPDATE fullid SET n = 2;"
                 "UPDATE fullid SET big = NULL; UPDATE fullid SET n = 3");
    assert_string_equal(feed_transaction(st),
                        "I fullid(1,1,<10000>) U fullid O(1,1,<10000>)>(1,2,<10000>) "
                        "U fullid O(1,2,<10000>)>(1,2,~) U fullid O(1,2,~)>(1,3,~)");
    feed_close(st);
}

static void test_truncate_and_message(void **state)
{
    (void)state;
    struct feed *st = feed_open("truncate", "CREATE TABLE a (id int PRIMARY KEY);"
                                            "CREATE TABLE b (id int PRIMARY KEY REFERENCES a);");
    feed_sql(st, "TRUNCATE a, b");
    assert_string_equal(feed_transaction(st), "T a,b");
    feed_check(source_emit_message(st->source, "flightdeck", "it's \"Имя\" \\ x", &st->e), &st->e);
    assert_string_equal(feed_transaction(st), "M flightdeck=it's \"Имя\" \\ x");
    feed_sql(st, "BEGIN; INSERT INTO a VALUES (1);"
                 "SELECT pg_logical_emit_message(true, 'p', 'kept');"
                 "COMMIT;"
                 "BEGIN; SELECT pg_logical_emit_message(true, 'p', 'rolled back'); ROLLBACK;"
                 "INSERT INTO a VALUES (2)");
    assert_string_equal(feed_transaction(st), "I a(1) M p=kept");
    assert_string_equal(feed_transaction(st), "I a(2)");
    feed_close(st);
}

static void test_partitioned(void **state)
{
    (void)state;
    struct feed *st = feed_open(
        "partitioned", "CREATE TABLE m (id int, at date, v text, PRIMARY KEY (id, at))"
                       " PARTITION BY RANGE (at);"
                       "CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2026-01-01') TO "
                       "('2026-02-01');"
                       "CREATE TABLE m2 (v text, at date NOT NULL, gone int, id int NOT NULL);"
                       "ALTER TABLE m2 DROP gone;"
                       "ALTER TABLE m ATTACH PARTITION m2 FOR VALUES FROM ('2026-02-01') TO "
                       "('2026-03-01');");
    feed_sql(st, "INSERT INTO m VALUES (1, '2026-01-05', 'a'), (2, '2026-02-05', 'b')");
    assert_string_equal(feed_transaction(st), "I m(1,2026-01-05,a) I m(2,2026-02-05,b)");
    assert_string_equal(st->relation, "public.m d id:int4*!1 at:date*!2 v:text");
    feed_sql(st, "UPDATE m SET v = 'c' WHERE id = 2; UPDATE m SET at = '2026-02-07' WHERE id = 1");
    assert_string_equal(feed_transaction(st),
                        "U m(2,2026-02-05,c) D m K(1,2026-01-05,~) I m(1,2026-02-07,a)");
    feed_sql(st, "TRUNCATE m");
    assert_string_equal(feed_transaction(st), "T m");
    feed_close(st);
}

static void test_odd_names(void **state)
{
    (void)state;
    struct feed *st = feed_open(
        "odd",
        "CREATE SCHEMA \"Схема \"\"1\"\"\"; CREATE SCHEMA \"a.b\";"
        "CREATE TYPE \"a.b\".\"Mood\" AS ENUM ('sad', 'Ок');"
        "CREATE TABLE \"Схема \"\"1\"\"\".\"Таблица.x\" (\"Ключ\" int PRIMARY KEY, \"a\"\"b\" "
        "text, \"select\" \"a.b\".\"Mood\", \" \" text DEFAULT 'it''s');");
    feed_sql(st, "INSERT INTO \"Схема \"\"1\"\"\".\"Таблица.x\" VALUES (1, E'\\t\\\\', 'Ок')");
    assert_string_equal(feed_transaction(st), "I Таблица.x(1,\t\\,Ок,it's)");
    assert_string_equal(st->relation,
                        "Схема \"1\".Таблица.x d Ключ:int4*!1 a\"b:text select:Mood  :text");
    feed_close(st);
}

/* ---- a table that changes while its changes wait to be read ---------------------------------- */

static void test_schema_changes(void **state)
{
    (void)state;
    struct feed *st = feed_open(
        "ddl",
        "CREATE TYPE mood AS ENUM ('sad', 'ok');"
        "CREATE DOMAIN price AS numeric(10,2) NOT NULL;"
        "CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL DEFAULT 'x', p price DEFAULT 0);"
        "CREATE TABLE f (id int PRIMARY KEY, v text); ALTER TABLE f REPLICA IDENTITY FULL;"
        "CREATE TABLE gone (id int PRIMARY KEY, m mood);");
    /* All of it is written before anything is read: the catalog is ahead of the WAL. */
    feed_sql(st, "INSERT INTO t VALUES (1, 'a')");
    feed_sql(st, "ALTER TABLE t ADD w int NOT NULL DEFAULT 7");
    feed_sql(st, "INSERT INTO t VALUES (2, 'b')");
    feed_sql(st, "ALTER TABLE t RENAME v TO value");
    feed_sql(st, "INSERT INTO t VALUES (3, 'c')");
    feed_sql(st, "ALTER TABLE t ALTER w TYPE text");
    feed_sql(st, "INSERT INTO t VALUES (4, 'd')");
    feed_sql(st, "ALTER TABLE t DROP p");
    feed_sql(st, "INSERT INTO t VALUES (5, 'e')");
    feed_sql(st, "ALTER TABLE t RENAME TO t2; ALTER TABLE t2 RENAME id TO key");
    feed_sql(st, "INSERT INTO t2 VALUES (6, 'f')");
    feed_sql(st, "INSERT INTO f VALUES (1, 'a')");
    feed_sql(st, "ALTER TABLE f RENAME id TO key; ALTER TABLE f RENAME v TO w");
    feed_sql(st, "INSERT INTO gone VALUES (1, 'ok')");
    feed_sql(st, "DROP TABLE gone; DROP TYPE mood");
    static const char *const expected[][2] = {
        {"I t(1,a,0.00)", "public.t d id:int4!1 v:text p:numeric"},
        {"I t(2,b,0.00,7)", "public.t d id:int4!1 v:text p:numeric w:int4"},
        {"I t(3,c,0.00,7)", "public.t d id:int4!1 value:text* p:numeric w:int4"},
        {"I t(4,d,0.00,7)", "public.t d id:int4!1 value:text* p:numeric w:text*"},
        {"I t(5,e,7)", "public.t d id:int4!1 value:text* w:text*"},
        {"I t2(6,f,7)", "public.t2 d key:int4*!1 value:text* w:text*"},
        {"I f(1,a)", "public.f f id:int4!1 v:text"},
        {"I gone(1,ok)", "public.gone d id:int4!1 m:mood"},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_string_equal(feed_transaction(st), expected[i][0]);
        assert_string_equal(st->relation, expected[i][1]);
    }
    feed_close(st);
}

static void test_text_forms(void **state)
{
    (void)state;
    struct feed *st = feed_open(
        "forms", "CREATE TABLE t (id int PRIMARY KEY, a timestamptz, b date, c interval, d bytea,"
                 " e float8, f float4, g money, h timestamp);"
                 "ALTER DATABASE forms SET datestyle = 'German'; "
                 "ALTER DATABASE forms SET timezone = 'Asia/Tokyo';"
                 "ALTER DATABASE forms SET intervalstyle = 'iso_8601';"
                 "ALTER DATABASE forms SET bytea_output = 'escape';"
                 "ALTER DATABASE forms SET extra_float_digits = -10;"
                 "ALTER DATABASE forms SET lc_monetary = 'C.UTF-8';"
                 "ALTER DATABASE forms SET statement_timeout = '1h';");
    feed_disconnect(st); /* a session has the settings of its beginning */
    source_close(st->source);
    feed_check(source_open(st->conninfo, &st->source, &st->e), &st->e);
    feed_connect(st);
    feed_check(replication_start(st->r, st->slot, FEED_PUBLICATION, 0, &st->e), &st->e);
    feed_sql(st, "INSERT INTO t VALUES (1, '2026-11-24 12:04:31.123456+03', '2026-11-24',"
                 " '1 year 2 days 03:04:05.6', '\\x00ff5c', 0.1::float8 + 0.2, 0.1, 1234.5,"
                 " '2026-11-24 12:04:31')");
    static const char want[] =
        "(1,2026-11-24 09:04:31.123456+00,2026-11-24,1 year 2 days 03:04:05.6,\\x00ff5c,"
        "0.30000000000000004,0.1,$1,234.50,2026-11-24 12:04:31)";
    char event[sizeof want + 8];
    (void)snprintf(event, sizeof event, "I t%s", want);
    assert_string_equal(feed_transaction(st), event);
    feed_close(st);
}

/* ---- position -------------------------------------------------------------------------------- */

static void test_confirm_and_resume(void **state)
{
    (void)state;
    struct feed *st = feed_open("resume", "CREATE TABLE t (id int PRIMARY KEY);");
    feed_sql(st, "INSERT INTO t VALUES (1)");
    feed_sql(st, "INSERT INTO t VALUES (2)");
    assert_string_equal(feed_transaction(st), "I t(1)");
    uint64_t first = st->end;
    replication_confirm(st->r, first);
    replication_confirm(st->r, first - 1); /* never moves back */
    assert_string_equal(feed_transaction(st), "I t(2)");
    feed_disconnect(st); /* tells the position */
    feed_connect(st);
    feed_check(replication_start(st->r, st->slot, FEED_PUBLICATION, 0, &st->e), &st->e);
    assert_string_equal(feed_transaction(st), "I t(2)"); /* not confirmed: it comes again */
    struct source_slot slot;
    feed_check(source_slot_get(st->source, st->slot, &slot, &st->e), &st->e);
    assert_true(slot.confirmed_lsn == first);
    assert_true(slot.active);
    feed_close(st);
}

static void test_idle_source_moves_the_slot(void **state)
{
    (void)state;
    struct feed *st = feed_open(
        "idle", "CREATE TABLE t (id int PRIMARY KEY); CREATE UNLOGGED TABLE busy (i int)");
    feed_sql(st, "CREATE TABLE hidden (i int)"); /* of another publication's interest only */
    feed_sql(
        st, "DROP PUBLICATION \"Pub \"\"1\"\"\"; CREATE PUBLICATION \"Pub \"\"1\"\"\" FOR TABLE t");
    feed_disconnect(st);
    feed_check(source_slot_drop(st->source, st->slot, &st->e), &st->e);
    feed_connect(st);
    uint64_t lsn;
    char snapshot[64];
    feed_check(
        replication_create_slot(st->r, st->slot, false, &lsn, snapshot, sizeof snapshot, &st->e),
        &st->e);
    feed_check(replication_start(st->r, st->slot, FEED_PUBLICATION, lsn, &st->e), &st->e);
    feed_sql(st, "INSERT INTO hidden SELECT generate_series(1, 10000)");
    uint64_t goal;
    feed_check(source_wal_lsn(st->source, &goal, &st->e), &st->e);
    int64_t deadline = clock_mono_us() + (int64_t)FEED_PATIENCE_S * FEED_SECOND_US;
    struct source_slot slot = {0};
    while (slot.confirmed_lsn < goal && clock_mono_us() < deadline) {
        struct replication_data data;
        struct pgoutput_message m;
        enum err rc = replication_receive(st->r, FEED_SECOND_US / 10, &data, &st->e);
        if (rc == ERR_TIMEOUT) {
            assert_true(data.wal_end == replication_server_end(st->r));
            replication_confirm(st->r, replication_server_end(st->r));
        } else {
            feed_check(rc, &st->e);
            feed_check(pgoutput_decode(st->d, data.p, data.n, &m, &st->e), &st->e);
            assert_true(m.kind == PGO_BEGIN || m.kind == PGO_COMMIT);
        }
        feed_check(source_slot_get(st->source, st->slot, &slot, &st->e), &st->e);
        /* What the source still writes is its own record keeping. */
    }
    assert_true(slot.confirmed_lsn >= goal);
    assert_string_equal(slot.plugin, "pgoutput");
    assert_string_equal(slot.database, "idle");
    assert_string_equal(slot.wal_status, "reserved");
    feed_close(st);
}

static void test_pending(void **state)
{
    (void)state;
    struct feed *st = feed_open("pending", "CREATE TABLE t (id int PRIMARY KEY);");
    struct pgoutput_message m;
    assert_false(replication_pending(st->r));
    feed_sql(st, "INSERT INTO t SELECT generate_series(1, 1000)");
    feed_next(st, &m);
    assert_int_equal(m.kind, PGO_BEGIN);
    int rows = 0;
    int waits = 0;
    while (m.kind != PGO_COMMIT) {
        waits += !replication_pending(st->r);
        feed_next(st, &m);
        rows += m.kind == PGO_INSERT;
    }
    assert_int_equal(rows, 1000);
    assert_true(waits < 900);
    assert_false(replication_pending(st->r));
    struct replication_data data;
    assert_int_equal(replication_receive(st->r, 0, &data, &st->e), ERR_TIMEOUT);
    feed_close(st);
}

/* ---- the seam between snapshot and stream ---------------------------------------------------- */

enum { SEAM_IDS_MAX = 200000 };

struct writer {
    char conninfo[FEED_CONNINFO_MAX];
    _Atomic int goal; /* 0: go on */
    _Atomic int written;
    enum err rc;
};

static void *keep_writing(void *arg)
{
    struct writer *w = arg;
    struct source *s;
    w->rc = source_open(w->conninfo, &s, NULL);
    while (w->rc == ERR_OK && w->written < SEAM_IDS_MAX - 1 && (!w->goal || w->written < w->goal)) {
        w->rc = source_query(s, "INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t", 0, NULL,
                             NULL, NULL, NULL);
        if (w->rc == ERR_OK)
            w->written++;
    }
    if (s)
        source_close(s);
    return NULL;
}

static bool has_written(void *arg)
{
    struct writer *w = arg;
    return w->written > 200;
}

static enum err mark_seen(void *arg, const struct cell *cells, int n, struct errbuf *e)
{
    unsigned char *seen = arg;
    char id[16];
    (void)n;
    (void)e;
    (void)snprintf(id, sizeof id, "%.*s", (int)cells[0].len, cells[0].p);
    seen[atoi(id)]++;
    return ERR_OK;
}

static void test_seam(void **state)
{
    (void)state;
    static unsigned char seen[SEAM_IDS_MAX];
    struct feed *st = feed_prepare("seam", "CREATE TABLE t (id int PRIMARY KEY);");
    struct writer w = {.goal = 0};
    (void)snprintf(w.conninfo, sizeof w.conninfo, "%s", st->conninfo);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, keep_writing, &w), 0);
    fixture_wait("rows to be written", FEED_PATIENCE_S, has_written, &w);

    uint64_t lsn;
    char snapshot[64];
    feed_connect(st);
    feed_check(
        replication_create_slot(st->r, st->slot, false, &lsn, snapshot, sizeof snapshot, &st->e),
        &st->e);
    assert_int_equal(
        replication_create_slot(st->r, st->slot, false, &lsn, snapshot, sizeof snapshot, &st->e),
        ERR_EXISTS);
    feed_disconnect(st);
    feed_check(source_slot_drop(st->source, st->slot, &st->e), &st->e);
    feed_connect(st);
    feed_check(
        replication_create_slot(st->r, st->slot, false, &lsn, snapshot, sizeof snapshot, &st->e),
        &st->e);
    feed_check(source_begin_snapshot(st->source, snapshot, &st->e), &st->e);
    struct relation *t;
    feed_check(source_relation(st->source, "public", "t", &t, &st->e), &st->e);
    feed_check(source_copy(st->source, t, NULL, mark_seen, seen, &st->e), &st->e);
    relation_unref(t);
    feed_check(source_end_snapshot(st->source, &st->e), &st->e);
    feed_check(replication_start(st->r, st->slot, FEED_PUBLICATION, lsn, &st->e), &st->e);
    w.goal = w.written + 200; /* rows that are written after the stream has begun */
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(w.rc, ERR_OK);
    int last = (int)fixture_number(st->conninfo, "SELECT max(id) FROM t");
    for (int id = 0; id != last;) {
        (void)feed_transaction(st);
        assert_int_equal(sscanf(st->text.p, "I t(%d)", &id), 1);
        seen[id]++;
    }
    for (int id = 1; id <= last; id++)
        if (seen[id] != 1)
            fail_msg("row %d of %d came %d times", id, last, seen[id]);
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
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_unchanged_toast),
        cmocka_unit_test(test_truncate_and_message),
        cmocka_unit_test(test_partitioned),
        cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_schema_changes),
        cmocka_unit_test(test_text_forms),
        cmocka_unit_test(test_confirm_and_resume),
        cmocka_unit_test(test_idle_source_moves_the_slot),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_seam),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
