/* Unit tests of the control socket: server, dispatcher and client, without an engine. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/control_help.h"

/* ---- dispatch ---- */

static void check_line(const char *line, const char *want)
{
    struct seen seen = {0};
    struct control_options o = options(&seen);
    struct control_peer peer = {.uid = 7, .pid = 8, .user = "seven"};
    struct buf out;
    buf_init(&out, 0);
    control_dispatch(&o, &peer, line, strlen(line), &out);
    if (!strstr(buf_cstr(&out), want))
        fail_msg("%s\n answers %s\n not %s", line, buf_cstr(&out), want);
    if (!*want)
        assert_int_equal(out.len, 0);
    else
        assert_true(out.p[out.len - 1] == '\n' && !memchr(out.p, '\n', out.len - 1));
    buf_free(&out);
}

static void test_dispatch(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *want;
    } cases[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"a\":[1,\"\\n\"]}}",
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":[1,\"\\n\"]}}\n"},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"echo\"}",
         "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":{}}\n"},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}", ""},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}", ""},
        {"{", "\"code\":-32700"},
        {"", "\"code\":-32700"},
        {"\xff\xfe", "\"code\":-32700"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"echo\"}", "\"code\":-32700"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"} x", "\"code\":-32700"},
        {"7", "\"code\":-32600"},
        {"[]", "batches are not taken"},
        {"{\"id\":1,\"method\":\"echo\"}", "\"id\":1,\"error\":{\"code\":-32600"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}", "names no method"},
        {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"echo\"}", "\"id\":null"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":3}", "\"code\":-32600"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no\"}",
         "\"code\":-32601,\"message\":\"unknown method \\\"no\\\"\""},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"change\"}", "\"code\":-32602"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"change\",\"params\":{\"name\":\"bad\"}}",
         "{\"code\":-32602,\"message\":\"1 fault\",\"data\":{\"errors\":[\"name: "
         "bad\"],\"err\":\"configuration\"}}"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"change\",\"params\":{\"name\":\"gone\"}}",
         "{\"code\":-32000,\"message\":\"there is no \\\"gone\\\"\",\"data\":{\"err\":"
         "\"not_found\"}}"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"engine.hello\",\"params\":{\"protocol\":9}}",
         "\"code\":-32000,\"message\":\"this engine"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_line(cases[i].line, cases[i].want);
}

/* ---- who may ---- */

static enum err ask_for(struct client *c, const char *method, const json_t *params)
{
    struct errbuf e;
    json_t *r = NULL;
    enum err rc = client_call(c, method, params, CLIENT_TIMEOUT_MS, &r, &e);
    json_decref(r);
    return rc;
}

/* What changes something is refused until its own connection has elevated, in its own thread or in
 * another's, and what is refused is on record; what reads never is. */
static void test_only_elevated_connections_change(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_options o = options(&seen);
    struct control_server *s = NULL;
    struct client *one, *other;
    struct errbuf e;
    o.allow = allow_elevated;
    seen.let_go = true;
    assert_int_equal(control_server_start(&o, &s, &e), ERR_OK);
    assert_int_equal(client_connect(path, CLIENT_TIMEOUT_MS, &one, &e), ERR_OK);
    assert_int_equal(client_connect(path, CLIENT_TIMEOUT_MS, &other, &e), ERR_OK);
    json_t *params = json_pack("{s:s, s:i, s:i}", "name", "x", "n", 1, "seconds", 60);
    static const char *const orders[] = {"change", "slow", "order"};
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask_for(one, orders[i], params), ERR_DENIED);
    assert_int_equal(seen.denied, 3);
    assert_string_equal(seen.text, "elevate first");
    assert_int_equal(seen.slow_ones, 0);
    assert_int_equal(ask_for(one, "ask", params), ERR_OK);
    assert_int_equal(ask_for(one, "elevate", params), ERR_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask_for(one, orders[i], params), ERR_OK);
        assert_int_equal(ask_for(other, orders[i], params), ERR_DENIED);
    }
    (void)json_object_set_new(params, "seconds", json_integer(0)); /* no longer */
    assert_int_equal(ask_for(one, "elevate", params), ERR_OK);
    assert_int_equal(ask_for(one, "change", params), ERR_DENIED);
    json_decref(params);
    client_close(one);
    client_close(other);
    control_server_stop(s);
}

/* ---- server ---- */

static void test_call_and_audit(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    struct client *c;
    struct errbuf e;
    json_t *result;
    assert_int_equal(client_connect(path, CLIENT_TIMEOUT_MS, &c, &e), ERR_OK);
    json_t *params = json_pack("{s:s}", "name", "Имя");
    assert_int_equal(client_call(c, "echo", params, CLIENT_TIMEOUT_MS, &result, &e), ERR_OK);
    assert_true(json_equal(params, result));
    json_decref(result);
    assert_int_equal(seen.mutations, 0);
    assert_int_equal(client_call(c, "change", params, CLIENT_TIMEOUT_MS, &result, &e), ERR_OK);
    assert_true(json_is_object(result));
    json_decref(result);
    json_decref(params);
    assert_int_equal(seen.mutations, 1);
    assert_int_equal(seen.uid, getuid());
    assert_int_equal(seen.pid, getpid());
    assert_true(seen.user[0] != '\0');
    assert_string_equal(seen.method, "change");

    params = json_pack("{s:s}", "name", "bad");
    assert_int_equal(client_call(c, "change", params, CLIENT_TIMEOUT_MS, &result, &e), ERR_CONFIG);
    assert_string_equal(e.text, "1 fault");
    assert_int_equal(json_array_size(json_object_get(result, "errors")), 1);
    assert_int_equal(seen.denied, 1);
    assert_string_equal(seen.text, "1 fault");
    json_decref(result);
    json_decref(params);
    client_close(c);
    control_server_stop(s);
}

static void test_malformed_keeps_the_connection(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    int fd = raw_connect();
    static const char text[] =
        "garbage\n\r\n\n{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\"}\r\n";
    char line[1024];
    raw_send(fd, text, sizeof text - 1);
    assert_true(raw_line(fd, line, sizeof line));
    assert_non_null(strstr(line, "-32700"));
    assert_true(raw_line(fd, line, sizeof line));
    assert_string_equal(line, "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}");
    /* byte by byte is a request too, and what a half-closed client asked is answered */
    static const char one[] = "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"echo\"}\n";
    for (size_t i = 0; i < sizeof one - 1; i++)
        raw_send(fd, one + i, 1);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_true(raw_line(fd, line, sizeof line));
    assert_non_null(strstr(line, "\"id\":6"));
    assert_false(raw_line(fd, line, sizeof line));
    (void)close(fd);
    control_server_stop(s);
}

static void test_long_request_is_refused(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    int fd = raw_connect();
    size_t n = 3 * CONTROL_REQUEST_MAX;
    char *text = malloc(n);
    assert_non_null(text);
    memset(text, '{', n);
    raw_send(fd, text, n);
    free(text);
    static const char tail[] = "\n{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\"}\n";
    raw_send(fd, tail, sizeof tail - 1);
    char line[1024];
    assert_true(raw_line(fd, line, sizeof line));
    assert_non_null(strstr(line, "-32600"));
    assert_true(raw_line(fd, line, sizeof line));
    assert_non_null(strstr(line, "\"id\":5"));
    (void)close(fd);
    control_server_stop(s);
}

/* A client that asks for much and reads nothing stops being read; another one is served. */
static void test_slow_reader_is_bounded(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    int fd = raw_connect();
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"big\",\"params\":{\"n\":"
                              "100000}}\n";
    struct client *c;
    struct errbuf e;
    assert_int_equal(client_connect(path, CLIENT_TIMEOUT_MS, &c, &e), ERR_OK);
    size_t asked = 0;
    for (int refused = 0; refused < 50;) {
        ssize_t k = send(fd, ask + asked % (sizeof ask - 1),
                         sizeof ask - 1 - asked % (sizeof ask - 1), MSG_NOSIGNAL);
        if (k > 0) {
            asked += (size_t)k;
            refused = 0;
            continue;
        }
        assert_true(errno == EAGAIN);
        refused++;
        json_t *result; /* a round trip of another client: the server has had its turn */
        assert_int_equal(client_call(c, "echo", NULL, CLIENT_TIMEOUT_MS, &result, &e), ERR_OK);
        json_decref(result);
    }
    /* what the server took is its own buffer of requests and the two socket buffers */
    assert_true(asked < (8u << 20));
    size_t whole = asked / (sizeof ask - 1);
    assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
    char *chunk = malloc(1 << 20);
    assert_non_null(chunk);
    size_t lines = 0;
    while (lines < whole) { /* and then every answer comes */
        ssize_t k = recv(fd, chunk, 1 << 20, 0);
        assert_true(k > 0);
        for (ssize_t i = 0; i < k; i++)
            lines += chunk[i] == '\n';
    }
    free(chunk);
    (void)close(fd);
    client_close(c);
    control_server_stop(s);
}

/* A client that reads at the worst moment: its socket is full once, so that the server leaves what
 * else was asked, and then empty whenever there is more to send. */
static struct {
    atomic_int fd; /* of the client, -1: nobody */
    atomic_bool was_full;
    atomic_int lines;
} worst = {.fd = -1};

static void worst_reads(void)
{
    char chunk[1 << 16];
    ssize_t k;
    while ((k = recv(worst.fd, chunk, sizeof chunk, MSG_DONTWAIT)) > 0)
        for (ssize_t i = 0; i < k; i++)
            worst.lines += chunk[i] == '\n';
}

/* In place of the C library's: the server sends through it. */
ssize_t send(int fd, const void *p, size_t n, int flags)
{
    ssize_t k = sendto(fd, p, n, flags, NULL, 0);
    if (k < 0 && errno == EAGAIN && worst.fd >= 0) {
        if (worst.was_full) {
            worst_reads();
            return sendto(fd, p, n, flags, NULL, 0);
        }
        worst.was_full = true;
        errno = EAGAIN;
    }
    return k;
}

/* What was asked is answered, though the client sends nothing more that could wake the server. */
static void test_reader_at_the_worst_moment(void **state)
{
    enum { ASKED = 3 };
    static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"big\",\"params\":{\"n\":"
                              "900000}}\n";
    char asks[ASKED * sizeof ask] = "";
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    int fd = raw_connect();
    worst.fd = fd;
    for (int i = 0; i < ASKED; i++)
        strcat(asks, ask);
    raw_send(fd, asks, strlen(asks));
    int64_t until = clock_mono_us() + 20000000;
    while (worst.lines < ASKED && clock_mono_us() < until) {
        (void)poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 10);
        if (worst.was_full)
            worst_reads();
    }
    assert_true(worst.was_full);
    worst.fd = -1;
    (void)close(fd);
    control_server_stop(s);
    assert_int_equal(worst.lines, ASKED);
}

static void test_too_many_clients(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    int fds[CONTROL_CLIENTS_MAX + 1];
    char line[512];
    static const char ask[] = "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\"}\n";
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        fds[i] = raw_connect();
        raw_send(fds[i], ask, sizeof ask - 1);
        assert_true(raw_line(fds[i], line, sizeof line));
    }
    assert_int_equal(control_server_clients(s), CONTROL_CLIENTS_MAX);
    fds[CONTROL_CLIENTS_MAX] = raw_connect();
    assert_true(raw_line(fds[CONTROL_CLIENTS_MAX], line, sizeof line));
    assert_non_null(strstr(line, "too many clients"));
    for (int i = 0; i <= CONTROL_CLIENTS_MAX; i++)
        (void)close(fds[i]);
    control_server_stop(s);
}

static void test_socket_file(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0600);
    char sub[96];
    (void)snprintf(sub, sizeof sub, "%s/run", dir);
    assert_int_equal(stat(sub, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);

    struct control_options o = options(&seen);
    struct control_server *second = NULL;
    struct errbuf e;
    assert_int_equal(control_server_start(&o, &second, &e), ERR_EXISTS);
    assert_null(second);
    assert_int_equal(stat(path, &st), 0);
    control_server_stop(s);
    assert_int_equal(stat(path, &st), -1);

    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fclose(f);
    assert_int_equal(control_server_start(&o, &second, &e), ERR_EXISTS);
    assert_non_null(strstr(e.text, "not a socket"));
    assert_int_equal(unlink(path), 0);

    char longer[200];
    memset(longer, 'a', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    o.path = longer;
    assert_int_equal(control_server_start(&o, &second, &e), ERR_CONFIG);
    struct client *c;
    assert_int_equal(client_open(longer, &c, &e), ERR_CONFIG);
}

static void test_stale_socket_is_replaced(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* an engine that dies without cleaning up */
        struct seen dead = {0};
        struct control_options o = options(&dead);
        struct control_server *s = NULL;
        struct errbuf e;
        _exit(control_server_start(&o, &s, &e) == ERR_OK ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    struct client *c;
    struct errbuf e;
    assert_int_equal(client_connect(path, CLIENT_TIMEOUT_MS, &c, &e), ERR_CONNECT);
    assert_non_null(strstr(e.text, "flightdeck engine"));

    struct seen seen = {0};
    struct control_server *s = start(&seen);
    assert_int_equal(client_connect(path, CLIENT_TIMEOUT_MS, &c, &e), ERR_OK);
    client_close(c);
    control_server_stop(s);
    assert_int_equal(client_connect(path, CLIENT_TIMEOUT_MS, &c, &e), ERR_CONNECT);
}

static void test_stop_with_clients(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    struct client *c;
    struct errbuf e;
    assert_int_equal(client_connect(path, CLIENT_TIMEOUT_MS, &c, &e), ERR_OK);
    int64_t before = clock_mono_us();
    control_server_stop(s);
    assert_true(clock_mono_us() - before < 1000000);
    json_t *result;
    assert_int_equal(client_call(c, "echo", NULL, CLIENT_TIMEOUT_MS, &result, &e), ERR_CONNECT);
    client_close(c);
    control_server_stop(NULL);
}

/* ---- client ---- */

/* Of the third of five: its text, between replies that are trees. An error comes as ever. */
static void test_reply_as_text(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct control_server *s = start(&seen);
    struct client *c;
    struct client_reply r;
    struct errbuf e;
    int64_t ids[5];
    assert_int_equal(client_open(path, &c, &e), ERR_OK);
    for (int wanted = 2; wanted < 4; wanted++) {
        for (int i = 0; i < 5; i++) {
            json_t *params = json_pack("{s:i, s:s}", "i", i, "text", "a \"line\"\n");
            assert_int_equal(client_send(c, i == 3 ? "change" : "echo", params, &ids[i], &e),
                             ERR_OK);
            json_decref(params);
        }
        client_want_text(c, ids[wanted]);
        for (int i = 0; i < 5;) {
            for (; i < 5 && client_take(c, &r); i++) {
                assert_int_equal(r.id, ids[i]);
                assert_int_equal(r.code, i == 3 ? ERR_USAGE : ERR_OK);
                assert_true((r.raw != NULL) == (i == 2 && wanted == 2));
                json_t *result = r.raw ? json_loadb(r.raw, r.raw_n, 0, NULL) : r.result;
                if (i != 3)
                    assert_int_equal(json_integer_value(json_object_get(result, "i")), i);
                json_decref(result);
            }
            struct pollfd p = {.fd = client_fd(c), .events = client_events(c)};
            if (i < 5) {
                assert_int_equal(poll(&p, 1, 20000), 1);
                assert_int_equal(client_pump(c, &e), ERR_OK);
            }
        }
    }
    client_close(c);
    control_server_stop(s);
}

/* A listener that never accepts is an engine that hangs: the call ends in time. */
static void test_timeout(void **state)
{
    (void)state;
    char hung[64];
    (void)snprintf(hung, sizeof hung, "%s/hung", dir);
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    (void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s", hung);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(listen(fd, 4), 0);
    struct client *c;
    struct errbuf e;
    assert_int_equal(client_connect(hung, 50, &c, &e), ERR_TIMEOUT);
    assert_null(c);
    (void)close(fd);
    (void)unlink(hung);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dispatch),
        cmocka_unit_test(test_only_elevated_connections_change),
        cmocka_unit_test(test_call_and_audit),
        cmocka_unit_test(test_malformed_keeps_the_connection),
        cmocka_unit_test(test_long_request_is_refused),
        cmocka_unit_test(test_slow_reader_is_bounded),
        cmocka_unit_test(test_reader_at_the_worst_moment),
        cmocka_unit_test(test_too_many_clients),
        cmocka_unit_test(test_socket_file),
        cmocka_unit_test(test_stale_socket_is_replaced),
        cmocka_unit_test(test_stop_with_clients),
        cmocka_unit_test(test_reply_as_text),
        cmocka_unit_test(test_timeout),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
