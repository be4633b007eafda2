/* The same through the Vertica stand-in (tests/vertica): what it cannot show fails the test. */
#include "tests/engine/refresh_cases.h"

#include "tests/fixture/vertica.h"

static int teardown(void **state)
{
    (void)state;
    vertica_check_log();
    vertica_stop();
    return fixture_stop();
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
    const struct CMUnitTest tests[] = {REFRESH_CASES};
    const struct CMUnitTest none[] = {cmocka_unit_test(test_skipped_without_the_stand_in)};
    if (fixture_start(FIXTURE_PRIMARY | FIXTURE_KAFKA | FIXTURE_WAREHOUSE))
        return 1;
    int rc = vertica_start(NULL);
    if (rc == CANNOT_RUN_HERE)
        return cmocka_run_group_tests(none, NULL, NULL) || fixture_stop();
    on.prefix = "rv";
    on.odbc = vertica_odbc();
    on.dialect = "vertica";
    on.conninfo = vertica_conninfo();
    return rc ? 1 : cmocka_run_group_tests(tests, NULL, teardown);
}
