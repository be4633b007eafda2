/*
 * Dates and times, from PostgreSQL's ISO text (DateStyle ISO, TimeZone UTC, IntervalStyle
 * postgres).
 *
 * Days are counted with the proleptic Gregorian calendar, as PostgreSQL and Java do; 1 BC is year
 * 0. Seconds are 64 bits and stand apart from the microseconds: PostgreSQL's last year, 294276,
 * does not fit 64 bits of microseconds since 1970, which is what overflow_mode is about.
 */
#include <string.h>

#include "backend/envelope/encode_internal.h"

enum { DAY_S = 86400, DAYS_OF_ERA = 146097, EPOCH_SHIFT = 719468 };
static const int64_t US = 1000000;

/*
 * What Debezium writes for the infinities. Dates: days that PostgreSQL's calendar does not reach.
 * Timestamps: the driver's constants in milliseconds, and the ends of 64 bits in microseconds.
 */
static const int64_t DATE_INFINITY = 2146033979;
static const int64_t DATE_MINUS_INFINITY = -2147472691;
static const int64_t MS_INFINITY = 9223372036825200000;
static const int64_t MS_MINUS_INFINITY = -9223372036832400000;

/* A moment as text gives it. */
struct moment {
    int64_t year; /* 0 is 1 BC */
    int month;
    int day;
    int64_t clock_s; /* up to 86400: 24:00:00 */
    int us;
    int offset_s;
};

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* Exactly two digits and what follows them; NULL when they are not there. */
static const char *two_digits(const char *p, const char *end, int *out)
{
    if (end - p < 2 || p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return NULL;
    *out = (p[0] - '0') * 10 + (p[1] - '0');
    return p + 2;
}

static const char *expect(const char *p, const char *end, char c)
{
    return p && p < end && *p == c ? p + 1 : NULL;
}

static const char *parse_date(const char *p, const char *end, struct moment *m)
{
    enum { YEAR_DIGITS_MAX = 7 }; /* PostgreSQL's last date is 5874897-12-31 */
    const char *q = skip_digits(p, end);
    if (q - p < 4 || q - p > YEAR_DIGITS_MAX || !encode_digits(p, (size_t)(q - p), &m->year))
        return NULL;
    q = expect(q, end, '-');
    q = q ? two_digits(q, end, &m->month) : NULL;
    q = expect(q, end, '-');
    q = q ? two_digits(q, end, &m->day) : NULL;
    return q && m->month >= 1 && m->month <= 12 && m->day >= 1 && m->day <= 31 ? q : NULL;
}

/* hh:mm:ss[.ffffff] */
static const char *parse_clock(const char *p, const char *end, struct moment *m)
{
    int hour;
    int minute;
    int second;
    const char *q = two_digits(p, end, &hour);
    q = expect(q, end, ':');
    q = q ? two_digits(q, end, &minute) : NULL;
    q = expect(q, end, ':');
    q = q ? two_digits(q, end, &second) : NULL;
    if (!q || hour > 24 || minute > 59 || second > 60)
        return NULL;
    m->clock_s = hour * 3600 + minute * 60 + second;
    m->us = 0;
    if (q < end && *q == '.') {
        const char *f = q + 1;
        q = skip_digits(f, end);
        if (q == f || q - f > 6)
            return NULL;
        for (int i = 0; i < 6; i++)
            m->us = m->us * 10 + (f + i < q ? f[i] - '0' : 0);
    }
    return m->clock_s < DAY_S || (m->clock_s == DAY_S && !m->us) ? q : NULL;
}

/* +hh[:mm[:ss]] */
static const char *parse_offset(const char *p, const char *end, struct moment *m)
{
    int part[3] = {0};
    if (p == end || (*p != '+' && *p != '-'))
        return NULL;
    const char *q = two_digits(p + 1, end, &part[0]);
    for (int i = 1; i < 3 && q && q < end && *q == ':'; i++)
        q = two_digits(q + 1, end, &part[i]);
    m->offset_s = part[0] * 3600 + part[1] * 60 + part[2];
    if (*p == '-')
        m->offset_s = -m->offset_s;
    return q;
}

/* " BC" at the end turns the year; anything else there is wrong. */
static bool parse_era(const char *p, const char *end, struct moment *m)
{
    if (p && end - p == 3 && !memcmp(p, " BC", 3)) {
        m->year = 1 - m->year;
        return true;
    }
    return p && p == end;
}

/* Days since 1970-01-01; years of 400 turn around every 146097 days, counted from March. */
static int64_t days_of(const struct moment *m)
{
    int64_t y = m->year - (m->month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (m->month + (m->month > 2 ? -3 : 9)) + 2) / 5 + m->day - 1;
    return era * DAYS_OF_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_SHIFT;
}

static void date_of(int64_t days, struct moment *m)
{
    int64_t z = days + EPOCH_SHIFT;
    int64_t era = (z >= 0 ? z : z - (DAYS_OF_ERA - 1)) / DAYS_OF_ERA;
    int64_t of_era = z - era * DAYS_OF_ERA;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    m->day = (int)(of_year - (153 * month + 2) / 5 + 1);
    m->month = (int)(month < 10 ? month + 3 : month - 9);
    m->year = year + era * 400 + (m->month <= 2);
}

/* Seconds since 1970 in UTC. */
static int64_t seconds_of(const struct moment *m)
{
    return days_of(m) * DAY_S + m->clock_s - m->offset_s;
}

const char *encode_date(const struct field *f, const char *p, size_t n, struct buf *out)
{
    struct moment m = {0};
    (void)f;
    const char *end = p + n;
    if (encode_is(p, n, "infinity"))
        buf_i64(out, DATE_INFINITY);
    else if (encode_is(p, n, "-infinity"))
        buf_i64(out, DATE_MINUS_INFINITY);
    else if (parse_era(parse_date(p, end, &m), end, &m))
        buf_i64(out, days_of(&m));
    else
        return "is not a date";
    return NULL;
}

static const char *encode_time_units(const char *p, size_t n, int64_t per_second, struct buf *out)
{
    struct moment m = {0};
    if (parse_clock(p, p + n, &m) != p + n)
        return "is not a time";
    buf_i64(out, m.clock_s * per_second + m.us / (US / per_second));
    return NULL;
}

const char *encode_time_ms(const struct field *f, const char *p, size_t n, struct buf *out)
{
    (void)f;
    return encode_time_units(p, n, 1000, out);
}

const char *encode_time_us(const struct field *f, const char *p, size_t n, struct buf *out)
{
    (void)f;
    return encode_time_units(p, n, US, out);
}

static bool parse_timestamp(const char *p, const char *end, bool zoned, struct moment *m)
{
    const char *q = parse_date(p, end, m);
    q = expect(q, end, ' ');
    q = q ? parse_clock(q, end, m) : NULL;
    if (q && zoned)
        q = parse_offset(q, end, m);
    return parse_era(q, end, m);
}

static const char NOT_TIMESTAMP[] = "is not a timestamp";

const char *encode_timestamp_ms(const struct field *f, const char *p, size_t n, struct buf *out)
{
    struct moment m = {0};
    (void)f;
    if (encode_is(p, n, "infinity"))
        buf_i64(out, MS_INFINITY);
    else if (encode_is(p, n, "-infinity"))
        buf_i64(out, MS_MINUS_INFINITY);
    else if (parse_timestamp(p, p + n, false, &m))
        buf_i64(out, seconds_of(&m) * 1000 + m.us / 1000);
    else
        return NOT_TIMESTAMP;
    return NULL;
}

const char *encode_timestamp_us(const struct field *f, const char *p, size_t n, struct buf *out)
{
    struct moment m = {0};
    int64_t v;
    if (encode_is(p, n, "infinity")) {
        buf_i64(out, INT64_MAX);
        return NULL;
    }
    if (encode_is(p, n, "-infinity")) {
        buf_i64(out, INT64_MIN);
        return NULL;
    }
    if (!parse_timestamp(p, p + n, false, &m))
        return NOT_TIMESTAMP;
    if (__builtin_mul_overflow(seconds_of(&m), US, &v) || __builtin_add_overflow(v, m.us, &v)) {
        if (f->set->overflow == OVERFLOW_FAIL)
            return "does not fit 64 bits of microseconds (overflow mode \"fail\"; \"clamp\" "
                   "writes the nearest value that fits)";
        (void)atomic_fetch_add(&f->set->clamped, 1);
        /* one less than infinity; PostgreSQL's first year does fit */
        v = m.year > 0 ? INT64_MAX - 1 : INT64_MIN + 1;
    }
    buf_i64(out, v);
    return NULL;
}

static char *put_two(char *o, int v)
{
    *o++ = (char)('0' + v / 10);
    *o++ = (char)('0' + v % 10);
    return o;
}

static char *put_clock(char *o, int64_t seconds)
{
    o = put_two(o, (int)(seconds / 3600));
    *o++ = ':';
    o = put_two(o, (int)(seconds / 60 % 60));
    *o++ = ':';
    return put_two(o, (int)(seconds % 60));
}

/* Exactly `digits` of the fraction; with 0 as few as it has. */
static char *put_fraction(char *o, int us, int digits)
{
    char six[6];
    int n = digits;
    for (int i = 5; i >= 0; i--) {
        six[i] = (char)('0' + us % 10);
        us /= 10;
    }
    if (!n)
        for (n = 6; n && six[n - 1] == '0'; n--)
            ;
    if (n)
        *o++ = '.';
    memcpy(o, six, (size_t)n);
    return o + n;
}

/* Year as ISO 8601 has it: four digits, a plus sign before more, a minus sign before 1 BC (0000).
 */
static char *put_year(char *o, int64_t year)
{
    uint64_t v = (uint64_t)(year < 0 ? -year : year);
    char digits[20];
    int n = 0;
    if (year < 0)
        *o++ = '-';
    else if (year > 9999)
        *o++ = '+';
    for (; v || n < 4; v /= 10)
        digits[n++] = (char)('0' + v % 10);
    while (n)
        *o++ = digits[--n];
    return o;
}

/* The everyday form: 2026-02-03 03:05:06.789012+00, in UTC already, year of four digits. */
static bool write_plain_timestamptz(const char *p, size_t n, int precision, struct buf *out)
{
    enum { DATE_TIME = 19, ZONE = 3, OUT_MAX = 40 };
    struct moment m;
    if (n < DATE_TIME + ZONE || n > DATE_TIME + ZONE + 7 || memcmp(p + n - ZONE, "+00", ZONE) ||
        p[4] != '-' || p[10] != ' ')
        return false;
    const char *end = p + n - ZONE;
    if (parse_date(p, end, &m) != p + 10 || parse_clock(p + 11, end, &m) != end ||
        m.clock_s == DAY_S)
        return false;
    if (!buf_reserve(out, OUT_MAX))
        return true;
    char *o = out->p + out->len;
    *o++ = '"';
    memcpy(o, p, DATE_TIME);
    o[10] = 'T';
    o = put_fraction(o + DATE_TIME, m.us, precision);
    *o++ = 'Z';
    *o++ = '"';
    out->len = (size_t)(o - out->p);
    return true;
}

const char *encode_timestamptz(const struct field *f, const char *p, size_t n, struct buf *out)
{
    char text[64];
    char *o = text;
    struct moment m = {0};
    if (write_plain_timestamptz(p, n, f->precision, out))
        return NULL;
    if (encode_is(p, n, "infinity") || encode_is(p, n, "-infinity")) {
        buf_ch(out, '"');
        buf_add(out, p, n);
        buf_ch(out, '"');
        return NULL;
    }
    if (!parse_timestamp(p, p + n, true, &m))
        return "is not a timestamp with time zone";
    int64_t s = seconds_of(&m);
    int64_t days = s / DAY_S - (s % DAY_S < 0);
    date_of(days, &m);
    *o++ = '"';
    o = put_year(o, m.year);
    *o++ = '-';
    o = put_two(o, m.month);
    *o++ = '-';
    o = put_two(o, m.day);
    *o++ = 'T';
    o = put_clock(o, s - days * DAY_S);
    o = put_fraction(o, m.us, f->precision);
    *o++ = 'Z';
    *o++ = '"';
    buf_add(out, text, (size_t)(o - text));
    return NULL;
}

const char *encode_timetz(const struct field *f, const char *p, size_t n, struct buf *out)
{
    char text[32];
    char *o = text;
    struct moment m = {0};
    (void)f;
    const char *end = p + n;
    const char *q = parse_clock(p, end, &m);
    if (!q || parse_offset(q, end, &m) != end)
        return "is not a time with time zone";
    int64_t s = m.clock_s - m.offset_s;
    if (m.clock_s != DAY_S || m.offset_s) { /* 24:00:00+00 stays what it is */
        s %= DAY_S;
        s += s < 0 ? DAY_S : 0;
    }
    *o++ = '"';
    o = put_clock(o, s);
    o = put_fraction(o, m.us, 0);
    *o++ = 'Z';
    *o++ = '"';
    buf_add(out, text, (size_t)(o - text));
    return NULL;
}

/* ---- intervals ---- */

struct interval {
    int64_t years;
    int64_t months;
    int64_t days;
    int64_t hours;
    int64_t minutes;
    int64_t us; /* seconds and their fraction */
};

/* [-]h..h:mm:ss[.ffffff]; the sign is for all of it. */
static bool parse_interval_clock(const char *p, const char *end, struct interval *v)
{
    int minute;
    int second;
    int64_t us = 0;
    bool minus = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    const char *q = skip_digits(p, end);
    if (!encode_digits(p, (size_t)(q - p), &v->hours))
        return false;
    q = expect(q, end, ':');
    q = q ? two_digits(q, end, &minute) : NULL;
    q = expect(q, end, ':');
    q = q ? two_digits(q, end, &second) : NULL;
    if (q && q < end && *q == '.') {
        const char *f = ++q;
        q = skip_digits(f, end);
        if (q == f || q - f > 6)
            return false;
        for (int i = 0; i < 6; i++)
            us = us * 10 + (f + i < q ? f[i] - '0' : 0);
    }
    if (!q || q != end)
        return false;
    int sign = minus ? -1 : 1;
    v->hours *= sign;
    v->minutes = sign * minute;
    v->us = sign * (second * US + us);
    return true;
}

/* "1 year 2 mons -3 days 04:05:06.789" */
static bool parse_interval(const char *p, size_t n, struct interval *v)
{
    const char *end = p + n;
    *v = (struct interval){0};
    while (p < end) {
        const char *stop = memchr(p, ' ', (size_t)(end - p));
        if (!stop)
            return parse_interval_clock(p, end, v);
        int64_t number;
        bool minus = *p == '-';
        p += *p == '-' || *p == '+';
        if (!encode_digits(p, (size_t)(stop - p), &number))
            return false;
        p = stop + 1;
        stop = memchr(p, ' ', (size_t)(end - p));
        if (!stop)
            stop = end;
        size_t k = (size_t)(stop - p);
        int64_t *to = encode_is(p, k, "year") || encode_is(p, k, "years") ? &v->years
                      : encode_is(p, k, "mon") || encode_is(p, k, "mons") ? &v->months
                      : encode_is(p, k, "day") || encode_is(p, k, "days") ? &v->days
                                                                          : NULL;
        if (!to)
            return false;
        *to = minus ? -number : number;
        if (stop == end)
            return true;
        p = stop + 1;
    }
    return false;
}

static const char NOT_INTERVAL[] = "is not an interval";

/* A month counts 30.4375 days: 2,629,800 seconds. Saturates, as Debezium's conversion does. */
const char *encode_interval_us(const struct field *f, const char *p, size_t n, struct buf *out)
{
    static const int64_t MONTH_S = 2629800;
    struct interval v;
    (void)f;
    if (encode_is(p, n, "infinity") || encode_is(p, n, "-infinity")) {
        buf_i64(out, *p == '-' ? INT64_MIN : INT64_MAX);
        return NULL;
    }
    if (!parse_interval(p, n, &v))
        return NOT_INTERVAL;
    __int128 seconds = ((__int128)v.years * 12 + v.months) * MONTH_S + (__int128)v.days * DAY_S +
                       (__int128)v.hours * 3600 + v.minutes * 60;
    __int128 us = seconds * US + v.us;
    buf_i64(out, us > INT64_MAX ? INT64_MAX : us < INT64_MIN ? INT64_MIN : (int64_t)us);
    return NULL;
}

const char *encode_interval_text(const struct field *f, const char *p, size_t n, struct buf *out)
{
    struct interval v;
    (void)f;
    if (encode_is(p, n, "infinity") || encode_is(p, n, "-infinity")) {
        buf_ch(out, '"');
        buf_add(out, p, n);
        buf_ch(out, '"');
        return NULL;
    }
    if (!parse_interval(p, n, &v))
        return NOT_INTERVAL;
    const int64_t part[5] = {v.years, v.months, v.days, v.hours, v.minutes};
    static const char unit[5][3] = {"Y", "M", "DT", "H", "M"};
    char fraction[8];
    buf_lit(out, "\"P");
    for (int i = 0; i < 5; i++) {
        buf_i64(out, part[i]);
        buf_str(out, unit[i]);
    }
    int64_t us = v.us < 0 ? -v.us : v.us;
    if (v.us < 0)
        buf_ch(out, '-');
    buf_i64(out, us / US);
    buf_add(out, fraction, (size_t)(put_fraction(fraction, (int)(us % US), 0) - fraction));
    buf_lit(out, "S\"");
    return NULL;
}
