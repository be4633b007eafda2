/* Helpers of the warehouse's test cases (warehouse_cases.h). The includer sets `on`. */
#ifndef TESTS_WAREHOUSE_HELP_H
#define TESTS_WAREHOUSE_HELP_H

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

/* Not every includer needs all of this. */
#define UNUSED __attribute__((unused))

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

static UNUSED bool is_vertica(void)
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
static UNUSED const char *result(struct warehouse *w, const char *sql)
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

static UNUSED void fresh_schema(struct warehouse *w, const char *schema)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", schema);
    run_sql(w, sql);
}

/* Adds a row of strings (NULL is NULL). */
static UNUSED void add(struct wbatch *b, int n, const char *const *values)
{
    struct cell cells[64];
    for (int i = 0; i < n; i++)
        cells[i] = text(values[i]);
    OK(wbatch_add(b, cells, &err));
}
#define ADD(b, ...)                                                                                \
    add((b), (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                        \
        (const char *[]){__VA_ARGS__})

static UNUSED void insert_all(struct warehouse *w, const char *schema, const char *table,
                              struct wbatch *b)
{
    OK(warehouse_begin(w, &err));
    OK(warehouse_insert(w, schema, table, b, 0, wbatch_rows(b), &err));
    OK(warehouse_commit(w, &err));
}

#endif
