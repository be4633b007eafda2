/* The model's load with the dialect "postgresql" on a real server. */
#include "tests/engine/model_cases.h"

int main(void)
{
    const struct CMUnitTest tests[] = {
        MODEL_CASES,
    };
    if (fixture_start(FIXTURE_WAREHOUSE))
        return 1;
    on.dialect = "postgresql";
    on.odbc = fixture_odbc();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    return fixture_stop() || rc;
}
