/* The airline's dashboards over the marts of the small airline. Included by marts_cases.h. */
#ifndef TESTS_DASHBOARD_CASES_H
#define TESTS_DASHBOARD_CASES_H

#include "backend/engine/dashboard_service.h"
#include "backend/engine/warehouse_look.h"

static struct config *dashboard_config;
static struct dashboard_service *boards;

static void boards_open(const char *folder)
{
    char text[1200];
    char here[512];
    struct faults f;
    faults_init(&f);
    assert_non_null(getcwd(here, sizeof here));
    (void)snprintf(text, sizeof text,
                   "state_dir: x\nwarehouse: {dialect: %s}\nmarts: [\"%s/config/airline/marts\"]\n"
                   "dashboards: [\"%s\"]\n",
                   on.dialect, here, folder);
    char file[600];
    (void)snprintf(file, sizeof file, "%s/flightdeck.yaml", here);
    OK(config_parse(text, strlen(text), file, &dashboard_config, &f, &err));
    OK(dashboard_service_create(dashboard_config, on.marts, &boards, &f, &err));
    faults_free(&f);
}

static void boards_close(void)
{
    dashboard_service_destroy(boards);
    config_free(dashboard_config);
}

/* Takes params. */
static json_t *board_data(json_t *params)
{
    json_t *answer = NULL;
    OK(dashboard_service_data(boards, on.odbc, params, &answer, &err));
    json_decref(params);
    return answer;
}

static json_t *range_of(const char *name, const char *from, const char *to)
{
    return json_pack("{s:s, s:s, s:s}", "name", name, "from", from, "to", to);
}

static void add_value(struct buf *b, const json_t *v)
{
    if (json_is_number(v))
        buf_printf(b, "%.9g", json_number_value(v));
    else if (json_is_string(v))
        buf_str(b, json_string_value(v));
}

/* "name: row; row; " a panel: the servers differ in what is a whole number. */
static void assert_panels(json_t *answer, const char *want)
{
    struct buf b;
    size_t i, k, c;
    const json_t *p, *row, *v;
    buf_init(&b, 0);
    json_array_foreach(json_object_get(answer, "panels"), i, p)
    {
        const char *error = json_string_value(json_object_get(p, "error"));
        buf_printf(&b, "%s: ", json_string_value(json_object_get(p, "name")));
        json_array_foreach(json_object_get(p, "rows"), k, row)
        {
            json_array_foreach(row, c, v)
            {
                if (c)
                    buf_ch(&b, '|');
                add_value(&b, v);
            }
            buf_lit(&b, "; ");
        }
        buf_printf(&b, "%s%s\n", error ? "error: " : "", error ? error : "");
        assert_true(json_is_real(json_object_get(p, "seconds")));
        assert_true(json_is_false(json_object_get(p, "truncated")));
    }
    assert_string_equal(buf_cstr(&b), want);
    buf_free(&b);
    json_decref(answer);
}

static bool is_kept(const json_t *answer)
{
    return json_is_true(json_object_get(answer, "kept"));
}

static void test_dashboard_of_airports(void **state)
{
    (void)state;
    struct golden_data d = fill_small();
    boards_open("config/airline/dashboards");
    run_small_dates();
    assert_panels(board_data(range_of("airports", "2025-11-09", "2025-11-12")),
                  "active: 3; \n"
                  "active_as_written: 5; \n"
                  "active_by_day: 2025-11-09|1; 2025-11-10|1; 2025-11-11|1; \n"
                  "share_of_passengers: LAX|4; AKL|2; LHR|0; \n"
                  "share_of_flights: AKL|3; LAX|3; LHR|1; \n");
    /* both ends are included */
    assert_panels(
        board_data(json_pack("{s:s, s:s, s:s, s:s}", "name", "airports", "from", "2025-11-10", "to",
                             "2025-11-10", "panel", "share_of_passengers")),
        "share_of_passengers: LAX|4; \n");
    assert_panels(
        board_data(json_pack("{s:s, s:s, s:s, s:s, s:b}", "name", "airports", "from", "2025-11-10",
                             "to", "2025-11-10", "panel", "active", "rows", 1)),
        "active: 2025-11-10|LAX|AKL|2|0|2|0; 2025-11-10|LAX|LHR|0|1|0|2; \n");
    boards_close();
    golden_free(&d);
}

static void test_dashboard_of_passengers(void **state)
{
    (void)state;
    struct golden_data d = fill_small();
    boards_open("config/airline/dashboards");
    (void)run_mart_at("frequent_flyers", "2026-01-01 23:59:59.9+00", NULL, NULL);
    assert_panels(board_data(range_of("frequent_flyers", "2025-12-03", "2026-01-01")),
                  "unique: 6; \n"
                  "average_purchase: 51.6833333; \n"
                  "average_flights: 0.833333333; \n"
                  "unique_by_day: 2026-01-01|6; \n"
                  "revenue_by_day: 2026-01-01|310.1; \n"
                  "groups_share: 5|150.1; 25|140; 50+|20; \n");
    /* nothing in the range: an average of nothing is not known */
    assert_panels(board_data(range_of("frequent_flyers", "2025-12-03", "2025-12-31")),
                  "unique: 0; \n"
                  "average_purchase: ; \n"
                  "average_flights: ; \n"
                  "unique_by_day: \n"
                  "revenue_by_day: \n"
                  "groups_share: \n");
    boards_close();
    golden_free(&d);
}

static bool asked_again(bool refresh)
{
    json_t *params = range_of("airports", "2025-11-09", "2025-11-12");
    (void)json_object_set_new(params, "refresh", json_boolean(refresh));
    json_t *a = board_data(params);
    bool kept = is_kept(a);
    assert_int_equal(json_array_size(json_object_get(a, "panels")), 5);
    assert_true(json_real_value(json_object_get(a, "mart_age_s")) >= 0);
    json_decref(a);
    return kept;
}

/* An answer is kept until the mart has run. */
static void test_dashboard_is_kept(void **state)
{
    (void)state;
    struct golden_data d = fill_small();
    boards_open("config/airline/dashboards");
    (void)traffic("2025-11-10", "2026-01-01 00:00:01+00");
    assert_false(asked_again(false));
    assert_true(asked_again(false));
    assert_false(asked_again(true));
    assert_true(asked_again(false));
    (void)traffic("2025-11-10", "2026-01-01 00:00:02+00");
    assert_false(asked_again(false));
    boards_close();
    golden_free(&d);
}

static const char own_board[] =
    "dashboard: own\n"
    "panels:\n"
    "  - {name: wrong, kind: stat, value: n, query: SELECT nothing FROM nowhere}\n"
    "  - {name: column, kind: stat, value: m, query: SELECT 1 AS n}\n"
    "  - name: kinds\n"
    "    kind: table\n"
    "    query: SELECT 1 AS n, CAST('2026-01-02' AS DATE) AS d, CAST('x' AS VARCHAR(5)) AS t,\n"
    "      CAST(NULL AS VARCHAR(5)) AS nothing, CAST(1.5 AS NUMERIC(8,2)) AS x\n";

/* A panel that fails says so, and the others are shown. */
static void test_dashboard_with_mistakes(void **state)
{
    (void)state;
    char path[600];
    write_file("own.yaml", own_board);
    (void)snprintf(path, sizeof path, "%s/own.yaml", fixture_dir());
    boards_open(path);
    json_t *a = board_data(json_pack("{s:s}", "name", "own"));
    const json_t *panels = json_object_get(a, "panels");
    const char *why = json_string_value(json_object_get(json_array_get(panels, 0), "error"));
    assert_non_null(why);
    assert_non_null(strstr(why, "nowhere"));
    why = json_string_value(json_object_get(json_array_get(panels, 1), "error"));
    assert_string_equal(why, "`value`: the query has no column m (did you mean `n`?)");
    json_t *want = json_pack("[[i, s, s, n, f]]", 1, "2026-01-02", "x", 1.5);
    assert_true(json_equal(want, json_object_get(json_array_get(panels, 2), "rows")));
    static const char *const types[] = {"integer", "date", "text", "text", "decimal"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        assert_string_equal(
            json_string_value(json_object_get(
                json_array_get(json_object_get(json_array_get(panels, 2), "columns"), i), "type")),
            types[i]);
    assert_true(json_is_null(json_object_get(a, "mart_age_s")));
    json_decref(want);
    json_decref(a);
    json_t *params = json_pack("{s:s, s:s}", "name", "own", "panel", "kind");
    assert_int_equal(dashboard_service_data(boards, on.odbc, params, &a, &err), ERR_NOT_FOUND);
    assert_string_equal(err.text, "the dashboard own has no panel kind (did you mean `kinds`?)");
    json_decref(params);
    params = range_of("own", "2026-02-30", "2026-03-01");
    assert_int_equal(dashboard_service_data(boards, on.odbc, params, &a, &err), ERR_USAGE);
    assert_string_equal(err.text, "`from` must be a date as 2026-11-28, not `2026-02-30`");
    json_decref(params);
    boards_close();
}

static void test_read_only(void **state)
{
    (void)state;
    struct warehouse *w = NULL;
    const struct warehouse_options o = {
        .odbc = on.odbc, .dialect = on.dialect, .label = "test", .read_only = true};
    OK(warehouse_open(&o, &w, &err));
    assert_int_not_equal(
        warehouse_exec(w, "CREATE SCHEMA IF NOT EXISTS not_wanted", 0, NULL, NULL, &err), ERR_OK);
    assert_non_null(strstr(err.text, "read-only"));
    warehouse_close(w);
}

/* ---- what warehouse.show asks, in both dialects ---- */

static const json_t *house_row(const json_t *answer, const char *list, const char *member,
                               const char *value)
{
    size_t i;
    const json_t *x;
    json_array_foreach(json_object_get(answer, list), i, x)
    {
        const char *v = json_string_value(json_object_get(x, member));
        if (v && !strcmp(v, value))
            return x;
    }
    fail_msg("%s has no %s `%s`", list, member, value);
    return NULL;
}

static void test_look_at_the_warehouse(void **state)
{
    (void)state;
    json_t *a = NULL, *t = NULL;
    const struct warehouse_look l = {.odbc = on.odbc,
                                     .dialect = on.dialect,
                                     .raw_schema = "raw",
                                     .model_schema = "dwh",
                                     .marts = on.marts};
    struct golden_data d = fill_small();
    (void)traffic("2025-11-10", "2026-01-01 00:00:01+00");
    OK(warehouse_look_show(&l, &a, &err));
    if (json_array_size(json_object_get(a, "errors")))
        fail_msg("%s", json_dumps(json_object_get(a, "errors"), 0));
    assert_int_equal(json_array_size(json_object_get(a, "nodes")), 1);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(json_object_get(a, "nodes"), 0), "state")),
        "UP");
    (void)house_row(a, "sessions", "application", "test");
    (void)house_row(a, "tables", "table_name", "airports_traffic");
    (void)house_row(a, "schemas", "schema_name", "presentation");
    (void)house_row(a, "model_loads", "entity", "flights");
    assert_true(
        json_is_real(json_object_get(house_row(a, "marts", "mart", "airports_traffic"), "age_s")));
    assert_true(json_number_value(
                    json_object_get(house_row(a, "figures", "name", "connections"), "value")) >= 1);
    const json_t *cpu = json_object_get(house_row(a, "figures", "name", "cpu_percent"), "value");
    assert_int_equal(json_is_number(cpu), !strcmp(on.dialect, "vertica"));
    OK(warehouse_look_table(&l, "presentation", "airports_traffic", &t, &err));
    (void)house_row(t, "columns", "name", "linked_airport_code");
    assert_int_equal(warehouse_look_cancel(&l, "none/1", &err), ERR_NOT_FOUND);
    json_decref(t);
    json_decref(a);
    golden_free(&d);
}

static void *sleep_long(void *arg)
{
    struct errbuf e;
    return warehouse_exec(arg, "SELECT MAX(a) FROM dwh._cancel_me", 0, NULL, NULL, &e) ? arg : NULL;
}

/* A view that sleeps, so that both dialects have something that runs. */
static void test_cancel_in_the_warehouse(void **state)
{
    (void)state;
    const struct warehouse_look l = {
        .odbc = on.odbc, .dialect = on.dialect, .raw_schema = "raw", .marts = on.marts};
    free(fixture_sql(
        on.conninfo,
        "CREATE OR REPLACE VIEW dwh._cancel_me AS SELECT (pg_sleep(62) IS NULL)::int AS a"));
    struct warehouse *w = connect_one();
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, sleep_long, w), 0);
    fixture_wait_sql(on.conninfo,
                     "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND "
                     "query LIKE '%_cancel_me%'",
                     "t", 30);
    json_t *a = NULL;
    OK(warehouse_look_show(&l, &a, &err));
    const char *id = NULL;
    size_t i;
    const json_t *q;
    json_array_foreach(json_object_get(a, "queries"), i, q)
    {
        if (strstr(json_string_value(json_object_get(q, "text")), "MAX(a) FROM dwh._cancel_me"))
            id = json_string_value(json_object_get(q, "id"));
    }
    assert_non_null(id);
    OK(warehouse_look_cancel(&l, id, &err));
    void *failed = NULL;
    assert_int_equal(pthread_join(t, &failed), 0);
    assert_ptr_equal(failed, w);
    warehouse_close(w);
    json_decref(a);
    free(fixture_sql(on.conninfo, "DROP VIEW dwh._cancel_me"));
}

#define DASHBOARD_CASES                                                                            \
    cmocka_unit_test(test_dashboard_of_airports), cmocka_unit_test(test_dashboard_of_passengers),  \
        cmocka_unit_test(test_dashboard_is_kept), cmocka_unit_test(test_dashboard_with_mistakes),  \
        cmocka_unit_test(test_read_only), cmocka_unit_test(test_look_at_the_warehouse),            \
        cmocka_unit_test(test_cancel_in_the_warehouse)

#endif
