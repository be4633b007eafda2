/*
 * A model from a catalog, and a model's DDL on real servers: PostgreSQL, and the dialect "vertica"
 * through the stand-in.
 *
 * tests/golden/model/odd.sql is a catalog full of oddities, odd.yaml the model that is made of it.
 * UPDATE_GOLDENS=1 writes it anew: read the difference before committing it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/engine/model_source.h"
#include "backend/model/schema.h"
#include "backend/warehouse/warehouse.h"
#include "config/assets.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"
#include "tests/fixture/vertica.h"

#define AIRLINE "config/airline/model.yaml"
#define ODD     "tests/golden/model/odd.yaml"

enum { SKIPPED = 77 };

static bool absent; /* the stand-in */
static struct errbuf err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != ERR_OK)                                                                      \
            fail_msg("%s: %s", #call, err.text);                                                   \
    } while (0)

static void read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "r");
    char part[4096];
    size_t n;
    if (!f)
        fail_msg("%s cannot be read", path);
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        buf_add(out, part, n);
    (void)fclose(f);
}

static const char *odd_database(void)
{
    const char *conninfo = fixture_database("odd");
    struct buf sql;
    buf_init(&sql, 0);
    read_file("tests/golden/model/odd.sql", &sql);
    free(fixture_sql(conninfo, buf_cstr(&sql)));
    buf_free(&sql);
    return conninfo;
}

/* ---- infer ---- */

static void infer(const char *conninfo, struct buf *out)
{
    const struct model_source_options o = {.conninfo = conninfo, .values = true};
    struct model_source *s;
    OK(model_source_read(&o, &s, &err));
    OK(infer_model(&s->catalog, out, &err));
    model_source_free(s);
}

static void test_a_catalog_of_oddities(void **state)
{
    (void)state;
    struct buf got;
    struct buf again;
    struct buf want;
    buf_init(&got, 0);
    buf_init(&again, 0);
    buf_init(&want, 0);
    const char *conninfo = odd_database();
    infer(conninfo, &got);
    infer(conninfo, &again);
    assert_string_equal(buf_cstr(&got), buf_cstr(&again));
    if (getenv("UPDATE_GOLDENS")) {
        FILE *f = fopen(ODD, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(got.p, 1, got.len, f), got.len);
        assert_int_equal(fclose(f), 0);
    }
    read_file(ODD, &want);
    if (strcmp(buf_cstr(&got), buf_cstr(&want)) != 0)
        fail_msg("%s differs; now it is\n%s", ODD, buf_cstr(&got));
    buf_free(&got);
    buf_free(&again);
    buf_free(&want);
}

/* From the configuration: the connectors' prefix, tables and raw names count. */
static void test_the_command(void **state)
{
    (void)state;
    struct harness h;
    char path[700];
    char *out;
    harness_init(&h, "infer", odd_database(), NULL);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "infer", "--source", "--table", "kid|comp"), 0);
    assert_non_null(strstr(out, "topic_prefix: infer\n"));
    assert_non_null(strstr(out, "comp_kid: {to: comp, by: [cb, ca]}"));
    assert_null(strstr(out, "flights"));
    free(out);
    /* what the other end of a foreign key is not there for, is an attribute */
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "infer", "--table", "flights"), 0);
    assert_non_null(strstr(out, "departure_airport: char(3)"));
    assert_non_null(strstr(out, "to public.airports: that table is not in the model"));
    free(out);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "infer", "--schema", "other"), 0);
    assert_non_null(strstr(out, "source: other.users\n"));
    assert_null(strstr(out, "users_1"));
    assert_null(strstr(out, "source: public"));
    free(out);
    (void)snprintf(path, sizeof path, "%s/model.yaml", h.dir);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "infer", "-o", path), 0);
    free(out);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "infer", "-o", path), 1);
    assert_non_null(strstr(out, "is there already, perhaps changed by hand"));
    free(out);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "ddl", "--model", path), 0);
    assert_non_null(strstr(out, "CREATE VIEW \"dwh\".\"kid_history\""));
    free(out);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "infer", "--table", "nokey"), 1);
    assert_non_null(strstr(out, "none of the 1 tables has a key that a model could use; the first "
                                "one: no primary key"));
    free(out);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "infer", "--table", "nosuch"), 1);
    assert_non_null(strstr(out, "no table of database odd is left"));
    free(out);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "infer", "--table", "(a"), 2);
    free(out);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "infer", "host=127.0.0.1 port=1"), 3);
    free(out);
}

/* ---- DDL ---- */

static struct model *load(const char *path)
{
    struct model *m;
    struct faults faults;
    struct buf text;
    faults_init(&faults);
    buf_init(&text, 0);
    if (asset_text(path))
        buf_str(&text, asset_text(path));
    else
        read_file(path, &text);
    OK(model_parse(buf_cstr(&text), text.len, path, &m, &faults, &err));
    faults_free(&faults);
    buf_free(&text);
    return m;
}

static void run_statement(struct warehouse *w, const char *sql)
{
    OK(warehouse_begin(w, &err));
    if (warehouse_exec(w, sql, 0, NULL, NULL, &err))
        fail_msg("%s\nin: %s", err.text, sql);
    OK(warehouse_commit(w, &err));
}

/* Reads a view to its end: it is empty. */
static void read_view(struct warehouse *w, const struct model_schema *s, const char *name)
{
    struct warehouse_rows *rows;
    const struct cell *cells;
    struct buf sql;
    buf_init(&sql, 0);
    buf_lit(&sql, "SELECT * FROM ");
    dialect_ident(&sql, s->dialect, s->model->schema);
    buf_ch(&sql, '.');
    dialect_ident(&sql, s->dialect, name);
    OK(warehouse_begin(w, &err));
    if (warehouse_query(w, buf_cstr(&sql), 0, NULL, &rows, &err))
        fail_msg("%s\nin: %s", err.text, buf_cstr(&sql));
    assert_int_equal(warehouse_rows_next(rows, &cells, &err), ERR_NOT_FOUND);
    warehouse_rows_close(rows);
    OK(warehouse_rollback(w, &err));
    buf_free(&sql);
}

/* The stand-in has PostgreSQL's short names and says so; Vertica's are 128 octets long. */
static bool is_applied(const struct model_object *o, const char *dialect)
{
    return strcmp(dialect, "vertica") != 0 || !strstr(o->ddl, "wide_name_aa");
}

/* Every statement once; every view read once; each object is a table or view of its own. */
static void apply(const char *path, const char *dialect, const char *odbc, const char *conninfo)
{
    const struct warehouse_options o = {.odbc = odbc, .dialect = dialect, .label = "test"};
    struct model *m = load(path);
    struct model_schema *s;
    struct warehouse *w;
    int applied = 0;
    int views = 0;
    free(fixture_sql(conninfo, "DROP SCHEMA IF EXISTS dwh CASCADE"));
    OK(model_schema_create(m, dialect, &s, &err));
    OK(warehouse_open(&o, &w, &err));
    run_statement(w, "CREATE SCHEMA IF NOT EXISTS dwh");
    for (int i = 0; i < s->n; i++) {
        if (!is_applied(&s->items[i], dialect))
            continue;
        applied++;
        run_statement(w, s->items[i].ddl);
        if (s->items[i].index)
            run_statement(w, s->items[i].index);
    }
    for (int i = 0; i < s->n; i++)
        if (s->items[i].kind == MODEL_VIEW && is_applied(&s->items[i], dialect)) {
            read_view(w, s, s->items[i].name);
            views++;
        }
    assert_true(views > 0);
    assert_int_equal(fixture_number(conninfo, "SELECT count(*) FROM pg_class WHERE relnamespace = "
                                              "'dwh'::regnamespace AND relkind IN ('r', 'v')"),
                     applied);
    warehouse_close(w);
    model_schema_free(s);
    model_free(m);
}

static void test_ddl_on_postgresql(void **state)
{
    (void)state;
    apply(AIRLINE, "postgresql", fixture_odbc(), fixture_warehouse_conninfo());
    apply(ODD, "postgresql", fixture_odbc(), fixture_warehouse_conninfo());
}

/* The script as it is printed; a second run of its tables changes nothing. */
static void test_the_script_on_postgresql(void **state)
{
    (void)state;
    struct model *m = load(AIRLINE);
    struct model_schema *s;
    struct buf script;
    buf_init(&script, 0);
    OK(model_schema_create(m, "postgresql", &s, &err));
    model_schema_script(s, &script);
    free(fixture_warehouse_psql("DROP SCHEMA IF EXISTS dwh CASCADE"));
    free(fixture_warehouse_psql(buf_cstr(&script)));
    *strstr(script.p, "CREATE VIEW") = '\0';
    free(fixture_warehouse_psql(script.p));
    assert_int_equal(
        fixture_number(fixture_warehouse_conninfo(), "SELECT count(*) FROM dwh.flights_history"),
        0);
    buf_free(&script);
    model_schema_free(s);
    model_free(m);
}

static void ddl_on_vertica(const char *path)
{
    if (absent) {
        print_message("the Vertica stand-in has no Python packages here: skipped\n");
        skip();
    }
    apply(path, "vertica", vertica_odbc(), vertica_conninfo());
    vertica_check_log();
}

static void test_ddl_on_vertica(void **state)
{
    (void)state;
    ddl_on_vertica(AIRLINE);
}

static void test_odd_ddl_on_vertica(void **state)
{
    (void)state;
    ddl_on_vertica(ODD);
}

static int setup(void **state)
{
    (void)state;
    if (fixture_start(FIXTURE_PRIMARY | FIXTURE_KAFKA | FIXTURE_WAREHOUSE))
        return -1;
    int rc = vertica_start(NULL);
    absent = rc == SKIPPED;
    return absent ? 0 : rc;
}

static int teardown(void **state)
{
    (void)state;
    vertica_stop();
    return fixture_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_catalog_of_oddities),
        cmocka_unit_test(test_the_command),
        cmocka_unit_test(test_ddl_on_postgresql),
        cmocka_unit_test(test_the_script_on_postgresql),
        cmocka_unit_test(test_ddl_on_vertica),
        cmocka_unit_test(test_odd_ddl_on_vertica),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
