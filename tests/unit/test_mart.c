/* SQL files with :names, and the YAML of marts: what is read, and what each mistake is told as. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "backend/model/mart.h"

static struct errbuf err;
static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_create(4096);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

static const struct script *parse(const char *text)
{
    struct script *s = NULL;
    if (script_parse("f.sql", text, arena, &s, &err))
        fail_msg("%s", err.text);
    return s;
}

static void refused(const char *text, const char *words)
{
    struct script *s = NULL;
    assert_int_equal(script_parse("f.sql", text, arena, &s, &err), ERR_CONFIG);
    assert_string_equal(err.text, words);
}

static void test_statements_and_lines(void **state)
{
    (void)state;
    const struct script *s =
        parse("-- a; comment\nDELETE FROM t;\n\n/* two\nlines; */ INSERT INTO t\n"
              "SELECT 'a;b''c', \"x;y\", $q$ ; :no $q$;;\n");
    assert_int_equal(s->n, 2);
    assert_string_equal(s->statements[0].sql, "DELETE FROM t");
    assert_int_equal(s->statements[0].line, 2);
    assert_int_equal(s->statements[1].line, 5);
    assert_string_equal(s->statements[1].sql,
                        "INSERT INTO t\nSELECT 'a;b''c', \"x;y\", $q$ ; :no $q$");
    assert_int_equal(s->statements[1].n_params, 0);
}

static void test_parameters(void **state)
{
    (void)state;
    const struct script *s =
        parse("SELECT CAST(:day AS DATE), x::date, ':no', :flown_only, :day -- :neither\n");
    assert_int_equal(s->n, 1);
    assert_string_equal(s->statements[0].sql, "SELECT CAST(? AS DATE), x::date, ':no', ?, ?");
    assert_int_equal(s->statements[0].n_params, 3);
    assert_string_equal(s->statements[0].params[0], "day");
    assert_string_equal(s->statements[0].params[1], "flown_only");
    assert_string_equal(s->statements[0].params[2], "day");
    assert_true(script_uses(s, "day"));
    assert_false(script_uses(s, "neither"));
}

static void test_a_hint_stays(void **state)
{
    (void)state;
    assert_string_equal(parse("SELECT /*+ LABEL(a) */ 1 /* gone */")->statements[0].sql,
                        "SELECT /*+ LABEL(a) */ 1");
}

static void test_what_is_no_sql_file(void **state)
{
    (void)state;
    refused("SELECT 1;\nSELECT 'a", "f.sql:2: a text's quote is open");
    refused("SELECT \"a", "f.sql:1: a name's quote is open");
    refused("\n/* SELECT 1", "f.sql:2: a comment is open");
    refused("SELECT $a$ 1", "f.sql:1: a dollar quote is open");
    refused("SELECT ?", "f.sql:1: a bare ? : values are written as :name");
    refused(" ; -- nothing\n", "f.sql: no statement in it");
}

/* ---- YAML ---- */

/* All faults of a text, a line each. */
static const char *faults_of(const char *text)
{
    static struct buf out;
    struct faults f;
    struct marts *m = marts_create();
    faults_init(&f);
    buf_clear(&out);
    marts_add_text(m, "m.yaml", text, strlen(text), &f);
    for (int i = 0; i < f.n; i++)
        buf_printf(&out, "%s\n", f.items[i]);
    assert_int_equal(marts_count(m), f.total ? 0 : 1);
    faults_free(&f);
    marts_free(m);
    return buf_cstr(&out);
}

static void test_mistakes(void **state)
{
    (void)state;
    assert_string_equal(faults_of(""),
                        "m.yaml: an empty file: a mart has at least `mart`, `table` and `sql`\n");
    assert_string_equal(
        faults_of("mart: a\ntabel: p.t\nsql: marts/frequent_flyers.sql\n"),
        "m.yaml:2: unknown key `tabel` in a mart (did you mean `table`?)\n"
        "m.yaml:1: `table` is missing\n"
        "m.yaml:1: marts/frequent_flyers.sql:6 uses :created_at, which `parameters` "
        "lacks\n"
        "m.yaml:1: marts/frequent_flyers.sql:6 uses :keep_days, which `parameters` "
        "lacks\n"
        "m.yaml:1: marts/frequent_flyers.sql:38 uses :created_at, which "
        "`parameters` lacks\n"
        "m.yaml:1: marts/frequent_flyers.sql:38 uses :flown_only, which "
        "`parameters` lacks\n");
    assert_string_equal(
        faults_of("mart: a\ntable: p.t\nsql: marts/frequent_flyers.sql\nparameters:\n"
                  "  created_at: {type: timestamp}\n  keep_day: {type: integer}\n"
                  "  flown_only: {type: boolean}\n  unlike: {type: date}\n"),
        "m.yaml:6: marts/frequent_flyers.sql does not use :keep_day; it has :keep_days "
        "(marts/frequent_flyers.sql:6)\n"
        "m.yaml:8: marts/frequent_flyers.sql does not use :unlike\n"
        "m.yaml:4: marts/frequent_flyers.sql:6 uses :keep_days, which `parameters` lacks (did you "
        "mean `keep_day`?)\n");
    assert_string_equal(
        faults_of("mart: 1a\ntable: t\nsql: no/such.sql\nchanges: [x]\n"
                  "create: {oracle: x.sql}\nparameters:\n  day: {type: dat, defualt: x}\n"),
        "m.yaml:1: `1a` is no name (letters, digits, _)\n"
        "m.yaml:2: `t` is not SCHEMA.TABLE\n"
        "m.yaml:3: no file no/such.sql, and no query of that name in the program\n"
        "m.yaml:5: unknown key `oracle` in `create`\n"
        "m.yaml:7: unknown key `defualt` in a parameter (did you mean `default`?)\n"
        "m.yaml:7: unknown type `dat` (did you mean `date`?)\n"
        "m.yaml:4: `x` is not SCHEMA.TABLE\n");
}

static void test_mistakes_of_verify(void **state)
{
    (void)state;
    assert_string_equal(faults_of("mart: a\ntable: s.a\nsql: marts/frequent_flyers_views.sql\n"
                                  "verify:\n  sorce: x.sql\n"),
                        "m.yaml:5: unknown key `sorce` in `verify` (did you mean `source`?)\n"
                        "m.yaml:5: `source` is missing\n"
                        "m.yaml:5: `mart` is missing\n"
                        "m.yaml:4: `verify` needs a `key`: the columns that tell rows apart\n");
    assert_string_equal(
        faults_of("mart: a\ntable: s.a\nsql: marts/frequent_flyers_views.sql\n"
                  "verify:\n  source: no/such.sql\n  mart: marts/frequent_flyers.sql\n"),
        "m.yaml:5: no file no/such.sql, and no query of that name in the program\n"
        "m.yaml:6: marts/frequent_flyers.sql is one statement without values\n"
        "m.yaml:4: `verify` needs a `key`: the columns that tell rows apart\n");
}

static void put_file(const char *dir, const char *name, const char *text)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* A DAG in dags/ names the mart's file as it sees it; the mart in marts/ as the mart does. */
static void test_one_file_by_two_names(void **state)
{
    (void)state;
    char dir[] = "/tmp/flightdeck-mart-XXXXXX";
    char path[300];
    char dag[300];
    struct faults f;
    struct marts *m = marts_create();
    faults_init(&f);
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/marts", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    put_file(path, "lending.yaml", "mart: lending\ntable: p.lending\nsql: lending.sql\n");
    put_file(path, "lending.sql", "DELETE FROM p.lending;");
    put_file(path, "other.sql", "DELETE FROM p.other;");
    assert_int_equal(marts_add_path(m, path, &f, &err), ERR_OK);
    assert_int_equal(faults_check(&f, &err), ERR_OK);
    (void)snprintf(dag, sizeof dag, "%s/dags/lending.yaml", dir);
    (void)snprintf(path, sizeof path, "%s/dags", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    const struct mart *lending = marts_find(m, "lending");
    assert_non_null(lending);
    assert_ptr_equal(marts_find_sql(m, dag, "lending.sql"), lending);
    assert_ptr_equal(marts_find_sql(m, dag, "marts/lending.sql"), lending);
    assert_ptr_equal(marts_find_sql(m, dag, "../marts/lending.sql"), lending);
    assert_null(marts_find_sql(m, dag, "marts/other.sql"));
    marts_free(m);
    faults_free(&f);
    (void)snprintf(path, sizeof path, "rm -r %s", dir);
    assert_int_equal(system(path), 0);
}

static void test_the_airlines_marts(void **state)
{
    (void)state;
    struct faults f;
    struct marts *m = marts_create();
    faults_init(&f);
    assert_int_equal(marts_add_path(m, "config/airline/marts", &f, &err), ERR_OK);
    assert_int_equal(faults_check(&f, &err), ERR_OK);
    assert_int_equal(marts_count(m), 2);
    const struct mart *a = marts_find(m, "airports_traffic");
    assert_non_null(a);
    assert_ptr_equal(a, marts_find_sql(m, "config/airline/dags/airports_traffic.yaml",
                                       "marts/airports_traffic.sql"));
    assert_string_equal(a->schema, "presentation");
    assert_string_equal(a->table, "airports_traffic");
    assert_int_equal(a->n_params, 2);
    assert_int_equal(a->params[0].type, MART_DATE);
    assert_null(a->params[0].def);
    assert_non_null(a->create[MART_POSTGRESQL][1]);
    assert_non_null(a->create[MART_VERTICA][1]);
    assert_string_equal(a->changes[0], "dwh.anchor_flights");
    assert_non_null(a->verify);
    assert_string_equal(a->verify->key[2], "linked_airport_code");
    assert_string_equal(a->verify->within, "flight_date");
    assert_null(marts_find(m, "frequent_flyers")->verify->within);
    /* twice the same name */
    assert_int_equal(marts_add_path(m, "config/airline/marts/airports_traffic.yaml", &f, &err),
                     ERR_OK);
    assert_int_equal(faults_check(&f, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "the mart `airports_traffic` is in"));
    faults_free(&f);
    marts_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_statements_and_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parameters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_hint_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_sql_file, setup, teardown),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_mistakes_of_verify),
        cmocka_unit_test(test_one_file_by_two_names),
        cmocka_unit_test(test_the_airlines_marts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
