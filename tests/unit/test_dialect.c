/* What differs between the dialects: types, SQLSTATEs, names, which type takes which; and that a
 * batch gives back what went in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/warehouse/batch.h"
#include "backend/warehouse/dialect.h"
#include "queries/queries.h"

static const char *type_of(const char *dialect, enum wtype type, int precision, int scale, bool key)
{
    static struct buf b;
    const struct wcolumn c = {
        .name = "x", .type = type, .precision = precision, .scale = scale, .key = key};
    buf_clear(&b);
    dialect_find(dialect)->type_sql(&b, &c);
    return buf_cstr(&b);
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        enum wtype type;
        int precision, scale;
        const char *postgresql, *vertica;
    } cases[] = {
        {WT_BOOL, 0, 0, "boolean", "BOOLEAN"},
        {WT_INT16, 0, 0, "smallint", "INT"},
        {WT_INT32, 0, 0, "integer", "INT"},
        {WT_INT64, 0, 0, "bigint", "INT"},
        {WT_FLOAT32, 0, 0, "real", "FLOAT"},
        {WT_FLOAT64, 0, 0, "double precision", "FLOAT"},
        {WT_DECIMAL, 0, 0, "numeric", "NUMERIC(37,15)"},
        {WT_DECIMAL, 18, 2, "numeric(18,2)", "NUMERIC(18,2)"},
        {WT_DECIMAL, 2, 5, "numeric(2,5)", "NUMERIC(5,5)"},
        {WT_DECIMAL, 5, -3, "numeric(5,-3)", "NUMERIC(8,0)"},
        {WT_TEXT, 0, 0, "text", "LONG VARCHAR(32000000)"},
        {WT_TEXT, 20, 0, "varchar(20)", "VARCHAR(80)"},
        {WT_TEXT, 16250, 0, "varchar(16250)", "VARCHAR(65000)"},
        {WT_TEXT, 16251, 0, "varchar(16251)", "LONG VARCHAR(65004)"},
        {WT_BYTES, 0, 0, "bytea", "LONG VARBINARY(32000000)"},
        {WT_DATE, 0, 0, "date", "DATE"},
        {WT_TIME, 0, 0, "time", "TIME"},
        {WT_TIMESTAMP, 0, 0, "timestamp", "TIMESTAMP"},
        {WT_TIMESTAMPTZ, 0, 0, "timestamptz", "TIMESTAMPTZ"},
        {WT_UUID, 0, 0, "uuid", "UUID"},
        {WT_JSON, 0, 0, "jsonb", "LONG VARCHAR(32000000)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(
            type_of("postgresql", cases[i].type, cases[i].precision, cases[i].scale, false),
            cases[i].postgresql);
        assert_string_equal(
            type_of("vertica", cases[i].type, cases[i].precision, cases[i].scale, false),
            cases[i].vertica);
    }
    assert_string_equal(type_of("vertica", WT_TEXT, 0, 0, true), "VARCHAR(65000)");
    assert_null(dialect_find("oracle"));
    assert_null(dialect_find(NULL));
}

static void test_sqlstates(void **state)
{
    (void)state;
    static const struct {
        const char *dialect, *sqlstate, *message;
        enum err want;
    } cases[] = {
        {"postgresql", "08S01", "", ERR_CONNECT},
        {"postgresql", "08006", "", ERR_CONNECT},
        {"postgresql", "57P01", "", ERR_CONNECT},
        {"postgresql", "28P01", "", ERR_CONNECT},
        {"postgresql", "HY000", "server closed the connection unexpectedly", ERR_CONNECT},
        {"postgresql", "HY000", "something else", ERR_SQL},
        {"postgresql", "40P01", "", ERR_RETRY},
        {"postgresql", "40001", "", ERR_RETRY},
        {"postgresql", "53300", "", ERR_RETRY},
        {"postgresql", "55P03", "", ERR_RETRY},
        {"postgresql", "25006", "", ERR_RETRY},
        {"postgresql", "22001", "", ERR_DATA},
        {"postgresql", "23505", "", ERR_DATA},
        {"postgresql", "54000", "", ERR_DATA},
        {"postgresql", "57014", "", ERR_CANCELED},
        {"postgresql", "42P01", "", ERR_SQL},
        {"postgresql", "25P02", "", ERR_SQL},
        {"postgresql", "IM002", "", ERR_CONFIG},
        {"postgresql", "01000", "Can't open lib 'x' : file not found", ERR_CONFIG},
        {"vertica", "08001", "", ERR_CONNECT},
        {"vertica", "V1001", "", ERR_CONNECT},
        {"vertica", "57V04", "", ERR_CONNECT},
        {"vertica", "55V03", "", ERR_RETRY},
        {"vertica", "40V01", "", ERR_RETRY},
        {"vertica", "53000", "", ERR_RETRY},
        {"vertica", "53200", "", ERR_RETRY},
        {"vertica", "55000", "ROLLBACK 2088: concurrent load", ERR_RETRY},
        {"vertica", "55000", "ERROR 9999", ERR_SQL},
        {"vertica", "23505", "ERROR 6745: Duplicate key values", ERR_DATA},
        {"vertica", "23505", "ERROR 3147: Duplicate MERGE key", ERR_SQL},
        {"vertica", "22004", "", ERR_DATA},
        {"vertica", "22V04", "", ERR_DATA},
        {"vertica", "22V23", "", ERR_SQL},
        {"vertica", "57014", "", ERR_CANCELED},
        {"vertica", "42V01", "", ERR_SQL},
        {"vertica", "2BV01", "", ERR_SQL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum err got =
            dialect_classify(dialect_find(cases[i].dialect), cases[i].sqlstate, cases[i].message);
        if (got != cases[i].want)
            fail_msg("%s %s %s: %s", cases[i].dialect, cases[i].sqlstate, cases[i].message,
                     err_word(got));
    }
}

static void test_names(void **state)
{
    (void)state;
    const struct dialect *pg = dialect_find("postgresql");
    const struct dialect *v = dialect_find("vertica");
    char a[NAME_TEXT_MAX];
    char b[NAME_TEXT_MAX];
    assert_string_equal(dialect_name(pg, "short", a), "short");
    const char *long_a = "before_a_name_of_more_than_sixty_three_octets_that_ends_otherwise_a";
    const char *long_b = "before_a_name_of_more_than_sixty_three_octets_that_ends_otherwise_b";
    dialect_name(pg, long_a, a);
    dialect_name(pg, long_b, b);
    assert_int_equal(strlen(a), 63);
    assert_string_not_equal(a, b);
    assert_string_equal(dialect_name(v, long_a, a), long_a);
    /* never in the middle of a character */
    dialect_name(pg, "жжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжж", a);
    assert_true(strlen(a) <= 63);
    assert_true(((unsigned char)a[strlen(a) - 9]) == '_');
    assert_int_equal((unsigned char)a[strlen(a) - 10] & 0xc0, 0x80);
    assert_false(dialect_same_name(pg, "A", "a"));
    assert_true(dialect_same_name(v, "Столбец A", "столбец a"));
    assert_false(dialect_same_name(v, "ab", "a"));
    struct buf q;
    buf_init(&q, 0);
    dialect_ident(&q, pg, "a\"b");
    assert_string_equal(buf_cstr(&q), "\"a\"\"b\"");
    buf_free(&q);
}

static enum fit fit(const char *dialect, struct wcolumn have, struct wcolumn want,
                    struct wcolumn *to)
{
    return dialect_fit(dialect_find(dialect), &have, &want, to);
}
#define COL(t, p, s) ((struct wcolumn){.type = (t), .precision = (p), .scale = (s)})

static void test_which_type_takes_which(void **state)
{
    (void)state;
    struct wcolumn to;
    assert_int_equal(fit("postgresql", COL(WT_INT16, 0, 0), COL(WT_INT64, 0, 0), &to), FIT_WIDEN);
    assert_int_equal(to.type, WT_INT64);
    assert_int_equal(fit("postgresql", COL(WT_INT64, 0, 0), COL(WT_INT16, 0, 0), &to), FIT_AS_IS);
    assert_int_equal(fit("vertica", COL(WT_INT64, 0, 0), COL(WT_INT16, 0, 0), &to), FIT_AS_IS);
    assert_int_equal(fit("postgresql", COL(WT_TEXT, 5, 0), COL(WT_TEXT, 0, 0), &to), FIT_WIDEN);
    assert_int_equal(to.precision, 0);
    assert_int_equal(fit("postgresql", COL(WT_TEXT, 0, 0), COL(WT_TEXT, 5, 0), &to), FIT_AS_IS);
    assert_int_equal(fit("postgresql", COL(WT_DECIMAL, 5, 2), COL(WT_DECIMAL, 6, 4), &to),
                     FIT_WIDEN);
    assert_int_equal(to.precision, 7); /* three whole digits stay, four behind the point come */
    assert_int_equal(to.scale, 4);
    assert_int_equal(fit("postgresql", COL(WT_DECIMAL, 5, 2), COL(WT_DECIMAL, 0, 0), &to),
                     FIT_WIDEN);
    assert_int_equal(to.precision, 0);
    assert_int_equal(fit("vertica", COL(WT_DECIMAL, 37, 15), COL(WT_DECIMAL, 0, 0), &to),
                     FIT_AS_IS);
    assert_int_equal(fit("postgresql", COL(WT_INT32, 0, 0), COL(WT_DECIMAL, 12, 2), &to),
                     FIT_WIDEN);
    assert_int_equal(to.type, WT_DECIMAL);
    assert_int_equal(to.precision, 12);
    assert_int_equal(fit("postgresql", COL(WT_DECIMAL, 4, 0), COL(WT_INT64, 0, 0), &to), FIT_WIDEN);
    assert_int_equal(to.precision, 19);
    assert_int_equal(fit("postgresql", COL(WT_FLOAT32, 0, 0), COL(WT_FLOAT64, 0, 0), &to),
                     FIT_WIDEN);
    assert_int_equal(fit("postgresql", COL(WT_FLOAT64, 0, 0), COL(WT_INT64, 0, 0), &to),
                     FIT_INCOMPATIBLE); /* digits would be lost */
    assert_int_equal(fit("postgresql", COL(WT_TEXT, 0, 0), COL(WT_JSON, 0, 0), &to), FIT_AS_IS);
    assert_int_equal(fit("postgresql", COL(WT_TEXT, 10, 0), COL(WT_JSON, 0, 0), &to),
                     FIT_INCOMPATIBLE);
    assert_int_equal(fit("postgresql", COL(WT_DATE, 0, 0), COL(WT_UUID, 0, 0), &to),
                     FIT_INCOMPATIBLE);
    assert_int_equal(fit("postgresql", COL(WT_INT32, 0, 0), COL(WT_TEXT, 0, 0), &to),
                     FIT_INCOMPATIBLE);
    /* what Vertica stores alike is alike */
    assert_int_equal(fit("vertica", COL(WT_FLOAT64, 0, 0), COL(WT_FLOAT32, 0, 0), &to), FIT_AS_IS);
    assert_int_equal(fit("vertica", COL(WT_TEXT, 0, 0), COL(WT_JSON, 0, 0), &to), FIT_AS_IS);
}

static void test_types_of_the_catalog(void **state)
{
    (void)state;
    struct wcolumn c;
    const struct dialect *pg = dialect_find("postgresql");
    const struct dialect *v = dialect_find("vertica");
    c = (struct wcolumn){.name = "x"};
    pg->type_read("numeric", ((10 << 16) | 2) + 4, 0, 0, &c);
    assert_int_equal(c.type, WT_DECIMAL);
    assert_int_equal(c.precision, 10);
    assert_int_equal(c.scale, 2);
    c = (struct wcolumn){.name = "x"};
    pg->type_read("varchar", 24, 0, 0, &c);
    assert_int_equal(c.precision, 20);
    c = (struct wcolumn){.name = "x"};
    pg->type_read("inet", -1, 0, 0, &c);
    assert_int_equal(c.type, WT_TEXT);
    c = (struct wcolumn){.name = "x"};
    v->type_read("varchar(80)", 80, 0, 0, &c);
    assert_int_equal(c.type, WT_TEXT);
    assert_int_equal(c.precision, 20);
    c = (struct wcolumn){.name = "x"};
    v->type_read("long varchar(32000000)", 32000000, 0, 0, &c);
    assert_int_equal(c.precision, 0);
    c = (struct wcolumn){.name = "x"};
    v->type_read("timestamptz", 0, 0, 0, &c);
    assert_int_equal(c.type, WT_TIMESTAMPTZ);
    c = (struct wcolumn){.name = "x"};
    v->type_read("numeric(18,2)", 0, 18, 2, &c);
    assert_int_equal(c.precision, 18);
}

static void test_every_query_is_there(void **state)
{
    (void)state;
    static const char *const both[] = {
        "session_label",  "session_zone",      "session_version", "table_columns", "create_schema",
        "create_table",   "add_column",        "widen_column",    "insert",        "offsets_create",
        "batches_create", "offsets_read",      "batches_last",    "batches_prune", "offsets_delete",
        "batches_delete", "session_read_only",
    };
    static const char *const postgresql[] = {"table_index",       "upsert",
                                             "upsert_delete",     "unique_index",
                                             "unique_index_find", "offsets_write"};
    static const char *const vertica[] = {"table_layout",  "stage_create",   "merge",
                                          "merge_delete",  "batches_insert", "offsets_insert",
                                          "offsets_update"};
    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
        assert_non_null(dialect_query(dialect_find("postgresql"), both[i]));
        assert_non_null(dialect_query(dialect_find("vertica"), both[i]));
    }
    for (size_t i = 0; i < sizeof postgresql / sizeof postgresql[0]; i++)
        assert_non_null(dialect_query(dialect_find("postgresql"), postgresql[i]));
    for (size_t i = 0; i < sizeof vertica / sizeof vertica[0]; i++)
        assert_non_null(dialect_query(dialect_find("vertica"), vertica[i]));
    assert_null(dialect_query(dialect_find("vertica"), "upsert"));
}

static void test_slots(void **state)
{
    (void)state;
    const struct sql_slot slots[] = {{"table", "\"s\".\"t{a}\""}, {"a", "never"}};
    struct buf b;
    buf_init(&b, 0);
    sql_fill(&b, "SELECT '{x}', {table} FROM {table} {\n\n", slots, 2);
    assert_string_equal(buf_cstr(&b), "SELECT '{x}', \"s\".\"t{a}\" FROM \"s\".\"t{a}\" {");
    buf_free(&b);
}

/* ---- batches ---- */

static void test_array_literals(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"a", "a"},
        {"1.5e+10", "1.5e+10"},
        {"2026-11-24", "2026-11-24"},
        {"жук", "жук"},
        {"", "\"\""},
        {"null", "\"null\""},
        {"NuLL", "\"NuLL\""},
        {"nulls", "nulls"},
        {"a b", "\"a b\""},
        {"a,b", "\"a,b\""},
        {"{}", "\"{}\""},
        {"q\"q", "\"q\\\"q\""},
        {"\\", "\"\\\\\""},
        {"\\x00ff", "\"\\\\x00ff\""},
        {"line\n", "\"line\n\""},
    };
    struct buf b;
    buf_init(&b, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct cell c = {
            .p = cases[i].in, .len = (uint32_t)strlen(cases[i].in), .kind = CELL_TEXT};
        buf_clear(&b);
        assert_true(batch_element(&b, &c));
        assert_string_equal(buf_cstr(&b), cases[i].out);
    }
    buf_clear(&b);
    assert_true(batch_element(&b, &(struct cell){.kind = CELL_NULL}));
    assert_string_equal(buf_cstr(&b), "NULL");
    assert_false(batch_element(&b, &(struct cell){.p = "a\0", .len = 2, .kind = CELL_TEXT}));
    buf_free(&b);
}

static uint32_t rng(uint32_t *s)
{
    *s = *s * 1664525u + 1013904223u;
    return *s >> 8;
}

enum { R_COLUMNS = 3, R_ROWS = 60, R_LONGEST = 8 };

struct random_rows {
    struct cell want[R_ROWS][R_COLUMNS];
    char text[R_ROWS][R_COLUMNS][R_LONGEST];
};

/* Cells out of awkward bytes: the first column varies, the second from some row on, the third never
 * does. */
static void random_row(struct random_rows *r, int i, uint32_t seed, uint32_t *s)
{
    static const char bytes[] = "a1 ,\"\\{}'\n\tNULnul\xd0\xb6";
    for (int c = 0; c < R_COLUMNS; c++) {
        uint32_t len = rng(s) % (R_LONGEST + 1);
        bool varied = c == 0 || (c == 1 && i > (int)(seed % R_ROWS));
        for (uint32_t k = 0; k < len; k++)
            r->text[i][c][k] = bytes[rng(s) % (sizeof bytes - 1)];
        r->want[i][c] = (struct cell){.p = r->text[i][c], .len = len, .kind = CELL_TEXT};
        if (varied && rng(s) % 5 == 0)
            r->want[i][c] = (struct cell){.kind = CELL_NULL};
        if (!varied && i > 0)
            r->want[i][c] = r->want[0][c];
        if (varied && i > 0 && rng(s) % 16 == 0)
            r->want[i][c] = (struct cell){.kind = CELL_UNCHANGED};
    }
}

static void check_range(const struct wbatch *b, const struct random_rows *r, int from, int to)
{
    struct arena *a = arena_create(4096);
    struct cell *got;
    assert_int_equal(batch_cells(b, from, to, a, &got, NULL), ERR_OK);
    for (int i = from; i < to; i++)
        for (int c = 0; c < R_COLUMNS; c++) {
            const struct cell *g = &got[(i - from) * R_COLUMNS + c];
            const struct cell *w = &r->want[i][c];
            assert_int_equal(g->kind, w->kind);
            if (g->kind == CELL_TEXT && (g->len != w->len || memcmp(g->p, w->p, g->len) != 0))
                fail_msg("row %d, column %d: %.*s", i, c, (int)g->len, g->p);
        }
    arena_destroy(a);
}

/* The literals of the parts, joined, are the literal of the whole. */
static void check_literal(const struct wbatch *b, int c, int middle)
{
    struct buf whole;
    struct buf parts;
    buf_init(&whole, 0);
    buf_init(&parts, 0);
    batch_literal(b, c, 0, R_ROWS, &whole);
    batch_literal(b, c, 0, middle, &parts);
    parts.p[parts.len - 1] = ',';
    size_t at = parts.len;
    batch_literal(b, c, middle, R_ROWS, &parts);
    memmove(parts.p + at, parts.p + at + 1, parts.len - at - 1);
    parts.len--;
    assert_int_equal(whole.len, parts.len);
    assert_memory_equal(whole.p, parts.p, whole.len);
    buf_free(&whole);
    buf_free(&parts);
}

static void test_batches_give_back_what_went_in(void **state)
{
    (void)state;
    static const char *const dialects[] = {"postgresql", "vertica"};
    const struct wcolumn columns[R_COLUMNS] = {{.name = "a", .type = WT_TEXT},
                                               {.name = "b", .type = WT_TEXT},
                                               {.name = "c", .type = WT_TEXT}};
    static struct random_rows r;
    for (uint32_t seed = 0; seed < 60; seed++) {
        struct wbatch *b = wbatch_create(dialects[seed % 2], columns, R_COLUMNS);
        uint32_t s = seed;
        for (int i = 0; i < R_ROWS; i++) {
            random_row(&r, i, seed, &s);
            assert_int_equal(wbatch_add(b, r.want[i], NULL), ERR_OK);
        }
        for (int from = 0; from < R_ROWS; from += 7)
            for (int to = from + 1; to <= R_ROWS; to += 11)
                check_range(b, &r, from, to);
        for (int c = 0; c < R_COLUMNS && seed % 2 == 0; c++)
            check_literal(b, c, 20);
        wbatch_destroy(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_sqlstates),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_which_type_takes_which),
        cmocka_unit_test(test_types_of_the_catalog),
        cmocka_unit_test(test_every_query_is_there),
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_array_literals),
        cmocka_unit_test(test_batches_give_back_what_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
