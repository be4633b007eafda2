/* The model's load with the dialect "postgresql" on a real server. */
#include "tests/engine/model_cases.h"

static const char many_rows[] =
    "INSERT INTO raw_t.person (after_id, after_name, after_grade, after_born, source_ts_ms, "
    "source_ts_us, source_lsn, op, _batch, _partition, _offset) SELECT i, 'n' || i, 'tin', 1900, "
    "1790000000000, 1790000000000000, i, 'r', 1, 0, i FROM generate_series(1, 50000) i";

/*
 * The warehouse is lost in the middle of a load: none of it is there, and the next one has it. A
 * lock on one of the tables makes the load stand still in its midst, where its session is ended.
 */
static void test_the_link_is_lost(void **state)
{
    (void)state;
    struct warehouse *w = fresh();
    OK(warehouse_exec(w, many_rows, 0, NULL, NULL, &err));
    struct load_thread t = {.l = open_loader(model_text)};
    pthread_t thread;
    struct warehouse *holder = connect();
    OK(warehouse_begin(holder, &err));
    OK(warehouse_exec(holder, "LOCK TABLE dwh_t.attr_person_grade IN EXCLUSIVE MODE", 0, NULL, NULL,
                      &err));
    assert_int_equal(pthread_create(&thread, NULL, load_in_thread, &t), 0);
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                     "wait_event_type = 'Lock' AND query LIKE '%attr_person_grade%'",
                     "1", 60);
    (void)pthread_join(thread, NULL);
    OK(warehouse_rollback(holder, &err));
    warehouse_close(holder);
    if (t.rc != ERR_CONNECT)
        fail_msg("%s: %s", err_word(t.rc), t.e.text);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM dwh_t.anchor_person"), "0\n");
    model_loader_close(t.l);
    (void)load_once(model_text);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM dwh_t.person_latest WHERE name = 'n' || "
                                  "CAST(id AS VARCHAR)"),
                        "50000\n");
    warehouse_close(w);
}

/* Entities whose first load fails do not keep others from being refreshed. */
static void test_failures_stop_nobody_else(void **state)
{
    (void)state;
    struct event events[EVENTS_MAX];
    static const char four[] =
        "model: test\nschema: dwh_t\nentities:\n"
        "  person: {raw: person, key: {id: integer}, attributes: {name: varchar(40)}}\n"
        "  bad: {raw: person, key: {id: integer}, attributes: {name: varchar(40)}}\n"
        "  worse: {raw: person, key: {id: integer}, attributes: {name: varchar(40)}}\n";
    int64_t offset = 0;
    struct errbuf e;
    seed = 21;
    struct warehouse *w = fresh();
    int n = make_history(events, 60, false);
    const bool only_person[] = {true, false, false};
    struct model_loader *l = open_loader_on(four, 2);
    raw_write(w, events, n / 2, 1, &offset);
    OK(model_loader_refresh(l, only_person, NULL, NULL, &err));
    OK(warehouse_exec(w, "DROP TABLE dwh_t.attr_bad_name CASCADE", 0, NULL, NULL, &err));
    OK(warehouse_exec(w, "DROP TABLE dwh_t.attr_worse_name CASCADE", 0, NULL, NULL, &err));
    raw_write(w, events + n / 2, n - n / 2, 2, &offset);
    FAILS(ERR_SQL, model_loader_refresh(l, NULL, NULL, NULL, &e));
    assert_string_equal(result(w, "SELECT MIN(batch) FROM dwh_t._flightdeck_marks WHERE entity = "
                                  "'person'"),
                        "2\n");
    assert_string_equal(
        result(w, "SELECT MAX(batch) FROM dwh_t._flightdeck_marks WHERE entity <> 'person'"),
        "0\n");
    model_loader_close(l);
    warehouse_close(w);
}

/* Another engine loads for longer than the second one waits: it says who. */
static void test_patience_ends(void **state)
{
    (void)state;
    struct event events[EVENTS_MAX];
    pthread_t thread;
    int64_t offset = 0;
    seed = 42;
    struct warehouse *w = fresh();
    int n = make_history(events, 60, false);
    raw_write(w, events, n, 1, &offset);
    struct load_thread t = {.l = open_loader_on(model_text, 2)};
    struct warehouse *holder = hold("attr_person_name");
    assert_int_equal(pthread_create(&thread, NULL, load_in_thread, &t), 0);
    wait_for_waiters("attr_person_name", "1");
    struct model_loader *second = NULL;
    struct model_loader_options o = options_of(model_text, 2);
    o.patience_ms = 1000;
    OK(model_loader_open(&o, &second, &err)); /* does not wait */
    FAILS(ERR_RETRY, model_loader_refresh(second, NULL, NULL, NULL, &err));
    says(err.text, "another engine (session ");
    says(err.text, ", test, from ");
    says(err.text, ") has been loading the schema dwh_t for 1 s: one engine a model");
    release(holder);
    (void)pthread_join(thread, NULL);
    assert_int_equal(t.rc, ERR_OK);
    assert_int_equal(refresh(second), 0);
    model_loader_close(second);
    model_loader_close(t.l);
    compare_now(w, "after the wait", events, n);
    warehouse_close(w);
}

/* A cancel that comes while the second connection is being opened: no statement of the first one
 * runs then, and the second one is not there yet. */
static void test_a_cancel_between_two_connections(void **state)
{
    (void)state;
    struct event events[EVENTS_MAX];
    pthread_t thread;
    int64_t offset = 0;
    seed = 43;
    struct warehouse *w = fresh();
    int n = make_history(events, 60, false);
    raw_write(w, events, n, 1, &offset);
    struct load_thread t = {.l = open_loader_on(model_text, 2)};
    struct warehouse *holder = connect();
    OK(warehouse_begin(holder, &err));
    /* the second one looks at what there is, as the first one has long done */
    OK(warehouse_exec(holder, "LOCK TABLE dwh_t._flightdeck_objects IN ACCESS EXCLUSIVE MODE", 0,
                      NULL, NULL, &err));
    assert_int_equal(pthread_create(&thread, NULL, load_in_thread, &t), 0);
    wait_for_waiters("_flightdeck_objects", "1");
    model_loader_cancel(t.l);
    release(holder);
    (void)pthread_join(thread, NULL);
    assert_int_equal(t.rc, ERR_CANCELED);
    assert_int_equal(t.inserted, 0);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM dwh_t.anchor_person"), "0\n");
    FAILS(ERR_CANCELED, model_loader_refresh(t.l, NULL, NULL, NULL, &err));
    model_loader_arm(t.l);
    assert_true(refresh(t.l) > 0);
    compare_now(w, "after the cancel", events, n);
    model_loader_close(t.l);
    warehouse_close(w);
}

/*
 * Two connections: c has entered the anchor of a, which was loaded, and waits for b, which is being
 * loaded and refers to a as well. Neither waits for the other then.
 */
static void test_two_hands_do_not_wait_for_each_other(void **state)
{
    (void)state;
    enum { PATIENCE_S = 60 };
    struct event events[EVENTS_MAX];
    int64_t offset = 0;
    struct timespec until;
    seed = 7;
    struct warehouse *w = fresh();
    int n = make_history(events, 80, false);
    raw_write(w, events, n, 1, &offset);
    struct model_loader *l = open_loader_on(chain_text, 2);
    struct load_thread t = {.l = l};
    pthread_t thread;
    struct warehouse *holder = connect();
    OK(warehouse_begin(holder, &err));
    OK(warehouse_exec(holder, "LOCK TABLE dwh_t.attr_b_fee IN EXCLUSIVE MODE", 0, NULL, NULL,
                      &err));
    assert_int_equal(pthread_create(&thread, NULL, load_in_thread, &t), 0);
    /* c stands still behind its last statement before the foreign keys, or behind their first */
    fixture_wait_sql(
        fixture_warehouse_conninfo(),
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND "
        "query LIKE '%_c%' AND state_change < now() - interval '300 ms' AND EXISTS "
        "(SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE "
        "'%attr_b_fee%')",
        "1", PATIENCE_S);
    OK(warehouse_rollback(holder, &err));
    warehouse_close(holder);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    if (pthread_timedjoin_np(thread, NULL, &until))
        fail_msg("the two connections wait for each other");
    if (t.rc)
        fail_msg("%s", t.e.text);
    assert_int_equal(refresh(l), 0);
    assert_string_equal(result(w,
                               "SELECT COUNT(*) FROM dwh_t.anchor_c c LEFT JOIN dwh_t.anchor_b b "
                               "ON b.b_sk = c.c_sk WHERE b.b_sk IS NULL"),
                        "0\n");
    model_loader_close(l);
    warehouse_close(w);
}

static const char twice_text[] = //
    "model: test\n"
    "schema: dwh_t\n"
    "entities:\n"
    "  a: {raw: person, key: {id: integer}, attributes: {name: varchar(40)}}\n"
    "  b: {raw: visit, key: {place: varchar(8), day: integer}}\n"
    "  c: {raw: person2, key: {id: integer}, attributes: {name: varchar(40)}}\n"
    "  d: {raw: visit2, key: {place: varchar(8), day: integer}}\n";

/* Raw tables that come after the second connection was opened: it knows them as the first does. */
static void test_raw_tables_come_by_and_by(void **state)
{
    (void)state;
    struct event events[EVENTS_MAX];
    int64_t offset = 0;
    seed = 8;
    struct warehouse *w = fresh();
    int n = make_history(events, 80, false);
    raw_write(w, events, n, 1, &offset);
    struct model_loader *l = open_loader_on(twice_text, 2);
    assert_true(refresh(l) > 0);
    OK(warehouse_exec(w, "CREATE TABLE raw_t.person2 AS SELECT * FROM raw_t.person", 0, NULL, NULL,
                      &err));
    OK(warehouse_exec(w, "CREATE TABLE raw_t.visit2 AS SELECT * FROM raw_t.visit", 0, NULL, NULL,
                      &err));
    assert_true(refresh(l) > 0);
    assert_int_equal(refresh(l), 0);
    assert_string_equal(result(w, "SELECT COUNT(*) FROM (SELECT d_sk FROM dwh_t.anchor_d EXCEPT "
                                  "SELECT b_sk FROM dwh_t.anchor_b) x"),
                        "0\n");
    model_loader_close(l);
    warehouse_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MODEL_CASES,
        cmocka_unit_test(test_the_link_is_lost),
        cmocka_unit_test(test_failures_stop_nobody_else),
        cmocka_unit_test(test_patience_ends),
        cmocka_unit_test(test_a_cancel_between_two_connections),
        cmocka_unit_test(test_raw_tables_come_by_and_by),
        cmocka_unit_test(test_two_hands_do_not_wait_for_each_other),
    };
    if (fixture_start(FIXTURE_WAREHOUSE))
        return 1;
    on.dialect = "postgresql";
    on.odbc = fixture_odbc();
    cmocka_set_test_filter(getenv("TEST_FILTER"));
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    return fixture_stop() || rc;
}
