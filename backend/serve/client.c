#include "backend/serve/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend/base/buf.h"
#include "backend/base/clock.h"
#include "backend/base/json_reader.h"
#include "backend/serve/control.h"

enum { READ_CHUNK = 64 << 10 };

struct client {
    int fd;
    int64_t next_id;
    struct buf in;
    struct buf out;
    size_t scanned; /* bytes of `in` that hold no newline */
    size_t sent;
    size_t taken;      /* bytes at the start of `in` that a reply's text was handed out of */
    int64_t want_text; /* the request; 0: none */
    char path[sizeof((struct sockaddr_un *)0)->sun_path];
};

enum err client_open(const char *path, struct client **out, struct errbuf *e)
{
    *out = NULL;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof addr.sun_path)
        return err_set(e, ERR_CONFIG, "the socket path %s is longer than %zu bytes", path,
                       sizeof addr.sun_path - 1);
    (void)snprintf(addr.sun_path, sizeof addr.sun_path, "%s", path);
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ERR_NOMEM, "no memory for a control client");
    buf_init(&c->in, CONTROL_ANSWER_MAX + READ_CHUNK);
    buf_init(&c->out, 2 * CONTROL_REQUEST_MAX);
    (void)snprintf(c->path, sizeof c->path, "%s", path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* A local connect never waits: it succeeds, is refused, or says EAGAIN (backlog full). */
    if (c->fd >= 0 && connect(c->fd, (const struct sockaddr *)&addr, sizeof addr) == 0) {
        *out = c;
        return ERR_OK;
    }
    enum err rc;
    if (errno == ENOENT || errno == ECONNREFUSED)
        rc = err_set(e, ERR_CONNECT,
                     "no engine answers on %s (%s): start one with 'flightdeck engine'", path,
                     errno == ENOENT ? "there is no such socket" : "nobody listens");
    else if (errno == EACCES || errno == EPERM)
        rc = err_set(e, ERR_CONNECT, "%s belongs to another user: run this as the engine's user",
                     path);
    else
        rc = err_errno(e, ERR_CONNECT, "cannot connect to the engine on %s", path);
    client_close(c);
    return rc;
}

void client_close(struct client *c)
{
    if (!c)
        return;
    if (c->fd >= 0)
        (void)close(c->fd);
    buf_free(&c->in);
    buf_free(&c->out);
    free(c);
}

int client_fd(const struct client *c)
{
    return c->fd;
}

short client_events(const struct client *c)
{
    return (short)(POLLIN | (c->out.len > c->sent ? POLLOUT : 0));
}

/* ---- bytes ---- */

static enum err away(const struct client *c, struct errbuf *e)
{
    return err_set(e, ERR_CONNECT, "the engine on %s went away", c->path);
}

static enum err send_some(struct client *c, struct errbuf *e)
{
    while (c->sent < c->out.len) {
        ssize_t k =
            send(c->fd, c->out.p + c->sent, c->out.len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k >= 0)
            c->sent += (size_t)k;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return ERR_OK;
        else if (errno != EINTR)
            return away(c, e);
    }
    buf_clear(&c->out);
    c->sent = 0;
    return ERR_OK;
}

/* What was handed out is over. */
static void drop_taken(struct client *c)
{
    if (!c->taken)
        return;
    memmove(c->in.p, c->in.p + c->taken, c->in.len - c->taken);
    c->in.len -= c->taken;
    c->taken = 0;
}

static enum err receive_some(struct client *c, struct errbuf *e)
{
    drop_taken(c);
    for (;;) {
        if (!buf_reserve(&c->in, READ_CHUNK))
            return err_set(e, ERR_LIMIT, "an answer of the engine is larger than %d bytes",
                           CONTROL_ANSWER_MAX);
        ssize_t k = recv(c->fd, c->in.p + c->in.len, READ_CHUNK, MSG_DONTWAIT);
        if (k == 0)
            return away(c, e);
        if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return ERR_OK;
        if (k < 0 && errno != EINTR)
            return away(c, e);
        if (k > 0)
            c->in.len += (size_t)k;
        if (k > 0 && k < READ_CHUNK)
            return ERR_OK;
    }
}

enum err client_pump(struct client *c, struct errbuf *e)
{
    enum err rc = send_some(c, e);
    enum err in = receive_some(c, rc == ERR_OK ? e : NULL); /* last answers of one that went away */
    return rc != ERR_OK ? rc : in;
}

static int append(const char *p, size_t n, void *arg)
{
    struct buf *out = arg;
    buf_add(out, p, n);
    return buf_failed(out) ? -1 : 0;
}

enum err client_send(struct client *c, const char *method, const json_t *params, int64_t *id,
                     struct errbuf *e)
{
    struct buf line;
    buf_init(&line, CONTROL_REQUEST_MAX);
    *id = ++c->next_id;
    buf_printf(&line, "{\"jsonrpc\":\"2.0\",\"id\":%lld,\"method\":", (long long)*id);
    buf_json_string(&line, method, strlen(method));
    if (params) {
        buf_lit(&line, ",\"params\":");
        (void)json_dump_callback(params, append, &line, JSON_COMPACT);
    }
    buf_lit(&line, "}\n");
    enum err rc = buf_check(&line, "the request", e);
    if (rc == ERR_OK) {
        if (c->sent) {
            memmove(c->out.p, c->out.p + c->sent, c->out.len - c->sent);
            c->out.len -= c->sent;
            c->sent = 0;
        }
        if (buf_reserve(&c->out, line.len))
            buf_add(&c->out, line.p, line.len);
        else
            rc = err_set(e, ERR_LIMIT, "the engine on %s does not read its requests", c->path);
    }
    buf_free(&line);
    return rc == ERR_OK ? send_some(c, e) : rc;
}

/* ---- answers ---- */

static enum err code_of(const char *word)
{
    for (int i = 1; word && i < ERR_COUNT; i++)
        if (strcmp(err_word((enum err)i), word) == 0)
            return (enum err)i;
    return ERR_INTERNAL;
}

static void read_reply(json_t *answer, struct client_reply *r)
{
    json_t *error = json_object_get(answer, "error");
    *r = (struct client_reply){.id = -1, .code = ERR_OK};
    json_t *id = json_object_get(answer, "id");
    if (json_is_integer(id))
        r->id = json_integer_value(id);
    if (json_is_object(error)) {
        json_t *data = json_object_get(error, "data");
        const char *text = json_string_value(json_object_get(error, "message"));
        r->code = code_of(json_string_value(json_object_get(data, "err")));
        r->result = json_incref(data);
        (void)snprintf(r->text, sizeof r->text, "%s", text ? text : err_word(r->code));
    } else {
        r->result = json_incref(json_object_get(answer, "result"));
        if (!r->result) {
            r->code = ERR_PROTOCOL;
            (void)snprintf(r->text, sizeof r->text, "the answer has neither result nor error");
        }
    }
}

void client_want_text(struct client *c, int64_t id)
{
    c->want_text = id;
}

/* Is it the good answer to the request that is wanted as text? */
static bool read_text(struct client *c, const char *line, size_t n, struct client_reply *reply)
{
    struct json_reader j;
    struct jtext key;
    struct jtext value;
    struct jtext id = {0};
    struct jtext result = {0};
    char wanted[24];
    if (!c->want_text)
        return false;
    jread_init(&j, line, n);
    bool any = jread_object(&j);
    while (any && jread_key(&j, &key) && jread_skip(&j, &value)) {
        if (jread_text_equal(&key, "id", 2))
            id = value;
        else if (jread_text_equal(&key, "result", 6))
            result = value;
    }
    (void)snprintf(wanted, sizeof wanted, "%lld", (long long)c->want_text);
    if (!jread_end(&j) || !result.len || id.len != strlen(wanted) ||
        memcmp(id.p, wanted, id.len) != 0)
        return false;
    *reply = (struct client_reply){
        .id = c->want_text, .code = ERR_OK, .raw = result.p, .raw_n = result.len};
    c->want_text = 0;
    return true;
}

bool client_take(struct client *c, struct client_reply *reply)
{
    drop_taken(c);
    if (c->scanned >= c->in.len)
        return false;
    char *end = memchr(c->in.p + c->scanned, '\n', c->in.len - c->scanned);
    if (!end) {
        c->scanned = c->in.len;
        return false;
    }
    size_t n = (size_t)(end - c->in.p);
    json_error_t why;
    if (read_text(c, c->in.p, n, reply)) {
        c->taken = n + 1;
        c->scanned = 0;
        return true;
    }
    json_t *answer = json_loadb(c->in.p, n, 0, &why);
    if (answer) {
        read_reply(answer, reply);
        json_decref(answer);
    } else {
        *reply = (struct client_reply){.id = -1, .code = ERR_PROTOCOL};
        (void)snprintf(reply->text, sizeof reply->text, "the engine's answer is not JSON: %s",
                       why.text);
    }
    c->taken = n + 1;
    drop_taken(c);
    c->scanned = 0;
    return true;
}

/* ---- blocking ---- */

static enum err wait_reply(struct client *c, int64_t id, int64_t deadline_us,
                           struct client_reply *reply, struct errbuf *e)
{
    enum err gone = ERR_OK;
    for (;;) {
        while (client_take(c, reply)) {
            /* -1: the engine could not tell which request it was; only one is open here */
            if (reply->id == id || reply->id == -1)
                return ERR_OK;
            json_decref(reply->result);
        }
        if (gone != ERR_OK)
            return gone;
        int64_t left_us = deadline_us - clock_mono_us();
        if (left_us <= 0)
            return err_set(e, ERR_TIMEOUT, "the engine on %s does not answer", c->path);
        struct pollfd fd = {.fd = c->fd, .events = client_events(c)};
        if (poll(&fd, 1, (int)(left_us / 1000) + 1) < 0 && errno != EINTR)
            return err_errno(e, ERR_IO, "cannot wait for the engine on %s", c->path);
        gone = client_pump(c, e);
    }
}

enum err client_call(struct client *c, const char *method, const json_t *params, int timeout_ms,
                     json_t **result, struct errbuf *e)
{
    *result = NULL;
    int64_t deadline_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    int64_t id;
    enum err rc = client_send(c, method, params, &id, e);
    struct client_reply reply;
    if (rc == ERR_OK)
        rc = wait_reply(c, id, deadline_us, &reply, e);
    if (rc != ERR_OK)
        return rc;
    *result = reply.result;
    return reply.code == ERR_OK ? ERR_OK : err_set(e, reply.code, "%s", reply.text);
}

enum err client_connect(const char *path, int timeout_ms, struct client **out, struct errbuf *e)
{
    enum err rc = client_open(path, out, e);
    if (rc != ERR_OK)
        return rc;
    json_t *params = json_pack("{s:i}", "protocol", CONTROL_PROTOCOL);
    json_t *hello = NULL;
    rc = client_call(*out, "engine.hello", params, timeout_ms, &hello, e);
    json_decref(hello);
    json_decref(params);
    if (rc != ERR_OK) {
        client_close(*out);
        *out = NULL;
    }
    return rc;
}
