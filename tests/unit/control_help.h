/*
 * A control socket with methods of a test's own, and a raw connection to it. A program's setup and
 * teardown too: each has a folder of its own.
 */
#ifndef UNIT_CONTROL_HELP_H
#define UNIT_CONTROL_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/serve/client.h"
#include "backend/serve/control.h"

static char dir[32];
static char path[64];

struct seen {
    atomic_int slow_ones;
    atomic_bool let_go;
    atomic_int mutations;
    atomic_int denied;
    uid_t uid;
    pid_t pid;
    char user[CONTROL_USER_MAX];
    char method[64];
    char text[128];
};

static inline enum err hello(void *arg, const struct control_peer *peer, const json_t *params,
                             json_t **result, struct errbuf *e)
{
    (void)arg;
    (void)peer;
    enum err rc = control_check_protocol(params, e);
    if (rc == ERR_OK)
        *result = json_pack("{s:i}", "protocol", CONTROL_PROTOCOL);
    return rc;
}

static inline enum err echo(void *arg, const struct control_peer *peer, const json_t *params,
                            json_t **result, struct errbuf *e)
{
    (void)arg;
    (void)peer;
    (void)e;
    *result = json_deep_copy(params);
    return ERR_OK;
}

static inline enum err big(void *arg, const struct control_peer *peer, const json_t *params,
                           json_t **result, struct errbuf *e)
{
    (void)arg;
    (void)peer;
    (void)e;
    size_t n = (size_t)json_integer_value(json_object_get(params, "n"));
    char *text = malloc(n + 1);
    assert_non_null(text);
    memset(text, 'x', n);
    text[n] = '\0';
    *result = json_pack("{s:s}", "text", text);
    free(text);
    return ERR_OK;
}

static inline enum err change(void *arg, const struct control_peer *peer, const json_t *params,
                              json_t **result, struct errbuf *e)
{
    (void)arg;
    (void)peer;
    const char *name;
    enum err rc = control_param_string(params, "name", &name, e);
    if (rc == ERR_OK && strcmp(name, "bad") == 0) {
        *result = json_pack("{s:[s]}", "errors", "name: bad");
        rc = err_set(e, ERR_CONFIG, "1 fault");
    } else if (rc == ERR_OK && strcmp(name, "gone") == 0) {
        rc = err_set(e, ERR_NOT_FOUND, "there is no \"gone\"");
    }
    return rc;
}

/* Goes on until it is let go. */
static inline enum err slow(void *arg, const struct control_peer *peer, const json_t *params,
                            json_t **result, struct errbuf *e)
{
    struct seen *s = arg;
    (void)peer;
    (void)e;
    s->slow_ones++;
    while (!s->let_go)
        (void)poll(NULL, 0, 1);
    *result = json_pack("{s:O}", "n", json_object_get(params, "n"));
    return ERR_OK;
}

static inline enum err elevate(void *arg, const struct control_peer *peer, const json_t *params,
                               json_t **result, struct errbuf *e)
{
    (void)arg;
    (void)peer;
    (void)e;
    *result = json_pack("{s:O}", "seconds", json_object_get(params, "seconds"));
    return ERR_OK;
}

/* As an engine of which people only look. */
static inline enum err allow_elevated(void *arg, const struct control_peer *peer, struct errbuf *e)
{
    (void)arg;
    return peer->elevated_until_us > clock_mono_us() ? ERR_OK
                                                     : err_set(e, ERR_DENIED, "elevate first");
}

static const struct control_method methods[] = {
    {"engine.hello", hello, CONTROL_READS},
    {"echo", echo, CONTROL_READS},
    {"big", big, CONTROL_READS},
    {"change", change, CONTROL_MUTATES},
    {"slow", slow, CONTROL_MUTATES | CONTROL_WAITS},
    {"ask", slow, CONTROL_READS | CONTROL_ASKS},
    {"order", change, CONTROL_MUTATES | CONTROL_ASKS},
    {"elevate", elevate, CONTROL_MUTATES | CONTROL_ELEVATES},
};

static inline void audit(void *arg, const struct control_peer *peer, const char *method,
                         const json_t *params, enum err outcome, const char *text)
{
    (void)params;
    struct seen *s = arg;
    s->uid = peer->uid;
    s->pid = peer->pid;
    (void)snprintf(s->user, sizeof s->user, "%s", peer->user);
    (void)snprintf(s->method, sizeof s->method, "%s", method);
    (void)snprintf(s->text, sizeof s->text, "%s", text);
    if (outcome == ERR_OK)
        s->mutations++;
    else
        s->denied++;
}

static inline struct control_options options(struct seen *seen)
{
    return (struct control_options){.path = path,
                                    .methods = methods,
                                    .method_count = sizeof methods / sizeof methods[0],
                                    .audit = audit,
                                    .arg = seen};
}

static inline struct control_server *start(struct seen *seen)
{
    struct control_options o = options(seen);
    struct control_server *s = NULL;
    struct errbuf e = {0};
    if (control_server_start(&o, &s, &e) != ERR_OK)
        fail_msg("%s", e.text);
    return s;
}

static inline int raw_connect(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    (void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    return fd;
}

static inline void raw_send(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        assert_true(k > 0);
        p += k;
        n -= (size_t)k;
    }
}

/* One line without its newline; false at the end of the stream. */
static inline bool raw_line(int fd, char *out, size_t n)
{
    size_t at = 0;
    char c;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 20000) <= 0)
            fail_msg("no answer within 20 s");
        if (recv(fd, &c, 1, 0) != 1)
            return false;
        if (c == '\n')
            break;
        if (at + 1 < n)
            out[at++] = c;
    }
    out[at] = '\0';
    return true;
}

static inline int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/fd-control-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(path, sizeof path, "%s/run/engine.sock", dir);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    char name[160];
    (void)unlink(path);
    (void)snprintf(name, sizeof name, "%s.lock", path);
    (void)unlink(name);
    (void)snprintf(name, sizeof name, "%s/run", dir);
    (void)rmdir(name);
    return rmdir(dir);
}

#endif
