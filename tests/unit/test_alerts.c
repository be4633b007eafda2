/* The rules of alerts over statuses as docs/control.md has them, with a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/engine/alerts.h"
#include "backend/engine/engine_watch.h"

#define SECOND INT64_C(1000000)
#define BEGIN  (INT64_C(1795500000) * SECOND)

static const struct alert_limits limits = {.lag_records = 1000,
                                           .lag_for_s = 60,
                                           .away_for_s = 10,
                                           .standby_lag_s = 30,
                                           .full_within_s = 3600,
                                           .mart_late_s = 900,
                                           .dead_letters = 1};

struct heard {
    int n;
    char level[16], object[300], text[600];
};

static void hear(void *arg, const char *level, const char *object, const char *text)
{
    struct heard *h = arg;
    h->n++;
    (void)snprintf(h->level, sizeof h->level, "%s", level);
    (void)snprintf(h->object, sizeof h->object, "%s", object);
    (void)snprintf(h->text, sizeof h->text, "%s", text);
}

static struct alerts *create(const struct alert_limits *l)
{
    struct errbuf e;
    struct alerts *a = NULL;
    assert_int_equal(alerts_create(l, &a, &e), ERR_OK);
    return a;
}

static struct heard look(struct alerts *a, const char *status, int64_t seconds)
{
    struct errbuf e;
    struct heard h = {.n = 0};
    json_t *s = json_loads(status, 0, NULL);
    assert_non_null(s);
    assert_int_equal(alerts_look(a, s, BEGIN + seconds * SECOND, hear, &h, &e), ERR_OK);
    json_decref(s);
    return h;
}

static size_t raised(struct alerts *a)
{
    json_t *list = alerts_json(a);
    size_t n = json_array_size(list);
    json_decref(list);
    return n;
}

#define LAG(n) "{\"topics\":[{\"name\":\"p.public.t\",\"lag\":" #n "}]}"

/* Raised when it has lasted, told once, cleared once; the words are of now. */
static void test_lag(void **state)
{
    struct alerts *a = create(&limits);
    (void)state;
    assert_int_equal(look(a, LAG(1000), 0).n, 0);
    assert_int_equal(look(a, LAG(1001), 1).n, 0);
    assert_int_equal(raised(a), 0);
    assert_int_equal(look(a, LAG(5000), 60).n, 0);
    struct heard h = look(a, LAG(6000), 61);
    assert_int_equal(h.n, 1);
    assert_string_equal(h.level, "warning");
    assert_string_equal(h.object, "p.public.t");
    assert_string_equal(h.text, "lag: 6000 records wait, over 1000");
    assert_int_equal(look(a, LAG(7000), 62).n, 0);
    json_t *list = alerts_json(a);
    const json_t *x = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(x, "name")), "lag:p.public.t");
    assert_string_equal(json_string_value(json_object_get(x, "text")),
                        "7000 records wait, over 1000");
    assert_int_equal(json_integer_value(json_object_get(x, "since_us")), BEGIN + SECOND);
    assert_true(json_is_null(json_object_get(x, "acknowledged")));
    json_decref(list);
    h = look(a, LAG(10), 70);
    assert_int_equal(h.n, 1);
    assert_string_equal(h.level, "info");
    assert_string_equal(h.text, "lag: over after 69 s: 7000 records wait, over 1000");
    assert_int_equal(raised(a), 0);
    alerts_destroy(a);
}

/* What was there for a moment is never told, and begins anew. */
static void test_a_moment_is_no_alert(void **state)
{
    struct alerts *a = create(&limits);
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(look(a, LAG(5000), 100 * i).n, 0);
        assert_int_equal(look(a, LAG(5000), 100 * i + 59).n, 0);
        assert_int_equal(look(a, LAG(0), 100 * i + 61).n, 0);
    }
    alerts_destroy(a);
}

/* What is not known is no alert. */
static void test_unknown(void **state)
{
    struct alerts *a = create(&limits);
    (void)state;
    assert_int_equal(look(a, "{}", 0).n, 0);
    assert_int_equal(
        look(a,
             "{\"topics\":[{\"name\":\"t\",\"lag\":null}],\"connectors\":null,\"source\":"
             "{\"standby\":null,\"slots\":[{\"name\":\"s\",\"active\":null,\"wal_status\":"
             "null}]},\"eta\":[{\"what\":\"x\",\"seconds\":null}],\"freshness\":[{\"name\":"
             "\"m\",\"kind\":\"mart\",\"late_s\":null,\"verified_ok\":null}]}",
             100)
            .n,
        0);
    assert_int_equal(raised(a), 0);
    alerts_destroy(a);
}

/* Each rule: the status that raises it, how long it takes, and how it is called. */
static const struct each {
    const char *status, *name, *level, *text;
    int seconds;
} each[] = {
    {"{\"kafka\":{\"state\":\"down\",\"error\":\"refused\"}}", "away:kafka", "error",
     "does not answer: refused", 10},
    {"{\"source\":{\"primary\":{\"state\":\"down\",\"error\":\"x\"}}}", "away:primary", "error",
     "does not answer: x", 10},
    {"{\"source\":{\"standby\":{\"state\":\"down\",\"error\":\"gone\"}}}", "standby:standby",
     "warning", "does not answer: gone", 10},
    {"{\"source\":{\"standby\":{\"state\":\"up\",\"lag_s\":31.0}}}", "standby:standby", "warning",
     "replay is 31 s behind, over 30 s", 10},
    {"{\"source\":{\"slots\":[{\"name\":\"s\",\"active\":false,\"retained_bytes\":52000000}]}}",
     "slot:s", "warning", "nobody reads it: the primary keeps its log, 52 MB now", 10},
    {"{\"source\":{\"slots\":[{\"name\":\"s\",\"active\":true,\"wal_status\":\"lost\"}]}}",
     "slot-lost:s", "error", "wal_status is lost: the primary removes what was not read", 0},
    {"{\"eta\":[{\"what\":\"slot s: safe WAL size\",\"seconds\":3599.0,\"text\":\"full in 59 "
     "m\"}]}",
     "full:slot s: safe WAL size", "warning", "full in 59 m", 10},
    {"{\"connectors\":[{\"name\":\"c\",\"state\":\"RETRYING\",\"last_error\":\"away\"}]}",
     "retrying:c", "warning", "RETRYING: away", 10},
    {"{\"connectors\":[{\"name\":\"c\",\"state\":\"FAILED\",\"last_error\":\"bad\"}]}", "failed:c",
     "error", "FAILED: bad", 0},
    {"{\"connectors\":[{\"name\":\"c\",\"state\":\"RUNNING\",\"dead_letters\":2}]}",
     "dead-letters:c", "warning", "2 records went to the dead-letter topic", 0},
    {"{\"connectors\":[{\"name\":\"c\",\"state\":\"RUNNING\",\"dead_letters\":1}]}",
     "dead-letters:c", "warning", "1 record went to the dead-letter topic", 0},
    {"{\"dags\":[{\"name\":\"d\",\"state\":\"running\",\"last_run\":8,\"reason\":null,\"failed\":"
     "{\"run\":7,\"reason\":\"task t: no\"}}]}",
     "dag:d", "error", "run 7 failed: task t: no", 0},
    {"{\"freshness\":[{\"name\":\"m\",\"kind\":\"mart\",\"late_s\":1200.0}]}", "late:m", "warning",
     "its time was 20 m ago, and it is not made yet", 0},
    {"{\"freshness\":[{\"name\":\"t\",\"kind\":\"table\",\"verified_ok\":false}]}", "verify:t",
     "error", "verify found that it differs from the source", 0},
};

static void test_each_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof each / sizeof each[0]; i++) {
        struct alerts *a = create(&limits);
        struct heard h = look(a, each[i].status, 0);
        if (each[i].seconds) {
            assert_int_equal(h.n, 0);
            assert_int_equal(look(a, each[i].status, each[i].seconds - 1).n, 0);
            h = look(a, each[i].status, each[i].seconds);
        }
        if (h.n != 1 || strcmp(h.level, each[i].level) != 0)
            fail_msg("%s: told %d times, %s", each[i].name, h.n, h.level);
        json_t *list = alerts_json(a);
        const json_t *x = json_array_get(list, 0);
        assert_string_equal(json_string_value(json_object_get(x, "name")), each[i].name);
        assert_string_equal(json_string_value(json_object_get(x, "text")), each[i].text);
        json_decref(list);
        assert_int_equal(look(a, "{}", each[i].seconds + 1).n, 1);
        assert_int_equal(raised(a), 0);
        alerts_destroy(a);
    }
}

/* Just below each limit, and with every limit at 0, nothing is raised. */
static void test_limits(void **state)
{
    static const struct alert_limits off = {.lag_records = 0};
    static const char well[] =
        "{\"topics\":[{\"name\":\"t\",\"lag\":1000}],\"source\":{\"standby\":{\"state\":\"up\","
        "\"lag_s\":30.0},\"slots\":[{\"name\":\"s\",\"active\":true,\"wal_status\":\"reserved\"}]},"
        "\"eta\":[{\"what\":\"x\",\"seconds\":3600.0,\"text\":\"\"}],\"connectors\":[{\"name\":"
        "\"c\","
        "\"state\":\"RUNNING\",\"dead_letters\":0}],\"freshness\":[{\"name\":\"m\",\"kind\":"
        "\"mart\","
        "\"late_s\":900.0,\"verified_ok\":true}],\"dags\":[{\"name\":\"d\",\"state\":\"success\","
        "\"trouble\":null}]}";
    static const char ill[] =
        "{\"topics\":[{\"name\":\"t\",\"lag\":99999}],\"kafka\":{\"state\":\"down\"},\"eta\":[{"
        "\"what\":\"x\",\"seconds\":1.0,\"text\":\"\"}],\"connectors\":[{\"name\":\"c\",\"state\":"
        "\"RETRYING\",\"dead_letters\":5}],\"freshness\":[{\"name\":\"m\",\"kind\":\"mart\","
        "\"late_s\":90000.0}]}";
    (void)state;
    struct alerts *a = create(&limits);
    assert_int_equal(look(a, well, 0).n + look(a, well, 1000).n, 0);
    alerts_destroy(a);
    a = create(&off);
    assert_int_equal(look(a, ill, 0).n + look(a, ill, 1000).n, 0);
    alerts_destroy(a);
}

/* It stays in the list; when it is over and comes again, it is a new one. */
static void test_acknowledge(void **state)
{
    static const char bad[] = "{\"connectors\":[{\"name\":\"c\",\"state\":\"FAILED\"}]}";
    struct errbuf e;
    struct alerts *a = create(&limits);
    (void)state;
    assert_int_equal(alerts_acknowledge(a, "failed:c", "ann", BEGIN, &e), ERR_NOT_FOUND);
    assert_int_equal(look(a, bad, 0).n, 1);
    assert_int_equal(alerts_acknowledge(a, "failed:d", "ann", BEGIN, &e), ERR_NOT_FOUND);
    assert_int_equal(alerts_acknowledge(a, "failed:c", "ann", BEGIN + 5, &e), ERR_OK);
    assert_int_equal(look(a, bad, 1).n, 0);
    json_t *list = alerts_json(a);
    const json_t *by = json_object_get(json_array_get(list, 0), "acknowledged");
    assert_string_equal(json_string_value(json_object_get(by, "who")), "ann");
    assert_int_equal(json_integer_value(json_object_get(by, "at_us")), BEGIN + 5);
    json_decref(list);
    assert_int_equal(look(a, "{}", 2).n, 1);
    assert_int_equal(look(a, bad, 3).n, 1);
    list = alerts_json(a);
    assert_true(json_is_null(json_object_get(json_array_get(list, 0), "acknowledged")));
    json_decref(list);
    alerts_destroy(a);
}

/* After a restart it is the same alert: not told again, acknowledged as before, over when it is. */
static void test_restore(void **state)
{
    static const char bad[] = "{\"connectors\":[{\"name\":\"c\",\"state\":\"FAILED\"}]}";
    struct errbuf e;
    struct alerts *a = create(&limits);
    (void)state;
    assert_int_equal(look(a, bad, 0).n, 1);
    assert_int_equal(alerts_acknowledge(a, "failed:c", "ann", BEGIN + 5, &e), ERR_OK);
    json_t *status = json_pack("{s:o}", "alerts", alerts_json(a));
    alerts_destroy(a);
    a = create(&limits);
    alerts_restore(a, status);
    alerts_restore(a, status); /* twice is once */
    assert_int_equal(look(a, bad, 60).n, 0);
    json_t *again = alerts_json(a);
    const json_t *x = json_array_get(again, 0);
    assert_int_equal(json_array_size(again), 1);
    assert_int_equal(json_integer_value(json_object_get(x, "since_us")), BEGIN);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(x, "acknowledged"), "who")), "ann");
    json_decref(again);
    struct heard h = look(a, "{}", 61);
    assert_int_equal(h.n, 1);
    assert_string_equal(h.level, "info");
    alerts_destroy(a);
    a = create(&limits); /* what is not known yet is not over yet */
    alerts_restore(a, status);
    assert_int_equal(look(a, "{}", 60).n + look(a, "{}", 89).n, 0);
    assert_int_equal(raised(a), 1);
    assert_int_equal(look(a, "{}", 90).n, 1);
    alerts_destroy(a);
    a = create(&limits); /* of another engine's rules, or no alerts at all */
    json_t *odd = json_loads("{\"alerts\":[{\"rule\":\"new\",\"object\":\"x\"},7,{}]}", 0, NULL);
    alerts_restore(a, odd);
    alerts_restore(a, NULL);
    assert_int_equal(raised(a), 0);
    json_decref(odd);
    json_decref(status);
    alerts_destroy(a);
}

/* Each: the status that raises it, one in which nobody can tell, and one in which it is over. */
static const struct not_known {
    const char *name, *ill, *unknown, *well;
} not_known[] = {
    {"lag:t", "{\"topics\":[{\"name\":\"t\",\"lag\":5000}]}", "{\"kafka\":{\"state\":\"down\"}}",
     "{\"kafka\":{\"state\":\"up\"}}"},
    {"lag:t", "{\"topics\":[{\"name\":\"t\",\"lag\":5000}]}",
     "{\"kafka\":{\"state\":\"down\"},\"topics\":[{\"name\":\"t\",\"lag\":0}]}",
     "{\"kafka\":{\"state\":\"up\"},\"topics\":[{\"name\":\"t\",\"lag\":0}]}"},
    {"lag:t", "{\"topics\":[{\"name\":\"t\",\"lag\":5000}]}",
     "{\"topics\":[{\"name\":\"t\",\"lag\":null}],\"connectors\":[{\"name\":\"c\",\"type\":"
     "\"sink\","
     "\"topics\":[\"t\"]}]}",
     "{\"topics\":[{\"name\":\"t\",\"lag\":null}],\"connectors\":[]}"},
    {"slot:s", "{\"source\":{\"slots\":[{\"name\":\"s\",\"active\":false,\"error\":null}]}}",
     "{\"source\":{\"slots\":[{\"name\":\"s\",\"active\":null,\"error\":\"away\"}]}}",
     "{\"source\":{\"slots\":[{\"name\":\"s\",\"active\":true,\"error\":null}]}}"},
    {"slot-lost:s", "{\"source\":{\"slots\":[{\"name\":\"s\",\"wal_status\":\"lost\"}]}}",
     "{\"source\":{\"slots\":[{\"name\":\"s\",\"wal_status\":null,\"error\":\"away\"}]}}",
     "{\"source\":{\"slots\":[]}}"},
    {"full:slot s", "{\"eta\":[{\"what\":\"slot s\",\"seconds\":9.0,\"known\":true}]}",
     "{\"eta\":[{\"what\":\"slot s\",\"seconds\":null,\"known\":false}]}",
     "{\"eta\":[{\"what\":\"slot s\",\"seconds\":null,\"known\":true}]}"},
    {"full:topic t", "{\"eta\":[{\"what\":\"topic t\",\"seconds\":9.0,\"known\":true}]}",
     "{\"eta\":[],\"kafka\":{\"state\":\"down\"}}", "{\"eta\":[],\"kafka\":{\"state\":\"up\"}}"},
    {"verify:t", "{\"freshness\":[{\"name\":\"t\",\"kind\":\"table\",\"verified_ok\":false}]}",
     "{\"freshness\":[],\"warehouse\":{\"state\":\"down\"}}",
     "{\"freshness\":[],\"warehouse\":{\"state\":\"up\"}}"},
    {"verify:t", "{\"freshness\":[{\"name\":\"t\",\"kind\":\"table\",\"verified_ok\":false}]}",
     "{\"freshness\":[],\"connectors\":[{\"type\":\"sink\",\"topics\":[]}]}",
     "{\"freshness\":[],\"connectors\":[{\"type\":\"sink\",\"topics\":[\"u\"]}]}"},
    {"late:m", "{\"freshness\":[{\"name\":\"m\",\"kind\":\"mart\",\"late_s\":1200.0}]}",
     "{\"freshness\":[{\"name\":\"m\",\"kind\":\"mart\",\"late_s\":null}]}",
     "{\"freshness\":[{\"name\":\"m\",\"kind\":\"mart\",\"late_s\":0.0}]}"},
    {"away:kafka", "{\"kafka\":{\"state\":\"down\"}}", "{\"kafka\":{\"state\":\"unknown\"}}",
     "{\"kafka\":{\"state\":\"up\"}}"},
};

/* Nobody can tell: it is not over, and not acknowledged anew; nor is it raised by that. */
static void test_not_known_ends_nothing(void **state)
{
    struct errbuf e;
    (void)state;
    for (size_t i = 0; i < sizeof not_known / sizeof not_known[0]; i++) {
        const struct not_known *c = &not_known[i];
        struct alerts *a = create(&limits);
        assert_int_equal(look(a, c->unknown, 0).n, 0);
        (void)look(a, c->ill, 1);
        (void)look(a, c->ill, 61);
        if (alerts_acknowledge(a, c->name, "ann", BEGIN, &e) != ERR_OK)
            fail_msg("case %zu: %s", i, e.text);
        for (int s = 62; s <= 3600; s += 3538) /* that the server is away is another alert */
            if (!strcmp(look(a, c->unknown, s).level, "info"))
                fail_msg("case %zu: %s is over", i, c->name);
        json_t *list = alerts_json(a);
        size_t k;
        json_t *x, *mine = NULL;
        json_array_foreach(list, k, x)
        {
            if (!strcmp(json_string_value(json_object_get(x, "name")), c->name))
                mine = x;
        }
        assert_true(json_is_object(json_object_get(mine, "acknowledged")));
        json_decref(list);
        assert_string_equal(look(a, c->well, 3601).level, "info");
        if (alerts_acknowledge(a, c->name, "ann", BEGIN, &e) != ERR_NOT_FOUND)
            fail_msg("case %zu: %s does not end", i, c->name);
        alerts_destroy(a);
    }
}

/* What has held for a moment only is not raised by a time in which nobody could tell. */
static void test_not_known_raises_nothing(void **state)
{
    struct alerts *a = create(&limits);
    (void)state;
    assert_int_equal(look(a, LAG(5000), 0).n, 0);
    for (int s = 1; s < 200; s += 50)
        assert_int_equal(look(a, "{\"kafka\":{\"state\":\"unknown\"}}", s).n, 0);
    assert_int_equal(raised(a), 0);
    alerts_destroy(a);
}

/* A look that costs much makes records rare, not alerts. */
static void test_periods(void **state)
{
    static const struct {
        int64_t cost, alerts, record;
    } cases[] = {
        {0, SECOND, SECOND},
        {3000, SECOND, SECOND},
        {10000, SECOND, 3 * SECOND},
        {50000, 5 * SECOND, 15 * SECOND},
        {500000, 10 * SECOND, 150 * SECOND},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t alerts, record;
        engine_watch_periods(cases[i].cost, &alerts, &record);
        assert_int_equal(alerts, cases[i].alerts);
        assert_int_equal(record, cases[i].record);
    }
}

/* Thousands of topics that lag hide no error. */
static void test_many_of_one_rule(void **state)
{
    struct errbuf e;
    struct heard h = {.n = 0};
    struct alerts *a = create(&limits);
    json_t *list = json_array();
    (void)state;
    for (int i = 0; i < 3000; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "t%d", i);
        (void)json_array_append_new(list, json_pack("{s:s, s:i}", "name", name, "lag", 5000));
    }
    json_t *s = json_pack("{s:o}", "topics", list);
    assert_int_equal(alerts_look(a, s, BEGIN, hear, &h, &e), ERR_OK);
    assert_int_equal(alerts_look(a, s, BEGIN + 60 * SECOND, hear, &h, &e), ERR_OK);
    assert_int_equal(h.n, 100);
    static const char ills[] =
        "{\"connectors\":[{\"name\":\"c\",\"state\":\"FAILED\"}],\"dags\":[{\"name\":\"d\","
        "\"failed\":{\"run\":7}}],\"source\":{\"slots\":[{\"name\":\"s\",\"wal_status\":\"lost\"}]}"
        "}";
    json_t *ill = json_loads(ills, 0, NULL);
    assert_non_null(ill);
    (void)json_object_update(s, ill);
    h.n = 0;
    assert_int_equal(alerts_look(a, s, BEGIN + 61 * SECOND, hear, &h, &e), ERR_OK);
    assert_int_equal(h.n, 3);
    assert_string_equal(h.level, "error");
    json_decref(ill);
    json_decref(s);
    alerts_destroy(a);
}

/* However many, the list is bounded; bytes that are no UTF-8 do no harm. */
static void test_many_and_odd(void **state)
{
    struct errbuf e;
    struct heard h = {.n = 0};
    struct alerts *a = create(&limits);
    json_t *list = json_array();
    (void)state;
    for (int i = 0; i < 3000; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "c%d", i);
        (void)json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "state", "FAILED"));
    }
    json_t *s = json_pack("{s:o}", "connectors", list);
    assert_int_equal(alerts_look(a, s, BEGIN, hear, &h, &e), ERR_OK);
    json_decref(s);
    assert_int_equal(h.n, 100);
    assert_int_equal(raised(a), 100);
    alerts_destroy(a);

    char words[900]; /* the cut goes through a letter of two bytes */
    for (size_t i = 0; i + 1 < sizeof words; i++)
        words[i] = i % 2 ? '\xa4' : '\xc3';
    words[sizeof words - 1] = '\0';
    words[sizeof words - 2] = '\0';
    a = create(&limits);
    s = json_pack("{s:[{s:s, s:s, s:s}]}", "connectors", "name", words, "state", "FAILED",
                  "last_error", words);
    assert_non_null(s);
    assert_int_equal(alerts_look(a, s, BEGIN, hear, &h, &e), ERR_OK);
    json_decref(s);
    assert_int_equal(raised(a), 1);
    alerts_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lag),
        cmocka_unit_test(test_a_moment_is_no_alert),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_each_rule),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_acknowledge),
        cmocka_unit_test(test_many_and_odd),
        cmocka_unit_test(test_restore),
        cmocka_unit_test(test_not_known_ends_nothing),
        cmocka_unit_test(test_not_known_raises_nothing),
        cmocka_unit_test(test_many_of_one_rule),
        cmocka_unit_test(test_periods),
    };
    const char *only = getenv("TEST_FILTER");
    if (only)
        cmocka_set_test_filter(only);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
