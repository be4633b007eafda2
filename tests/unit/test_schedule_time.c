/* When the scheduler makes runs: by schedule, by changed inputs, and while the clock is set or the
 * store cannot be written. The clock is the test's. */
#include "tests/unit/schedule_help.h"

#define EVERY_5 "name: d\nschedule: \"*/5 * * * *\"\ntasks:\n  ok: {kind: model}\n"
#define DAILY   "name: d\nschedule: \"5 12 * * *\"\ntasks:\n  ok: {kind: model}\n"

static int scheduled(struct world *w, int st)
{
    return count_runs(w, "d", RUN_KIND_SCHEDULE, st);
}

static int64_t next_of(struct world *w)
{
    struct scheduler_dags l;
    struct errbuf e;
    good(scheduler_dags_list(w->s, &l, &e), &e);
    int64_t next = l.items[0].next_us;
    scheduler_dags_free(&l);
    return next;
}

/* ---- by schedule ---- */

static void test_a_time_fires_once(void **state)
{
    WORLD(w, EVERY_5);
    assert_int_equal(next_of(w), NOON_US + 5 * MINUTE_US);
    advance(w, 5 * MINUTE_US - 1);
    settle(w);
    assert_int_equal(scheduled(w, -1), 0);
    advance(w, 1);
    WAIT_FOR("the first run", scheduled(w, RUN_SUCCESS) == 1);
    assert_int_equal(w->calls[0].begin_us, NOON_US); /* the interval that is over */
    struct store_runs l;
    struct store_run r = run_row(w, w->calls[0].run, &l);
    assert_int_equal(r.logical_us, NOON_US);
    assert_int_equal(r.end_us, NOON_US + 5 * MINUTE_US);
    assert_string_equal(r.who, "scheduler");
    store_runs_free(&l);
    settle(w);
    assert_int_equal(scheduled(w, -1), 1);
    assert_int_equal(next_of(w), NOON_US + 10 * MINUTE_US);
    world_stop(w); /* and not again after a restart */
    world_start(w);
    settle(w);
    assert_int_equal(scheduled(w, -1), 1);
    advance(w, 5 * MINUTE_US);
    WAIT_FOR("the second run", scheduled(w, RUN_SUCCESS) == 2);
}

static void test_missed_times(void **state)
{
    WORLD(w, EVERY_5);
    world_stop(w);
    w->wall += 62 * MINUTE_US; /* nothing ran for an hour */
    world_start(w);
    WAIT_FOR("the newest one", scheduled(w, RUN_SUCCESS) == 1);
    settle(w);
    assert_int_equal(scheduled(w, -1), 1);
    assert_int_equal(w->calls[0].begin_us, NOON_US + 55 * MINUTE_US);
}

static void test_catchup(void **state)
{
    WORLD(w, EVERY_5 "catchup: yes\nstart: 2026-11-28 12:00\n");
    world_stop(w);
    w->wall += 62 * MINUTE_US;
    world_start(w);
    WAIT_FOR("all of them", scheduled(w, RUN_SUCCESS) == 12);
    settle(w);
    assert_int_equal(scheduled(w, -1), 12);
    for (int i = 0; i < 12; i++) /* the oldest first */
        assert_int_equal(w->calls[i].begin_us, NOON_US + i * 5 * MINUTE_US);
}

/* Years of missed times are made up for, and not put into the file at once. */
static void test_much_to_catch_up_with(void **state)
{
    WORLD(w, "name: d\nschedule: \"*/5 * * * *\"\ncatchup: yes\nstart: 2021-01-01\n"
             "max_active_runs: 8\ntasks:\n  block: {kind: model}\n");
    struct scheduler_stats v;
    WAIT_FOR("some run", w->n_calls == 8);
    WAIT_FOR("many wait", (scheduler_stats(w->s, &v), v.queued_runs >= 500));
    settle(w);
    scheduler_stats(w->s, &v);
    assert_true(v.queued_runs >= 500 && v.queued_runs <= 600);
    world_release(w, true);
    WAIT_FOR("it goes on", scheduled(w, RUN_SUCCESS) == STORE_RUNS_MAX);
    int64_t first = INT64_MAX;
    for (int i = 0; i < 8; i++)
        first = w->calls[i].begin_us < first ? w->calls[i].begin_us : first;
    assert_int_equal(first, INT64_C(1609459200) * 1000000);
}

static void test_start(void **state)
{
    WORLD(w, DAILY "start: 2026-11-20\ncatchup: yes\n");
    WAIT_FOR("all since then", scheduled(w, RUN_SUCCESS) == 7);
    settle(w);
    assert_int_equal(w->calls[0].begin_us, NOON_US - 8 * DAY_US + 5 * MINUTE_US);
    assert_int_equal(next_of(w), NOON_US + 5 * MINUTE_US);
}

static void test_start_in_the_future(void **state)
{
    WORLD(w, DAILY "start: 2026-11-30\n");
    for (int i = 0; i < 3; i++)
        advance(w, DAY_US);
    settle(w);
    assert_int_equal(scheduled(w, -1), 0);
    assert_int_equal(next_of(w), NOON_US + 3 * DAY_US + 5 * MINUTE_US);
    advance(w, 6 * MINUTE_US);
    WAIT_FOR("the first whole interval", scheduled(w, RUN_SUCCESS) == 1);
    assert_int_equal(w->calls[0].begin_us, NOON_US + 2 * DAY_US + 5 * MINUTE_US);
}

/* A run takes longer than the period: what comes meanwhile is not heaped up. */
static void test_a_slow_run(void **state)
{
    WORLD(w, "name: d\nschedule: \"*/5 * * * *\"\ntasks:\n  block: {kind: model}\n");
    advance(w, 5 * MINUTE_US);
    WAIT_FOR("it runs", w->n_calls == 1);
    for (int i = 0; i < 20; i++) {
        advance(w, 5 * MINUTE_US);
        settle(w);
    }
    assert_int_equal(scheduled(w, RUN_QUEUED), 1);
    world_release(w, true);
    WAIT_FOR("one more and the newest", scheduled(w, RUN_SUCCESS) == 3);
    settle(w);
    assert_int_equal(scheduled(w, -1), 3);
    assert_int_equal(w->calls[2].begin_us, NOON_US + 100 * MINUTE_US);
}

/* ---- the clock is set ---- */

/* Back by an hour: a daily run does not come twice, one of five minutes goes on at its pace. */
static void test_the_clock_goes_back(void **state)
{
    WORLD(w, EVERY_5, "name: daily\nschedule: \"5 12 * * *\"\ntasks:\n  ok_daily: {kind: model}\n");
    for (int i = 0; i < 3; i++) {
        advance(w, 5 * MINUTE_US);
        WAIT_FOR("it runs", scheduled(w, RUN_SUCCESS) == i + 1);
    }
    assert_int_equal(calls_of(w, "ok_daily"), 1);
    set_back(w, HOUR_US); /* 11:15 */
    settle(w);
    WAIT_FOR("it is told", has_event(w, CHANGE_TROUBLE, "the clock went back by 3600 s"));
    int before = w->n_calls;
    for (int i = 0; i < 12; i++) {
        advance(w, 5 * MINUTE_US);
        settle(w);
        WAIT_FOR("the run ends", count_runs(w, "d", -1, RUN_SUCCESS) == count_runs(w, "d", -1, -1));
    }
    assert_int_equal(w->wall, NOON_US + 15 * MINUTE_US); /* where it was */
    assert_int_equal(scheduled(w, -1), 3);               /* no time has fired twice */
    assert_int_equal(calls_of(w, "ok_daily"), 1);
    int meanwhile = w->n_calls - before; /* and it has not stood still */
    assert_true(meanwhile >= 9 && meanwhile <= 12);
    assert_int_equal(count_runs(w, "d", RUN_KIND_CHANGE, RUN_SUCCESS), meanwhile);
    advance(w, 5 * MINUTE_US);
    WAIT_FOR("the schedule goes on", scheduled(w, RUN_SUCCESS) == 4);
    settle(w);
    assert_int_equal(next_of(w), NOON_US + 25 * MINUTE_US);
}

/* Delays and timeouts do not care. */
static void test_retries_while_the_clock_goes_back(void **state)
{
    WORLD(w, "name: d\ntasks:\n  flaky: {kind: model, retries: 5, retry_delay: 10s}\n");
    int64_t id = trigger(w, "d");
    WAIT_FOR("the first try", task_row(w, id, "flaky").state == TI_UP_FOR_RETRY);
    settle(w); /* its timer runs */
    set_back(w, HOUR_US);
    advance(w, 13 * INT64_C(1000000));
    WAIT_FOR("the second try", calls_of(w, "flaky") == 2);
    WAIT_FOR("it waits", task_row(w, id, "flaky").failures == 2);
    settle(w);     /* its timer runs */
    world_stop(w); /* after a restart the wall clock is all there is: it waits its delay at most */
    w->wall -= HOUR_US;
    world_start(w);
    for (int i = 0; i < 30 && calls_of(w, "flaky") < 3; i++) {
        advance(w, 60 * INT64_C(1000000));
        settle(w);
    }
    expect_end(w, id, RUN_SUCCESS);
}

static void test_the_clock_goes_on(void **state)
{
    WORLD(w, EVERY_5);
    w->wall += 6 * HOUR_US;
    scheduler_wake(w->s);
    WAIT_FOR("the newest one", scheduled(w, RUN_SUCCESS) == 1);
    settle(w);
    assert_int_equal(scheduled(w, -1), 1);
}

/* ---- changed inputs ---- */

#define LISTENS                                                                                    \
    "name: d\ntrigger_on: {on_change: [flights], min_interval: 30s}\ntasks:\n  ok: {kind: "        \
    "model}\n"

static int changes(struct world *w, int st)
{
    return count_runs(w, "d", RUN_KIND_CHANGE, st);
}

static void test_changed_inputs(void **state)
{
    WORLD(w, LISTENS);
    scheduler_changed(w->s, "seats"); /* not this one's */
    settle(w);
    assert_int_equal(changes(w, -1), 0);
    scheduler_changed(w->s, "flights");
    WAIT_FOR("at once", changes(w, RUN_SUCCESS) == 1);
    for (int i = 0; i < 100; i++)
        scheduler_changed(w->s, "flights");
    settle(w);
    assert_int_equal(changes(w, -1), 1); /* not before min_interval */
    advance(w, 29 * INT64_C(1000000));
    settle(w);
    assert_int_equal(changes(w, -1), 1);
    advance(w, 1000000);
    WAIT_FOR("one run for all of them", changes(w, RUN_SUCCESS) == 2);
    advance(w, HOUR_US);
    settle(w);
    assert_int_equal(changes(w, -1), 2);
}

static void test_a_change_while_it_runs(void **state)
{
    WORLD(w, "name: d\ntrigger_on: {on_change: [all]}\ntasks:\n  block: {kind: model}\n");
    scheduler_changed(w->s, "flights");
    WAIT_FOR("it runs", w->n_calls == 1);
    scheduler_changed(w->s, "flights");
    scheduler_changed(w->s, "seats");
    settle(w);
    assert_int_equal(changes(w, -1), 1);
    world_release(w, true);
    WAIT_FOR("another one afterwards", changes(w, RUN_SUCCESS) == 2);
    settle(w);
    assert_int_equal(changes(w, -1), 2);
}

static void test_a_change_is_remembered(void **state)
{
    WORLD(w, LISTENS);
    scheduler_changed(w->s, "flights");
    WAIT_FOR("at once", changes(w, RUN_SUCCESS) == 1);
    scheduler_changed(w->s, "flights");
    world_stop(w);
    w->wall += MINUTE_US;
    w->mono = 1000000; /* the machine has started anew */
    world_start(w);
    WAIT_FOR("after the restart", changes(w, RUN_SUCCESS) == 2);
}

static void test_a_dag_after_another(void **state)
{
    WORLD(w, "name: a\ntasks:\n  ok_a: {kind: model}\n",
          "name: b\ntasks:\n  none_b: {kind: model}\n", "name: c\ntasks:\n  bad_c: {kind: model}\n",
          "name: d\ntrigger_on: [a, b, c]\ntasks:\n  ok_d: {kind: model}\n");
    expect_end(w, trigger(w, "b"), RUN_SUCCESS); /* no row was inserted */
    expect_end(w, trigger(w, "c"), RUN_FAILED);
    settle(w);
    assert_int_equal(changes(w, -1), 0);
    expect_end(w, trigger(w, "a"), RUN_SUCCESS);
    WAIT_FOR("it follows", changes(w, RUN_SUCCESS) == 1);
    settle(w);
    assert_int_equal(changes(w, -1), 1);
}

static void test_a_paused_dag_does_not_follow(void **state)
{
    WORLD(w, LISTENS);
    struct errbuf e;
    good(scheduler_pause(w->s, "d", true, "t", &e), &e);
    scheduler_changed(w->s, "flights");
    settle(w);
    assert_int_equal(changes(w, -1), 0);
    good(scheduler_pause(w->s, "d", false, "t", &e), &e);
    WAIT_FOR("then", changes(w, RUN_SUCCESS) == 1);
}

/* A run by schedule takes up what has changed. */
static void test_a_scheduled_run_takes_changes_up(void **state)
{
    WORLD(w, "name: d\nschedule: \"*/5 * * * *\"\n"
             "trigger_on: {on_change: [all], min_interval: 10m}\ntasks:\n  ok: {kind: model}\n");
    advance(w, 5 * MINUTE_US);
    WAIT_FOR("by schedule", scheduled(w, RUN_SUCCESS) == 1);
    scheduler_changed(w->s, "flights");
    advance(w, 5 * MINUTE_US);
    WAIT_FOR("by schedule", scheduled(w, RUN_SUCCESS) == 2);
    advance(w, 4 * MINUTE_US);
    settle(w);
    assert_int_equal(changes(w, -1), 0);
}

/* ---- the store cannot be written ---- */

static void pragma(struct world *w, const char *sql)
{
    (void)pthread_mutex_lock(&w->store->mutex);
    assert_int_equal(sqlite3_exec(w->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)pthread_mutex_unlock(&w->store->mutex);
}

static void test_read_only_for_a_while(void **state)
{
    WORLD(w, "name: d\nschedule: \"*/5 * * * *\"\ntasks:\n  block: {kind: model}\n"
             "  ok: {kind: model, after: [block]}\n");
    struct errbuf e;
    struct scheduler_stats v;
    int64_t id = trigger(w, "d");
    int64_t late;
    WAIT_FOR("it runs", w->n_calls == 1);
    pragma(w, "PRAGMA query_only = 1");
    world_release(w, true);
    WAIT_FOR("its end cannot be kept", (scheduler_stats(w->s, &v), v.trouble[0]));
    assert_non_null(strstr(v.trouble, "must be able to write"));
    assert_int_equal(v.running_tasks, 1); /* it counts until its end is in the file */
    assert_int_equal(scheduler_trigger(w->s, "d", NULL, 0, "t", &late, &e), ERR_IO);
    advance(w, 5 * MINUTE_US); /* a time comes meanwhile */
    settle(w);
    expect_task(w, id, "block", TI_RUNNING);
    assert_int_equal(calls_of(w, "ok"), 0);
    WAIT_FOR("told", has_event(w, CHANGE_TROUBLE, "must be able to write"));
    pragma(w, "PRAGMA query_only = 0");
    advance(w, 20 * INT64_C(1000000)); /* it tries again by itself */
    expect_end(w, id, RUN_SUCCESS);
    WAIT_FOR("and the one whose time came", scheduled(w, RUN_SUCCESS) == 1);
    assert_int_equal(calls_of(w, "block"), 2); /* nothing ran twice */
    scheduler_stats(w->s, &v);
    assert_string_equal(v.trouble, "");
    WAIT_FOR("told", has_event(w, CHANGE_TROUBLE, "can be written again"));
}

static void test_disk_full_for_a_while(void **state)
{
    WORLD(w, "name: d\ntasks:\n  block: {kind: model}\n");
    struct scheduler_stats v;
    int64_t id = trigger(w, "d");
    WAIT_FOR("it runs", w->n_calls == 1);
    pragma(w, "PRAGMA max_page_count = 1"); /* it is as large as it is, and may not grow */
    for (int i = 0; i < 4000; i++) {
        struct errbuf e;
        int64_t more;
        if (scheduler_trigger(w->s, "d", NULL, 0, "t", &more, &e) == ERR_IO) {
            assert_non_null(strstr(e.text, "make room on its disk"));
            break;
        }
        assert_true(i < 3999);
    }
    world_release(w, true);
    settle(w);
    pragma(w, "PRAGMA max_page_count = 1000000");
    for (int i = 0; i < 50 && (scheduler_stats(w->s, &v), v.trouble[0]); i++) {
        advance(w, 20 * INT64_C(1000000));
        settle(w);
    }
    expect_end(w, id, RUN_SUCCESS);
    WAIT_FOR("all that were taken in run", (scheduler_stats(w->s, &v), v.idle));
    assert_int_equal(count_runs(w, "d", -1, RUN_SUCCESS), count_runs(w, "d", -1, -1));
}

/* Somebody overwrites the file while the engine has it open: that is told, nothing begins on it,
 * and what runs is not touched. */
static void test_damaged_while_it_runs(void **state)
{
    WORLD(w, "name: d\nschedule: \"*/5 * * * *\"\ntasks:\n  ok: {kind: model}\n");
    struct errbuf e;
    struct scheduler_stats v;
    char path[400];
    char junk[4096];
    int64_t id;
    for (int i = 0; i < 50; i++)
        expect_end(w, trigger(w, "d"), RUN_SUCCESS);
    settle(w);
    int calls = w->n_calls;
    memset(junk, 0xa5, sizeof junk);
    (void)snprintf(path, sizeof path, "%s/flightdeck.db", w->dir);
    (void)pthread_mutex_lock(&w->store->mutex);
    assert_int_equal(
        sqlite3_exec(w->store->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    (void)fseek(f, 4096, SEEK_SET); /* behind the first page */
    for (int i = 0; i < 10; i++)
        assert_int_equal(fwrite(junk, 1, sizeof junk, f), sizeof junk);
    (void)fclose(f);
    assert_int_equal(sqlite3_db_release_memory(w->store->db), SQLITE_OK);
    (void)pthread_mutex_unlock(&w->store->mutex);
    assert_int_equal(scheduler_trigger(w->s, "d", NULL, 0, "t", &id, &e), ERR_IO);
    if (!strstr(e.text, "is damaged") || !strstr(e.text, w->dir))
        fail_msg("%s", e.text);
    advance(w, 5 * MINUTE_US);
    WAIT_FOR("it is in trouble", (scheduler_stats(w->s, &v), v.trouble[0]));
    assert_non_null(strstr(v.trouble, "is damaged"));
    WAIT_FOR("told", has_event(w, CHANGE_TROUBLE, "is damaged"));
    for (int i = 0; i < 5; i++)
        advance(w, 20 * INT64_C(1000000));
    settle(w);
    assert_int_equal(w->n_calls, calls);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_a_time_fires_once),
        CASE(test_missed_times),
        CASE(test_catchup),
        CASE(test_much_to_catch_up_with),
        CASE(test_start),
        CASE(test_start_in_the_future),
        CASE(test_a_slow_run),
        CASE(test_the_clock_goes_back),
        CASE(test_retries_while_the_clock_goes_back),
        CASE(test_the_clock_goes_on),
        CASE(test_changed_inputs),
        CASE(test_a_change_while_it_runs),
        CASE(test_a_change_is_remembered),
        CASE(test_a_dag_after_another),
        CASE(test_a_paused_dag_does_not_follow),
        CASE(test_a_scheduled_run_takes_changes_up),
        CASE(test_read_only_for_a_while),
        CASE(test_disk_full_for_a_while),
        CASE(test_damaged_while_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
