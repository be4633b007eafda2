/*
 * Pane 9's thread against a server of its own: a fake PostgreSQL on a socket, which notes what it
 * is asked and answers, or does not. Only so does a test have a server that hangs.
 */
#include "tests/unit/screen_help.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "console/sql_words.h"
#include "console/tui_query.h"
#include "console/tui_saved.h"

enum { WAIT_US = 20 * 1000000, SOON_US = 2 * 1000000, CLIENTS = 8, LOG_MAX = 1 << 14 };

static char dir[64];

/* ---- a server ---- */

struct client {
    int fd;
    bool greeted;
    char block; /* 'I', 'T' */
};

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t change;
    int listener;
    int stop[2];
    struct client clients[CLIENTS];
    int n;
    char log[LOG_MAX]; /* "|statement" of all queries */
    bool hangs;        /* answers no query at all */
    int cancels;       /* connections that asked for one: they are never answered */
} server;

/* Whether it is to be answered. */
static bool note(const char *sql)
{
    (void)pthread_mutex_lock(&server.lock);
    size_t n = strlen(server.log);
    (void)snprintf(server.log + n, LOG_MAX - n, "|%s", sql);
    bool yes = !server.hangs && !strstr(sql, "hang");
    (void)pthread_cond_broadcast(&server.change);
    (void)pthread_mutex_unlock(&server.lock);
    return yes;
}

static void message(struct buf *b, char type, const char *p, size_t n)
{
    const uint32_t len = (uint32_t)n + 4;
    const char head[] = {type, (char)(len >> 24), (char)(len >> 16), (char)(len >> 8), (char)len};
    buf_add(b, head, sizeof head);
    buf_add(b, p, n);
}

static void send_all(struct client *c, struct buf *b, bool ready)
{
    if (ready)
        message(b, 'Z', &c->block, 1);
    (void)!write(c->fd, b->p, b->len);
}

static void greet(struct client *c)
{
    struct buf b;
    buf_init(&b, 0);
    message(&b, 'R', "\0\0\0\0", 4);
    message(&b, 'S', "server_version\00016.0", 20);
    message(&b, 'K', "\0\0\0\1\0\0\0\2", 8);
    c->greeted = true;
    c->block = 'I';
    send_all(c, &b, true);
    buf_free(&b);
}

static void add_error(struct buf *b)
{
    static const char fields[] = "SERROR\0C57014\0Mit went wrong\0";
    message(b, 'E', fields, sizeof fields);
}

/* "select N": a row; "hang": nothing, "rows": rows and then an error. */
static void answer_query(struct client *c, const char *sql)
{
    static const char column[] = "\0\1a\0\0\0\0\0\0\0\0\0\0\31\377\377\377\377\377\377\0\0";
    struct buf b;
    if (!note(sql))
        return;
    buf_init(&b, 0);
    if (!strcasecmp(sql, "begin") || !strcasecmp(sql, "rollback"))
        c->block = strcasecmp(sql, "begin") ? 'I' : 'T';
    if (!strncasecmp(sql, "select", 6)) {
        message(&b, 'T', column, sizeof column - 1);
        message(&b, 'D', "\0\1\0\0\0\1x", 7);
    }
    if (strstr(sql, "rows"))
        add_error(&b);
    else
        message(&b, 'C', "DONE", 5);
    send_all(c, &b, true);
    buf_free(&b);
}

static bool read_exactly(int fd, char *p, size_t n)
{
    return recv(fd, p, n, MSG_WAITALL) == (ssize_t)n;
}

static uint32_t number(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

/* False: the client is gone. */
static bool serve(struct client *c)
{
    char head[5] = {0};
    char text[4096] = {0};
    size_t k = c->greeted ? 1 : 0;
    if (!read_exactly(c->fd, head, k + 4) || number(head + k) - 4 >= sizeof text ||
        !read_exactly(c->fd, text, number(head + k) - 4))
        return false;
    if (c->greeted && *head == 'Q') {
        answer_query(c, text);
    } else if (!c->greeted && number(text) == 80877102) { /* CancelRequest: it hangs too */
        (void)pthread_mutex_lock(&server.lock);
        server.cancels++;
        (void)pthread_cond_broadcast(&server.change);
        (void)pthread_mutex_unlock(&server.lock);
    } else if (!c->greeted) {
        greet(c);
    }
    return true;
}

static void *serve_all(void *arg)
{
    (void)arg;
    for (;;) {
        struct pollfd fds[CLIENTS + 2] = {{.fd = server.listener, .events = POLLIN},
                                          {.fd = server.stop[0], .events = POLLIN}};
        for (int i = 0; i < server.n; i++)
            fds[i + 2] = (struct pollfd){.fd = server.clients[i].fd, .events = POLLIN};
        if (poll(fds, (nfds_t)server.n + 2, -1) < 0 || fds[1].revents)
            break;
        for (int i = server.n - 1; i >= 0; i--)
            if (fds[i + 2].revents && !serve(&server.clients[i])) {
                (void)close(server.clients[i].fd);
                server.clients[i] = server.clients[--server.n];
            }
        if (fds[0].revents && server.n < CLIENTS)
            server.clients[server.n++] = (struct client){.fd = accept(server.listener, NULL, NULL)};
    }
    for (int i = 0; i < server.n; i++)
        (void)close(server.clients[i].fd);
    return NULL;
}

/* Until the server was asked `what`; "cancel": for a cancel. */
static void wait_for(const char *what)
{
    const struct timespec until = clock_mono_after(WAIT_US);
    int rc = 0;
    (void)pthread_mutex_lock(&server.lock);
    while (rc == 0 && !(strcmp(what, "cancel") ? strstr(server.log, what) != NULL : server.cancels))
        rc = pthread_cond_timedwait(&server.change, &server.lock, &until);
    (void)pthread_mutex_unlock(&server.lock);
    if (rc)
        fail_msg("the server was not asked \"%s\": %s", what, server.log);
}

static int start_server(void **state)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    pthread_condattr_t monotonic;
    (void)state;
    memset(&server, 0, sizeof server);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/.s.PGSQL.5432", dir);
    (void)pthread_mutex_init(&server.lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&server.change, &monotonic);
    server.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(server.listener, (struct sockaddr *)&at, sizeof at) || listen(server.listener, 8) ||
                   pipe(server.stop) || pthread_create(&server.thread, NULL, serve_all, NULL)
               ? -1
               : 0;
}

static int stop_server(void **state)
{
    char file[96];
    (void)state;
    (void)!write(server.stop[1], "x", 1);
    (void)pthread_join(server.thread, NULL);
    (void)close(server.stop[0]);
    (void)close(server.stop[1]);
    (void)close(server.listener);
    (void)snprintf(file, sizeof file, "%s/.s.PGSQL.5432", dir);
    return unlink(file);
}

/* ---- the console's side ---- */

static enum err open_place(void *arg, bool source, struct sql_session **out, struct errbuf *e)
{
    char where[256];
    (void)arg;
    (void)source;
    (void)snprintf(where, sizeof where,
                   "host=%s port=5432 user=u dbname=d sslmode=disable gssencmode=disable", dir);
    return sql_session_open_libpq(where, out, e);
}

static const struct sql_places places = {.open = open_place, .engine = ""};

static struct screen s;
static struct tui_query *q;

static void begin(void)
{
    struct errbuf e;
    start(&s, 24, 80);
    (void)press(&s, "9");
    q = tui_query_open(&places, &e);
    assert_non_null(q);
}

static void call(struct effect e)
{
    assert_int_equal(e.kind, EFFECT_QUERY);
    tui_query_call(q, &s, &e);
}

/* With nothing running: what was on before is no answer. */
static void until_shows(const char *text)
{
    const int64_t until = clock_mono_us() + WAIT_US;
    for (;;) {
        tui_query_step(q, &s);
        char *now = screen_text(&s);
        bool there = strstr(now, text) && !strstr(now, "Running");
        if (!there && clock_mono_us() > until)
            fail_msg("\"%s\" is not on\n%s", text, now);
        free(now);
        if (there)
            return;
        struct pollfd fd = {.fd = tui_query_fd(q), .events = POLLIN};
        (void)poll(&fd, 1, 100);
    }
}

static void finish(void)
{
    assert_true(tui_query_close(q));
    screen_free(&s);
}

/* ---- tests ---- */

/* Neither the query nor its cancel is ever answered: keys are, and the console can be left. */
static void test_hung_server(void **state)
{
    (void)state;
    begin();
    call(press(&s, "select 'hang';\r"));
    wait_for("hang");
    int64_t began = clock_mono_us();
    call(press(&s, "\x03"));
    assert_true(clock_mono_us() - began < SOON_US);
    assert_shows(&s, "Canceling");
    wait_for("cancel"); /* it is on its way, and waits */
    began = clock_mono_us();
    call(press(&s, "\x03"));
    assert_false(tui_query_close(q)); /* the thread still waits */
    assert_true(clock_mono_us() - began < SOON_US);
    screen_free(&s);
}

/* The same for the thread that reads names for Tab. */
static void test_hung_completion(void **state)
{
    (void)state;
    server.hangs = true; /* nobody has connected yet */
    struct sql_completer *c = sql_completer_start(&places, true);
    assert_non_null(c);
    wait_for("|");
    const int64_t began = clock_mono_us();
    assert_false(sql_completer_stop(c)); /* the thread still waits */
    assert_true(clock_mono_us() - began < SOON_US);
    wait_for("cancel");
}

static bool is_there(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0;
}

static void test_export(void **state)
{
    (void)state;
    char file[96];
    char keys[128];
    (void)snprintf(file, sizeof file, "%s/x.csv", dir);
    (void)snprintf(keys, sizeof keys, "\x1bx\x15%s\r", file);
    begin();
    call(press(&s, "select 1;\r"));
    until_shows("1 row, ");
    call(press(&s, keys));
    until_shows("written: ");
    assert_true(is_there(file));
    assert_int_equal(unlink(file), 0);
    assert_non_null(strstr(server.log, "READ WRITE|select 1|SET SESSION CHARACTERISTICS AS "
                                       "TRANSACTION READ ONLY|select 1"));
    call(press(&s, "i\x03select 'rows';\r")); /* fails behind its first row */
    until_shows("went wrong");
    call(press(&s, keys));
    until_shows("went wrong");
    assert_false(is_there(file)); /* half a file is none */
    call(press(&s, "i\x03"
                   "delete from t;\r"));
    until_shows("DELETE");
    call(press(&s, keys));
    until_shows("an export runs the query again");
    assert_false(is_there(file));
    const char *first = strstr(server.log, "delete from t");
    assert_true(first && !strstr(first + 1, "delete from t")); /* it ran once */
    finish();
}

/* What was begun while changes were allowed is not gone on with when they no longer are. */
static void test_open_transaction(void **state)
{
    (void)state;
    begin();
    call(press(&s, "begin;\r"));
    until_shows("TRANSACTION OPEN");
    call(press(&s, "\x03select 1;\r"));
    until_shows("1 row, ");
    assert_shows(&s, "TRANSACTION OPEN");
    s.viewer = true;
    call(press(&s, "\x03select 2;\r"));
    until_shows("was rolled back");
    assert_hides(&s, "TRANSACTION OPEN");
    assert_non_null(strstr(server.log, "|ROLLBACK"));
    assert_null(strstr(server.log, "select 2")); /* it says so first */
    call(press(&s, "\x18"));
    until_shows("1 row, ");
    assert_non_null(strstr(server.log, "READ ONLY|select 2"));
    finish();
}

static void test_saved(void **state)
{
    (void)state;
    char path[USER_PATH_MAX];
    struct errbuf e;
    char *text = calloc(1, SAVED_QUERY_MAX + 2);
    assert_non_null(text);
    memset(text, 'x', SAVED_QUERY_MAX + 1);
    assert_int_equal(tui_saved_save("big", text, path, &e), ERR_USAGE);
    text[SAVED_QUERY_MAX] = '\0';
    assert_int_equal(tui_saved_save("big", text, path, &e), ERR_OK);
    json_t *list = tui_saved_list();
    const json_t *one = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(one, "text")), text);
    assert_null(json_object_get(one, "why"));
    json_decref(list);
    FILE *f = fopen(path, "a"); /* it grows by hand */
    assert_non_null(f);
    assert_true(fputs("y", f) >= 0);
    assert_int_equal(fclose(f), 0);
    list = tui_saved_list();
    one = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(one, "text")), "");
    assert_non_null(strstr(json_string_value(json_object_get(one, "why")), "longer than 16 KB"));
    json_decref(list);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_export, start_server, stop_server),
        cmocka_unit_test_setup_teardown(test_open_transaction, start_server, stop_server),
        cmocka_unit_test_setup_teardown(test_hung_completion, start_server, stop_server),
        cmocka_unit_test_setup_teardown(test_hung_server, start_server, stop_server),
        cmocka_unit_test(test_saved),
    };
    char command[96];
    (void)snprintf(dir, sizeof dir, "/tmp/fd-query-XXXXXX");
    if (!setlocale(LC_CTYPE, "C.UTF-8") || !mkdtemp(dir) || setenv("XDG_DATA_HOME", dir, 1) ||
        setenv("XDG_STATE_HOME", dir, 1) || setenv("HOME", dir, 1))
        return 1;
    (void)unsetenv("FLIGHTDECK_SQLHISTORY");
    (void)alarm(120); /* a console that freezes fails */
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) || failed;
}
