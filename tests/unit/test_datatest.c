/* The YAML of data tests: what each becomes as SQL, and what each mistake is told as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/model/datatest.h"
#include "backend/model/model.h"

static struct errbuf err;

static const char *faults_of(const char *text)
{
    static struct buf out;
    struct faults f;
    struct datatests *t = datatests_create();
    faults_init(&f);
    buf_clear(&out);
    datatests_add_text(t, "a/t.yaml", text, strlen(text), &f);
    for (int i = 0; i < f.n; i++)
        buf_printf(&out, "%s\n", f.items[i]);
    faults_free(&f);
    datatests_free(t);
    return buf_cstr(&out);
}

static void test_mistakes(void **state)
{
    (void)state;
    assert_string_equal(faults_of(""), "a/t.yaml: an empty file: it has at least `tests`\n");
    assert_string_equal(faults_of("tests: 3\n"), "a/t.yaml:1: `tests` is a list of tests\n");
    assert_string_equal(faults_of("tabel: a.b\ntests:\n  - not_nul: [x]\n"),
                        "a/t.yaml:1: unknown key `tabel` in a file of tests (did you mean "
                        "`table`?)\n"
                        "a/t.yaml:3: unknown key `not_nul` in a test (did you mean `not_null`?)\n"
                        "a/t.yaml:3: a test is one of not_null, unique, relationships, "
                        "accepted_values, sql, freshness\n");
    assert_string_equal(
        faults_of("tests:\n"
                  "  - not_null: x\n"
                  "  - {table: b, unique: [x]}\n"
                  "  - {table: a.b, unique: []}\n"
                  "  - table: a.b\n    relationships: {column: x, too: c.d}\n"
                  "  - {table: a.b, accepted_values: {values: [1]}}\n"
                  "  - {sql: SELECT 1}\n"
                  "  - {sql: SELECT 1, name: a b, where: x, severity: wran}\n"
                  "  - {table: a.b, freshness: {column: x, warn: soon}}\n"
                  "  - {table: a.b, freshness: {column: x}}\n"
                  "  - {table: a.b, unique: x, not_null: x}\n"),
        "a/t.yaml:2: the test has no `table`, and the file neither\n"
        "a/t.yaml:3: `b` is not SCHEMA.TABLE\n"
        "a/t.yaml:4: `unique` needs at least one\n"
        "a/t.yaml:6: unknown key `too` in `relationships` (did you mean `to`?)\n"
        "a/t.yaml:6: `to` is missing\n"
        "a/t.yaml:6: `field` is missing\n"
        "a/t.yaml:7: `column` is missing\n"
        "a/t.yaml:8: a test of kind sql needs a `name`\n"
        "a/t.yaml:9: `where` goes into the statement of `sql`\n"
        "a/t.yaml:9: unknown severity `wran` (did you mean `warn`?)\n"
        "a/t.yaml:9: `a b` is no name (letters, digits, _ - .)\n"
        "a/t.yaml:10: `warn` is a time like `15 minutes`, `1 hour`, `2 days`, not `soon`\n"
        "a/t.yaml:11: `freshness` has `warn`, `error` or both\n"
        "a/t.yaml:12: a test has one kind: `not_null` or `unique`\n");
    assert_string_equal(faults_of("table: a.b\ntests:\n  - unique: x\n  - unique: [x]\n"),
                        "a/t.yaml:4: the test `b.unique.x` is in a/t.yaml:3 too\n");
}

static void compiles_to(const char *yaml, const char *want)
{
    struct faults f;
    struct buf sql;
    struct datatests *t = datatests_create();
    faults_init(&f);
    buf_init(&sql, 0);
    datatests_add_text(t, "t.yaml", yaml, strlen(yaml), &f);
    if (faults_check(&f, &err))
        fail_msg("%s", err.text);
    assert_int_equal(datatests_count(t), 1);
    datatest_compile(datatests_at(t, 0), "vertica", &sql);
    while (sql.len && sql.p[sql.len - 1] == '\n')
        sql.len--;
    assert_string_equal(buf_cstr(&sql), want);
    buf_free(&sql);
    datatests_free(t);
}

static void test_queries(void **state)
{
    (void)state;
    compiles_to(
        "tests: [{table: s.t, not_null: [a, 'b\"c'], where: d > 1}]",
        "SELECT * FROM \"s\".\"t\"\nWHERE (\"a\" IS NULL OR \"b\"\"c\" IS NULL) AND (d > 1)");
    compiles_to("tests: [{table: s.t, unique: [a, b]}]",
                "SELECT \"a\", \"b\", COUNT(*) AS rows_there FROM \"s\".\"t\"\n\nGROUP BY \"a\", "
                "\"b\"\nHAVING COUNT(*) > 1");
    compiles_to(
        "tests: [{table: s.t, accepted_values: {column: a, values: [x, y]}}]",
        "SELECT \"a\", COUNT(*) AS rows_there FROM \"s\".\"t\"\nWHERE \"a\" IS NOT NULL AND "
        "CAST(\"a\" AS VARCHAR(4000)) NOT IN (?, ?)\nGROUP BY \"a\"");
    compiles_to("tests: [{table: s.t, freshness: {column: a, warn: 1 h}, where: b}]",
                "SELECT MAX(\"a\") AS newest FROM \"s\".\"t\"\nWHERE (b)");
}

static void test_the_airlines_tests(void **state)
{
    (void)state;
    struct faults f;
    struct datatests *t = datatests_create();
    faults_init(&f);
    assert_int_equal(datatests_add_path(t, "config/airline/tests", &f, &err), ERR_OK);
    if (faults_check(&f, &err))
        fail_msg("%s", err.text);
    assert_int_equal(datatests_count(t), 31);
    const struct datatest *one = datatests_find(t, "postgres_public_flights.freshness.ts_ms");
    assert_non_null(one);
    assert_string_equal(one->group, "raw");
    assert_int_equal(one->warn_us, INT64_C(3600) * 1000000);
    struct model *m = NULL; /* each table has both ages */
    if (model_load_file("config/airline/model.yaml", &m, &err))
        fail_msg("%s", err.text);
    assert_int_equal(m->n_entities, 8);
    for (int i = 0; i < m->n_entities; i++) {
        char name[200];
        (void)snprintf(name, sizeof name, "%s.freshness.ts_ms", m->entities[i].raw);
        one = datatests_find(t, name);
        if (!one || !one->warn_us || one->error_us <= one->warn_us)
            fail_msg("%s", name);
    }
    model_free(m);
    datatests_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_the_airlines_tests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
