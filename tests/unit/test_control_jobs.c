/* The control socket's jobs: replies that come later, methods that take long, questions and orders
 * side by side. */
#include <pthread.h>

#include "tests/unit/control_help.h"

static void test_async_replies(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    struct client *c;
    struct errbuf e;
    assert_int_equal(client_open(path, &c, &e), ERR_OK);
    int64_t ids[20];
    for (int i = 0; i < 20; i++) {
        json_t *params = json_pack("{s:i}", "i", i);
        assert_int_equal(client_send(c, i % 5 ? "echo" : "change", params, &ids[i], &e), ERR_OK);
        json_decref(params);
    }
    struct client_reply r;
    for (int i = 0; i < 20;) {
        while (client_take(c, &r)) {
            assert_int_equal(r.id, ids[i]);
            if (i % 5) {
                assert_int_equal(r.code, ERR_OK);
                assert_int_equal(json_integer_value(json_object_get(r.result, "i")), i);
            } else {
                assert_int_equal(r.code, ERR_USAGE);
            }
            json_decref(r.result);
            i++;
        }
        struct pollfd p = {.fd = client_fd(c), .events = client_events(c)};
        if (i < 20) {
            assert_int_equal(poll(&p, 1, 20000), 1);
            assert_int_equal(client_pump(c, &e), ERR_OK);
        }
    }
    assert_false(client_take(c, &r));
    client_close(c);
    control_server_stop(s);
}

static void *let_go_later(void *arg)
{
    struct seen *s = arg;
    (void)poll(NULL, 0, 20);
    s->let_go = true;
    return NULL;
}

/* One that takes long holds up nobody, not even its own client; its answer comes when it is done.
 */
static void test_slow_method(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    char line[512];
    static const char first[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"slow\",\"params\":"
                                "{\"n\":1}}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"slow\","
                                "\"params\":{\"n\":2}}\n";
    static const char echo_line[] = "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"echo\"}\n";
    int a = raw_connect();
    int b = raw_connect();
    int c = raw_connect();
    raw_send(a, first, sizeof first - 1);
    raw_send(c, first, sizeof first - 1);
    (void)close(c); /* nobody waits for those */
    for (int i = 0; i < 3; i++) {
        raw_send(a, echo_line, sizeof echo_line - 1);
        assert_true(raw_line(a, line, sizeof line));
        assert_non_null(strstr(line, "\"id\":3"));
        raw_send(b, echo_line, sizeof echo_line - 1);
        assert_true(raw_line(b, line, sizeof line));
        assert_non_null(strstr(line, "\"id\":3"));
    }
    assert_int_equal(shutdown(a, SHUT_WR), 0); /* what is asked is still answered */
    seen.let_go = true;
    assert_true(raw_line(a, line, sizeof line));
    assert_non_null(strstr(line, "\"id\":1,\"result\":{\"n\":1}"));
    assert_true(raw_line(a, line, sizeof line));
    assert_non_null(strstr(line, "\"id\":2,\"result\":{\"n\":2}"));
    assert_false(raw_line(a, line, sizeof line));
    (void)close(a);
    (void)close(b);
    control_server_stop(s);
    assert_true(seen.mutations >= 2);
}

/* Questions to servers are waited for side by side, and beside a change that waits. */
static void test_asks_side_by_side(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    char line[512];
    static const char three[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"slow\",\"params\":"
                                "{\"n\":1}}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"ask\","
                                "\"params\":{\"n\":2}}\n{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":"
                                "\"ask\",\"params\":{\"n\":3}}\n";
    int a = raw_connect();
    raw_send(a, three, sizeof three - 1);
    int64_t until = clock_mono_us() + 20000000;
    while (seen.slow_ones < 3 && clock_mono_us() < until)
        (void)poll(NULL, 0, 1);
    assert_int_equal(seen.slow_ones, 3);
    seen.let_go = true;
    for (int i = 0; i < 3; i++)
        assert_true(raw_line(a, line, sizeof line));
    (void)close(a);
    control_server_stop(s);
}

/* However many questions wait for servers, an order to one of them does not wait for them. */
static void test_order_before_asks(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    char line[512];
    static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ask\",\"params\":"
                              "{\"n\":1}}\n";
    static const char order[] = "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"order\",\"params\":"
                                "{\"name\":\"a\"}}\n";
    int a = raw_connect();
    int b = raw_connect();
    for (int i = 0; i < 10; i++)
        raw_send(a, ask, sizeof ask - 1);
    int64_t until = clock_mono_us() + 20000000;
    while (seen.slow_ones < 3 && clock_mono_us() < until)
        (void)poll(NULL, 0, 1);
    raw_send(b, order, sizeof order - 1);
    struct pollfd answered = {.fd = b, .events = POLLIN};
    int n = poll(&answered, 1, 20000);
    seen.let_go = true;
    assert_int_equal(n, 1);
    assert_true(raw_line(b, line, sizeof line));
    assert_non_null(strstr(line, "\"id\":2,\"result\""));
    for (int i = 0; i < 10; i++)
        assert_true(raw_line(a, line, sizeof line));
    (void)close(a);
    (void)close(b);
    control_server_stop(s);
}

/* At the stop the one that is under way ends, and the others are told. */
static void test_stop_with_slow_methods(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    char line[512];
    static const char both[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"slow\",\"params\":"
                               "{\"n\":1}}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"slow\","
                               "\"params\":{\"n\":2}}\n";
    static const char echo_line[] = "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"echo\"}\n";
    int a = raw_connect();
    raw_send(a, both, sizeof both - 1);
    raw_send(a, echo_line, sizeof echo_line - 1);
    assert_true(raw_line(a, line, sizeof line)); /* so the two have been read */
    while (seen.slow_ones < 1)
        (void)poll(NULL, 0, 1);
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, let_go_later, &seen), 0);
    control_server_stop(s);
    assert_int_equal(pthread_join(t, NULL), 0);
    assert_true(raw_line(a, line, sizeof line));
    assert_non_null(strstr(line, "\"id\":1,\"result\""));
    assert_true(raw_line(a, line, sizeof line));
    if (!strstr(line, "\"id\":2,\"result\"")) /* it may have begun before the stop */
        assert_non_null(strstr(line, "the engine is stopping"));
    assert_false(raw_line(a, line, sizeof line));
    (void)close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_async_replies),          cmocka_unit_test(test_slow_method),
        cmocka_unit_test(test_asks_side_by_side),      cmocka_unit_test(test_order_before_asks),
        cmocka_unit_test(test_stop_with_slow_methods),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
