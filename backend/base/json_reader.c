/*
 * Design note. The cursor r->p stands before the next token. `fresh` is true only between an
 * opening bracket and the first member, so one flag is enough to know whether a comma is due: the
 * caller's own control flow is the stack. jread_skip is the exception, it walks unknown values and
 * keeps one bit a level.
 *
 * Strings are the bulk of a record. They are scanned eight bytes at a time for a quote, a
 * backslash, a control character or a byte above 0x7f; only such a byte is looked at alone.
 */
#include "backend/base/json_reader.h"

#include <stdint.h>

static const uint64_t ONES = 0x0101010101010101ull;
static const uint64_t HIGHS = 0x8080808080808080ull;

void jread_init(struct json_reader *r, const char *p, size_t n)
{
    *r = (struct json_reader){.p = p, .start = p, .end = p + n};
}

static bool fault_at(struct json_reader *r, const char *at, const char *why)
{
    if (!r->fault) {
        r->fault = why;
        r->fault_at = (size_t)(at - r->start);
        r->p = r->end;
    }
    return false;
}

void jread_fail(struct json_reader *r, const char *why)
{
    (void)fault_at(r, r->p, why);
}

enum err jread_error(const struct json_reader *r, const char *what, struct errbuf *e)
{
    return err_set(e, ERR_DATA, "%s cannot be read: %s at byte %zu of %zu", what,
                   r->fault ? r->fault : "unexpected content", r->fault_at,
                   (size_t)(r->end - r->start));
}

static inline void skip_space(struct json_reader *r)
{
    const char *p = r->p;
    while (p < r->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    r->p = p;
}

enum jread_kind jread_peek(struct json_reader *r)
{
    skip_space(r);
    if (r->p >= r->end)
        return JREAD_NONE;
    switch (*r->p) {
    case '{':
        return JREAD_OBJECT;
    case '[':
        return JREAD_ARRAY;
    case '"':
        return JREAD_STRING;
    case 't':
        return JREAD_TRUE;
    case 'f':
        return JREAD_FALSE;
    case 'n':
        return JREAD_NULL;
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return JREAD_NUMBER;
    default:
        return JREAD_NONE;
    }
}

/* ---- strings ---- */

static inline uint64_t load8(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

/* A high bit in each byte that ends the plain run: '"', '\\', below 0x20, above 0x7f. The lowest
 * one set is exact; those above it may be false (borrows), which does not matter. */
static inline uint64_t special_bytes(uint64_t x)
{
    uint64_t quote = x ^ (ONES * '"');
    uint64_t slash = x ^ (ONES * '\\');
    return (((quote - ONES) & ~quote) | ((slash - ONES) & ~slash) | ((x - ONES * 0x20) & ~x) | x) &
           HIGHS;
}

/* The first special byte at or behind p. */
static inline const char *plain_run(const char *p, const char *end)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    while (end - p >= 8) {
        uint64_t m = special_bytes(load8(p));
        if (m)
            return p + (__builtin_ctzll(m) >> 3);
        p += 8;
    }
#endif
    while (p < end) {
        unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c > 0x7f || c == '"' || c == '\\')
            break;
        p++;
    }
    return p;
}

static inline bool continues(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* Length of the UTF-8 sequence at s (RFC 3629: no overlong forms, no surrogates), 0: none. */
static size_t utf8_sequence(const char *s, const char *end)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n = (size_t)(end - s);
    if (u[0] >= 0xc2 && u[0] <= 0xdf)
        return n >= 2 && continues(u[1]) ? 2 : 0;
    if (u[0] >= 0xe0 && u[0] <= 0xef) {
        if (n < 3 || !continues(u[1]) || !continues(u[2]))
            return 0;
        return (u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ? 0 : 3;
    }
    if (u[0] >= 0xf0 && u[0] <= 0xf4) {
        if (n < 4 || !continues(u[1]) || !continues(u[2]) || !continues(u[3]))
            return 0;
        return (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f) ? 0 : 4;
    }
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Four hexadecimal digits, or -1. */
static int hex4(const char *p, const char *end)
{
    if (end - p < 4)
        return -1;
    int v = 0;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(p[i]);
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/* Checks the escape at p (a backslash); returns the place behind it, NULL after a fault. */
static const char *check_escape(struct json_reader *r, const char *p, struct jtext *out)
{
    if (r->end - p < 2) {
        (void)fault_at(r, p, "the string has no end");
        return NULL;
    }
    if (p[1] != 'u') {
        if (p[1] && strchr("\"\\/bfnrt", p[1]))
            return p + 2;
        (void)fault_at(r, p, "an unknown escape");
        return NULL;
    }
    int v = hex4(p + 2, r->end);
    if (v < 0) {
        (void)fault_at(r, p, "\\u without four hexadecimal digits");
        return NULL;
    }
    if (v == 0)
        out->nul = true;
    if (v < 0xd800 || v > 0xdfff)
        return p + 6;
    bool paired = v <= 0xdbff && r->end - p >= 12 && p[6] == '\\' && p[7] == 'u';
    int low = paired ? hex4(p + 8, r->end) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        (void)fault_at(r, p, "half of a surrogate pair");
        return NULL;
    }
    return p + 12;
}

/* r->p stands on the opening quote. */
static bool scan_string(struct json_reader *r, struct jtext *out)
{
    const char *from = r->p + 1;
    const char *p = from;
    *out = (struct jtext){.p = from};
    for (;;) {
        p = plain_run(p, r->end);
        if (p >= r->end)
            return fault_at(r, from - 1, "the string has no end");
        unsigned char c = (unsigned char)*p;
        if (c == '"')
            break;
        if (c == '\\') {
            out->escaped = true;
            p = check_escape(r, p, out);
            if (!p)
                return false;
        } else if (c < 0x20) {
            return fault_at(r, p, "a control character in a string");
        } else {
            size_t k = utf8_sequence(p, r->end);
            if (!k)
                return fault_at(r, p, "bytes that are not UTF-8");
            p += k;
        }
    }
    out->len = (size_t)(p - from);
    r->p = p + 1;
    return true;
}

bool jread_string(struct json_reader *r, struct jtext *out)
{
    skip_space(r);
    if (r->p >= r->end || *r->p != '"')
        return fault_at(r, r->p, "a string is expected");
    r->fresh = false;
    return scan_string(r, out);
}

static size_t put_utf8(char *out, unsigned v)
{
    if (v < 0x80) {
        out[0] = (char)v;
        return 1;
    }
    if (v < 0x800) {
        out[0] = (char)(0xc0 | v >> 6);
        out[1] = (char)(0x80 | (v & 63));
        return 2;
    }
    if (v < 0x10000) {
        out[0] = (char)(0xe0 | v >> 12);
        out[1] = (char)(0x80 | (v >> 6 & 63));
        out[2] = (char)(0x80 | (v & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | v >> 18);
    out[1] = (char)(0x80 | (v >> 12 & 63));
    out[2] = (char)(0x80 | (v >> 6 & 63));
    out[3] = (char)(0x80 | (v & 63));
    return 4;
}

/* The escape at *p (checked by the scan before); advances *p. */
static size_t put_escape(const char **p, const char *end, char *out)
{
    static const char plain[] = "bfnrt";
    static const char means[] = "\b\f\n\r\t";
    char c = (*p)[1];
    if (c != 'u') {
        const char *at = strchr(plain, c);
        *out = at ? means[at - plain] : c;
        *p += 2;
        return 1;
    }
    unsigned v = (unsigned)hex4(*p + 2, end);
    *p += 6;
    if (v >= 0xd800 && v <= 0xdbff) {
        unsigned low = (unsigned)hex4(*p + 2, end);
        v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
        *p += 6;
    }
    return put_utf8(out, v);
}

size_t jread_unescape(const struct jtext *t, char *out)
{
    if (!t->escaped) {
        memcpy(out, t->p, t->len);
        return t->len;
    }
    const char *p = t->p;
    const char *end = p + t->len;
    char *o = out;
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((slash ? slash : end) - p);
        memcpy(o, p, run);
        o += run;
        p += run;
        if (slash)
            o += put_escape(&p, end, o);
    }
    return (size_t)(o - out);
}

bool jread_text_equal(const struct jtext *t, const char *s, size_t n)
{
    if (!t->escaped)
        return t->len == n && memcmp(t->p, s, n) == 0;
    if (t->len < n)
        return false;
    const char *p = t->p;
    const char *end = p + t->len;
    size_t i = 0;
    while (p < end) {
        char c[4];
        size_t k = 1;
        if (*p == '\\')
            k = put_escape(&p, end, c);
        else
            c[0] = *p++;
        if (n - i < k || memcmp(s + i, c, k) != 0)
            return false;
        i += k;
    }
    return i == n;
}

/* ---- numbers and words ---- */

static inline const char *digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

bool jread_number(struct json_reader *r, struct jtext *out)
{
    skip_space(r);
    const char *from = r->p;
    const char *p = from;
    const char *end = r->end;
    if (p < end && *p == '-')
        p++;
    const char *whole = p;
    p = digits(p, end);
    if (p == whole)
        return fault_at(r, from, "a number is expected");
    if (*whole == '0' && p - whole > 1)
        return fault_at(r, from, "a number with a leading zero");
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        p = digits(p, end);
        if (p == fraction)
            return fault_at(r, from, "a number without digits behind the point");
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        const char *exponent = p;
        p = digits(p, end);
        if (p == exponent)
            return fault_at(r, from, "a number without digits in the exponent");
    }
    *out = (struct jtext){.p = from, .len = (size_t)(p - from)};
    r->p = p;
    r->fresh = false;
    return true;
}

static bool scan_word(struct json_reader *r, const char *word, size_t n)
{
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return fault_at(r, r->p, "an unknown word");
    r->p += n;
    r->fresh = false;
    return true;
}

bool jread_bool(struct json_reader *r, bool *out)
{
    switch (jread_peek(r)) {
    case JREAD_TRUE:
        *out = true;
        return scan_word(r, "true", 4);
    case JREAD_FALSE:
        *out = false;
        return scan_word(r, "false", 5);
    default:
        return fault_at(r, r->p, "true or false is expected");
    }
}

bool jread_null(struct json_reader *r)
{
    if (jread_peek(r) != JREAD_NULL)
        return fault_at(r, r->p, "null is expected");
    return scan_word(r, "null", 4);
}

/* ---- containers ---- */

static bool enter(struct json_reader *r, char bracket, const char *why)
{
    skip_space(r);
    if (r->p >= r->end || *r->p != bracket)
        return fault_at(r, r->p, why);
    if (r->depth >= JREAD_DEPTH_MAX)
        return fault_at(r, r->p, "nested too deep");
    r->depth++;
    r->p++;
    r->fresh = true;
    return true;
}

/* Passes the comma that is due. False at the closing bracket, which is consumed, and on a fault. */
static bool next_member(struct json_reader *r, char bracket)
{
    skip_space(r);
    if (r->p >= r->end)
        return fault_at(r, r->p, "the text ends too early");
    if (*r->p == bracket) {
        r->p++;
        r->depth--;
        r->fresh = false;
        return false;
    }
    if (!r->fresh) {
        if (*r->p != ',')
            return fault_at(r, r->p, "a comma or the end of the list is expected");
        r->p++;
        skip_space(r);
    }
    r->fresh = false;
    return true;
}

bool jread_object(struct json_reader *r)
{
    return enter(r, '{', "an object is expected");
}

bool jread_array(struct json_reader *r)
{
    return enter(r, '[', "an array is expected");
}

bool jread_key(struct json_reader *r, struct jtext *key)
{
    if (!next_member(r, '}'))
        return false;
    if (r->p >= r->end || *r->p != '"')
        return fault_at(r, r->p, "a key in quotes is expected");
    if (!scan_string(r, key))
        return false;
    skip_space(r);
    if (r->p >= r->end || *r->p != ':')
        return fault_at(r, r->p, "a colon is expected");
    r->p++;
    return true;
}

bool jread_item(struct json_reader *r)
{
    return next_member(r, ']');
}

static bool skip_scalar(struct json_reader *r, enum jread_kind kind)
{
    struct jtext text;
    bool flag;
    switch (kind) {
    case JREAD_STRING:
        return jread_string(r, &text);
    case JREAD_NUMBER:
        return jread_number(r, &text);
    case JREAD_TRUE:
    case JREAD_FALSE:
        return jread_bool(r, &flag);
    case JREAD_NULL:
        return jread_null(r);
    default:
        return fault_at(r, r->p, r->p < r->end ? "a value is expected" : "the text ends too early");
    }
}

bool jread_skip(struct json_reader *r, struct jtext *out)
{
    bool object[JREAD_DEPTH_MAX + 1] = {false};
    struct jtext key;
    const int base = r->depth;
    skip_space(r);
    const char *from = r->p;
    do {
        enum jread_kind kind = jread_peek(r);
        if (kind == JREAD_OBJECT || kind == JREAD_ARRAY) {
            if (!(kind == JREAD_OBJECT ? jread_object(r) : jread_array(r)))
                return false;
            object[r->depth] = kind == JREAD_OBJECT;
        } else if (!skip_scalar(r, kind)) {
            return false;
        }
        while (r->depth > base) { /* to the next value, closing what ends here */
            if (object[r->depth] ? jread_key(r, &key) : jread_item(r))
                break;
            if (r->fault)
                return false;
        }
    } while (r->depth > base);
    if (out)
        *out = (struct jtext){.p = from, .len = (size_t)(r->p - from)};
    return true;
}

bool jread_end(struct json_reader *r)
{
    if (r->fault)
        return false;
    skip_space(r);
    if (r->p < r->end || r->depth)
        return fault_at(r, r->p, r->depth ? "the text ends too early" : "content behind the value");
    return true;
}
