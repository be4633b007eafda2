/* Whatever is asked of the scheduler in whatever order, with a store that cannot be written now and
 * then and restarts in between: what it counts is what the file has, nothing is stuck, no time
 * fires twice. The seed is printed; SEED=n repeats one. */
#include "tests/unit/schedule_help.h"

enum { ROUNDS = 6, STEPS = 250, QUIET_MINUTES = 600 };

static const char *const dags[] = {
    "name: a\nschedule: \"*/5 * * * *\"\nmax_active_runs: 2\nretries: 1\nretry_delay: 3s\ntasks:\n"
    "  ok_1: {kind: model}\n  flaky_2: {kind: model, after: [ok_1], retries: 3}\n"
    "  bad_3: {kind: model, after: [ok_1]}\n  ok_4: {kind: model, after: [flaky_2, bad_3]}\n",
    "name: b\nschedule: \"*/7 * * * *\"\nstart: 2026-11-28 12:00\ncatchup: yes\nconcurrency: 1\n"
    "timeout: 20m\ntasks:\n  block_1: {kind: model, timeout: 2m, pool: narrow}\n"
    "  skip_2: {kind: model}\n  ok_3: {kind: model, after: [skip_2]}\n  ok_4: {kind: model}\n",
    "name: c\ntrigger_on: {dags: [a, b], on_change: [flights], min_interval: 40s}\ntasks:\n"
    "  ok_1: {kind: model, pool: narrow}\n  ok_2: {kind: model, after: [ok_1], pool: narrow}\n",
    NULL};
static const char *const names[] = {"a", "b", "c"};

static uint64_t seed;

static int pick(int n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (int)((seed >> 20) % (unsigned)n);
}

static void pragma(struct world *w, const char *sql)
{
    (void)pthread_mutex_lock(&w->store->mutex);
    assert_int_equal(sqlite3_exec(w->store->db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)pthread_mutex_unlock(&w->store->mutex);
}

static int64_t number(struct world *w, const char *sql)
{
    sqlite3_stmt *st;
    (void)pthread_mutex_lock(&w->store->mutex);
    assert_int_equal(sqlite3_prepare_v2(w->store->db, sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(st, 0);
    (void)sqlite3_finalize(st);
    (void)pthread_mutex_unlock(&w->store->mutex);
    return n;
}

/* Each order may be refused; only some refusals are right. */
static void order(struct world *w)
{
    struct errbuf e;
    enum err rc = ERR_OK;
    int64_t id;
    int n;
    int64_t newest = number(w, "SELECT ifnull(max(id), 0) FROM runs");
    int64_t some = newest ? newest - pick(newest < 12 ? (int)newest : 12) : 1;
    const char *dag = names[pick(3)];
    const struct scheduler_clear all = {0};
    const struct scheduler_clear failed = {.failed = true};
    const struct scheduler_clear one = {.task = "ok_1", .downstream = pick(2)};
    struct scheduler_backfill_result r;
    const struct scheduler_backfill b = {.from_us = NOON_US - pick(20) * 5 * MINUTE_US,
                                         .to_us = NOON_US - 1 + pick(4) * 5 * MINUTE_US,
                                         .parallel = 1 + pick(3)};
    switch (pick(8)) {
    case 0:
    case 1:
        rc = scheduler_trigger(w->s, dag, NULL, 0, "t", &id, &e);
        break;
    case 2:
        rc = scheduler_cancel(w->s, some, "t", &e);
        break;
    case 3:
        rc = scheduler_clear(w->s, some, pick(2) ? &all : &failed, "t", &n, &e);
        break;
    case 4:
        rc = scheduler_clear(w->s, some, &one, "t", &n, &e);
        break;
    case 5:
        rc = scheduler_pause(w->s, dag, pick(2), "t", &e);
        break;
    case 6:
        rc = scheduler_backfill(w->s, dag, &b, "t", &r, &e);
        break;
    default:
        scheduler_changed(w->s, pick(2) ? "flights" : "seats");
    }
    if (rc && rc != ERR_STATE && rc != ERR_NOT_FOUND && rc != ERR_IO && rc != ERR_USAGE)
        fail_msg("%s: %s", err_word(rc), e.text);
}

/* Nothing is asked: what is counted in memory is what is in the file. */
static void compare(struct world *w)
{
    struct scheduler_stats v;
    for (int i = 0; i < 2000; i++) {
        scheduler_stats(w->s, &v);
        if (v.queued_runs == number(w, "SELECT count(*) FROM runs WHERE state = 'queued'") &&
            v.active_runs ==
                number(w, "SELECT count(*) FROM runs WHERE state IN ('running', 'canceling')"))
            return;
        nap(); /* a moment lies between the two looks */
    }
    fail_msg("%lld queued and %d active runs are counted, the file has %lld and %lld",
             (long long)v.queued_runs, v.active_runs,
             (long long)number(w, "SELECT count(*) FROM runs WHERE state = 'queued'"),
             (long long)number(w, "SELECT count(*) FROM runs WHERE state IN ('running', "
                                  "'canceling')"));
}

static void step(struct world *w, bool *writable)
{
    switch (pick(12)) {
    case 0:
        *writable = !*writable;
        pragma(w, *writable ? "PRAGMA query_only = 0" : "PRAGMA query_only = 1");
        break;
    case 1:
        world_release(w, pick(2));
        break;
    case 2:
    case 3:
    case 4:
        advance(w, (int64_t)pick(120) * 1000000);
        break;
    case 5:
        if (pick(10) == 0)
            set_back(w, HOUR_US / 4);
        break;
    default:
        order(w);
    }
    if (pick(20) == 0 && *writable)
        compare(w);
}

/* What is wrong, for the message of the test that fails next. */
static void explain(struct world *w)
{
    sqlite3_stmt *st;
    static const char sql[] =
        "SELECT r.id, r.dag, r.kind, r.state, t.task, t.state, t.reason, r.reason FROM tasks t "
        "JOIN "
        "runs r ON r.id = t.run WHERE t.state IN ('queued', 'running', 'up_for_retry') OR (r.state "
        "= 'success' AND t.state NOT IN ('success', 'skipped')) LIMIT 20";
    (void)pthread_mutex_lock(&w->store->mutex);
    assert_int_equal(sqlite3_prepare_v2(w->store->db, sql, -1, &st, NULL), SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW)
        print_message("run %s of %s (%s) is %s, its task %s is %s: %s; %s\n",
                      sqlite3_column_text(st, 0), sqlite3_column_text(st, 1),
                      sqlite3_column_text(st, 2), sqlite3_column_text(st, 3),
                      sqlite3_column_text(st, 4), sqlite3_column_text(st, 5),
                      sqlite3_column_text(st, 6), sqlite3_column_text(st, 7));
    (void)sqlite3_finalize(st);
    (void)pthread_mutex_unlock(&w->store->mutex);
}

/* Everything may go on: then everything comes to its end. */
static void quiet(struct world *w)
{
    struct errbuf e;
    struct scheduler_stats v;
    pragma(w, "PRAGMA query_only = 0");
    world_release(w, true);
    for (int i = 0; i < QUIET_MINUTES; i++) {
        advance(w, 30 * INT64_C(1000000));
        settle(w);
        if (i == 20) /* nothing new by itself any more, what waits is done */
            for (int k = 0; k < 3; k++)
                good(scheduler_pause(w->s, names[k], false, "t", &e), &e);
        scheduler_stats(w->s, &v);
        if (i > 40 && v.idle)
            break;
    }
    scheduler_stats(w->s, &v);
    if (!v.idle || v.running_tasks || v.waiting_tasks || v.trouble[0])
        fail_msg("it does not come to rest: %lld queued, %d active, %d run, %d wait, %s",
                 (long long)v.queued_runs, v.active_runs, v.running_tasks, v.waiting_tasks,
                 v.trouble);
    compare(w);
    explain(w);
    assert_int_equal(number(w, "SELECT count(*) FROM tasks WHERE state IN ('queued', 'running', "
                               "'up_for_retry')"),
                     0);
    assert_int_equal(number(w, "SELECT count(*) FROM tries WHERE state = 'running'"), 0);
    /* a run of a state that no task of it explains */
    assert_int_equal(
        number(w, "SELECT count(*) FROM runs r WHERE state = 'success' AND EXISTS (SELECT 1 FROM "
                  "tasks t WHERE t.run = r.id AND t.state NOT IN ('success', 'skipped'))"),
        0);
    assert_int_equal(
        number(w, "SELECT count(*) FROM (SELECT 1 FROM runs WHERE kind = 'schedule' GROUP BY dag, "
                  "begin_us HAVING count(*) > 1)"),
        0);
}

static void test_anything(void **state)
{
    struct world *w = *state;
    bool writable = true;
    struct errbuf e;
    const char *given = getenv("SEED");
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)clock_mono_us();
    print_message("SEED=%llu\n", (unsigned long long)seed);
    world_dags(w, dags);
    world_start(w);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < STEPS; i++)
            step(w, &writable);
        pragma(w, "PRAGMA query_only = 0"); /* else the end of a try cannot be written */
        writable = true;
        for (int i = 0; i < 5; i++) {
            advance(w, 20 * INT64_C(1000000));
            settle(w);
        }
        compare(w);
        good(scheduler_stop(w->s, WAIT_S * INT64_C(1000000), &e), &e);
        scheduler_destroy(w->s);
        world_start(w);
        compare(w);
    }
    quiet(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_anything, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
