/* The screen held still: nothing on any pane moves, whatever the engine says meanwhile; let go, it
 * goes on. */
#include "tests/unit/answers_help.h"

enum { ASKS_MAX = 16, ROUNDS = 3, HELD_S = 30 };

/* What tells things apart stays, figures become others. */
static void change(json_t *v)
{
    static const char *const kept[] = {"id",        "run",    "try",      "offset",
                                       "partition", "points", "last_run", "partitions"};
    const char *name;
    json_t *x;
    size_t i;
    json_array_foreach(v, i, x)
    {
        change(x);
    }
    json_object_foreach(v, name, x)
    {
        bool keep = false;
        for (i = 0; i < sizeof kept / sizeof kept[0]; i++)
            keep = keep || strcmp(name, kept[i]) == 0;
        size_t n = strlen(name);
        keep = keep || (n > 3 && strcmp(name + n - 3, "_us") == 0);
        if (keep)
            continue;
        if (json_is_integer(x))
            (void)json_integer_set(x, json_integer_value(x) + 70000);
        else if (json_is_real(x))
            (void)json_real_set(x, json_real_value(x) * 3 + 7);
        else
            change(x);
    }
}

static json_t *from_file(const char *method)
{
    char path[128];
    (void)snprintf(path, sizeof path, "tests/fixture/answers/%s.json", method);
    return json_load_file(path, 0, NULL);
}

static json_t *dashboard(const struct ask *ask)
{
    const char *name = json_string_value(json_object_get(ask->params, "name"));
    json_t *all = json_load_file("tests/fixture/dashboards.json", 0, NULL);
    json_t *one = json_deep_copy(json_object_get(all, name ? name : "list"));
    if (name)
        (void)json_object_update_existing(one, ask->params);
    json_decref(all);
    return one;
}

static json_t *answer_to(const struct ask *ask)
{
    struct errbuf e;
    json_t *result = NULL;
    if (strcmp(ask->method, "topic.messages") == 0)
        assert_int_equal(fake_messages(ask->params, &result, &e), ERR_OK);
    else if (strcmp(ask->method, "topic.figures") == 0)
        result = fake_figures(ask->params);
    else if (strcmp(ask->method, "recorder.objects") == 0)
        result = fake_objects(ask->params);
    else if (strcmp(ask->method, "connector.show") == 0)
        result = answer_show(ask->params);
    else if (strcmp(ask->method, "connector.offsets") == 0)
        result = answer_offsets(ask->params);
    else if (strncmp(ask->method, "dashboard.", 10) == 0)
        result = dashboard(ask);
    else
        result = from_file(ask->method);
    if (!result)
        fail_msg("%s has no answer", ask->method);
    return result;
}

struct asked {
    struct ask asks[ASKS_MAX];
    int n;
};

static void look(const struct screen *s, struct asked *out)
{
    out->n = 0;
    while (out->n < ASKS_MAX && screen_ask(s, out->n, &out->asks[out->n]))
        out->n++;
}

/* Answers them, and lets go of them. */
static void answer(struct screen *s, struct asked *asked, bool changed)
{
    for (int i = 0; i < asked->n; i++) {
        struct ask *ask = &asked->asks[i];
        json_t *result = answer_to(ask);
        if (changed)
            change(result);
        const struct answer a = {ask->method, ask->params, ERR_OK, result, ""};
        screen_take_answer(s, &a, NULL);
        json_decref(result);
        json_decref(ask->params);
    }
    asked->n = 0;
}

static void answer_all(struct screen *s, bool changed)
{
    struct asked asked;
    for (int i = 0; i < ROUNDS; i++) {
        look(s, &asked);
        answer(s, &asked, changed);
    }
}

/* Time goes by, and all that the engine has is other than before. */
static void go_on(struct screen *s, struct asked *on_their_way)
{
    struct errbuf e;
    json_t *snapshot = fake_snapshot();
    json_t *event = json_pack("{s:[{s:i, s:I, s:s, s:s, s:s, s:s, s:s}]}", "events", "id", 900,
                              "ts_us", (json_int_t)1795543986000000, "level", "error", "area", "x",
                              "who", "engine", "object", "somebody", "text", "something else");
    change(snapshot);
    for (int i = 0; i < HELD_S; i++) {
        s->now_us += 1000000;
        screen_take_snapshot(s, read_snapshot(json_incref(snapshot)));
    }
    assert_int_equal(screen_take_events(s, event, &e), ERR_OK);
    answer(s, on_their_way, true);
    answer_all(s, true);
    json_decref(snapshot);
    json_decref(event);
}

/* Below the title, which says how long it is held. */
static char *below_title(struct screen *s)
{
    char *text = screen_text(s);
    char *row = strchr(text, '\n');
    assert_non_null(row);
    memmove(text, row, strlen(row) + 1);
    return text;
}

static void check(const char *const *keys)
{
    struct screen s;
    struct asked asked;
    init(&s, 50, 200, GLYPHS_EIGHTHS, false);
    s.now_us = 100000000;
    feed(&s);
    for (int i = 0; keys[i]; i++) {
        (void)press(&s, keys[i]);
        answer_all(&s, false);
    }
    look(&s, &asked);
    (void)press(&s, " ");
    assert_shows(&s, "held 0 s");
    char *held = below_title(&s);
    go_on(&s, &asked);
    assert_shows(&s, "held 30 s");
    char *then = below_title(&s);
    if (strcmp(held, then) != 0)
        fail_msg("%s moves while it is held: from\n%s\nto\n%s", keys[0], held, then);
    (void)press(&s, " ");
    assert_hides(&s, "held 30 s");
    look(&s, &asked);
    go_on(&s, &asked);
    char *now = below_title(&s);
    if (strcmp(held, now) == 0)
        fail_msg("%s does not go on:\n%s", keys[0], now);
    free(held);
    free(then);
    free(now);
    screen_free(&s);
}

static void test_each_pane_stands_still(void **state)
{
    (void)state;
    static const char *const panes[][6] = {
        {"1"}, {"2"},       {"2", "j", "\r"},
        {"3"}, {"3", "\r"}, {"3", "\r", "\r"},
        {"4"}, {"4", "\r"}, {"4", "\r", "\r"},
        {"5"}, {"5", "f"},  {"6"},
        {"7"}, {"8"},       {"0"},
    };
    for (size_t i = 0; i < sizeof panes / sizeof panes[0]; i++)
        check(panes[i]);
}

/* What is opened then is asked for once, since nothing is known of it. */
static void test_what_is_opened_then(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    (void)press(&s, "2 7");
    assert_shows(&s, "asking ..");
    answer_all(&s, false);
    assert_shows(&s, "Tableau");
    assert_true(asks_nothing(&s));
    (void)press(&s, " ");
    assert_false(asks_nothing(&s));
    screen_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_pane_stands_still),
        cmocka_unit_test(test_what_is_opened_then),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
