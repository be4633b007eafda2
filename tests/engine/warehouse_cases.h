/*
 * What every dialect of the warehouse must do, as test cases over the public calls; included by
 * test_warehouse.c (PostgreSQL) and test_warehouse_vertica.c (the Vertica stand-in). The includer
 * sets `on` before the cases run.
 */
#ifndef TESTS_WAREHOUSE_CASES_H
#define TESTS_WAREHOUSE_CASES_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/base/buf.h"
#include "backend/base/clock.h"
#include "backend/warehouse/warehouse.h"
#include "tests/fixture/fixture.h"

static struct {
    const char *dialect;
    const char *odbc;
} on;

static struct errbuf err;

static void must(enum err got, const char *what, int line)
{
    if (got)
        fail_msg("line %d: %s: %s %s: %s", line, what, err_word(got), err.sqlstate, err.text);
}
#define OK(call) must((call), #call, __LINE__)

static void must_fail(enum err got, enum err want, const char *what, int line)
{
    if (got != want)
        fail_msg("line %d: %s: %s, not %s: %s", line, what, err_word(got), err_word(want),
                 got ? err.text : "");
}
#define FAILS(want, call) must_fail((call), (want), #call, __LINE__)

static bool is_vertica(void)
{
    return !strcmp(on.dialect, "vertica");
}

static struct warehouse *connect_as(bool big_results)
{
    struct warehouse *w = NULL;
    const struct warehouse_options o = {
        .odbc = on.odbc, .dialect = on.dialect, .label = "test", .big_results = big_results};
    err_clear(&err);
    OK(warehouse_open(&o, &w, &err));
    return w;
}

static struct warehouse *connect(void)
{
    return connect_as(false);
}

static struct cell text(const char *s)
{
    return s ? (struct cell){.p = s, .len = (uint32_t)strlen(s), .kind = CELL_TEXT}
             : (struct cell){.kind = CELL_NULL};
}

static void run_sql(struct warehouse *w, const char *sql)
{
    OK(warehouse_exec(w, sql, 0, NULL, NULL, &err));
}

/* All cells of a result with '|' between and '\n' behind each row; static until the next call. */
static const char *result(struct warehouse *w, const char *sql)
{
    static struct buf b;
    struct warehouse_rows *rows;
    const struct cell *cells;
    enum err r;
    buf_clear(&b);
    OK(warehouse_query(w, sql, 0, NULL, &rows, &err));
    int n = warehouse_rows_columns(rows, NULL);
    while (!(r = warehouse_rows_next(rows, &cells, &err))) {
        for (int i = 0; i < n; i++) {
            if (i)
                buf_ch(&b, '|');
            if (cells[i].kind == CELL_TEXT)
                buf_add(&b, cells[i].p, cells[i].len);
            else
                buf_str(&b, "<null>");
        }
        buf_ch(&b, '\n');
    }
    FAILS(ERR_NOT_FOUND, r);
    warehouse_rows_close(rows);
    return buf_cstr(&b);
}

static void fresh_schema(struct warehouse *w, const char *schema)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", schema);
    run_sql(w, sql);
}

/* Adds a row of strings (NULL is NULL). */
static void add(struct wbatch *b, int n, const char *const *values)
{
    struct cell cells[64];
    for (int i = 0; i < n; i++)
        cells[i] = text(values[i]);
    OK(wbatch_add(b, cells, &err));
}
#define ADD(b, ...)                                                                                \
    add((b), (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                        \
        (const char *[]){__VA_ARGS__})

static void insert_all(struct warehouse *w, const char *schema, const char *table, struct wbatch *b)
{
    OK(warehouse_begin(w, &err));
    OK(warehouse_insert(w, schema, table, b, 0, wbatch_rows(b), &err));
    OK(warehouse_commit(w, &err));
}

/* ---- values ---- */

struct sample {
    enum wtype type;
    const char *in;
    const char *out; /* as it is read back; NULL: as it went in */
    const char *vertica_out;
};

static const struct sample samples[] = {
    {WT_BOOL, "true", "t", NULL},
    {WT_BOOL, "false", "f", NULL},
    {WT_INT16, "-32768", NULL, NULL},
    {WT_INT32, "2147483647", NULL, NULL},
    {WT_INT64, "-9223372036854775808", NULL, NULL},
    {WT_INT64, "9223372036854775807", NULL, NULL},
    {WT_FLOAT32, "1.5", NULL, NULL},
    {WT_FLOAT64, "0.1", NULL, NULL},
    {WT_FLOAT64, "1e+300", NULL, NULL},
    {WT_FLOAT64, "NaN", NULL, NULL},
    {WT_FLOAT64, "-Infinity", NULL, NULL},
    {WT_DECIMAL, "12345678901234567890.123456789012345", NULL, NULL},
    {WT_DECIMAL, "-0.5", NULL, "-0.500000000000000"},
    {WT_TEXT, "plain", NULL, NULL},
    {WT_TEXT, "", NULL, NULL},
    {WT_TEXT, "NULL", NULL, NULL},
    {WT_TEXT, "null", NULL, NULL},
    {WT_TEXT, "{\"a\", \\b\\, 'c', {d}} \\", NULL, NULL},
    {WT_TEXT, "  spaces\tand\nlines\r\n", NULL, NULL},
    {WT_TEXT, "Шереметьево 東京 🛫 e\u0301", NULL, NULL},
    {WT_TEXT, "? :1 $1 {t 'x'} -- no /* comment", NULL, NULL},
    {WT_BYTES, "\\x", NULL, NULL},
    {WT_BYTES, "\\x00ff5c27", NULL, NULL},
    {WT_DATE, "2026-11-24", NULL, NULL},
    {WT_DATE, "0001-01-01", NULL, NULL},
    {WT_TIME, "23:59:59.999999", NULL, NULL},
    {WT_TIMESTAMP, "2026-11-24 12:04:31.123456", NULL, NULL},
    {WT_TIMESTAMPTZ, "2026-11-24 12:04:31.123456+03", "2026-11-24 09:04:31.123456+00", NULL},
    {WT_TIMESTAMPTZ, "2026-11-24T12:04:31Z", "2026-11-24 12:04:31+00", NULL},
    {WT_UUID, "550d84d0-01bd-4d1c-9c33-c94f40df2336", NULL, NULL},
    {WT_JSON, "{\"a\": [1, \"б\"]}", NULL, NULL},
};
enum { N_SAMPLES = sizeof samples / sizeof samples[0] };

/* One column a sample: a row of values between two of NULLs, so that nothing is constant; then the
 * values alone, so that everything is. */
static void test_every_type_round_trips(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    struct wcolumn columns[N_SAMPLES + 1] = {{.name = "_batch", .type = WT_INT64}};
    char names[N_SAMPLES][16];
    struct cell values[N_SAMPLES + 1] = {text("1")};
    struct cell nulls[N_SAMPLES + 1] = {text("0")};
    fresh_schema(w, "raw_types");
    for (int i = 0; i < N_SAMPLES; i++) {
        (void)snprintf(names[i], sizeof names[i], "c%d", i);
        columns[i + 1] = (struct wcolumn){.name = names[i], .type = samples[i].type};
        values[i + 1] = text(samples[i].in);
        nulls[i + 1] = text(NULL);
    }
    OK(warehouse_table_ensure(w, "raw_types", "t", columns, N_SAMPLES + 1, &err));
    struct wbatch *b = wbatch_create(on.dialect, columns, N_SAMPLES + 1);
    for (int round = 0; round < 2; round++) {
        wbatch_clear(b);
        if (round == 0)
            OK(wbatch_add(b, nulls, &err));
        OK(wbatch_add(b, values, &err));
        if (round == 0)
            OK(wbatch_add(b, nulls, &err));
        insert_all(w, "raw_types", "t", b);
    }
    struct warehouse_rows *rows;
    const struct cell *cells;
    OK(warehouse_query(w, "SELECT * FROM raw_types.t ORDER BY _batch DESC", 0, NULL, &rows, &err));
    assert_int_equal(warehouse_rows_columns(rows, NULL), N_SAMPLES + 1);
    for (int row = 0; row < 4; row++) {
        OK(warehouse_rows_next(rows, &cells, &err));
        for (int i = 0; i < N_SAMPLES; i++) {
            const struct sample *s = &samples[i];
            const char *want = is_vertica() && s->vertica_out ? s->vertica_out
                               : s->out                       ? s->out
                                                              : s->in;
            const struct cell *c = &cells[i + 1];
            if (row >= 2)
                assert_int_equal(c->kind, CELL_NULL);
            else if (c->kind != CELL_TEXT || c->len != strlen(want) || memcmp(c->p, want, c->len))
                fail_msg("%s %s came back as %.*s", wtype_name(s->type), want, (int)c->len,
                         c->kind == CELL_TEXT ? c->p : "NULL");
        }
    }
    FAILS(ERR_NOT_FOUND, warehouse_rows_next(rows, &cells, &err));
    warehouse_rows_close(rows);
    wbatch_destroy(b);
    warehouse_close(w);
}

static const struct wcolumn pair[] = {{.name = "id", .type = WT_INT32},
                                      {.name = "v", .type = WT_TEXT, .precision = 5}};

static void test_ranges_of_a_batch(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    fresh_schema(w, "raw_range");
    OK(warehouse_table_ensure(w, "raw_range", "t", pair, 2, &err));
    struct wbatch *b = wbatch_create(on.dialect, pair, 2);
    ADD(b, "1", "a");
    ADD(b, "2", "b,\"");
    ADD(b, "3", NULL);
    ADD(b, "4", "\\}{");
    ADD(b, "5", "");
    assert_int_equal(wbatch_rows(b), 5);
    assert_true(wbatch_bytes(b) > 10);
    OK(warehouse_begin(w, &err));
    OK(warehouse_insert(w, "raw_range", "t", b, 0, 1, &err));
    OK(warehouse_insert(w, "raw_range", "t", b, 3, 5, &err));
    OK(warehouse_insert(w, "raw_range", "t", b, 1, 1, &err));
    OK(warehouse_insert(w, "raw_range", "t", b, 1, 3, &err));
    FAILS(ERR_STATE, warehouse_insert(w, "raw_range", "t", b, 4, 6, &err));
    OK(warehouse_commit(w, &err));
    assert_string_equal(result(w, "SELECT id, v FROM raw_range.t ORDER BY id"),
                        "1|a\n2|b,\"\n3|<null>\n4|\\}{\n5|\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

static void test_constant_columns(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    fresh_schema(w, "raw_const");
    OK(warehouse_table_ensure(w, "raw_const", "t", pair, 2, &err));
    struct wbatch *b = wbatch_create(on.dialect, pair, 2);
    for (int i = 0; i < 3; i++)
        ADD(b, "7", "x"); /* all the same: the number of rows must not get lost */
    insert_all(w, "raw_const", "t", b);
    wbatch_clear(b);
    for (int i = 0; i < 2; i++)
        ADD(b, NULL, NULL);
    insert_all(w, "raw_const", "t", b);
    wbatch_clear(b);
    ADD(b, "8", "x"); /* constant for a while */
    ADD(b, "9", "x");
    ADD(b, "9", NULL);
    insert_all(w, "raw_const", "t", b);
    wbatch_clear(b);
    ADD(b, "10", NULL);
    ADD(b, "11", NULL);
    OK(warehouse_begin(w, &err));
    OK(warehouse_insert(w, "raw_const", "t", b, 1, 2, &err));
    OK(warehouse_commit(w, &err));
    assert_string_equal(result(w, "SELECT id, v, COUNT(*) FROM raw_const.t GROUP BY id, v "
                                  "ORDER BY COALESCE(id, 0), COALESCE(v, '-')"),
                        "<null>|<null>|2\n7|x|3\n8|x|1\n9|<null>|1\n9|x|1\n11|<null>|1\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

static void test_a_nul_is_the_rows_fault(void **state)
{
    (void)state;
    struct wbatch *b = wbatch_create(on.dialect, pair, 2);
    const struct cell good[] = {text("1"), text("ok")};
    const struct cell bad[] = {text("2"), {.p = "a\0b", .len = 3, .kind = CELL_TEXT}};
    FAILS(ERR_DATA, wbatch_add(b, bad, &err));
    OK(wbatch_add(b, good, &err));
    FAILS(ERR_DATA, wbatch_add(b, bad, &err));
    assert_non_null(strstr(err.text, "\"v\""));
    OK(wbatch_add(b, good, &err));
    assert_int_equal(wbatch_rows(b), 2);
    struct warehouse *w = connect();
    fresh_schema(w, "raw_nul");
    OK(warehouse_table_ensure(w, "raw_nul", "t", pair, 2, &err));
    insert_all(w, "raw_nul", "t", b);
    assert_string_equal(result(w, "SELECT id, v FROM raw_nul.t"), "1|ok\n1|ok\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

/* ---- a row at fault ---- */

/* What the sink does: halves the range until the row is found. */
static int bisect(struct warehouse *w, struct wbatch *b, int from, int to)
{
    enum err r = warehouse_insert(w, "raw_bad", "t", b, from, to, &err);
    if (!r)
        return 0;
    FAILS(ERR_DATA, r);
    if (to - from == 1)
        return 1;
    int mid = from + (to - from) / 2;
    return bisect(w, b, from, mid) + bisect(w, b, mid, to);
}

static void test_bisecting_finds_the_rows_at_fault(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    fresh_schema(w, "raw_bad");
    OK(warehouse_table_ensure(w, "raw_bad", "t", pair, 2, &err));
    struct wbatch *b = wbatch_create(on.dialect, pair, 2);
    char id[16];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(id, sizeof id, "%d", i);
        const char *v = i == 41   ? "far too long for this column, in any encoding"
                        : i == 42 ? "also far too long for this column"
                        : i == 99 ? "and the last one is too long as well"
                                  : "ok";
        ADD(b, id, v);
    }
    OK(warehouse_begin(w, &err));
    run_sql(w, "INSERT INTO raw_bad.t (id, v) VALUES (-1, 'first')");
    assert_int_equal(bisect(w, b, 0, 100), 3);
    run_sql(w, "INSERT INTO raw_bad.t (id, v) VALUES (-2, 'last')");
    OK(warehouse_commit(w, &err));
    assert_string_equal(result(w, "SELECT COUNT(*), COUNT(DISTINCT id), SUM(id) FROM raw_bad.t"),
                        "99|99|4765\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

static void test_values_that_do_not_parse(void **state)
{
    (void)state;
    static const struct {
        enum wtype type;
        const char *value;
    } bad[] = {
        {WT_INT64, "9223372036854775808"},
        {WT_INT32, "1x"},
        {WT_BOOL, "maybe"},
        {WT_DATE, "2026-02-30"},
        {WT_UUID, "550d84d0"},
        {WT_BYTES, "\\x0"},
        {WT_FLOAT64, "1e999"},
        {WT_TIME, "noon-ish"},
        {WT_INT32, "1,2"},
        {WT_INT32, "1}"},
        {WT_TEXT, "\xff\xfe"},
    };
    struct warehouse *w = connect();
    fresh_schema(w, "raw_parse");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (is_vertica() && bad[i].type == WT_TEXT)
            continue; /* Vertica stores octets; the stand-in cannot */
        const struct wcolumn c[] = {{.name = "id", .type = WT_INT32},
                                    {.name = "v", .type = bad[i].type}};
        char table[16];
        (void)snprintf(table, sizeof table, "t%zu", i);
        OK(warehouse_table_ensure(w, "raw_parse", table, c, 2, &err));
        struct wbatch *b = wbatch_create(on.dialect, c, 2);
        ADD(b, "1", NULL);
        ADD(b, "2", bad[i].value);
        OK(warehouse_begin(w, &err));
        enum err r = warehouse_insert(w, "raw_parse", table, b, 0, 2, &err);
        if (r != ERR_DATA)
            fail_msg("%s %s: %s %s", wtype_name(bad[i].type), bad[i].value, err_word(r), err.text);
        OK(warehouse_insert(w, "raw_parse", table, b, 0, 1, &err));
        OK(warehouse_commit(w, &err));
        wbatch_destroy(b);
    }
    warehouse_close(w);
}

static void test_a_missing_table_is_no_rows_fault(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    struct wbatch *b = wbatch_create(on.dialect, pair, 2);
    fresh_schema(w, "raw_miss");
    OK(warehouse_table_ensure(w, "raw_miss", "t", pair, 2, &err));
    ADD(b, "1", "a");
    OK(warehouse_begin(w, &err));
    FAILS(ERR_SQL, warehouse_insert(w, "raw_miss", "nope", b, 0, 1, &err));
    assert_non_null(strstr(err.text, "nope"));
    OK(warehouse_insert(w, "raw_miss", "t", b, 0, 1, &err));
    OK(warehouse_commit(w, &err));
    assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_miss.t"), "1\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

/* ---- tables ---- */

static void test_tables_grow_and_widen(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    const struct wcolumn first[] = {
        {.name = "a", .type = WT_INT16},
        {.name = "t", .type = WT_TEXT, .precision = 5},
        {.name = "n", .type = WT_DECIMAL, .precision = 5, .scale = 2},
        {.name = "same", .type = WT_DATE},
    };
    const struct wcolumn second[] = {
        {.name = "a", .type = WT_INT64},
        {.name = "t", .type = WT_TEXT, .precision = 20},
        {.name = "n", .type = WT_DECIMAL, .precision = 10, .scale = 4},
        {.name = "added", .type = WT_TIMESTAMPTZ, .not_null = true},
    };
    fresh_schema(w, "raw_grow");
    OK(warehouse_table_ensure(w, "raw_grow", "t", first, 4, &err));
    run_sql(w, "INSERT INTO raw_grow.t (a, t, n) VALUES (1, 'abcde', 123.45)");
    OK(warehouse_table_ensure(w, "raw_grow", "t", second, 4, &err));
    run_sql(w, "INSERT INTO raw_grow.t (a, t, n) "
               "VALUES (9223372036854775807, 'abcdefghijklmnopqrst', 123456.7891)");
    /* the first asks again, as an older record would: nothing is narrowed */
    OK(warehouse_table_ensure(w, "raw_grow", "t", first, 4, &err));
    struct wcolumn *columns;
    int n;
    OK(warehouse_table_columns(w, "raw_grow", "t", &columns, &n, &err));
    assert_int_equal(n, 5);
    assert_string_equal(columns[0].name, "a");
    assert_int_equal(columns[0].type, WT_INT64);
    assert_int_equal(columns[1].type, WT_TEXT);
    assert_int_equal(columns[1].precision, 20);
    assert_int_equal(columns[2].precision, 10);
    assert_int_equal(columns[2].scale, 4);
    assert_string_equal(columns[4].name, "added");
    assert_int_equal(columns[4].type, WT_TIMESTAMPTZ);
    free(columns);
    assert_string_equal(result(w, "SELECT a, t, n FROM raw_grow.t ORDER BY a"),
                        "1|abcde|123.4500\n9223372036854775807|abcdefghijklmnopqrst|123456.7891\n");
    const struct wcolumn other[] = {{.name = "same", .type = WT_UUID}};
    FAILS(ERR_SQL, warehouse_table_ensure(w, "raw_grow", "t", other, 1, &err));
    assert_non_null(strstr(err.text, "same"));
    OK(warehouse_table_columns(w, "raw_grow", "none", &columns, &n, &err));
    assert_int_equal(n, 0);
    warehouse_close(w);
}

static void *race(void *arg)
{
    const char *const *where = arg;
    struct errbuf e;
    struct warehouse *w = NULL;
    const struct warehouse_options o = {.odbc = on.odbc, .dialect = on.dialect};
    const struct wcolumn c[] = {{.name = "_batch", .type = WT_INT64},
                                {.name = "id", .type = WT_INT64, .not_null = true, .key = true}};
    err_clear(&e);
    enum err r = warehouse_open(&o, &w, &e);
    if (!r)
        r = warehouse_table_ensure(w, where[0], where[1], c, 2, &e);
    if (!r)
        r = warehouse_offsets_ensure(w, where[0], &e);
    if (r)
        (void)fprintf(stderr, "race: %s\n", e.text);
    warehouse_close(w);
    return (void *)(intptr_t)r;
}

static void test_racing_creators(void **state)
{
    (void)state;
    enum { THREADS = 6, ROUNDS = 4 };
    struct warehouse *w = connect();
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        const char *where[] = {"raw_race", "t"};
        fresh_schema(w, where[0]);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, race, where), 0);
        int failed = 0;
        for (int i = 0; i < THREADS; i++) {
            void *r;
            assert_int_equal(pthread_join(threads[i], &r), 0);
            failed += r != NULL;
        }
        assert_int_equal(failed, 0);
    }
    warehouse_close(w);
}

static void test_odd_names(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    const char *schema = is_vertica() ? "raw odd" : "Raw \"Odd\"";
    const char *table = is_vertica() ? "рейсы t'x" : "Рейсы \"t'x; -- {a}";
    const struct wcolumn c[] = {
        {.name = "after_select", .type = WT_INT64},
        {.name = "select", .type = WT_TEXT},
        {.name = "Столбец 1", .type = WT_TEXT},
        {.name = "a\\b?c$1", .type = WT_TEXT},
        {.name = "before_this_name_is_longer_than_sixty_three_octets_and_so_must_be_cut_a",
         .type = WT_INT32},
        {.name = "before_this_name_is_longer_than_sixty_three_octets_and_so_must_be_cut_b",
         .type = WT_INT32},
    };
    int n = is_vertica() ? 4 : 6; /* the stand-in has PostgreSQL's limit, Vertica 128 */
    char drop[256];
    struct buf q;
    buf_init(&q, 0);
    buf_ident(&q, schema);
    (void)snprintf(drop, sizeof drop, "DROP SCHEMA IF EXISTS %s CASCADE", buf_cstr(&q));
    run_sql(w, drop);
    for (int i = 0; i < 2; i++)
        OK(warehouse_table_ensure(w, schema, table, c, n, &err));
    struct wbatch *b = wbatch_create(on.dialect, c, n);
    const char *values[] = {"1", "two", "три", "4", "5", "6"};
    add(b, n, values);
    add(b, n, values);
    OK(warehouse_begin(w, &err));
    OK(warehouse_insert(w, schema, table, b, 0, 2, &err));
    OK(warehouse_commit(w, &err));
    const int key[] = {0, 2};
    const struct upsert_plan plan = {.key = key, .n_key = 2, .op_column = -1};
    struct wcolumn *have;
    int n_have;
    OK(warehouse_table_columns(w, schema, table, &have, &n_have, &err));
    assert_int_equal(n_have, n);
    free(have);
    run_sql(w, drop);
    OK(warehouse_table_ensure(w, schema, table, c, n, &err));
    for (int i = 0; i < 2; i++) {
        OK(warehouse_begin(w, &err));
        OK(warehouse_upsert(w, schema, table, b, 0, 2, &plan, &err));
        OK(warehouse_commit(w, &err));
    }
    OK(warehouse_offsets_ensure(w, schema, &err));
    buf_clear(&q);
    buf_lit(&q, "SELECT * FROM ");
    buf_ident(&q, schema);
    buf_ch(&q, '.');
    buf_ident(&q, table);
    assert_string_equal(result(w, buf_cstr(&q)),
                        is_vertica() ? "1|two|три|4\n" : "1|two|три|4|5|6\n");
    buf_free(&q);
    wbatch_destroy(b);
    warehouse_close(w);
}

/* ---- current state ---- */

enum { U_ID, U_REGION, U_NAME, U_NOTE, U_OP, U_N };
static const struct wcolumn upsert_columns[] = {
    {.name = "id", .type = WT_INT64, .not_null = true, .key = true},
    {.name = "region", .type = WT_TEXT, .not_null = true, .key = true},
    {.name = "name", .type = WT_TEXT},
    {.name = "note", .type = WT_TEXT},
    {.name = "op", .type = WT_TEXT, .precision = 1},
};
static const int upsert_key[] = {U_ID, U_REGION};

static void upsert(struct warehouse *w, struct wbatch *b, bool deletes)
{
    const struct upsert_plan plan = {
        .key = upsert_key, .n_key = 2, .op_column = U_OP, .deletes = deletes};
    OK(warehouse_begin(w, &err));
    OK(warehouse_upsert(w, "raw_up", "t", b, 0, wbatch_rows(b), &plan, &err));
    OK(warehouse_commit(w, &err));
    wbatch_clear(b);
}

/* As ADD, with "=" for CELL_UNCHANGED. */
static void add_up(struct wbatch *b, const char *id, const char *name, const char *note,
                   const char *op)
{
    const char *in[U_N] = {id, "eu", name, note, op};
    struct cell cells[U_N];
    for (int i = 0; i < U_N; i++)
        cells[i] =
            in[i] && !strcmp(in[i], "=") ? (struct cell){.kind = CELL_UNCHANGED} : text(in[i]);
    OK(wbatch_add(b, cells, &err));
}

#define UP_STATE "SELECT id, name, note, op FROM raw_up.t ORDER BY id"

static void test_upsert_keeps_current_state(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    fresh_schema(w, "raw_up");
    OK(warehouse_table_ensure(w, "raw_up", "t", upsert_columns, U_N, &err));
    struct wbatch *b = wbatch_create(on.dialect, upsert_columns, U_N);
    add_up(b, "1", "one", "n1", "c");
    add_up(b, "2", "two", "n2", "c");
    add_up(b, "1", "ONE", "n1", "u"); /* twice in a batch: the last one wins */
    add_up(b, "3", "three", NULL, "c");
    add_up(b, "4", "four", "n4", "c");
    add_up(b, "4", NULL, NULL, "d"); /* made and deleted in one batch */
    upsert(w, b, true);
    assert_string_equal(result(w, UP_STATE), "1|ONE|n1|u\n2|two|n2|c\n3|three|<null>|c\n");

    add_up(b, "1", "uno", "=", "u");    /* keeps n1 of the table */
    add_up(b, "2", "=", "new n2", "u"); /* keeps the name */
    add_up(b, "3", NULL, NULL, "d");
    add_up(b, "5", "five", "long", "c");
    add_up(b, "5", "FIVE", "=", "u"); /* keeps what came earlier in the batch */
    add_up(b, "6", "six", "=", "u");  /* never seen: what is not known is NULL */
    upsert(w, b, true);
    assert_string_equal(result(w, UP_STATE),
                        "1|uno|n1|u\n2|two|new n2|u\n5|FIVE|long|u\n6|six|<null>|u\n");

    add_up(b, "2", NULL, NULL, "d"); /* a key change: delete of the old, create of the new */
    add_up(b, "20", "two", "new n2", "c");
    add_up(b, "1", NULL, NULL, "d"); /* deleted and made again */
    add_up(b, "1", "again", NULL, "c");
    upsert(w, b, true);
    assert_string_equal(result(w, UP_STATE),
                        "1|again|<null>|c\n5|FIVE|long|u\n6|six|<null>|u\n20|two|new n2|c\n");

    add_up(b, "5", NULL, NULL, "d"); /* deletes are ignored where the connector does not ask */
    add_up(b, "6", "SIX", "=", "u");
    upsert(w, b, false);
    assert_string_equal(result(w, UP_STATE),
                        "1|again|<null>|c\n5|FIVE|long|u\n6|SIX|<null>|u\n20|two|new n2|c\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

static void test_upsert_with_a_row_at_fault(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    const struct upsert_plan plan = {
        .key = upsert_key, .n_key = 2, .op_column = U_OP, .deletes = true};
    fresh_schema(w, "raw_up");
    OK(warehouse_table_ensure(w, "raw_up", "t", upsert_columns, U_N, &err));
    struct wbatch *b = wbatch_create(on.dialect, upsert_columns, U_N);
    add_up(b, "1", "one", NULL, "c");
    add_up(b, "2", "two", NULL, "more than one octet");
    add_up(b, NULL, "no key", NULL, "c");
    OK(warehouse_begin(w, &err));
    FAILS(ERR_DATA, warehouse_upsert(w, "raw_up", "t", b, 0, 2, &plan, &err));
    OK(warehouse_upsert(w, "raw_up", "t", b, 0, 1, &plan, &err));
    FAILS(ERR_DATA, warehouse_upsert(w, "raw_up", "t", b, 1, 2, &plan, &err));
    FAILS(ERR_DATA, warehouse_upsert(w, "raw_up", "t", b, 2, 3, &plan, &err));
    OK(warehouse_commit(w, &err));
    assert_string_equal(result(w, UP_STATE), "1|one|<null>|c\n");
    /* a rollback takes back whatever the first upsert of a session makes for itself */
    OK(warehouse_begin(w, &err));
    OK(warehouse_upsert(w, "raw_up", "t", b, 0, 1, &plan, &err));
    OK(warehouse_rollback(w, &err));
    OK(warehouse_begin(w, &err));
    OK(warehouse_upsert(w, "raw_up", "t", b, 0, 1, &plan, &err));
    OK(warehouse_commit(w, &err));
    wbatch_destroy(b);
    warehouse_close(w);
}

/* ---- offsets ---- */

static void write_offsets(struct warehouse *w, int64_t batch, int64_t from, int64_t to,
                          enum err want)
{
    const struct offset_move moves[] = {{"a topic, {\"x\"}", 0, from, to}, {"b", 11, from, to}};
    OK(warehouse_begin(w, &err));
    FAILS(want, warehouse_offsets_write(w, "raw_off", "sink", batch, 10, 1000, moves, 2, &err));
    if (want)
        OK(warehouse_rollback(w, &err));
    else
        OK(warehouse_commit(w, &err));
}

static void test_offsets_fence(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    struct stored_offset *o;
    int n;
    int64_t batch;
    fresh_schema(w, "raw_off");
    OK(warehouse_offsets_ensure(w, "raw_off", &err));
    OK(warehouse_offsets_ensure(w, "raw_off", &err));
    OK(warehouse_offsets_read(w, "raw_off", "sink", &batch, &o, &n, &err));
    assert_int_equal(batch, 0);
    assert_int_equal(n, 0);
    free(o);
    write_offsets(w, 1, -1, 100, ERR_OK);
    write_offsets(w, 2, 100, 150, ERR_OK);
    write_offsets(w, 3, 100, 200, ERR_FENCED); /* the offsets have moved */
    write_offsets(w, 3, -1, 200, ERR_FENCED);  /* they are not the first ones */
    write_offsets(w, 2, 150, 200, ERR_FENCED); /* the batch is there */
    FAILS(ERR_STATE, warehouse_offsets_write(w, "raw_off", "sink", 4, 0, 0, NULL, 0, &err));
    OK(warehouse_offsets_read(w, "raw_off", "sink", &batch, &o, &n, &err));
    assert_int_equal(batch, 2);
    assert_int_equal(n, 2);
    assert_string_equal(o[0].topic, "a topic, {\"x\"}");
    assert_int_equal(o[0].next_offset, 150);
    assert_string_equal(o[1].topic, "b");
    assert_int_equal(o[1].partition, 11);
    free(o);
    OK(warehouse_offsets_read(w, "raw_off", "another", &batch, &o, &n, &err));
    assert_int_equal(n, 0);
    free(o);
    OK(warehouse_offsets_delete(w, "raw_off", "sink", &err));
    OK(warehouse_offsets_read(w, "raw_off", "sink", &batch, &o, &n, &err));
    assert_int_equal(batch + n, 0);
    free(o);
    warehouse_close(w);
}

static void test_old_batches_go(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    fresh_schema(w, "raw_off");
    OK(warehouse_offsets_ensure(w, "raw_off", &err));
    for (int64_t batch = 1; batch <= 3; batch++) {
        OK(warehouse_begin(w, &err));
        OK(warehouse_offsets_write(w, "raw_off", "sink", batch, 1, 1, NULL, 0, &err));
        OK(warehouse_commit(w, &err));
    }
    OK(warehouse_begin(w, &err));
    OK(warehouse_offsets_write(w, "raw_off", "other", 1, 1, 1, NULL, 0, &err));
    for (int64_t batch = 1000; batch <= 1024; batch++)
        OK(warehouse_offsets_write(w, "raw_off", "sink", batch, 1, 1, NULL, 0, &err));
    OK(warehouse_commit(w, &err));
    assert_string_equal(result(w, "SELECT connector, MIN(batch), MAX(batch), COUNT(*) FROM "
                                  "raw_off._flightdeck_batches GROUP BY connector ORDER BY 1"),
                        "other|1|1|1\nsink|1000|1024|25\n");
    warehouse_close(w);
}

/* Two engines with the same state: the second waits for the first one's commit, and has lost. */
struct rival {
    struct warehouse *w;
    enum err got;
};

static void *rival_main(void *arg)
{
    struct rival *r = arg;
    struct errbuf e;
    const struct offset_move moves[] = {{"t", 0, 5, 9}};
    err_clear(&e);
    r->got = warehouse_begin(r->w, &e);
    if (!r->got)
        r->got = warehouse_offsets_write(r->w, "raw_off", "sink", 2, 1, 1, moves, 1, &e);
    if (warehouse_rollback(r->w, NULL) && !r->got)
        r->got = ERR_INTERNAL;
    return NULL;
}

static void test_two_engines_do_not_both_write(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    struct rival rival = {.w = connect()};
    const struct offset_move first[] = {{"t", 0, -1, 5}};
    const struct offset_move moves[] = {{"t", 0, 5, 9}};
    pthread_t thread;
    fresh_schema(w, "raw_off");
    OK(warehouse_offsets_ensure(w, "raw_off", &err));
    OK(warehouse_begin(w, &err));
    OK(warehouse_offsets_write(w, "raw_off", "sink", 1, 1, 1, first, 1, &err));
    OK(warehouse_commit(w, &err));
    OK(warehouse_begin(w, &err));
    OK(warehouse_offsets_write(w, "raw_off", "sink", 2, 1, 1, moves, 1, &err));
    assert_int_equal(pthread_create(&thread, NULL, rival_main, &rival), 0);
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted", "t", 20);
    OK(warehouse_commit(w, &err));
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (rival.got != ERR_FENCED)
        fail_msg("the second engine got %s", err_word(rival.got));
    warehouse_close(rival.w);
    warehouse_close(w);
}

/* Rows and offsets of a batch that is not committed are both gone with the connection. */
static void test_rows_and_offsets_are_one(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    struct stored_offset *o;
    int n;
    int64_t batch;
    const struct offset_move moves[] = {{"t", 0, -1, 2}};
    fresh_schema(w, "raw_off");
    OK(warehouse_table_ensure(w, "raw_off", "t", pair, 2, &err));
    OK(warehouse_offsets_ensure(w, "raw_off", &err));
    struct wbatch *b = wbatch_create(on.dialect, pair, 2);
    ADD(b, "1", "a");
    ADD(b, "2", "b");
    for (int round = 0; round < 2; round++) {
        OK(warehouse_begin(w, &err));
        OK(warehouse_insert(w, "raw_off", "t", b, 0, 2, &err));
        OK(warehouse_offsets_write(w, "raw_off", "sink", 1, 2, 2, moves, 1, &err));
        if (round == 1)
            OK(warehouse_commit(w, &err));
        else { /* the engine is gone before its commit */
            free(fixture_warehouse_psql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'test'"));
            FAILS(ERR_CONNECT, warehouse_commit(w, &err));
        }
        warehouse_close(w);
        w = connect();
        OK(warehouse_offsets_read(w, "raw_off", "sink", &batch, &o, &n, &err));
        assert_int_equal(batch, round);
        assert_int_equal(n, round);
        free(o);
        assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_off.t"), round ? "2\n" : "0\n");
    }
    wbatch_destroy(b);
    warehouse_close(w);
}

/* ---- size, time, loss ---- */

static long rss_kb(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*s %ld", &pages), 1);
    (void)fclose(f);
    return pages * 4;
}

static void load_rows(int rows, long most_kb)
{
    enum { N = 12 };
    struct warehouse *w = connect();
    struct wcolumn c[N] = {{.name = "_batch", .type = WT_INT64}, {.name = "id", .type = WT_INT64}};
    char names[N][8];
    for (int i = 2; i < N; i++) {
        (void)snprintf(names[i], sizeof names[i], "c%d", i);
        c[i] = (struct wcolumn){.name = names[i], .type = i % 2 ? WT_TEXT : WT_TIMESTAMPTZ};
    }
    fresh_schema(w, "raw_big");
    OK(warehouse_table_ensure(w, "raw_big", "t", c, N, &err));
    struct wbatch *b = wbatch_create(on.dialect, c, N);
    long before = rss_kb();
    long most = 0;
    for (int round = 0; round < 3; round++) {
        wbatch_clear(b);
        for (int i = 0; i < rows; i++) {
            char id[16];
            char note[32];
            (void)snprintf(id, sizeof id, "%d", i);
            (void)snprintf(note, sizeof note, "note, %d", i);
            struct cell cells[N] = {text("1"), text(id)};
            for (int k = 2; k < N; k++)
                cells[k] = k % 2 ? text(note) : text("2026-11-24 12:04:31.123456+00");
            OK(wbatch_add(b, cells, &err));
        }
        insert_all(w, "raw_big", "t", b);
        if (rss_kb() - before > most)
            most = rss_kb() - before;
    }
    char want[32];
    (void)snprintf(want, sizeof want, "%d\n", 3 * rows);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_big.t"), want);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    if (most > most_kb)
        fail_msg("batches of %d rows took %ld kB more", rows, most);
#else
    (void)most_kb;
#endif
    wbatch_destroy(b);
    warehouse_close(w);
}

static void test_long_values(void **state)
{
    (void)state;
    enum { LONG = 3000000 };
    struct warehouse *w = connect();
    const struct wcolumn c[] = {{.name = "id", .type = WT_INT64}, {.name = "v", .type = WT_TEXT}};
    struct warehouse_rows *rows;
    const struct cell *cells;
    char *v = malloc(LONG);
    assert_non_null(v);
    for (int i = 0; i < LONG; i++)
        v[i] = "abc\"\\,{} '\n"[i % 11];
    fresh_schema(w, "raw_long");
    OK(warehouse_table_ensure(w, "raw_long", "t", c, 2, &err));
    struct wbatch *b = wbatch_create(on.dialect, c, 2);
    for (int i = 0; i < 3; i++) {
        const struct cell row[] = {text(i == 0   ? "0"
                                        : i == 1 ? "1"
                                                 : "2"),
                                   {.p = v, .len = (uint32_t)(LONG - i), .kind = CELL_TEXT}};
        OK(wbatch_add(b, row, &err));
    }
    insert_all(w, "raw_long", "t", b);
    OK(warehouse_query(w, "SELECT id, v, id FROM raw_long.t ORDER BY id", 0, NULL, &rows, &err));
    for (int i = 0; i < 3; i++) {
        OK(warehouse_rows_next(rows, &cells, &err));
        assert_int_equal(cells[1].len, LONG - i);
        assert_memory_equal(cells[1].p, v, LONG - i);
        assert_int_equal(cells[2].len, 1);
        assert_int_equal(cells[2].p[0], '0' + i);
    }
    FAILS(ERR_NOT_FOUND, warehouse_rows_next(rows, &cells, &err));
    warehouse_rows_close(rows);
    wbatch_destroy(b);
    free(v);
    warehouse_close(w);
}

static void test_parameters_and_counts(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    struct warehouse_rows *rows;
    const struct cell *cells;
    const char *params[] = {"42", NULL, "it's, \"ж\" \\ ?"};
    int64_t n = 0;
    fresh_schema(w, "raw_par");
    OK(warehouse_table_ensure(w, "raw_par", "t",
                              (const struct wcolumn[]){{.name = "a", .type = WT_INT64},
                                                       {.name = "b", .type = WT_DATE},
                                                       {.name = "c", .type = WT_TEXT}},
                              3, &err));
    OK(warehouse_exec(w, "INSERT INTO raw_par.t (a, b, c) VALUES (?, ?, ?)", 3, params, &n, &err));
    assert_int_equal(n, 1);
    OK(warehouse_exec(w, "UPDATE raw_par.t SET a = a + 1 WHERE a = ?", 1, params, &n, &err));
    assert_int_equal(n, 1);
    OK(warehouse_exec(w, "DELETE FROM raw_par.t WHERE a = ?", 1, params, &n, &err));
    assert_int_equal(n, 0);
    assert_string_equal(result(w, "SELECT a, b, c FROM raw_par.t"), "43|<null>|it's, \"ж\" \\ ?\n");
    OK(warehouse_query(w, "SELECT a, c FROM raw_par.t WHERE c = ?", 1, &params[2], &rows, &err));
    const struct warehouse_result_column *columns;
    assert_int_equal(warehouse_rows_columns(rows, &columns), 2);
    assert_string_equal(columns[0].name, "a");
    assert_true(columns[0].numeric);
    assert_false(columns[1].numeric);
    OK(warehouse_rows_next(rows, &cells, &err));
    warehouse_rows_close(rows);
    OK(warehouse_query(w, "DELETE FROM raw_par.t", 0, NULL, &rows, &err));
    assert_int_equal(warehouse_rows_columns(rows, &columns), 0);
    assert_null(columns);
    assert_int_equal(warehouse_rows_affected(rows), 1);
    warehouse_rows_close(rows);
    FAILS(ERR_SQL, warehouse_exec(w, "SELEC 1", 0, NULL, NULL, &err));
    assert_string_equal(err.sqlstate, "42601");
    OK(warehouse_begin(w, &err));
    FAILS(ERR_STATE, warehouse_begin(w, &err));
    run_sql(w, "INSERT INTO raw_par.t (a) VALUES (1)");
    OK(warehouse_rollback(w, &err));
    assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_par.t"), "0\n");
    warehouse_close(w);
}

static void test_wrong_addresses(void **state)
{
    (void)state;
    struct warehouse *w;
    char odbc[768];
    struct warehouse_options o = {.odbc = odbc, .dialect = on.dialect};
    (void)snprintf(odbc, sizeof odbc, "%.*sServername=127.0.0.1;Port=1;Database=x;UID=u;PWD=geheim",
                   (int)strcspn(on.odbc, ";") + 1, on.odbc);
    FAILS(ERR_CONNECT, warehouse_open(&o, &w, &err));
    assert_null(w);
    assert_null(strstr(err.text, "geheim"));
    (void)snprintf(odbc, sizeof odbc, "Driver=/nowhere/driver.so;Servername=x;PWD={geheim}");
    FAILS(ERR_CONFIG, warehouse_open(&o, &w, &err));
    assert_null(strstr(err.text, "geheim"));
    o.dialect = "oracle";
    FAILS(ERR_CONFIG, warehouse_open(&o, &w, &err));
    assert_non_null(strstr(err.text, "oracle"));
    o = (struct warehouse_options){.odbc = "", .dialect = on.dialect};
    FAILS(ERR_CONFIG, warehouse_open(&o, &w, &err));
}

/* The server goes away in the middle of a batch: ERR_CONNECT at once, and again from everything
 * that follows; after its return a new connection works. */
static void test_the_server_goes_away(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    const struct offset_move moves[] = {{"t", 0, -1, 2}};
    fresh_schema(w, "raw_gone");
    OK(warehouse_table_ensure(w, "raw_gone", "t", pair, 2, &err));
    OK(warehouse_offsets_ensure(w, "raw_gone", &err));
    struct wbatch *b = wbatch_create(on.dialect, pair, 2);
    ADD(b, "1", "a");
    ADD(b, "2", "b");
    OK(warehouse_begin(w, &err));
    OK(warehouse_insert(w, "raw_gone", "t", b, 0, 1, &err));
    fixture_server_kill(FIXTURE_WAREHOUSE);
    int64_t start = clock_mono_us();
    FAILS(ERR_CONNECT, warehouse_insert(w, "raw_gone", "t", b, 1, 2, &err));
    FAILS(ERR_CONNECT, warehouse_offsets_write(w, "raw_gone", "sink", 1, 2, 2, moves, 1, &err));
    FAILS(ERR_CONNECT, warehouse_commit(w, &err));
    warehouse_close(w);
    assert_true(clock_mono_us() - start < 5000000);
    fixture_server_start(FIXTURE_WAREHOUSE);
    w = connect();
    assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_gone.t"), "0\n");
    insert_all(w, "raw_gone", "t", b);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_gone.t"), "2\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

#define WAREHOUSE_CASES                                                                            \
    cmocka_unit_test(test_every_type_round_trips), cmocka_unit_test(test_ranges_of_a_batch),       \
        cmocka_unit_test(test_constant_columns), cmocka_unit_test(test_a_nul_is_the_rows_fault),   \
        cmocka_unit_test(test_bisecting_finds_the_rows_at_fault),                                  \
        cmocka_unit_test(test_values_that_do_not_parse),                                           \
        cmocka_unit_test(test_a_missing_table_is_no_rows_fault),                                   \
        cmocka_unit_test(test_tables_grow_and_widen), cmocka_unit_test(test_racing_creators),      \
        cmocka_unit_test(test_odd_names), cmocka_unit_test(test_upsert_keeps_current_state),       \
        cmocka_unit_test(test_upsert_with_a_row_at_fault), cmocka_unit_test(test_offsets_fence),   \
        cmocka_unit_test(test_old_batches_go),                                                     \
        cmocka_unit_test(test_two_engines_do_not_both_write),                                      \
        cmocka_unit_test(test_rows_and_offsets_are_one), cmocka_unit_test(test_long_values),       \
        cmocka_unit_test(test_parameters_and_counts), cmocka_unit_test(test_wrong_addresses),      \
        cmocka_unit_test(test_the_server_goes_away)

#endif
