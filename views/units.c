#include "views/units.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static char *unknown(char *out, size_t n)
{
    (void)snprintf(out, n, "-");
    return out;
}

char *unit_count(int64_t v, char *out, size_t n)
{
    if (v == UNKNOWN_INT)
        return unknown(out, n);
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%lld", (long long)(v < 0 ? -v : v));
    size_t len = strlen(digits);
    char text[UNIT_TEXT_MAX];
    size_t at = 0;
    if (v < 0)
        text[at++] = '-';
    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    (void)snprintf(out, n, "%s", text);
    return out;
}

/* Three digits at the most before the prefix; one decimal below 100. */
static char *scaled(double v, const char *unit, char *out, size_t n)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T", "P"};
    if (isnan(v))
        return unknown(out, n);
    size_t i = 0;
    while (fabs(v) >= 999.5 && i + 1 < sizeof prefixes / sizeof prefixes[0]) {
        v /= 1000;
        i++;
    }
    const char *gap = *prefixes[i] || (*unit && *unit != '/') ? " " : "";
    int decimals = (i == 0 && v == floor(v)) || fabs(v) >= 99.95 ? 0 : 1;
    (void)snprintf(out, n, "%.*f%s%s%s", decimals, v, gap, prefixes[i], unit);
    return out;
}

char *unit_short(double v, char *out, size_t n)
{
    return scaled(v, "", out, n);
}

char *unit_rate(double per_s, char *out, size_t n)
{
    return scaled(per_s, "/s", out, n);
}

char *unit_bytes(double v, char *out, size_t n)
{
    return scaled(v, "B", out, n);
}

char *unit_bytes_rate(double v, char *out, size_t n)
{
    return scaled(v, "B/s", out, n);
}

char *unit_duration(double s, char *out, size_t n)
{
    if (isnan(s))
        return unknown(out, n);
    const char *sign = s < 0 ? "-" : "";
    s = fabs(s);
    long long whole = s < 59.95 || s >= 60 ? (s < 9e15 ? (long long)s : 9000000000000000LL) : 60;
    if (s == 0)
        (void)snprintf(out, n, "0 s");
    else if (s < 0.9995)
        (void)snprintf(out, n, "%s%.0f ms", sign, s * 1000);
    else if (s < 59.95)
        (void)snprintf(out, n, "%s%.1f s", sign, s);
    else if (whole < 3600)
        (void)snprintf(out, n, "%s%lld m %lld s", sign, whole / 60, whole % 60);
    else if (whole < 86400)
        (void)snprintf(out, n, "%s%lld h %lld m", sign, whole / 3600, whole % 3600 / 60);
    else
        (void)snprintf(out, n, "%s%lld d %lld h", sign, whole / 86400, whole % 86400 / 3600);
    return out;
}

static char *utc(int64_t wall_us, const char *format, char *out, size_t n)
{
    if (wall_us == UNKNOWN_INT)
        return unknown(out, n);
    time_t s = (time_t)(wall_us / 1000000);
    struct tm tm;
    if (!gmtime_r(&s, &tm) || !strftime(out, n, format, &tm))
        return unknown(out, n);
    return out;
}

char *unit_age(int64_t seconds, char *out, size_t n)
{
    if (seconds < 60)
        (void)snprintf(out, n, "%d s", (int)seconds);
    else if (seconds < 3600)
        (void)snprintf(out, n, "%d m", (int)(seconds / 60));
    else
        (void)unit_duration((double)seconds, out, n);
    return out;
}

char *unit_clock(int64_t wall_us, char *out, size_t n)
{
    return utc(wall_us, "%H:%M:%S", out, n);
}

char *unit_minute(int64_t wall_us, char *out, size_t n)
{
    return utc(wall_us, "%H:%M", out, n);
}

char *unit_day(int64_t wall_us, char *out, size_t n)
{
    return utc(wall_us, "%Y-%m-%d %H:%M:%S", out, n);
}
