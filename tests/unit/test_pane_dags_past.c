/* The pane of DAGs in the past, with an engine that has a run every five seconds. */
#include "tests/unit/screen_help.h"

#define NOW_US INT64_C(1795543987050043) /* of the fake engine's snapshot: 24 November 2026 */
#define SECOND INT64_C(1000000)

enum { RUNS = 400, PERIOD_S = 5 };

static int64_t made_us(int64_t id)
{
    return NOW_US - (RUNS - id) * PERIOD_S * SECOND;
}

/* ---- what such an engine answers ---- */

static json_t *run(int64_t id)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:i, s:s, s:{s:s}}", "id",
                     (json_int_t)id, "kind", "schedule", "state", id % 7 ? "success" : "failed",
                     "business_date", "2026-11-24", "who", "scheduler", "created_us",
                     (json_int_t)made_us(id), "started_us", (json_int_t)made_us(id), "ended_us",
                     (json_int_t)(made_us(id) + 2 * SECOND), "rows", 1204, "reason", "", "tasks",
                     "load", "success");
}

static json_t *runs(const json_t *params, const char *limit_of)
{
    json_t *at = json_object_get(params, "at_us");
    json_t *before = json_object_get(params, "before");
    int64_t limit = json_integer_value(json_object_get(params, limit_of));
    int64_t id = before ? json_integer_value(before) - 1 : RUNS;
    json_t *list = json_array();
    while (at && id > 0 && made_us(id) > json_integer_value(at))
        id--;
    for (; id > 0 && limit > 0; id--, limit--)
        (void)json_array_append_new(list, run(id));
    return list;
}

static json_t *dag(const char *name, const json_t *params)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:i, s:i, s:o, s:s, s:o}", "name", name,
                     "description", "What it is for.", "schedule", "* * * * *", "schedule_words",
                     "every 5 seconds", "paused", 0, "next_us", (json_int_t)(NOW_US + 4 * SECOND),
                     "queued", 71, "active", 1, "last_run", run(RUNS), "trouble",
                     "the live trouble", "runs", runs(params, "runs"));
}

static json_t *result_of(const struct ask *ask)
{
    if (strcmp(ask->method, "dag.list") == 0)
        return json_pack("{s:[o,o]}", "dags", dag("quick", ask->params),
                         dag("airports_traffic", ask->params));
    if (strcmp(ask->method, "dag.runs") == 0)
        return json_pack("{s:o}", "runs", runs(ask->params, "limit"));
    return NULL;
}

/* Answers what is asked about runs now; returns how much of it was asked as of a moment. */
static int answer_all(struct screen *s)
{
    struct ask ask;
    int of_then = 0;
    for (int i = 0; screen_ask(s, i, &ask); i++) {
        json_t *result = result_of(&ask);
        const struct answer a = {ask.method, ask.params, ERR_OK, result, ""};
        if (result && json_object_get(ask.params, "at_us")) {
            assert_int_equal(ask.every_us, 0); /* what was does not change */
            of_then++;
        }
        if (result)
            screen_take_answer(s, &a, NULL);
        json_decref(result);
        json_decref(ask.params);
    }
    return of_then;
}

/* The record of that moment comes; the runs of then are not asked yet. */
static void look_at(struct screen *s, int64_t us, json_t *snapshot)
{
    s->past_us = us;
    answer_ask(s, 0, "recorder.at", ERR_OK,
               json_pack("{s:I, s:o, s:n, s:n}", "ts_us", (json_int_t)us, "snapshot", snapshot,
                         "previous_us", "next_us"));
}

static void open_pane(struct screen *s)
{
    start(s, 30, 170);
    (void)press(s, "4");
    assert_int_equal(answer_all(s), 0);
}

/* ---- the list ---- */

static void test_list_of_then(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s);
    assert_shows(&s, "quick, run 400");
    look_at(&s, made_us(280) + 3 * SECOND, fake_snapshot());
    assert_shows(&s, "quick: older runs are not loaded"); /* 120 runs ago: not in what is known */
    assert_hides(&s, "no run yet");
    assert_int_equal(answer_all(&s), 1);
    assert_shows(&s, "quick, run 280, the newest then");
    assert_shows(&s, "✓✓✓✓✓✗✓✓✓✓✓✓✗✓✓✓✓✓✓✗"); /* 280 failed */
    look_at(&s, made_us(281) + SECOND, fake_snapshot());
    assert_hides(&s, "run 280, the newest"); /* what was known of before says nothing of then */
    assert_int_equal(answer_all(&s), 1);
    assert_shows(&s, "quick, run 281, the newest then");
    assert_shows(&s, "✓✓✓✓✗✓✓✓✓✓✓✗✓✓✓✓✓✓✗●"); /* and 281 still ran */
    (void)press(&s, "L");
    assert_shows(&s, "quick, run 400");
    assert_int_equal(answer_all(&s), 0);
    assert_shows(&s, "✓✓✓✓✗✓✓✓✓✓✓✗✓✓✓✓✓✓✗✓");
    screen_free(&s);
}

static void test_before_the_first(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s);
    look_at(&s, made_us(1) - SECOND, fake_snapshot());
    assert_int_equal(answer_all(&s), 1);
    assert_shows(&s, "quick: no run of then is kept");
    json_t *snapshot = fake_snapshot();
    fake_set(snapshot, "dags.0.last_run", json_null());
    fake_set(snapshot, "dags.0.name", json_string("quick"));
    look_at(&s, made_us(1) - 2 * SECOND, snapshot);
    assert_shows(&s, "quick: no run by then");
    screen_free(&s);
}

/* An answer of a moment that is looked at no more is not taken for that of this one. */
static void test_late_answer(void **state)
{
    (void)state;
    struct screen s;
    struct ask late = {0};
    open_pane(&s);
    look_at(&s, made_us(200), fake_snapshot());
    for (int i = 0; screen_ask(&s, i, &late) && strcmp(late.method, "dag.list") != 0; i++)
        json_decref(late.params);
    assert_string_equal(late.method, "dag.list");
    look_at(&s, made_us(100), fake_snapshot());
    json_t *result = result_of(&late);
    const struct answer a = {late.method, late.params, ERR_OK, result, ""};
    screen_take_answer(&s, &a, NULL);
    assert_shows(&s, "quick: older runs are not loaded");
    assert_int_equal(answer_all(&s), 1);
    assert_shows(&s, "quick, run 100, the newest then");
    json_decref(result);
    json_decref(late.params);
    screen_free(&s);
}

/* What the record has of a DAG is shown, and sorted by; of what it has not nothing is said. */
static void test_rest_as_recorded(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s);
    assert_shows(&s, "71  ");
    assert_shows(&s, "the live trouble");
    json_t *snapshot = fake_snapshot();
    fake_set(snapshot, "dags.0.name", json_string("airports_traffic"));
    fake_set(snapshot, "dags.0.queued", json_integer(17));
    fake_set(snapshot, "dags.0.active", json_integer(3));
    fake_set(snapshot, "dags.0.trouble", json_string("the trouble of then"));
    fake_set(snapshot, "dags.0.next_us", json_integer(made_us(300) + 33 * SECOND));
    look_at(&s, made_us(300), snapshot);
    assert_int_equal(answer_all(&s), 1);
    assert_hides(&s, "71  ");
    assert_hides(&s, "the live trouble");
    assert_shows(&s, "17  the trouble of then");
    assert_shows(&s, "33 s");
    (void)press(&s, "j\r");
    (void)answer_all(&s);
    assert_shows(&s, "next in 33 s; 3 running, 17 queued");
    assert_shows(&s, "the trouble of then");
    (void)press(&s, "\x1bk\r"); /* of quick there is no record */
    (void)answer_all(&s);
    assert_shows(&s, "next in -; - running, - queued");
    assert_hides(&s, "the live trouble");
    screen_free(&s);
}

/* Now both have as many queued runs, and the same newest one. */
static void test_order_of_then(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s);
    const struct table_state *t = &s.tables[PANE_DAGS];
    json_t *snapshot = fake_snapshot();
    fake_set(snapshot, "dags.0.name", json_string("quick"));
    fake_set(snapshot, "dags.0.queued", json_integer(5));
    fake_set(snapshot, "dags.1.name", json_string("airports_traffic"));
    fake_set(snapshot, "dags.1.queued", json_integer(3));
    look_at(&s, made_us(300), snapshot);
    assert_int_equal(answer_all(&s), 1);
    (void)press(&s, "ooooooo");
    assert_shows(&s, "sorted by queued, smallest first");
    assert_int_equal(t->order[0], 1);
    (void)press(&s, "L");
    assert_int_equal(t->order[0], 0);
    screen_free(&s);
}

/* ---- an opened DAG ---- */

static void test_runs_of_then(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s);
    (void)press(&s, "\r");
    assert_shows(&s, "asking the engine ..");
    assert_int_equal(answer_all(&s), 0);
    assert_shows(&s, "Runs (60 so far)");
    look_at(&s, made_us(280) + SECOND, fake_snapshot());
    assert_shows(&s, "older runs are not loaded");
    assert_hides(&s, "no run yet");
    assert_int_equal(answer_all(&s), 2);
    assert_shows(&s, "Runs (60 so far)");
    assert_shows(&s, "  280  ● running");
    assert_shows(&s, "  279  ✓ success");
    assert_hides(&s, "  281  ");
    (void)press(&s, "G"); /* the end of what is known: older ones are asked, of then too */
    assert_shows(&s, "Runs (60 so far)");
    assert_int_equal(answer_all(&s), 3);
    (void)press(&s, "G");
    assert_hides(&s, "(280)");
    assert_int_equal(answer_all(&s), 3);
    (void)press(&s, "G");
    assert_shows(&s, "Runs (280)");
    assert_shows(&s, "    1  ✓ success");
    look_at(&s, made_us(1) - SECOND, fake_snapshot());
    assert_int_equal(answer_all(&s), 2);
    assert_shows(&s, "no run of then is kept");
    (void)press(&s, "L");
    assert_int_equal(answer_all(&s), 0);
    assert_shows(&s, "  400  ✓ success");
    screen_free(&s);
}

/* What came of a run that was under way then was not known. */
static void test_run_under_way_then(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s);
    (void)press(&s, "\r");
    look_at(&s, made_us(1) + SECOND, fake_snapshot());
    (void)answer_all(&s);
    assert_shows(&s, "    1  ● running");
    assert_hides(&s, "1,204");
    assert_hides(&s, "█"); /* nor how long it would take */
    look_at(&s, made_us(1) + 2 * SECOND, fake_snapshot());
    (void)answer_all(&s);
    assert_shows(&s, "1,204");
    assert_shows(&s, "█");
    screen_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_of_then),       cmocka_unit_test(test_before_the_first),
        cmocka_unit_test(test_late_answer),        cmocka_unit_test(test_rest_as_recorded),
        cmocka_unit_test(test_order_of_then),      cmocka_unit_test(test_runs_of_then),
        cmocka_unit_test(test_run_under_way_then),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
