/* The warehouse with the dialect "postgresql" on a real server. */
#include "tests/engine/warehouse_cases.h"

#include <unistd.h>

static void *connect_at_once(void *barrier)
{
    struct warehouse *w = NULL;
    struct errbuf e;
    const struct warehouse_options o = {.odbc = on.odbc, .dialect = on.dialect};
    err_clear(&e);
    (void)pthread_barrier_wait(barrier);
    enum err r = warehouse_open(&o, &w, &e);
    if (r)
        (void)fprintf(stderr, "at once: %s\n", e.text);
    warehouse_close(w);
    return (void *)(intptr_t)r;
}

/* Runs before every other: the first connections of a process, by several threads. What it finds,
 * ThreadSanitizer tells. */
static void test_first_connections_at_once(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, connect_at_once, &barrier), 0);
    for (int i = 0; i < THREADS; i++) {
        void *r;
        assert_int_equal(pthread_join(threads[i], &r), 0);
        assert_int_equal((intptr_t)r, ERR_OK);
    }
    (void)pthread_barrier_destroy(&barrier);
}

static void test_a_large_batch_in_bounded_memory(void **state)
{
    (void)state;
    load_rows(fixture_sanitized() ? 25000 : 100000, 150 * 1024);
}

static void test_a_large_result_in_bounded_memory(void **state)
{
    (void)state;
    struct warehouse *w = connect_as(true);
    struct warehouse_rows *rows;
    const struct cell *cells;
    long before = rss_kb();
    int n = 0, all = fixture_sanitized() ? 200000 : 2000000;
    char sql[128];
    enum err r;
    (void)snprintf(sql, sizeof sql, "SELECT g, repeat('x', 50) FROM generate_series(1, %d) AS g",
                   all);
    OK(warehouse_query(w, sql, 0, NULL, &rows, &err));
    while (!(r = warehouse_rows_next(rows, &cells, &err)))
        n++;
    FAILS(ERR_NOT_FOUND, r);
    assert_int_equal(n, all);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(rss_kb() - before < 20 * 1024);
#else
    (void)before;
#endif
    warehouse_rows_close(rows);
    warehouse_close(w);
}

/* The user's own settings must not undo what the code depends on. */
static void test_the_users_driver_settings(void **state)
{
    (void)state;
    char odbc[768];
    const char *before = on.odbc;
    (void)snprintf(odbc, sizeof odbc,
                   "%s;Protocol=7.4-1;UseServerSidePrepare=0;BoolsAsChar=1;LFConversion=1",
                   on.odbc);
    on.odbc = odbc;
    test_bisecting_finds_the_rows_at_fault(state);
    test_every_type_round_trips(state);
    on.odbc = before;
}

static void *cancel_soon(void *arg)
{
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) > 0 FROM pg_stat_activity WHERE state = 'active' AND "
                     "application_name = 'test' AND query LIKE '%pg_sleep%'",
                     "t", 20);
    warehouse_cancel(arg);
    return NULL;
}

static void test_cancel_from_another_thread(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    pthread_t thread;
    warehouse_cancel(w); /* nothing runs: nothing happens */
    OK(warehouse_begin(w, &err));
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, w), 0);
    int64_t start = clock_mono_us();
    FAILS(ERR_CANCELED, warehouse_exec(w, "SELECT pg_sleep(60)", 0, NULL, NULL, &err));
    assert_true(clock_mono_us() - start < 30000000);
    assert_int_equal(pthread_join(thread, NULL), 0);
    OK(warehouse_rollback(w, &err));
    assert_string_equal(result(w, "SELECT 1"), "1\n");
    warehouse_close(w);
}

/* Decimals that only PostgreSQL's unconstrained numeric holds, and a table with a primary key of
 * its own for upsert. */
static void test_postgresql_values(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    const struct wcolumn c[] = {
        {.name = "id", .type = WT_INT64},
        {.name = "n", .type = WT_DECIMAL},
        {.name = "t", .type = WT_TIMESTAMP},
        {.name = "p", .type = WT_DECIMAL, .precision = 5, .scale = 1},
    };
    fresh_schema(w, "raw_pg");
    OK(warehouse_table_ensure(w, "raw_pg", "t", c, 4, &err));
    struct wbatch *b = wbatch_create(on.dialect, c, 4);
    ADD(b, "1", "NaN", "infinity", "NaN");
    ADD(b, "2", "Infinity", "-infinity", NULL);
    ADD(b, "3", "1", NULL, "Infinity");
    OK(warehouse_begin(w, &err));
    OK(warehouse_insert(w, "raw_pg", "t", b, 0, 2, &err));
    FAILS(ERR_DATA, warehouse_insert(w, "raw_pg", "t", b, 2, 3, &err));
    OK(warehouse_commit(w, &err));
    assert_string_equal(result(w, "SELECT id, n::text, t::text, p FROM raw_pg.t ORDER BY id"),
                        "1|NaN|infinity|NaN\n2|Infinity|-infinity|<null>\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

static void test_upsert_indexes(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    const struct wcolumn c[] = {{.name = "id", .type = WT_INT64}, {.name = "v", .type = WT_TEXT}};
    const int key[] = {0};
    const struct upsert_plan plan = {.key = key, .n_key = 1, .op_column = -1};
    fresh_schema(w, "raw_ix");
    run_sql(w, "CREATE SCHEMA raw_ix");
    run_sql(w, "CREATE TABLE raw_ix.own (id bigint PRIMARY KEY, v text)");
    run_sql(w, "CREATE TABLE raw_ix.none (id bigint, v text)");
    run_sql(w, "CREATE TABLE raw_ix.twice (id bigint, v text)");
    run_sql(w, "INSERT INTO raw_ix.twice VALUES (7, 'a'), (7, 'b')");
    struct wbatch *b = wbatch_create(on.dialect, c, 2);
    ADD(b, "7", "x");
    OK(warehouse_begin(w, &err));
    OK(warehouse_upsert(w, "raw_ix", "own", b, 0, 1, &plan, &err));
    OK(warehouse_upsert(w, "raw_ix", "none", b, 0, 1, &plan, &err)); /* makes the index */
    FAILS(ERR_SQL, warehouse_upsert(w, "raw_ix", "twice", b, 0, 1, &plan, &err));
    assert_non_null(strstr(err.text, "several rows"));
    OK(warehouse_upsert(w, "raw_ix", "none", b, 0, 1, &plan, &err));
    OK(warehouse_commit(w, &err));
    const struct wcolumn keyed[] = {{.name = "id", .type = WT_INT64, .key = true},
                                    {.name = "v", .type = WT_TEXT}};
    OK(warehouse_table_ensure(w, "raw_ix", "own", keyed, 2, &err));
    OK(warehouse_table_ensure(w, "raw_ix", "none", keyed, 2, &err));
    assert_string_equal(result(w,
                               "SELECT c.relname, count(*) FROM pg_index i JOIN pg_class c ON "
                               "c.oid = i.indrelid WHERE c.relnamespace = 'raw_ix'::regnamespace "
                               "GROUP BY 1 ORDER BY 1"),
                        "none|1\nown|1\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

/* A domain, a table of somebody else with text for everything: types it can take. */
static void test_tables_made_by_others(void **state)
{
    (void)state;
    struct warehouse *w = connect();
    const struct wcolumn c[] = {
        {.name = "i", .type = WT_INT64}, {.name = "d", .type = WT_DECIMAL, .precision = 4},
        {.name = "j", .type = WT_JSON},  {.name = "t", .type = WT_TIMESTAMPTZ},
        {.name = "u", .type = WT_UUID},
    };
    fresh_schema(w, "raw_own");
    run_sql(w, "CREATE SCHEMA raw_own");
    run_sql(w, "CREATE DOMAIN raw_own.small AS numeric(10, 2)");
    run_sql(w, "CREATE TABLE raw_own.t (i text, d raw_own.small, j text, t varchar(100), u text, "
               "extra int DEFAULT 5)");
    OK(warehouse_table_ensure(w, "raw_own", "t", c, 5, &err));
    struct wbatch *b = wbatch_create(on.dialect, c, 5);
    ADD(b, "1", "2", "{\"a\": 1}", "2026-11-24 00:00:00+00",
        "550d84d0-01bd-4d1c-9c33-c94f40df2336");
    insert_all(w, "raw_own", "t", b);
    assert_string_equal(result(w, "SELECT * FROM raw_own.t"),
                        "1|2.00|{\"a\": 1}|2026-11-24 00:00:00+00|"
                        "550d84d0-01bd-4d1c-9c33-c94f40df2336|5\n");
    wbatch_destroy(b);
    warehouse_close(w);
}

static int setup(void **state)
{
    (void)state;
    if (fixture_start(FIXTURE_WAREHOUSE))
        return -1;
    on.dialect = "postgresql";
    on.odbc = fixture_odbc();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_connections_at_once),
        cmocka_unit_test(test_a_large_batch_in_bounded_memory),
        cmocka_unit_test(test_a_large_result_in_bounded_memory),
        cmocka_unit_test(test_the_users_driver_settings),
        cmocka_unit_test(test_cancel_from_another_thread),
        cmocka_unit_test(test_postgresql_values),
        cmocka_unit_test(test_upsert_indexes),
        cmocka_unit_test(test_tables_made_by_others),
        WAREHOUSE_CASES,
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
