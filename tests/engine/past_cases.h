/* What servers answered, kept for looking back. Included by test_status.c, whose helpers it uses.
 */
#ifndef TESTS_PAST_CASES_H
#define TESTS_PAST_CASES_H

/* The newest answer of a method at or before that moment; NULL: none is kept. */
static json_t *past_answer(const struct harness *h, const char *method, json_t *question,
                           int64_t ts_us)
{
    struct errbuf e;
    json_t *r = NULL;
    struct client *c = attach(h);
    assert_non_null(c);
    json_t *params = json_pack("{s:s, s:I}", "method", method, "ts_us", (json_int_t)ts_us);
    (void)json_object_set_new(params, "params", question ? question : json_null());
    enum err rc = client_call(c, "recorder.answer", params, WAIT_S * 1000, &r, &e);
    if (rc && !strstr(e.text, "is kept of that time or before"))
        fail_msg("recorder.answer: %s", e.text);
    client_close(c);
    json_decref(params);
    return rc ? NULL : r;
}

static bool past_has_table(const json_t *kept, const char *table)
{
    return look_find(json_object_get(kept, "answer"), "tables", "table_name", table) != NULL;
}

/* What is asked is kept as it was, over a kill; the table that came later is in later ones only. */
static void test_answers_are_kept(void **state)
{
    struct harness h;
    char *db = database("s_kept");
    (void)state;
    harness_init(&h, "s_kept", db, "dashboards: [one.yaml]\nrecorder: {answers_s: 0}\n");
    look_file(&h, "one.yaml",
              "dashboard: one\ndays: 2\npanels:\n"
              "  - {name: a, kind: stat, value: v, query: SELECT 17 AS v}\n");
    start(&h);
    assert_null(past_answer(&h, "source.show", NULL, INT64_MAX));
    json_decref(call(&h, "warehouse.show", NULL));
    json_t *before = call(&h, "source.show", NULL);
    int64_t then = clock_wall_us();
    run_sql(db, "CREATE TABLE came_later (a int)");
    json_decref(call(&h, "source.show", NULL));
    json_decref(call(&h, "dashboard.data", json_pack("{s:s}", "name", "one")));
    int status = harness_engine_end(&h, SIGKILL);
    assert_true(WIFSIGNALED(status));
    start(&h);
    json_t *kept = past_answer(&h, "source.show", NULL, then);
    assert_true(int_in(kept, "ts_us") <= then && int_in(kept, "next_us") > then);
    assert_false(past_has_table(kept, "came_later"));
    assert_true(past_has_table(kept, "t"));
    assert_int_equal(int_in(json_object_get(kept, "answer"), "asked_us"),
                     int_in(before, "asked_us"));
    json_t *later = past_answer(&h, "source.show", NULL, INT64_MAX);
    assert_true(past_has_table(later, "came_later"));
    assert_null(past_answer(&h, "source.show", NULL, int_in(kept, "ts_us") - 1));
    json_t *warehouse = past_answer(&h, "warehouse.show", NULL, then);
    assert_non_null(json_object_get(json_object_get(warehouse, "answer"), "nodes"));
    json_t *board = past_answer(&h, "dashboard.data",
                                json_pack("{s:s, s:i}", "name", "one", "days", 2), INT64_MAX);
    assert_non_null(board);
    json_t *range = call(&h, "recorder.range", NULL);
    assert_int_equal(int_in(json_object_get(range, "answers"), "kept"), 4);
    json_decref(range);
    json_decref(board);
    json_decref(warehouse);
    json_decref(later);
    json_decref(kept);
    json_decref(before);
    stop(&h);
    free(db);
}

struct past_look {
    const struct harness *h;
    const char *method, *table;
};

static bool past_tells(void *arg)
{
    const struct past_look *l = arg;
    json_t *kept = past_answer(l->h, l->method, NULL, INT64_MAX);
    bool tells = kept && (!l->table || past_has_table(kept, l->table));
    json_decref(kept);
    return tells;
}

/* Nobody asks: the engine does, as often as it is told, and ends at once though it does. */
static void test_servers_are_asked(void **state)
{
    struct harness h;
    char *db = database("s_asks");
    (void)state;
    harness_init(&h, "s_asks", db, "recorder: {answers_s: 1}\n");
    start(&h);
    struct past_look source = {&h, "source.show", NULL};
    struct past_look warehouse = {&h, "warehouse.show", NULL};
    fixture_wait("the source is asked", WAIT_S, past_tells, &source);
    int64_t then = clock_wall_us();
    run_sql(db, "CREATE TABLE came_later (a int)");
    source.table = "came_later";
    fixture_wait("the source is asked again", WAIT_S, past_tells, &source);
    fixture_wait("the warehouse is asked", WAIT_S, past_tells, &warehouse);
    json_t *kept = past_answer(&h, "source.show", NULL, then);
    assert_false(past_has_table(kept, "came_later"));
    json_decref(kept);
    stop(&h);
    free(db);
}

#define PAST_CASES cmocka_unit_test(test_answers_are_kept), cmocka_unit_test(test_servers_are_asked)

#endif
