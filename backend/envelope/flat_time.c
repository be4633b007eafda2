#include "backend/envelope/flat_time.h"

#include <string.h>

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = 86400 * INT64_C(1000000);

/* PostgreSQL's ranges in days since 1970-01-01: Julian day 0, the day after 5874897-12-31, the day
 * after 294276-12-31. */
static const int64_t DAY_MIN = -2440588;
static const int64_t YEAR_MIN = -4713; /* 4714-11-24 BC */
static const int64_t DATE_DAY_END = 2145042906;
static const int64_t TIMESTAMP_DAY_END = 106762940;

/* What Debezium writes for infinite dates: the newer +5877611-06-21, and the wrapped sums of the
 * older ones. None of them is a day that PostgreSQL's date can hold. */
static const int64_t DATE_INFINITY = 2146033979;
static const int64_t DATE_INFINITY_OLD = -2147472692;
static const int64_t DATE_MINUS_INFINITY_OLD = -2147472691;

/* The PostgreSQL driver for Java has these milliseconds for infinite moments; they are found in
 * millisecond and in microsecond fields, as they are or divided by 1,000. */
static const int64_t JAVA_INFINITY = INT64_C(9223372036825200000);
static const int64_t JAVA_MINUS_INFINITY = INT64_C(-9223372036832400000);

struct civil {
    int64_t year; /* astronomical: 0 is 1 BC */
    unsigned month;
    unsigned day;
};

/* Days since 1970-01-01 to the proleptic Gregorian calendar (years that begin in March make the
 * leap day the last one; 146,097 days are 400 years). */
static struct civil civil_from_days(int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    struct civil c;
    c.day = doy - (153 * mp + 2) / 5 + 1;
    c.month = mp < 10 ? mp + 3 : mp - 9;
    c.year = (int64_t)yoe + era * 400 + (c.month <= 2);
    return c;
}

static inline char *put2(char *o, unsigned v)
{
    o[0] = (char)('0' + v / 10);
    o[1] = (char)('0' + v % 10);
    return o + 2;
}

/* At least four digits. */
static char *put_year(char *o, uint64_t y)
{
    if (y < 10000) {
        o = put2(o, (unsigned)y / 100);
        return put2(o, (unsigned)y % 100);
    }
    char tmp[24];
    char *p = tmp + sizeof tmp;
    for (; y; y /= 10)
        *--p = (char)('0' + y % 10);
    size_t n = (size_t)(tmp + sizeof tmp - p);
    memcpy(o, p, n);
    return o + n;
}

static char *put_civil(char *o, struct civil c)
{
    o = put_year(o, (uint64_t)(c.year > 0 ? c.year : 1 - c.year));
    *o++ = '-';
    o = put2(o, c.month);
    *o++ = '-';
    return put2(o, c.day);
}

static char *put_era(char *o, int64_t year)
{
    if (year > 0)
        return o;
    memcpy(o, " BC", 3);
    return o + 3;
}

/* ".789", without trailing zeros; nothing for 0. */
static char *put_fraction(char *o, unsigned micros)
{
    if (!micros)
        return o;
    *o++ = '.';
    o = put2(o, micros / 10000);
    o = put2(o, micros / 100 % 100);
    o = put2(o, micros % 100);
    while (o[-1] == '0')
        o--;
    return o;
}

static char *put_clock(char *o, int64_t micros)
{
    unsigned seconds = (unsigned)(micros / SECOND_US);
    o = put2(o, seconds / 3600);
    *o++ = ':';
    o = put2(o, seconds / 60 % 60);
    *o++ = ':';
    o = put2(o, seconds % 60);
    return put_fraction(o, (unsigned)(micros % SECOND_US));
}

static size_t put_infinity(char *out, bool negative)
{
    const char *word = negative ? "-infinity" : "infinity";
    size_t n = strlen(word);
    memcpy(out, word, n);
    return n;
}

size_t flat_put_date(char *out, int64_t days)
{
    if (days < DAY_MIN || days >= DATE_DAY_END) {
        if (days == DATE_INFINITY || days == DATE_INFINITY_OLD)
            return put_infinity(out, false);
        return days == DATE_MINUS_INFINITY_OLD ? put_infinity(out, true) : 0;
    }
    struct civil c = civil_from_days(days);
    return (size_t)(put_era(put_civil(out, c), c.year) - out);
}

size_t flat_put_time(char *out, int64_t micros)
{
    if (micros < 0 || micros > DAY_US)
        return 0;
    return (size_t)(put_clock(out, micros) - out);
}

static size_t put_moment(char *out, int64_t days, int64_t micros)
{
    if (days < DAY_MIN || days >= TIMESTAMP_DAY_END)
        return 0;
    struct civil c = civil_from_days(days);
    char *o = put_civil(out, c);
    *o++ = ' ';
    return (size_t)(put_era(put_clock(o, micros), c.year) - out);
}

/* v in units of which a day has `per_day`; floor division, so that times before 1970 come out. */
static size_t put_since_epoch(char *out, int64_t v, int64_t per_day)
{
    int64_t days = v / per_day;
    int64_t rest = v % per_day;
    if (rest < 0) {
        days--;
        rest += per_day;
    }
    return put_moment(out, days,
                      per_day >= DAY_US ? rest / (per_day / DAY_US) : rest * (DAY_US / per_day));
}

size_t flat_put_timestamp_millis(char *out, int64_t millis)
{
    if (millis == INT64_MAX || millis == JAVA_INFINITY || millis == JAVA_INFINITY / 1000)
        return put_infinity(out, false);
    if (millis == INT64_MIN || millis == JAVA_MINUS_INFINITY ||
        millis == JAVA_MINUS_INFINITY / 1000)
        return put_infinity(out, true);
    return put_since_epoch(out, millis, DAY_US / 1000);
}

size_t flat_put_timestamp_micros(char *out, int64_t micros)
{
    if (micros == INT64_MAX || micros == JAVA_INFINITY)
        return put_infinity(out, false);
    if (micros == INT64_MIN || micros == JAVA_MINUS_INFINITY)
        return put_infinity(out, true);
    return put_since_epoch(out, micros, DAY_US);
}

size_t flat_put_timestamp_nanos(char *out, int64_t nanos)
{
    if (nanos == INT64_MAX)
        return put_infinity(out, false);
    if (nanos == INT64_MIN)
        return put_infinity(out, true);
    return put_since_epoch(out, nanos, DAY_US * 1000);
}

/* ---- ISO 8601 ---- */

struct scan {
    const char *p;
    const char *end;
};

static bool take(struct scan *s, char c)
{
    if (s->p >= s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

/* Between min and max digits, as many as there are. */
static bool take_number(struct scan *s, int min, int max, int64_t *out)
{
    int64_t v = 0;
    int n = 0;
    while (n < max && s->p < s->end && *s->p >= '0' && *s->p <= '9') {
        v = v * 10 + (*s->p++ - '0');
        n++;
    }
    *out = v;
    return n >= min;
}

static unsigned month_days(int64_t year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(struct scan *s, int64_t year_max, struct civil *c)
{
    bool minus = take(s, '-');
    if (!minus)
        (void)take(s, '+');
    int64_t year, month, day;
    if (!take_number(s, 4, 9, &year) || !take(s, '-') || !take_number(s, 2, 2, &month) ||
        !take(s, '-') || !take_number(s, 2, 2, &day))
        return false;
    *c = (struct civil){minus ? -year : year, (unsigned)month, (unsigned)day};
    if (c->year < YEAR_MIN || c->year > year_max || month < 1 || month > 12 || day < 1 ||
        day > month_days(c->year, c->month))
        return false;
    return c->year > YEAR_MIN || month > 11 || (month == 11 && day >= 24);
}

/* HH:MM[:SS[.fraction]] to microseconds; 24:00:00 is allowed. */
static bool take_clock(struct scan *s, int64_t *micros)
{
    int64_t h, m, sec = 0, fraction = 0;
    if (!take_number(s, 2, 2, &h) || !take(s, ':') || !take_number(s, 2, 2, &m))
        return false;
    if (take(s, ':')) {
        if (!take_number(s, 2, 2, &sec))
            return false;
        if (take(s, '.')) {
            const char *from = s->p;
            if (!take_number(s, 1, 6, &fraction))
                return false;
            for (int n = (int)(s->p - from); n < 6; n++)
                fraction *= 10;
            int64_t finer;
            (void)take_number(s, 0, 3, &finer);
        }
    }
    *micros = ((h * 60 + m) * 60 + sec) * SECOND_US + fraction;
    return m < 60 && sec < 60 && *micros <= DAY_US;
}

/* Z, or +HH[:MM[:SS]]; copied as PostgreSQL prints it ("+00", "+05:30"). */
static bool take_offset(struct scan *s, char **o)
{
    if (take(s, 'Z')) {
        memcpy(*o, "+00", 3);
        *o += 3;
        return true;
    }
    const char *from = s->p;
    int64_t h, m = 0, sec = 0;
    if (!take(s, '+') && !take(s, '-'))
        return false;
    if (!take_number(s, 2, 2, &h))
        return false;
    if (take(s, ':') && !take_number(s, 2, 2, &m))
        return false;
    if (s->p - from > 3 && take(s, ':') && !take_number(s, 2, 2, &sec))
        return false;
    if (h > 15 || m > 59 || sec > 59) /* PostgreSQL takes up to 15:59:59 */
        return false;
    size_t n = sec ? 9 : m ? 6 : 3;
    memcpy(*o, from, n);
    *o += n;
    return true;
}

static size_t infinity_word(const char *s, size_t n, char *out)
{
    if (n == 8 && memcmp(s, "infinity", 8) == 0)
        return put_infinity(out, false);
    if (n == 9 && memcmp(s, "-infinity", 9) == 0)
        return put_infinity(out, true);
    return 0;
}

size_t flat_iso_timestamp(const char *text, size_t n, bool zone, char *out)
{
    struct scan s = {text, text + n};
    struct civil c;
    int64_t micros;
    if (!take_date(&s, 294276, &c))
        return infinity_word(text, n, out);
    if (!take(&s, 'T') && !take(&s, ' '))
        return 0;
    if (!take_clock(&s, &micros))
        return 0;
    char *o = put_civil(out, c);
    *o++ = ' ';
    o = put_clock(o, micros);
    if (zone ? !take_offset(&s, &o) : (s.p < s.end && !take(&s, 'Z')))
        return 0;
    if (s.p != s.end)
        return 0;
    return (size_t)(put_era(o, c.year) - out);
}

size_t flat_iso_date(const char *text, size_t n, char *out)
{
    struct scan s = {text, text + n};
    struct civil c;
    if (!take_date(&s, 5874897, &c))
        return infinity_word(text, n, out);
    (void)take(&s, 'Z');
    if (s.p != s.end)
        return 0;
    return (size_t)(put_era(put_civil(out, c), c.year) - out);
}

size_t flat_iso_time(const char *text, size_t n, char *out)
{
    struct scan s = {text, text + n};
    int64_t micros;
    if (!take_clock(&s, &micros))
        return 0;
    (void)take(&s, 'Z');
    return s.p == s.end ? (size_t)(put_clock(out, micros) - out) : 0;
}
