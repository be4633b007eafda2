/* Unit tests of the snapshot: what of it is read, and what is not known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/fixture/fake_engine.h"
#include "views/snapshot.h"

static struct snapshot *read_snapshot(json_t *json)
{
    struct snapshot *n;
    struct errbuf e;
    if (snapshot_from_json(json, &n, &e) != ERR_OK)
        fail_msg("%s", e.text);
    json_decref(json);
    return n;
}

static void test_dags(void **state)
{
    (void)state;
    struct snapshot *n = read_snapshot(fake_snapshot());
    assert_int_equal(n->dag_count, 3);
    const struct snap_dag *d = snapshot_dag(n, "airports_traffic");
    assert_non_null(d);
    assert_false(d->paused);
    assert_int_equal(d->next_us, 1795608300000000);
    assert_int_equal(d->active, 1);
    assert_int_equal(d->running_tasks, 1);
    assert_int_equal(d->last_run, 481);
    assert_string_equal(d->state, "running");
    assert_int_equal(d->ended_us, UNKNOWN_INT);
    assert_null(d->reason); /* the engine says "" */
    assert_null(d->trouble);
    d = snapshot_dag(n, "frequent_flyers");
    assert_true(d->paused);
    assert_int_equal(d->next_us, UNKNOWN_INT);
    assert_int_equal(d->queued, 2);
    assert_string_equal(d->reason, "task refresh: 22012: division by zero");
    assert_string_equal(d->trouble, "the store cannot be written");
    assert_null(snapshot_dag(n, "none"));
    snapshot_free(n);
}

/* A DAG without a run, of an engine that says less than this console knows. */
static void test_dags_that_are_hardly_known(void **state)
{
    (void)state;
    struct snapshot *n = read_snapshot(
        json_loads("{\"dags\":[{\"name\":\"a\",\"state\":null,\"last_run\":null},7]}", 0, NULL));
    assert_int_equal(n->dag_count, 2);
    assert_string_equal(n->dags[0].state, "");
    assert_int_equal(n->dags[0].last_run, UNKNOWN_INT);
    assert_string_equal(n->dags[0].description, "");
    assert_string_equal(n->dags[1].name, "");
    assert_int_equal(n->dags[1].started_us, UNKNOWN_INT);
    snapshot_free(n);
}

/* Text of an engine that is not whole, or not what it should be: refused in words. */
static void test_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err want;
        size_t topics;
    } cases[] = {
        {"{\"topics\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"now_us\":7}", ERR_OK, 2},
        {"{\"topics\":[]}", ERR_OK, 0},
        {"{\"topics\":null}", ERR_OK, 0},
        {"{\"topics\":{\"name\":\"a\"}}", ERR_OK, 0},
        {"{\"topics\":[1,\"x\",null,[],{}]}", ERR_OK, 5},
        {"{\"topics\":[{\"name\":\"a\"}", ERR_DATA, 0},
        {"{\"topics\":[{\"name\":\"a\",}]}", ERR_DATA, 0},
        {"{\"topics\":[]} x", ERR_DATA, 0},
        {"[]", ERR_PROTOCOL, 0},
        {"", ERR_PROTOCOL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct snapshot *n;
        struct errbuf e = {.text = ""};
        enum err rc = snapshot_from_text(cases[i].text, strlen(cases[i].text), &n, &e);
        if (rc != cases[i].want)
            fail_msg("%s: %s", cases[i].text, e.text);
        assert_true((rc == ERR_OK) == (n != NULL));
        assert_true(rc == ERR_OK || e.text[0]);
        if (!n)
            continue;
        assert_int_equal(n->topic_count, cases[i].topics);
        if (i == 0) {
            assert_string_equal(n->topics[1].name, "b");
            assert_int_equal(n->now_us, 7);
        }
        snapshot_free(n);
    }
}

/* Values as JSON may write them, and an object of an engine that says far more. */
static void test_values(void **state)
{
    (void)state;
    struct snapshot *n;
    struct errbuf e;
    char text[4096] =
        "{\"topics\": [ {\"name\":\"a\\\"\\u0416\\n\", \"records\":1e3,\"rate_s\":-0.5,"
        "\"lag\":\"7\",\"lag_growth_s\":null,\"retention_ms\":9223372036854775807} ],"
        "\"trimmed\":true,\"source\":{\"slots\":[{\"name\":\"s\",\"active\":false},{}]}";
    for (int i = 0; i < 100; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), ",\"more_%d\":[%d]", i, i);
    (void)strcat(text, "}");
    if (snapshot_from_text(text, strlen(text), &n, &e) != ERR_OK)
        fail_msg("%s", e.text);
    assert_string_equal(n->topics[0].name, "a\"Ж\n");
    assert_int_equal(n->topics[0].records, 1000);
    assert_float_equal(n->topics[0].rate_s, -0.5, 0);
    assert_int_equal(n->topics[0].lag, UNKNOWN_INT); /* a text is no number */
    assert_true(n->topics[0].lag_growth_s != n->topics[0].lag_growth_s);
    assert_int_equal(n->topics[0].retention_ms, INT64_MAX);
    assert_int_equal(n->topics[0].partition_count, 0);
    assert_true(n->trimmed);
    assert_int_equal(n->slot_count, 2);
    assert_int_equal(n->slots[0].active, 0);
    assert_int_equal(n->slots[1].active, -1);
    snapshot_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dags),
        cmocka_unit_test(test_dags_that_are_hardly_known),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
