/*
 * A pull reader over JSON text: no tree, no copies, no allocation.
 *
 * The caller asks for what it expects and gets slices of the text. Strict RFC 8259: one value,
 * valid UTF-8, no trailing commas, paired surrogates, nesting up to JREAD_DEPTH_MAX. The first
 * fault sticks: every later call returns false, and jread_error() says what and at which byte.
 * Numbers are handed out as their text (nothing is rounded). Duplicate keys are the caller's to
 * judge. Thread rule: a reader is one thread's; it borrows the text.
 *
 *     jread_init(&r, p, n);
 *     if (jread_object(&r))
 *         while (jread_key(&r, &key))
 *             jread_skip(&r, &raw);
 *     if (!jread_end(&r))
 *         return jread_error(&r, "the record's value", e);
 */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "backend/base/err.h"

enum { JREAD_DEPTH_MAX = 128 };

enum jread_kind {
    JREAD_NONE, /* no value here: the end of the text, or a fault */
    JREAD_OBJECT,
    JREAD_ARRAY,
    JREAD_STRING,
    JREAD_NUMBER,
    JREAD_TRUE,
    JREAD_FALSE,
    JREAD_NULL,
};

/* A slice of the text. Of a string: what stands between the quotes, escapes as written. */
struct jtext {
    const char *p;
    size_t len;
    bool escaped; /* has backslashes: jread_unescape gives the characters */
    bool nul;     /* \u0000 is among them */
};

struct json_reader {
    const char *p;
    const char *end;
    const char *start;
    const char *fault; /* NULL: none */
    size_t fault_at;
    int depth;
    bool fresh; /* just behind '{' or '[': no comma is due */
};

void jread_init(struct json_reader *r, const char *p, size_t n);

/* The kind of the value that comes next; consumes white space only. */
enum jread_kind jread_peek(struct json_reader *r);

/* Enters an object, then key after key. jread_key returns false behind the last one (it has then
 * consumed the brace) and on a fault. After a true the member's value must be consumed. */
bool jread_object(struct json_reader *r);
bool jread_key(struct json_reader *r, struct jtext *key);

/* The same for arrays: true where another element follows. */
bool jread_array(struct json_reader *r);
bool jread_item(struct json_reader *r);

bool jread_string(struct json_reader *r, struct jtext *out);
bool jread_number(struct json_reader *r, struct jtext *out);
bool jread_bool(struct json_reader *r, bool *out);
bool jread_null(struct json_reader *r);

/* Any value, checked and passed over; out (may be NULL) is its text. */
bool jread_skip(struct json_reader *r, struct jtext *out);

/* True when the text held one value, nothing behind it but white space, and no fault. */
bool jread_end(struct json_reader *r);

/* ERR_DATA: "<what> cannot be read: <why> at byte <n> of <all>". */
enum err jread_error(const struct json_reader *r, const char *what, struct errbuf *e) MUST_CHECK;

/* Makes the caller's own fault stick at the current place. why: a string that lives on. */
void jread_fail(struct json_reader *r, const char *why);

/* Writes the characters of a string's slice; out needs t->len bytes. Returns how many there are. */
size_t jread_unescape(const struct jtext *t, char *out);

/* True when the string's characters are these n bytes. */
bool jread_text_equal(const struct jtext *t, const char *s, size_t n);

/* Equality of n bytes, for short n known at run time only. */
static inline bool jread_same(const char *a, const char *b, size_t n)
{
    if (n >= 8) {
        unsigned long long x, y;
        for (size_t i = 0; i + 8 < n; i += 8) {
            memcpy(&x, a + i, 8);
            memcpy(&y, b + i, 8);
            if (x != y)
                return false;
        }
        memcpy(&x, a + n - 8, 8);
        memcpy(&y, b + n - 8, 8);
        return x == y;
    }
    if (n >= 4) {
        unsigned x, y, v, w;
        memcpy(&x, a, 4);
        memcpy(&y, b, 4);
        memcpy(&v, a + n - 4, 4);
        memcpy(&w, b + n - 4, 4);
        return x == y && v == w;
    }
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

/*
 * The fast way to a member that is expected next: token is `"name":` (a key as a compact writer
 * puts it). Consumes it with the comma before it, or nothing.
 */
static inline bool jread_expect(struct json_reader *r, const char *token, size_t n)
{
    const char *p = r->p;
    if ((size_t)(r->end - p) <= n)
        return false;
    if (!r->fresh) {
        if (*p != ',')
            return false;
        p++;
    }
    if (!jread_same(p, token, n))
        return false;
    r->p = p + n;
    r->fresh = false;
    return true;
}

#endif
