/* The cases of the two marts; the includer sets `on` and starts the servers. */
#ifndef TESTS_MARTS_CASES_H
#define TESTS_MARTS_CASES_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/model/datatest.h"
#include "backend/model/mart.h"
#include "tests/fixture/dwh.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/golden_marts.h"

static struct {
    const char *dialect;
    const char *odbc;
    const char *conninfo; /* the database behind it */
    struct warehouse *w;
    struct marts *marts;
} on;

static struct errbuf err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        if (call)                                                                                  \
            fail_msg("line %d: %s: %s: %s", __LINE__, #call, err_word(err.code), err.text);        \
    } while (0)

#define AIRLINES "../shared/data/airlines"

static struct warehouse *connect_one(void)
{
    struct warehouse *w = NULL;
    const struct warehouse_options o = {.odbc = on.odbc, .dialect = on.dialect, .label = "test"};
    OK(warehouse_open(&o, &w, &err));
    return w;
}

/* All rows of a result: cells with '|' between, "" for NULL; free(). */
static char *rows_of(const char *sql)
{
    struct warehouse_rows *rows;
    const struct cell *cells;
    struct buf b;
    enum err r;
    buf_init(&b, 0);
    OK(warehouse_query(on.w, sql, 0, NULL, &rows, &err));
    int n = warehouse_rows_columns(rows, NULL);
    while (!(r = warehouse_rows_next(rows, &cells, &err))) {
        for (int i = 0; i < n; i++) {
            if (i)
                buf_ch(&b, '|');
            if (cells[i].kind == CELL_TEXT)
                buf_add(&b, cells[i].p, cells[i].len);
        }
        buf_ch(&b, '\n');
    }
    if (r != ERR_NOT_FOUND)
        fail_msg("%s: %s", sql, err.text);
    warehouse_rows_close(rows);
    char *text = strdup(buf_cstr(&b));
    buf_free(&b);
    return text;
}

static void assert_rows(const char *sql, const char *want)
{
    char *got = rows_of(sql);
    assert_string_equal(got, want);
    free(got);
}

#define TRAFFIC_COLUMNS                                                                            \
    "flight_date, airport_code, linked_airport_code, flights_in, flights_out, passengers_in, "     \
    "passengers_out"
#define TRAFFIC                                                                                    \
    "SELECT " TRAFFIC_COLUMNS " FROM presentation.airports_traffic ORDER BY " TRAFFIC_COLUMNS
#define FLYERS                                                                                     \
    "SELECT passenger_id, passenger_name, flights_number, purchase_sum, home_airport, "            \
    "customer_group FROM presentation.frequent_flyers ORDER BY passenger_id"

static struct mart_result run_mart_at(const char *name, const char *created_at, const char *key,
                                      const char *value)
{
    struct mart_result result = {.inserted = -1};
    const struct script_value values[] = {{"created_at", created_at}, {key, value}};
    OK(mart_run(on.w, marts_find(on.marts, name), values, key ? 2 : 1, &result, &err));
    return result;
}

static struct mart_result traffic(const char *date, const char *created_at)
{
    return run_mart_at("airports_traffic", created_at, "business_date", date);
}

/* ---- the small airline ---- */

/* Auckland is 13 hours before, Los Angeles 8 hours behind UTC; flights cross midnight both ways.
 * Passenger P1 has got a new name; P2 and P3 have paid the same; P4's only flight is cancelled; P5
 * is on a leg that is in the air; P6 has no leg. */
static struct golden_data small_airline(void)
{
    const struct golden_data texts = {{
        [GOLDEN_AIRPORTS] =
            "airport_code,airport_name,city,coordinates_lon,coordinates_lat,timezone\n"
            "AKL,Auckland,Auckland,174.8,-37,Pacific/Auckland\n"
            "LAX,\"Los \"\"A\"\"\",LA,-118.4,33.9,America/Los_Angeles\n"
            "LHR,Heathrow,London,-0.45,51.5,Europe/London\n",
        [GOLDEN_AIRCRAFT] = "aircraft_code,model,range\n789,{},14000\n",
        [GOLDEN_FLIGHTS] =
            "flight_id,flight_no,scheduled_departure,scheduled_arrival,departure_airport,"
            "arrival_airport,status,aircraft_code,actual_departure,actual_arrival\n"
            "1,F1,2025-11-10 12:00:00+00,2025-11-11 01:00:00+00,AKL,LAX,Arrived,789,"
            "2025-11-10 12:30:00+00,2025-11-11 01:00:00+00\n"
            "2,F2,2025-11-11 06:00:00+00,2025-11-11 17:00:00+00,LAX,LHR,Departed,789,"
            "2025-11-11 06:30:00+00,\n"
            "3,F3,2025-11-11 10:00:00+00,2025-11-12 10:00:00+00,LHR,AKL,Cancelled,789,,\n"
            "4,F4,2025-11-12 10:00:00+00,2025-11-12 21:00:00+00,LHR,LAX,Scheduled,789,,\n"
            "5,F5,2025-11-09 20:00:00+00,2025-11-10 20:00:00+00,LHR,AKL,Arrived,789,"
            "2025-11-09 23:59:59.999999+00,2025-11-10 23:00:00+00\n"
            "6,F6,2025-11-10 12:00:00+00,2025-11-11 01:00:00+00,AKL,LAX,Arrived,789,"
            "2025-11-10 12:40:00+00,2025-11-11 07:59:59+00\n",
        [GOLDEN_BOOKINGS] = "book_ref,book_date,total_amount\n"
                            "B1,2025-10-01 00:00:00+00,500.00\n"
                            "B2,2025-10-02 00:00:00.5+00,999.00\n",
        [GOLDEN_TICKETS] = "ticket_no,book_ref,passenger_id,passenger_name,contact_data\n"
                           "T1,B2,P1,Ann New,\"{\"\"phone\"\": \"\"1\"\"}\"\n"
                           "T2,B1,P1,Ann Old,\n"
                           "T3,B1,P2,Bob,\n"
                           "T4,B1,P3,Eve,\n"
                           "T5,B1,P4,Dan,\"{}\"\n"
                           "T6,B2,P5,Kim,\n"
                           "T7,B2,P6,\"Lee, Jr\",\n"
                           "T8,B2,P1,Ann Newest,\n",
        [GOLDEN_TICKET_FLIGHTS] = "ticket_no,flight_id,fare_conditions,amount\n"
                                  "T1,1,Economy,100.10\nT2,2,Economy,50.00\nT3,1,Economy,70.00\n"
                                  "T4,4,Economy,70.00\nT5,3,Economy,900.00\nT6,2,Economy,20.00\n"
                                  "T8,3,Economy,5.00\n",
    }};
    struct golden_data copy = {{NULL}};
    for (int i = 0; i < GOLDEN_TABLES; i++)
        copy.csv[i] = texts.csv[i] ? strdup(texts.csv[i]) : NULL;
    return copy;
}

static void fill_with(const struct golden_data *d)
{
    const struct dwh_server server = {on.odbc, on.dialect, on.conninfo};
    dwh_fill(&server, d);
}

static struct golden_data fill_small(void)
{
    struct golden_data d = small_airline();
    fill_with(&d);
    return d;
}

static void compare_traffic_with(const char *what, const struct golden_data *d)
{
    struct golden_lines want = golden_traffic(d);
    char *text = rows_of(TRAFFIC);
    struct golden_lines got = golden_lines_of(text);
    golden_compare(what, &want, &got);
    free(text);
    golden_lines_free(&want);
    golden_lines_free(&got);
}

static void compare_flyers_with(const char *what, const struct golden_data *d, bool flown_only)
{
    struct golden_lines want = golden_flyers(d, flown_only);
    char *text = rows_of(FLYERS);
    struct golden_lines got = golden_lines_of(text);
    golden_compare(what, &want, &got);
    free(text);
    golden_lines_free(&want);
    golden_lines_free(&got);
}

static void test_traffic_small(void **state)
{
    (void)state;
    struct golden_data d = fill_small();
    assert_int_equal(traffic("2025-11-09", "2026-01-01 00:00:01+00").inserted, 1);
    (void)traffic("2025-11-10", "2026-01-01 00:00:02+00");
    assert_rows(TRAFFIC, "2025-11-09|LHR|AKL|0|1|0|0\n"
                         "2025-11-10|LAX|AKL|2|0|2|0\n"
                         "2025-11-10|LAX|LHR|0|1|0|2\n");
    (void)traffic("2025-11-11", "2026-01-01 00:00:03+00");
    (void)traffic("2025-11-12", "2026-01-01 00:00:04+00");
    compare_traffic_with("airports_traffic, small", &d);
    /* again: the same rows, only the asked-for date is new */
    struct mart_result again = traffic("2025-11-10", "2026-01-01 00:00:05+00");
    assert_int_equal(again.deleted, 2);
    assert_int_equal(again.inserted, 2);
    compare_traffic_with("airports_traffic, small, again", &d);
    assert_rows("SELECT DISTINCT flight_date FROM presentation.airports_traffic WHERE created_at = "
                "CAST('2026-01-01 00:00:05+00' AS TIMESTAMPTZ)",
                "2025-11-10\n");
    golden_free(&d);
}

/* Runs the business date 2025-11-12 (which has no row) and tells which dates were made anew. */
static char *remade(const char *created_at)
{
    char sql[300];
    (void)traffic("2025-11-12", created_at);
    (void)snprintf(
        sql, sizeof sql,
        "SELECT DISTINCT flight_date FROM presentation.airports_traffic WHERE created_at "
        "= CAST('%s' AS TIMESTAMPTZ) ORDER BY flight_date",
        created_at);
    return rows_of(sql);
}

static void assert_remade(const char *created_at, const char *want)
{
    char *got = remade(created_at);
    assert_string_equal(got, want);
    free(got);
}

static void run_small_dates(void)
{
    static const char *const dates[] = {"2025-11-09", "2025-11-10", "2025-11-11", "2025-11-12"};
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++)
        (void)traffic(dates[i], "2026-01-01 00:00:00+00");
}

static void test_late_changes(void **state)
{
    (void)state;
    struct golden_data d = fill_small();
    run_small_dates();
    assert_remade("2026-01-02 00:00:00+00", "");
    /* Flight 1 did not land at 17:00 on the 10th in Los Angeles but at 01:00 on the 11th. */
    dwh_change("flights", "actual_arrival", "1", "2025-11-11 09:00:00+00");
    assert_remade("2026-01-02 00:00:01+00", "2025-11-10\n2025-11-11\n");
    assert_rows(TRAFFIC, "2025-11-09|LHR|AKL|0|1|0|0\n"
                         "2025-11-10|LAX|AKL|1|0|0|0\n"
                         "2025-11-10|LAX|LHR|0|1|0|2\n"
                         "2025-11-11|AKL|LAX|0|2|0|2\n"
                         "2025-11-11|AKL|LHR|1|0|0|0\n"
                         "2025-11-11|LAX|AKL|1|0|2|0\n");
    /* back again; then nothing has changed */
    dwh_change("flights", "actual_arrival", "1", "2025-11-11 01:00:00+00");
    assert_remade("2026-01-02 00:00:02+00", "2025-11-10\n2025-11-11\n");
    compare_traffic_with("airports_traffic, back again", &d);
    assert_remade("2026-01-02 00:00:03+00", "");
    /* to and fro between two runs: no date is another one */
    dwh_change("flights", "actual_arrival", "1", "2025-11-11 09:00:00+00");
    dwh_change("flights", "actual_arrival", "1", "2025-11-11 01:00:00+00");
    assert_remade("2026-01-02 00:00:04+00", "");
    /* a change of what no mart shows */
    dwh_change("flights", "status", "1", "Departed");
    assert_remade("2026-01-02 00:00:05+00", "");
    /* within the same date */
    dwh_change("flights", "actual_departure", "5", "2025-11-09 22:00:00+00");
    assert_remade("2026-01-02 00:00:06+00", "");
    golden_free(&d);
}

static void test_late_changes_of_other_kinds(void **state)
{
    (void)state;
    struct golden_data d = fill_small();
    run_small_dates();
    /* one more ticket, then one given back: both dates of the flight */
    dwh_sell("T7", "1", "10.00");
    assert_remade("2026-01-03 00:00:01+00", "2025-11-10\n2025-11-11\n");
    dwh_delete("ticket_flights", "ticket_no = 'T3' AND flight_id = 1");
    assert_remade("2026-01-03 00:00:02+00", "2025-11-10\n2025-11-11\n");
    assert_rows("SELECT passengers_in FROM presentation.airports_traffic WHERE flight_date = "
                "CAST('2025-11-10' AS DATE) AND flights_in > 0",
                "2\n");
    /* a ticket of a flight that has not happened */
    dwh_sell("T7", "4", "10.00");
    assert_remade("2026-01-03 00:00:03+00", "");
    /* a flight that never was: the 9th is empty then, and has no row that says so */
    dwh_delete("flights", "flight_id = 5");
    assert_remade("2026-01-03 00:00:04+00", "2025-11-11\n");
    assert_rows("SELECT COUNT(*) FROM presentation.airports_traffic WHERE flight_date = "
                "CAST('2025-11-09' AS DATE)",
                "0\n");
    dwh_undelete("flights", "flight_id = 5");
    assert_remade("2026-01-03 00:00:05+00", "2025-11-09\n2025-11-11\n");
    /* flight 5 went from Los Angeles, where its departure is 15:59 of the same day */
    dwh_change("flights", "departure_airport", "5", "LAX");
    assert_remade("2026-01-03 00:00:06+00", "2025-11-09\n2025-11-11\n");
    assert_rows("SELECT airport_code FROM presentation.airports_traffic WHERE flight_date = "
                "CAST('2025-11-09' AS DATE)",
                "LAX\n");
    /* an airport's zone is corrected: 01:30 at Auckland is half past noon of the 10th in London */
    dwh_change("airports", "timezone", "AKL", "Europe/London");
    assert_remade("2026-01-03 00:00:07+00", "2025-11-10\n");
    assert_rows("SELECT flight_date FROM presentation.airports_traffic WHERE airport_code = 'AKL' "
                "AND flights_out > 0",
                "2025-11-10\n");
    golden_free(&d);
}

/* The warehouse's clock was a day ahead until now: what is loaded after it was set right is behind
 * the mart's marks all the same, change by change. */
static void test_the_clock_steps_back(void **state)
{
    (void)state;
    struct golden_data d = fill_small();
    free(fixture_sql(on.conninfo,
                     "DO $$ DECLARE t text; BEGIN FOR t IN SELECT table_name FROM "
                     "information_schema.columns JOIN information_schema.tables USING "
                     "(table_schema, table_name) WHERE table_schema = 'dwh' AND column_name = "
                     "'_created_at' AND table_type = 'BASE TABLE' LOOP EXECUTE format('UPDATE "
                     "dwh.%I SET _created_at = _created_at + interval ''1 day''', t); END LOOP; "
                     "END $$"));
    run_small_dates();
    dwh_change("flights", "actual_arrival", "1", "2025-11-11 09:00:00+00");
    assert_remade("2026-01-04 00:00:01+00", "2025-11-10\n2025-11-11\n");
    dwh_change("flights", "actual_arrival", "1", "2025-11-11 01:00:00+00");
    assert_remade("2026-01-04 00:00:02+00", "2025-11-10\n2025-11-11\n");
    assert_remade("2026-01-04 00:00:03+00", "");
    compare_traffic_with("airports_traffic, the clock set back", &d);
    golden_free(&d);
}

/* A flight of a date that nobody has asked for yet is not shown early; a date between is caught up
 * with. */
static void test_dates_that_are_not_over(void **state)
{
    (void)state;
    struct golden_data d = fill_small();
    (void)traffic("2025-11-09", "2026-01-01 00:00:00+00");
    dwh_change("flights", "actual_arrival", "6", "2025-11-11 06:00:00+00");
    (void)traffic("2025-11-09", "2026-01-01 00:00:01+00");
    assert_rows("SELECT MAX(flight_date) FROM presentation.airports_traffic", "2025-11-09\n");
    (void)traffic("2025-11-11", "2026-01-01 00:00:02+00");
    dwh_change("flights", "actual_arrival", "1", "2025-11-11 01:00:01+00");
    (void)traffic("2025-11-12", "2026-01-01 00:00:03+00");
    assert_rows("SELECT MAX(flight_date) FROM presentation.airports_traffic", "2025-11-11\n");
    golden_free(&d);
}

static void test_flyers_small(void **state)
{
    (void)state;
    struct golden_data d = fill_small();
    const char *today = "2026-01-05 12:05:00+00";
    assert_int_equal(run_mart_at("frequent_flyers", today, NULL, NULL).inserted, 6);
    assert_rows(FLYERS, "P1|Ann Newest|2|150.10|LAX|5\n"
                        "P2|Bob|1|70.00|AKL|25\n"
                        "P3|Eve|1|70.00|LAX|25\n"
                        "P4|Dan|0|0.00||50+\n"
                        "P5|Kim|1|20.00|LAX|50+\n"
                        "P6|Lee, Jr|0|0.00||50+\n");
    compare_flyers_with("frequent_flyers, small", &d, false);
    /* again on the same day: replaced; the next day: added; flown_only: without flight 4 */
    assert_int_equal(run_mart_at("frequent_flyers", "2026-01-05 23:59:59+00", NULL, NULL).deleted,
                     6);
    compare_flyers_with("frequent_flyers, small, again", &d, false);
    assert_int_equal(
        run_mart_at("frequent_flyers", "2026-01-06 00:00:00+00", "flown_only", "true").deleted, 0);
    assert_rows("SELECT COUNT(*) FROM presentation.frequent_flyers", "12\n");
    assert_rows("SELECT flights_number, purchase_sum FROM presentation.frequent_flyers WHERE "
                "passenger_id = 'P3' ORDER BY created_at",
                "1|70.00\n0|0.00\n");
    /* days that are older than keep_days go */
    assert_int_equal(
        run_mart_at("frequent_flyers", "2026-01-07 00:00:00+00", "keep_days", "1").deleted, 6);
    golden_free(&d);
}

/* What changed later: a renamed passenger (known to be one by a change of the ticket), a flight
 * that is cancelled, a ticket that is gone. */
static void test_flyers_after_changes(void **state)
{
    (void)state;
    struct golden_data d = fill_small();
    dwh_change("tickets", "passenger_name", "T3", "Bob Senior");
    dwh_change("flights", "status", "4", "Cancelled");
    dwh_delete("ticket_flights", "ticket_no = 'T3' AND flight_id = 1");
    (void)run_mart_at("frequent_flyers", "2026-01-05 12:05:00+00", NULL, NULL);
    assert_rows(FLYERS, "P1|Ann Newest|2|150.10|LAX|5\n"
                        "P2|Bob Senior|0|0.00||50\n"
                        "P3|Eve|0|0.00||50\n"
                        "P4|Dan|0|0.00||50\n"
                        "P5|Kim|1|20.00|LAX|25\n"
                        "P6|Lee, Jr|0|0.00||50\n");
    golden_free(&d);
}

static void test_an_empty_model(void **state)
{
    (void)state;
    struct golden_data none = {{NULL}};
    fill_with(&none);
    assert_int_equal(traffic("2025-11-09", "2026-01-01 00:00:00+00").inserted, 0);
    assert_int_equal(run_mart_at("frequent_flyers", "2026-01-01 00:00:00+00", NULL, NULL).inserted,
                     0);
}

#include "tests/engine/marts_dashboards.h"

/* ---- the airline's data ---- */

/* Days from the last departure of the data to today. */
static int shift_to_today(void)
{
    enum { DAY = 86400 };
    struct tm last = {.tm_year = 2025 - 1900, .tm_mon = 10, .tm_mday = 11};
    return (int)(time(NULL) / DAY - timegm(&last) / DAY);
}

static void test_the_airlines_data(void **state)
{
    (void)state;
    struct golden_data d = {{NULL}};
    if (!golden_read(AIRLINES, shift_to_today(), &d)) {
        print_message("skipped: no " AIRLINES "\n");
        skip();
    }
    fill_with(&d);
    struct golden_lines want = golden_traffic(&d);
    char date[11] = "";
    int64_t rows = 0;
    for (int i = 0; i < want.n; i++) { /* each date once */
        if (!strncmp(date, want.items[i], sizeof date - 1))
            continue;
        memcpy(date, want.items[i], sizeof date - 1);
        rows += traffic(date, "2026-01-01 00:00:00+00").inserted;
    }
    assert_int_equal(rows, want.n);
    compare_traffic_with("airports_traffic", &d);
    (void)run_mart_at("frequent_flyers", "now", "flown_only", "true");
    compare_flyers_with("frequent_flyers, flown only", &d, true);
    (void)run_mart_at("frequent_flyers", "now", NULL, NULL);
    compare_flyers_with("frequent_flyers", &d, false);
    /* The dashboards on them: 73 airports; as it was handed down, the query counts rows (966 on the
     * dates of the files, where some local dates fall otherwise). */
    struct golden_lines flyers = golden_flyers(&d, false);
    harness_init_on(&dashboards, "dashboards", fixture_conninfo(), on.odbc, on.dialect, "");
    panel_is("airports_active_meaning", "73\n");
    check_airports(&want);
    check_passengers(&flyers);
    golden_lines_free(&flyers);
    golden_lines_free(&want);
    golden_free(&d);
}

/* ---- the module ---- */

/* A mart of one's own, from a folder. */
static void write_file(const char *name, const char *text)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", fixture_dir(), name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs(text, f);
    (void)fclose(f);
}

static enum err run_own(const char *sql, const struct script_value *values, int n)
{
    char path[600];
    struct faults f;
    struct marts *own = marts_create();
    faults_init(&f);
    write_file("own.sql", sql);
    write_file("own.yaml",
               "mart: own\ntable: presentation.own\nsql: own.sql\ncreate: make.sql\n"
               "parameters:\n  day: {type: date}\n  n: {type: integer, default: '7'}\n");
    write_file("make.sql", "CREATE TABLE IF NOT EXISTS presentation.own (day DATE, n INT)");
    (void)snprintf(path, sizeof path, "%s/own.yaml", fixture_dir());
    OK(marts_add_path(own, path, &f, &err));
    OK(faults_check(&f, &err));
    enum err r = mart_run(on.w, marts_at(own, 0), values, n, NULL, &err);
    marts_free(own);
    return r;
}

static void test_a_mart_of_ones_own(void **state)
{
    (void)state;
    static const char sql[] = "DELETE FROM presentation.own WHERE day = CAST(:day AS DATE);\n\n"
                              "INSERT INTO presentation.own\nSELECT CAST(:day AS DATE), CAST(:n AS "
                              "INT)";
    const struct script_value day[] = {{"day", "2025-11-09"}, {"n", "8"}, {"dya", "x"}};
    OK(run_own(sql, day, 1));
    OK(run_own(sql, day, 2));
    assert_rows("SELECT day, n FROM presentation.own", "2025-11-09|8\n");
    assert_int_equal(run_own(sql, day, 0), ERR_USAGE);
    assert_string_equal(err.text, "mart own: no value for `day` (a date (2026-11-28))");
    assert_int_equal(run_own(sql, day, 3), ERR_USAGE);
    assert_string_equal(err.text, "mart own has no parameter `dya`");
    const struct script_value wrong[] = {{"day", "9.11.2025"}};
    assert_int_equal(run_own(sql, wrong, 1), ERR_USAGE);
    assert_string_equal(err.text, "mart own: `day` is a date (2026-11-28), not `9.11.2025`");
}

static void test_an_sql_mistake(void **state)
{
    (void)state;
    const struct script_value day[] = {{"day", "2025-11-10"}, {"n", "9"}};
    /* the second statement fails: nothing of the first one stays */
    assert_int_equal(run_own("DELETE FROM presentation.own;\n-- why\nINSERT INTO presentation.own "
                             "SELECT CAST(:day AS DATE), nmae + CAST(:n AS INT) FROM "
                             "presentation.own",
                             day, 2),
                     ERR_SQL);
    assert_non_null(strstr(err.text, "mart own: own.sql:3: "));
    assert_non_null(strstr(err.text, "nmae"));
    assert_rows("SELECT day, n FROM presentation.own", "2025-11-09|8\n");
}

struct runner {
    pthread_t thread;
    struct warehouse *w;
    enum err result;
    struct errbuf e;
};

static void *run_traffic(void *arg)
{
    struct runner *r = arg;
    const struct script_value values[] = {{"business_date", "2025-11-12"}};
    for (int i = 0; i < 5 && !r->result; i++)
        r->result =
            mart_run(r->w, marts_find(on.marts, "airports_traffic"), values, 1, NULL, &r->e);
    return NULL;
}

/* Two at once, with late dates for both: each date is there once. */
static void test_two_runs_at_once(void **state)
{
    (void)state;
    struct runner two[2] = {{.w = NULL}};
    struct golden_data d = fill_small();
    run_small_dates();
    dwh_change("flights", "actual_arrival", "1", "2025-11-11 09:00:00+00");
    for (int i = 0; i < 2; i++) {
        two[i].w = connect_one();
        assert_int_equal(pthread_create(&two[i].thread, NULL, run_traffic, &two[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(two[i].thread, NULL);
        warehouse_close(two[i].w);
        if (two[i].result)
            fail_msg("%s", two[i].e.text);
    }
    assert_rows("SELECT COUNT(*) FROM (SELECT " TRAFFIC_COLUMNS
                " FROM presentation.airports_traffic GROUP BY " TRAFFIC_COLUMNS
                " HAVING COUNT(*) > 1) x",
                "0\n");
    assert_rows("SELECT COUNT(*) FROM presentation.airports_traffic", "6\n");
    golden_free(&d);
}

/* ---- data tests ---- */

static struct datatests *tests_of(const char *path)
{
    struct faults f;
    struct datatests *t = datatests_create();
    faults_init(&f);
    OK(datatests_add_path(t, path, &f, &err));
    OK(faults_check(&f, &err));
    return t;
}

/* "name status count" a line */
static void note(void *arg, const struct datatest *t, const struct datatest_result *r)
{
    buf_printf(arg, "%s %s %lld\n", t->name, datatest_status_word(r->status), (long long)r->count);
}

static void test_the_airlines_tests(void **state)
{
    (void)state;
    static const char *const groups[] = {
        "dwh", "raw", "presentation.airports_traffic", "refresh", "frequent_flyers", NULL};
    static const char *const wrong[] = {"dhw", NULL};
    struct datatest_summary sum;
    struct golden_data d = fill_small();
    struct datatests *t = tests_of("config/airline/tests");
    run_small_dates();
    (void)run_mart_at("frequent_flyers", "now", NULL, NULL);
    struct buf said;
    buf_init(&said, 0);
    OK(datatests_run(on.w, t, groups, note, &said, &sum, &err));
    /* nobody has boarded, and no seat is known */
    if (sum.passed != 29 || sum.warned != 2 || sum.failed)
        fail_msg("%d passed, %d warned:\n%s", sum.passed, sum.warned, buf_cstr(&said));
    buf_free(&said);
    /* a second snapshot row of a passenger, with a group that is none */
    OK(warehouse_exec(on.w,
                      "INSERT INTO presentation.frequent_flyers SELECT created_at, passenger_id, "
                      "passenger_name, flights_number, purchase_sum, home_airport, '7' FROM "
                      "presentation.frequent_flyers WHERE passenger_id = 'P2'",
                      0, NULL, NULL, &err));
    assert_int_equal(datatests_run(on.w, t, groups, NULL, NULL, &sum, &err), ERR_DATA);
    assert_int_equal(sum.failed, 2);
    assert_non_null(strstr(err.text, "2 tests fail; config/airline/tests/frequent_flyers.yaml:6: "
                                     "test frequent_flyers.unique.created_at.passenger_id: 1 row "
                                     "is wrong; created_at | passenger_id | rows_there:\n"));
    assert_non_null(strstr(err.text, " | P2 | 2"));
    assert_int_equal(datatests_run(on.w, t, wrong, NULL, NULL, &sum, &err), ERR_USAGE);
    assert_string_equal(err.text, "there is no test and no group `dhw` (did you mean `dwh`?)");
    datatests_free(t);
    golden_free(&d);
}

static const char own_tests[] =
    "table: presentation.things\ntests:\n"
    "  - not_null: [a, b]\n"
    "  - {not_null: b, where: a > 1, name: some, severity: warn}\n"
    "  - {unique: a}\n"
    "  - relationships: {column: a, to: presentation.others, field: a}\n"
    "  - accepted_values: {column: a, values: ['1', '2', \"it's\"]}\n"
    "  - {sql: 'SELECT b, a FROM presentation.things WHERE a > 90 ORDER BY a;', name: many}\n"
    "  - {freshness: {column: at, warn: 1 day}, name: fresh}\n"
    "  - {freshness: {column: ms, warn: 1 s, error: 2 days}, name: fresh_ms}\n"
    "  - {freshness: {column: at, warn: 1 s, error: 1 hour}, where: a < 0, name: none}\n";

static void test_tests_of_ones_own(void **state)
{
    (void)state;
    static const char *const many[] = {"many", NULL};
    char path[600];
    struct buf out;
    struct datatest_summary sum;
    struct datatest_result *r = malloc(sizeof *r);
    buf_init(&out, 0);
    assert_non_null(r);
    write_file("things.yaml", own_tests);
    (void)snprintf(path, sizeof path, "%s/things.yaml", fixture_dir());
    free(
        fixture_sql(on.conninfo,
                    "CREATE SCHEMA IF NOT EXISTS presentation;"
                    "DROP TABLE IF EXISTS presentation.things, presentation.others;"
                    "CREATE TABLE presentation.things AS SELECT g::bigint AS a, CASE WHEN g <> 2 "
                    "THEN 'x' || g || repeat('y', 100) END AS b, now() - interval '3 hours' AS at, "
                    "(extract(epoch from now() - interval '1 day') * 1000)::bigint AS ms FROM "
                    "generate_series(1, 100) g;"
                    "INSERT INTO presentation.things SELECT 1, 'z', NULL, NULL;"
                    "CREATE TABLE presentation.others AS SELECT g::bigint AS a FROM "
                    "generate_series(1, 97) g"));
    struct datatests *t = tests_of(path);
    assert_int_equal(datatests_run(on.w, t, NULL, note, &out, &sum, &err), ERR_DATA);
    assert_non_null(strstr(err.text, "5 tests fail; "));
    char *counts = strdup(buf_cstr(&out));
    char *age = strstr(counts, "fresh pass ");
    assert_non_null(age);
    assert_in_range(atoi(age + strlen("fresh pass ")), 3 * 3600 - 5, 3 * 3600 + 600);
    age = strstr(counts, "fresh_ms warn ");
    assert_non_null(age);
    assert_in_range(atoi(age + strlen("fresh_ms warn ")), 24 * 3600 - 5, 24 * 3600 + 600);
    *strstr(counts, "fresh pass ") = '\0';
    assert_string_equal(counts, "things.not_null.a.b fail 1\n"
                                "some warn 1\n"
                                "things.unique.a fail 1\n"
                                "things.relationships.a fail 3\n"
                                "things.accepted_values.a fail 98\n"
                                "many fail 10\n");
    assert_non_null(strstr(buf_cstr(&out), "none warn -1\n"));
    assert_int_equal(sum.passed, 1);
    assert_int_equal(sum.warned, 3);
    /* five rows are shown, long values cut */
    OK(datatest_run(on.w, datatests_find(t, "many"), r, &err));
    assert_int_equal(r->count, 10);
    assert_int_equal(r->n_rows, DATATEST_ROWS_SHOWN);
    assert_string_equal(r->header, "b | a");
    assert_string_equal(r->rows[0],
                        "x91yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy.. | 91");
    /* a statement that is none */
    free(fixture_sql(on.conninfo, "DROP TABLE presentation.things"));
    assert_int_equal(datatests_run(on.w, t, many, NULL, NULL, NULL, &err), ERR_SQL);
    assert_non_null(strstr(err.text, "things.yaml:8: test many: "));
    datatests_free(t);
    free(counts);
    free(r);
    buf_free(&out);
}

#include "tests/engine/dashboard_cases.h"

#define MARTS_CASES                                                                                \
    cmocka_unit_test(test_traffic_small), cmocka_unit_test(test_late_changes),                     \
        cmocka_unit_test(test_late_changes_of_other_kinds),                                        \
        cmocka_unit_test(test_the_clock_steps_back),                                               \
        cmocka_unit_test(test_dates_that_are_not_over), cmocka_unit_test(test_flyers_small),       \
        cmocka_unit_test(test_flyers_after_changes), cmocka_unit_test(test_an_empty_model),        \
        cmocka_unit_test(test_the_airlines_data), cmocka_unit_test(test_a_mart_of_ones_own),       \
        cmocka_unit_test(test_an_sql_mistake), cmocka_unit_test(test_two_runs_at_once),            \
        cmocka_unit_test(test_the_airlines_tests), cmocka_unit_test(test_tests_of_ones_own),       \
        DASHBOARD_CASES

/* Opens what the cases use; 0 or -1. */
static int marts_open(void)
{
    struct faults f;
    on.w = connect_one();
    on.marts = marts_create();
    faults_init(&f);
    if (marts_add_path(on.marts, "config/airline/marts", &f, &err) || faults_check(&f, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

static void marts_close(void)
{
    warehouse_close(on.w);
    marts_free(on.marts);
    dwh_free();
}

#endif
