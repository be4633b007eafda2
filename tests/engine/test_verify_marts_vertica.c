/* The same through the Vertica stand-in (tests/vertica): what it cannot show fails the test. */
#include "tests/engine/verify_marts_cases.h"

#include "tests/fixture/vertica.h"

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
    vertica_check_log();
    vertica_stop();
    return fixture_stop();
}

/* Both questions have gone through the gate: what the marts hold, and what dwh says of them. */
static void test_the_log(void **state)
{
    (void)state;
    static const char *const sent[] = {"RTRIM(linked_airport_code)",
                                       "SELECT MAX(created_at) FROM presentation.frequent_flyers",
                                       "COUNT(DISTINCT ticket_no) AS passengers"};
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
    const struct CMUnitTest tests[] = {VERIFY_MARTS_CASES, cmocka_unit_test(test_the_log)};
    const struct CMUnitTest none[] = {cmocka_unit_test(test_skipped_without_the_stand_in)};
    if (fixture_start(FIXTURE_PRIMARY | FIXTURE_KAFKA | FIXTURE_WAREHOUSE))
        return 1;
    int rc = vertica_start(NULL);
    if (rc == CANNOT_RUN_HERE)
        return cmocka_run_group_tests(none, NULL, NULL) || fixture_stop();
    on.name = "vv";
    on.odbc = vertica_odbc();
    on.dialect = "vertica";
    on.conninfo = vertica_conninfo();
    return rc ? 1 : cmocka_run_group_tests(tests, setup, teardown);
}
