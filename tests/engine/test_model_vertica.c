/*
 * The same cases with the dialect "vertica", through the stand-in (tests/vertica). Whatever it
 * cannot show fails the test.
 */
#define MODEL_SEEDS 4
#include "tests/engine/model_cases.h"

#include "tests/fixture/vertica.h"

/* A full disk, a lost link: the load is undone as a whole and comes whole the next time. */
static void fails_once(const char *options, enum err want, const char *word)
{
    struct event events[EVENTS_MAX];
    int64_t offset = 0;
    assert_int_equal(vertica_start(options), 0);
    on.odbc = vertica_odbc();
    seed = 5;
    struct warehouse *w = fresh();
    int n = make_history(events, 60, false);
    raw_write(w, events, n, 1, &offset);
    struct model_loader *l = open_loader(model_text);
    FAILS(want, model_loader_refresh(l, NULL, NULL, NULL, &err));
    if (word && !strstr(err.text, word))
        fail_msg("`%s` does not say `%s`", err.text, word);
    model_loader_close(l);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM dwh_t.attr_person_name"), "0\n");
    (void)load_once(model_text);
    compare_now(w, options, events, n);
    warehouse_close(w);
}

static void test_a_full_disk(void **state)
{
    (void)state;
    fails_once("--fail INSERT.INTO..dwh_t...attr_person_grade.*=53100", ERR_RETRY, "53100");
    vertica_check_log();
}

static void test_a_lost_link(void **state)
{
    (void)state;
    fails_once("--fail INSERT.INTO..dwh_t...attr_person_grade.*=drop", ERR_CONNECT, NULL);
    vertica_check_log();
    assert_int_equal(vertica_start(NULL), 0);
    on.odbc = vertica_odbc();
}

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
    const struct CMUnitTest tests[] = {MODEL_CASES, cmocka_unit_test(test_a_full_disk),
                                       cmocka_unit_test(test_a_lost_link)};
    const struct CMUnitTest none[] = {cmocka_unit_test(test_skipped_without_the_stand_in)};
    if (fixture_start(FIXTURE_WAREHOUSE))
        return 1;
    int rc = vertica_start(NULL);
    cmocka_set_test_filter(getenv("TEST_FILTER"));
    on.dialect = "vertica";
    on.odbc = vertica_odbc();
    if (rc == CANNOT_RUN_HERE)
        return cmocka_run_group_tests(none, NULL, NULL) || fixture_stop();
    return rc ? 1 : cmocka_run_group_tests(tests, NULL, check_and_stop);
}
