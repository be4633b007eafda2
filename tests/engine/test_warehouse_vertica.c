/*
 * The same cases with the dialect "vertica", through the stand-in (tests/vertica): psqlODBC speaks
 * to a gate that takes Vertica's SQL only. Whatever the gate cannot show fails the test.
 */
#include "tests/engine/warehouse_cases.h"

#include "tests/fixture/vertica.h"

static void test_a_batch_of_several_chunks(void **state)
{
    (void)state;
    load_rows(12000, 150 * 1024);
}

/* Errors that undo the whole transaction on Vertica ask for all of it again. */
static void test_a_deadlock_is_tried_again(void **state)
{
    (void)state;
    assert_int_equal(vertica_start("--fail INSERT.*raw_dead.*=40V01"), 0);
    on.odbc = vertica_odbc();
    struct warehouse *w = connect();
    fresh_schema(w, "raw_dead");
    OK(warehouse_table_ensure(w, "raw_dead", "t", pair, 2, &err));
    struct wbatch *b = wbatch_create(on.dialect, pair, 2);
    ADD(b, "1", "a");
    ADD(b, "2", "b");
    OK(warehouse_begin(w, &err));
    FAILS(ERR_RETRY, warehouse_insert(w, "raw_dead", "t", b, 0, 2, &err));
    OK(warehouse_rollback(w, &err));
    insert_all(w, "raw_dead", "t", b);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM raw_dead.t"), "2\n");
    wbatch_destroy(b);
    warehouse_close(w);
    vertica_check_log();
}

/* A link that breaks inside of a load. */
static void test_a_dropped_link(void **state)
{
    (void)state;
    assert_int_equal(vertica_start("--fail INSERT.*raw_drop.*=drop"), 0);
    on.odbc = vertica_odbc();
    struct warehouse *w = connect();
    fresh_schema(w, "raw_drop");
    OK(warehouse_table_ensure(w, "raw_drop", "t", pair, 2, &err));
    struct wbatch *b = wbatch_create(on.dialect, pair, 2);
    ADD(b, "1", "a");
    OK(warehouse_begin(w, &err));
    FAILS(ERR_CONNECT, warehouse_insert(w, "raw_drop", "t", b, 0, 1, &err));
    warehouse_close(w);
    wbatch_destroy(b);
    vertica_check_log();
}

static int check_gate(void **state)
{
    (void)state;
    vertica_check_log();
    return 0;
}

static int teardown(void **state)
{
    int rc = check_gate(state);
    vertica_stop();
    return fixture_stop() || rc;
}

static void test_skipped_without_the_stand_in(void **state)
{
    (void)state;
    skip();
}

int main(void)
{
    enum { CANNOT_RUN_HERE = 77 };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_batch_of_several_chunks, NULL, check_gate),
        WAREHOUSE_CASES,
        cmocka_unit_test_setup_teardown(test_a_deadlock_is_tried_again, NULL, check_gate),
        cmocka_unit_test(test_a_dropped_link),
    };
    const struct CMUnitTest none[] = {cmocka_unit_test(test_skipped_without_the_stand_in)};
    if (fixture_start(FIXTURE_WAREHOUSE))
        return 1;
    int rc = vertica_start(NULL);
    on.dialect = "vertica";
    on.odbc = vertica_odbc();
    if (rc == CANNOT_RUN_HERE)
        return cmocka_run_group_tests(none, NULL, NULL);
    return rc ? 1 : cmocka_run_group_tests(tests, NULL, teardown);
}
