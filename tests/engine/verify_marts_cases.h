/*
 * verify's third layer, marts against a recomputation at the source: on real servers and the real
 * binary, with the airline's own model, marts and DAGs and a few hand-made rows. The includer sets
 * `on` and starts the servers. The cases are one story: each begins where the one before ended.
 */
#ifndef TESTS_VERIFY_MARTS_CASES_H
#define TESTS_VERIFY_MARTS_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queries/queries.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"

static struct {
    const char *name; /* of the database and topics: two programs share none */
    const char *odbc, *dialect, *conninfo;
    char *source;
    struct harness h;
} on;

/* Five days of flights between three airports, two of them far from UTC; the last day's are in the
 * air, and some of the day before are cancelled. P1 has got a new name, sums are often equal, P90
 * and up have no leg. */
static const char rows_sql[] =
    "INSERT INTO aircraft VALUES ('789', '{}', 14000);"
    "INSERT INTO airports VALUES ('AKL', 'Auckland', 'Auckland', 174.8, -37, 'Pacific/Auckland'), "
    "('LAX', 'Los Angeles', 'LA', -118.4, 33.9, 'America/Los_Angeles'), "
    "('LHR', 'Heathrow', 'London', -0.45, 51.5, 'Europe/London');"
    "INSERT INTO flights (flight_id, flight_no, scheduled_departure, scheduled_arrival, "
    "departure_airport, arrival_airport, status, aircraft_code, actual_departure, actual_arrival) "
    "SELECT d * 10 + k, 'F' || k, at, at + interval '9 hours', "
    "(ARRAY['AKL', 'LAX', 'LHR'])[1 + k % 3], (ARRAY['AKL', 'LAX', 'LHR'])[1 + (k + 1 + k / 3) % "
    "3], CASE WHEN gone THEN 'Cancelled' WHEN d = 0 THEN 'Departed' ELSE 'Arrived' END, '789', "
    "CASE WHEN NOT gone THEN at END, CASE WHEN NOT gone AND d > 0 THEN at + interval '9 hours' END "
    "FROM (SELECT d, k, date_trunc('day', now()) - d * interval '1 day' + k * interval '4 hours' - "
    "interval '1 day' AS at, d = 1 AND k = 4 AS gone FROM generate_series(0, 4) d, "
    "generate_series(0, 5) k) f;"
    "INSERT INTO bookings SELECT 'B' || i, now() - i * interval '1 hour', 100 FROM "
    "generate_series(1, 100) i;"
    "INSERT INTO tickets SELECT 'T' || i, 'B' || i, 'P' || i, 'Name ' || i FROM "
    "generate_series(1, 100) i;"
    "INSERT INTO tickets VALUES ('T0', 'B50', 'P1', 'Old name of 1');"
    "INSERT INTO ticket_flights SELECT 'T' || i, d * 10 + (i + d) % 6, 'Economy', 10 * (1 + i % 7) "
    "FROM generate_series(0, 89) i, generate_series(0, 4) d;";

static void source_run(const char *sql)
{
    free(fixture_sql(on.source, sql));
}

static void open_airline(void)
{
    char cwd[400];
    char extra[2000];
    char command[2000];
    assert_non_null(getcwd(cwd, sizeof cwd));
    on.source = strdup(fixture_database(on.name));
    assert_non_null(on.source);
    source_run(query_text("demo/schema"));
    source_run(rows_sql);
    (void)snprintf(extra, sizeof extra,
                   "load: {batch_ms: 300}\nmodel: model.yaml\nmarts: ['%s/config/airline/marts']\n"
                   "tests: ['%s/config/airline/tests']\ndags: ['%s/config/airline/dags']\n",
                   cwd, cwd, cwd);
    harness_init_on(&on.h, on.name, on.source, on.odbc, on.dialect, extra);
    (void)snprintf(
        command, sizeof command,
        "sed 's/^topic_prefix: .*/topic_prefix: %s/' config/airline/model.yaml > %s/model.yaml",
        on.name, on.h.dir);
    assert_int_equal(system(command), 0);
}

/* Runs `flightdeck batch ..`; its text, free(). */
static char *batch(int code, const char *option, const char *value)
{
    char *out = NULL;
    const char *const args[] = {"batch", option, value, NULL};
    int got = harness_run(&on.h, &out, args);
    if (got != code) {
        (void)fprintf(stderr, "%s\n", out); /* fail_msg cuts */
        fail_msg("batch %s %s: exit code %d, not %d", option ? option : "", value ? value : "", got,
                 code);
    }
    return out;
}

/* The line of the report's last block that begins with this mart. */
static void assert_mart(const char *out, const char *mart, const char *result)
{
    const char *block = strstr(out, "verify: source and marts\n");
    const char *line = block ? strstr(block, mart) : NULL;
    size_t n = line ? strcspn(line, "\n") : 0;
    if (!line || !memmem(line, n, result, strlen(result))) {
        (void)fprintf(stderr, "%s\n", out);
        fail_msg("no line of %s that says `%s`", mart, result);
    }
}

static void assert_has(const char *out, const char *words)
{
    if (!strstr(out, words)) {
        (void)fprintf(stderr, "%s\n", out);
        fail_msg("no `%s`", words);
    }
}

static void test_not_made_yet(void **state)
{
    (void)state;
    char *out = batch(0, "--refresh", "dwh");
    assert_mart(out, "airports_traffic", "not made yet");
    assert_mart(out, "frequent_flyers", "not made yet");
    free(out);
    out = batch(0, "--refresh", "none");
    assert_null(strstr(out, "source and marts"));
    free(out);
}

static void test_same_after_a_batch(void **state)
{
    (void)state;
    char *out = batch(0, "--backfill", "airports_traffic=4");
    assert_has(out, "tests of dwh:\n");
    assert_has(out, "  pass refresh.airports_have_time_zones, ");
    assert_mart(out, "airports_traffic", "  same");
    assert_mart(out, "frequent_flyers", "          100          100  ");
    assert_mart(out, "frequent_flyers", "  same");
    assert_has(out, "\nall tables are the same\n");
    free(out);
    assert_true(fixture_number(on.conninfo, "SELECT count(DISTINCT flight_date) FROM "
                                            "presentation.airports_traffic") >= 4);
    out = batch(0, "--json", NULL);
    assert_has(out, "\"marts\": [");
    assert_has(out, "\"mart_rows\": 100");
    free(out);
}

/* A value, a row too few, one too many, and one twice: all are named, on both sides. */
static void test_what_is_wrong_is_named(void **state)
{
    (void)state;
    char *out;
    free(fixture_sql(on.conninfo,
                     "CREATE TABLE presentation.kept AS SELECT * FROM presentation.frequent_flyers;"
                     "UPDATE presentation.frequent_flyers SET purchase_sum = purchase_sum + 0.01 "
                     "WHERE passenger_id = 'P7';"
                     "DELETE FROM presentation.frequent_flyers WHERE passenger_id = 'P8';"
                     "INSERT INTO presentation.frequent_flyers SELECT created_at, 'P0', "
                     "passenger_name, 1, 1, 'LAX', '5' FROM presentation.kept WHERE passenger_id = "
                     "'P9';"
                     "INSERT INTO presentation.frequent_flyers SELECT * FROM presentation.kept "
                     "WHERE passenger_id = 'P10'"));
    out = batch(4, "--refresh", "dwh");
    assert_mart(out, "airports_traffic", "  same");
    assert_mart(out, "frequent_flyers", "DIFFERS");
    assert_has(out, "frequent_flyers: 4 keys differ:\n");
    assert_has(out, "    key P0\n      source  (no such row)\n      mart    passenger_id=P0, ");
    assert_has(out, "    key P10\n      source  (no such row)\n      mart    passenger_id=P10, ");
    assert_has(out, "    key P7\n      source  purchase_sum=50.00\n      mart    "
                    "purchase_sum=50.01\n");
    assert_has(out, "    key P8\n      source  passenger_id=P8, ");
    assert_has(out, "DATA DIFFER\n");
    free(out);
    free(fixture_sql(on.conninfo,
                     "DELETE FROM presentation.frequent_flyers;"
                     "INSERT INTO presentation.frequent_flyers SELECT * FROM presentation.kept;"
                     "DROP TABLE presentation.kept;"
                     "UPDATE presentation.airports_traffic SET passengers_out = passengers_out + 1 "
                     "WHERE flight_date = (SELECT min(flight_date) FROM "
                     "presentation.airports_traffic) AND flights_out > 0"));
    out = batch(4, "--refresh", "dwh");
    assert_mart(out, "airports_traffic", "DIFFERS");
    assert_has(out, "      mart    passengers_out=");
    assert_mart(out, "frequent_flyers", "  same");
    free(out);
    free(fixture_sql(on.conninfo,
                     "UPDATE presentation.airports_traffic SET passengers_out = passengers_out - 1 "
                     "WHERE flight_date = (SELECT min(flight_date) FROM "
                     "presentation.airports_traffic) AND flights_out > 0"));
}

/* What nobody has refreshed since is not wrong, but said. */
static void test_stale_is_no_failure(void **state)
{
    (void)state;
    source_run("UPDATE ticket_flights SET amount = amount + 1 WHERE ticket_no = 'T5';"
               "UPDATE flights SET actual_departure = actual_departure - interval '1 day' WHERE "
               "flight_id = 21");
    char *out = batch(0, "--refresh", "dwh");
    assert_mart(out, "airports_traffic", "stale since 20");
    assert_mart(out, "frequent_flyers", "stale since 20");
    assert_has(out,
               "\n2 marts were not compared: airports_traffic (stale), frequent_flyers (stale)\n"
               "the tables that were compared are the same\n");
    free(out);
    out = batch(0, NULL, NULL);
    assert_mart(out, "airports_traffic", "  same");
    assert_mart(out, "frequent_flyers", "  same");
    free(out);
}

static atomic_bool ended;

static void *write_on(void *arg)
{
    (void)arg;
    for (int i = 1000; !atomic_load(&ended); i++) {
        char sql[1000];
        (void)snprintf(sql, sizeof sql,
                       "BEGIN; INSERT INTO bookings VALUES ('B%d', now(), 5);"
                       "INSERT INTO tickets VALUES ('T%d', 'B%d', 'P%d', 'Name %d');"
                       "INSERT INTO ticket_flights VALUES ('T%d', %d, 'Economy', 5); COMMIT;"
                       "DELETE FROM ticket_flights WHERE ticket_no = 'T%d'",
                       i, i, i, i % 90, i, i, 10 * (i % 5) + i % 6, i - 3);
        free(fixture_sql(on.source, sql));
    }
    return NULL;
}

/* Rows that change all the time, and back again, are not told as wrong; one that is wrong is. */
static void test_while_the_source_is_written_to(void **state)
{
    (void)state;
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_on, NULL), 0);
    for (int i = 0; i < 2; i++) {
        char *out = batch(0, NULL, NULL);
        assert_mart(out, "airports_traffic", "  same");
        assert_mart(out, "frequent_flyers", "  same");
        free(out);
    }
    free(fixture_sql(on.conninfo,
                     "CREATE FUNCTION presentation.spoil() RETURNS trigger LANGUAGE plpgsql AS $$ "
                     "BEGIN NEW.flights_number := 9; RETURN NEW; END $$;"
                     "CREATE TRIGGER spoil BEFORE INSERT ON presentation.frequent_flyers FOR EACH "
                     "ROW WHEN (NEW.passenger_id = 'P95') EXECUTE FUNCTION presentation.spoil()"));
    char *out = batch(4, NULL, NULL);
    atomic_store(&ended, true);
    (void)pthread_join(writer, NULL);
    assert_mart(out, "airports_traffic", "  same");
    assert_has(out,
               "frequent_flyers: 1 keys differ:\n    key P95\n      source  flights_number=0\n "
               "     mart    flights_number=9\n");
    free(out);
}

#define VERIFY_MARTS_CASES                                                                         \
    cmocka_unit_test(test_not_made_yet), cmocka_unit_test(test_same_after_a_batch),                \
        cmocka_unit_test(test_what_is_wrong_is_named), cmocka_unit_test(test_stale_is_no_failure), \
        cmocka_unit_test(test_while_the_source_is_written_to)

#endif
