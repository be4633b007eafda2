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
    if (!rc)
        return r;
    json_decref(r); /* what an error has to say beside its words */
    return NULL;
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

/* ---- a dashboard, once for each run of its mart ---- */

static json_t *past_board(const struct harness *h, int64_t ts_us)
{
    return past_answer(h, "dashboard.data", json_pack("{s:s, s:i}", "name", "counted", "days", 2),
                       ts_us);
}

/* The figure of the kept answer; -1: there is none. */
static int past_figure(const json_t *kept)
{
    const json_t *panels = json_object_get(json_object_get(kept, "answer"), "panels");
    const json_t *rows = json_object_get(json_array_get(panels, 0), "rows");
    const json_t *v = json_array_get(json_array_get(rows, 0), 0);
    return json_is_integer(v) ? (int)json_integer_value(v) : -1;
}

struct past_count {
    const struct harness *h;
    int figure;
    int64_t after_us; /* the source was asked after it */
};

static bool past_counts(void *arg)
{
    const struct past_count *c = arg;
    json_t *kept = past_board(c->h, INT64_MAX);
    bool is = past_figure(kept) == c->figure;
    json_decref(kept);
    return is;
}

static bool past_goes_on(void *arg)
{
    const struct past_count *c = arg;
    json_t *kept = past_answer(c->h, "source.show", NULL, INT64_MAX);
    bool is = kept && int_in(kept, "ts_us") > c->after_us;
    json_decref(kept);
    return is;
}

static void past_mart(struct harness *h, const char *db)
{
    char dags[700];
    harness_init(h, "s_mart", db,
                 "dags: [dags]\nmarts: [m.yaml]\ndashboards: [d.yaml]\n"
                 "recorder: {answers_s: 1}\n");
    (void)snprintf(dags, sizeof dags, "%s/dags", h->dir);
    assert_int_equal(mkdir(dags, 0700), 0);
    look_file(h, "m.yaml",
              "mart: s_counted\ntable: presentation.s_counted\nsql: m.sql\n"
              "create: {postgresql: [t.sql], vertica: [t.sql]}\n");
    look_file(h, "t.sql", "CREATE TABLE IF NOT EXISTS presentation.s_counted (n int);\n");
    look_file(h, "m.sql", "INSERT INTO presentation.s_counted VALUES (1);\n");
    look_file(h, "dags/s_count.yaml", "tasks: {fill: {kind: sql, file: ../m.sql}}\n");
    look_file(h, "d.yaml",
              "dashboard: counted\nmart: s_counted\ndays: 2\npanels:\n"
              "  - {name: n, kind: stat, value: v, query: SELECT count(*) AS v FROM "
              "presentation.s_counted}\n");
}

static void test_dashboards_are_kept(void **state)
{
    struct harness h;
    char *db = database("s_mart");
    (void)state;
    past_mart(&h, db);
    start(&h);
    struct past_count c = {&h, 1, clock_wall_us()};
    fixture_wait("the servers are asked", WAIT_S, past_goes_on, &c);
    json_t *none = past_board(&h, INT64_MAX); /* of a mart that has not run */
    assert_null(none);
    LOOK(&h, 0, "s_counted", "refresh", "s_counted");
    fixture_wait("the dashboard is kept", WAIT_S, past_counts, &c);
    json_t *first = past_board(&h, INT64_MAX);
    for (int i = 0; i < 3; i++) { /* asked again, and found as it was */
        c.after_us = clock_wall_us();
        fixture_wait("the servers are asked again", WAIT_S, past_goes_on, &c);
    }
    json_t *same = past_board(&h, INT64_MAX);
    assert_int_equal(int_in(same, "ts_us"), int_in(first, "ts_us"));
    LOOK(&h, 0, "s_counted", "refresh", "s_counted");
    c.figure = 2;
    fixture_wait("the next one is kept", WAIT_S, past_counts, &c);
    json_t *before = past_board(&h, int_in(same, "ts_us") + 1000000);
    assert_int_equal(past_figure(before), 1);
    assert_true(int_in(before, "next_us") > int_in(before, "ts_us"));
    json_decref(before);
    json_decref(same);
    json_decref(first);
    stop(&h);
    free(db);
}

#define PAST_CASES                                                                                 \
    cmocka_unit_test(test_dashboards_are_kept), cmocka_unit_test(test_answers_are_kept),           \
        cmocka_unit_test(test_servers_are_asked)

#endif
