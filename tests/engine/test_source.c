/* The SQL connection to the source against a real PostgreSQL: catalog, COPY, publications,
 * snapshots, slots, health, and what goes wrong. */
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
#include "backend/postgres/replication.h"
#include "backend/postgres/source.h"
#include "tests/fixture/fixture.h"

enum { PATIENCE_S = 30, CONNINFO_MAX = 512 };

static char conninfo[CONNINFO_MAX];
static struct source *source;
static struct errbuf e;

static void check(enum err rc)
{
    if (rc != ERR_OK)
        fail_msg("%s: %s", err_word(rc), e.text);
}

static void sql(const char *text)
{
    free(fixture_sql(conninfo, text));
}

static void database(const char *name, const char *schema)
{
    (void)snprintf(conninfo, sizeof conninfo, "%s", fixture_database(name));
    sql(schema);
    check(source_open(conninfo, &source, &e));
}

static int close_source(void **state)
{
    (void)state;
    source_close(source);
    source = NULL;
    return 0;
}

/* Rows as text: "(1,a)(2,~)". */
static enum err collect(void *arg, const struct cell *cells, int n, struct errbuf *err)
{
    struct buf *b = arg;
    (void)err;
    buf_ch(b, '(');
    for (int i = 0; i < n; i++) {
        if (i)
            buf_ch(b, ',');
        if (cells[i].kind == CELL_NULL)
            buf_ch(b, '~');
        else
            buf_add(b, cells[i].p, cells[i].len);
    }
    buf_ch(b, ')');
    return ERR_OK;
}

static void assert_copy(const char *table, const char *select, const char *want)
{
    struct relation *r;
    struct buf b;
    buf_init(&b, 0);
    check(source_relation(source, "public", table, &r, &e));
    check(source_copy(source, r, select, collect, &b, &e));
    assert_string_equal(buf_cstr(&b), want);
    buf_free(&b);
    relation_unref(r);
}

static void assert_query(const char *text, int n, const char *const *params, const char *want)
{
    struct buf b;
    buf_init(&b, 0);
    check(source_query(source, text, n, params, collect, &b, &e));
    assert_string_equal(buf_cstr(&b), want);
    buf_free(&b);
}

/* ---- catalog --------------------------------------------------------------------------------- */

static void assert_column(const struct relation *r, int i, const struct column *want)
{
    const struct column *c = &r->columns[i];
    assert_string_equal(c->name, want->name);
    assert_string_equal(c->type_name, want->type_name);
    assert_int_equal(c->typmod, want->typmod);
    assert_int_equal(c->not_null, want->not_null);
    assert_int_equal(c->key_pos, want->key_pos);
    assert_false(c->generated);
    if (want->type_oid)
        assert_int_equal(c->type_oid, want->type_oid);
    assert_int_equal(c->elem_oid, want->elem_oid);
    const char *pairs[][2] = {{c->elem_name, want->elem_name},
                              {c->enum_values, want->enum_values},
                              {c->default_sql, want->default_sql}};
    for (size_t k = 0; k < 3; k++)
        if (pairs[k][1])
            assert_string_equal(pairs[k][0], pairs[k][1]);
        else
            assert_null(pairs[k][0]);
}

static void assert_columns(const struct relation *r, uint32_t mood)
{
    enum { NUMERIC_10_2 = ((10 << 16) | 2) + 4, NUMERIC_5_NEG2 = ((5 << 16) | (-2 & 0x7ff)) + 4 };
    const struct column want[] = {
        {.name = "m",
         .type_name = "mood",
         .typmod = -1,
         .type_oid = mood,
         .enum_values = "sad,so-so,ok"},
        {.name = "f",
         .type_name = "numeric",
         .typmod = NUMERIC_10_2,
         .type_oid = PG_NUMERIC,
         .not_null = true},
        {.name = "fs",
         .type_name = "_fee",
         .typmod = -1,
         .elem_oid = PG_NUMERIC,
         .elem_name = "numeric"},
        {.name = "ms",
         .type_name = "_mood",
         .typmod = -1,
         .elem_oid = mood,
         .elem_name = "mood",
         .default_sql = "'{sad}'::mood[]"},
        {.name = "v",
         .type_name = "varchar",
         .typmod = 24,
         .type_oid = PG_VARCHAR,
         .not_null = true,
         .default_sql = "'it''s'::character varying"},
        {.name = "fl",
         .type_name = "mood",
         .typmod = -1,
         .type_oid = mood,
         .enum_values = "sad,so-so,ok"},
        {.name = "vec", .type_name = "int2vector", .typmod = -1},
        {.name = "b",
         .type_name = "int4",
         .typmod = -1,
         .type_oid = PG_INT4,
         .not_null = true,
         .key_pos = 2},
        {.name = "a",
         .type_name = "int8",
         .typmod = -1,
         .type_oid = PG_INT8,
         .not_null = true,
         .key_pos = 1,
         .default_sql = "nextval('t_a_seq'::regclass)"},
        {.name = "neg", .type_name = "numeric", .typmod = NUMERIC_5_NEG2, .type_oid = PG_NUMERIC},
    };
    assert_int_equal(r->n_columns, sizeof want / sizeof want[0]);
    for (int i = 0; i < r->n_columns; i++)
        assert_column(r, i, &want[i]);
}

static void test_relation(void **state)
{
    (void)state;
    database(
        "relation",
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); ALTER TYPE mood ADD VALUE 'so-so' AFTER 'sad';"
        "CREATE DOMAIN price AS numeric(10,2); CREATE DOMAIN fee AS price NOT NULL DEFAULT 1;"
        "CREATE DOMAIN feeling AS mood;"
        "CREATE TABLE t (gone int, m mood, f fee, fs fee[], ms mood[] DEFAULT '{sad}',"
        " v varchar(20) NOT NULL DEFAULT 'it''s', fl feeling, vec int2vector,"
        " g int GENERATED ALWAYS AS (1) STORED, b int, a bigserial, neg numeric(5,-2),"
        " PRIMARY KEY (a, b) INCLUDE (v));"
        "ALTER TABLE t DROP gone;");
    struct relation *r;
    check(source_relation(source, "public", "t", &r, &e));
    assert_string_equal(r->schema, "public");
    assert_string_equal(r->name, "t");
    assert_int_equal(r->identity, 'd');
    assert_int_equal(r->n_key, 2);
    assert_int_equal(r->oid, fixture_number(conninfo, "SELECT 't'::regclass::oid"));
    assert_int_equal(r->fingerprint, relation_fingerprint(r));
    uint32_t mood = (uint32_t)fixture_number(conninfo, "SELECT 'mood'::regtype::oid");
    assert_columns(r, mood);
    relation_unref(r);
}

static void test_odd_relations(void **state)
{
    (void)state;
    struct relation *r;
    database("relations",
             "CREATE VIEW vw AS SELECT 1 AS one; CREATE TABLE empty (); CREATE TABLE t "
             "(i int)");
    check(source_relation(source, "public", "vw", &r, &e));
    assert_int_equal(r->n_columns, 1);
    assert_int_equal(r->n_key, 0);
    relation_unref(r);
    check(source_relation(source, "public", "empty", &r, &e));
    assert_int_equal(r->n_columns, 0);
    relation_unref(r);
    assert_int_equal(source_relation(source, "public", "T", &r, &e), ERR_NOT_FOUND);
    assert_null(r);
    assert_non_null(strstr(e.text, "public.T"));
    assert_int_equal(source_relation(source, "x\"; DROP TABLE t; --", "t", &r, &e), ERR_NOT_FOUND);
    assert_int_equal(source_server_version(source) / 10000,
                     fixture_number(conninfo, "SHOW server_version_num") / 10000);
    assert_string_equal(source_database(source), "relations");
}

static void test_tables(void **state)
{
    (void)state;
    database("tables", "CREATE SCHEMA \"B\"; CREATE TABLE \"B\".z (i int); CREATE TABLE a (id int "
                       "PRIMARY KEY, v text); CREATE UNLOGGED TABLE u (i int);"
                       "CREATE TABLE part (id int, k int, PRIMARY KEY (id)) PARTITION BY HASH (id);"
                       "CREATE TABLE p0 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
                       "CREATE TABLE p1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1)"
                       " PARTITION BY HASH (id);"
                       "CREATE TABLE p10 PARTITION OF p1 FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
                       "INSERT INTO part SELECT i, i FROM generate_series(1, 1000) i;"
                       "CREATE TABLE idx (i int NOT NULL); CREATE UNIQUE INDEX ix ON idx (i);"
                       "ALTER TABLE idx REPLICA IDENTITY USING INDEX ix;"
                       "CREATE TABLE child () INHERITS (a); CREATE VIEW v AS SELECT 1;"
                       "INSERT INTO \"B\".z VALUES (1); ANALYZE part, p0, p10, a, idx;");
    struct source_tables t;
    check(source_list_tables(source, &t, &e));
    static const struct source_table want[] = {
        {.schema = "B", .name = "z", .identity = 'd', .estimated_rows = -1},
        {.schema = "public", .name = "a", .identity = 'd', .has_key = true},
        {.schema = "public", .name = "child", .identity = 'd'},
        {.schema = "public", .name = "idx", .identity = 'i', .has_key = true},
        {.schema = "public",
         .name = "part",
         .identity = 'd',
         .has_key = true,
         .partition_root = true,
         .estimated_rows = 1000},
    };
    assert_int_equal(t.n, sizeof want / sizeof want[0]);
    for (int i = 0; i < t.n; i++) {
        assert_string_equal(t.items[i].schema, want[i].schema);
        assert_string_equal(t.items[i].name, want[i].name);
        assert_int_equal(t.items[i].identity, want[i].identity);
        assert_int_equal(t.items[i].has_key, want[i].has_key);
        assert_int_equal(t.items[i].partition_root, want[i].partition_root);
        assert_int_equal(t.items[i].estimated_rows, want[i].estimated_rows);
    }
    assert_true(t.items[4].bytes > 1000 * 8);
    source_tables_free(&t);
    assert_int_equal(t.n, 0);
}

/* ---- publications ---------------------------------------------------------------------------- */

static void assert_publication(const char *name, const char *want)
{
    const char *params[] = {name};
    assert_query("SELECT p.puballtables, p.pubviaroot, (SELECT string_agg(prrelid::regclass::text,"
                 " ' ' ORDER BY prrelid::regclass::text) FROM pg_publication_rel r"
                 " WHERE r.prpubid = p.oid) FROM pg_publication p WHERE pubname = $1",
                 1, params, want);
}

static void test_publications(void **state)
{
    (void)state;
    database("pubs", "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE \"B c\" (id int);"
                     "CREATE TABLE d (id int PRIMARY KEY, x int);"
                     "CREATE PUBLICATION theirs FOR TABLE a;"
                     "CREATE PUBLICATION noroot FOR TABLE a WITH (publish = 'insert')");
    struct source_table items[] = {{.schema = "public", .name = "a"},
                                   {.schema = "public", .name = "B c"},
                                   {.schema = "public", .name = "part", .partition_root = true}};
    struct source_tables two = {.n = 2, .items = items};
    struct source_tables one = {.n = 1, .items = items};
    struct source_tables three = {.n = 3, .items = items};
    assert_int_equal(source_publication_ensure(source, "mine", "disabled", NULL, &e),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "CREATE PUBLICATION"));
    assert_int_equal(source_publication_ensure(source, "mine", "some", NULL, &e), ERR_CONFIG);
    check(source_publication_ensure(source, "All \"x\"", "all_tables", NULL, &e));
    assert_publication("All \"x\"", "(t,t,~)");
    check(source_publication_ensure(source, "none", "no_tables", NULL, &e));
    assert_publication("none", "(f,t,~)");
    check(source_publication_ensure(source, "few", "filtered", &two, &e));
    assert_publication("few", "(f,t,\"B c\" a)");
    check(source_publication_ensure(source, "few", "filtered", &one, &e));
    assert_publication("few", "(f,t,a)");
    check(source_publication_ensure(source, "few", "filtered", &two, &e));
    assert_publication("few", "(f,t,\"B c\" a)");
    check(source_publication_ensure(source, "few", "filtered", &two, &e));

    /* What others made stays as it is, but for what partitions need. */
    check(source_publication_ensure(source, "theirs", "all_tables", NULL, &e));
    check(source_publication_ensure(source, "theirs", "disabled", NULL, &e));
    assert_publication("theirs", "(f,f,a)");
    sql("CREATE TABLE part (id int) PARTITION BY HASH (id)");
    check(source_publication_ensure(source, "theirs", "filtered", &one, &e));
    assert_publication("theirs", "(f,f,a)");
    check(source_publication_ensure(source, "theirs", "filtered", &three, &e));
    assert_publication("theirs", "(f,t,\"B c\" a part)");
    check(source_publication_ensure(source, "noroot", "all_tables", NULL, &e));
    assert_publication("noroot", "(f,t,a)");
    assert_query("SELECT pubinsert, pubupdate FROM pg_publication WHERE pubname = 'noroot'", 0,
                 NULL, "(t,f)");

    /* A row filter of a table that stays is kept. */
    sql("ALTER PUBLICATION few SET TABLE d WHERE (id > 5)");
    struct source_table d[] = {{.schema = "public", .name = "d"},
                               {.schema = "public", .name = "a"}};
    check(source_publication_ensure(source, "few", "filtered",
                                    &(struct source_tables){.n = 2, .items = d}, &e));
    assert_publication("few", "(f,t,a d)");
    assert_query("SELECT count(*) FROM pg_publication_rel WHERE prqual IS NOT NULL", 0, NULL,
                 "(1)");
    struct source_table gone = {.schema = "public", .name = "gone"};
    assert_int_equal(source_publication_ensure(source, "few", "filtered",
                                               &(struct source_tables){.n = 1, .items = &gone}, &e),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(e.text, "gone"));
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void test_copy(void **state)
{
    (void)state;
    database(
        "copies",
        "CREATE TABLE t (id int PRIMARY KEY, \"V v\" text, g int GENERATED ALWAYS AS (2) STORED,"
        " n text); INSERT INTO t VALUES (1, E'a\\tb\\nc\\\\d'), (2, ''), (3, '\\N'), (4, 'Имя');"
        "CREATE TABLE parent (i int); CREATE TABLE child () INHERITS (parent);"
        "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2);"
        "CREATE TABLE part (i int) PARTITION BY LIST (i);"
        "CREATE TABLE p1 PARTITION OF part FOR VALUES IN (1);"
        "CREATE TABLE p2 PARTITION OF part FOR VALUES IN (2); INSERT INTO part VALUES (1), (2);"
        "CREATE VIEW vw AS SELECT id FROM t WHERE id < 3;"
        "CREATE TABLE empty (); INSERT INTO empty DEFAULT VALUES;"
        "INSERT INTO empty DEFAULT VALUES;");
    assert_copy("t", NULL, "(1,a\tb\nc\\d,~)(2,,~)(3,\\N,~)(4,Имя,~)");
    assert_copy("t", "SELECT id, 'x', NULL FROM t WHERE id > 3", "(4,x,~)");
    assert_copy("parent", NULL, "(1)"); /* the child is a table of its own */
    assert_copy("part", NULL, "(1)(2)");
    assert_copy("vw", NULL, "(1)(2)");
    assert_copy("empty", NULL, "()()");

    struct relation *r;
    struct buf b;
    buf_init(&b, 0);
    check(source_relation(source, "public", "t", &r, &e));
    assert_int_equal(source_copy(source, r, "SELECT 1", collect, &b, &e), ERR_PROTOCOL);
    assert_int_equal(source_copy(source, r, "SELECT FROM nowhere", collect, &b, &e), ERR_NOT_FOUND);
    assert_string_equal(e.sqlstate, "42P01");
    assert_int_equal(source_copy(source, r, "SELECT 1 / (id - 3), '', '' FROM t", collect, &b, &e),
                     ERR_SQL);
    assert_string_equal(e.sqlstate, "22012");
    sql("DROP TABLE t CASCADE");
    assert_int_equal(source_copy(source, r, NULL, collect, &b, &e), ERR_NOT_FOUND);
    relation_unref(r);
    buf_free(&b);
    assert_copy("part", NULL, "(1)(2)"); /* the connection is still good */
}

struct stop {
    int after;
    int rows;
};

static enum err stop_after(void *arg, const struct cell *cells, int n, struct errbuf *err)
{
    struct stop *s = arg;
    (void)cells;
    (void)n;
    return ++s->rows == s->after ? err_set(err, ERR_DATA, "enough") : ERR_OK;
}

static void test_reader_stops(void **state)
{
    (void)state;
    database("stops", "CREATE TABLE t (id int PRIMARY KEY, v text);"
                      "INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 200000) i");
    struct relation *r;
    check(source_relation(source, "public", "t", &r, &e));
    for (int after = 1; after <= 1000; after += 333) {
        struct stop s = {.after = after};
        assert_int_equal(source_copy(source, r, NULL, stop_after, &s, &e), ERR_DATA);
        assert_string_equal(e.text, "enough");
        assert_int_equal(s.rows, after);
        s = (struct stop){.after = after};
        assert_int_equal(source_query(source, "SELECT * FROM t", 0, NULL, stop_after, &s, &e),
                         ERR_DATA);
        assert_int_equal(s.rows, after);
        assert_query("SELECT 1", 0, NULL, "(1)");
    }
    struct stop all = {0};
    check(source_copy(source, r, NULL, stop_after, &all, &e));
    assert_int_equal(all.rows, 200000);
    relation_unref(r);
}

static void test_query(void **state)
{
    (void)state;
    database("queries", "CREATE TABLE t (id int)");
    const char *params[] = {"it's", NULL, "{1,2}"};
    assert_query("SELECT $1::text, $2::text, $3::int[]", 3, params, "(it's,~,{1,2})");
    assert_query("SELECT generate_series(1, 3)", 0, NULL, "(1)(2)(3)");
    assert_query("INSERT INTO t VALUES (1)", 0, NULL, "");
    assert_query("", 0, NULL, "");
    assert_query("SELECT", 0, NULL, "()");
    char wide[100 * 8] = "SELECT 1";
    for (int i = 0; i < 99; i++)
        (void)strcat(wide, ",1");
    struct buf b;
    buf_init(&b, 0);
    check(source_query(source, wide, 0, NULL, collect, &b, &e));
    assert_int_equal(b.len, 2 + 100 + 99);
    assert_int_equal(source_query(source, "COPY t TO STDOUT", 0, NULL, collect, &b, &e),
                     ERR_UNSUPPORTED);
    assert_int_equal(source_query(source, "COPY t FROM STDIN", 0, NULL, collect, &b, &e),
                     ERR_UNSUPPORTED);
    assert_int_equal(source_query(source, "SELEC", 0, NULL, collect, &b, &e), ERR_SQL);
    assert_string_equal(e.sqlstate, "42601");
    assert_non_null(strstr(e.text, "SELEC"));
    assert_null(strchr(e.text, '\n'));
    buf_free(&b);
    assert_query("SELECT 1", 0, NULL, "(1)");
}

static void *cancel_it(void *arg)
{
    /* Once the statement is seen to run. */
    fixture_wait_sql(arg,
                     "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60%' AND "
                     "state = 'active' AND pid <> pg_backend_pid()",
                     "1", PATIENCE_S);
    source_cancel(source);
    return NULL;
}

static void *cancel_at_once(void *arg)
{
    (void)arg;
    source_cancel(source);
    return NULL;
}

static void test_cancel(void **state)
{
    (void)state;
    database("cancels", "CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    struct relation *r;
    struct stop s = {0};
    pthread_t thread;
    check(source_relation(source, "public", "t", &r, &e));
    int64_t begun = clock_mono_us();
    for (int copy = 0; copy < 2; copy++) {
        assert_int_equal(pthread_create(&thread, NULL, cancel_it, conninfo), 0);
        enum err rc =
            copy ? source_copy(source, r, "SELECT pg_sleep(60)::text", stop_after, &s, &e)
                 : source_query(source, "SELECT pg_sleep(60)", 0, NULL, stop_after, &s, &e);
        assert_int_equal(rc, ERR_CANCELED);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_query("SELECT 1", 0, NULL, "(1)");
    }
    source_cancel(source); /* nothing runs: the next statement, once */
    assert_int_equal(source_copy(source, r, NULL, stop_after, &s, &e), ERR_CANCELED);
    assert_copy("t", NULL, "(1)");
    assert_true(clock_mono_us() - begun < (int64_t)PATIENCE_S * 1000 * 1000);
    relation_unref(r);
}

/* A server that hangs: a cancel ends the wait all the same, and the connection is made anew. */
static void test_cancel_on_a_hanging_server(void **state)
{
    (void)state;
    struct stop s = {0};
    database("hangs", "");
    assert_query("SELECT 1", 0, NULL, "(1)");
    fixture_server_freeze(FIXTURE_PRIMARY, true);
    int64_t begun = clock_mono_us();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_at_once, NULL), 0);
    enum err rc = source_query(source, "SELECT 1", 0, NULL, stop_after, &s, &e);
    int64_t took = clock_mono_us() - begun;
    fixture_server_freeze(FIXTURE_PRIMARY, false);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(rc, ERR_CANCELED);
    assert_true(took < 4 * 1000 * 1000);
    assert_query("SELECT 1", 0, NULL, "(1)");
}

/* ---- snapshots, slots, messages -------------------------------------------------------------- */

static void test_snapshot(void **state)
{
    (void)state;
    database("snapshots", "CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    struct replication *r;
    struct source *other;
    uint64_t lsn;
    uint64_t wal;
    char snapshot[64];
    check(replication_open(conninfo, &r, &e));
    check(replication_create_slot(r, "snapshots", true, &lsn, snapshot, sizeof snapshot, &e));
    sql("INSERT INTO t VALUES (2)");
    check(source_wal_lsn(source, &wal, &e));
    assert_true(lsn && wal > lsn);
    check(source_open(conninfo, &other, &e));
    check(source_begin_snapshot(other, snapshot, &e));
    check(source_begin_snapshot(source, snapshot, &e));
    assert_int_equal(source_begin_snapshot(source, NULL, &e), ERR_STATE);
    assert_copy("t", NULL, "(1)");
    check(source_end_snapshot(source, &e));
    assert_copy("t", NULL, "(1)(2)");
    replication_close(r); /* the snapshot is gone with it, but not from who has it */
    fixture_wait_sql(conninfo, "SELECT count(*) FROM pg_replication_slots WHERE temporary", "0",
                     PATIENCE_S);
    assert_int_equal(source_begin_snapshot(source, snapshot, &e), ERR_NOT_FOUND);
    struct buf b;
    buf_init(&b, 0);
    check(source_query(other, "SELECT count(*) FROM t", 0, NULL, collect, &b, &e));
    assert_string_equal(buf_cstr(&b), "(1)");
    buf_free(&b);
    source_close(other);
    check(source_begin_snapshot(source, NULL, &e));
    assert_int_equal(source_query(source, "INSERT INTO t VALUES (3)", 0, NULL, NULL, NULL, &e),
                     ERR_SQL); /* read only */
    check(source_end_snapshot(source, &e));
    check(source_end_snapshot(source, &e)); /* twice is fine */
    assert_copy("t", NULL, "(1)(2)");
}

/* Row security would leave rows out of a snapshot without a word. */
static void test_row_security(void **state)
{
    (void)state;
    database("rls", "CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2);"
                    "ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
                    "CREATE POLICY p ON t USING (id = 1); DROP ROLE IF EXISTS rls_user;"
                    "CREATE ROLE rls_user LOGIN; GRANT SELECT ON t TO rls_user;");
    struct relation *r;
    struct source *limited;
    struct buf b;
    char as_user[CONNINFO_MAX + 32];
    buf_init(&b, 0);
    (void)snprintf(as_user, sizeof as_user, "%s user=rls_user", conninfo);
    check(source_open(as_user, &limited, &e));
    check(source_relation(limited, "public", "t", &r, &e));
    assert_int_equal(source_copy(limited, r, NULL, collect, &b, &e), ERR_SQL);
    assert_string_equal(e.sqlstate, "42501");
    assert_int_equal(b.len, 0);
    relation_unref(r);
    buf_free(&b);
    source_close(limited);
}

/* ---- health ---------------------------------------------------------------------------------- */

static bool standby_caught_up(void *arg)
{
    struct source *standby = arg;
    struct source_health h;
    check(source_health_get(standby, &h, &e));
    return h.replay_lag_seconds == 0 && h.lsn == h.receive_lsn && h.lsn;
}

static void test_health(void **state)
{
    (void)state;
    database("health", "CREATE TABLE t (id int)");
    struct source_health h;
    struct source *standby;
    check(source_health_get(source, &h, &e));
    assert_false(h.in_recovery);
    assert_int_equal(h.version, source_server_version(source));
    assert_true(h.lsn > 0);
    assert_int_equal(h.receive_lsn, 0);
    assert_true(h.replay_lag_seconds == 0);
    assert_int_equal(h.n_standbys, 1);
    assert_true(h.standby_lag_bytes >= 0);

    /* A logical reader is no standby; a transaction's age counts. */
    struct replication *r;
    struct source *idler;
    uint64_t lsn;
    char snapshot[64];
    check(source_publication_ensure(source, "p", "all_tables", NULL, &e));
    check(replication_open(conninfo, &r, &e));
    check(replication_create_slot(r, "health", true, &lsn, snapshot, sizeof snapshot, &e));
    check(replication_start(r, "health", "p", lsn, &e));
    check(source_open(conninfo, &idler, &e));
    check(source_begin_snapshot(idler, NULL, &e));
    int64_t age = 0;
    do {
        check(source_health_get(source, &h, &e));
        assert_true(h.longest_transaction_us >= age);
        age = h.longest_transaction_us;
    } while (age < 50 * 1000);
    assert_int_equal(h.n_standbys, 1);
    source_close(idler);
    replication_close(r);

    check(source_open(fixture_standby_conninfo(), &standby, &e));
    fixture_wait("the standby to catch up", PATIENCE_S, standby_caught_up, standby);
    check(source_health_get(standby, &h, &e));
    assert_true(h.in_recovery);
    assert_int_equal(h.n_standbys, 0);
    assert_int_equal(h.standby_lag_bytes, -1);
    check(source_wal_lsn(standby, &lsn, &e));
    assert_true(lsn > 0);
    struct source_slot slot;
    check(source_slot_get(standby, "none", &slot, &e));
    assert_false(slot.exists);

    free(fixture_sql(fixture_standby_conninfo(), "SELECT pg_wal_replay_pause()"));
    sql("INSERT INTO t VALUES (1)");
    do
        check(source_health_get(standby, &h, &e));
    while (h.replay_lag_seconds <= 0);
    do
        check(source_health_get(source, &h, &e));
    while (h.standby_lag_bytes <= 0);
    free(fixture_sql(fixture_standby_conninfo(), "SELECT pg_wal_replay_resume()"));
    fixture_wait("the standby to catch up", PATIENCE_S, standby_caught_up, standby);
    source_close(standby);
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void test_connecting(void **state)
{
    (void)state;
    struct source *s;
    char text[CONNINFO_MAX + 64];
    database("connecting", "CREATE TABLE t (id int)");
    assert_query("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()", 0,
                 NULL, "(flightdeck)");
    static const struct {
        const char *add;
        enum err code;
        const char *state;
    } cases[] = {
        {"dbname=nowhere", ERR_CONNECT, "3D000"},
        {"user=nobody_such", ERR_CONNECT, "28000"},
        {"options='-c nonsense=1'", ERR_CONFIG, "42704"},
        {"host=/nonexistent", ERR_CONNECT, ""},
        {"sslmode=require", ERR_CONNECT, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)snprintf(text, sizeof text, "%s password=geheim42 %s", conninfo, cases[i].add);
        enum err rc = source_open(text, &s, &e);
        if (rc == ERR_OK)
            fail_msg("connected with %s", cases[i].add);
        assert_int_equal(rc, cases[i].code);
        assert_string_equal(e.sqlstate, cases[i].state);
        assert_null(strstr(e.text, "geheim42"));
        assert_null(strchr(e.text, '\n'));
        if (cases[i].state[0])
            assert_null(strstr(e.text, cases[i].state)); /* the state is a field, not a word */
    }
    (void)snprintf(text, sizeof text, "%s application_name=mine options='-c DateStyle=German'",
                   conninfo);
    check(source_open(text, &s, &e));
    struct buf b;
    buf_init(&b, 0);
    check(source_query(s, "SELECT date '2026-11-24', current_setting('application_name')", 0, NULL,
                       collect, &b, &e));
    assert_string_equal(buf_cstr(&b), "(2026-11-24,mine)"); /* ours wins where it must */
    buf_free(&b);
    source_close(s);
}

static void test_several_hosts(void **state)
{
    (void)state;
    struct source *s;
    char text[CONNINFO_MAX];
    database("hosts", "");
    (void)snprintf(text, sizeof text, "host=127.0.0.1,127.0.0.1 port=1,%d user=postgres dbname=%s",
                   fixture_port(FIXTURE_PRIMARY), "hosts");
    check(source_open(text, &s, &e));
    assert_string_equal(source_database(s), "hosts");
    source_close(s);
}

static void test_connection_is_made_anew(void **state)
{
    (void)state;
    database("anew", "CREATE TABLE t (id int); INSERT INTO t VALUES (1)");
    char kill[128];
    uint64_t lsn;
    (void)snprintf(kill, sizeof kill,
                   "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE "
                   "datname = 'anew' AND pid <> pg_backend_pid()");
    assert_int_equal(fixture_number(conninfo, kill), 1);
    check(source_wal_lsn(source, &lsn, &e)); /* died while idle: not even noticed */
    check(source_emit_message(source, "p", "x", &e));
    assert_int_equal(fixture_number(conninfo, kill), 1);
    assert_int_equal(source_query(source, "SELECT 1", 0, NULL, NULL, NULL, &e), ERR_CONNECT);
    assert_string_equal(e.sqlstate, "57P01");
    assert_query("SELECT 1", 0, NULL, "(1)"); /* any statement is run once only, but connects */

    check(source_begin_snapshot(source, NULL, &e));
    assert_int_equal(fixture_number(conninfo, kill), 1);
    struct relation *r;
    assert_int_equal(source_relation(source, "public", "t", &r, &e), ERR_CONNECT);
    assert_int_equal(source_relation(source, "public", "t", &r, &e), ERR_CONNECT);
    assert_non_null(strstr(e.text, "snapshot"));
    check(source_end_snapshot(source, &e));
    assert_copy("t", NULL, "(1)");
}

static int setup(void **state)
{
    (void)state;
    return fixture_start(FIXTURE_PRIMARY | FIXTURE_STANDBY);
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_relation, close_source),
        cmocka_unit_test_teardown(test_odd_relations, close_source),
        cmocka_unit_test_teardown(test_tables, close_source),
        cmocka_unit_test_teardown(test_publications, close_source),
        cmocka_unit_test_teardown(test_copy, close_source),
        cmocka_unit_test_teardown(test_reader_stops, close_source),
        cmocka_unit_test_teardown(test_query, close_source),
        cmocka_unit_test_teardown(test_cancel, close_source),
        cmocka_unit_test_teardown(test_cancel_on_a_hanging_server, close_source),
        cmocka_unit_test_teardown(test_snapshot, close_source),
        cmocka_unit_test_teardown(test_row_security, close_source),
        cmocka_unit_test_teardown(test_health, close_source),
        cmocka_unit_test_teardown(test_connecting, close_source),
        cmocka_unit_test_teardown(test_several_hosts, close_source),
        cmocka_unit_test_teardown(test_connection_is_made_anew, close_source),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
