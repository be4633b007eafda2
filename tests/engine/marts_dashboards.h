/* The ten dashboard queries, as they were handed down, through `flightdeck sql`; their answers from
 * the golden lines. Included by marts_cases.h. */
#ifndef TESTS_MARTS_DASHBOARDS_H
#define TESTS_MARTS_DASHBOARDS_H

#include <math.h>

#include "tests/fixture/harness.h"

static struct harness dashboards;

/* The rows of queries/dashboards/<name>.sql as CSV, without the header; free(). */
static char *panel(const char *name)
{
    char file[200];
    char *out = NULL;
    (void)snprintf(file, sizeof file, "queries/dashboards/%s.sql", name);
    int code = HARNESS_RUN(&dashboards, &out, "sql", "-f", file, "--csv");
    if (code)
        fail_msg("%s: exit code %d: %s", file, code, out);
    char *rows = strchr(out, '\n');
    assert_non_null(rows);
    memmove(out, rows + 1, strlen(rows + 1) + 1);
    return out;
}

static void panel_is(const char *name, const char *want)
{
    char *got = panel(name);
    if (strcmp(got, want) != 0)
        fail_msg("%s: `%s`, not `%s`", name, got, want);
    free(got);
}

static void panel_is_about(const char *name, double want)
{
    char *got = panel(name);
    if (fabs(strtod(got, NULL) - want) > 0.0001)
        fail_msg("%s: %s, not %f", name, got, want);
    free(got);
}

static const char *field(const char *line, int n, char *out, size_t size)
{
    while (n-- > 0)
        line = strchr(line, '|') + 1;
    (void)snprintf(out, size, "%.*s", (int)strcspn(line, "|"), line);
    return out;
}

/* Adds up numbers by a key: field `key` of each line, the sum of two fields. */
struct tally {
    char key[64];
    long long sum;
};

static int tally_up(const struct golden_lines *l, int key, int a, int b, struct tally *t)
{
    char name[64];
    char number[64];
    int n = 0;
    for (int i = 0; i < l->n; i++) {
        int k = 0;
        (void)field(l->items[i], key, name, sizeof name);
        while (k < n && strcmp(t[k].key, name) != 0)
            k++;
        if (k == n) {
            (void)snprintf(t[n].key, sizeof t[n].key, "%s", name);
            t[n++].sum = 0;
        }
        t[k].sum += atoll(field(l->items[i], a, number, sizeof number));
        t[k].sum += b < 0 ? 0 : atoll(field(l->items[i], b, number, sizeof number));
    }
    return n;
}

/* Each row "key,sum" of a panel is one of the tallies, and there are as many. */
static void panel_tallies(const char *name, const struct tally *t, int n)
{
    char *got = panel(name);
    char *save = NULL;
    int rows = 0;
    for (char *line = strtok_r(got, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *comma = strchr(line, ',');
        int k = 0;
        assert_non_null(comma);
        *comma = '\0';
        while (k < n && strcmp(t[k].key, line) != 0)
            k++;
        if (k == n || atoll(comma + 1) != t[k].sum)
            fail_msg("%s: %s has %s, not %lld", name, line, comma + 1, k < n ? t[k].sum : 0);
        rows++;
    }
    assert_int_equal(rows, n);
    free(got);
}

/* Cents of "1234.50". */
static long long cents_of(const char *line)
{
    char sum[64];
    (void)field(line, 3, sum, sizeof sum);
    return llround(strtod(sum, NULL) * 100);
}

static void check_airports(const struct golden_lines *traffic)
{
    enum { TALLIES = 2000 };
    struct tally *t = calloc(TALLIES, sizeof *t);
    char number[32];
    assert_non_null(t);
    (void)snprintf(number, sizeof number, "%d\n", traffic->n); /* each row once: as written */
    panel_is("airports_active", number);
    int airports = tally_up(traffic, 1, 5, 6, t);
    (void)snprintf(number, sizeof number, "%d\n", airports);
    panel_is("airports_active_meaning", number);
    panel_tallies("airports_share_of_passengers", t, airports);
    (void)tally_up(traffic, 1, 3, 4, t);
    panel_tallies("airports_share_of_flights", t, airports);
    /* by day: how many different airports */
    struct golden_lines days = {.n = traffic->n,
                                .items = calloc((size_t)traffic->n, sizeof(char *))};
    int kept = 0;
    for (int i = 0; i < traffic->n; i++) {
        bool same = kept && !strncmp(days.items[kept - 1], traffic->items[i], 14);
        char day[40];
        if (same) /* sorted by date and airport */
            continue;
        (void)snprintf(day, sizeof day, "%.14s|1", traffic->items[i]);
        days.items[kept++] = strdup(day);
    }
    days.n = kept;
    panel_tallies("airports_active_by_day", t, tally_up(&days, 0, 2, -1, t));
    golden_lines_free(&days);
    free(t);
}

static void check_passengers(const struct golden_lines *flyers)
{
    long long sum = 0;
    long long flights = 0;
    long long groups[5] = {0};
    static const char *const names[] = {"5", "10", "25", "50", "50+"};
    char text[128];
    char day[11];
    time_t now = time(NULL);
    (void)strftime(day, sizeof day, "%Y-%m-%d", gmtime(&now));
    for (int i = 0; i < flyers->n; i++) {
        long long c = cents_of(flyers->items[i]);
        sum += c;
        flights += atoll(field(flyers->items[i], 2, text, sizeof text));
        (void)field(flyers->items[i], 5, text, sizeof text);
        for (int g = 0; g < 5; g++)
            groups[g] += strcmp(text, names[g]) == 0 ? c : 0;
    }
    (void)snprintf(text, sizeof text, "%d\n", flyers->n);
    panel_is("passengers_unique", text);
    panel_is_about("passengers_average_purchase", (double)sum / 100 / flyers->n);
    panel_is_about("passengers_average_flights", (double)flights / flyers->n);
    (void)snprintf(text, sizeof text, "%s,%d\n", day, flyers->n);
    panel_is("passengers_unique_by_day", text);
    (void)snprintf(text, sizeof text, "%s,%lld.%02lld\n", day, sum / 100, sum % 100);
    panel_is("passengers_revenue_by_day", text);
    char *got = panel("passengers_groups_share");
    for (int g = 0; g < 5; g++) {
        (void)snprintf(text, sizeof text, "%s,%lld.%02lld\n", names[g], groups[g] / 100,
                       groups[g] % 100);
        char *at = strstr(got, text);
        if (!at || (at > got && at[-1] != '\n'))
            fail_msg("passengers_groups_share has no %s: %s", text, got);
    }
    free(got);
}

#endif
