/* Cases: values, rows at fault, tables (warehouse_cases.h). */
#ifndef TESTS_WAREHOUSE_ROWS_H
#define TESTS_WAREHOUSE_ROWS_H

#include "tests/engine/warehouse_help.h"

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

#endif
