/* The pane of DAGs: the list, a DAG's grid of runs, a run's bars, a task's log; its keys. */
#include "tests/unit/screen_help.h"

#define NOW_US INT64_C(1795543987050043) /* of the fake engine's snapshot: 24 November 2026 */
#define SECOND INT64_C(1000000)

/* ---- what the engine answers ---- */

static json_t *mark(int64_t id, const char *state, int64_t begin_us, int64_t took_us)
{
    bool over = took_us > 0;
    return json_pack("{s:I, s:s, s:I, s:I, s:o}", "id", (json_int_t)id, "state", state,
                     "created_us", (json_int_t)begin_us, "started_us", (json_int_t)begin_us,
                     "ended_us", over ? json_integer(begin_us + took_us) : json_null());
}

/* n runs of a DAG, every `period` seconds, the newest first; every seventh has failed. */
static json_t *marks(int64_t id, int n, int64_t newest_us, int64_t period_s, bool running)
{
    json_t *a = json_array();
    for (int i = 0; i < n; i++) {
        bool bad = i % 7 == 5;
        bool runs = running && i == 0;
        (void)json_array_append_new(a, mark(id - i,
                                            runs  ? "running"
                                            : bad ? "failed"
                                                  : "success",
                                            newest_us - i * period_s * SECOND,
                                            runs ? 0 : (200 + 37 * (i % 5)) * 1000));
    }
    return a;
}

static json_t *dag(const char *name, const char *schedule, const char *words, int64_t next_us,
                   bool paused, json_t *runs)
{
    const json_t *newest = json_array_get(runs, 0);
    json_t *last = newest ? json_copy((json_t *)newest) : json_null();
    if (newest)
        (void)json_object_set_new(last, "reason", json_string(""));
    return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:b, s:o, s:i, s:i, s:i, s:o, s:s, s:o}", "name",
                     name, "description", "What it is for.", "schedule", schedule, "schedule_words",
                     words, "time_zone", "UTC", "paused", (int)paused, "next_us",
                     next_us ? json_integer(next_us) : json_null(), "queued", 0, "active",
                     strcmp(name, "airports_traffic") == 0, "running_tasks", 0, "last_run", last,
                     "trouble", "", "runs", runs);
}

static json_t *the_list(void)
{
    return json_pack(
        "{s:[o,o,o,o]}", "dags",
        dag("airports_traffic", "5 12 * * *", "at 12:05 every day (UTC)",
            NOW_US + 23 * 3600 * SECOND, false, marks(481, 20, NOW_US - 1100000, 86400, true)),
        dag("dwh", "*/5 * * * *", "every 5 minutes (UTC), and after changes", NOW_US + 28 * SECOND,
            false, marks(980, 12, NOW_US - 60 * SECOND, 300, false)),
        dag("frequent_flyers", "5 12 * * *", "at 12:05 every day (UTC)", 0, true,
            marks(877, 20, NOW_US - 3600 * SECOND, 86400, false)),
        dag("hello", NULL, "only when triggered", 0, false, json_array()));
}

static json_t *a_try(int attempt, const char *state, int64_t from_us, int64_t to_us)
{
    return json_pack("{s:i, s:s, s:I, s:o, s:s}", "try", attempt, "state", state, "started_us",
                     (json_int_t)from_us, "ended_us", to_us ? json_integer(to_us) : json_null(),
                     "reason", strcmp(state, "failed") ? "" : "08006: the server is gone");
}

static json_t *task(const char *name, const char *state, int64_t queued_us, json_t *tries,
                    json_t *rows)
{
    const json_t *last = json_array_get(tries, json_array_size(tries) - 1);
    const json_t *first = json_object_get(last, "started_us");
    const json_t *end = json_object_get(last, "ended_us");
    return json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:s, s:o}", "task", name, "state", state,
                     "try", (int)json_array_size(tries), "queued_us",
                     queued_us ? json_integer(queued_us) : json_null(), "started_us",
                     first ? json_incref((json_t *)first) : json_null(), "ended_us",
                     end ? json_incref((json_t *)end) : json_null(), "rows", rows, "reason",
                     strcmp(state, "failed") ? "" : "08006: the server is gone", "tries", tries);
}

static json_t *a_run(int64_t id, const char *state, int64_t from_us, int64_t to_us, json_t *tasks)
{
    return json_pack(
        "{s:{s:I, s:s, s:s, s:s, s:s, s:o, s:s, s:I, s:o, s:o, s:s}, s:o}", "run", "id",
        (json_int_t)id, "dag", "airports_traffic", "kind", "manual", "state", state,
        "business_date", "2026-11-23", "params", json_pack("{s:s}", "business_date", "2026-11-23"),
        "who", "ivan (pid 17)", "started_us", (json_int_t)from_us, "ended_us",
        to_us ? json_integer(to_us) : json_null(), "rows", to_us ? json_integer(1204) : json_null(),
        "reason", strcmp(state, "failed") ? "" : "task insert_day: 08006: the server is gone",
        "tasks", tasks);
}

/* It is at its second task: after a try that failed. */
static json_t *running_run(void)
{
    int64_t t = NOW_US - 1100000;
    return a_run(481, "running", t, 0,
                 json_pack("[o,o,o,o]",
                           task("delete_day", "success", t,
                                json_pack("[o]", a_try(1, "success", t, t + 30000)), json_null()),
                           task("insert_day", "running", t + 600000,
                                json_pack("[o,o]", a_try(1, "failed", t + 30000, t + 400000),
                                          a_try(2, "running", t + 700000, 0)),
                                json_integer(1204)),
                           task("late_dates", "waiting", 0, json_array(), json_null()),
                           task("tests", "waiting", 0, json_array(), json_null())));
}

static json_t *failed_run(void)
{
    int64_t t = NOW_US - 3600 * SECOND;
    return a_run(481, "failed", t, t + 2 * SECOND,
                 json_pack("[o,o,o]",
                           task("delete_day", "success", t,
                                json_pack("[o]", a_try(1, "success", t, t + 30000)), json_null()),
                           task("insert_day", "failed", t + 30000,
                                json_pack("[o]", a_try(1, "failed", t + 30000, t + 2 * SECOND)),
                                json_null()),
                           task("tests", "upstream_failed", 0, json_array(), json_null())));
}

static json_t *the_runs(int n, int64_t newest_id)
{
    json_t *a = json_array();
    for (int i = 0; i < n; i++) {
        bool bad = i % 7 == 5;
        bool runs = i == 0;
        int64_t from = NOW_US - 1100000 - i * 86400 * SECOND;
        (void)json_array_append_new(
            a, json_pack(
                   "{s:I, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:s, s:{s:s,s:s,s:s,s:s}}", "id",
                   (json_int_t)(newest_id - i), "kind", i % 3 ? "schedule" : "manual", "state",
                   runs  ? "running"
                   : bad ? "failed"
                         : "success",
                   "business_date", "2026-11-23", "who", i % 3 ? "scheduler" : "ivan (pid 17)",
                   "created_us", (json_int_t)from, "started_us", (json_int_t)from, "ended_us",
                   runs ? json_null() : json_integer(from + (900 + 211 * (i % 5)) * 1000), "rows",
                   runs ? json_null() : json_integer(1204 + 31 * i), "reason",
                   bad ? "task insert_day: 08006: the server is gone" : "", "tasks", "delete_day",
                   "success", "insert_day",
                   runs  ? "running"
                   : bad ? "failed"
                         : "success",
                   "late_dates",
                   runs  ? "waiting"
                   : bad ? "upstream_failed"
                         : "success",
                   "tests",
                   runs  ? "waiting"
                   : bad ? "upstream_failed"
                         : "skipped"));
    }
    return json_pack("{s:o}", "runs", a);
}

static json_t *the_dag(void)
{
    return json_pack("{s:s, s:[{s:s}], s:[{s:s,s:s,s:[],s:s},{s:s,s:s,s:[s],s:s},{s:s,s:s,s:[s],"
                     "s:s},{s:s,s:s,s:[s,s],s:[s]}]}",
                     "name", "airports_traffic", "params", "name", "business_date", "tasks", "name",
                     "delete_day", "kind", "sql", "after", "about", "marts/delete.sql", "name",
                     "insert_day", "kind", "sql", "after", "delete_day", "about",
                     "marts/insert.sql", "name", "late_dates", "kind", "sql", "after", "delete_day",
                     "about", "marts/late.sql", "name", "tests", "kind", "test", "after",
                     "insert_day", "late_dates", "about", "presentation.airports_traffic");
}

static json_t *log_lines(int n, const char *about, bool ended)
{
    json_t *a = json_array();
    for (int i = 0; i < n; i++)
        (void)json_array_append_new(a, json_pack("{s:I, s:o}", "ts_us",
                                                 (json_int_t)(NOW_US - (n - i) * 1000), "text",
                                                 json_sprintf("%s, line %d", about, i)));
    return json_pack("{s:o, s:I, s:b, s:i}", "lines", a, "next", (json_int_t)n, "ended", (int)ended,
                     "dropped", 0);
}

/* Answers whatever the pane asks now with what was given for its method; json is taken. */
static void answer(struct screen *s, const char *method, json_t *json)
{
    struct ask ask;
    bool found = false;
    for (int i = 0; !found && screen_ask(s, i, &ask); i++) {
        found = strcmp(ask.method, method) == 0;
        if (found) {
            const struct answer a = {ask.method, ask.params, json ? ERR_OK : ERR_STATE, json,
                                     "it says why"};
            screen_take_answer(s, &a, NULL);
        }
        json_decref(ask.params);
    }
    if (!found)
        fail_msg("%s is not asked", method);
    json_decref(json);
}

static bool asks(struct screen *s, const char *method)
{
    struct ask ask;
    bool found = false;
    for (int i = 0; screen_ask(s, i, &ask); i++) {
        found = found || strcmp(ask.method, method) == 0;
        json_decref(ask.params);
    }
    return found;
}

static void open_list(struct screen *s, int h, int w)
{
    start(s, h, w);
    (void)press(s, "4");
    answer(s, "dag.list", the_list());
    answer(s, "dag.show", the_dag());
    answer(s, "dag.run", running_run());
}

static void open_dag(struct screen *s, int h, int w)
{
    open_list(s, h, w);
    (void)press(s, "\r");
    answer(s, "dag.runs", the_runs(40, 481));
}

static void open_run(struct screen *s, int h, int w)
{
    open_dag(s, h, w);
    (void)press(s, "\r");
    answer(s, "dag.run", running_run());
}

static void open_log(struct screen *s, int h, int w)
{
    open_run(s, h, w);
    (void)press(s, "j\r");
    answer(s, "dag.logs", log_lines(60, "insert_day: rows", false));
}

/* ---- pictures ---- */

static void test_pictures(void **state)
{
    (void)state;
    static const struct {
        int h, w;
    } sizes[] = {{24, 80}, {30, 100}, {50, 200}, {10, 40}};
    static const struct {
        const char *name;
        void (*open)(struct screen *s, int h, int w);
    } levels[] = {{"dags", open_list}, {"dag", open_dag}, {"run", open_run}, {"log", open_log}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t k = 0; k < sizeof levels / sizeof levels[0]; k++) {
            struct screen s;
            char name[64];
            levels[k].open(&s, sizes[i].h, sizes[i].w);
            (void)snprintf(name, sizeof name, "%s-%dx%d", levels[k].name, sizes[i].w, sizes[i].h);
            check_screen(name, &s);
            screen_free(&s);
        }
    }
}

static void test_ascii(void **state)
{
    (void)state;
    struct screen s;
    init(&s, 24, 80, GLYPHS_ASCII, true);
    s.now_us = 100000000;
    feed(&s);
    (void)press(&s, "4");
    answer(&s, "dag.list", the_list());
    answer(&s, "dag.run", running_run());
    check_screen("dags-ascii-80x24", &s);
    screen_free(&s);
}

static void test_graph(void **state)
{
    (void)state;
    struct screen s;
    open_list(&s, 24, 80);
    (void)press(&s, "g");
    check_screen("dag-graph-80x24", &s);
    (void)press(&s, "\x1b");
    assert_hides(&s, "below each what waits for it");
    assert_shows(&s, "DAG airports_traffic");
    answer(&s, "dag.runs", the_runs(3, 481));
    (void)press(&s, "\r");
    answer(&s, "dag.run", running_run());
    (void)press(&s, "g"); /* of a run: with its states */
    assert_shows(&s, "├─ ● insert_day  sql marts/insert.sql");
    (void)press(&s, "\x1b\x1b\x1b");
    assert_shows(&s, "DAGs (4)");
    screen_free(&s);
}

static void test_before_the_first_answer(void **state)
{
    (void)state;
    struct screen s;
    start(&s, 24, 80);
    (void)press(&s, "4");
    assert_shows(&s, "asking the engine ..");
    answer(&s, "dag.list", NULL);
    assert_shows(&s, "dag.list: it says why");
    answer(&s, "dag.list", json_pack("{s:[]}", "dags"));
    assert_shows(&s, "no DAGs: `dags` in the configuration");
    answer(&s, "dag.list", the_list());
    assert_shows(&s, "airports_traffic");
    answer(&s, "dag.list", NULL); /* what was known stays, and why it is old is said */
    assert_shows(&s, "dag.list: it says why");
    assert_shows(&s, "frequent_flyers");
    screen_free(&s);
}

/* ---- keys ---- */

/* An action's answer; result is taken. */
static void done(struct screen *s, const struct effect *effect, json_t *result)
{
    const struct answer a = {effect->method, effect->params, ERR_OK, result, ""};
    assert_int_equal(effect->kind, EFFECT_CALL);
    screen_take_answer(s, &a, effect->label);
    json_decref(result);
}

static const char *params_of(const struct effect *effect, char *out, size_t n)
{
    char *text = json_dumps(effect->params, JSON_COMPACT);
    (void)snprintf(out, n, "%s %s", effect->method ? effect->method : "-", text ? text : "");
    free(text);
    return out;
}

#define EXPECT(effect, want)                                                                       \
    do {                                                                                           \
        char got[400];                                                                             \
        assert_string_equal(params_of(&(effect), got, sizeof got), want);                          \
    } while (0)

static void test_trigger(void **state)
{
    (void)state;
    struct screen s;
    open_list(&s, 24, 100);
    (void)press(&s, "t");
    assert_shows(&s, "params (Enter: none) business_date=..:");
    struct effect e = press(&s, "business_date=2026-11-01 who=\"a b\"\r");
    EXPECT(e, "dag.trigger {\"name\":\"airports_traffic\",\"params\":{\"business_date\":"
              "\"2026-11-01\",\"who\":\"a b\"}}");
    done(&s, &e, json_pack("{s:i}", "run", 482));
    assert_shows(&s, "refreshing airports_traffic: run 482 is made");
    answer(&s, "dag.run", failed_run()); /* it is followed */
    (void)press(&s, "t");
    e = press(&s, "\r");
    EXPECT(e, "dag.trigger {\"name\":\"airports_traffic\",\"params\":{}}");
    (void)press(&s, "t");
    e = press(&s, "nonsense\r");
    assert_int_equal(e.kind, EFFECT_NOTHING);
    assert_shows(&s, "\"nonsense\" is no key=value: nothing was run");
    e = press(&s, "r"); /* the same without a question */
    EXPECT(e, "dag.trigger {\"name\":\"airports_traffic\",\"params\":{}}");
    (void)press(&s, "G"); /* one that takes no params */
    answer(&s, "dag.show", json_pack("{s:s, s:[]}", "name", "hello", "params"));
    e = press(&s, "t");
    EXPECT(e, "dag.trigger {\"name\":\"hello\",\"params\":{}}");
    screen_free(&s);
}

static void test_clear(void **state)
{
    (void)state;
    struct screen s;
    open_list(&s, 24, 100);
    assert_false(screen_can(&s, ACTION_CLEAR)); /* it runs */
    (void)press(&s, "c");
    assert_shows(&s, "nothing is to run again");
    answer(&s, "dag.run", failed_run());
    assert_true(screen_can(&s, ACTION_CLEAR));
    (void)press(&s, "c");
    assert_shows(&s, "Clear 2 tasks of run 481?");
    assert_shows(&s, "These run again: insert_day (failed), tests (upstream_failed)");
    struct effect e = press(&s, "y");
    EXPECT(e, "dag.clear {\"run\":481,\"failed\":true}");
    done(&s, &e, json_pack("{s:i}", "tasks", 2));
    assert_shows(&s, "2 tasks of run 481 to run again");
    /* of the run that is selected in the grid */
    (void)press(&s, "\r");
    answer(&s, "dag.runs", the_runs(10, 481));
    (void)press(&s, "jjjjjc");
    assert_shows(&s, "Clear 3 tasks of run 476?");
    assert_shows(&s, "insert_day (failed), late_dates (upstream_failed), tests (upstream_failed)");
    (void)press(&s, "n");
    screen_free(&s);
}

/* In its log a task runs again with what did not run because of it. */
static void test_clear_a_task(void **state)
{
    (void)state;
    struct screen s;
    open_dag(&s, 24, 100);
    (void)press(&s, "\r");
    answer(&s, "dag.run", failed_run());
    (void)press(&s, "j\r");
    (void)press(&s, "c");
    assert_shows(&s, "Clear 2 tasks of run 481?");
    struct effect e = press(&s, "y");
    EXPECT(e, "dag.clear {\"run\":481,\"task\":\"insert_day\"}");
    (void)press(&s, "\x1bg\x1bk\rc"); /* delete_day succeeded: it alone */
    assert_shows(&s, "These run again: delete_day (success)");
    screen_free(&s);
}

static void test_backfill(void **state)
{
    (void)state;
    struct screen s;
    open_list(&s, 24, 100);
    (void)press(&s, "b");
    assert_shows(&s, "backfill airports_traffic, from..to: 2026-11-23..2026-11-23");
    (void)press(&s, "\x15"
                    "2026-11-01..2026-11-30\r");
    struct ask ask;
    for (int i = 0; screen_ask(&s, i, &ask) && strcmp(ask.method, "dag.intervals") != 0; i++)
        json_decref(ask.params);
    assert_string_equal(json_string_value(json_object_get(ask.params, "from")), "2026-11-01");
    assert_string_equal(json_string_value(json_object_get(ask.params, "to")), "2026-11-30");
    json_decref(ask.params);
    answer(&s, "dag.intervals",
           json_pack("{s:i, s:I, s:I}", "intervals", 30, "first_us",
                     (json_int_t)(NOW_US - 29 * 86400 * SECOND), "last_us", (json_int_t)NOW_US));
    assert_shows(&s, "Backfill airports_traffic with 30 runs?");
    assert_shows(&s, "from 2026-11-01 to 2026-11-30, both included: 30");
    assert_hides(&s, "PAUSED");
    struct effect e = press(&s, "y");
    EXPECT(e, "dag.backfill {\"name\":\"airports_traffic\",\"from\":\"2026-11-01\",\"to\":"
              "\"2026-11-30\"}");
    done(
        &s, &e,
        json_pack("{s:i, s:i, s:i, s:i}", "intervals", 30, "created", 28, "again", 2, "active", 0));
    assert_shows(&s, "backfill airports_traffic: 30 runs, 28 new, 2 again");
    assert_false(asks(&s, "dag.intervals"));
    (void)press(&s, "b\x15"
                    "1 March\r");
    answer(&s, "dag.intervals", NULL);
    assert_shows(&s, "backfill: it says why");
    (void)press(&s, "G");
    assert_false(screen_can(&s, ACTION_BACKFILL)); /* it has no schedule */
    screen_free(&s);
}

/* One that is paused says so before it is asked for, and after. */
static void test_backfill_of_a_paused_one(void **state)
{
    (void)state;
    struct screen s;
    open_list(&s, 24, 100);
    (void)press(&s, "jj");
    (void)press(&s, "b\r");
    answer(&s, "dag.intervals",
           json_pack("{s:i, s:I, s:I}", "intervals", 1, "first_us", (json_int_t)NOW_US, "last_us",
                     (json_int_t)NOW_US));
    assert_shows(&s, "Backfill frequent_flyers with 1 run?");
    assert_shows(&s, "It is PAUSED: none of them begins until u resumes it.");
    struct effect e = press(&s, "y");
    EXPECT(e, "dag.backfill {\"name\":\"frequent_flyers\",\"from\":\"2026-11-23\",\"to\":"
              "\"2026-11-23\"}");
    done(&s, &e,
         json_pack("{s:i, s:i, s:i, s:i}", "intervals", 1, "created", 1, "again", 0, "active", 0));
    assert_shows(&s, "1 new, 0 again, 0 going on; paused, u resumes");
    screen_free(&s);
}

/* What has succeeded and is to run again wants the name; what a cancel ends is said by task. */
static void test_what_cannot_be_undone(void **state)
{
    (void)state;
    struct screen s;
    open_list(&s, 24, 100);
    (void)press(&s, "b\r");
    answer(&s, "dag.intervals",
           json_pack("{s:i, s:i, s:I, s:I}", "intervals", 3, "succeeded", 2, "first_us",
                     (json_int_t)NOW_US, "last_us", (json_int_t)NOW_US));
    assert_shows(&s, "Type airports_traffic to backfill airports_traffic with 3 runs");
    assert_shows(&s, "2 of them have succeeded before: they run again.");
    struct effect e = press(&s, "airports_traffic\r");
    EXPECT(e, "dag.backfill {\"name\":\"airports_traffic\",\"from\":\"2026-11-23\",\"to\":"
              "\"2026-11-23\"}");
    (void)press(&s, "K");
    assert_shows(&s, "Told to end: insert_day (running).");
    assert_shows(&s, "Never begin: late_dates (waiting), tests (waiting).");
    screen_free(&s);
}

static void test_pause_and_cancel(void **state)
{
    (void)state;
    struct screen s;
    open_list(&s, 24, 100);
    assert_false(screen_can(&s, ACTION_RESUME));
    (void)press(&s, "p");
    assert_shows(&s, "Pause airports_traffic?");
    assert_shows(&s, "Nothing of it begins by itself then");
    struct effect e = press(&s, "y");
    EXPECT(e, "dag.pause {\"name\":\"airports_traffic\"}");
    done(&s, &e, json_pack("{s:b}", "paused", 1));
    assert_shows(&s, "airports_traffic is paused: it runs only when triggered");
    (void)press(&s, "K");
    assert_shows(&s, "Type airports_traffic to cancel run 481 of airports_traffic");
    assert_shows(&s, "Told to end: insert_day (running)");
    assert_int_equal(press(&s, "y\r").kind, EFFECT_NOTHING);
    (void)press(&s, "K");
    e = press(&s, "airports_traffic\r");
    EXPECT(e, "dag.cancel {\"run\":481}");
    done(&s, &e, json_pack("{s:i}", "run", 481));
    assert_shows(&s, "run 481 is told to end");
    (void)press(&s, "jj"); /* frequent_flyers is paused, and nothing of it runs */
    assert_true(screen_can(&s, ACTION_RESUME));
    assert_false(screen_can(&s, ACTION_PAUSE));
    assert_false(screen_can(&s, ACTION_CANCEL_RUN));
    (void)press(&s, "u");
    e = press(&s, "y");
    EXPECT(e, "dag.unpause {\"name\":\"frequent_flyers\"}");
    screen_free(&s);
}

static void test_only_looking(void **state)
{
    (void)state;
    static const char keys[] = "trcbpuK";
    struct screen s;
    open_list(&s, 24, 100);
    s.viewer = true;
    for (const char *k = keys; *k; k++) {
        const char key[] = {*k, '\0'};
        struct effect e = press(&s, key);
        assert_int_equal(e.kind, EFFECT_NOTHING);
        assert_int_equal(s.mode, MODE_BROWSE);
        assert_shows(&s, "this console only looks");
    }
    screen_free(&s);
}

/* ---- the log ---- */

static void test_log(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    open_log(&s, 24, 80);
    assert_shows(&s, "task insert_day, try 2 of 2: ● running");
    assert_shows(&s, "line 59"); /* it follows */
    for (int i = 0; screen_ask(&s, i, &ask) && strcmp(ask.method, "dag.logs") != 0; i++)
        json_decref(ask.params);
    assert_int_equal(json_integer_value(json_object_get(ask.params, "after")), 60);
    assert_int_equal(json_integer_value(json_object_get(ask.params, "try")), 2);
    json_decref(ask.params);
    (void)press(&s, "kk");
    assert_hides(&s, "line 59");
    answer(&s, "dag.logs", log_lines(3, "more", true));
    assert_hides(&s, "more, line 2"); /* nothing jumps */
    assert_false(asks(&s, "dag.logs"));
    (void)press(&s, "f");
    assert_shows(&s, "more, line 2");
    (void)press(&s, "/LINE 1\r"); /* without regard to case, from here on, then from the begin */
    assert_shows(&s, "more, line 1");
    (void)press(&s, "n");
    assert_shows(&s, "insert_day: rows, line 1");
    assert_shows(&s, "past the log's end");
    (void)press(&s, "N");
    assert_shows(&s, "more, line 1");
    struct effect e = press(&s, "y");
    assert_int_equal(e.kind, EFFECT_COPY);
    assert_string_equal(e.text, "more, line 1");
    (void)press(&s, "/nowhere\r");
    assert_shows(&s, "\"nowhere\" is not in the log");
    (void)press(&s, "<"); /* the try before */
    answer(&s, "dag.logs", log_lines(2, "the first try", true));
    assert_shows(&s, "try 1 of 2: ✗ failed");
    assert_shows(&s, "the first try, line 1");
    assert_shows(&s, "08006: the server is gone");
    (void)press(&s, "<");
    assert_shows(&s, "there is no try before this one");
    (void)press(&s, ">");
    assert_true(asks(&s, "dag.logs"));
    (void)press(&s, "\x1b");
    assert_shows(&s, "over time");
    screen_free(&s);
}

static void test_log_of_what_has_not_begun(void **state)
{
    (void)state;
    struct screen s;
    open_run(&s, 24, 80);
    (void)press(&s, "G\r");
    assert_shows(&s, "it has not begun");
    assert_false(asks(&s, "dag.logs"));
    screen_free(&s);
}

/* A line wider than the screen is shown whole. */
static void test_log_wraps(void **state)
{
    (void)state;
    struct screen s;
    char text[400];
    open_run(&s, 24, 60);
    (void)press(&s, "\r");
    memset(text, 'x', sizeof text - 1);
    memcpy(text + sizeof text - 4, "END", 4);
    answer(&s, "dag.logs",
           json_pack("{s:[{s:I, s:s}], s:i, s:b}", "lines", "ts_us", (json_int_t)NOW_US, "text",
                     text, "next", 1, "ended", 1));
    assert_shows(&s, "xEND");
    screen_set_size(&s, 24, 30);
    assert_shows(&s, "xEND");
    screen_free(&s);
}

/* ---- the past, and much ---- */

static void test_as_of_then(void **state)
{
    (void)state;
    struct screen s;
    open_list(&s, 24, 100);
    assert_shows(&s, "✗✓✓✓✓●");
    s.past_us = s.shown_us = NOW_US - 2 * 86400 * SECOND;
    assert_shows(&s, "their last runs as of then");
    assert_shows(&s, "✗✓✓✓✓✓✓✗✓✓✓✓✓✓✗✓✓✓  "); /* without those that were not yet made */
    assert_hides(&s, "●");
    assert_false(screen_can(&s, ACTION_TRIGGER));
    screen_free(&s);
}

#define RUN_US (NOW_US - 3600 * SECOND)

/* A task that was tried twice, one that waited for a slot, one that never began. */
static json_t *ended_run(void)
{
    json_t *answer = a_run(
        481, "failed", RUN_US, RUN_US + 140 * SECOND,
        json_pack(
            "[o,o,o,o]",
            task("delete_day", "success", RUN_US,
                 json_pack("[o]", a_try(1, "success", RUN_US, RUN_US + 30 * SECOND)),
                 json_integer(17)),
            task("insert_day", "success", RUN_US + 85 * SECOND,
                 json_pack("[o,o]", a_try(1, "failed", RUN_US + 30 * SECOND, RUN_US + 60 * SECOND),
                           a_try(2, "success", RUN_US + 90 * SECOND, RUN_US + 120 * SECOND)),
                 json_integer(1187)),
            task("tests", "failed", RUN_US + 125 * SECOND,
                 json_pack("[o]", a_try(1, "failed", RUN_US + 130 * SECOND, RUN_US + 140 * SECOND)),
                 json_null()),
            task("after", "upstream_failed", 0, json_array(), json_null())));
    (void)json_object_set_new(json_object_get(answer, "run"), "created_us", json_integer(RUN_US));
    return answer;
}

/* The record of so many seconds after the run's begin is there. */
static void look_at(struct screen *s, int64_t seconds)
{
    s->past_us = RUN_US + seconds * SECOND;
    answer_ask(s, 0, "recorder.at", ERR_OK,
               json_pack("{s:I, s:o, s:n, s:n}", "ts_us", (json_int_t)s->past_us, "snapshot",
                         fake_snapshot(), "previous_us", "next_us"));
}

/* The tasks of an opened run, at moments of it, by their times. */
static void test_run_as_of_then(void **state)
{
    (void)state;
    static const struct {
        int at;
        const char *shows[5];
    } then[] = {
        {10,
         {"● running, ", "delete_day        ● running", "insert_day        · waiting",
          "tests             · waiting", "after             · waiting"}},
        {45,
         {"delete_day        ✓ success", "insert_day        ● running            1     15.0 s"}},
        {70,
         {"insert_day        ↻ up_for_retry       1     30.0 s", "tests             · waiting"}},
        {100, {"insert_day        ● running            2"}},
        {127, {"insert_day        ✓ success", "tests             ○ queued"}},
        {135, {"tests             ● running", "after             · waiting"}},
        {140, {"✗ failed, ", "tests             ✗ failed", "after             ▽ upstream_failed"}},
    };
    struct screen s;
    open_run(&s, 24, 100);
    answer(&s, "dag.run", ended_run());
    for (size_t i = 0; i < sizeof then / sizeof then[0]; i++) {
        look_at(&s, then[i].at);
        for (int k = 0; k < 5 && then[i].shows[k]; k++)
            assert_shows(&s, then[i].shows[k]);
    }
    look_at(&s, 100);
    assert_hides(&s, "1,187"); /* how many rows it was nobody knew */
    assert_hides(&s, "1,204");
    assert_hides(&s, "the server is gone");
    check_screen("run-past-100x24", &s);
    answer(&s, "dag.run", ended_run()); /* again, as of then */
    assert_shows(&s, "insert_day        ● running            2");
    look_at(&s, -10);
    assert_shows(&s, "there was no such run yet");
    (void)press(&s, "L");
    assert_shows(&s, "after             ▽ upstream_failed");
    assert_shows(&s, "1,187");
    screen_free(&s);
}

/* A log's lines that had been written. */
static void test_log_as_of_then(void **state)
{
    (void)state;
    struct screen s;
    open_run(&s, 24, 100);
    answer(&s, "dag.run", ended_run());
    (void)press(&s, "j\r");
    json_t *lines = json_array();
    for (int i = 0; i < 30; i++)
        (void)json_array_append_new(lines, json_pack("{s:I, s:s}", "ts_us",
                                                     (json_int_t)(RUN_US + (90 + i) * SECOND),
                                                     "text", i == 9 ? "the tenth" : "a line"));
    (void)json_array_append_new(
        lines,
        json_pack("{s:I, s:s}", "ts_us", (json_int_t)(RUN_US + 120 * SECOND), "text", "the last"));
    answer(&s, "dag.logs", json_pack("{s:o, s:i, s:b}", "lines", lines, "next", 31, "ended", 1));
    assert_shows(&s, "the last");
    look_at(&s, 99);
    assert_shows(&s, "try 2 of 2: ● running");
    assert_shows(&s, "the tenth");
    look_at(&s, 98);
    assert_hides(&s, "the tenth");
    assert_hides(&s, "the last");
    screen_free(&s);
}

static void test_ten_thousand(void **state)
{
    (void)state;
    enum { MANY = 10000, PAGE = 200 };
    struct screen s;
    char name[32];
    start(&s, 24, 80);
    (void)press(&s, "4");
    json_t *dags = json_array();
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "dag_%05d", i);
        (void)json_array_append_new(
            dags, dag(name, "@daily", "at midnight", NOW_US + SECOND, false, json_array()));
    }
    answer(&s, "dag.list", json_pack("{s:o}", "dags", dags));
    (void)press(&s, "G");
    assert_shows(&s, "> dag_09999");
    (void)press(&s, "/0777\r");
    assert_shows(&s, "DAGs (11 that contain 0777)");
    (void)press(&s, "G\r");
    answer(&s, "dag.runs", the_runs(60, 481 + MANY));
    for (int i = 0; i < (MANY - 60) / PAGE; i++) { /* older ones come as somebody goes there */
        (void)press(&s, "G");
        free(screen_text(&s));
        struct ask ask;
        int k = 0;
        while (screen_ask(&s, k, &ask) && !json_object_get(ask.params, "before")) {
            json_decref(ask.params);
            k++;
        }
        assert_int_equal(json_integer_value(json_object_get(ask.params, "limit")), PAGE);
        json_t *page =
            the_runs(PAGE, json_integer_value(json_object_get(ask.params, "before")) - 1);
        const struct answer a = {ask.method, ask.params, ERR_OK, page, ""};
        screen_take_answer(&s, &a, NULL);
        json_decref(page);
        json_decref(ask.params);
    }
    assert_shows(&s, "Runs (9860 so far)");
    (void)press(&s, "G");
    assert_shows(&s, ">     622");
    answer(&s, "dag.runs", the_runs(60, 481 + MANY + 5)); /* new ones come, nothing is lost */
    assert_shows(&s, "Runs (9865 so far)");
    assert_shows(&s, ">     622");
    screen_free(&s);
}

/* An engine of another kind: nothing is as it should be, and nothing breaks. */
static void test_answers_that_make_no_sense(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "7",
        "{\"dags\":7,\"runs\":{},\"tasks\":\"x\",\"lines\":null,\"run\":[]}",
        "{\"dags\":[{\"name\":\"a\",\"last_run\":{\"id\":481,\"started_us\":-9223372036854775807,"
        "\"ended_us\":9223372036854775807},\"next_us\":-9223372036854775807,\"runs\":[7,{\"id\":"
        "\"x\"}]},7],\"runs\":[7,{\"id\":481,\"started_us\":-9223372036854775807,\"ended_us\":"
        "9223372036854775807,\"tasks\":{\"t\":7,\"u\":\"none such\"}}],\"name\":\"a\",\"run\":"
        "{\"id\":481,\"started_us\":-9223372036854775807,\"params\":{\"p\":7}},\"tasks\":[7,"
        "{\"name\":\"t\",\"task\":\"t\",\"state\":\"failed\",\"try\":1,\"after\":[7],\"about\":[7],"
        "\"started_us\":9223372036854775807,\"tries\":[7,{\"started_us\":-9223372036854775807}]},"
        "{\"name\":\"u\",\"task\":\"u\",\"state\":\"upstream_failed\",\"after\":[7,\"t\"]}],"
        "\"lines\":[7,{\"ts_us\":\"x\",\"text\":7}],\"next\":\"x\"}",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct screen s;
        start(&s, 24, 80);
        (void)press(&s, "4");
        for (const char *k = "..o.cn.\r..jk.cn.\r..G.k.\r..cn.fNy.\x1b.g.\x1b\x1b.cn.g."; *k; k++) {
            struct ask ask;
            const char key[] = {*k == '.' ? '\0' : *k, '\0'};
            for (int n = 0; n < 10 && *k == '.' && screen_ask(&s, n, &ask); n++) {
                json_t *json = json_loads(answers[i], JSON_DECODE_ANY, NULL);
                const struct answer a = {ask.method, ask.params, ERR_OK, json, ""};
                assert_non_null(json);
                screen_take_answer(&s, &a, NULL);
                json_decref(json);
                json_decref(ask.params);
            }
            (void)press(&s, key);
            free(screen_text(&s));
        }
        assert_int_equal(s.detail, i == 2); /* the last one has a DAG, whose graph is open */
        screen_free(&s);
    }
}

/* No more than the engine can answer at once, whatever is open. */
static void test_few_questions(void **state)
{
    (void)state;
    struct screen s;
    struct ask ask;
    open_log(&s, 24, 80);
    int n = 0;
    for (; screen_ask(&s, n, &ask); n++)
        json_decref(ask.params);
    assert_in_range(n, 1, 6);
    (void)press(&s, " "); /* held still */
    assert_true(asks_nothing(&s));
    (void)press(&s, " 1");
    assert_false(asks(&s, "dag.list"));
    screen_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_before_the_first_answer),
        cmocka_unit_test(test_trigger),
        cmocka_unit_test(test_clear),
        cmocka_unit_test(test_clear_a_task),
        cmocka_unit_test(test_backfill),
        cmocka_unit_test(test_backfill_of_a_paused_one),
        cmocka_unit_test(test_what_cannot_be_undone),
        cmocka_unit_test(test_pause_and_cancel),
        cmocka_unit_test(test_only_looking),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_log_of_what_has_not_begun),
        cmocka_unit_test(test_log_wraps),
        cmocka_unit_test(test_as_of_then),
        cmocka_unit_test(test_run_as_of_then),
        cmocka_unit_test(test_log_as_of_then),
        cmocka_unit_test(test_ten_thousand),
        cmocka_unit_test(test_answers_that_make_no_sense),
        cmocka_unit_test(test_few_questions),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
