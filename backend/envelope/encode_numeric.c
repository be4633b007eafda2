/*
 * Numbers: numeric as base64 of its unscaled big-endian integer, floats in Java's notation, money,
 * points.
 *
 * A numeric of up to 38 digits goes through __int128; a longer one is built in limbs of 64 bits. No
 * libc function that minds the locale's decimal point is used without putting it right.
 */
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/envelope/encode_internal.h"

static const char NOT_NUMERIC[] = "is not a numeric";

/* A numeric's text taken apart: [-]whole[.fraction]. */
struct digits {
    bool negative;
    const char *whole;
    size_t n_whole;
    const char *fraction;
    size_t n_fraction;
};

static bool only_digits(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] - (unsigned)'0' > 9)
            return false;
    return true;
}

static bool take_apart(const char *p, size_t n, struct digits *d)
{
    d->negative = n && *p == '-';
    p += d->negative;
    n -= d->negative;
    const char *dot = n ? memchr(p, '.', n) : NULL;
    d->whole = p;
    d->n_whole = dot ? (size_t)(dot - p) : n;
    d->fraction = dot ? dot + 1 : p + n;
    d->n_fraction = dot ? n - d->n_whole - 1 : 0;
    return d->n_whole + d->n_fraction && only_digits(d->whole, d->n_whole) &&
           only_digits(d->fraction, d->n_fraction);
}

static bool is_special(const char *p, size_t n)
{
    return encode_is(p, n, "NaN") || encode_is(p, n, "Infinity") || encode_is(p, n, "-Infinity");
}

/* Two's complement, big-endian, as few bytes as carry the sign; base64 of it, quoted. */
static void write_big_endian(const unsigned char *p, size_t n, struct buf *out)
{
    while (n > 1 && ((p[0] == 0 && !(p[1] & 0x80)) || (p[0] == 0xff && (p[1] & 0x80)))) {
        p++;
        n--;
    }
    buf_ch(out, '"');
    encode_base64(out, p, n, BASE64_PLAIN);
    buf_ch(out, '"');
}

static void write_int128(__int128 v, struct buf *out)
{
    unsigned char bytes[16];
    for (int i = 15; i >= 0; i--) {
        bytes[i] = (unsigned char)v;
        v >>= 8;
    }
    write_big_endian(bytes, sizeof bytes, out);
}

/* The digits of the value times ten to the `scale`; missing fraction digits are zeros. */
static void copy_digits(const struct digits *d, size_t scale, char *to)
{
    memcpy(to, d->whole, d->n_whole);
    memcpy(to + d->n_whole, d->fraction, d->n_fraction);
    memset(to + d->n_whole + d->n_fraction, '0', scale - d->n_fraction);
}

/* Digits of any number: limbs of 64 bits, the lowest first, times 10^18 plus the next 18 digits. */
static void write_long(const char *digits, size_t n, bool negative, struct buf *out)
{
    enum { STEP = 18, LIMB = 8 };
    size_t cap = n / 19 + 2; /* a limb holds more than 19 digits; one more for the sign */
    uint64_t *limbs = calloc(cap, sizeof *limbs);
    unsigned char *bytes = malloc(cap * LIMB);
    if (!limbs || !bytes) {
        out->failed = true;
        goto out;
    }
    size_t used = 1;
    for (size_t at = 0; at < n;) {
        size_t k = (n - at) % STEP ? (n - at) % STEP : STEP;
        int64_t part = 0;
        uint64_t factor = 1;
        (void)encode_digits(digits + at, k, &part);
        for (size_t i = 0; i < k; i++)
            factor *= 10;
        unsigned __int128 carry = (uint64_t)part;
        for (size_t i = 0; i < used; i++) {
            carry += (unsigned __int128)limbs[i] * factor;
            limbs[i] = (uint64_t)carry;
            carry >>= 64;
        }
        if (carry)
            limbs[used++] = (uint64_t)carry;
        at += k;
    }
    if (negative) { /* two's complement over all limbs */
        uint64_t carry = 1;
        for (size_t i = 0; i < cap; i++) {
            limbs[i] = ~limbs[i] + carry;
            carry = carry && !limbs[i];
        }
    }
    for (size_t i = 0; i < cap * LIMB; i++)
        bytes[cap * LIMB - 1 - i] = (unsigned char)(limbs[i / LIMB] >> (8 * (i % LIMB)));
    write_big_endian(bytes, cap * LIMB, out);
out:
    free(limbs);
    free(bytes);
}

/* d times ten to the `scale`, which is not less than its fraction's digits. */
static void write_unscaled(const struct digits *d, size_t scale, struct buf *out)
{
    enum { SMALL = 18, MEDIUM = 38 };
    char small[MEDIUM];
    size_t n = d->n_whole + scale;
    if (n > MEDIUM) {
        char *all = malloc(n);
        if (!all) {
            out->failed = true;
            return;
        }
        copy_digits(d, scale, all);
        write_long(all, n, d->negative, out);
        free(all);
        return;
    }
    copy_digits(d, scale, small);
    int64_t low = 0;
    __int128 v = 0;
    size_t head = n > SMALL ? n - SMALL : 0; /* up to 20 digits */
    for (size_t i = 0; i < head; i++)
        v = v * 10 + (small[i] - '0');
    (void)encode_digits(small + head, n - head, &low);
    v = v * 1000000000000000000 + low;
    write_int128(d->negative ? -v : v, out);
}

const char *encode_decimal(const struct field *f, const char *p, size_t n, struct buf *out)
{
    struct digits d;
    if (!take_apart(p, n, &d)) {
        if (!is_special(p, n))
            return NOT_NUMERIC;
        buf_lit(out, "null"); /* an integer has no NaN; Debezium's null, too */
        return NULL;
    }
    int scale = f->scale;
    for (; scale < 0 && d.n_whole; scale++) /* numeric(3,-2): hundreds */
        if (d.whole[--d.n_whole] != '0')
            return "has more digits than its scale allows";
    if (scale < 0)
        scale = 0; /* a zero of fewer digits than the scale takes away */
    while (d.n_fraction > (size_t)scale)
        if (d.fraction[--d.n_fraction] != '0')
            return "has more digits than its scale allows";
    write_unscaled(&d, (size_t)scale, out);
    return NULL;
}

const char *encode_variable_decimal(const struct field *f, const char *p, size_t n, struct buf *out)
{
    struct digits d;
    (void)f;
    if (!take_apart(p, n, &d)) {
        if (!is_special(p, n))
            return NOT_NUMERIC;
        buf_lit(out, "null");
        return NULL;
    }
    while (d.n_fraction && d.fraction[d.n_fraction - 1] == '0')
        d.n_fraction--;
    buf_lit(out, "{\"scale\":");
    buf_u64(out, d.n_fraction);
    buf_lit(out, ",\"value\":");
    write_unscaled(&d, d.n_fraction, out);
    buf_ch(out, '}');
    return NULL;
}

const char *encode_decimal_string(const struct field *f, const char *p, size_t n, struct buf *out)
{
    struct digits d;
    (void)f;
    if (encode_is(p, n, "NaN")) {
        buf_lit(out, "\"NAN\"");
    } else if (encode_is(p, n, "Infinity")) {
        buf_lit(out, "\"POSITIVE_INFINITY\"");
    } else if (encode_is(p, n, "-Infinity")) {
        buf_lit(out, "\"NEGATIVE_INFINITY\"");
    } else if (take_apart(p, n, &d)) {
        buf_ch(out, '"');
        buf_add(out, p, n);
        buf_ch(out, '"');
    } else {
        return NOT_NUMERIC;
    }
    return NULL;
}

/* ---- floating point ---- */

enum { FLOAT_DIGITS_MAX = 40 };

/* 0.d1d2d3.. times ten to the `point`; no zeros at either end, unless it is a lone zero. */
struct shortest {
    bool negative;
    int n;
    int point;
    char d[FLOAT_DIGITS_MAX];
};

/* Digits, perhaps a point and an exponent; false when it is something else or has too many digits.
 */
static bool shortest_parse(const char *p, size_t n, struct shortest *s)
{
    *s = (struct shortest){.negative = n && *p == '-'};
    size_t i = s->negative;
    bool seen_point = false;
    bool any = false;
    for (; i < n && (p[i] | 0x20) != 'e'; i++) {
        if ((unsigned char)p[i] - (unsigned)'0' > 9) {
            if (seen_point || !any || p[i] != '.')
                return false;
            seen_point = true;
            continue;
        }
        any = true;
        if (s->n || p[i] != '0') {
            if (s->n == FLOAT_DIGITS_MAX)
                return false;
            s->d[s->n++] = p[i];
            s->point += !seen_point;
        } else {
            s->point -= seen_point;
        }
    }
    if (!any)
        return false;
    if (i < n) {
        int64_t exponent;
        bool minus = ++i < n && p[i] == '-';
        i += i < n && (p[i] == '-' || p[i] == '+');
        if (n - i > 6 || !encode_digits(p + i, n - i, &exponent))
            return false;
        s->point += (int)(minus ? -exponent : exponent);
    }
    while (s->n && s->d[s->n - 1] == '0')
        s->n--;
    if (!s->n)
        *s = (struct shortest){.negative = s->negative, .n = 1, .point = 1, .d = "0"};
    return true;
}

/* As Double.toString: 0.001 <= |x| < 10^7 plainly, else d.dddE<n>; always a digit on both sides. */
static void shortest_write(const struct shortest *s, struct buf *out)
{
    static const int PLAIN_MOST = 7;
    static const int PLAIN_LEAST = -2;
    if (s->negative)
        buf_ch(out, '-');
    if (s->point > PLAIN_MOST || s->point < PLAIN_LEAST) {
        buf_ch(out, s->d[0]);
        buf_ch(out, '.');
        if (s->n > 1)
            buf_add(out, s->d + 1, (size_t)s->n - 1);
        else
            buf_ch(out, '0');
        buf_ch(out, 'E');
        buf_i64(out, s->point - 1);
        return;
    }
    if (s->point <= 0) {
        buf_lit(out, "0.");
        for (int i = s->point; i < 0; i++)
            buf_ch(out, '0');
        buf_add(out, s->d, (size_t)s->n);
        return;
    }
    for (int i = 0; i < s->point; i++)
        buf_ch(out, i < s->n ? s->d[i] : '0');
    buf_ch(out, '.');
    if (s->n > s->point)
        buf_add(out, s->d + s->point, (size_t)(s->n - s->point));
    else
        buf_ch(out, '0');
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* strtod with a point whatever the locale says. */
static double to_double(const char *text)
{
    (void)pthread_once(&c_locale_once, make_c_locale);
    return c_locale ? strtod_l(text, NULL, c_locale) : strtod(text, NULL);
}

/* v in so many digits, rounded correctly; printf's decimal point may be any the locale has. */
static bool shortest_print(double v, int digits, struct shortest *s)
{
    enum { TEXT_MAX = 64 };
    char text[TEXT_MAX];
    int n = snprintf(text, sizeof text, "%.*e", digits - 1, v);
    if (n <= 0 || n >= TEXT_MAX)
        return false;
    size_t at = 1u + (text[0] == '-');
    size_t next = at;
    while (text[next] && ((unsigned char)text[next] - (unsigned)'0' > 9) && text[next] != 'e')
        next++;
    if (next > at) {
        text[at] = '.';
        memmove(text + at + 1, text + next, (size_t)n - next + 1);
    }
    return shortest_parse(text, strlen(text), s);
}

/* The special values as JSON has them: quoted. */
static bool write_special(const char *p, size_t n, struct buf *out)
{
    if (!is_special(p, n))
        return false;
    buf_ch(out, '"');
    buf_add(out, p, n);
    buf_ch(out, '"');
    return true;
}

/*
 * The smallest subnormals: one digit tells them apart (5e-324), where Java writes the two digits
 * that come nearest (4.9E-324).
 */
static void subnormal_digits(bool single, const char *p, size_t n, struct shortest *s)
{
    char text[FLOAT_DIGITS_MAX + 1];
    struct shortest better;
    memcpy(text, p, n);
    text[n] = '\0';
    double v = to_double(text);
    if (shortest_print(single ? (double)(float)v : v, 2, &better))
        *s = better;
}

const char *encode_float(const struct field *f, const char *p, size_t n, struct buf *out)
{
    static const int SINGLE_SMALL = -40; /* of `point`; above it two digits say the same as one */
    static const int DOUBLE_SMALL = -318;
    static const int POINT_MOST = 309; /* 1.797..e308 */
    static const int POINT_LEAST = -323;
    struct shortest s;
    if (!n || n > FLOAT_DIGITS_MAX || !shortest_parse(p, n, &s) || s.point > POINT_MOST ||
        s.point < POINT_LEAST ||
        (s.point == POINT_MOST && memcmp(s.d, "17976931348623158", 17) >= 0))
        return write_special(p, n, out) ? NULL : "is not a floating point number";
    bool single = f->shape.type[0] == 'f';
    if (s.n == 1 && s.d[0] != '0' && s.point <= (single ? SINGLE_SMALL : DOUBLE_SMALL))
        subnormal_digits(single, p, n, &s);
    shortest_write(&s, out);
    return NULL;
}

static void write_double(double v, struct buf *out)
{
    enum { DIGITS_SURE = 15, DIGITS_MOST = 17 };
    struct shortest s = {0};
    if (v != v || v - v != 0) {
        buf_str(out, v != v ? "\"NaN\"" : v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    for (int digits = DIGITS_SURE; digits <= DIGITS_MOST; digits++) {
        struct buf again;
        buf_init(&again, 0);
        (void)shortest_print(v, digits, &s);
        shortest_write(&s, &again);
        bool same = to_double(buf_cstr(&again)) == v;
        out->failed |= again.failed;
        buf_free(&again);
        if (same)
            break;
    }
    shortest_write(&s, out);
}

/* Fifteen digits always come back from a double: then the text is its shortest form already. */
const char *encode_decimal_double(const struct field *f, const char *p, size_t n, struct buf *out)
{
    enum { SURE_DIGITS = 15, SURE_EXPONENT = 300 };
    struct digits d;
    struct shortest s;
    (void)f;
    if (write_special(p, n, out))
        return NULL;
    if (!take_apart(p, n, &d))
        return NOT_NUMERIC;
    if (shortest_parse(p, n, &s) && s.n <= SURE_DIGITS && s.point < SURE_EXPONENT &&
        s.point > -SURE_EXPONENT) {
        shortest_write(&s, out);
        return NULL;
    }
    char *text = malloc(n + 1);
    if (!text) {
        out->failed = true;
        return NULL;
    }
    memcpy(text, p, n);
    text[n] = '\0';
    write_double(to_double(text), out);
    free(text);
    return NULL;
}

/* ---- money and points ---- */

/* PostgreSQL's money in the C locale: -$1,234.56; the sign may also be brackets. */
const char *encode_money(const struct field *f, const char *p, size_t n, struct buf *out)
{
    enum { MONEY_MAX = 40 };
    char plain[MONEY_MAX];
    size_t k = 0;
    size_t point = 0; /* digits before the point, plus one for a sign */
    bool seen_point = false;
    bool negative = n && (memchr(p, '-', n) || *p == '(');
    if (negative)
        plain[k++] = '-';
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '.') {
            if (seen_point)
                return "is not an amount of money";
            seen_point = true;
            point = k;
        }
        if (p[i] == '.' || (p[i] >= '0' && p[i] <= '9')) {
            if (k == sizeof plain)
                return "is not an amount of money";
            plain[k++] = p[i];
        }
    }
    if (seen_point && k - point - 1 > (size_t)f->scale)
        return "has more than two digits after the point";
    switch (f->set->decimals) {
    case DECIMAL_DOUBLE:
        return encode_decimal_double(f, plain, k, out);
    case DECIMAL_STRING:
        return encode_decimal_string(f, plain, k, out);
    default:
        return encode_decimal(f, plain, k, out);
    }
}

static void little_endian(double v, unsigned char *to)
{
    uint64_t bits;
    if (v != v)
        bits = 0x7ff8000000000000u;
    else
        memcpy(&bits, &v, sizeof bits);
    for (int i = 0; i < 8; i++)
        to[i] = (unsigned char)(bits >> (8 * i));
}

/* (x,y) as a struct with its well-known binary form. */
const char *encode_point(const struct field *f, const char *p, size_t n, struct buf *out)
{
    enum { WKB_POINT = 21 };
    static const char reason[] = "is not a point";
    unsigned char wkb[WKB_POINT] = {1, 1};
    struct field number = {.set = f->set, .shape = {.type = "double"}};
    const char *comma = n ? memchr(p, ',', n) : NULL;
    if (n < 5 || p[0] != '(' || p[n - 1] != ')' || !comma)
        return reason;
    const char *from[2] = {p + 1, comma + 1};
    size_t length[2] = {(size_t)(comma - p) - 1, (size_t)(p + n - 1 - comma) - 1};
    for (int i = 0; i < 2; i++) {
        char text[FLOAT_DIGITS_MAX + 1];
        buf_str(out, i ? ",\"y\":" : "{\"x\":");
        if (encode_float(&number, from[i], length[i], out))
            return reason;
        memcpy(text, from[i], length[i]); /* encode_float has looked at the length */
        text[length[i]] = '\0';
        little_endian(to_double(text), wkb + 5 + 8 * (size_t)i);
    }
    buf_lit(out, ",\"wkb\":\"");
    encode_base64(out, wkb, sizeof wkb, BASE64_PLAIN);
    buf_lit(out, "\",\"srid\":null}");
    return NULL;
}
