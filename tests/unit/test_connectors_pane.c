/* The pane of connectors: one opened, what changes it, and the second look at what came of that. */
#include "backend/engine/connector_config.h"
#include "tests/unit/answers_help.h"
#include "views/connector_internal.h"

static const int sizes[][2] = {{24, 80}, {50, 200}};

static void test_opened(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char name[64];
        struct screen s;
        start(&s, sizes[i][0], sizes[i][1]);
        press_and_answer(&s, "2/flights\r\r");
        (void)answer_asks(&s); /* the dead letters, once their topic is known */
        (void)snprintf(name, sizeof name, "connector-sink-%dx%d", s.w, s.h);
        check_screen(name, &s);
        screen_free(&s);
    }
}

static void test_position_and_letters(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 50, 120);
    press_and_answer(&s, "2jk\r");
    assert_shows(&s, "0/3F0012A8");
    assert_hides(&s, "Dead letters, the newest"); /* a source has none */
    press_and_answer(&s, "\x1bj\r");
    (void)answer_asks(&s);
    assert_shows(&s, "postgres.bookings.flights, partition 1, offset 24001");
    assert_shows(&s, "22003: value \"99999\" is out of range");
    assert_hides(&s, "offset 23990"); /* another connector's */
    screen_free(&s);
}

/* The answer to the look at what came of an action. */
static void look(struct screen *s, const char *name, const char *state, const char *why)
{
    struct ask ask;
    assert_true(screen_ask(s, 0, &ask));
    assert_string_equal(ask.method, "connector.show");
    assert_string_equal(json_string_value(json_object_get(ask.params, "name")), name);
    json_t *result = json_pack("{s:s,s:s*}", "state", state, "last_error", why);
    const struct answer a = {ask.method, ask.params, ERR_OK, result, ""};
    screen_take_answer(s, &a, NULL);
    json_decref(ask.params);
    json_decref(result);
}

/* Two are acted on, one behind the other: each is looked at for what was asked of it. */
static void test_two_results_are_read(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    struct effect pause = press(&s, "2jpy");
    json_t *params = json_incref(pause.params);
    struct effect restart = press(&s, "jRy");
    assert_string_equal(param(&restart, "name"), "tickets-sink");
    const struct answer paused = {"connector.pause", params, ERR_OK, NULL, ""};
    screen_take_answer(&s, &paused, "pause connector flights-sink");
    answer_effect(&s, &restart, ERR_OK, json_pack("{s:s}", "state", "STARTING"), "");
    look(&s, "flights-sink", "RUNNING", NULL);
    assert_hides(&s, "flights-sink is");
    look(&s, "flights-sink", "PAUSED", NULL);
    assert_shows(&s, "flights-sink is PAUSED"); /* said as it comes */
    look(&s, "tickets-sink", "RUNNING", NULL);
    assert_shows(&s, "flights-sink is PAUSED, tickets-sink is RUNNING");
    assert_true(asks_nothing(&s));
    json_decref(params);
    screen_free(&s);
}

/* What was asked for is not yet what is: it is looked at until it is, or has failed. */
static void test_result_is_read_again(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    struct effect effect = press(&s, "2jpy");
    answer_effect(&s, &effect, ERR_OK, json_pack("{s:s}", "state", "STOPPING"), "");
    assert_shows(&s, "pause connector flights-sink: asked for");
    look(&s, "flights-sink", "STOPPING", NULL);
    assert_hides(&s, "is PAUSED");
    look(&s, "flights-sink", "PAUSED", NULL);
    assert_shows(&s, "flights-sink is PAUSED");
    assert_true(asks_nothing(&s));
    effect = press(&s, "jRy");
    answer_effect(&s, &effect, ERR_OK, json_pack("{s:s}", "state", "STARTING"), "");
    look(&s, "tickets-sink", "FAILED", "no such table");
    assert_shows(&s, "tickets-sink is FAILED, not RUNNING: no such table");
    effect = press(&s, "kRy");
    answer_effect(&s, &effect, ERR_OK, json_pack("{s:s}", "state", "STARTING"), "");
    s.now_us += 11000000;
    look(&s, "flights-sink", "RETRYING", "Kafka is away");
    assert_shows(&s, "flights-sink is RETRYING, not RUNNING: Kafka is away");
    assert_true(asks_nothing(&s));
    screen_free(&s);
}

static void test_restart_failed(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "2F");
    assert_shows(&s, "fresh restart budget: tickets-sink");
    struct effect effect = press(&s, "y");
    assert_string_equal(effect.method, "connector.restart_failed");
    answer_effect(&s, &effect, ERR_OK, json_pack("{s:[s,s]}", "restarted", "tickets-sink", "other"),
                  "");
    look(&s, "tickets-sink", "RUNNING", NULL);
    look(&s, "other", "FAILED", "again");
    assert_shows(&s, "tickets-sink is RUNNING, other is FAILED, not RUNNING: again");
    json_t *json = fake_snapshot();
    fake_set(json, "connectors.2.state", json_string("RUNNING"));
    screen_take_snapshot(&s, read_snapshot(json));
    (void)press(&s, "F");
    assert_shows(&s, "no connector has FAILED");
    assert_hides(&s, "F restart failed");
    screen_free(&s);
}

static void test_delete_says_what_stays(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "2D");
    check_screen("connector-delete-80x24", &s);
    assert_shows(&s, "position stay");
    assert_shows(&s, "Its slot and its publication stay too");
    assert_int_equal(press(&s, "flights-sink\r").kind, EFFECT_NOTHING);
    press_and_answer(&s, "\r");
    (void)press(&s, "D");
    assert_shows(&s, "Its slot flightdeck and its publication");
    struct effect effect = press(&s, "airline-source\r");
    assert_string_equal(effect.method, "connector.delete");
    answer_effect(&s, &effect, ERR_OK, json_pack("{s:s}", "state", "DELETED"), "");
    assert_false(s.detail);
    screen_free(&s);
}

/* ---- configurations ---- */

static void edited(struct screen *s, const char *text)
{
    struct effect effect;
    screen_edited(s, text, &effect);
    effect_free(&effect);
}

/* Only what was changed is asked about; the engine's faults come back with the person's text. */
static void test_edit(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    press_and_answer(&s, "2j");
    assert_int_equal(press(&s, "e").kind, EFFECT_NOTHING); /* not in the list */
    press_and_answer(&s, "\r");
    struct effect effect = press(&s, "e");
    assert_int_equal(effect.kind, EFFECT_EDIT);
    assert_non_null(strstr(effect.text, "\"connection.password\": \"***\""));
    char *text = strdup(effect.text);
    char *at = strstr(text, "\"topics\"");
    memcpy(at, "\"topicz\"", 8);
    edited(&s, text);
    assert_shows(&s, "topicz: new, postgres.bookings.flights");
    assert_shows(&s, "topics: taken out");
    assert_hides(&s, "connection.password:");
    effect = press(&s, "y");
    assert_string_equal(effect.method, "connector.apply");
    assert_string_equal(param(&effect, "name"), "flights-sink");
    answer_effect(&s, &effect, ERR_CONFIG,
                  json_pack("{s:[s,s]}", "errors", "topicz: unknown key", "topics: is missing"),
                  "2 faults");
    assert_shows(&s, "topics: is missing");
    assert_shows(&s, "e opens it again, as you left it");
    effect = press(&s, "e");
    assert_non_null(strstr(effect.text, "#! topicz: unknown key\n#! topics: is missing\n"));
    assert_non_null(strstr(effect.text, "\"topicz\""));
    memcpy(at, "\"topics\"", 8);
    edited(&s, text);
    assert_shows(&s, "nothing was changed");
    edited(&s, "{\"name\": \"flights-sink\",\n oops}");
    assert_shows(&s, "line 2");
    edited(&s, NULL);
    assert_shows(&s, "nothing was changed");
    at = strstr(text, "bookings.flights");
    memcpy(at, "bookings.fligjts", 16);
    (void)press(&s, "e");
    edited(&s, text);
    effect = press(&s, "y");
    answer_effect(&s, &effect, ERR_OK, json_pack("{s:b}", "created", 0), "");
    look(&s, "flights-sink", "RUNNING", NULL);
    assert_shows(&s, "flights-sink is RUNNING");
    free(text);
    screen_free(&s);
}

static void test_new(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    (void)press(&s, "2N");
    assert_shows(&s, "a new connector: source or sink: sink");
    struct effect effect = press(&s, "\x15source\r");
    assert_int_equal(effect.kind, EFFECT_EDIT);
    assert_string_equal(effect.text, connector_template(true));
    edited(&s, "{\"name\":\"mine\",\"config\":{\"a\":\"b\"}}");
    assert_shows(&s, "Makes the connector mine and starts it.");
    effect = press(&s, "y");
    answer_effect(&s, &effect, ERR_CONFIG, json_pack("{s:[s]}", "errors", "a: unknown key"), "");
    assert_shows(&s, "N opens it again");
    effect = press(&s, "N");
    assert_string_equal(effect.text,
                        "#! a: unknown key\n{\"name\":\"mine\",\"config\":{\"a\":\"b\"}}\n");
    assert_int_equal(press(&s, "?\x1b").kind, EFFECT_NOTHING);
    /* over one that is there: what it was is not on screen, and gone then */
    edited(&s, "{\"name\":\"flights-sink\",\"config\":{\"a\":\"b\"}}");
    assert_shows(&s, "Replaces the configuration of flights-sink, which exists.");
    assert_int_equal(press(&s, "y\r").kind, EFFECT_NOTHING);
    assert_shows(&s, "nothing was done");
    edited(&s, "{\"name\":\"flights-sink\",\"config\":{\"a\":\"b\"}}");
    assert_string_equal(press(&s, "flights-sink\r").method, "connector.apply");
    screen_free(&s);
}

/* Ten thousand: a frame costs what is on screen, a filter one look at each row. */
static size_t cells;
static void (*cell_of)(const void *ctx, size_t row, int column, struct table_cell *out);

static void counted(const void *ctx, size_t row, int column, struct table_cell *out)
{
    cells++;
    cell_of(ctx, row, column, out);
}

static void test_ten_thousand(void **state)
{
    (void)state;
    enum { MANY = 10000 };
    struct screen s;
    struct table_model m;
    struct errbuf e;
    struct grid g;
    json_t *json = fake_snapshot();
    json_t *list = json_object_get(json, "connectors");
    (void)json_array_clear(list);
    for (int i = 0; i < MANY; i++) {
        char name[48];
        (void)snprintf(name, sizeof name, "connector-%05d", i);
        (void)json_array_append_new(
            list, json_pack("{s:s,s:s,s:s}", "name", name, "type", "sink", "state", "RUNNING"));
    }
    start(&s, 24, 80);
    screen_take_snapshot(&s, read_snapshot(json));
    (void)press(&s, "2");
    pane_of(PANE_CONNECTORS)->model(&s, &m);
    cell_of = m.cell;
    m.cell = counted;
    cells = 0;
    assert_int_equal(grid_init(&g, s.h, s.w, false, &e), ERR_OK);
    table_draw(&g, grid_all(&g), &m, &s.tables[PANE_CONNECTORS], true);
    assert_true(cells > 0 && cells <= (size_t)(s.h * m.column_count));
    (void)snprintf(s.tables[PANE_CONNECTORS].filter, TABLE_FILTER_MAX, "or-0999");
    cells = 0;
    assert_int_equal(table_update(&s.tables[PANE_CONNECTORS], &m, &e), ERR_OK);
    assert_int_equal(s.tables[PANE_CONNECTORS].n, 10);
    assert_true(cells <= (size_t)MANY * (size_t)m.column_count);
    grid_free(&g);
    screen_free(&s);
}

/* What a new connector begins with is one that the engine takes, once the secret is there. */
static void test_templates_are_valid(void **state)
{
    (void)state;
    static const char text[] = "variables: {SOURCE_PASSWORD: a, WAREHOUSE_PASSWORD: b}\n";
    struct config *config;
    struct faults faults;
    struct errbuf e;
    faults_init(&faults);
    if (config_parse(text, strlen(text), "f.yaml", &config, &faults, &e) != ERR_OK)
        fail_msg("%s", e.text);
    for (int source = 0; source < 2; source++) {
        json_t *file;
        struct connector *k;
        assert_int_equal(draft_read(connector_template(source), &file, &e), ERR_OK);
        char *json = json_dumps(json_object_get(file, "config"), 0);
        if (connector_parse(config, json, strlen(json),
                            json_string_value(json_object_get(file, "name")), NULL, &k, &faults,
                            &e) != ERR_OK)
            fail_msg("%s", e.text);
        assert_int_equal(k->kind, source ? CONNECTOR_SOURCE : CONNECTOR_SINK);
        assert_int_equal(k->n_warnings, 0);
        connector_free(k);
        free(json);
        json_decref(file);
    }
    faults_free(&faults);
    config_free(config);
}

static void test_viewer_changes_nothing(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    s.viewer = true;
    static const char *const keys[] = {"2D", "N", "F", "p"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_int_equal(press(&s, keys[i]).kind, EFFECT_NOTHING);
        assert_shows(&s, "this console only looks");
    }
    press_and_answer(&s, "\r");
    assert_int_equal(press(&s, "e").kind, EFFECT_NOTHING);
    assert_shows(&s, "this console only looks");
    screen_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opened),
        cmocka_unit_test(test_position_and_letters),
        cmocka_unit_test(test_result_is_read_again),
        cmocka_unit_test(test_two_results_are_read),
        cmocka_unit_test(test_restart_failed),
        cmocka_unit_test(test_delete_says_what_stays),
        cmocka_unit_test(test_edit),
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_ten_thousand),
        cmocka_unit_test(test_templates_are_valid),
        cmocka_unit_test(test_viewer_changes_nothing),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
