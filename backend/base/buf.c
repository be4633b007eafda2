#include "backend/base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { BUF_FIRST = 256, BUF_NUMBER_MAX = 24 };
static const size_t BUF_DEFAULT_MAX = ((size_t)1 << 30) - 1;

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max ? max : BUF_DEFAULT_MAX};
}

void buf_free(struct buf *b)
{
    free(b->p);
    *b = (struct buf){.max = b->max};
}

bool buf_grow(struct buf *b, size_t n)
{
    if (b->failed)
        return false;
    if (!b->max)
        b->max = BUF_DEFAULT_MAX;
    if (n > b->max || b->len > b->max - n) {
        b->failed = true;
        return false;
    }
    size_t want = b->len + n;
    size_t cap = b->cap ? b->cap : BUF_FIRST;
    while (cap < want)
        cap *= 2;
    if (cap > b->max)
        cap = b->max;
    char *p = realloc(b->p, cap);
    if (!p) {
        b->failed = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
        return;
    }
    if (!buf_reserve(b, (size_t)n + 1))
        return;
    va_start(ap, fmt);
    (void)vsnprintf(b->p + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

void buf_u64(struct buf *b, uint64_t v)
{
    char tmp[BUF_NUMBER_MAX];
    char *end = tmp + sizeof tmp;
    char *p = end;
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    buf_add(b, p, (size_t)(end - p));
}

void buf_i64(struct buf *b, int64_t v)
{
    if (v < 0) {
        buf_ch(b, '-');
        buf_u64(b, (uint64_t)0 - (uint64_t)v);
    } else {
        buf_u64(b, (uint64_t)v);
    }
}

const char *buf_cstr(struct buf *b)
{
    if (b->len == b->cap && !buf_grow(b, 1)) {
        if (!b->len)
            return "";
        b->p[b->len - 1] = '\0'; /* failed: the owner is told by buf_failed */
        return b->p;
    }
    b->p[b->len] = '\0';
    return b->p;
}

enum err buf_check(const struct buf *b, const char *what, struct errbuf *e)
{
    if (!b->failed)
        return ERR_OK;
    if (b->len > b->max / 2)
        return err_set(e, ERR_LIMIT, "%s is larger than %zu bytes", what, b->max);
    return err_set(e, ERR_NOMEM, "no memory for %s (%zu bytes so far)", what, b->len);
}

/* Length of the valid UTF-8 sequence at s (RFC 3629), 0 when there is none. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    unsigned char c = s[0];
    if (c < 0x80)
        return 1;
    if (c >= 0xc2 && c <= 0xdf)
        return n >= 2 && (s[1] & 0xc0) == 0x80 ? 2 : 0;
    if (c >= 0xe0 && c <= 0xef) {
        if (n < 3 || (s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80)
            return 0;
        if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f))
            return 0;
        return 3;
    }
    if (c >= 0xf0 && c <= 0xf4) {
        if (n < 4 || (s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80 || (s[3] & 0xc0) != 0x80)
            return 0;
        if ((c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
            return 0;
        return 4;
    }
    return 0;
}

static void json_escape(struct buf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    switch (c) {
    case '"':
        buf_lit(b, "\\\"");
        break;
    case '\\':
        buf_lit(b, "\\\\");
        break;
    case '\b':
        buf_lit(b, "\\b");
        break;
    case '\f':
        buf_lit(b, "\\f");
        break;
    case '\n':
        buf_lit(b, "\\n");
        break;
    case '\r':
        buf_lit(b, "\\r");
        break;
    case '\t':
        buf_lit(b, "\\t");
        break;
    default: {
        char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        buf_add(b, u, sizeof u);
    }
    }
}

/* How many bytes from s on are plain: no control character, quote, backslash, nor beyond ASCII. */
static size_t json_plain_run(const unsigned char *s, size_t n)
{
    size_t i = 0;
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(0x20);
    for (; i + 16 <= n; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
        /* signed: bytes from 0x80 on are negative, below a space as well */
        __m128i bad =
            _mm_or_si128(_mm_cmplt_epi8(v, space),
                         _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)));
        int mask = _mm_movemask_epi8(bad);
        if (mask)
            return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    for (; i < n; i++)
        if (s[i] < 0x20 || s[i] >= 0x80 || s[i] == '"' || s[i] == '\\')
            break;
    return i;
}

void buf_json_string(struct buf *b, const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    if (!buf_reserve(b, n + 2)) /* enough unless something is escaped */
        return;
    b->p[b->len++] = '"';
    size_t from = 0;
    size_t i = 0;
    while ((i += json_plain_run(u + i, n - i)) < n) {
        size_t k;
        while (i < n && u[i] >= 0x80 && (k = utf8_length(u + i, n - i)) > 0)
            i += k;
        if (i == n || (u[i] >= 0x20 && u[i] < 0x80 && u[i] != '"' && u[i] != '\\'))
            continue;
        buf_add(b, s + from, i - from);
        if (u[i] >= 0x80)
            buf_lit(b, "\xef\xbf\xbd");
        else
            json_escape(b, u[i]);
        from = ++i;
    }
    buf_add(b, s + from, n - from);
    buf_ch(b, '"');
}

static void quote_with(struct buf *b, const char *s, char quote)
{
    buf_ch(b, quote);
    for (; *s; s++) {
        if (*s == quote)
            buf_ch(b, quote);
        buf_ch(b, *s);
    }
    buf_ch(b, quote);
}

void buf_csv(struct buf *b, const char *s, size_t n, char delimiter, bool quote)
{
    for (size_t i = 0; i < n && !quote; i++)
        quote = s[i] == delimiter || s[i] == '"' || s[i] == '\n' || s[i] == '\r';
    if (!quote && !(n == 2 && !memcmp(s, "\\.", 2))) {
        buf_add(b, s, n);
        return;
    }
    buf_ch(b, '"');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"')
            buf_ch(b, '"');
        buf_ch(b, s[i]);
    }
    buf_ch(b, '"');
}

void buf_ident(struct buf *b, const char *name)
{
    quote_with(b, name, '"');
}

void buf_literal(struct buf *b, const char *s)
{
    if (strchr(s, '\\'))
        buf_lit(b, " E");
    buf_ch(b, '\'');
    for (; *s; s++) {
        if (*s == '\'' || *s == '\\')
            buf_ch(b, *s);
        buf_ch(b, *s);
    }
    buf_ch(b, '\'');
}
