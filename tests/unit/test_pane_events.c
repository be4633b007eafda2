/* The pane of events: as many as the engine keeps, a page at a time, now and in the past. */
#include "tests/unit/screen_help.h"

#define NOW_US INT64_C(1795543987050043) /* of the fake engine's snapshot: 24 November 2026 */

enum { KEPT = 10000, FIRST = 20001, LAST = FIRST + KEPT - 1, PERIOD_US = 10 * 1000000 };

static int64_t at_us(int64_t id)
{
    return NOW_US - (LAST - id) * PERIOD_US;
}

/* ---- an engine that keeps FIRST to LAST ---- */

static json_t *event(int64_t id)
{
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:o}", "id", (json_int_t)id, "ts_us",
                     (json_int_t)at_us(id), "level", "info", "area", "test", "who", "engine",
                     "text", json_sprintf("event %lld.", (long long)id));
}

static json_t *page(int64_t last, int64_t limit)
{
    int64_t id = last - limit + 1 > FIRST ? last - limit + 1 : FIRST;
    json_t *list = json_array();
    for (; id <= last; id++)
        (void)json_array_append_new(list, event(id));
    return json_pack("{s:o}", "events", list);
}

static bool find_ask(const struct screen *s, struct ask *out)
{
    for (int i = 0; screen_ask(s, i, out); i++) {
        if (strcmp(out->method, "events.list") == 0)
            return true;
        json_decref(out->params);
    }
    return false;
}

/* Answers what is asked about events, until nothing is; returns how often. */
static int answer_all(struct screen *s)
{
    struct ask ask;
    int n = 0;
    for (; n < 100 && find_ask(s, &ask); n++) {
        int64_t before = json_integer_value(json_object_get(ask.params, "before"));
        int64_t limit = json_integer_value(json_object_get(ask.params, "limit"));
        json_t *result = page(before - 1, limit);
        const struct answer a = {ask.method, ask.params, ERR_OK, result, ""};
        assert_int_equal(ask.every_us, 0);
        assert_in_range(limit, 1, 2000);
        screen_take_answer(s, &a, NULL);
        json_decref(result);
        json_decref(ask.params);
    }
    return n;
}

static void take_new(struct screen *s, int64_t last, int64_t limit)
{
    struct errbuf e;
    json_t *newest = page(last, limit);
    assert_int_equal(screen_take_events(s, newest, &e), ERR_OK);
    json_decref(newest);
}

static void open_pane(struct screen *s)
{
    start(s, 24, 100);
    screen_forget_events(s);
    take_new(s, LAST, 1000);
    (void)press(s, "0");
}

static void look_at(struct screen *s, int64_t us)
{
    s->past_us = us;
    answer_ask(s, 0, "recorder.at", ERR_OK,
               json_pack("{s:I, s:o, s:n, s:n}", "ts_us", (json_int_t)us, "snapshot",
                         fake_snapshot(), "previous_us", "next_us"));
}

/* ---- tests ---- */

/* Whoever goes to the end gets older ones, until there are none. */
static void test_older_at_the_end(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s);
    assert_shows(&s, "Events (1000), following, older ones are not loaded");
    assert_int_equal(answer_all(&s), 0); /* nobody looks at them */
    (void)press(&s, "G");
    assert_shows(&s, "event 29001.");
    assert_int_equal(answer_all(&s), 1);
    assert_shows(&s, "Events (2000), older ones are not loaded");
    assert_shows(&s, "event 29001."); /* the selected one stays */
    for (int i = 0; i < 20; i++) {
        (void)press(&s, "G");
        (void)answer_all(&s);
    }
    (void)press(&s, "G");
    assert_shows(&s, "Events (10000) ");
    assert_shows(&s, "event 20001.");
    assert_int_equal(answer_all(&s), 0);
    take_new(&s, LAST + 5, 5);
    assert_shows(&s, "Events (10005) ");
    assert_int_equal(answer_all(&s), 0);
    screen_free(&s);
}

static void test_events_of_then(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s);
    look_at(&s, at_us(22500));
    assert_shows(&s, "Events (0), following, older ones are not loaded");
    assert_shows(&s, "older events are not loaded");
    assert_hides(&s, "no events yet");
    assert_int_equal(answer_all(&s), 7); /* as far as that moment */
    assert_shows(&s, "Events (500), following, older ones are not loaded");
    assert_shows(&s, "event 22500.");
    assert_hides(&s, "event 22501.");
    look_at(&s, at_us(FIRST) - 1);
    assert_int_equal(answer_all(&s), 3);
    assert_shows(&s, "Events (0)");
    assert_shows(&s, "no event of then is kept");
    (void)press(&s, "L");
    assert_shows(&s, "Events (10000)");
    assert_shows(&s, "event 30000.");
    screen_free(&s);
}

/* A filter looks through all of them. */
static void test_filter_reaches_all(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s);
    (void)press(&s, "/event 20017.\r");
    assert_int_equal(answer_all(&s), 10);
    assert_shows(&s, "Events (1 that contain event 20017.)");
    assert_shows(&s, "  event 20017.");
    screen_free(&s);
}

/* While the engine was away more came than one answer tells. */
static void test_no_gap(void **state)
{
    (void)state;
    struct screen s;
    open_pane(&s);
    take_new(&s, LAST + 3000, 1000);
    assert_shows(&s, "Events (1000), following, older ones are not loaded");
    (void)press(&s, "G");
    assert_int_equal(answer_all(&s), 1);
    assert_int_equal(s.events.events[0].id, LAST + 1001);
    screen_free(&s);
}

/* Answers that do not fit to what is known change nothing. */
static void test_answers_that_do_not_fit(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    open_pane(&s);
    (void)press(&s, "G");
    assert_true(find_ask(&s, &ask));
    json_t *other = json_pack("{s:i, s:i}", "before", 25000, "limit", 1000);
    json_t *result = page(24999, 1000);
    screen_take_answer(&s, &(struct answer){ask.method, other, ERR_OK, result, ""}, NULL);
    assert_int_equal(s.events.n, 1000); /* there would be a gap */
    json_decref(result);
    result = page(LAST, 1000); /* an engine that does not know `before` */
    screen_take_answer(&s, &(struct answer){ask.method, ask.params, ERR_OK, result, ""}, NULL);
    assert_int_equal(s.events.n, 1000);
    assert_int_equal(answer_all(&s), 0);
    screen_take_answer(&s, &(struct answer){ask.method, ask.params, ERR_IO, NULL, "why not"}, NULL);
    assert_shows(&s, "events.list: why not");
    json_decref(result);
    json_decref(other);
    json_decref(ask.params);
    screen_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_older_at_the_end),        cmocka_unit_test(test_events_of_then),
        cmocka_unit_test(test_filter_reaches_all),      cmocka_unit_test(test_no_gap),
        cmocka_unit_test(test_answers_that_do_not_fit),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
