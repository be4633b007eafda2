/* Source to model with a PostgreSQL warehouse. */
#include "tests/engine/refresh_cases.h"

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

int main(void)
{
    cmocka_set_test_filter(getenv("TEST_FILTER"));
    const struct CMUnitTest tests[] = {REFRESH_CASES};
    if (fixture_start(FIXTURE_PRIMARY | FIXTURE_KAFKA | FIXTURE_WAREHOUSE))
        return 1;
    on.prefix = "rf";
    on.odbc = fixture_odbc();
    on.dialect = "postgresql";
    on.conninfo = fixture_warehouse_conninfo();
    return cmocka_run_group_tests(tests, NULL, teardown);
}
