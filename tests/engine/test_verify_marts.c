/* verify of the marts with a PostgreSQL warehouse. */
#include "tests/engine/verify_marts_cases.h"

static int setup(void **state)
{
    (void)state;
    open_airline();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(on.source);
    return fixture_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {VERIFY_MARTS_CASES};
    if (fixture_start(FIXTURE_PRIMARY | FIXTURE_KAFKA | FIXTURE_WAREHOUSE))
        return 1;
    on.name = "vm";
    on.odbc = fixture_odbc();
    on.dialect = "postgresql";
    on.conninfo = fixture_warehouse_conninfo();
    return cmocka_run_group_tests(tests, setup, teardown);
}
