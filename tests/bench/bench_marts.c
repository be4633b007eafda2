/*
 * make bench, its part about marts: one day of each at ten times the airline's data, beside the
 * straightforward SQL over the model's views (tests/bench/straightforward_*.sql) in the same run.
 *
 * The data is that of a folder ../shared with test data, when it is there, ten times with keys of
 * their own; it goes through raw and the model's load. The baseline runs without
 * nested loops: with them PostgreSQL 15 takes the views for a handful of rows and does not end
 * within minutes. It is given up after LIMIT_S and then counts as that long.
 *
 * bench_marts [--json] [NAME..]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/model/mart.h"
#include "tests/fixture/dwh.h"
#include "tests/fixture/fixture.h"

enum { TIMES = 10, RUNS = 2, LIMIT_S = 120, FILE_MAX = 1 << 16 };

#define AIRLINES "../shared/data/airlines"
#define DATE     "2025-11-05"

static struct {
    bool json;
    int failed;
    struct warehouse *w;
    struct marts *marts;
} bench;

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench: %s: %s\n", what, why);
    (void)fixture_stop();
    exit(1);
}

static void figure(const char *name, double seconds, double baseline, bool given_up)
{
    double ratio = baseline / seconds;
    bool ok = ratio > 1;
    bench.failed += !ok;
    if (bench.json)
        (void)printf("{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"s\",\"baseline\":%.3f,\"baseline_"
                     "is_at_least\":%s,\"ratio\":%.2f,\"reach\":\"> 1\",\"ok\":%s}\n",
                     name, seconds, baseline, given_up ? "true" : "false", ratio,
                     ok ? "true" : "false");
    else
        (void)printf("%-22s %8.2f s   straightforward SQL %s%.2f s   ratio %.1f   reach > 1   %s\n",
                     name, seconds, given_up ? "more than " : "", baseline, ratio,
                     ok ? "ok" : "NOT REACHED");
    (void)fflush(stdout);
}

/* ---- ten times the data ---- */

/* One line of a table as copy number g: keys that are digits get a place of their own. */
static void add_copy(struct buf *out, int table, const char *line, size_t n, int g)
{
    enum { FLIGHTS_APART = 10000 };
    const char *comma = memchr(line, ',', n);
    const char *second = memchr(comma + 1, ',', n - (size_t)(comma + 1 - line));
    if (table == GOLDEN_FLIGHTS) {
        buf_printf(out, "%d", atoi(line) + g * FLIGHTS_APART);
        buf_add(out, comma, n - (size_t)(comma - line));
    } else if (table == GOLDEN_TICKET_FLIGHTS) {
        buf_printf(out, "%d", g);
        buf_add(out, line + 1, (size_t)(comma - line));
        buf_printf(out, "%d", atoi(comma + 1) + g * FLIGHTS_APART);
        buf_add(out, second, n - (size_t)(second - line));
    } else { /* tickets: the passenger is another one */
        const char *third = memchr(second + 1, ',', n - (size_t)(second + 1 - line));
        buf_printf(out, "%d", g);
        buf_add(out, line + 1, (size_t)(third - line - 1));
        buf_printf(out, "%d", g);
        buf_add(out, third, n - (size_t)(third - line));
    }
    buf_ch(out, '\n');
}

static char *copies(int table, const char *csv)
{
    struct buf out;
    const char *first = strchr(csv, '\n') + 1;
    buf_init(&out, 0);
    buf_add(&out, csv, (size_t)(first - csv));
    for (int g = 0; g < TIMES; g++)
        for (const char *p = first; *p;) {
            size_t n = strcspn(p, "\n");
            add_copy(&out, table, p, n, g);
            p += n + (p[n] == '\n');
        }
    if (buf_failed(&out))
        die("ten times the data", "no memory");
    buf_ch(&out, '\0');
    return out.p;
}

static void fill(void)
{
    static const int grown[] = {GOLDEN_FLIGHTS, GOLDEN_TICKETS, GOLDEN_TICKET_FLIGHTS};
    struct golden_data d = {{NULL}};
    const struct dwh_server on = {fixture_odbc(), "postgresql", fixture_warehouse_conninfo()};
    (void)golden_read(AIRLINES, 0, &d);
    for (size_t i = 0; i < sizeof grown / sizeof grown[0]; i++) {
        char *more = copies(grown[i], d.csv[grown[i]]);
        free(d.csv[grown[i]]);
        d.csv[grown[i]] = more;
    }
    free(d.csv[GOLDEN_BOARDING_PASSES]); /* no mart reads them */
    d.csv[GOLDEN_BOARDING_PASSES] = NULL;
    dwh_fill(&on, &d);
    golden_free(&d);
}

/* ---- both sides ---- */

static double run_mart(const char *name, const struct script_value *values, int n)
{
    struct errbuf e;
    struct mart_result r;
    double best = 0;
    for (int i = 0; i < RUNS; i++) {
        if (mart_run(bench.w, marts_find(bench.marts, name), values, n, &r, &e))
            die(name, e.text);
        double seconds = (double)r.run_us / 1e6;
        best = i == 0 || seconds < best ? seconds : best;
    }
    return best;
}

static double run_baseline(const char *file, const char *table, int n, const char *const *params,
                           bool *given_up)
{
    static char text[FILE_MAX];
    char sql[200];
    struct errbuf e;
    FILE *f = fopen(file, "r");
    size_t length = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (!length)
        die(file, "cannot be read: run from the repository's root");
    text[length] = '\0';
    (void)fclose(f);
    (void)snprintf(sql, sizeof sql,
                   "CREATE TABLE IF NOT EXISTS straightforward.%s (LIKE presentation.%s)", table,
                   table);
    if (warehouse_exec(bench.w, "CREATE SCHEMA IF NOT EXISTS straightforward", 0, NULL, NULL, &e) ||
        warehouse_exec(bench.w, sql, 0, NULL, NULL, &e))
        die(file, e.text);
    if (warehouse_exec(bench.w, "SET enable_nestloop = off", 0, NULL, NULL, &e))
        die(file, e.text);
    int64_t began = clock_mono_us();
    enum err r = warehouse_exec(bench.w, text, n, params, NULL, &e);
    *given_up = r && !strcmp(e.sqlstate, "57014");
    if (r && !*given_up)
        die(file, e.text);
    double seconds = (double)(clock_mono_us() - began) / 1e6;
    struct errbuf second;
    if (warehouse_exec(bench.w, "SET enable_nestloop = on", 0, NULL, NULL, &second))
        die(file, second.text);
    return seconds;
}

/* Both say the same, or the comparison means nothing. */
static void same(const char *table, const char *columns)
{
    char sql[700];
    (void)snprintf(
        sql, sizeof sql,
        "SELECT count(*) FROM ((SELECT %s FROM presentation.%s EXCEPT ALL SELECT %s FROM "
        "straightforward.%s) UNION ALL (SELECT %s FROM straightforward.%s EXCEPT ALL "
        "SELECT %s FROM presentation.%s)) x",
        columns, table, columns, table, columns, table, columns, table);
    if (fixture_number(fixture_warehouse_conninfo(), sql))
        die(table, "mart and straightforward SQL differ");
}

static bool wanted(int argc, char **argv, const char *name)
{
    int names = 0;
    for (int i = 1; i < argc; i++) {
        names += argv[i][0] != '-';
        if (!strcmp(argv[i], name))
            return true;
    }
    return names == 0;
}

static void open_all(void)
{
    struct errbuf e;
    struct faults f;
    char limit[60];
    const struct warehouse_options o = {
        .odbc = fixture_odbc(), .dialect = "postgresql", .label = "bench"};
    bench.marts = marts_create();
    faults_init(&f);
    (void)snprintf(limit, sizeof limit, "SET statement_timeout = '%ds'", LIMIT_S);
    if (warehouse_open(&o, &bench.w, &e) ||
        marts_add_path(bench.marts, "config/airline/marts", &f, &e) || faults_check(&f, &e) ||
        warehouse_exec(bench.w, limit, 0, NULL, NULL, &e))
        die("marts", e.text);
}

int main(int argc, char **argv)
{
    static const char *const date[] = {DATE};
    const struct script_value day[] = {{"business_date", DATE}};
    bool traffic = wanted(argc, argv, "mart_airports_traffic");
    bool flyers = wanted(argc, argv, "mart_frequent_flyers");
    bool given_up = false;
    struct golden_data probe = {{NULL}};
    for (int i = 1; i < argc; i++)
        bench.json |= !strcmp(argv[i], "--json");
    if (!traffic && !flyers)
        return 0;
    if (!golden_read(AIRLINES, 0, &probe)) {
        (void)fprintf(stderr, "mart_*: skipped, no " AIRLINES "\n");
        return 0;
    }
    golden_free(&probe);
    if (fixture_start(FIXTURE_WAREHOUSE))
        return 1;
    fill();
    open_all();
    if (traffic) {
        double ours = run_mart("airports_traffic", day, 1);
        double theirs = run_baseline("tests/bench/straightforward_traffic.sql", "airports_traffic",
                                     1, date, &given_up);
        if (!given_up)
            same("airports_traffic", "flight_date, airport_code, linked_airport_code, flights_in, "
                                     "flights_out, passengers_in, passengers_out");
        figure("mart_airports_traffic", ours, theirs, given_up);
    }
    if (flyers) {
        double ours = run_mart("frequent_flyers", NULL, 0);
        double theirs = run_baseline("tests/bench/straightforward_flyers.sql", "frequent_flyers", 0,
                                     NULL, &given_up);
        if (!given_up)
            same("frequent_flyers", "passenger_id, passenger_name, flights_number, purchase_sum, "
                                    "home_airport, customer_group");
        figure("mart_frequent_flyers", ours, theirs, given_up);
    }
    warehouse_close(bench.w);
    marts_free(bench.marts);
    dwh_free();
    return fixture_stop() || bench.failed;
}
