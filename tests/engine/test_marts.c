/* The two marts on PostgreSQL, against answers that are computed without SQL. */
#include "tests/engine/marts_cases.h"

static int setup(void **state)
{
    (void)state;
    return marts_open();
}

static int teardown(void **state)
{
    (void)state;
    marts_close();
    return fixture_stop();
}

int main(void)
{
    cmocka_set_test_filter(getenv("TEST_FILTER"));
    const struct CMUnitTest tests[] = {MARTS_CASES};
    if (fixture_start(FIXTURE_WAREHOUSE))
        return 1;
    on.dialect = "postgresql";
    on.odbc = fixture_odbc();
    on.conninfo = fixture_warehouse_conninfo();
    return cmocka_run_group_tests(tests, setup, teardown);
}
