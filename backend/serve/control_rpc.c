/*
 * JSON-RPC 2.0 of the control server: a line of outside bytes to a line of answer.
 *
 * What is malformed is answered, never a reason to drop the connection: -32700 for what is no JSON,
 * -32600 for JSON that is no request, -32601 for an unknown method. A request without id is a
 * notification: it runs and nothing is answered. Batches (arrays) are refused: a connection carries
 * any number of requests anyway.
 */
#include "backend/serve/control.h"

#include <stdio.h>
#include <string.h>

#include "backend/base/clock.h"

enum {
    RPC_PARSE = -32700,
    RPC_REQUEST = -32600,
    RPC_METHOD = -32601,
    RPC_PARAMS = -32602,
    RPC_SERVER = -32000,
};

static int append(const char *p, size_t n, void *arg)
{
    struct buf *out = arg;
    buf_add(out, p, n);
    return buf_failed(out) ? -1 : 0;
}

/* {"jsonrpc":"2.0","id":..,member:value}; the ids and values are borrowed. */
static void write_answer(struct buf *out, const json_t *id, const char *member, const json_t *value)
{
    size_t before = out->len;
    buf_lit(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    if (!id || json_dump_callback(id, append, out,
                                  JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) != 0)
        buf_lit(out, "null");
    buf_printf(out, ",\"%s\":", member);
    if (!value || json_dump_callback(value, append, out,
                                     JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) != 0)
        buf_lit(out, "{}");
    buf_lit(out, "}\n");
    if (!buf_failed(out))
        return;
    buf_clear(out); /* clears `failed` too; what stood before is put back by its length */
    out->len = before;
    buf_lit(out, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32000,\"message\":\"the "
                 "answer is too large\",\"data\":{\"err\":\"limit\"}}}\n");
}

/* extra: an object whose members join data, or NULL. Borrowed. */
static void write_error(struct buf *out, const json_t *id, int code, enum err err, const char *text,
                        const json_t *extra)
{
    json_t *data = json_is_object(extra) ? json_copy((json_t *)extra) : json_object();
    json_t *error = json_object();
    (void)json_object_set_new(data, "err", json_string(err_word(err)));
    (void)json_object_set_new(error, "code", json_integer(code));
    json_t *message = json_string(text);
    (void)json_object_set_new(error, "message", message ? message : json_string("not UTF-8"));
    (void)json_object_set_new(error, "data", data);
    write_answer(out, id, "error", error);
    json_decref(error);
}

static const struct control_method *find_method(const struct control_options *o, const char *name)
{
    for (size_t i = 0; i < o->method_count; i++)
        if (strcmp(o->methods[i].name, name) == 0)
            return &o->methods[i];
    return NULL;
}

/* Everything that went well, and of what failed as much as is recorded. */
static void record(const struct control_options *o, const struct control_method *m,
                   const struct control_peer *peer, const json_t *params, enum err rc,
                   const char *text)
{
    char words[ERRBUF_TEXT_MAX + 80];
    int64_t left_out = 0;
    if (!(m->flags & CONTROL_MUTATES) || !o->audit)
        return;
    if (o->refusals &&
        !refusals_record(o->refusals, peer->uid, rc != ERR_OK, clock_mono_us(), &left_out))
        return;
    (void)snprintf(words, sizeof words, "%s", text);
    if (left_out)
        (void)snprintf(words, sizeof words, "%s%s%lld more that failed before it are not recorded",
                       text, *text ? "; " : "", (long long)left_out);
    o->audit(o->arg, peer, m->name, params, rc, words);
}

static void run_method(const struct control_options *o, const struct control_method *m,
                       struct control_peer *peer, const json_t *id, const json_t *params,
                       struct buf *out)
{
    struct errbuf e = {0};
    json_t *result = NULL;
    bool asks = m->flags & CONTROL_MUTATES && !(m->flags & CONTROL_ELEVATES) && o->allow;
    enum err rc = asks ? o->allow(o->arg, peer, &e) : ERR_OK;
    if (rc == ERR_OK)
        rc = m->fn(o->arg, peer, params, &result, &e);
    if (rc == ERR_OK && m->flags & CONTROL_ELEVATES)
        peer->elevated_until_us =
            clock_mono_us() + json_integer_value(json_object_get(result, "seconds")) * 1000000;
    record(o, m, peer, params, rc, rc == ERR_OK ? "" : e.text);
    if (id && rc == ERR_OK)
        write_answer(out, id, "result", result);
    else if (id)
        write_error(out, id, rc == ERR_USAGE || rc == ERR_CONFIG ? RPC_PARAMS : RPC_SERVER, rc,
                    e.text[0] ? e.text : err_word(rc), result);
    json_decref(result);
}

static void dispatch_request(const struct control_options *o, struct control_peer *peer,
                             const json_t *request, struct buf *out)
{
    const json_t *id = json_object_get(request, "id");
    const json_t *params = json_object_get(request, "params");
    const char *version = json_string_value(json_object_get(request, "jsonrpc"));
    const char *name = json_string_value(json_object_get(request, "method"));
    if (id && !json_is_string(id) && !json_is_number(id) && !json_is_null(id)) {
        write_error(out, NULL, RPC_REQUEST, ERR_PROTOCOL, "id is a string, a number or null", NULL);
    } else if (!version || strcmp(version, "2.0") != 0) {
        write_error(out, id, RPC_REQUEST, ERR_PROTOCOL, "not a JSON-RPC 2.0 request", NULL);
    } else if (!name) {
        write_error(out, id, RPC_REQUEST, ERR_PROTOCOL, "the request names no method", NULL);
    } else if (params && !json_is_object(params) && !json_is_array(params)) {
        write_error(out, id, RPC_REQUEST, ERR_PROTOCOL, "params is an object or an array", NULL);
    } else {
        const struct control_method *m = find_method(o, name);
        if (m) {
            run_method(o, m, peer, id, params, out);
        } else if (id) {
            char text[160];
            (void)snprintf(text, sizeof text, "unknown method \"%.80s\"", name);
            write_error(out, id, RPC_METHOD, ERR_NOT_FOUND, text, NULL);
        }
    }
}

static json_t *read_request(const char *line, size_t n, json_error_t *why)
{
    return json_loadb(line, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, why);
}

void control_dispatch(const struct control_options *o, struct control_peer *peer, const char *line,
                      size_t n, struct buf *out)
{
    json_error_t why;
    json_t *request = read_request(line, n, &why);
    if (!request) {
        char text[JSON_ERROR_TEXT_LENGTH + 80];
        (void)snprintf(text, sizeof text, "not JSON: %s (byte %d)", why.text, why.position);
        write_error(out, NULL, RPC_PARSE, ERR_PROTOCOL, text, NULL);
        return;
    }
    if (json_is_object(request))
        dispatch_request(o, peer, request, out);
    else
        write_error(out, NULL, RPC_REQUEST, ERR_PROTOCOL,
                    json_is_array(request) ? "batches are not taken: send one request a line"
                                           : "a request is an object",
                    NULL);
    json_decref(request);
}

unsigned control_waits(const struct control_options *o, const char *line, size_t n)
{
    json_error_t why;
    json_t *request = read_request(line, n, &why);
    const char *name = json_string_value(json_object_get(request, "method"));
    const struct control_method *m = name ? find_method(o, name) : NULL;
    unsigned waits = m && m->flags & (CONTROL_WAITS | CONTROL_ASKS) ? m->flags : 0;
    json_decref(request);
    return waits;
}

void control_refuse(const char *line, size_t n, enum err why, const char *text, struct buf *out)
{
    json_error_t fault;
    json_t *request = read_request(line, n, &fault);
    const json_t *id = json_object_get(request, "id");
    if (id)
        write_error(out, id, RPC_SERVER, why, text, NULL);
    json_decref(request);
}

enum err control_check_protocol(const json_t *params, struct errbuf *e)
{
    const json_t *p = json_is_object(params) ? json_object_get(params, "protocol") : NULL;
    if (!json_is_integer(p))
        return err_set(e, ERR_USAGE, "engine.hello takes {\"protocol\":%d}", CONTROL_PROTOCOL);
    if (json_integer_value(p) != CONTROL_PROTOCOL)
        return err_set(e, ERR_UNSUPPORTED,
                       "this engine (%s) speaks control protocol %d, not %lld: use the console of "
                       "its version",
                       FLIGHTDECK_VERSION, CONTROL_PROTOCOL, (long long)json_integer_value(p));
    return ERR_OK;
}

enum err control_param_string(const json_t *params, const char *name, const char **out,
                              struct errbuf *e)
{
    *out = json_is_object(params) ? json_string_value(json_object_get(params, name)) : NULL;
    if (*out)
        return ERR_OK;
    return err_set(e, ERR_USAGE, "the parameter \"%s\" (a string) is missing", name);
}
