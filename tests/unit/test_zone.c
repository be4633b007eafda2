/* Time zones, against the C library's own reading of the same files, and the files' faults. */
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
#include "backend/schedule/zone.h"
#include "backend/schedule/zone_rule.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static uint64_t seed = 20261128;

static uint64_t random_below(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

static const struct zone *load(struct arena *a, const char *name)
{
    const struct zone *z;
    struct errbuf e;
    if (zone_load(name, a, &z, &e) != ERR_OK)
        fail_msg("%s", e.text);
    return z;
}

static int64_t utc(int year, int month, int day, int hour, int minute)
{
    return civil_to_days(year, month, day) * CIVIL_DAY_S + hour * 3600 + minute * 60;
}

/* ---- calendar ---- */

static void test_civil(void **state)
{
    (void)state;
    assert_int_equal(civil_to_days(1970, 1, 1), 0);
    assert_int_equal(civil_weekday(0), 4);
    for (int64_t day = -800000; day < 3000000; day += 1 + (int64_t)random_below(300)) {
        struct civil c = civil_from_days(day);
        assert_int_equal(civil_to_days(c.year, c.month, c.day), day);
        time_t t = day * CIVIL_DAY_S;
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        assert_int_equal(c.year, tm.tm_year + 1900);
        assert_int_equal(c.month, tm.tm_mon + 1);
        assert_int_equal(c.day, tm.tm_mday);
        assert_int_equal(civil_weekday(day), tm.tm_wday);
    }
    int64_t days;
    assert_true(civil_parse_date("2024-02-29", &days));
    assert_int_equal(days, civil_to_days(2024, 2, 29));
    static const char *const none[] = {"2023-02-29", "2024-13-01", "2024-1-1",  "2024-01-01 ",
                                       "2024/01/01", "",           "0000-01-01"};
    for (size_t i = 0; i < COUNT(none); i++)
        assert_false(civil_parse_date(none[i], &days));
}

/* ---- as the C library ---- */

static void use_zone(const char *name)
{
    assert_int_equal(setenv("TZ", name, 1), 0);
    tzset();
}

static void compare_at(const struct zone *z, int64_t at_s)
{
    time_t t = at_s;
    struct tm tm;
    assert_non_null(localtime_r(&t, &tm));
    struct zone_span s = zone_span_at(z, at_s);
    if (s.offset_s != tm.tm_gmtoff || strcmp(s.abbreviation, tm.tm_zone) != 0)
        fail_msg("%s at %lld: %d %s, the C library says %ld %s", zone_name(z), (long long)at_s,
                 s.offset_s, s.abbreviation, tm.tm_gmtoff, tm.tm_zone);
    assert_true(s.from_s <= at_s && at_s < s.to_s);
}

static void compare_zone(struct arena *a, const char *name)
{
    const struct zone *z = load(a, name);
    int64_t first = utc(1900, 1, 1, 0, 0), last = utc(2300, 1, 1, 0, 0);
    use_zone(name);
    for (int i = 0; i < 40; i++)
        compare_at(z, first + (int64_t)random_below((uint64_t)(last - first)));
    /* Every change up to 2045, from both sides; spans follow each other without a hole. */
    for (struct zone_span s = zone_span_at(z, first); s.to_s < utc(2045, 1, 1, 0, 0);) {
        struct zone_span next = zone_span_at(z, s.to_s);
        assert_int_equal(next.from_s, s.to_s);
        compare_at(z, s.to_s - 1);
        compare_at(z, s.to_s);
        s = next;
    }
}

static void test_all_zones(void **state)
{
    (void)state;
    char line[512];
    int n = 0;
    struct arena *a = arena_create(1 << 16);
    FILE *f = fopen("/usr/share/zoneinfo/tzdata.zi", "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char *save, *kind = strtok_r(line, " \n", &save), *word = strtok_r(NULL, " \n", &save);
        if (kind && strcmp(kind, "L") == 0)
            word = strtok_r(NULL, " \n", &save);
        if (kind && (strcmp(kind, "Z") == 0 || strcmp(kind, "L") == 0)) {
            compare_zone(a, word);
            arena_reset(a);
            n++;
        }
    }
    (void)fclose(f);
    arena_destroy(a);
    assert_true(n > 400);
    use_zone("UTC");
}

static void test_local_times(void **state)
{
    (void)state;
    struct arena *a = arena_create(1 << 14);
    const struct zone *berlin = load(a, "Europe/Berlin"), *apia = load(a, "Pacific/Apia");
    /* Plain; skipped: at the jump; twice: the first. */
    assert_int_equal(zone_from_local(berlin, utc(2026, 7, 1, 12, 0)), utc(2026, 7, 1, 10, 0));
    assert_int_equal(zone_from_local(berlin, utc(2026, 3, 29, 2, 30)), utc(2026, 3, 29, 1, 0));
    assert_int_equal(zone_from_local(berlin, utc(2026, 3, 29, 3, 0)), utc(2026, 3, 29, 1, 0));
    assert_int_equal(zone_from_local(berlin, utc(2026, 10, 25, 2, 30)), utc(2026, 10, 25, 0, 30));
    assert_int_equal(zone_from_local(berlin, utc(2026, 10, 25, 3, 0)), utc(2026, 10, 25, 2, 0));
    assert_int_equal(zone_from_local(berlin, utc(2200, 7, 1, 12, 0)), utc(2200, 7, 1, 10, 0));
    /* Samoa had no 30 December 2011. */
    assert_int_equal(zone_from_local(apia, utc(2011, 12, 30, 12, 0)), utc(2011, 12, 30, 10, 0));
    assert_int_equal(zone_to_local(apia, utc(2011, 12, 30, 10, 0)), utc(2011, 12, 31, 0, 0));
    struct zone_span winter = zone_span_at(berlin, utc(2026, 10, 25, 1, 0));
    assert_int_equal(winter.from_s, utc(2026, 10, 25, 1, 0));
    assert_int_equal(zone_seen_before(berlin, &winter), utc(2026, 10, 25, 3, 0));
    struct zone_span always = zone_span_at(zone_utc(), 0);
    assert_int_equal(zone_seen_before(zone_utc(), &always), INT64_MIN);
    arena_destroy(a);
}

/* ---- rules ---- */

static void test_rules(void **state)
{
    (void)state;
    static const char *const good[] = {"CET-1CEST,M3.5.0,M10.5.0/3",
                                       "UTC0",
                                       "<+0330>-3:30",
                                       "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                                       "IST-1GMT0,M10.5.0,M3.5.0/1",
                                       "EST5EDT,J60,J300/-167"};
    static const char *const bad[] = {"",
                                      "CE",
                                      "CET",
                                      "CET-1CEST",
                                      "CET-25",
                                      "CET-1x",
                                      "<+03-3",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.0,M10.5.0/3,",
                                      "CET-1CEST,J0,J365",
                                      "CET-1CEST,M3.5.0/168,M10.5.0",
                                      "AVERYLONGNAMEOFAZONE1"};
    struct zone_rule r;
    for (size_t i = 0; i < COUNT(good); i++)
        if (!zone_rule_parse(good[i], &r))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (zone_rule_parse(bad[i], &r))
            fail_msg("taken: %s", bad[i]);
    /* The C library reads the same notation. */
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(zone_rule_parse(good[i], &r));
        use_zone(good[i]);
        for (int k = 0; k < 2000; k++) {
            int64_t at = utc(1990, 1, 1, 0, 0) + (int64_t)random_below(UINT64_C(3600000000));
            time_t t = at;
            struct tm tm;
            struct zone_span s;
            assert_non_null(localtime_r(&t, &tm));
            zone_rule_span(&r, at, &s);
            if (s.offset_s != tm.tm_gmtoff)
                fail_msg("%s at %lld: %d, the C library says %ld", good[i], (long long)at,
                         s.offset_s, tm.tm_gmtoff);
        }
    }
    use_zone("UTC");
    /* Summer all year, as RFC 8536 writes it: one end is the next begin. */
    assert_true(zone_rule_parse("XXX3EDT4,0/0,J365/23", &r));
    for (int k = 0; k < 2000; k++) {
        struct zone_span s;
        zone_rule_span(&r, utc(1990, 1, 1, 0, 0) + k * INT64_C(500009), &s);
        assert_int_equal(s.offset_s, -4 * 3600);
    }
}

/* ---- faults ---- */

static void assert_fault(const char *name, const char *words)
{
    const struct zone *z;
    struct errbuf e;
    struct arena *a = arena_create(1 << 14);
    assert_int_equal(zone_load(name, a, &z, &e), ERR_CONFIG);
    assert_null(z);
    if (!strstr(e.text, words))
        fail_msg("`%s` is not in: %s", words, e.text);
    arena_destroy(a);
}

static void test_unknown_zones(void **state)
{
    (void)state;
    assert_fault("Europe/Berlim",
                 "`Europe/Berlim` is no time zone (did you mean `Europe/Berlin`?)");
    assert_fault("Europe", "is no time zone");
    assert_fault("../../etc/passwd", "is no time zone");
    assert_fault("/etc/localtime", "is no time zone");
    assert_fault("leapseconds", "does not begin with TZif");
    assert_fault("right/UTC", "time zone");
    assert_int_equal(setenv("TZDIR", "/nowhere", 1), 0);
    assert_fault("Europe/Berlin", "install the package tzdata (UTC works without)");
    struct errbuf e;
    const struct zone *z;
    assert_int_equal(zone_load("UTC", NULL, &z, &e), ERR_OK);
    assert_int_equal(unsetenv("TZDIR"), 0);
}

/* Every prefix and every changed byte of a file is either read or refused; never more. */
static void test_broken_files(void **state)
{
    (void)state;
    uint8_t bytes[8192];
    struct errbuf e;
    const struct zone *z;
    FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "re");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    struct arena *a = arena_create(1 << 16);
    assert_int_equal(zone_parse(bytes, n, "x", a, &z, &e), ERR_OK);
    for (size_t cut = 0; cut < n; cut++) {
        arena_reset(a);
        assert_int_equal(zone_parse(bytes, cut, "x", a, &z, &e), ERR_CONFIG);
    }
    for (int i = 0; i < 5000; i++) {
        size_t at = random_below(n);
        uint8_t was = bytes[at];
        bytes[at] = (uint8_t)random_below(256);
        arena_reset(a);
        if (zone_parse(bytes, n, "x", a, &z, &e) == ERR_OK) {
            struct zone_span s = zone_span_at(z, (int64_t)random_below(UINT64_C(1) << 33));
            assert_true(s.from_s < s.to_s);
        }
        bytes[at] = was;
    }
    arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_civil),         cmocka_unit_test(test_all_zones),
        cmocka_unit_test(test_local_times),   cmocka_unit_test(test_rules),
        cmocka_unit_test(test_unknown_zones), cmocka_unit_test(test_broken_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
