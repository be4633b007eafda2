/*
 * The two marts with the dialect "vertica", through the stand-in (tests/vertica), which takes
 * Vertica's SQL only: the same cases, the same answers, and its log says what was sent.
 */
#include "tests/engine/marts_cases.h"

#include "tests/fixture/vertica.h"

static int setup(void **state)
{
    (void)state;
    return marts_open();
}

static int teardown(void **state)
{
    (void)state;
    marts_close();
    vertica_check_log();
    vertica_stop();
    return fixture_stop();
}

/* Each statement of both marts has gone through the gate, and none was refused. */
static void test_the_log(void **state)
{
    (void)state;
    static const char *const sent[] = {"INSERT INTO presentation.airports_traffic",
                                       "DELETE FROM presentation.airports_traffic",
                                       "INSERT INTO presentation._airports_traffic_dates",
                                       "CREATE OR REPLACE VIEW presentation._airports_traffic_legs",
                                       "INSERT INTO presentation.frequent_flyers",
                                       "DELETE FROM presentation.frequent_flyers",
                                       "CREATE TABLE IF NOT EXISTS presentation.frequent_flyers"};
    for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++)
        if (!vertica_log_has(sent[i]))
            fail_msg("the stand-in's log has no `%s`", sent[i]);
    vertica_check_log();
}

static void test_skipped_without_the_stand_in(void **state)
{
    (void)state;
    skip();
}

int main(void)
{
    enum { CANNOT_RUN_HERE = 77 };
    cmocka_set_test_filter(getenv("TEST_FILTER"));
    const struct CMUnitTest tests[] = {MARTS_CASES, cmocka_unit_test(test_the_log)};
    const struct CMUnitTest none[] = {cmocka_unit_test(test_skipped_without_the_stand_in)};
    if (fixture_start(FIXTURE_WAREHOUSE))
        return 1;
    int rc = vertica_start(NULL);
    if (rc == CANNOT_RUN_HERE)
        return cmocka_run_group_tests(none, NULL, NULL);
    on.dialect = "vertica";
    on.odbc = vertica_odbc();
    on.conninfo = vertica_conninfo();
    return rc ? 1 : cmocka_run_group_tests(tests, setup, teardown);
}
