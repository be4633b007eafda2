/* The pane of topics: figures, records from list to one, and records made by hand. */
#include "tests/unit/answers_help.h"
#include "views/json_view.h"
#include "views/topic_messages.h"

static const int sizes[][2] = {{24, 80}, {50, 200}};

static void check_at(const char *name, struct screen *s)
{
    char full[64];
    (void)snprintf(full, sizeof full, "%s-%dx%d", name, s->w, s->h);
    check_screen(full, s);
}

static void test_levels(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct screen s;
        start(&s, sizes[i][0], sizes[i][1]);
        press_and_answer(&s, "3");
        check_at("topics-figures", &s);
        press_and_answer(&s, "\r");
        check_at("topic-partitions", &s);
        press_and_answer(&s, "\r");
        check_at("topic-records", &s);
        press_and_answer(&s, "j\r");
        (void)answer_asks(&s); /* the schema, once the record is there */
        check_at("topic-record", &s);
        press_and_answer(&s, "\r");
        check_at("topic-record-unfolded", &s);
        (void)press(&s, "\r");
        assert_shows(&s, "\"after\": {\"flight_id\": 38,");
        (void)press(&s, "\x1b");
        assert_shows(&s, "Records of postgres.bookings.flights (100)");
        (void)press(&s, "\x1b");
        assert_shows(&s, "next offset");
        (void)press(&s, "\x1b");
        assert_shows(&s, "Topics (3)");
        screen_free(&s);
    }
}

static const struct messages *records(const struct screen *s)
{
    return topics_messages(s);
}

static void open_records(struct screen *s)
{
    start(s, 24, 100);
    press_and_answer(s, "3\r\r");
}

/* By any column, whichever way. */
static void test_sorted_records(void **state)
{
    (void)state;
    struct screen s;
    open_records(&s);
    const struct table_state *t = &records(&s)->table;
    char first[TABLE_KEY_MAX];
    (void)snprintf(first, sizeof first, "%s", t->key);
    (void)press(&s, "oooo"); /* by offset */
    assert_shows(&s, "sorted by offset, smallest first");
    (void)press(&s, "g");
    assert_string_not_equal(t->key, first);
    const struct message_row *rows = records(&s)->rows;
    for (size_t i = 1; i < t->n; i++)
        assert_true(json_integer_value(json_object_get(rows[t->order[i - 1]].record, "offset")) <=
                    json_integer_value(json_object_get(rows[t->order[i]].record, "offset")));
    (void)press(&s, "o"); /* by key */
    assert_shows(&s, "sorted by key");
    for (size_t i = 1; i < t->n; i++)
        assert_true(strcmp(rows[t->order[i - 1]].short_key, rows[t->order[i]].short_key) <= 0);
    screen_free(&s);
}

/* Down at the end more come, to the first record and no further. */
static void test_going_back(void **state)
{
    (void)state;
    struct screen s;
    open_records(&s);
    assert_int_equal(records(&s)->n, 100);
    assert_int_equal(answer_asks(&s), 0); /* nothing more is wanted up here */
    press_and_answer(&s, "G");
    assert_int_equal(records(&s)->n, 200);
    assert_string_equal(records(&s)->table.key, records(&s)->rows[99].key);
    press_and_answer(&s, "GG");
    assert_int_equal(records(&s)->n, FAKE_RECORDS);
    press_and_answer(&s, "G");
    assert_int_equal(answer_asks(&s), 0);
    assert_string_equal(records(&s)->table.key, "0-0");
    screen_free(&s);
}

/* However far one goes, the window is bounded, and what fell out of it is read again. */
static void test_bounded(void **state)
{
    (void)state;
    struct screen s;
    open_records(&s);
    for (int i = 0; i < 30; i++) {
        json_t *list = json_array();
        json_t *last = json_object_get(records(&s)->rows[records(&s)->n - 1].record, "offset");
        json_int_t at = i ? json_integer_value(last) : 100000;
        for (int k = 1; k <= 100; k++)
            (void)json_array_append_new(list, json_pack("{s:i,s:I,s:I,s:s}", "partition", 0,
                                                        "offset", at - k, "timestamp_ms",
                                                        (json_int_t)1000, "value", "x"));
        (void)press(&s, "G");
        answer_ask(&s, 0, "topic.messages", ERR_OK,
                   json_pack("{s:o,s:{s:I},s:{s:i},s:b}", "messages", list, "before", "0", at - 100,
                             "after", "0", 7, "more_before", 1));
    }
    assert_int_equal(records(&s)->n, MESSAGES_KEPT);
    assert_true(records(&s)->more_after);
    assert_int_equal(json_integer_value(json_object_get(records(&s)->after, "0")),
                     json_integer_value(json_object_get(records(&s)->rows[0].record, "offset")) +
                         1);
    struct ask ask;
    (void)press(&s, "g");
    assert_true(screen_ask(&s, 0, &ask));
    assert_non_null(json_object_get(ask.params, "from"));
    json_decref(ask.params);
    screen_free(&s);
}

static void test_following(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    open_records(&s);
    (void)press(&s, "f");
    assert_true(screen_ask(&s, 0, &ask));
    assert_int_equal(ask.every_us, 1000000);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(ask.params, "after"), "0")),
                     FAKE_RECORDS / 2);
    json_decref(ask.params);
    json_t *one = json_pack("{s:i,s:i,s:I,s:s,s:s}", "partition", 0, "offset", 120, "timestamp_ms",
                            (json_int_t)1795543987000, "key", "k", "value", "the newest of all");
    answer_ask(&s, 0, "topic.messages", ERR_OK,
               json_pack("{s:[o],s:{s:i},s:{s:i}}", "messages", one, "before", "0", 120, "after",
                         "0", 121));
    assert_shows(&s, "the newest of all");
    assert_shows(&s, "(101), following");
    assert_string_equal(records(&s)->table.key, "0-120");
    /* more came at once than is shown: the rest is below, not lost in between */
    one = json_pack("{s:i,s:i,s:s}", "partition", 0, "offset", 900, "value", "far ahead");
    answer_ask(&s, 0, "topic.messages", ERR_OK,
               json_pack("{s:[o],s:{s:i},s:{s:i},s:b}", "messages", one, "before", "0", 900,
                         "after", "0", 901, "more_before", 1));
    assert_int_equal(records(&s)->n, 1);
    (void)press(&s, "k");
    assert_shows(&s, "more records came than are shown");
    (void)press(&s, "f");
    assert_true(screen_ask(&s, 0, &ask));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(ask.params, "before"), "0")), 900);
    json_decref(ask.params);
    screen_free(&s);
}

static void test_filter(void **state)
{
    (void)state;
    struct screen s;
    open_records(&s);
    press_and_answer(&s, "/key=7\r");
    while (answer_asks(&s))
        ;
    assert_int_equal(records(&s)->n, 5); /* 7, 57, .. 207 */
    assert_shows(&s, "(5 that match key=7), 240 looked at");
    press_and_answer(&s, "/\x15"
                         "Departed\r");
    assert_shows(&s, "that match Departed");
    press_and_answer(&s, "\x1b");
    assert_shows(&s, "Records of postgres.bookings.flights (100)");
    press_and_answer(&s, "/nowhere\r");
    assert_shows(&s, "no record matches");
    screen_free(&s);
}

static void test_seeking(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    open_records(&s);
    (void)press(&s, "t12\r");
    assert_true(screen_ask(&s, 0, &ask));
    assert_int_equal(json_integer_value(json_object_get(ask.params, "from_offset")), 12);
    json_decref(ask.params);
    (void)answer_asks(&s);
    assert_string_equal(records(&s)->table.key, "0-12"); /* it stands at the place .. */
    (void)answer_asks(&s);                               /* .. and older ones are below */
    assert_string_equal(records(&s)->table.key, "0-12");
    assert_true(records(&s)->n > 100);
    (void)press(&s, "t2m\r");
    assert_true(screen_ask(&s, 0, &ask));
    assert_int_equal(json_integer_value(json_object_get(ask.params, "from_time_us")),
                     s.snapshot->now_us / 1000 * 1000 - 120000000);
    json_decref(ask.params);
    (void)press(&s, "tnoon\r");
    assert_shows(&s, "\"noon\": an offset, beginning, end");
    screen_free(&s);
}

/* What cannot be read is said where the records would be. */
static void test_refused(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    press_and_answer(&s, "3\r");
    (void)press(&s, "\r");
    answer_ask(&s, 0, "topic.messages", ERR_CONNECT, NULL);
    assert_shows(&s, "it says why");
    screen_free(&s);
}

/* Sizes that were not reached in time are asked for soon, the others after a while. */
static void test_figures_are_asked_again(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    start(&s, 24, 80);
    (void)press(&s, "3");
    answer_ask(&s, 0, "topic.figures", ERR_OK,
               json_pack("{s:[{s:s,s:i},{s:s,s:n}]}", "topics", "name", "postgres.bookings.flights",
                         "size_bytes", 1, "name", "postgres.bookings.tickets", "size_bytes"));
    assert_true(screen_ask(&s, 0, &ask)); /* the third one was not in the answer */
    assert_int_equal(json_array_size(json_object_get(ask.params, "names")), 1);
    json_decref(ask.params);
    s.now_us += 5000000;
    assert_true(screen_ask(&s, 0, &ask));
    assert_int_equal(json_array_size(json_object_get(ask.params, "names")), 2);
    json_decref(ask.params);
    s.now_us += 60000000;
    assert_true(screen_ask(&s, 0, &ask));
    assert_int_equal(json_array_size(json_object_get(ask.params, "names")), 3);
    json_decref(ask.params);
    screen_free(&s);
}

/* A few records of many that come are on their way, not a lag that grows. */
static void test_trend(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    json_t *json = fake_snapshot();
    fake_set(json, "topics.1.lag", json_integer(390));
    screen_take_snapshot(&s, read_snapshot(json));
    (void)press(&s, "3");
    assert_shows(&s, "catches up in 24.0 s");
    assert_hides(&s, "growing");
    json = fake_snapshot();
    fake_set(json, "topics.0.lag_growth_s", json_real(0));
    screen_take_snapshot(&s, read_snapshot(json));
    assert_shows(&s, "growing 500/s");
    assert_shows(&s, "not shrinking");
    screen_free(&s);
}

/* ---- a record by hand ---- */

static const char record_text[] = "# words\n{\"key\":{\"id\":17},\"value\":{\"a\":1},"
                                  "\"headers\":{},\"partition\":null}\n";

static void edited(struct screen *s, const char *text)
{
    struct effect effect;
    screen_edited(s, text, &effect);
    effect_free(&effect);
}

static void set_kind(struct screen *s, const char *kind)
{
    json_t *json = fake_snapshot();
    fake_set(json, "engine.environment.kind", json_string(kind));
    fake_set(json, "engine.environment.looks_only", json_boolean(!strcmp(kind, "production")));
    screen_take_snapshot(s, read_snapshot(json));
}

static void test_produce(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    struct effect effect = press(&s, "3P");
    assert_int_equal(effect.kind, EFFECT_EDIT);
    assert_non_null(strstr(effect.text, "# A record for the topic postgres.bookings.flights"));
    edited(&s, record_text);
    assert_shows(&s, "Writes one record to postgres.bookings.flights");
    assert_shows(&s, "value: {\"a\":1}");
    effect = press(&s, "y"); /* in the demo one question is enough */
    assert_string_equal(effect.method, "topic.produce");
    assert_string_equal(param(&effect, "name"), "postgres.bookings.flights");
    answer_effect(&s, &effect, ERR_OK, json_object(), "");
    assert_shows(&s, "done");
    screen_free(&s);
}

static void test_produce_asks_twice(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    set_kind(&s, "staging");
    (void)press(&s, "3P");
    edited(&s, record_text);
    assert_int_equal(press(&s, "y").kind, EFFECT_NOTHING);
    assert_shows(&s, "Type postgres.bookings.flights to produce");
    assert_int_equal(press(&s, "postgres\r").kind, EFFECT_NOTHING);
    assert_shows(&s, "nothing was done");
    (void)press(&s, "P");
    edited(&s, record_text);
    assert_int_equal(press(&s, "n").kind, EFFECT_NOTHING);
    (void)press(&s, "P");
    edited(&s, record_text);
    struct effect effect = press(&s, "ypostgres.bookings.flights\r");
    assert_string_equal(effect.method, "topic.produce");
    set_kind(&s, "production");
    assert_int_equal(press(&s, "P").kind, EFFECT_NOTHING);
    assert_shows(&s, "only looks until E elevates it");
    screen_free(&s);
}

/* Nothing that was typed is lost, neither to a slip nor to the engine's refusal. */
static void test_produce_keeps_the_text(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 100);
    (void)press(&s, "3P");
    edited(&s, "{\"key\": 17,\n \"value\": oops}");
    assert_shows(&s, "line 2");
    struct effect effect = press(&s, "P");
    assert_non_null(strstr(effect.text, "#! line 2"));
    assert_non_null(strstr(effect.text, "\"value\": oops}"));
    edited(&s, record_text);
    effect = press(&s, "y");
    answer_effect(&s, &effect, ERR_NOT_FOUND, NULL, "there is no such topic");
    assert_shows(&s, "there is no such topic. P opens it again");
    effect = press(&s, "P");
    assert_non_null(strstr(effect.text, "#! there is no such topic\n# words\n{\"key\""));
    assert_null(strstr(effect.text, "line 2"));
    screen_free(&s);
}

/* The record that is looked at is where a new one begins. */
static void test_produce_from_a_record(void **state)
{
    (void)state;
    struct screen s;
    open_records(&s);
    struct effect effect = press(&s, "P");
    assert_non_null(strstr(effect.text, "\"flight_id\": 39"));
    assert_non_null(strstr(effect.text, "\"flightdeck.schema\": \"f1e2d3c4\""));
    screen_free(&s);
}

/* ---- many ---- */

enum { MANY = 10000 };

static size_t cells;
static void (*cell_of)(const void *ctx, size_t row, int column, struct table_cell *out);

static void counted(const void *ctx, size_t row, int column, struct table_cell *out)
{
    cells++;
    cell_of(ctx, row, column, out);
}

static json_t *many_topics(void)
{
    json_t *json = fake_snapshot();
    json_t *topics = json_object_get(json, "topics");
    (void)json_array_clear(topics);
    for (int i = 0; i < MANY; i++) {
        char name[48];
        (void)snprintf(name, sizeof name, "topic-%05d", i);
        (void)json_array_append_new(topics, json_pack("{s:s,s:[{s:i,s:i,s:i,s:i}],s:i,s:i}", "name",
                                                      name, "partitions", "id", 0, "low", 0, "high",
                                                      i, "lag", i, "records", i, "lag", i));
    }
    return json;
}

/* A frame costs what is on screen, a filter one text a row, and figures are asked for what is seen.
 */
static void test_ten_thousand(void **state)
{
    (void)state;
    struct screen s;
    struct table_model m;
    struct errbuf e;
    struct ask ask;
    start(&s, 24, 80);
    screen_take_snapshot(&s, read_snapshot(many_topics()));
    (void)press(&s, "3");
    pane_of(PANE_TOPICS)->model(&s, &m);
    cell_of = m.cell;
    m.cell = counted;
    struct grid g;
    assert_int_equal(grid_init(&g, s.h, s.w, false, &e), ERR_OK);
    cells = 0;
    table_draw(&g, grid_all(&g), &m, &s.tables[PANE_TOPICS], true);
    assert_true(cells > 0 && cells <= (size_t)(24 * m.column_count));
    (void)snprintf(s.tables[PANE_TOPICS].filter, TABLE_FILTER_MAX, "topic-0999");
    cells = 0;
    assert_int_equal(table_update(&s.tables[PANE_TOPICS], &m, &e), ERR_OK);
    assert_int_equal(s.tables[PANE_TOPICS].n, 10);
    assert_true(cells <= (size_t)MANY * (size_t)m.column_count);
    s.tables[PANE_TOPICS].filter[0] = '\0';
    assert_int_equal(table_update(&s.tables[PANE_TOPICS], &m, &e), ERR_OK);
    (void)press(&s, "G");
    grid_free(&g);
    char *text = screen_text(&s); /* settles the scroll */
    assert_non_null(strstr(text, "topic-09999"));
    free(text);
    assert_true(screen_ask(&s, 0, &ask));
    const json_t *names = json_object_get(ask.params, "names");
    assert_true(json_array_size(names) > 10 && json_array_size(names) <= 24);
    json_decref(ask.params);
    screen_free(&s);
}

/* ---- JSON ---- */

static void folded(const char *text, int depth, const char *want)
{
    struct buf out;
    struct buf styles;
    buf_init(&out, 0);
    buf_init(&styles, 0);
    (void)json_view(text, strlen(text), depth, &out, &styles);
    assert_string_equal(buf_cstr(&out), want);
    assert_int_equal(out.len, styles.len);
    buf_free(&out);
    buf_free(&styles);
}

static void test_json(void **state)
{
    (void)state;
    folded("{\"a\":{\"b\":[1,{}]},\"c\":12345678901234567890}", 1,
           "{\n  \"a\": {\"b\": [1, {}]},\n  \"c\": 12345678901234567890\n}");
    folded("{\"a\":{\"b\":[1,{}]}}", 9,
           "{\n  \"a\": {\n    \"b\": [\n      1,\n      {}\n    ]\n  }\n}");
    folded("[\"\\\"}\", null]", 0, "[\"\\\"}\", null]");
    folded("{}", 3, "{}");
    struct buf b;
    buf_init(&b, 0);
    buf_lit(&b, "{\"long\":[");
    for (int i = 0; i < 200; i++)
        buf_printf(&b, "%s%d", i ? "," : "", i);
    buf_lit(&b, "],\"next\":1}");
    struct buf out;
    struct buf styles;
    buf_init(&out, 0);
    buf_init(&styles, 0);
    assert_true(json_view(b.p, b.len, 1, &out, &styles));
    assert_non_null(strstr(buf_cstr(&out), " ..,\n  \"next\": 1\n}"));
    buf_free(&out);
    buf_free(&styles);
    buf_free(&b);
    assert_false(json_view_is("17", 2));
    assert_false(json_view_is("{\"a\":", 5));
}

/* ---- sparklines in the lists ---- */

/* The parameters of what is asked of the recorder, without blanks; "": nothing is. */
static const char *objects_asked(const struct screen *s, int64_t *every_us)
{
    static char text[600];
    struct ask ask;
    text[0] = '\0';
    for (int i = 0; screen_ask(s, i, &ask); i++) {
        if (strcmp(ask.method, "recorder.objects") == 0) {
            char *all = json_dumps(ask.params, JSON_COMPACT | JSON_SORT_KEYS);
            (void)snprintf(text, sizeof text, "%s", all);
            free(all);
            *every_us = ask.every_us;
        }
        json_decref(ask.params);
    }
    return text;
}

static void test_sparklines(void **state)
{
    (void)state;
    struct screen s;
    int64_t every_us = 0;
    start(&s, 24, 120);
    (void)press(&s, "2");
    assert_string_equal(objects_asked(&s, &every_us), ""); /* no room for it */
    screen_set_size(&s, 24, 140);
    assert_string_equal(objects_asked(&s, &every_us),
                        "{\"figure\":\"rate_s\",\"list\":\"connectors\",\"names\":"
                        "[\"airline-source\",\"flights-sink\",\"tickets-sink\"]}");
    assert_int_equal(every_us, 10000000);
    (void)answer_asks(&s);
    check_screen("connectors-sparks-140x24", &s);
    (void)press(&s, "oooO"); /* sorted anew, it is the same question */
    assert_non_null(strstr(objects_asked(&s, &every_us), "[\"airline-source\",\"fl"));
    struct effect e = press(&s, "x\x15t.md\r");
    assert_int_equal(e.kind, EFFECT_SAVE);
    assert_null(strstr(e.text, "█")); /* a picture is no text */
    (void)press(&s, "3");
    assert_non_null(
        strstr(objects_asked(&s, &every_us), "{\"figure\":\"lag\",\"list\":\"topics\""));
    (void)answer_asks(&s);
    check_screen("topics-sparks-140x24", &s);
    (void)press(&s, "\r");
    assert_string_equal(objects_asked(&s, &every_us), ""); /* one alone */
    screen_free(&s);
}

/* The two minutes before the moment that is looked at; those of now are not shown for them. */
static void test_sparklines_of_the_past(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    char want[64];
    int64_t every_us = 1;
    start(&s, 24, 140);
    (void)press(&s, "2");
    (void)answer_asks(&s);
    assert_shows(&s, "▃▄▄▅▅▆▆▇▇█");
    assert_true(screen_ask(&s, 0, &ask));
    (void)press(&s, "[");
    answer_ask(&s, 0, "recorder.at", ERR_OK,
               json_pack("{s:I, s:o, s:n, s:n}", "ts_us", (json_int_t)s.past_us, "snapshot",
                         fake_snapshot(), "previous_us", "next_us"));
    (void)snprintf(want, sizeof want, "\"to_us\":%lld", (long long)s.shown_us);
    assert_non_null(strstr(objects_asked(&s, &every_us), want));
    assert_int_equal(every_us, 0);
    answer_ask(&s, 1, "recorder.objects", ERR_NOT_FOUND, NULL);
    assert_hides(&s, "▃▄▄▅▅▆▆▇▇█");
    json_t *late = fake_objects(ask.params);
    const struct answer a = {ask.method, ask.params, ERR_OK, late, ""};
    screen_take_answer(&s, &a, NULL);
    assert_hides(&s, "▃▄▄▅▅▆▆▇▇█");
    json_decref(late);
    json_decref(ask.params);
    screen_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_sorted_records),
        cmocka_unit_test(test_sparklines),
        cmocka_unit_test(test_sparklines_of_the_past),
        cmocka_unit_test(test_going_back),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_following),
        cmocka_unit_test(test_filter),
        cmocka_unit_test(test_seeking),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_figures_are_asked_again),
        cmocka_unit_test(test_trend),
        cmocka_unit_test(test_produce),
        cmocka_unit_test(test_produce_asks_twice),
        cmocka_unit_test(test_produce_keeps_the_text),
        cmocka_unit_test(test_produce_from_a_record),
        cmocka_unit_test(test_ten_thousand),
        cmocka_unit_test(test_json),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
