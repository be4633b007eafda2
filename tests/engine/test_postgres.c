/*
 * The replication connection and the decoder against a real PostgreSQL: each test has a database of
 * its own, writes SQL, and reads the changes as text, one transaction a time.
 *
 *   "I t(1,a)"  "U t(1,b)"  "U t K(1,~)>(2,b)"  "U t O(1,a)>(1,b)"  "D t K(1,~)"  "T t,u"  "M p=c"
 * with ~ for NULL, ? for an unchanged TOAST value that is not known, <n> for n bytes of text.
 */
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
#include "backend/postgres/pgoutput.h"
#include "backend/postgres/replication.h"
#include "backend/postgres/source.h"
#include "tests/fixture/fixture.h"

enum { PATIENCE_S = 30, SECOND_US = 1000 * 1000, LONG_TEXT = 40, CONNINFO_MAX = 512 };

struct stream {
    char conninfo[CONNINFO_MAX];
    char slot[64];
    struct source *source;
    struct replication *r;
    struct pgoutput *d;
    struct buf text; /* the transaction read last */
    uint64_t end;    /* its end LSN */
    char relation[512];
    struct errbuf e;
};

static void check(enum err rc, const struct errbuf *e)
{
    if (rc != ERR_OK)
        fail_msg("%s: %s", err_word(rc), e->text);
}

static void sql(const struct stream *st, const char *text)
{
    free(fixture_sql(st->conninfo, text));
}

/* A database with this schema, a publication of all its tables, a slot, and a started stream. */
static struct stream *stream_prepare(const char *name, const char *schema)
{
    struct stream *st = calloc(1, sizeof *st);
    assert_non_null(st);
    (void)snprintf(st->conninfo, sizeof st->conninfo, "%s", fixture_database(name));
    (void)snprintf(st->slot, sizeof st->slot, "%s", name);
    buf_init(&st->text, 0);
    sql(st, schema);
    check(source_open(st->conninfo, &st->source, &st->e), &st->e);
    check(source_publication_ensure(st->source, "Pub \"1\"", "all_tables", NULL, &st->e), &st->e);
    return st;
}

static void stream_connect(struct stream *st)
{
    check(replication_open(st->conninfo, &st->r, &st->e), &st->e);
    st->d = pgoutput_create(source_resolve, st->source);
    assert_non_null(st->d);
}

static struct stream *stream_open(const char *name, const char *schema)
{
    struct stream *st = stream_prepare(name, schema);
    uint64_t lsn;
    char snapshot[64];
    stream_connect(st);
    check(replication_create_slot(st->r, st->slot, false, &lsn, snapshot, sizeof snapshot, &st->e),
          &st->e);
    check(replication_start(st->r, st->slot, "Pub \"1\"", lsn, &st->e), &st->e);
    return st;
}

/* And waits until the server has noticed, so that the slot is free. */
static void stream_disconnect(struct stream *st)
{
    char active[160];
    replication_close(st->r);
    (void)snprintf(active, sizeof active,
                   "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '%s' AND active",
                   st->slot);
    fixture_wait_sql(st->conninfo, active, "0", PATIENCE_S);
    pgoutput_destroy(st->d);
    st->r = NULL;
    st->d = NULL;
}

static void stream_close(struct stream *st)
{
    stream_disconnect(st);
    source_close(st->source);
    buf_free(&st->text);
    free(st);
}

static void write_row(struct buf *b, const struct cell *cells, int n)
{
    buf_ch(b, '(');
    for (int i = 0; i < n; i++) {
        if (i)
            buf_ch(b, ',');
        if (cells[i].kind == CELL_NULL)
            buf_ch(b, '~');
        else if (cells[i].kind == CELL_UNCHANGED)
            buf_ch(b, '?');
        else if (cells[i].len > LONG_TEXT)
            buf_printf(b, "<%u>", cells[i].len);
        else
            buf_add(b, cells[i].p, cells[i].len);
    }
    buf_ch(b, ')');
}

/* "schema.name identity a:int4! b:text ..", ! for the key's columns with their places */
static void write_relation(const struct relation *r, char *out, size_t n)
{
    struct buf b;
    buf_init(&b, n - 1);
    buf_printf(&b, "%s.%s %c", r->schema, r->name, r->identity);
    for (int i = 0; i < r->n_columns; i++) {
        const struct column *c = &r->columns[i];
        buf_printf(&b, " %s:%s", c->name, c->type_name);
        if (c->not_null)
            buf_ch(&b, '*');
        if (c->key_pos)
            buf_printf(&b, "!%d", c->key_pos);
    }
    assert_false(buf_failed(&b));
    (void)snprintf(out, n, "%s", buf_cstr(&b));
    buf_free(&b);
}

static void write_message(struct stream *st, const struct pgoutput_message *m)
{
    struct buf *b = &st->text;
    if (m->kind == PGO_BEGIN || m->kind == PGO_COMMIT || m->kind == PGO_OTHER ||
        m->kind == PGO_RELATION)
        return;
    if (b->len)
        buf_ch(b, ' ');
    if (m->kind == PGO_TRUNCATE) {
        buf_lit(b, "T ");
        for (int i = 0; i < m->n_truncated; i++)
            buf_printf(b, "%s%s", i ? "," : "", m->truncated[i]->name);
        return;
    }
    if (m->kind == PGO_MESSAGE) {
        buf_printf(b, "M %s=%.*s", m->message_prefix, (int)m->message_len, m->message);
        return;
    }
    write_relation(m->relation, st->relation, sizeof st->relation);
    buf_printf(b, "%c %s",
               m->kind == PGO_INSERT   ? 'I'
               : m->kind == PGO_UPDATE ? 'U'
                                       : 'D',
               m->relation->name);
    if (m->before) {
        buf_printf(b, " %c", m->before_is_key ? 'K' : 'O');
        write_row(b, m->before, m->relation->n_columns);
        if (m->after)
            buf_ch(b, '>');
    }
    if (m->after)
        write_row(b, m->after, m->relation->n_columns);
}

/* The next message; an empty line is waited out, up to the patience. */
static void next_message(struct stream *st, struct pgoutput_message *m)
{
    struct replication_data data;
    int64_t deadline = clock_mono_us() + (int64_t)PATIENCE_S * SECOND_US;
    enum err rc;
    do
        rc = replication_receive(st->r, SECOND_US, &data, &st->e);
    while (rc == ERR_TIMEOUT && clock_mono_us() < deadline);
    check(rc, &st->e);
    check(pgoutput_decode(st->d, data.p, data.n, m, &st->e), &st->e);
}

/* The next transaction that has changes (DDL alone comes as an empty one or not at all). */
static const char *next_transaction(struct stream *st)
{
    struct pgoutput_message m;
    buf_clear(&st->text);
    do {
        next_message(st, &m);
        write_message(st, &m);
    } while (m.kind != PGO_COMMIT || !st->text.len);
    st->end = m.end_lsn;
    return buf_cstr(&st->text);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void test_identities(void **state)
{
    (void)state;
    struct stream *st = stream_open(
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

    sql(st, "INSERT INTO def VALUES (1, 'a'), (2, NULL);"
            "UPDATE def SET v = 'b' WHERE id = 1; UPDATE def SET id = 3 WHERE id = 1;"
            "DELETE FROM def WHERE id = 3");
    assert_string_equal(next_transaction(st), "I def(1,a) I def(2,~) U def(1,b) "
                                              "U def K(1,~)>(3,b) D def K(3,~)");
    assert_string_equal(st->relation, "public.def d id:int4*!1 v:text");

    sql(st, "INSERT INTO fullid VALUES (1, 'a'); UPDATE fullid SET v = NULL;"
            "DELETE FROM fullid");
    assert_string_equal(next_transaction(st),
                        "I fullid(1,a) U fullid O(1,a)>(1,~) D fullid O(1,~)");
    assert_string_equal(st->relation, "public.fullid f id:int4*!1 v:text");

    sql(st, "INSERT INTO idx VALUES (1, 'c', 2, 9); UPDATE idx SET a = 5;"
            "UPDATE idx SET b = 3; DELETE FROM idx");
    assert_string_equal(next_transaction(st), "I idx(1,c,2,9) U idx(5,c,2,9) "
                                              "U idx K(~,c,2,~)>(5,c,3,9) D idx K(~,c,3,~)");
    assert_string_equal(st->relation, "public.idx i a:int4 code:text*!2 b:int4*!1 id:int4*");

    sql(st, "INSERT INTO nothing VALUES (1, 'a')");
    assert_string_equal(next_transaction(st), "I nothing(1,a)");
    assert_string_equal(st->relation, "public.nothing n id:int4*!1 v:text");
    sql(st, "INSERT INTO keyless VALUES ('x')");
    assert_string_equal(next_transaction(st), "I keyless(x)");
    assert_string_equal(st->relation, "public.keyless d v:text");
    sql(st, "INSERT INTO keylessfull VALUES ('x'); UPDATE keylessfull SET v = 'y';"
            "DELETE FROM keylessfull");
    assert_string_equal(next_transaction(st),
                        "I keylessfull(x) U keylessfull O(x)>(y) D keylessfull O(y)");
    assert_string_equal(st->relation, "public.keylessfull f v:text");
    sql(st, "INSERT INTO pair VALUES ('x', 1, 'v', 2)");
    assert_string_equal(next_transaction(st), "I pair(x,1,v,2)");
    assert_string_equal(st->relation, "public.pair d x:text b:int4*!2 v:text a:int4*!1");
    stream_close(st);
}

static void test_unchanged_toast(void **state)
{
    (void)state;
    struct stream *st =
        stream_open("toast", "CREATE TABLE def (id int PRIMARY KEY, n int, big text);"
                             "ALTER TABLE def ALTER big SET STORAGE EXTERNAL;"
                             "CREATE TABLE fullid (id int PRIMARY KEY, n int, big text);"
                             "ALTER TABLE fullid ALTER big SET STORAGE EXTERNAL;"
                             "ALTER TABLE fullid REPLICA IDENTITY FULL;");
    sql(st, "INSERT INTO def VALUES (1, 1, repeat('x', 10000)); UPDATE def SET n = 2;"
            "UPDATE def SET big = NULL");
    assert_string_equal(next_transaction(st), "I def(1,1,<10000>) U def(1,2,?) U def(1,2,~)");
    sql(st, "INSERT INTO fullid VALUES (1, 1, repeat('x', 10000)); UPDATE fullid SET n = 2;"
            "UPDATE fullid SET big = NULL; UPDATE fullid SET n = 3");
    assert_string_equal(next_transaction(st),
                        "I fullid(1,1,<10000>) U fullid O(1,1,<10000>)>(1,2,<10000>) "
                        "U fullid O(1,2,<10000>)>(1,2,~) U fullid O(1,2,~)>(1,3,~)");
    stream_close(st);
}

static void test_truncate_and_message(void **state)
{
    (void)state;
    struct stream *st =
        stream_open("truncate", "CREATE TABLE a (id int PRIMARY KEY);"
                                "CREATE TABLE b (id int PRIMARY KEY REFERENCES a);");
    sql(st, "TRUNCATE a, b");
    assert_string_equal(next_transaction(st), "T a,b");
    check(source_emit_message(st->source, "flightdeck", "it's \"Имя\" \\ x", &st->e), &st->e);
    assert_string_equal(next_transaction(st), "M flightdeck=it's \"Имя\" \\ x");
    sql(st, "BEGIN; INSERT INTO a VALUES (1);"
            "SELECT pg_logical_emit_message(true, 'p', 'kept');"
            "COMMIT;"
            "BEGIN; SELECT pg_logical_emit_message(true, 'p', 'rolled back'); ROLLBACK;"
            "INSERT INTO a VALUES (2)");
    assert_string_equal(next_transaction(st), "I a(1) M p=kept");
    assert_string_equal(next_transaction(st), "I a(2)");
    stream_close(st);
}

static void test_partitioned(void **state)
{
    (void)state;
    struct stream *st = stream_open(
        "partitioned", "CREATE TABLE m (id int, at date, v text, PRIMARY KEY (id, at))"
                       " PARTITION BY RANGE (at);"
                       "CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2026-01-01') TO "
                       "('2026-02-01');"
                       "CREATE TABLE m2 (v text, at date NOT NULL, gone int, id int NOT NULL);"
                       "ALTER TABLE m2 DROP gone;"
                       "ALTER TABLE m ATTACH PARTITION m2 FOR VALUES FROM ('2026-02-01') TO "
                       "('2026-03-01');");
    sql(st, "INSERT INTO m VALUES (1, '2026-01-05', 'a'), (2, '2026-02-05', 'b')");
    assert_string_equal(next_transaction(st), "I m(1,2026-01-05,a) I m(2,2026-02-05,b)");
    assert_string_equal(st->relation, "public.m d id:int4*!1 at:date*!2 v:text");
    sql(st, "UPDATE m SET v = 'c' WHERE id = 2; UPDATE m SET at = '2026-02-07' WHERE id = 1");
    assert_string_equal(next_transaction(st),
                        "U m(2,2026-02-05,c) D m K(1,2026-01-05,~) I m(1,2026-02-07,a)");
    sql(st, "TRUNCATE m");
    assert_string_equal(next_transaction(st), "T m");
    stream_close(st);
}

static void test_odd_names(void **state)
{
    (void)state;
    struct stream *st = stream_open(
        "odd",
        "CREATE SCHEMA \"Схема \"\"1\"\"\"; CREATE SCHEMA \"a.b\";"
        "CREATE TYPE \"a.b\".\"Mood\" AS ENUM ('sad', 'Ок');"
        "CREATE TABLE \"Схема \"\"1\"\"\".\"Таблица.x\" (\"Ключ\" int PRIMARY KEY, \"a\"\"b\" "
        "text, \"select\" \"a.b\".\"Mood\", \" \" text DEFAULT 'it''s');");
    sql(st, "INSERT INTO \"Схема \"\"1\"\"\".\"Таблица.x\" VALUES (1, E'\\t\\\\', 'Ок')");
    assert_string_equal(next_transaction(st), "I Таблица.x(1,\t\\,Ок,it's)");
    assert_string_equal(st->relation,
                        "Схема \"1\".Таблица.x d Ключ:int4*!1 a\"b:text select:Mood  :text");
    stream_close(st);
}

/* ---- a table that changes while its changes wait to be read ---------------------------------- */

static void test_schema_changes(void **state)
{
    (void)state;
    struct stream *st = stream_open(
        "ddl",
        "CREATE TYPE mood AS ENUM ('sad', 'ok');"
        "CREATE DOMAIN price AS numeric(10,2) NOT NULL;"
        "CREATE TABLE t (id int PRIMARY KEY, v text NOT NULL DEFAULT 'x', p price DEFAULT 0);"
        "CREATE TABLE f (id int PRIMARY KEY, v text); ALTER TABLE f REPLICA IDENTITY FULL;"
        "CREATE TABLE gone (id int PRIMARY KEY, m mood);");
    /* All of it is written before anything is read: the catalog is ahead of the WAL. */
    sql(st, "INSERT INTO t VALUES (1, 'a')");
    sql(st, "ALTER TABLE t ADD w int NOT NULL DEFAULT 7");
    sql(st, "INSERT INTO t VALUES (2, 'b')");
    sql(st, "ALTER TABLE t RENAME v TO value");
    sql(st, "INSERT INTO t VALUES (3, 'c')");
    sql(st, "ALTER TABLE t ALTER w TYPE text");
    sql(st, "INSERT INTO t VALUES (4, 'd')");
    sql(st, "ALTER TABLE t DROP p");
    sql(st, "INSERT INTO t VALUES (5, 'e')");
    sql(st, "ALTER TABLE t RENAME TO t2; ALTER TABLE t2 RENAME id TO key");
    sql(st, "INSERT INTO t2 VALUES (6, 'f')");
    sql(st, "INSERT INTO f VALUES (1, 'a')");
    sql(st, "ALTER TABLE f RENAME id TO key; ALTER TABLE f RENAME v TO w");
    sql(st, "INSERT INTO gone VALUES (1, 'ok')");
    sql(st, "DROP TABLE gone; DROP TYPE mood");
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
        assert_string_equal(next_transaction(st), expected[i][0]);
        assert_string_equal(st->relation, expected[i][1]);
    }
    stream_close(st);
}

static void test_text_forms(void **state)
{
    (void)state;
    struct stream *st = stream_open(
        "forms", "CREATE TABLE t (id int PRIMARY KEY, a timestamptz, b date, c interval, d bytea,"
                 " e float8, f float4, g money, h timestamp);"
                 "ALTER DATABASE forms SET datestyle = 'German'; "
                 "ALTER DATABASE forms SET timezone = 'Asia/Tokyo';"
                 "ALTER DATABASE forms SET intervalstyle = 'iso_8601';"
                 "ALTER DATABASE forms SET bytea_output = 'escape';"
                 "ALTER DATABASE forms SET extra_float_digits = -10;"
                 "ALTER DATABASE forms SET lc_monetary = 'C.UTF-8';"
                 "ALTER DATABASE forms SET statement_timeout = '1h';");
    stream_disconnect(st); /* a session has the settings of its beginning */
    source_close(st->source);
    check(source_open(st->conninfo, &st->source, &st->e), &st->e);
    stream_connect(st);
    check(replication_start(st->r, st->slot, "Pub \"1\"", 0, &st->e), &st->e);
    sql(st, "INSERT INTO t VALUES (1, '2026-11-24 12:04:31.123456+03', '2026-11-24',"
            " '1 year 2 days 03:04:05.6', '\\x00ff5c', 0.1::float8 + 0.2, 0.1, 1234.5,"
            " '2026-11-24 12:04:31')");
    static const char want[] =
        "(1,2026-11-24 09:04:31.123456+00,2026-11-24,1 year 2 days 03:04:05.6,\\x00ff5c,"
        "0.30000000000000004,0.1,$1,234.50,2026-11-24 12:04:31)";
    char event[sizeof want + 8];
    (void)snprintf(event, sizeof event, "I t%s", want);
    assert_string_equal(next_transaction(st), event);
    stream_close(st);
}

/* ---- position -------------------------------------------------------------------------------- */

static void test_confirm_and_resume(void **state)
{
    (void)state;
    struct stream *st = stream_open("resume", "CREATE TABLE t (id int PRIMARY KEY);");
    sql(st, "INSERT INTO t VALUES (1)");
    sql(st, "INSERT INTO t VALUES (2)");
    assert_string_equal(next_transaction(st), "I t(1)");
    uint64_t first = st->end;
    replication_confirm(st->r, first);
    replication_confirm(st->r, first - 1); /* never moves back */
    assert_string_equal(next_transaction(st), "I t(2)");
    stream_disconnect(st); /* tells the position */
    stream_connect(st);
    check(replication_start(st->r, st->slot, "Pub \"1\"", 0, &st->e), &st->e);
    assert_string_equal(next_transaction(st), "I t(2)"); /* not confirmed: it comes again */
    struct source_slot slot;
    check(source_slot_get(st->source, st->slot, &slot, &st->e), &st->e);
    assert_true(slot.confirmed_lsn == first);
    assert_true(slot.active);
    stream_close(st);
}

static void test_idle_source_moves_the_slot(void **state)
{
    (void)state;
    struct stream *st = stream_open(
        "idle", "CREATE TABLE t (id int PRIMARY KEY); CREATE UNLOGGED TABLE busy (i int)");
    sql(st, "CREATE TABLE hidden (i int)"); /* of another publication's interest only */
    sql(st, "DROP PUBLICATION \"Pub \"\"1\"\"\"; CREATE PUBLICATION \"Pub \"\"1\"\"\" FOR TABLE t");
    stream_disconnect(st);
    check(source_slot_drop(st->source, st->slot, &st->e), &st->e);
    stream_connect(st);
    uint64_t lsn;
    char snapshot[64];
    check(replication_create_slot(st->r, st->slot, false, &lsn, snapshot, sizeof snapshot, &st->e),
          &st->e);
    check(replication_start(st->r, st->slot, "Pub \"1\"", lsn, &st->e), &st->e);
    sql(st, "INSERT INTO hidden SELECT generate_series(1, 10000)");
    uint64_t goal;
    check(source_wal_lsn(st->source, &goal, &st->e), &st->e);
    int64_t deadline = clock_mono_us() + (int64_t)PATIENCE_S * SECOND_US;
    struct source_slot slot = {0};
    while (slot.confirmed_lsn < goal && clock_mono_us() < deadline) {
        struct replication_data data;
        struct pgoutput_message m;
        enum err rc = replication_receive(st->r, SECOND_US / 10, &data, &st->e);
        if (rc == ERR_TIMEOUT) {
            assert_true(data.wal_end == replication_server_end(st->r));
            replication_confirm(st->r, replication_server_end(st->r));
        } else {
            check(rc, &st->e);
            check(pgoutput_decode(st->d, data.p, data.n, &m, &st->e), &st->e);
            assert_true(m.kind == PGO_BEGIN || m.kind == PGO_COMMIT);
        }
        check(source_slot_get(st->source, st->slot, &slot, &st->e), &st->e);
        /* What the source still writes is its own record keeping. */
    }
    assert_true(slot.confirmed_lsn >= goal);
    assert_string_equal(slot.plugin, "pgoutput");
    assert_string_equal(slot.database, "idle");
    assert_string_equal(slot.wal_status, "reserved");
    stream_close(st);
}

static void test_pending(void **state)
{
    (void)state;
    struct stream *st = stream_open("pending", "CREATE TABLE t (id int PRIMARY KEY);");
    struct pgoutput_message m;
    assert_false(replication_pending(st->r));
    sql(st, "INSERT INTO t SELECT generate_series(1, 1000)");
    next_message(st, &m);
    assert_int_equal(m.kind, PGO_BEGIN);
    int rows = 0;
    int waits = 0;
    while (m.kind != PGO_COMMIT) {
        waits += !replication_pending(st->r);
        next_message(st, &m);
        rows += m.kind == PGO_INSERT;
    }
    assert_int_equal(rows, 1000);
    assert_true(waits < 900);
    assert_false(replication_pending(st->r));
    struct replication_data data;
    assert_int_equal(replication_receive(st->r, 0, &data, &st->e), ERR_TIMEOUT);
    stream_close(st);
}

/* ---- the seam between snapshot and stream ---------------------------------------------------- */

enum { SEAM_IDS_MAX = 200000 };

struct writer {
    char conninfo[CONNINFO_MAX];
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
    struct stream *st = stream_prepare("seam", "CREATE TABLE t (id int PRIMARY KEY);");
    struct writer w = {.goal = 0};
    (void)snprintf(w.conninfo, sizeof w.conninfo, "%s", st->conninfo);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, keep_writing, &w), 0);
    fixture_wait("rows to be written", PATIENCE_S, has_written, &w);

    uint64_t lsn;
    char snapshot[64];
    stream_connect(st);
    check(replication_create_slot(st->r, st->slot, false, &lsn, snapshot, sizeof snapshot, &st->e),
          &st->e);
    assert_int_equal(
        replication_create_slot(st->r, st->slot, false, &lsn, snapshot, sizeof snapshot, &st->e),
        ERR_EXISTS);
    stream_disconnect(st);
    check(source_slot_drop(st->source, st->slot, &st->e), &st->e);
    stream_connect(st);
    check(replication_create_slot(st->r, st->slot, false, &lsn, snapshot, sizeof snapshot, &st->e),
          &st->e);
    check(source_begin_snapshot(st->source, snapshot, &st->e), &st->e);
    struct relation *t;
    check(source_relation(st->source, "public", "t", &t, &st->e), &st->e);
    check(source_copy(st->source, t, NULL, mark_seen, seen, &st->e), &st->e);
    relation_unref(t);
    check(source_end_snapshot(st->source, &st->e), &st->e);
    check(replication_start(st->r, st->slot, "Pub \"1\"", lsn, &st->e), &st->e);
    w.goal = w.written + 200; /* rows that are written after the stream has begun */
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(w.rc, ERR_OK);
    int last = (int)fixture_number(st->conninfo, "SELECT max(id) FROM t");
    for (int id = 0; id != last;) {
        (void)next_transaction(st);
        assert_int_equal(sscanf(st->text.p, "I t(%d)", &id), 1);
        seen[id]++;
    }
    for (int id = 1; id <= last; id++)
        if (seen[id] != 1)
            fail_msg("row %d of %d came %d times", id, last, seen[id]);
    stream_close(st);
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

static void *interrupt_it(void *arg)
{
    replication_interrupt(arg);
    return NULL;
}

static void test_interrupt(void **state)
{
    (void)state;
    struct stream *st = stream_open("interrupt", "CREATE TABLE t (id int PRIMARY KEY);");
    struct replication_data data;
    enum err rc = ERR_OK;
    replication_interrupt(st->r); /* before the wait: it counts, once */
    replication_interrupt(st->r);
    assert_int_equal(replication_receive(st->r, -1, &data, &st->e), ERR_CANCELED);
    while ((rc = replication_receive(st->r, SECOND_US / 10, &data, &st->e)) == ERR_OK)
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
    sql(st, "INSERT INTO t VALUES (1)");
    assert_string_equal(next_transaction(st), "I t(1)"); /* nothing is lost by it */
    stream_close(st);
}

static void test_slot_mistakes(void **state)
{
    (void)state;
    struct stream *st = stream_open("mistakes", "CREATE TABLE t (id int PRIMARY KEY);");
    struct replication *other;
    struct errbuf e;
    check(replication_open(st->conninfo, &other, &e), &e);
    assert_int_equal(replication_start(other, "mistakes", "p", 0, &e), ERR_RETRY);
    assert_non_null(strstr(e.text, "active for PID"));
    assert_int_equal(source_slot_drop(st->source, "mistakes", &e), ERR_RETRY);
    assert_int_equal(replication_start(other, "no such slot", "p", 0, &e), ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "no such slot"));
    assert_int_equal(source_slot_drop(st->source, "no such slot", &e), ERR_NOT_FOUND);
    struct source_slot slot;
    check(source_slot_get(st->source, "no such slot", &slot, &e), &e);
    assert_false(slot.exists);

    free(fixture_sql(st->conninfo, "SELECT pg_create_physical_replication_slot('phys')"));
    assert_int_equal(replication_start(other, "phys", "p", 0, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "physical"));
    check(source_slot_drop(st->source, "phys", &e), &e);
    struct replication_data data;
    assert_int_equal(replication_receive(other, 0, &data, &e), ERR_STATE);
    replication_close(other);
    check(replication_open(fixture_conninfo(), &other, &e), &e);
    assert_int_equal(replication_start(other, "mistakes", "p", 0, &e), ERR_CONFIG);
    assert_non_null(strstr(e.text, "mistakes"));
    replication_close(other);
    stream_close(st);
}

static void test_missing_publication(void **state)
{
    (void)state;
    struct stream *st = stream_open("nopub", "CREATE TABLE t (id int PRIMARY KEY);");
    struct replication_data data;
    sql(st, "DROP PUBLICATION \"Pub \"\"1\"\"\"; INSERT INTO t VALUES (1)");
    enum err rc;
    do
        rc = replication_receive(st->r, SECOND_US, &data, &st->e);
    while (rc == ERR_OK || rc == ERR_TIMEOUT);
    assert_int_equal(rc, ERR_NOT_FOUND);
    assert_string_equal(st->e.sqlstate, "42704");
    assert_non_null(strstr(st->e.text, "must be older"));
    assert_int_equal(replication_receive(st->r, 0, &data, &st->e), ERR_CONNECT); /* it has ended */
    stream_close(st);
}

static void test_sender_timeout(void **state)
{
    (void)state;
    struct stream *st =
        stream_open("timeout", "CREATE TABLE t (id int PRIMARY KEY);"
                               "ALTER DATABASE timeout SET wal_sender_timeout = 800");
    stream_disconnect(st);
    stream_connect(st);
    replication_set_status_interval(st->r, SECOND_US / 5);
    check(replication_start(st->r, st->slot, "Pub \"1\"", 0, &st->e), &st->e);
    /* A caller that takes nothing but keeps talking stays connected well beyond the time-out. */
    int64_t until = clock_mono_us() + 2 * SECOND_US;
    while (clock_mono_us() < until) {
        check(replication_feedback(st->r, &st->e), &st->e);
        assert_int_equal(fixture_number(st->conninfo, "SELECT count(*) FROM pg_replication_slots "
                                                      "WHERE slot_name = 'timeout' AND active"),
                         1);
    }
    /* One that is silent is thrown out, and told so when it comes back. */
    fixture_wait_sql(st->conninfo,
                     "SELECT active FROM pg_replication_slots WHERE slot_name = 'timeout'", "f",
                     PATIENCE_S);
    struct replication_data data;
    enum err rc;
    do
        rc = replication_receive(st->r, SECOND_US, &data, &st->e);
    while (rc == ERR_OK || rc == ERR_TIMEOUT);
    assert_int_equal(rc, ERR_CONNECT);
    stream_close(st);
}

static void test_lost_slot(void **state)
{
    (void)state;
    struct stream *st = stream_open("lost", "CREATE TABLE t (id int PRIMARY KEY);");
    struct replication_data data;
    sql(st, "ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
    sql(st, "SELECT pg_reload_conf()");
    enum err rc;
    int64_t deadline = clock_mono_us() + (int64_t)PATIENCE_S * SECOND_US;
    do { /* a reader that never confirms, until a checkpoint takes its WAL and ends it */
        sql(st, "INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t;"
                "SELECT pg_switch_wal()");
        sql(st, "CHECKPOINT");
        while ((rc = replication_receive(st->r, 0, &data, &st->e)) == ERR_OK)
            ;
    } while (rc == ERR_TIMEOUT && clock_mono_us() < deadline);
    assert_int_equal(rc, ERR_CONNECT);
    stream_disconnect(st);
    struct source_slot slot;
    do
        check(source_slot_get(st->source, "lost", &slot, &st->e), &st->e);
    while (strcmp(slot.wal_status, "lost") != 0 && clock_mono_us() < deadline);
    assert_string_equal(slot.wal_status, "lost");
    stream_connect(st);
    assert_int_equal(replication_start(st->r, "lost", "Pub \"1\"", 0, &st->e), ERR_LOST);
    assert_non_null(strstr(st->e.text, "new snapshot"));
    stream_disconnect(st);
    check(source_slot_drop(st->source, "lost", &st->e), &st->e);
    sql(st, "ALTER SYSTEM RESET max_slot_wal_keep_size");
    sql(st, "SELECT pg_reload_conf()");
    stream_close(st);
}

struct reader {
    struct stream *st;
    enum err rc;
};

/* Reads and, as nothing is in flight, confirms: until it fails. */
static void *read_to_the_end(void *arg)
{
    struct reader *r = arg;
    struct replication_data data;
    do {
        r->rc = replication_receive(r->st->r, 10 * (int64_t)SECOND_US, &data, &r->st->e);
        if (r->rc == ERR_TIMEOUT)
            replication_confirm(r->st->r, replication_server_end(r->st->r));
    } while (r->rc == ERR_OK || r->rc == ERR_TIMEOUT);
    return NULL;
}

/* Each way a server goes: the reader is told in time, and the source connects again by itself. */
static void test_server_goes(void **state)
{
    (void)state;
    struct stream *st = stream_open("goes", "CREATE TABLE t (id int PRIMARY KEY);");
    for (int killed = 0; killed < 2; killed++) {
        struct reader r = {.st = st};
        pthread_t thread;
        sql(st, killed ? "INSERT INTO t VALUES (1)" : "INSERT INTO t VALUES (2)");
        assert_int_equal(pthread_create(&thread, NULL, read_to_the_end, &r), 0);
        int64_t begun = clock_mono_us();
        if (killed)
            fixture_server_kill(FIXTURE_PRIMARY);
        else
            fixture_server_stop(FIXTURE_PRIMARY); /* waits for the reader's position */
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(r.rc, ERR_CONNECT);
        assert_true(clock_mono_us() - begun < (int64_t)PATIENCE_S * SECOND_US);
        struct replication *none;
        struct errbuf e;
        uint64_t lsn;
        assert_int_equal(replication_open(st->conninfo, &none, &e), ERR_CONNECT);
        assert_int_equal(source_wal_lsn(st->source, &lsn, &e), ERR_CONNECT);
        fixture_server_start(FIXTURE_PRIMARY);
        check(source_wal_lsn(st->source, &lsn, &e), &e);
        stream_disconnect(st);
        stream_connect(st);
        check(replication_start(st->r, st->slot, "Pub \"1\"", 0, &st->e), &st->e);
    }
    stream_close(st);
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
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_slot_mistakes),
        cmocka_unit_test(test_missing_publication),
        cmocka_unit_test(test_sender_timeout),
        cmocka_unit_test(test_lost_slot),
        cmocka_unit_test(test_server_goes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
