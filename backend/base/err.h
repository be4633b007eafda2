/*
 * Errors as values.
 *
 * Every function that can fail returns enum err and is marked MUST_CHECK. The detail (what, where,
 * why, what to do) goes into a struct errbuf that the caller owns; it may be NULL where nobody
 * wants the words. An error is logged once, by the layer that handles it, never where it is made.
 *
 * Thread rule: an errbuf belongs to one thread at a time. No global state.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(a, b) __attribute__((format(printf, a, b)))

/* name, word (stable: it appears in JSON output and in logs), does trying again help? */
#define ERR_LIST(X)                                                                                \
    X(OK, "ok", false)                                                                             \
    X(NOMEM, "out_of_memory", false)                                                               \
    X(LIMIT, "limit", false)           /* a declared maximum was reached */                        \
    X(IO, "io", false)                 /* files, sockets of this machine */                        \
    X(USAGE, "usage", false)           /* the command line */                                      \
    X(CONFIG, "configuration", false)  /* a configuration file or connector */                     \
    X(CONNECT, "cannot_connect", true) /* a server is away: wait and try again */                  \
    X(RETRY, "retry", true)            /* a server refused for now: deadlock, resources, .. */     \
    X(TIMEOUT, "timeout", true)                                                                    \
    X(PROTOCOL, "protocol", false) /* bytes that break a protocol or a format */                   \
    X(SQL, "sql", false)           /* a statement failed, trying again will not help */            \
    X(DATA, "data", false)         /* one row or record is at fault: dead letter */                \
    X(FENCED, "fenced", false)     /* another engine has taken over */                             \
    X(LOST, "data_lost", false)    /* slot or topic no longer holds what we need */                \
    X(NOT_FOUND, "not_found", false)                                                               \
    X(EXISTS, "exists", false)                                                                     \
    X(UNSUPPORTED, "unsupported", false)                                                           \
    X(CANCELED, "canceled", false)  /* asked to stop */                                            \
    X(DIFFER, "data_differ", false) /* verify */                                                   \
    X(STATE, "wrong_state", false)  /* the call does not fit the object's state */                 \
    X(DENIED, "denied", false)      /* whoever asks may only look here */                          \
    X(INTERNAL, "internal", false)

enum err {
#define X(name, word, retry) ERR_##name,
    ERR_LIST(X)
#undef X
        ERR_COUNT
};

enum { ERRBUF_TEXT_MAX = 2048 };

struct errbuf {
    enum err code;
    char sqlstate[6]; /* "" unless a database said it */
    char text[ERRBUF_TEXT_MAX];
};

/* The stable word of a code. */
const char *err_word(enum err code);

/* True where waiting and trying again may help. */
bool err_retriable(enum err code);

/* Sets code and text, clears the SQLSTATE, returns code: `return err_set(e, ERR_IO, "..")`. */
enum err err_set(struct errbuf *e, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "prefix: " before the text that is there; returns the code that is there. */
enum err err_prefix(struct errbuf *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* As err_set with the words of errno appended (": No such file or directory"). */
enum err err_errno(struct errbuf *e, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

void err_clear(struct errbuf *e);

#endif
