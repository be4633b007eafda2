/* Cron: its notation, its words, and its fires against a model that looks at every minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/schedule/civil.h"
#include "backend/schedule/cron.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum { MINUTES_MAX = 9 * 24 * 60 };

static uint64_t seed = 42;

static uint64_t random_below(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

static int64_t utc(int year, int month, int day, int hour, int minute)
{
    return civil_to_days(year, month, day) * CIVIL_DAY_S + hour * 3600 + minute * 60;
}

static struct cron parsed(const char *text)
{
    struct cron c;
    struct errbuf e;
    if (cron_parse(text, &c, &e) != ERR_OK)
        fail_msg("%s: %s", text, e.text);
    return c;
}

static const struct zone *load(struct arena *a, const char *name)
{
    const struct zone *z;
    struct errbuf e;
    if (zone_load(name, a, &z, &e) != ERR_OK)
        fail_msg("%s", e.text);
    return z;
}

/* ---- notation ---- */

static void test_faults(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"61 * * * *", "minute: 61 is not within 0 to 59"},
        {"* 24 * * *", "hour: 24 is not within 0 to 23"},
        {"* * 0 * *", "day of month: 0 is not within 1 to 31"},
        {"* * * foo *", "month: `foo` is none: jan, .. dec, or a number"},
        {"* * * * xx", "day of week: `xx` is none: sun, .. sat, or a number"},
        {"x * * * *", "minute: `x` is no number"},
        {"* * * * 8", "day of week: 8 is not within 0 to 7"},
        {"* * * *", "4 fields, where five belong"},
        {"", "0 fields"},
        {"0 * * * * *", "6 fields, where five belong: minute, hour, day of month, month, day of "
                        "week (there are no seconds)"},
        {"*/0 * * * *", "minute: a step of 0"},
        {"*/ * * * *", "a step (/n) needs a number"},
        {"5-1 * * * *", "minute: the range 5-1 runs backwards: write 5-59,0-1"},
        {"1, * * * *", "minute: a number is missing"},
        {"1-2-3 * * * *", "minute: `-3` is too much"},
        {"-1 * * * *", "minute: a number is missing before `-1`"},
        {"* * L * *", "day of month: `L` is of other crons"},
        {"99999999999999999999 * * * *", "minute: 99999 is not within"},
        {"0 0 30 2 *", "it never fires: none of its months has a day 30"},
        {"0 0 31 4,6,9,11 *", "it never fires: none of its months has a day 31"},
        {"@dayly",
         "is none of @hourly, @daily, @weekly, @monthly, @yearly (did you mean `@daily`?)"},
        {"@reboot", "`@reboot` is none of @hourly"},
    };
    struct cron c;
    struct errbuf e;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (cron_parse(cases[i][0], &c, &e) != ERR_CONFIG)
            fail_msg("taken: %s", cases[i][0]);
        if (!strstr(e.text, cases[i][1]))
            fail_msg("`%s` says: %s", cases[i][0], e.text);
    }
}

static void test_notation(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"@hourly", "0 * * * *"},
        {"@daily", "0 0 * * *"},
        {"@midnight", "0 0 * * *"},
        {"@weekly", "0 0 * * 0"},
        {"@monthly", "0 0 1 * *"},
        {"@yearly", "0 0 1 1 *"},
        {"@annually", "0 0 1 1 *"},
        {"  5\t12  * * *  ", "5 12 * * *"},
        {"0 0 * jan,MAR-may mon-fri", "0 0 * 1,3-5 1-5"},
        {"0 0 * * 7", "0 0 * * 0"},
        {"0 0 * * fri-mon", "0 0 * * 5,6,0,1"},
        {"0 0 * * 5-7", "0 0 * * 5,6,0"},
        {"50/5 0 * * *", "50,55 0 * * *"},
        {"10-20/5,0 0 * * *", "0,10,15,20 0 * * *"},
    };
    for (size_t i = 0; i < COUNT(same); i++) {
        struct cron a = parsed(same[i][0]), b = parsed(same[i][1]);
        if (memcmp(&a, &b, sizeof a) != 0)
            fail_msg("%s is not %s", same[i][0], same[i][1]);
    }
    assert_true(parsed("5 12 * * *").fixed);
    assert_false(parsed("*/5 12 * * *").fixed);
    assert_false(parsed("5 * * * *").fixed);
}

static void test_words(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"*/5 * * * *", "every 5 minutes"},
        {"* * * * *", "every minute"},
        {"5 12 * * *", "at 12:05 every day"},
        {"5 0,12 * * *", "at 00:05 and 12:05 every day"},
        {"@hourly", "every hour at :00"},
        {"30 */6 * * *", "at 00:30, 06:30, 12:30 and 18:30 every day"},
        {"30 */2 * * *", "every 2 hours at :30"},
        {"@weekly", "at 00:00 on Sunday"},
        {"@monthly", "at 00:00 on day 1 of the month"},
        {"@yearly", "at 00:00 on day 1 of the month in January"},
        {"0 8 * * 1-5", "at 08:00 on Monday to Friday"},
        {"0 8 1,15 * 1", "at 08:00 on days 1 and 15 of the month or on Monday"},
        {"0 8 */2 * 1", "at 08:00 on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 "
                        "and 31 of the month if it is Monday"},
        {"*/15 9-17 * * 1-5", "every 15 minutes of hours 9-17 on Monday to Friday"},
        {"1,2,7 9-17 * * *", "at minute 1, 2 and 7 of hours 9-17"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cron c = parsed(cases[i][0]);
        struct buf b;
        buf_init(&b, 0);
        cron_describe(&c, &b);
        assert_string_equal(buf_cstr(&b), cases[i][1]);
        buf_free(&b);
    }
}

/* ---- known fires ---- */

static void assert_fires(const char *text, const struct zone *z, int64_t after, const int64_t *at,
                         size_t n)
{
    struct cron c = parsed(text);
    int64_t t = after;
    for (size_t i = 0; i < n; i++) {
        int64_t next = cron_next(&c, z, t);
        if (next != at[i])
            fail_msg("%s: fire %zu is %lld, not %lld", text, i, (long long)next, (long long)at[i]);
        if (i)
            assert_int_equal(cron_previous(&c, z, next), t);
        t = next;
    }
}

#define FIRES(text, z, after, ...)                                                                 \
    assert_fires(text, z, after, (const int64_t[]){__VA_ARGS__},                                   \
                 COUNT(((const int64_t[]){__VA_ARGS__})))

static void test_fires(void **state)
{
    (void)state;
    struct arena *a = arena_create(1 << 14);
    const struct zone *berlin = load(a, "Europe/Berlin"), *u = zone_utc();
    FIRES("5 12 * * *", u, utc(2026, 11, 28, 12, 5), utc(2026, 11, 29, 12, 5));
    FIRES("5 12 * * *", u, utc(2026, 11, 28, 12, 4), utc(2026, 11, 28, 12, 5));
    FIRES("0 0 29 2 *", u, utc(2026, 1, 1, 0, 0), utc(2028, 2, 29, 0, 0), utc(2032, 2, 29, 0, 0));
    FIRES("0 0 29 2 *", u, utc(2096, 3, 1, 0, 0), utc(2104, 2, 29, 0, 0)); /* 2100 is none */
    /* Either day is enough; with a * in one of them both must fit. */
    FIRES("0 0 13 * 5", u, utc(2026, 11, 6, 1, 0), utc(2026, 11, 13, 0, 0), utc(2026, 11, 20, 0, 0),
          utc(2026, 11, 27, 0, 0), utc(2026, 12, 4, 0, 0), utc(2026, 12, 11, 0, 0),
          utc(2026, 12, 13, 0, 0));
    FIRES("0 0 */31 * 5", u, utc(2026, 1, 1, 0, 0), utc(2026, 5, 1, 0, 0));
    /* Spring: 02:30 is skipped, at 03:00 = 01:00 UTC it is made up for; every hour has no 2. */
    FIRES("30 2 * * *", berlin, utc(2026, 3, 28, 0, 0), utc(2026, 3, 28, 1, 30),
          utc(2026, 3, 29, 1, 0), utc(2026, 3, 30, 0, 30));
    FIRES("10,50 2 * * *", berlin, utc(2026, 3, 28, 12, 0), utc(2026, 3, 29, 1, 0),
          utc(2026, 3, 30, 0, 10));
    FIRES("0 2,3 * * *", berlin, utc(2026, 3, 28, 12, 0), utc(2026, 3, 29, 1, 0),
          utc(2026, 3, 30, 0, 0));
    FIRES("30 * * * *", berlin, utc(2026, 3, 29, 0, 0), utc(2026, 3, 29, 0, 30),
          utc(2026, 3, 29, 1, 30));
    /* Autumn: 02:30 comes twice, at 00:30 and 01:30 UTC. */
    FIRES("30 2 * * *", berlin, utc(2026, 10, 24, 12, 0), utc(2026, 10, 25, 0, 30),
          utc(2026, 10, 26, 1, 30));
    FIRES("30 * * * *", berlin, utc(2026, 10, 25, 0, 0), utc(2026, 10, 25, 0, 30),
          utc(2026, 10, 25, 1, 30), utc(2026, 10, 25, 2, 30));
    /* Samoa's 30 December 2011 did not happen: its run is made up for, once. */
    FIRES("0 12 * * *", load(a, "Pacific/Apia"), utc(2011, 12, 29, 0, 0), utc(2011, 12, 29, 22, 0),
          utc(2011, 12, 30, 10, 0), utc(2011, 12, 30, 22, 0));
    arena_destroy(a);
}

static void test_ends(void **state)
{
    (void)state;
    struct cron c = parsed("@yearly");
    assert_int_equal(cron_next(&c, zone_utc(), INT64_MAX), INT64_MAX);
    assert_int_equal(cron_next(&c, zone_utc(), utc(9999, 6, 1, 0, 0)), INT64_MAX);
    assert_int_equal(cron_next(&c, zone_utc(), INT64_MIN), utc(1, 1, 1, 0, 0));
    assert_int_equal(cron_previous(&c, zone_utc(), INT64_MIN), INT64_MIN);
    assert_int_equal(cron_previous(&c, zone_utc(), utc(1, 1, 1, 0, 0)), INT64_MIN);
    assert_int_equal(cron_previous(&c, zone_utc(), INT64_MAX), utc(9999, 1, 1, 0, 0));
}

/* ---- the model ---- */

static bool fits(const struct cron *c, int64_t local)
{
    time_t t = local;
    struct tm tm;
    (void)gmtime_r(&t, &tm);
    bool day = c->days >> tm.tm_mday & 1, weekday = c->weekdays >> tm.tm_wday & 1;
    bool days = c->any_day || c->any_weekday ? day && weekday : day || weekday;
    return days && c->months >> (tm.tm_mon + 1) & 1 && c->hours >> tm.tm_hour & 1 &&
           c->minutes >> tm.tm_min & 1;
}

/* What the wall clock shows, by the C library, minute by minute. */
struct clock {
    int n;
    int64_t begin;
    int64_t local[MINUTES_MAX];
};

static void wind(struct clock *k, int64_t begin, int minutes)
{
    k->begin = begin;
    k->n = minutes;
    for (int i = 0; i < minutes; i++) {
        time_t t = begin + i * INT64_C(60);
        struct tm tm;
        (void)localtime_r(&t, &tm);
        k->local[i] = t + tm.tm_gmtoff;
    }
}

/* Fires as the header says them: a fixed schedule follows the highest time shown so far. */
static int model(const struct cron *c, const struct clock *k, int from, int64_t *out)
{
    int n = 0;
    int64_t highest = k->local[0];
    for (int i = 1; i < k->n; i++) {
        bool fires = false;
        if (!c->fixed)
            fires = fits(c, k->local[i]);
        for (; c->fixed && highest < k->local[i]; highest += 60)
            fires |= fits(c, highest + 60);
        if (fires && i >= from)
            out[n++] = k->begin + i * INT64_C(60);
    }
    return n;
}

static void random_field(char *out, size_t size, int min, int max, int odds_of_star)
{
    int a = min + (int)random_below((uint64_t)(max - min + 1));
    int b = min + (int)random_below((uint64_t)(max - min + 1));
    if (random_below(100) < (uint64_t)odds_of_star)
        (void)snprintf(out, size, "*");
    else
        switch (random_below(5)) {
        case 0:
            (void)snprintf(out, size, "*/%d", 1 + (int)random_below(20) % max);
            break;
        case 1:
            (void)snprintf(out, size, "%d-%d", a < b ? a : b, a < b ? b : a);
            break;
        case 2:
            (void)snprintf(out, size, "%d,%d", a, b);
            break;
        default:
            (void)snprintf(out, size, "%d", a);
        }
}

static bool random_cron(char *text, size_t size, struct cron *c)
{
    char f[5][32];
    struct errbuf e;
    random_field(f[0], sizeof f[0], 0, 59, 20);
    random_field(f[1], sizeof f[1], 0, random_below(2) ? 23 : 4, 30);
    random_field(f[2], sizeof f[2], 1, 31, 70);
    random_field(f[3], sizeof f[3], 1, 12, 80);
    random_field(f[4], sizeof f[4], 0, 6, 70);
    (void)snprintf(text, size, "%s %s %s %s %s", f[0], f[1], f[2], f[3], f[4]);
    return cron_parse(text, c, &e) == ERR_OK;
}

static void compare(const char *text, const struct cron *c, const struct zone *z,
                    const struct clock *k)
{
    static int64_t expected[MINUTES_MAX];
    const int settle = 2 * 24 * 60; /* so that the model's clock has seen what was before */
    int n = model(c, k, settle, expected);
    int64_t end = k->begin + k->n * INT64_C(60), at = k->begin + (settle - 1) * INT64_C(60);
    for (int i = 0; i < n; i++) {
        int64_t next = cron_next(c, z, at);
        if (next != expected[i])
            fail_msg("%s in %s after %lld: %lld, the model says %lld", text, zone_name(z),
                     (long long)at, (long long)next, (long long)expected[i]);
        at = next;
    }
    if (cron_next(c, z, at) < end)
        fail_msg("%s in %s after %lld: one more than the model", text, zone_name(z), (long long)at);
    at = end;
    for (int i = n - 1; i >= 0; i--) {
        int64_t before = cron_previous(c, z, at);
        if (before != expected[i])
            fail_msg("%s in %s before %lld: %lld, the model says %lld", text, zone_name(z),
                     (long long)at, (long long)before, (long long)expected[i]);
        at = before;
    }
    if (cron_previous(c, z, at) >= k->begin + settle * INT64_C(60))
        fail_msg("%s in %s before %lld: one more than the model", text, zone_name(z),
                 (long long)at);
}

static void test_against_model(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int year, month, day; /* the middle of the window */
    } cases[] = {
        {"UTC", 2026, 2, 28},
        {"Europe/Berlin", 2026, 3, 29},
        {"Europe/Berlin", 2026, 10, 25},
        {"Europe/Berlin", 2226, 10, 27},
        {"America/New_York", 2026, 3, 8},
        {"America/New_York", 2026, 11, 1},
        {"America/Sao_Paulo", 2018, 11, 4},  /* midnight is skipped */
        {"America/Sao_Paulo", 2018, 2, 18},  /* 23:00 comes twice */
        {"Australia/Lord_Howe", 2026, 4, 5}, /* half an hour */
        {"Australia/Lord_Howe", 2026, 10, 4},
        {"Antarctica/Troll", 2026, 3, 29}, /* two hours */
        {"Antarctica/Troll", 2026, 10, 25},
        {"Pacific/Apia", 2011, 12, 30}, /* a day */
        {"Africa/Casablanca", 2026, 3, 22},
        {"Asia/Kathmandu", 1986, 1, 1}, /* a quarter */
        {"America/Caracas", 2007, 12, 9},
        {"Europe/Dublin", 2026, 10, 25},
        {"Asia/Pyongyang", 2018, 5, 5},
        {"Pacific/Kwajalein", 1993, 8, 21},
    };
    static struct clock k;
    struct arena *a = arena_create(1 << 16);
    int compared = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct zone *z = load(a, cases[i].zone);
        assert_int_equal(setenv("TZ", cases[i].zone, 1), 0);
        tzset();
        wind(&k, utc(cases[i].year, cases[i].month, cases[i].day, 0, 0) - 4 * CIVIL_DAY_S,
             8 * 24 * 60);
        for (int n = 0; n < 150; n++) {
            char text[200];
            struct cron c;
            if (random_cron(text, sizeof text, &c)) {
                compare(text, &c, z, &k);
                compared++;
            }
        }
    }
    assert_true(compared > 2000);
    arena_destroy(a);
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults), cmocka_unit_test(test_notation),
        cmocka_unit_test(test_words),  cmocka_unit_test(test_fires),
        cmocka_unit_test(test_ends),   cmocka_unit_test(test_against_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
