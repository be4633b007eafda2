/* The panes Warehouse and Source: lists of an engine's answer, one row opened, a query canceled. */
#include "tests/unit/screen_help.h"

static json_t *data(const char *name)
{
    char path[128];
    json_error_t why;
    (void)snprintf(path, sizeof path, "tests/fixture/answers/%s.show.json", name);
    json_t *o = json_load_file(path, 0, &why);
    if (!o)
        fail_msg("%s:%d: %s", path, why.line, why.text);
    return o;
}

/* The pane with the fixture's answer. */
static void open_pane(struct screen *s, int h, int w, const char *key, const char *method,
                      const char *file)
{
    start(s, h, w);
    (void)press(s, key);
    answer_ask(s, 0, method, ERR_OK, data(file));
}

static void open_warehouse(struct screen *s, int h, int w)
{
    open_pane(s, h, w, "7", "warehouse.show", "warehouse");
}

static void open_source(struct screen *s, int h, int w)
{
    open_pane(s, h, w, "8", "source.show", "source");
}

static void test_at_sizes(void **state)
{
    (void)state;
    static const struct {
        int h, w;
    } sizes[] = {{24, 80}, {50, 200}, {10, 40}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char name[64];
        struct screen s;
        open_warehouse(&s, sizes[i].h, sizes[i].w);
        (void)snprintf(name, sizeof name, "warehouse-%dx%d", sizes[i].w, sizes[i].h);
        check_screen(name, &s);
        screen_free(&s);
        open_source(&s, sizes[i].h, sizes[i].w);
        (void)snprintf(name, sizeof name, "source-%dx%d", sizes[i].w, sizes[i].h);
        check_screen(name, &s);
        screen_free(&s);
    }
}

/* One cell, and everything between, draws without a fault. */
static void test_any_size(void **state)
{
    (void)state;
    struct screen s;
    for (int h = 1; h < 30; h += 4)
        for (int w = 1; w < 180; w += 13) {
            open_warehouse(&s, h, w);
            free(screen_text(&s));
            (void)press(&s, "\r");
            free(screen_text(&s));
            screen_free(&s);
            open_source(&s, h, w);
            free(screen_text(&s));
            screen_free(&s);
        }
}

static void test_lists_of_the_warehouse(void **state)
{
    (void)state;
    static const char *const shows[] = {"attr_ticket_flights_amount",
                                        "presentation",
                                        "Tableau 2024.2",
                                        "4,711",
                                        "7,100",
                                        "8 m 7 s",
                                        "10.0.0.7:5432",
                                        "licensed size"};
    struct screen s;
    open_warehouse(&s, 24, 80);
    for (size_t i = 0; i < sizeof shows / sizeof shows[0]; i++) {
        (void)press(&s, "v");
        assert_shows(&s, shows[i]);
    }
    assert_shows(&s, "not told"); /* a figure that this server does not tell is not 0 */
    (void)press(&s, "v");
    assert_shows(&s, "SELECT airport_code, SUM(passenger");
    (void)press(&s, "V");
    assert_shows(&s, "licensed size");
    screen_free(&s);
}

/* Nothing runs: the pane opens on the tables, once, and not where the person went. */
static void test_opens_where_rows_are(void **state)
{
    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        struct screen s;
        start(&s, 24, 80);
        (void)press(&s, turned ? "7vV" : "7");
        json_t *quiet = data("warehouse");
        (void)json_object_set_new(quiet, "queries", json_array());
        answer_ask(&s, 0, "warehouse.show", ERR_OK, quiet);
        if (turned)
            assert_shows(&s, "nothing runs in the warehouse");
        else
            assert_shows(&s, "attr_ticket_flights_amount");
        (void)press(&s, turned ? "" : "V");
        assert_shows(&s, "nothing runs in the warehouse");
        quiet = data("warehouse");
        (void)json_object_set_new(quiet, "queries", json_array());
        answer_ask(&s, 0, "warehouse.show", ERR_OK, quiet);
        assert_shows(&s, "nothing runs in the warehouse");
        screen_free(&s);
    }
}

static void test_table_with_columns(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    open_warehouse(&s, 24, 80);
    (void)press(&s, "vjj\r");
    assert_shows(&s, "tables: presentation.airports_traffic");
    assert_true(screen_ask(&s, 1, &ask));
    assert_string_equal(ask.method, "warehouse.table");
    assert_string_equal(json_string_value(json_object_get(ask.params, "schema")), "presentation");
    assert_string_equal(json_string_value(json_object_get(ask.params, "table")),
                        "airports_traffic");
    json_decref(ask.params);
    answer_ask(&s, 1, "warehouse.table", ERR_OK,
               json_pack("{s:s,s:s,s:[{s:s,s:s,s:i,s:n,s:b},{s:s,s:s,s:i,s:i,s:b}]}", "schema",
                         "presentation", "table", "airports_traffic", "columns", "name",
                         "airport_code", "type", "varchar", "size", 3, "scale", "nullable", 0,
                         "name", "amount", "type", "numeric", "size", 18, "scale", 2, "nullable",
                         1));
    check_screen("warehouse-table-80x24", &s);
    (void)press(&s, "\x1b");
    assert_shows(&s, "schemas");
    screen_free(&s);
}

/* The question has the statement, and is about it whatever runs meanwhile. */
static void test_cancel_a_query(void **state)
{
    (void)state;
    struct screen s;
    open_warehouse(&s, 24, 80);
    (void)press(&s, "c");
    check_screen("warehouse-cancel-80x24", &s);
    json_t *later = data("warehouse");
    (void)json_array_remove(json_object_get(later, "queries"), 0);
    answer_ask(&s, 0, "warehouse.show", ERR_OK, later);
    struct effect effect = press(&s, "y");
    assert_int_equal(effect.kind, EFFECT_CALL);
    assert_string_equal(effect.method, "warehouse.cancel");
    assert_string_equal(param(&effect, "id"), "1040/1795543891900000");
    const struct answer a = {"warehouse.cancel", effect.params, ERR_OK, NULL, ""};
    screen_take_answer(&s, &a, "cancel query 1040");
    assert_shows(&s, "told to end");
    (void)press(&s, "Gc"); /* its application is "flightdeck model" */
    assert_shows(&s, "the engine's own");
    (void)press(&s, "n");
    json_t *prompt = data("warehouse");
    json_t *queries = json_object_get(prompt, "queries");
    (void)json_object_set_new(json_array_get(queries, json_array_size(queries) - 1), "application",
                              json_string("flightdeck sql"));
    answer_ask(&s, 0, "warehouse.show", ERR_OK, prompt);
    (void)press(&s, "Gc");
    assert_shows(&s, "(flightdeck sql)");
    assert_hides(&s, "the engine's own"); /* somebody's own */
    (void)press(&s, "nv");
    assert_hides(&s, "c cancel"); /* a table is no query */
    assert_int_equal(press(&s, "c").kind, EFFECT_NOTHING);
    assert_shows(&s, "select a running query first");
    s.viewer = true;
    (void)press(&s, "V");
    assert_hides(&s, "c cancel");
    screen_free(&s);
}

static void test_filter_sort_and_export(void **state)
{
    (void)state;
    struct screen s;
    open_warehouse(&s, 24, 80);
    (void)press(&s, "v/raw\r");
    assert_shows(&s, "postgres_public_ticket_flights");
    assert_hides(&s, "attr_ticket_flights_amount");
    (void)press(&s, "\x1boo"); /* by the second column */
    assert_string_equal(s.tables[PANE_WAREHOUSE].key, "raw.postgres_public_ticket_flights");
    struct effect effect = press(&s, "x\x15t.csv\r");
    assert_int_equal(effect.kind, EFFECT_SAVE);
    assert_non_null(strstr(effect.text, "schema_name,table_name,kind,bytes,row_count\r\n"
                                        "presentation,airports_traffic,table,5200000,\r\n"));
    screen_free(&s);
}

/* What is there stays, with its age in words, while nobody answers. */
static void test_stale_and_errors(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "7");
    assert_shows(&s, "asking ..");
    answer_ask(&s, 0, "warehouse.show", ERR_CONNECT, NULL);
    assert_shows(&s, "it says why");
    answer_ask(&s, 0, "warehouse.show", ERR_OK, data("warehouse"));
    assert_hides(&s, "it says why");
    s.now_us += 12000000;
    answer_ask(&s, 0, "warehouse.show", ERR_CONNECT, NULL);
    assert_shows(&s, "stale 12.0 s: it says why");
    assert_shows(&s, "Tableau");
    json_t *partly = data("warehouse");
    (void)json_array_append_new(
        json_object_get(partly, "errors"),
        json_pack("{s:s,s:s}", "part", "figures", "text", "permission denied for resources"));
    answer_ask(&s, 0, "warehouse.show", ERR_OK, partly);
    assert_shows(&s, "not known: figures: permission denied for resources");
    screen_free(&s);
}

/* A server that works long for an answer is asked less often. */
static void test_how_often(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    open_warehouse(&s, 24, 80);
    assert_true(screen_ask(&s, 0, &ask));
    assert_int_equal(ask.every_us, 5000000);
    json_t *slow = data("warehouse");
    (void)json_object_set_new(slow, "seconds", json_real(2.5));
    answer_ask(&s, 0, "warehouse.show", ERR_OK, slow);
    assert_true(screen_ask(&s, 0, &ask));
    assert_int_equal(ask.every_us, 50000000);
    s.now_us += 60000000;
    screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    assert_hides(&s, "stale");
    s.now_us += 60000000;
    screen_take_snapshot(&s, read_snapshot(fake_snapshot()));
    assert_shows(&s, "stale 2 m 0 s");
    screen_free(&s);
}

static void test_held_still(void **state)
{
    (void)state;
    struct screen s;
    open_warehouse(&s, 24, 80);
    (void)press(&s, " ");
    json_t *later = data("warehouse");
    (void)json_array_clear(json_object_get(later, "queries"));
    const struct answer late = {"warehouse.show", NULL, ERR_OK, later, ""};
    screen_take_answer(&s, &late, NULL);
    assert_shows(&s, "Tableau");
    assert_true(asks_nothing(&s));
    json_decref(later);
    (void)press(&s, " ");
    later = data("warehouse");
    (void)json_array_clear(json_object_get(later, "queries"));
    answer_ask(&s, 0, "warehouse.show", ERR_OK, later);
    assert_shows(&s, "nothing runs in the warehouse");
    screen_free(&s);
}

/* What recorder.answer says of the fixture's answer, without what `part` lists. */
static json_t *kept(const char *name, const char *part, int64_t ts_us, int64_t next_us)
{
    json_t *answer = data(name);
    (void)json_array_clear(json_object_get(answer, part));
    return json_pack("{s:s, s:I, s:I, s:o}", "method", name, "ts_us", (json_int_t)ts_us, "next_us",
                     (json_int_t)next_us, "answer", answer);
}

/* Goes 10 s back, and the record is there. Returns the moment. */
static int64_t go_back(struct screen *s)
{
    (void)press(s, "[");
    answer_ask(s, 0, "recorder.at", ERR_OK,
               json_pack("{s:I, s:o, s:n, s:n}", "ts_us", (json_int_t)s->past_us, "snapshot",
                         fake_snapshot(), "previous_us", "next_us"));
    return s->past_us;
}

/* The answer of that time, with its own; what is asked for is the past one alone, and none that is
 * there. Now is as it was. */
static void test_past(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    open_warehouse(&s, 24, 80);
    int64_t at = go_back(&s);
    assert_shows(&s, "asking for what was kept ..");
    assert_shows(&s, "Tableau"); /* until the other one is there */
    assert_true(screen_ask(&s, 1, &ask));
    assert_string_equal(json_string_value(json_object_get(ask.params, "method")), "warehouse.show");
    assert_int_equal(json_integer_value(json_object_get(ask.params, "ts_us")), at);
    json_decref(ask.params);
    answer_ask(&s, 1, "recorder.answer", ERR_OK,
               kept("warehouse", "queries", at - 15000000, at + 4000000));
    assert_shows(&s, "as of 18:12:42 UTC");
    assert_shows(&s, "nothing runs in the warehouse");
    assert_false(screen_ask(&s, 1, &ask));
    (void)go_back(&s); /* it stands for that moment too */
    assert_false(screen_ask(&s, 1, &ask));
    assert_shows(&s, "as of 18:12:42 UTC");
    (void)go_back(&s);
    answer_ask(&s, 1, "recorder.answer", ERR_NOT_FOUND, NULL);
    assert_shows(&s, "nothing is kept of that time or before");
    assert_hides(&s, "nothing runs"); /* that nobody knows */
    (void)press(&s, "L");
    assert_shows(&s, "Tableau");
    assert_hides(&s, "as of");
    answer_ask(&s, 0, "warehouse.show", ERR_OK, data("warehouse"));
    screen_free(&s);
}

/* The answer of another moment, or of now, that was on its way. */
static void test_past_late_answers(void **state)
{
    (void)state;
    struct screen s;
    struct ask late;
    open_warehouse(&s, 24, 80);
    int64_t at = go_back(&s);
    assert_true(screen_ask(&s, 1, &late));
    (void)go_back(&s);
    json_t *result = kept("warehouse", "queries", at, at);
    const struct answer a = {late.method, late.params, ERR_OK, result, ""};
    screen_take_answer(&s, &a, NULL);
    assert_shows(&s, "asking for what was kept ..");
    json_decref(result);
    json_decref(late.params);
    answer_ask(&s, 1, "recorder.answer", ERR_OK, kept("warehouse", "queries", s.past_us, 0));
    json_t *now = data("warehouse");
    const struct answer live = {"warehouse.show", NULL, ERR_OK, now, ""};
    screen_take_answer(&s, &live, NULL);
    assert_shows(&s, "nothing runs in the warehouse");
    (void)press(&s, "L");
    assert_shows(&s, "Tableau");
    json_decref(now);
    screen_free(&s);
}

/* Nothing is canceled, no columns are asked, in the past. */
static void test_past_only_looks(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    open_warehouse(&s, 24, 80);
    (void)go_back(&s);
    answer_ask(&s, 1, "recorder.answer", ERR_OK, kept("warehouse", "loads", s.past_us, 0));
    assert_hides(&s, "c cancel");
    assert_int_equal(press(&s, "c").kind, EFFECT_NOTHING);
    assert_shows(&s, "this is the past");
    (void)press(&s, "v\r");
    assert_shows(&s, "columns are not recorded");
    assert_false(screen_ask(&s, 1, &ask));
    screen_free(&s);
}

static void test_past_of_the_source(void **state)
{
    (void)state;
    struct screen s;
    open_source(&s, 24, 100);
    int64_t at = go_back(&s);
    answer_ask(&s, 1, "recorder.answer", ERR_OK,
               kept("source", "slots", at - 86400 * INT64_C(1000000), 0));
    assert_shows(&s, "as of 2026-11-23 18:12:57 UTC");
    assert_shows(&s, "the server has no slot");
    check_screen("source-past-100x24", &s);
    (void)press(&s, "V");
    assert_shows(&s, "max_slot_wal_keep_size");
    (void)press(&s, "L");
    assert_shows(&s, "max_slot_wal_keep_size");
    screen_free(&s);
}

static void test_lists_of_the_source(void **state)
{
    (void)state;
    struct screen s;
    open_source(&s, 24, 100);
    assert_shows(&s, "old_debezium");
    assert_shows(&s, "45 m 12 s");
    assert_shows(&s, "is open for 15 m 12 s");
    (void)press(&s, "vjj\r");
    check_screen("source-table-100x24", &s);
    (void)press(&s, "\x1bv");
    assert_shows(&s, "SELECT * FROM flights");
    (void)press(&s, "v");
    assert_shows(&s, "public.bookings, public.fl");
    (void)press(&s, "v");
    assert_shows(&s, "standby1");
    (void)press(&s, "v");
    assert_shows(&s, "max_slot_wal_keep_size");
    assert_shows(&s, "4096 MB");
    json_t *down = data("source");
    (void)json_object_set_new(
        down, "standby", json_pack("{s:s,s:s}", "state", "down", "error", "connection refused"));
    answer_ask(&s, 0, "source.show", ERR_OK, down);
    assert_shows(&s, "down: connection refused");
    screen_free(&s);
}

int main(void)
{
    (void)setlocale(LC_ALL, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_sizes),
        cmocka_unit_test(test_any_size),
        cmocka_unit_test(test_lists_of_the_warehouse),
        cmocka_unit_test(test_opens_where_rows_are),
        cmocka_unit_test(test_table_with_columns),
        cmocka_unit_test(test_cancel_a_query),
        cmocka_unit_test(test_filter_sort_and_export),
        cmocka_unit_test(test_stale_and_errors),
        cmocka_unit_test(test_how_often),
        cmocka_unit_test(test_held_still),
        cmocka_unit_test(test_past),
        cmocka_unit_test(test_past_late_answers),
        cmocka_unit_test(test_past_only_looks),
        cmocka_unit_test(test_past_of_the_source),
        cmocka_unit_test(test_lists_of_the_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
