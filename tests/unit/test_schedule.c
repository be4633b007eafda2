/* The scheduler: tasks in their order, retries, timeouts, limits, orders. The clock is the test's.
 */
#include "tests/unit/schedule_help.h"

#include "backend/schedule/states.h"
#include "backend/schedule/timers.h"

/* ---- order ---- */

#define DIAMOND                                                                                    \
    "name: d\ntasks:\n  ok_a: {kind: model}\n  ok_b: {kind: model, after: [ok_a]}\n"               \
    "  ok_c: {kind: model, after: [ok_a]}\n  ok_d: {kind: model, after: [ok_b, ok_c]}\n"

static void test_tasks_run_in_their_order(void **state)
{
    WORLD(w, DIAMOND);
    int64_t id = trigger(w, "d");
    expect_end(w, id, RUN_SUCCESS);
    assert_int_equal(w->n_calls, 4);
    assert_string_equal(w->calls[0].task, "ok_a");
    assert_string_equal(w->calls[3].task, "ok_d");
    struct store_runs l;
    struct store_run r = run_row(w, id, &l);
    assert_int_equal(r.rows, 12);
    assert_int_equal(r.kind, RUN_KIND_MANUAL);
    assert_string_equal(r.who, "tester");
    assert_int_equal(r.started_us, NOON_US);
    assert_int_equal(r.ended_us, NOON_US);
    store_runs_free(&l);
    struct store_tasks t;
    struct errbuf e;
    good(store_tasks_list(w->store, id, &t, &e), &e);
    assert_int_equal(t.n, 4);
    assert_int_equal(t.n_tries, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(t.items[i].state, TI_SUCCESS);
        assert_int_equal(t.items[i].rows, 3);
        assert_int_equal(t.tries[i].state, TI_SUCCESS);
        assert_int_equal(t.tries[i].attempt, 1);
    }
    store_tasks_free(&t);
    WAIT_FOR("the event", has_event(w, CHANGE_RUN_SUCCEEDED, ""));
    assert_true(has_event(w, CHANGE_RUN_STARTED, "manual"));
}

static void test_a_failure_fails_the_run(void **state)
{
    WORLD(w, "name: d\ntasks:\n  bad_a: {kind: model}\n  ok_b: {kind: model, after: [bad_a]}\n"
             "  ok_c: {kind: model, after: [ok_b]}\n  ok_other: {kind: model}\n");
    int64_t id = trigger(w, "d");
    expect_end(w, id, RUN_FAILED);
    expect_task(w, id, "bad_a", TI_FAILED);
    expect_task(w, id, "ok_b", TI_UPSTREAM_FAILED);
    expect_task(w, id, "ok_c", TI_UPSTREAM_FAILED);
    expect_task(w, id, "ok_other", TI_SUCCESS); /* what does not hang on it is done */
    assert_int_equal(calls_of(w, "ok_b"), 0);
    struct store_runs l;
    assert_string_equal(run_row(w, id, &l).reason, "task bad_a: no table of the name bad_a");
    store_runs_free(&l);
    struct scheduler_log log;
    struct errbuf e;
    good(scheduler_log_read(w->s, id, "bad_a", 0, 0, 1000, &log, &e), &e);
    assert_int_equal(log.n, 2);
    assert_string_equal(log.items[0].text, "this is bad_a, try 1");
    assert_string_equal(log.items[1].text, "sql: no table of the name bad_a");
    assert_true(log.ended);
    scheduler_log_free(&log);
    assert_int_equal(scheduler_log_read(w->s, id, "ok_b", 0, 0, 1000, &log, &e), ERR_NOT_FOUND);
    assert_int_equal(scheduler_log_read(w->s, id, "bad_a", 7, 0, 1000, &log, &e), ERR_NOT_FOUND);
}

/* The run of the only DAG that is told to have failed; 0: none. */
static int64_t failed_run(struct world *w)
{
    struct scheduler_dags l;
    struct errbuf e;
    good(scheduler_dags_list(w->s, &l, &e), &e);
    int64_t id = l.items[0].failed_run;
    if (id)
        assert_string_equal(l.items[0].failed_reason, "task block: out of time after 30.0 s");
    scheduler_dags_free(&l);
    return id;
}

/* What is under way after it does not hide it, nor does a restart; a success ends it. */
static void test_a_failure_lasts_until_a_success(void **state)
{
    WORLD(w, "name: d\ntasks:\n  block: {kind: model, timeout: 30s}\n");
    int64_t first = trigger(w, "d");
    WAIT_FOR("it runs", calls_of(w, "block") == 1);
    assert_int_equal(failed_run(w), 0);
    advance(w, 30000000);
    expect_end(w, first, RUN_FAILED);
    assert_int_equal(failed_run(w), first);
    int64_t second = trigger(w, "d");
    WAIT_FOR("the next one runs", calls_of(w, "block") == 2);
    assert_int_equal(run_state_of(w, second), RUN_RUNNING);
    assert_int_equal(failed_run(w), first);
    world_stop(w);
    world_start(w);
    assert_int_equal(failed_run(w), first);
    world_release(w, true);
    expect_end(w, second, RUN_SUCCESS);
    assert_int_equal(failed_run(w), 0);
}

static void test_skipped(void **state)
{
    WORLD(w, "name: d\ntasks:\n  skip_a: {kind: model}\n  ok_b: {kind: model, after: [skip_a]}\n"
             "  ok_c: {kind: model}\n");
    int64_t id = trigger(w, "d");
    expect_end(w, id, RUN_SUCCESS);
    expect_task(w, id, "skip_a", TI_SKIPPED);
    assert_string_equal(task_row(w, id, "skip_a").reason, "nothing is due");
    expect_task(w, id, "ok_b", TI_SKIPPED);
    expect_task(w, id, "ok_c", TI_SUCCESS);
}

static void test_a_kind_that_is_not_built_in(void **state)
{
    WORLD(w, "name: d\ntasks:\n  v: {kind: verify, retries: 3}\n");
    int64_t id = trigger(w, "d");
    expect_end(w, id, RUN_FAILED);
    assert_string_equal(task_row(w, id, "v").reason, "tasks of kind verify are not built in yet");
    assert_int_equal(task_row(w, id, "v").attempt, 1); /* trying again would not help */
}

/* ---- retries and timeouts ---- */

static void test_retries(void **state)
{
    WORLD(w, "name: d\nretries: 2\nretry_delay: 10s\nretry_jitter: 0.2\ntasks:\n"
             "  flaky: {kind: model}\n  hopeless: {kind: model}\n");
    int64_t id = trigger(w, "d");
    WAIT_FOR("the first try", task_row(w, id, "flaky").state == TI_UP_FOR_RETRY);
    settle(w); /* its timer runs */
    WAIT_FOR("no retry", task_row(w, id, "hopeless").state == TI_FAILED);
    int64_t first = task_row(w, id, "flaky").retry_us - NOON_US;
    assert_true(first >= 8000000 && first <= 12000000);
    advance(w, first - 1);
    settle(w);
    assert_int_equal(calls_of(w, "flaky"), 1);
    advance(w, 1);
    WAIT_FOR("the second try", task_row(w, id, "flaky").failures == 2);
    settle(w); /* its timer runs */
    int64_t second = task_row(w, id, "flaky").retry_us - w->wall;
    assert_true(second >= 16000000 && second <= 24000000); /* it doubles */
    advance(w, second);
    expect_end(w, id, RUN_FAILED); /* by the hopeless one */
    expect_task(w, id, "flaky", TI_SUCCESS);
    assert_int_equal(task_row(w, id, "flaky").attempt, 3);
    struct store_tasks t;
    struct errbuf e;
    good(store_tasks_list(w->store, id, &t, &e), &e);
    assert_int_equal(t.n_tries, 4);
    assert_int_equal(t.tries[0].state, TI_FAILED);
    assert_string_equal(t.tries[0].reason, "no table of the name flaky");
    assert_int_equal(t.tries[2].state, TI_SUCCESS);
    store_tasks_free(&t);
    WAIT_FOR("told", has_event(w, CHANGE_TASK_FAILED, "again in"));
}

static void test_no_retry_is_left(void **state)
{
    WORLD(w, "name: d\ntasks:\n  bad: {kind: model, retries: 1, retry_delay: 1s}\n");
    int64_t id = trigger(w, "d");
    WAIT_FOR("the first try", task_row(w, id, "bad").state == TI_UP_FOR_RETRY);
    settle(w); /* its timer runs */
    advance(w, 2000000);
    expect_end(w, id, RUN_FAILED);
    assert_int_equal(calls_of(w, "bad"), 2);
    assert_int_equal(task_row(w, id, "bad").failures, 2);
}

static void test_timeout_of_a_task(void **state)
{
    WORLD(w, "name: d\ntasks:\n  block: {kind: model, timeout: 30s}\n");
    int64_t id = trigger(w, "d");
    WAIT_FOR("it runs", calls_of(w, "block") == 1);
    advance(w, 29999999);
    settle(w);
    expect_task(w, id, "block", TI_RUNNING);
    advance(w, 1);
    expect_end(w, id, RUN_FAILED);
    assert_string_equal(task_row(w, id, "block").reason, "out of time after 30.0 s");
}

static void test_timeout_of_a_run(void **state)
{
    WORLD(w, "name: d\ntimeout: 1m\ntasks:\n  block: {kind: model}\n"
             "  ok: {kind: model, after: [block]}\n");
    int64_t id = trigger(w, "d");
    WAIT_FOR("it runs", calls_of(w, "block") == 1);
    advance(w, MINUTE_US);
    expect_end(w, id, RUN_FAILED);
    expect_task(w, id, "block", TI_CANCELED);
    expect_task(w, id, "ok", TI_CANCELED);
    struct store_runs l;
    assert_string_equal(run_row(w, id, &l).reason, "out of time after 60.0 s");
    store_runs_free(&l);
}

/* ---- limits ---- */

static void test_runs_side_by_side(void **state)
{
    WORLD(w, "name: d\nmax_active_runs: 2\ntasks:\n  block: {kind: model}\n");
    int64_t ids[5];
    for (int i = 0; i < 5; i++)
        ids[i] = trigger(w, "d");
    WAIT_FOR("two of them", calls_of(w, "block") == 2);
    settle(w);
    assert_int_equal(calls_of(w, "block"), 2);
    assert_int_equal(run_state_of(w, ids[1]), RUN_RUNNING);
    assert_int_equal(run_state_of(w, ids[2]), RUN_QUEUED);
    world_release(w, true);
    for (int i = 0; i < 5; i++)
        expect_end(w, ids[i], RUN_SUCCESS);
    for (int i = 0; i < 5; i++) /* the oldest first, two at a time */
        assert_true(llabs(w->calls[i].run - ids[i]) <= 1);
    assert_int_equal(w->most_running, 2);
}

#define WIDE "  block_a: {kind: model}\n  block_b: {kind: model}\n  block_c: {kind: model}\n"

static void test_tasks_side_by_side(void **state)
{
    WORLD(w, "name: few\nconcurrency: 2\ntasks:\n" WIDE, "name: one\npool: narrow\ntasks:\n" WIDE,
          "name: two\npool: narrow\ntasks:\n" WIDE);
    int64_t few = trigger(w, "few");
    WAIT_FOR("two of them", w->n_calls == 2);
    settle(w);
    assert_int_equal(w->running, 2);
    world_release(w, true);
    expect_end(w, few, RUN_SUCCESS);
    world_release(w, false);
    int64_t one = trigger(w, "one");
    WAIT_FOR("one of them", w->n_calls == 4);
    int64_t two = trigger(w, "two");
    WAIT_FOR("the other's tasks wait",
             task_row(w, two, "block_c").state == TI_QUEUED); /* for the pool's one slot */
    settle(w);
    assert_int_equal(w->n_calls, 4);
    w->most_running = 0;
    world_release(w, true);
    expect_end(w, one, RUN_SUCCESS);
    expect_end(w, two, RUN_SUCCESS);
    assert_int_equal(w->most_running, 1);
    int turns = 0; /* they take turns: neither waits until the other is through */
    for (int i = 5; i < 9; i++)
        turns += w->calls[i].run != w->calls[i - 1].run;
    assert_true(turns >= 3);
}

/* ---- params ---- */

static void test_params(void **state)
{
    WORLD(w, "name: d\nparams:\n  day: {type: date, default: \"{{ business_date }}\"}\n"
             "  n: {type: integer}\ntasks:\n  ok: {kind: model}\n");
    struct errbuf e;
    int64_t id;
    struct dag_value v = {"n", "7"};
    assert_int_equal(scheduler_trigger(w->s, "d", NULL, 0, "t", &id, &e), ERR_USAGE);
    assert_non_null(strstr(e.text, "n"));
    good(scheduler_trigger(w->s, "d", &v, 1, "t", &id, &e), &e);
    struct store_runs l;
    assert_string_equal(run_row(w, id, &l).params, "{\"day\":\"2026-11-28\",\"n\":\"7\"}");
    store_runs_free(&l);
    expect_end(w, id, RUN_SUCCESS);
    v.value = "seven";
    assert_int_equal(scheduler_trigger(w->s, "d", &v, 1, "t", &id, &e), ERR_USAGE);
    v.name = "m";
    assert_int_equal(scheduler_trigger(w->s, "d", &v, 1, "t", &id, &e), ERR_USAGE);
    assert_int_equal(scheduler_trigger(w->s, "e", NULL, 0, "t", &id, &e), ERR_NOT_FOUND);
    assert_int_equal(count_runs(w, "d", -1, -1), 1);
}

/* A run about one task: what it waits for is not run, nor waited for, nor what waits for it. */
static void test_a_run_of_a_part(void **state)
{
    WORLD(w, "name: d\ntasks:\n  before: {kind: model}\n  mine: {kind: model, after: before}\n"
             "  behind: {kind: model, after: mine}\n");
    struct errbuf e;
    struct store_runs l;
    int64_t id;
    int n;
    assert_int_equal(scheduler_trigger_part(w->s, "d", "none", NULL, "t", &id, &e), ERR_NOT_FOUND);
    good(scheduler_trigger_part(w->s, "d", "mine", "flights", "t", &id, &e), &e);
    expect_end(w, id, RUN_SUCCESS);
    expect_task(w, id, "before", TI_SKIPPED);
    expect_task(w, id, "mine", TI_SUCCESS);
    expect_task(w, id, "behind", TI_SKIPPED);
    assert_int_equal(w->n_calls, 1);
    assert_string_equal(w->calls[0].only, "flights");
    assert_int_equal(run_row(w, id, &l).rows, 3);
    store_runs_free(&l);
    /* cleared it is about the same again */
    good(scheduler_clear(w->s, id, &(struct scheduler_clear){0}, "t", &n, &e), &e);
    WAIT_FOR("it ran again", calls_of(w, "mine") == 2);
    expect_end(w, id, RUN_SUCCESS);
    expect_task(w, id, "before", TI_SKIPPED);
    assert_int_equal(w->n_calls, 2);
    expect_end(w, trigger(w, "d"), RUN_SUCCESS); /* and others are about all of it */
    assert_int_equal(w->n_calls, 5);
    assert_string_equal(w->calls[2].only, "");
}

/* ---- cancel, clear, pause ---- */

static void test_cancel(void **state)
{
    WORLD(w, "name: d\ntasks:\n  block: {kind: model}\n  ok: {kind: model, after: [block]}\n");
    struct errbuf e;
    int64_t first = trigger(w, "d");
    int64_t second = trigger(w, "d");
    WAIT_FOR("it runs", calls_of(w, "block") == 1);
    good(scheduler_cancel(w->s, second, "tester", &e), &e); /* before it began */
    assert_int_equal(run_state_of(w, second), RUN_CANCELED);
    good(scheduler_cancel(w->s, first, "tester", &e), &e);
    expect_end(w, first, RUN_CANCELED);
    expect_task(w, first, "block", TI_CANCELED);
    expect_task(w, first, "ok", TI_CANCELED);
    struct store_runs l;
    assert_string_equal(run_row(w, first, &l).reason, "cancelled by tester");
    store_runs_free(&l);
    assert_int_equal(scheduler_cancel(w->s, first, "tester", &e), ERR_STATE);
    assert_int_equal(scheduler_cancel(w->s, 999, "tester", &e), ERR_NOT_FOUND);
    settle(w);
    assert_int_equal(calls_of(w, "block"), 1);
    struct scheduler_stats v;
    scheduler_stats(w->s, &v);
    assert_true(v.idle);
}

static void test_clear(void **state)
{
    WORLD(w, "name: d\ntasks:\n  ok_a: {kind: model}\n  flaky_b: {kind: model, after: [ok_a]}\n"
             "  ok_c: {kind: model, after: [flaky_b]}\n  ok_d: {kind: model, after: [ok_a]}\n");
    struct errbuf e;
    int n;
    struct scheduler_clear c = {.failed = true};
    int64_t id = trigger(w, "d");
    expect_end(w, id, RUN_FAILED);
    good(scheduler_clear(w->s, id, &c, "tester", &n, &e), &e);
    assert_int_equal(n, 2); /* the one that failed and the one behind it */
    WAIT_FOR("the second try", calls_of(w, "flaky_b") == 2);
    expect_end(w, id, RUN_FAILED);
    good(scheduler_clear(w->s, id, &c, "tester", &n, &e), &e);
    WAIT_FOR("it has begun again", calls_of(w, "ok_c") == 1);
    expect_end(w, id, RUN_SUCCESS);
    assert_int_equal(calls_of(w, "ok_a"), 1);
    assert_int_equal(task_row(w, id, "flaky_b").attempt, 3); /* tries are counted on */
    c = (struct scheduler_clear){.task = "flaky_b", .downstream = true};
    good(scheduler_clear(w->s, id, &c, "tester", &n, &e), &e);
    assert_int_equal(n, 2);
    expect_end(w, id, RUN_SUCCESS);
    assert_int_equal(calls_of(w, "ok_c"), 2);
    assert_int_equal(calls_of(w, "ok_d"), 1);
    c = (struct scheduler_clear){0};
    good(scheduler_clear(w->s, id, &c, "tester", &n, &e), &e);
    assert_int_equal(n, 4);
    expect_end(w, id, RUN_SUCCESS);
    assert_int_equal(calls_of(w, "ok_d"), 2);
    c = (struct scheduler_clear){.task = "nobody"};
    assert_int_equal(scheduler_clear(w->s, id, &c, "tester", &n, &e), ERR_NOT_FOUND);
    c = (struct scheduler_clear){.failed = true};
    assert_int_equal(scheduler_clear(w->s, id, &c, "tester", &n, &e), ERR_STATE);
    assert_int_equal(count_runs(w, "d", -1, -1), 1);
}

/* What did not run because of the task goes with it. */
static void test_clear_of_one_that_failed(void **state)
{
    WORLD(w, "name: d\ntasks:\n  flaky_a: {kind: model}\n  ok_b: {kind: model, after: [flaky_a]}\n"
             "  ok_c: {kind: model}\n  ok_d: {kind: model, after: [ok_b, ok_c]}\n");
    struct errbuf e;
    int n;
    const struct scheduler_clear c = {.task = "flaky_a"};
    int64_t id = trigger(w, "d");
    expect_end(w, id, RUN_FAILED);
    good(scheduler_clear(w->s, id, &c, "tester", &n, &e), &e);
    assert_int_equal(n, 3);
    WAIT_FOR("the second try", calls_of(w, "flaky_a") == 2);
    expect_end(w, id, RUN_FAILED);
    good(scheduler_clear(w->s, id, &c, "tester", &n, &e), &e);
    WAIT_FOR("the third try", calls_of(w, "flaky_a") == 3);
    expect_end(w, id, RUN_SUCCESS);
    assert_int_equal(calls_of(w, "ok_d"), 1);
    assert_int_equal(calls_of(w, "ok_c"), 1);
    good(scheduler_clear(w->s, id, &c, "tester", &n, &e), &e);
    assert_int_equal(n, 1); /* what succeeded stays */
    expect_end(w, id, RUN_SUCCESS);
    assert_int_equal(calls_of(w, "ok_b"), 1);
}

static void test_clear_of_a_run_that_goes_on(void **state)
{
    WORLD(w, "name: d\ntasks:\n  block: {kind: model}\n  ok: {kind: model}\n");
    struct errbuf e;
    int n;
    struct scheduler_clear c = {.task = "block"};
    int64_t id = trigger(w, "d");
    WAIT_FOR("one is through", task_row(w, id, "ok").state == TI_SUCCESS);
    assert_int_equal(scheduler_clear(w->s, id, &c, "tester", &n, &e), ERR_STATE);
    assert_non_null(strstr(e.text, "is running"));
    c.task = "ok";
    good(scheduler_clear(w->s, id, &c, "tester", &n, &e), &e);
    WAIT_FOR("it runs again", calls_of(w, "ok") == 2);
    world_release(w, true);
    expect_end(w, id, RUN_SUCCESS);
}

static void test_pause(void **state)
{
    WORLD(w, "name: d\nschedule: \"*/5 * * * *\"\ntasks:\n  ok: {kind: model}\n");
    struct errbuf e;
    good(scheduler_pause(w->s, "d", true, "tester", &e), &e);
    advance(w, 20 * MINUTE_US);
    settle(w);
    assert_int_equal(w->n_calls, 0);
    expect_end(w, trigger(w, "d"), RUN_SUCCESS); /* asked for: it runs */
    world_stop(w);
    world_start(w); /* it is remembered */
    settle(w);
    assert_int_equal(count_runs(w, "d", RUN_KIND_SCHEDULE, -1), 0);
    struct scheduler_dags l;
    good(scheduler_dags_list(w->s, &l, &e), &e);
    assert_true(l.items[0].paused);
    assert_true(l.items[0].next_us == INT64_MAX);
    scheduler_dags_free(&l);
    good(scheduler_pause(w->s, "d", false, "tester", &e), &e);
    WAIT_FOR("the newest one that was missed",
             count_runs(w, "d", RUN_KIND_SCHEDULE, RUN_SUCCESS) == 1);
    settle(w);
    assert_int_equal(count_runs(w, "d", RUN_KIND_SCHEDULE, -1), 1);
    assert_true(has_event(w, CHANGE_DAG_PAUSED, "") && has_event(w, CHANGE_DAG_RESUMED, ""));
    assert_int_equal(scheduler_pause(w->s, "x", true, "tester", &e), ERR_NOT_FOUND);
}

/* As batch runs it: what was asked for, and nothing by itself. */
static void test_asked_only(void **state)
{
    struct world *w = *state;
    w->asked_only = true;
    world_dags(w, (const char *const[]){
                      "name: d\nschedule: \"*/5 * * * *\"\ntrigger_on: {on_change: all}\n"
                      "tasks:\n  ok: {kind: model}\n",
                      "name: after\ntrigger_on: [d]\ntasks:\n  ok: {kind: model}\n", NULL});
    world_start(w);
    advance(w, HOUR_US);
    scheduler_changed(w->s, "flights");
    settle(w);
    assert_int_equal(w->n_calls, 0);
    expect_end(w, trigger(w, "d"), RUN_SUCCESS);
    settle(w);
    assert_int_equal(w->n_calls, 1);
    world_stop(w);
    w->asked_only = false; /* the next engine takes up what is due */
    world_start(w);
    WAIT_FOR("the time that was missed", count_runs(w, "d", RUN_KIND_SCHEDULE, RUN_SUCCESS) == 1);
    WAIT_FOR("the one that follows", count_runs(w, "after", RUN_KIND_CHANGE, RUN_SUCCESS) >= 1);
}

/* ---- backfill ---- */

static void test_backfill(void **state)
{
    WORLD(w, "name: d\nschedule: \"5 12 * * *\"\ntasks:\n  block: {kind: model}\n");
    struct errbuf e;
    struct scheduler_backfill_result r;
    struct scheduler_backfill b = {
        .from_us = NOON_US - 40 * DAY_US, .to_us = NOON_US - 10 * DAY_US, .parallel = 3};
    good(scheduler_backfill(w->s, "d", &b, "tester", &r, &e), &e);
    assert_int_equal(r.n, 30);
    assert_int_equal(r.created, 30);
    assert_int_equal(r.first, NOON_US + 5 * MINUTE_US - 40 * DAY_US);
    WAIT_FOR("three of them", w->n_calls == 3);
    settle(w);
    assert_int_equal(w->n_calls, 3);
    good(scheduler_backfill(w->s, "d", &b, "tester", &r, &e), &e);
    assert_int_equal(r.active, 30); /* what is on its way is left alone */
    int64_t manual = trigger(w, "d");
    WAIT_FOR("others run beside it", run_state_of(w, manual) == RUN_RUNNING);
    world_release(w, true);
    WAIT_FOR("all", count_runs(w, "d", RUN_KIND_BACKFILL, RUN_SUCCESS) == 30);
    expect_end(w, manual, RUN_SUCCESS);
    assert_true(w->most_running <= 4);
    for (int i = 0; i < 3; i++) /* the first three, on three threads */
        assert_true(w->calls[i].begin_us >= r.first && w->calls[i].begin_us < r.first + 3 * DAY_US);
    b.to_us = b.from_us + 2 * DAY_US;
    good(scheduler_backfill(w->s, "d", &b, "tester", &r, &e), &e);
    assert_int_equal(r.again, 2);
    WAIT_FOR("again", w->n_calls == 33);
    WAIT_FOR("all", count_runs(w, "d", RUN_KIND_BACKFILL, RUN_SUCCESS) == 30);
    b.from_us = NOON_US + DAY_US;
    b.to_us = NOON_US + 9 * DAY_US;
    assert_int_equal(scheduler_backfill(w->s, "d", &b, "tester", &r, &e), ERR_USAGE); /* future */
    b.to_us = b.from_us;
    assert_int_equal(scheduler_backfill(w->s, "d", &b, "tester", &r, &e), ERR_USAGE);
}

/* ---- the end of the engine ---- */

static void test_a_clean_stop(void **state)
{
    WORLD(w, "name: d\ntasks:\n  block: {kind: model}\n  ok: {kind: model, after: [block]}\n");
    int64_t id = trigger(w, "d");
    WAIT_FOR("it runs", calls_of(w, "block") == 1);
    world_stop(w);
    assert_int_equal(run_state_of(w, id), RUN_RUNNING);
    expect_task(w, id, "block", TI_QUEUED);
    assert_string_equal(task_row(w, id, "block").reason, "the engine stopped while it ran");
    world_release(w, true);
    world_start(w);
    expect_end(w, id, RUN_SUCCESS);
    assert_int_equal(task_row(w, id, "block").attempt, 2);
    assert_int_equal(task_row(w, id, "block").failures, 0);
    assert_int_equal(task_row(w, id, "block").losses, 0);
}

static void test_a_stop_that_a_task_does_not_hear(void **state)
{
    WORLD(w, "name: d\ntasks:\n  deaf: {kind: model}\n");
    struct errbuf e;
    int64_t id = trigger(w, "d");
    WAIT_FOR("it runs", calls_of(w, "deaf") == 1);
    assert_int_equal(scheduler_stop(w->s, 10000, &e), ERR_TIMEOUT);
    assert_non_null(strstr(e.text, "task deaf"));
    int64_t late;
    assert_int_equal(scheduler_trigger(w->s, "d", NULL, 0, "t", &late, &e), ERR_STATE);
    world_release(w, true);
    world_stop(w);
    assert_int_equal(run_state_of(w, id), RUN_SUCCESS); /* it has done its work */
}

/* ---- small parts ---- */

static void fired(void *arg, struct timer *t)
{
    int64_t *last = arg;
    assert_true(t->at_us >= *last);
    *last = t->at_us;
}

static void test_timers(void **state)
{
    (void)state;
    enum { N = 2000 };
    struct timers *h = timers_create();
    struct timer *t = calloc(N, sizeof *t);
    int64_t last = 0;
    unsigned x = 1;
    for (int i = 0; i < N; i++) {
        x = x * 1103515245 + 12345;
        t[i].fire = fired;
        t[i].arg = &last;
        assert_true(timer_set(h, &t[i], x % 1000 + 1));
    }
    for (int i = 0; i < N; i += 3)
        timer_clear(h, &t[i]);
    for (int i = 1; i < N; i += 3)
        assert_true(timer_set(h, &t[i], 1001 - t[i].at_us));
    timers_fire(h, 500);
    assert_true(last <= 500 && timers_next(h) > 500);
    timers_fire(h, 2000);
    assert_true(timers_next(h) == INT64_MAX);
    for (int i = 0; i < N; i++)
        assert_false(timer_armed(&t[i]));
    free(t);
    timers_destroy(h);
}

static void test_the_table_of_states(void **state)
{
    (void)state;
    enum run_action ra;
    enum task_action ta;
    enum run_state r;
    enum task_instance_state t;
    bool run_reached[RUN_STATE_COUNT] = {[RUN_QUEUED] = true};
    bool task_reached[TI_STATE_COUNT] = {[TI_WAITING] = true};
    for (int round = 0; round < 10; round++)
        for (int ev = 0; ev <= RUN_EV_CLEAR; ev++)
            for (int s = 0; s < RUN_STATE_COUNT; s++)
                if (run_reached[s] &&
                    states_run_next((enum run_state)s, (enum run_event)ev, &r, &ra)) {
                    run_reached[r] = true;
                    /* what is over moves by a clear only, and what is not has no clear */
                    assert_int_equal(run_state_ended((enum run_state)s), ev == RUN_EV_CLEAR);
                }
    for (int round = 0; round < 10; round++)
        for (int ev = 0; ev <= TASK_EV_CLEAR; ev++)
            for (int s = 0; s < TI_STATE_COUNT; s++)
                if (task_reached[s] &&
                    states_task_next((enum task_instance_state)s, (enum task_event)ev, &t, &ta)) {
                    task_reached[t] = true;
                    assert_int_equal(task_instance_ended((enum task_instance_state)s),
                                     ev == TASK_EV_CLEAR);
                }
    for (int s = 0; s < RUN_STATE_COUNT; s++)
        assert_true(run_reached[s]);
    for (int s = 0; s < TI_STATE_COUNT; s++)
        assert_true(task_reached[s]);
    struct buf b;
    buf_init(&b, 0);
    states_markdown(&b);
    assert_non_null(strstr(buf_cstr(&b), "| running | up_for_retry |"));
    FILE *f = fopen("docs/scheduler.md", "r"); /* tests run from the top of the sources */
    if (f) {
        static char page[32768];
        page[fread(page, 1, sizeof page - 1, f)] = '\0';
        (void)fclose(f);
        if (!strstr(page, buf_cstr(&b)))
            fail_msg("docs/scheduler.md does not have these tables:\n%s", buf_cstr(&b));
    }
    buf_free(&b);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CASE(test_tasks_run_in_their_order),
        CASE(test_a_failure_fails_the_run),
        CASE(test_a_failure_lasts_until_a_success),
        CASE(test_skipped),
        CASE(test_a_kind_that_is_not_built_in),
        CASE(test_retries),
        CASE(test_no_retry_is_left),
        CASE(test_timeout_of_a_task),
        CASE(test_timeout_of_a_run),
        CASE(test_runs_side_by_side),
        CASE(test_tasks_side_by_side),
        CASE(test_params),
        CASE(test_a_run_of_a_part),
        CASE(test_cancel),
        CASE(test_clear),
        CASE(test_clear_of_one_that_failed),
        CASE(test_clear_of_a_run_that_goes_on),
        CASE(test_pause),
        CASE(test_asked_only),
        CASE(test_backfill),
        CASE(test_a_clean_stop),
        CASE(test_a_stop_that_a_task_does_not_hear),
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_the_table_of_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
