/*
 * The control server: JSON-RPC 2.0 over a Unix socket, one object a line (docs/control.md).
 *
 * One thread of its own polls the listening socket, the clients and an eventfd. Methods run in
 * that thread, one after the other: a method answers at once from a snapshot or posts an order to
 * the engine, it never waits for a server. Those that have to wait (CONTROL_WAITS, CONTROL_ASKS)
 * run in threads of their own, and their answers come when they come. Everything that a client can
 * make grow is bounded (a request, the unread answers, the number of clients, the requests that
 * wait).
 *
 * Ownership: the method table, its strings, `refusals` and `arg` stay the caller's and outlive the
 * server.
 * Thread rule: control_server_start and _stop from any one thread; callbacks come from the server's
 * threads.
 */
#ifndef SERVE_CONTROL_H
#define SERVE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "backend/base/buf.h"
#include "backend/base/err.h"
#include "backend/serve/refusals.h"

enum {
    CONTROL_PROTOCOL = 1,
    CONTROL_REQUEST_MAX = 1 << 20, /* bytes of one request */
    CONTROL_UNREAD_MAX = 1 << 18,  /* more unread answer bytes: no further request is read */
    CONTROL_ANSWER_MAX = 64 << 20, /* bytes of one answer */
    CONTROL_CLIENTS_MAX = 64,      /* more are refused in words */
    CONTROL_SLOW_READER_US = 30 * 1000000, /* no byte taken for so long: disconnected */
    CONTROL_USER_MAX = 64,
};

/* Who is at the other end (SO_PEERCRED): for the audit record. */
struct control_peer {
    uid_t uid;
    pid_t pid;
    char user[CONTROL_USER_MAX]; /* the name of uid, or the number as text */
    int64_t elevated_until_us;   /* monotonic: until then this connection may change what others may
                                    only look at; it ends with the connection */
};

/*
 * A method. params is an object, an array or NULL (absent), borrowed. On success *result is a new
 * reference, or stays NULL, which answers {}. On an error *result may be an object: it becomes part
 * of the error's `data` beside `err` (connector.apply puts its `errors` there). ERR_USAGE and
 * ERR_CONFIG answer -32602, every other error -32000; the text of e is the message.
 */
typedef enum err control_fn(void *arg, const struct control_peer *peer, const json_t *params,
                            json_t **result, struct errbuf *e);

enum {
    CONTROL_READS = 0,
    CONTROL_MUTATES = 1 << 0,  /* calls the audit callback */
    CONTROL_WAITS = 1 << 1,    /* may take long: others are answered meanwhile; one at a time */
    CONTROL_ASKS = 1 << 2,     /* likewise, but several at a time: they wait for servers;
                                  with CONTROL_MUTATES never behind those that only read */
    CONTROL_ELEVATES = 1 << 3, /* its result's `seconds`: for so long the connection is elevated;
                                  never refused by `allow`, and does not wait */
};

struct control_method {
    const char *name;
    control_fn *fn;
    unsigned flags;
};

/* Before a method that mutates: anything but ERR_OK refuses it, in e's words. From any of the
 * server's threads. */
typedef enum err control_allow_fn(void *arg, const struct control_peer *peer, struct errbuf *e);

/* After a method that mutates, whatever came of it; text is "" or the error's words, and what was
 * left out before it. */
typedef void control_audit_fn(void *arg, const struct control_peer *peer, const char *method,
                              const json_t *params, enum err outcome, const char *text);

struct control_options {
    const char *path; /* of the socket; its directory is made (0700) where it is missing */
    const struct control_method *methods;
    size_t method_count;
    control_allow_fn *allow;   /* may be NULL: everybody may */
    control_audit_fn *audit;   /* may be NULL */
    struct refusals *refusals; /* bounds the records of what failed; NULL: all are recorded */
    void *arg;                 /* for methods, allow and audit */
};

struct control_server;

/*
 * Listens and starts the thread. ERR_EXISTS when an engine holds the path already (its socket
 * answers, or `path.lock` is locked); a socket that nobody answers on is replaced; any other kind
 * of file is left alone and is an error.
 */
enum err control_server_start(const struct control_options *o, struct control_server **out,
                              struct errbuf *e) MUST_CHECK;

/* Sends what is ready to the clients that can take it, closes, removes the socket. NULL is fine. */
void control_server_stop(struct control_server *s);

/* Clients that are connected now. Any thread. */
int control_server_clients(struct control_server *s);

/*
 * One request line (without its newline) to one answer line in out (with a newline; nothing for a
 * notification). The server's heart, apart from sockets: for tests and the fuzzer.
 */
void control_dispatch(const struct control_options *o, struct control_peer *peer, const char *line,
                      size_t n, struct buf *out);

/* The method's flags where the line asks for one with CONTROL_WAITS or CONTROL_ASKS, else 0. */
unsigned control_waits(const struct control_options *o, const char *line, size_t n);

/* The answer to a request that is not carried out, into out; nothing for a notification. */
void control_refuse(const char *line, size_t n, enum err why, const char *text, struct buf *out);

/* {"protocol":N} of engine.hello: ERR_UNSUPPORTED in words for another protocol than ours. */
enum err control_check_protocol(const json_t *params, struct errbuf *e) MUST_CHECK;

/* params' string member `name` (params an object), or ERR_USAGE in words. Borrowed. */
enum err control_param_string(const json_t *params, const char *name, const char **out,
                              struct errbuf *e) MUST_CHECK;

#endif
