#include "backend/envelope/flat_number.h"

#include <stdint.h>
#include <string.h>

/* numeric holds up to 131,072 digits before the point and 16,383 behind it. */
enum { DIGITS_MAX = 131072 + 16383, SCALE_MAX = 16383, SCALE_MIN = -131072 };
enum { LIMB_DIGITS = 9, LIMB = 1000000000 };

/* log2(10) < 10/3: a number of DIGITS_MAX digits has fewer bytes than this. */
enum { UNSCALED_MAX = DIGITS_MAX * 10 / 24 + 1 };

/* ---- base64 ---- */

/* 0..63, 64 for what is not in either alphabet. */
static unsigned sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : 64;
}

bool flat_base64_decode(const char *s, size_t n, unsigned char *out, size_t *len)
{
    if (n % 4 == 0 && n && s[n - 1] == '=')
        n -= s[n - 2] == '=' ? 2 : 1;
    unsigned char *o = out;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        unsigned a = sextet(s[i]), b = sextet(s[i + 1]), c = sextet(s[i + 2]), d = sextet(s[i + 3]);
        if ((a | b | c | d) & 64)
            return false;
        *o++ = (unsigned char)(a << 2 | b >> 4);
        *o++ = (unsigned char)(b << 4 | c >> 2);
        *o++ = (unsigned char)(c << 6 | d);
    }
    if (n - i == 1)
        return false;
    if (n - i >= 2) {
        unsigned a = sextet(s[i]), b = sextet(s[i + 1]), c = n - i == 3 ? sextet(s[i + 2]) : 0;
        if ((a | b | c) & 64)
            return false;
        *o++ = (unsigned char)(a << 2 | b >> 4);
        if (n - i == 3)
            *o++ = (unsigned char)(b << 4 | c >> 2);
    }
    *len = (size_t)(o - out);
    return true;
}

/* ---- decimals ---- */

/* Digits (no leading zeros, "0" for nothing) with the point `scale` digits from the right. */
static enum err put_scaled(const char *digits, size_t n, bool negative, long scale, struct arena *a,
                           struct cell *out)
{
    if (scale > SCALE_MAX || scale < SCALE_MIN)
        return ERR_LIMIT;
    bool zero = n == 1 && digits[0] == '0';
    size_t behind = scale > 0 ? (size_t)scale : 0;
    size_t zeros = scale < 0 && !zero ? (size_t)-scale : 0;
    size_t lead = n > behind ? n - behind : 0; /* digits before the point; 0: a single zero */
    char *p = arena_alloc(a, n + behind + zeros + 3);
    if (!p)
        return ERR_NOMEM;
    char *o = p;
    if (negative && !zero)
        *o++ = '-';
    if (lead)
        memcpy(o, digits, lead);
    else
        *o = '0';
    o += lead ? lead : 1;
    memset(o, '0', zeros);
    o += zeros;
    if (behind) {
        *o++ = '.';
        size_t pad = lead ? 0 : behind - n;
        memset(o, '0', pad);
        memcpy(o + pad, digits + lead, n - lead);
        o += behind;
    }
    *out = (struct cell){.p = p, .len = (uint32_t)(o - p), .kind = CELL_TEXT};
    return ERR_OK;
}

static size_t put_digits(uint64_t v, char *end)
{
    char *p = end;
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    return (size_t)(end - p);
}

/* Base 2^8 to base 10^9, schoolbook: four bytes at a time through all limbs. */
static size_t to_limbs(const unsigned char *bytes, size_t n, bool negative, uint32_t *limbs)
{
    size_t used = 0;
    size_t i = 0;
    unsigned char flip = negative ? 0xff : 0; /* two's complement: flip here, add one at the end */
    while (i < n) {
        size_t k = (n - i) % 4 ? (n - i) % 4 : 4;
        uint64_t carry = 0;
        for (size_t j = 0; j < k; j++)
            carry = carry << 8 | (unsigned char)(bytes[i + j] ^ flip);
        for (size_t j = 0; j < used; j++) {
            uint64_t t = ((uint64_t)limbs[j] << (8 * k)) + carry;
            limbs[j] = (uint32_t)(t % LIMB);
            carry = t / LIMB;
        }
        for (; carry; carry /= LIMB)
            limbs[used++] = (uint32_t)(carry % LIMB);
        i += k;
    }
    for (size_t j = 0; negative; j++) {
        if (j == used)
            limbs[used++] = 0;
        if (++limbs[j] < LIMB)
            break;
        limbs[j] = 0;
    }
    return used;
}

static enum err large_decimal(const unsigned char *bytes, size_t n, long scale, struct arena *a,
                              struct cell *out)
{
    if (n > UNSCALED_MAX)
        return ERR_LIMIT;
    bool negative = bytes[0] & 0x80;
    size_t room = n * 8 / 29 + 3; /* 10^9 > 2^29 */
    uint32_t *limbs = arena_alloc(a, room * sizeof *limbs);
    char *digits = arena_alloc(a, room * LIMB_DIGITS);
    if (!limbs || !digits)
        return ERR_NOMEM;
    size_t used = to_limbs(bytes, n, negative, limbs);
    char *end = digits + room * LIMB_DIGITS;
    char *p = end;
    for (size_t j = 0; j < used; j++) {
        size_t k = put_digits(limbs[j], p);
        size_t full = j + 1 < used ? LIMB_DIGITS : k;
        memset(p - full, '0', full - k);
        p -= full;
    }
    if (p == end)
        *--p = '0';
    return put_scaled(p, (size_t)(end - p), negative, scale, a, out);
}

enum err flat_decimal_text(const unsigned char *bytes, size_t n, long scale, struct arena *a,
                           struct cell *out)
{
    if (n > 8)
        return large_decimal(bytes, n, scale, a, out);
    uint64_t v = n && (bytes[0] & 0x80) ? UINT64_MAX : 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | bytes[i];
    bool negative = v >> 63;
    char digits[20];
    char *end = digits + sizeof digits;
    size_t k = put_digits(negative ? (uint64_t)0 - v : v, end);
    return put_scaled(end - k, k, negative, scale, a, out);
}

bool flat_is_number(const char *s, size_t n)
{
    const char *p = s;
    const char *end = s + n;
    size_t digits = 0;
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        digits++;
    if (p < end && *p == '.')
        for (p++; p < end && *p >= '0' && *p <= '9'; p++)
            digits++;
    if (!digits)
        return false;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '-' || *p == '+'))
            p++;
        const char *exponent = p;
        while (p < end && *p >= '0' && *p <= '9')
            p++;
        if (p == exponent)
            return false;
    }
    return p == end;
}

const char *flat_special_number(const char *s, size_t n)
{
    static const struct {
        const char *word;
        const char *text;
    } words[] = {
        {"NaN", "NaN"},
        {"NAN", "NaN"},
        {"Infinity", "Infinity"},
        {"-Infinity", "-Infinity"},
        {"POSITIVE_INFINITY", "Infinity"},
        {"NEGATIVE_INFINITY", "-Infinity"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == n && memcmp(s, words[i].word, n) == 0)
            return words[i].text;
    return NULL;
}
