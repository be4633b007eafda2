/*
 * The other end of the control socket: for commands (blocking) and for the console (non-blocking,
 * in its own poll loop).
 *
 * Ownership: a client owns its socket and buffers; results are new references of the caller's.
 * Thread rule: one thread at a time.
 */
#ifndef SERVE_CLIENT_H
#define SERVE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "backend/base/err.h"

struct client;

enum { CLIENT_TIMEOUT_MS = 5000 };

/* Connects and asks engine.hello for our protocol. ERR_CONNECT in words when no engine answers. */
enum err client_connect(const char *path, int timeout_ms, struct client **out,
                        struct errbuf *e) MUST_CHECK;

/* As client_connect without waiting and without hello. */
enum err client_open(const char *path, struct client **out, struct errbuf *e) MUST_CHECK;

void client_close(struct client *c); /* NULL is fine */

/*
 * One request, one answer. params may be NULL, stays the caller's. On success *result is a new
 * reference. When the engine answers an error: its code (from data.err) and message in e, and
 * *result is the error's `data` or NULL. ERR_TIMEOUT, ERR_CONNECT (the engine went away) else.
 */
enum err client_call(struct client *c, const char *method, const json_t *params, int timeout_ms,
                     json_t **result, struct errbuf *e) MUST_CHECK;

/* ---- without blocking ---- */

int client_fd(const struct client *c);
short client_events(const struct client *c); /* POLLIN, and POLLOUT while bytes wait */

/* Queues a request and sends what goes; *id matches the reply. */
enum err client_send(struct client *c, const char *method, const json_t *params, int64_t *id,
                     struct errbuf *e) MUST_CHECK;

/* Reads and writes what goes without waiting. An error means that the connection is over. */
enum err client_pump(struct client *c, struct errbuf *e) MUST_CHECK;

struct client_reply {
    int64_t id;
    enum err code;  /* ERR_OK or the engine's word */
    json_t *result; /* new reference; on an error its `data` or NULL */
    char text[ERRBUF_TEXT_MAX];
    /* instead of `result`, of a request that client_want_text was told: its text, until the next
     * call with this client */
    const char *raw;
    size_t raw_n;
};

/* The reply to that request is wanted as text (a large one: no tree is made of it). */
void client_want_text(struct client *c, int64_t id);

/* The next reply that has arrived; false when there is none. The caller drops reply->result. */
bool client_take(struct client *c, struct client_reply *reply);

#endif
