#include "views/topic_from.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/base/clock.h"

/* "15m" ago in ms; -1 when it is none. */
static int64_t parse_ago(const char *text)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    char *end = NULL;
    long long n = strtoll(text, &end, 10);
    if (end == text || n < 0 || n > 1000000000 || !*end || end[1])
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (*end == units[i].unit)
            return n * units[i].ms;
    return -1;
}

/* Local time, or UTC with a Z behind; -1 when it is none. */
static int64_t parse_time(const char *text)
{
    static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
                                        "%Y-%m-%d %H:%M",    "%Y-%m-%d",          NULL};
    for (int i = 0; forms[i]; i++) {
        struct tm tm = {.tm_isdst = -1};
        const char *rest = strptime(text, forms[i], &tm);
        int64_t fraction = 0;
        if (!rest)
            continue;
        if (*rest == '.' && i < 2) {
            int64_t unit = 100;
            for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
                fraction += (*rest - '0') * unit;
        }
        if (!strcmp(rest, "Z"))
            return (int64_t)timegm(&tm) * 1000 + fraction;
        if (!*rest)
            return (int64_t)mktime(&tm) * 1000 + fraction;
    }
    return -1;
}

bool topic_from_parse(const char *text, int64_t now_ms, struct topic_from *out)
{
    size_t n = strlen(text);
    int64_t ms;
    if (!strcmp(text, "beginning")) {
        out->kind = TOPIC_FROM_BEGINNING;
    } else if (!strcmp(text, "end")) {
        out->kind = TOPIC_FROM_END;
    } else if (n > 0 && n < 19 && strspn(text, "0123456789") == n) {
        out->kind = TOPIC_FROM_OFFSET;
        out->value = strtoll(text, NULL, 10);
    } else if ((ms = parse_ago(text)) >= 0) {
        out->kind = TOPIC_FROM_TIME;
        out->value = now_ms - ms;
    } else if ((ms = parse_time(text)) >= 0) {
        out->kind = TOPIC_FROM_TIME;
        out->value = ms;
    } else {
        return false;
    }
    return true;
}

bool topic_from_parse_utc(const char *text, int64_t now_ms, struct topic_from *out)
{
    char utc[64];
    int n = snprintf(utc, sizeof utc, "%sZ", text);
    return (n < (int)sizeof utc && topic_from_parse(utc, now_ms, out)) ||
           topic_from_parse(text, now_ms, out);
}
