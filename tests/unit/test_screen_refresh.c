/* Unit tests of the refresh by keypress: what is asked, what is said of it, on whatever pane. */
#include "tests/unit/screen_help.h"

static json_t *a_run(const char *state, const char *more)
{
    char text[800];
    (void)snprintf(text, sizeof text,
                   "{\"run\":{\"id\":481,\"dag\":\"dwh\",\"state\":\"%s\",\"rows\":null,\"reason\":"
                   "\"task load: 08006: the server is gone\",\"started_us\":1795543987000000,"
                   "\"ended_us\":null},\"tasks\":[%s]}",
                   state, more);
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static void says(const char *state, const char *tasks, const char *task, const char *want)
{
    char words[REFRESH_WORDS_MAX];
    uint16_t style;
    json_t *json = a_run(state, tasks);
    bool over = refresh_words(json, "flights", task, 1795543988200000, words, sizeof words, &style);
    assert_string_equal(words, want);
    assert_int_equal(over, strncmp(want, "refreshing", 10) != 0);
    assert_int_equal(style, strcmp(state, "failed") == 0 ? STYLE_BROKEN : STYLE_PLAIN);
    json_decref(json);
}

static const char done[] = "{\"task\":\"load\",\"rows\":1204,\"started_us\":1795543987000000,"
                           "\"ended_us\":1795543987210000},{\"task\":\"test\",\"rows\":null}";

static void test_words(void **state)
{
    (void)state;
    says("queued", "", "load", "refreshing flights: run 481 waits for its turn");
    says("running", "{\"task\":\"load\"}", "load", "refreshing flights: run 481 is running, -");
    says("running", "{\"task\":\"load\"}", "", "refreshing flights: run 481 is running, 1.2 s");
    says("running", done, "", "refreshing flights: 1,204 rows so far, 1.2 s");
    says("success", done, "load", "flights: 1,204 rows in 210 ms");
    says("success", "{\"task\":\"load\",\"rows\":0}", "",
         "flights: 0 rows in 1.2 s, nothing was new");
    says("success", "{\"task\":\"load\",\"rows\":1}", "", "flights: 1 row in 1.2 s");
    says("success", "", "", "flights: done in 1.2 s");
    says("failed", done, "", "flights: failed after 1.2 s: task load: 08006: the server is gone");
}

/* What the engine answers to the action. */
static void answer_action(struct screen *s, struct effect *effect, enum err code, json_t *result)
{
    const struct answer a = {effect->method, effect->params, code, result, "it says why"};
    assert_int_equal(effect->kind, EFFECT_CALL);
    screen_take_answer(s, &a, effect->label);
    json_decref(result);
    effect_free(effect);
}

static void answer_run(struct screen *s, const char *state, const char *tasks)
{
    answer_ask(s, 0, "dag.run", ERR_OK, a_run(state, tasks));
}

static void test_from_key_to_outcome(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    struct effect effect = {.kind = EFFECT_NOTHING};
    start(&s, 24, 100);
    screen_refresh(&s, "flights", &effect);
    assert_string_equal(effect.method, "refresh.run");
    assert_string_equal(param(&effect, "name"), "flights");
    answer_action(&s, &effect, ERR_OK, json_pack("{s:i, s:s}", "run", 481, "task", "load"));
    assert_shows(&s, "refreshing flights: run 481 is made");
    answer_run(&s, "queued", "");
    assert_shows(&s, "refreshing flights: run 481 waits for its turn");
    press(&s, "3"); /* another pane, and the message is gone until there is news */
    assert_hides(&s, "refreshing");
    answer_run(&s, "running", done);
    assert_shows(&s, "refreshing flights: 1,204 rows so far");
    screen_refresh(&s, "flights", &effect); /* once is enough */
    assert_int_equal(effect.kind, EFFECT_NOTHING);
    answer_run(&s, "success", done);
    assert_shows(&s, "flights: 1,204 rows in 210 ms");
    assert_true(screen_refresh_of(&s, "flights")->ended);
    (void)press(&s, "0");
    assert_false(screen_ask(&s, 0, &ask)); /* nothing is asked any more */
    screen_refresh(&s, "flights", &effect);
    assert_int_equal(effect.kind, EFFECT_CALL);
    effect_free(&effect);
    screen_free(&s);
}

/* Progress never covers what else is said; what came of it does. */
static void test_a_message_stays(void **state)
{
    (void)state;
    struct screen s;
    struct effect effect = {.kind = EFFECT_NOTHING};
    start(&s, 24, 100);
    screen_refresh(&s, "flights", &effect);
    answer_action(&s, &effect, ERR_OK, json_pack("{s:i}", "run", 481));
    screen_say(&s, STYLE_BROKEN, "something else is wrong");
    answer_run(&s, "running", "");
    assert_shows(&s, "something else is wrong");
    answer_run(&s, "failed", "");
    assert_shows(&s, "flights: failed after");
    screen_free(&s);
}

static void test_refusals(void **state)
{
    (void)state;
    struct screen s;
    struct effect effect = {.kind = EFFECT_NOTHING};
    char name[] = "entity_0";
    start(&s, 24, 100);
    screen_refresh(&s, "flihgts", &effect);
    answer_action(&s, &effect, ERR_NOT_FOUND, NULL);
    assert_shows(&s, "refresh flihgts: it says why");
    for (int i = 0; i < REFRESHES_MAX; i++) {
        name[7] = (char)('0' + i);
        screen_refresh(&s, name, &effect);
        answer_action(&s, &effect, ERR_OK, json_pack("{s:i}", "run", 500 + i));
    }
    screen_refresh(&s, "one_more", &effect);
    assert_int_equal(effect.kind, EFFECT_NOTHING);
    assert_shows(&s, "4 refreshes go on: wait for one of them");
    screen_set_link(&s, LINK_AWAY, s.now_us + 1000000, "gone");
    answer_run(&s, "success", "");
    screen_refresh(&s, "one_more", &effect);
    assert_int_equal(effect.kind, EFFECT_NOTHING);
    assert_shows(&s, "the engine is away: nothing can be changed now");
    screen_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_from_key_to_outcome),
        cmocka_unit_test(test_a_message_stays),
        cmocka_unit_test(test_refusals),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
