/*
 * The same cases with the dialect "vertica", through the stand-in (tests/vertica). Whatever it
 * cannot show fails the test.
 */
#define MODEL_SEEDS 4
#include "tests/engine/model_cases.h"

#include "tests/fixture/vertica.h"

static void test_skipped_without_the_stand_in(void **state)
{
    (void)state;
    skip();
}

static int check_and_stop(void **state)
{
    (void)state;
    vertica_check_log();
    vertica_stop();
    return fixture_stop();
}

int main(void)
{
    enum { CANNOT_RUN_HERE = 77 };
    const struct CMUnitTest tests[] = {MODEL_CASES};
    const struct CMUnitTest none[] = {cmocka_unit_test(test_skipped_without_the_stand_in)};
    if (fixture_start(FIXTURE_WAREHOUSE))
        return 1;
    int rc = vertica_start(NULL);
    on.dialect = "vertica";
    on.odbc = vertica_odbc();
    if (rc == CANNOT_RUN_HERE)
        return cmocka_run_group_tests(none, NULL, NULL) || fixture_stop();
    return rc ? 1 : cmocka_run_group_tests(tests, NULL, check_and_stop);
}
