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

#include <signal.h>
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

/* ---- check ---- */

static void write_model(const struct harness *h, const char *text)
{
    char path[700];
    (void)snprintf(path, sizeof path, "%s/model.yaml", h->dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void expect_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("`%s` is not in:\n%s", part, text);
}

/* What infer writes is right; what is wrong is named with its line. */
static void test_check_with_the_source(void **state)
{
    (void)state;
    struct harness h;
    char *out;
    harness_init(&h, "check", odd_database(), "model: model.yaml\n");
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "infer"), 0);
    write_model(&h, out);
    free(out);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "check"), 0);
    expect_in(out, "model.yaml: good; ");
    expect_in(out, "compared with the source (");
    if (strstr(out, "not in the model") || strstr(out, "arrive"))
        fail_msg("%s", out);
    free(out);
    write_model(&h, "entities:\n"
                    "  flights:\n"
                    "    source: public.flights\n"
                    "    key: {id: smallint}\n"
                    "    attributes:\n"
                    "      stats: varchar(20)\n"
                    "      status: varchar(3)\n"
                    "      departure_airport: date\n"
                    "    ties:\n"
                    "      t: {to: comp, by: arrival_airprt}\n"
                    "  comp:\n"
                    "    source: public.comp\n"
                    "    key: {a: integer}\n"
                    "  ports:\n"
                    "    source: public.airport\n"
                    "    key: {airport_code: char(3)}\n");
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "check"), 2);
    expect_in(out,
              "model.yaml:2: key column id: it is smallint here and integer in public.flights, "
              "which may not fit");
    expect_in(out, ":6: attribute stats: public.flights has no column stats (did you mean "
                   "`status`?)");
    expect_in(out, ":7: attribute status: it is varchar(3) here and varchar(20) in public.flights");
    expect_in(out, ":8: attribute departure_airport: it is date here and char(3) in "
                   "public.flights, which it cannot hold");
    expect_in(out, ":10: tie t: public.flights has no column arrival_airprt (did you mean "
                   "`arrival_airport`?)");
    expect_in(out, ":11: entity comp: the key of public.comp is (b, a): with a part of it several "
                   "rows would be one");
    expect_in(out, ":14: entity ports: database odd has no table public.airport, or it is not "
                   "captured (did you mean `public.airports`?)");
    expect_in(out, "warning: ");
    expect_in(out, "7 faults");
    free(out);
    write_model(&h, "entities:\n  a:\n    source: public.a\n    key: {id: integr}\n    nme: x\n");
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "check", "--json"), 2);
    expect_in(out, "{\"ok\":false,");
    expect_in(out, "model.yaml:4: key column id: `integr` is no type");
    expect_in(out, "model.yaml:5: an entity: unknown key `nme`");
    free(out);
}

/* Without the source the raw tables are asked; without both the file is all there is. */
static void test_check_with_raw(void **state)
{
    (void)state;
    struct harness h;
    char *out;
    free(fixture_warehouse_psql("CREATE SCHEMA IF NOT EXISTS raw; DROP TABLE IF EXISTS raw.r_p_a;"
                                "CREATE TABLE raw.r_p_a (after_id int, after_name varchar(30), op "
                                "varchar(8))"));
    harness_init(&h, "check_raw", "host=127.0.0.1 port=1", "model: model.yaml\n");
    write_model(&h, "topic_prefix: r\nentities:\n  a:\n    source: p.a\n    key: {id: integer}\n"
                    "    attributes:\n      name: varchar(20)\n      nme: text\n"
                    "  b:\n    source: p.b\n    key: {id: integer}\n");
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "check"), 2);
    expect_in(out, ":7: attribute name: it is varchar(20) here and varchar(30) in r_p_a");
    expect_in(out, ":8: attribute nme: r_p_a has no column after_nme (did you mean `name`?)");
    expect_in(out, "warning: ");
    expect_in(out, ":9: entity b: there is no raw table r_p_b (yet)");
    expect_in(out, "not compared with the source: cannot connect");
    free(out);
    harness_init_on(&h, "check_none", "host=127.0.0.1 port=1",
                    "Driver={PostgreSQL Unicode};Servername=127.0.0.1;Port=1;Database=x",
                    "postgresql", "model: model.yaml\n");
    write_model(&h, "entities:\n  a:\n    source: p.a\n    key: {id: integer}\n");
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "check"), 0);
    expect_in(out, "not compared with the source: ");
    expect_in(out, "not compared with raw: ");
    expect_in(out, "good; 1 entity");
    free(out);
}

/* ---- docs ---- */

static void test_docs_know_how_fresh(void **state)
{
    (void)state;
    struct harness h;
    char path[700];
    char *out;
    harness_init(&h, "docs", "host=127.0.0.1 port=1", "model: model.yaml\n");
    write_model(&h, asset_text(AIRLINE));
    free(fixture_warehouse_psql("DROP SCHEMA IF EXISTS dwh CASCADE"));
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "docs"), 0);
    expect_in(out, "Freshness is unknown: dwh has not been made yet.");
    expect_in(out, "| `attr_flights_status` | `flight_status_id` | integer | `status` | a row when "
                   "it changes; the text is in `knot_flight_status` |");
    expect_in(out, "| `tie_airports_flights_departure` | `airports_sk` | uuid | "
                   "`departure_airport` | a row when it leads to another `airports`, NULL when to "
                   "none |");
    free(out);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "ddl"), 0);
    free(fixture_warehouse_psql(out));
    free(out);
    free(fixture_warehouse_psql(
        "INSERT INTO dwh._flightdeck_loads (entity, batch_from, batch_to, raw_rows, inserted, "
        "newest_at, _created_at) VALUES ('flights', 0, 1, 5, 5, '2026-11-24 12:00:00.5+00', "
        "'2026-11-24 12:00:07+00'), ('flights', 1, 2, 5, 5, '2026-11-24 13:30:00+01', "
        "'2026-11-24 12:31:00+00'), ('seats', 0, 1, 0, 0, '1970-01-01 00:00:00+00', "
        "'2026-11-24 12:31:00+00')"));
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "docs", "--out", h.dir), 0);
    expect_in(out, "/model.md");
    free(out);
    struct buf page;
    buf_init(&page, 0);
    (void)snprintf(path, sizeof path, "%s/model.md", h.dir);
    read_file(path, &page);
    expect_in(buf_cstr(&page), "raw table `postgres_public_flights`. Fresh as of 2026-11-24 "
                               "12:30:00 UTC, loaded at 2026-11-24 12:31:00 UTC.");
    expect_in(buf_cstr(&page), "raw table `postgres_public_seats`. Freshness is unknown: nothing "
                               "has been loaded yet.");
    buf_free(&page);
    if (absent)
        return;
    harness_init_on(&h, "docs_v", "host=127.0.0.1 port=1", vertica_odbc(), "vertica",
                    "model: model.yaml\n");
    write_model(&h, asset_text(AIRLINE));
    apply(AIRLINE, "vertica", vertica_odbc(), vertica_conninfo());
    free(fixture_sql(vertica_conninfo(),
                     "INSERT INTO dwh._flightdeck_loads (entity, batch_from, batch_to, raw_rows, "
                     "inserted, newest_at, _created_at) VALUES ('flights', 0, 1, 5, 5, '2026-11-24 "
                     "12:00:00+00', '2026-11-24 12:00:07+00')"));
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "docs"), 0);
    expect_in(out, "Fresh as of 2026-11-24 12:00:00 UTC, loaded at 2026-11-24 12:00:07 UTC.");
    free(out);
    vertica_check_log();
}

/* ---- infer, load, verify ---- */

static void run_file(const char *conninfo, const char *path)
{
    struct buf sql;
    buf_init(&sql, 0);
    read_file(path, &sql);
    free(fixture_sql(conninfo, buf_cstr(&sql)));
    buf_free(&sql);
}

static void batch(const struct harness *h)
{
    char *out;
    int code = HARNESS_RUN(h, &out, "batch", "--timeout", "30");
    if (code) {
        (void)fputs(out, stderr); /* longer than a message may be */
        fail_msg("batch ended with %d", code);
    }
    expect_in(out, "dwh.plain_latest");
    if (strstr(out, "DIFFER"))
        fail_msg("%s", out);
    free(out);
}

/* A database that nobody has seen: its model, its load, and each view is what the source holds,
 * after the first rows and after changes to them. */
static void test_infer_load_verify(void **state)
{
    (void)state;
    struct harness h;
    char path[700];
    char *out;
    const char *conninfo = odd_database();
    free(fixture_warehouse_psql("DROP SCHEMA IF EXISTS dwh CASCADE"));
    run_file(conninfo, "tests/golden/model/odd_rows.sql");
    harness_init(&h, "seen", conninfo, "model: model.yaml\n");
    (void)snprintf(path, sizeof path, "%s/model.yaml", h.dir);
    assert_int_equal(HARNESS_RUN(&h, &out, "model", "infer", "-o", path), 0);
    free(out);
    batch(&h);
    run_file(conninfo, "tests/golden/model/odd_changes.sql");
    batch(&h);
    assert_int_equal(fixture_number(fixture_warehouse_conninfo(),
                                    "SELECT count(*) FROM dwh.flights_history WHERE id = 3"),
                     2);
}

/* before_<63 octets> is longer than a name of PostgreSQL: cut there, and found again. A schema with
 * a dot: the first topic is odd.S.2.p, and its prefix is not odd.S. */
static void test_odd_names_are_loaded(void **state)
{
    (void)state;
    struct harness h;
    const char *conninfo = fixture_database("long");
    free(fixture_sql(conninfo,
                     "CREATE TABLE w (id int PRIMARY KEY, "
                     "column_with_a_long_name_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab int);"
                     "INSERT INTO w VALUES (1, 2); CREATE SCHEMA \"S.2\";"
                     "CREATE TABLE \"S.2\".p (id int PRIMARY KEY);"
                     "INSERT INTO \"S.2\".p VALUES (7)"));
    free(fixture_warehouse_psql("CREATE SCHEMA IF NOT EXISTS raw;"
                                "DROP TABLE IF EXISTS raw.long_public_w;"
                                "CREATE TABLE raw.long_public_w (op text);"
                                "DROP TABLE IF EXISTS raw.\"long_S_2_p\";"
                                "CREATE TABLE raw.\"long_S_2_p\" (after_id int)"));
    harness_init(&h, "long", conninfo, NULL);
    harness_engine_start(&h);
    fixture_wait_sql(fixture_warehouse_conninfo(), "SELECT count(*) FROM raw.long_public_w", "1",
                     60);
    fixture_wait_sql(fixture_warehouse_conninfo(), "SELECT sum(after_id) FROM raw.\"long_S_2_p\"",
                     "7", 60);
    assert_int_equal(harness_engine_end(&h, SIGTERM), 0);
}

/* ---- DDL on both ---- */

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
        cmocka_unit_test(test_a_catalog_of_oddities),    cmocka_unit_test(test_the_command),
        cmocka_unit_test(test_check_with_the_source),    cmocka_unit_test(test_check_with_raw),
        cmocka_unit_test(test_docs_know_how_fresh),      cmocka_unit_test(test_infer_load_verify),
        cmocka_unit_test(test_odd_names_are_loaded),     cmocka_unit_test(test_ddl_on_postgresql),
        cmocka_unit_test(test_the_script_on_postgresql), cmocka_unit_test(test_ddl_on_vertica),
        cmocka_unit_test(test_odd_ddl_on_vertica),
    };
    cmocka_set_test_filter(getenv("TEST_FILTER")); /* NULL: all */
    return cmocka_run_group_tests(tests, setup, teardown);
}
