/*
 * A growable byte buffer with a declared maximum.
 *
 * Appends never report: when memory or the maximum runs out the buffer turns `failed`, further
 * appends do nothing, and the owner asks buf_failed() once at the end. Contents are bytes, not a C
 * string; buf_cstr() adds a NUL behind them without counting it.
 *
 * Ownership: the struct is the caller's (often on the stack), the bytes are the buffer's until
 * buf_free. Thread rule: one thread at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "backend/base/err.h"

struct buf {
    char *p;
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
};

/* max: bytes at the most; 0 means 1 GiB - 1. Allocates nothing yet. */
void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);

/* Empties it, keeps the memory, clears `failed`. */
static inline void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}

static inline bool buf_failed(const struct buf *b)
{
    return b->failed;
}

/* Room for n more bytes; false (and failed) where there is none. Slow path of the inlines below. */
bool buf_grow(struct buf *b, size_t n);

static inline bool buf_reserve(struct buf *b, size_t n)
{
    return b->cap - b->len >= n && !b->failed ? true : buf_grow(b, n);
}

static inline void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n && buf_reserve(b, n)) {
        memcpy(b->p + b->len, p, n);
        b->len += n;
    }
}

static inline void buf_ch(struct buf *b, char c)
{
    if (buf_reserve(b, 1))
        b->p[b->len++] = c;
}

static inline void buf_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

/* Only for string literals. */
#define buf_lit(b, s) buf_add((b), "" s, sizeof(s) - 1)

void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_i64(struct buf *b, int64_t v);
void buf_u64(struct buf *b, uint64_t v);

/* The bytes as a C string; "" when empty or failed before the first byte. Valid until the next
 * change. */
const char *buf_cstr(struct buf *b);

/* ERR_OK, or ERR_NOMEM / ERR_LIMIT in words (`what` names the content) when the buffer failed. */
enum err buf_check(const struct buf *b, const char *what, struct errbuf *e) MUST_CHECK;

/* "s" with JSON's escapes and the quotes; n bytes of UTF-8 (invalid bytes become U+FFFD). */
void buf_json_string(struct buf *b, const char *s, size_t n);

/* A field of CSV (RFC 4180): in quotes where it holds the delimiter, a quote or the end of a line,
 * where it would be COPY's end of data, and where `quote` says so. */
void buf_csv(struct buf *b, const char *s, size_t n, char delimiter, bool quote);

/* A SQL identifier in double quotes, inner quotes doubled: the one function that quotes them. */
void buf_ident(struct buf *b, const char *name);

/* A SQL literal in single quotes; only for places where a protocol cannot bind. */
void buf_literal(struct buf *b, const char *s);

#endif
