/* The stack's servers and the fixture itself, on real servers. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <sql.h>
#include <sqlext.h>

#include "backend/base/clock.h"
#include "backend/stack/airline.h"
#include "backend/stack/process.h"
#include "backend/stack/simulate.h"
#include "backend/stack/stack.h"
#include "queries/queries.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/harness.h"

static int setup(void **state)
{
    (void)state;
    return fixture_start(FIXTURE_ALL);
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

static void all_servers_run(void **state)
{
    (void)state;
    char *level = fixture_psql("SHOW wal_level");
    assert_string_equal(level, "logical");
    free(level);
    for (unsigned bit = 1; bit < FIXTURE_ALL; bit <<= 1) {
        assert_true(fixture_pid(bit) > 1);
        assert_true(process_port_answers(fixture_port(bit)));
    }
}

static void standby_streams(void **state)
{
    (void)state;
    free(fixture_psql("CREATE TABLE streamed (n int); INSERT INTO streamed VALUES (41), (42)"));
    fixture_wait_sql(fixture_standby_conninfo(), "SELECT max(n) FROM streamed", "42", 20);
    assert_int_equal(fixture_number(fixture_conninfo(),
                                    "SELECT count(*) FROM pg_stat_replication "
                                    "WHERE application_name = 'standby' AND state = 'streaming'"),
                     1);
    char *in_recovery = fixture_sql(fixture_standby_conninfo(), "SELECT pg_is_in_recovery()");
    assert_string_equal(in_recovery, "t");
    free(in_recovery);
}

static void odbc_reaches_the_warehouse(void **state)
{
    SQLHENV env = SQL_NULL_HENV;
    SQLHDBC dbc = SQL_NULL_HDBC;
    SQLHSTMT st = SQL_NULL_HSTMT;
    SQLINTEGER n = 0;
    static const char sql[] = "SELECT count(*)::int FROM information_schema.schemata "
                              "WHERE schema_name IN ('raw', 'dwh', 'presentation')";

    (void)state;
    assert_int_equal(SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &env), SQL_SUCCESS);
    (void)SQLSetEnvAttr(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    assert_int_equal(SQLAllocHandle(SQL_HANDLE_DBC, env, &dbc), SQL_SUCCESS);
    SQLRETURN rc = SQLDriverConnect(dbc, NULL, (SQLCHAR *)(uintptr_t)fixture_odbc(), SQL_NTS, NULL,
                                    0, NULL, SQL_DRIVER_NOPROMPT);
    assert_true(SQL_SUCCEEDED(rc));
    assert_int_equal(SQLAllocHandle(SQL_HANDLE_STMT, dbc, &st), SQL_SUCCESS);
    assert_true(SQL_SUCCEEDED(SQLExecDirect(st, (SQLCHAR *)(uintptr_t)sql, SQL_NTS)));
    assert_true(SQL_SUCCEEDED(SQLFetch(st)));
    assert_true(SQL_SUCCEEDED(SQLGetData(st, 1, SQL_C_SLONG, &n, sizeof n, NULL)));
    assert_int_equal(n, 3);
    (void)SQLFreeHandle(SQL_HANDLE_STMT, st);
    (void)SQLDisconnect(dbc);
    (void)SQLFreeHandle(SQL_HANDLE_DBC, dbc);
    (void)SQLFreeHandle(SQL_HANDLE_ENV, env);
}

static void each_server_comes_back_on_its_port(void **state)
{
    (void)state;
    free(fixture_psql("CREATE TABLE kept AS SELECT 7 AS n"));
    for (unsigned bit = 1; bit < FIXTURE_ALL; bit <<= 1) {
        int port = fixture_port(bit), pid = fixture_pid(bit);
        if (bit & FIXTURE_KAFKA)
            fixture_server_kill(bit);
        else
            fixture_server_stop(bit);
        assert_int_equal(fixture_pid(bit), 0);
        assert_false(process_port_answers(port));
        fixture_server_start(bit);
        assert_int_equal(fixture_port(bit), port);
        assert_int_not_equal(fixture_pid(bit), pid);
        assert_true(process_port_answers(port));
    }
    assert_int_equal(fixture_number(fixture_conninfo(), "SELECT n FROM kept"), 7);
    fixture_server_kill(FIXTURE_PRIMARY);
    fixture_server_start(FIXTURE_PRIMARY);
    assert_int_equal(fixture_number(fixture_conninfo(), "SELECT n FROM kept"), 7);
}

static void a_recycled_pid_is_not_ours(void **state)
{
    char path[600], text[128];
    struct errbuf e;

    (void)state;
    err_clear(&e);
    (void)snprintf(path, sizeof path, "%s/pid-of-another", fixture_dir());
    (void)snprintf(text, sizeof text, "%ld 1 %s\n", (long)getpid(), "no-such-boot");
    assert_int_equal(file_write(path, text, 0600, NULL, &e), ERR_OK);
    assert_int_equal(process_alive(path), 0);
}

static void a_foreign_folder_is_refused(void **state)
{
    char dir[600], file[640];
    struct stack *s = NULL;
    struct errbuf e;

    (void)state;
    err_clear(&e);
    (void)snprintf(dir, sizeof dir, "%s/foreign", fixture_dir());
    (void)snprintf(file, sizeof file, "%s/thesis.txt", dir);
    assert_int_equal(file_mkdirs(dir, 0755, &e), ERR_OK);
    assert_int_equal(file_write(file, "years of work", 0600, NULL, &e), ERR_OK);
    const struct stack_options o = {.dir = dir, .throwaway = true};
    assert_int_equal(stack_open(&o, &s, &e), ERR_USAGE);
    assert_null(s);
    assert_non_null(strstr(e.text, "not made by flightdeck"));
    assert_true(file_exists(file));
    assert_false(stack_is_ours(dir));
}

/* ---- interrupted starts ---- */

static void start_in(const char *dir, unsigned mask)
{
    const struct stack_options o = {.dir = dir, .throwaway = true};
    struct stack *s = NULL;
    struct errbuf e;

    if (stack_open(&o, &s, &e) != ERR_OK || stack_start(s, mask, &e) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", e.text);
        _exit(1);
    }
    _exit(0);
}

/* kill -9 of whoever starts, at several moments; the next one carries on. */
static void a_killed_start_is_carried_on(void **state)
{
    static const int after_ms[] = {50, 300, 800, 1500};
    char dir[600];
    struct stack *s = NULL;
    struct errbuf e;
    int status = 0;

    (void)state;
    err_clear(&e);
    /* with a sanitizer every other moment: nearly all of it are the servers themselves */
    for (size_t i = 0; i < sizeof after_ms / sizeof after_ms[0]; i += fixture_sanitized() ? 2 : 1) {
        (void)snprintf(dir, sizeof dir, "%s/killed-%zu", fixture_dir(), i);
        (void)fflush(NULL);
        pid_t pid = fork();
        if (pid == 0)
            start_in(dir, STACK_MASK_ALL);
        assert_true(pid > 0);
        (void)usleep((useconds_t)after_ms[i] * 1000);
        (void)kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        const struct stack_options o = {.dir = dir, .throwaway = true};
        if (stack_open(&o, &s, &e) != ERR_OK || stack_start(s, STACK_MASK_ALL, &e) != ERR_OK)
            fail_msg("killed after %d ms, the next start: %s", after_ms[i], e.text);
        assert_int_equal(stack_running_mask(s), STACK_MASK_ALL);
        fixture_wait_sql(stack_conninfo(s, STACK_PRIMARY),
                         "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", "1",
                         20);
        assert_int_equal(fixture_number(stack_conninfo(s, STACK_WAREHOUSE),
                                        "SELECT count(*) FROM pg_namespace WHERE nspname = 'raw'"),
                         1);
        if (stack_destroy(s, &e) != ERR_OK)
            fail_msg("%s", e.text);
        assert_false(file_exists(dir));
        stack_close(s);
    }
}

/* A second handle on the same folder finds what runs. */
static void a_second_start_attaches(void **state)
{
    const struct stack_options o = {.dir = fixture_dir(), .throwaway = true};
    struct stack *s = NULL;
    struct errbuf e;

    (void)state;
    assert_int_equal(stack_open(&o, &s, &e), ERR_OK);
    assert_int_equal(stack_running_mask(s), STACK_MASK_ALL);
    int pid = fixture_pid(FIXTURE_KAFKA);
    assert_int_equal(stack_start(s, STACK_MASK_ALL, &e), ERR_OK);
    assert_int_equal(fixture_pid(FIXTURE_KAFKA), pid);
    assert_int_equal(stack_port(s, STACK_KAFKA), fixture_port(FIXTURE_KAFKA));
    stack_close(s);
}

/* ---- the airline ---- */

static const char NOON[] = "2026-11-24 12:00:00+00";

static void load_at_noon(const char *conninfo)
{
    const struct airline_options o = {.scale = 1, .seed = AIRLINE_SEED, .as_of = NOON};
    struct errbuf e;

    if (airline_load(conninfo, &o, &e) != ERR_OK)
        fail_msg("%s", e.text);
}

/* Every rule of queries/demo/check.sql. as_of: NULL for now. */
static void assert_rules_hold(const char *conninfo, const char *as_of)
{
    PGconn *c = PQconnectdb(conninfo);
    char set[128];

    (void)snprintf(set, sizeof set, "SET demo.as_of = '%s'", as_of ? as_of : "");
    PQclear(PQexec(c, set));
    PGresult *r = PQexec(c, query_text("demo/check"));
    if (PQresultStatus(r) != PGRES_TUPLES_OK)
        fail_msg("%s", PQerrorMessage(c));
    assert_true(PQntuples(r) > 10);
    for (int i = 0; i < PQntuples(r); i++) {
        if (strcmp(PQgetvalue(r, i, 1), "0") != 0)
            fail_msg("broken by %s rows: %s", PQgetvalue(r, i, 1), PQgetvalue(r, i, 0));
    }
    PQclear(r);
    PQfinish(c);
}

static void the_airline_is_coherent(void **state)
{
    static const struct {
        const char *sql;
        long long least, most;
    } facts[] = {
        {"SELECT count(*) FROM flights", 2000, 2400},
        {"SELECT count(DISTINCT (scheduled_departure AT TIME ZONE 'UTC')::date) FROM flights", 45,
         45},
        {"SELECT count(*) FROM flights WHERE status = 'Arrived'", 2000, 2300},
        {"SELECT count(*) FROM flights WHERE status = 'Departed'", 1, 60},
        {"SELECT count(*) FROM flights WHERE status IN ('Boarding', 'On Time', 'Delayed')", 1, 60},
        {"SELECT count(*) FROM flights WHERE status = 'Scheduled'", 1, 60},
        {"SELECT count(*) FROM flights WHERE status = 'Cancelled'", 10, 100},
        {"SELECT max(scheduled_departure)::date - '2026-11-24' FROM flights", 0, 0},
        {"SELECT count(*) FROM tickets WHERE passenger_name ~ '[а-я]'", 1000, 100000},
        {"SELECT count(*) FROM tickets WHERE passenger_name ~ '[α-ω]'", 1000, 100000},
        {"SELECT count(*) FROM tickets WHERE passenger_name ~ '[\u4e00-\u9fff]'", 1000, 100000},
        {"SELECT count(*) FROM tickets WHERE passenger_name ~ '[\u0600-\u06ff]'", 1000, 100000},
        {"SELECT count(*) FROM tickets WHERE passenger_name LIKE '%''%'", 100, 100000},
        {"SELECT count(*) FROM tickets WHERE contact_data ? 'phone'", 100000, 150000},
        {"SELECT count(*) FROM tickets WHERE contact_data IS NULL", 1000, 10000},
        {"SELECT count(*) FROM aircraft WHERE model ? 'en' AND model ? 'ru'", 10, 10},
        {"SELECT count(*) FROM (SELECT FROM tickets GROUP BY passenger_id HAVING "
         "count(DISTINCT passenger_name) > 1) renamed",
         10, 1000},
        {"SELECT count(*) FROM boarding_passes JOIN flights USING (flight_id) WHERE status NOT IN "
         "('Boarding', 'Departed', 'Arrived')",
         0, 0},
        {"SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated", 8, 8},
        {"SELECT sum(departure_psngr_num) FROM airport_traffic", 100000, 250000},
    };
    char conninfo[512];
    struct errbuf e;
    int64_t rows = 0;

    (void)state;
    (void)snprintf(conninfo, sizeof conninfo, "%s", fixture_database("airline"));
    load_at_noon(conninfo);
    assert_int_equal(airline_count(conninfo, &rows, &e), ERR_OK);
    assert_in_range(rows, 450000, 560000);
    assert_rules_hold(conninfo, NOON);
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        long long n = fixture_number(conninfo, facts[i].sql);
        if (n < facts[i].least || n > facts[i].most)
            fail_msg("%lld is not in %lld .. %lld: %s", n, facts[i].least, facts[i].most,
                     facts[i].sql);
    }
    const struct airline_options again = {.scale = 1, .seed = AIRLINE_SEED};
    assert_int_equal(airline_load(conninfo, &again, &e), ERR_EXISTS);
}

static void the_same_settings_give_the_same_rows(void **state)
{
    static const char digest[] =
        "SELECT md5(string_agg(d, ' ' ORDER BY d)) FROM ("
        "SELECT md5(string_agg(f::text, ' ' ORDER BY flight_id)) FROM flights f UNION ALL "
        "SELECT md5(string_agg(t::text, ' ' ORDER BY ticket_no)) FROM tickets t UNION ALL "
        "SELECT md5(string_agg(l::text, ' ' ORDER BY ticket_no, flight_id)) FROM ticket_flights l "
        "UNION ALL SELECT md5(string_agg(b::text, ' ' ORDER BY ticket_no, flight_id)) FROM "
        "boarding_passes b) s (d)";
    char first[512];
    (void)state;
    if (fixture_sanitized()) {
        print_message("skipped: the airline twice is SQL alone, which the plain run has seen\n");
        skip();
    }
    (void)snprintf(first, sizeof first, "host=127.0.0.1 port=%d user=postgres dbname=airline",
                   fixture_port(FIXTURE_PRIMARY));
    const char *second = fixture_database("airline_again");
    load_at_noon(second);
    char *a = fixture_sql(first, digest), *b = fixture_sql(second, digest);
    assert_string_equal(a, b);
    free(a);
    free(b);
}

/* The airline of noon, as though nobody had played for two hours: then there are flights to board,
 * to leave and to land, at whatever time of the day this runs. */
static void the_airline_stays_coherent_while_it_is_played(void **state)
{
    static const char move[] =
        "UPDATE flights SET scheduled_departure = scheduled_departure + by, scheduled_arrival = "
        "scheduled_arrival + by, actual_departure = actual_departure + by, actual_arrival = "
        "actual_arrival + by FROM noon; UPDATE bookings SET book_date = book_date + by FROM noon";
    struct simulate_figures f;
    struct errbuf e;
    char conninfo[512], sql[256];

    (void)state;
    free(fixture_psql("CREATE DATABASE airline_now TEMPLATE airline"));
    (void)snprintf(conninfo, sizeof conninfo,
                   "host=127.0.0.1 port=%d user=postgres "
                   "dbname=airline_now",
                   fixture_port(FIXTURE_PRIMARY));
    (void)snprintf(sql, sizeof sql,
                   "CREATE TABLE noon AS SELECT date_trunc('second', now()) - "
                   "'%s' - interval '2 hours' AS by",
                   NOON);
    free(fixture_sql(conninfo, sql));
    free(fixture_sql(conninfo, move));
    const struct simulate_options slow = {.conninfo = conninfo, .rate = 100, .seconds = 5};
    assert_int_equal(simulate_run(&slow, &f, &e), ERR_OK);
    assert_in_range(f.transactions, 100, 510); /* a stall of the machine is not caught up */
    assert_true(f.changes > f.transactions);
    assert_rules_hold(conninfo, NULL);
    for (int i = 0; i < 4; i++) /* book, check_in, advance, retime */
        assert_true(f.ops[i] > 0);
    /* As fast as it goes, with all workers in each other's way. */
    const struct simulate_options fast = {.conninfo = conninfo, .rate = 5000, .seconds = 5};
    assert_int_equal(simulate_run(&fast, &f, &e), ERR_OK);
    assert_rules_hold(conninfo, NULL);
}

static void a_source_without_an_airline_cannot_be_played(void **state)
{
    struct simulate_figures f;
    struct errbuf e;
    const struct simulate_options o = {
        .conninfo = fixture_database("empty"), .rate = 10, .seconds = 1};

    (void)state;
    assert_int_equal(simulate_run(&o, &f, &e), ERR_NOT_FOUND);
}

/* ---- the commands ---- */

/* build/tests/engine/test_stack -> build/flightdeck */
static const char *program(void)
{
    static char path[4200];
    ssize_t n = readlink("/proc/self/exe", path, 4096);

    assert_true(n > 0);
    path[n] = '\0';
    for (int i = 0; i < 3; i++)
        *strrchr(path, '/') = '\0';
    strcat(path, "/flightdeck");
    return path;
}

static char printed[4096]; /* by the program that ran last */

/* Runs it; another exit code fails the test with what it printed. */
static void expect_program(int code, const char *arguments)
{
    char line[6000];

    (void)snprintf(line, sizeof line, "%s %s 2>&1 </dev/null", program(), arguments);
    FILE *p = popen(line, "r");
    assert_non_null(p);
    size_t n = fread(printed, 1, sizeof printed - 1, p);
    printed[n] = '\0';
    int status = pclose(p);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
        fail_msg("%s: status %d, not exit code %d:\n%s", arguments, status, code, printed);
}

static void the_demo_command_starts_attaches_and_removes(void **state)
{
    char line[1500], dir[600], file[700];
    struct stat st;

    (void)state;
    (void)snprintf(dir, sizeof dir, "%s/demo", fixture_dir());
    (void)snprintf(line, sizeof line, "demo --dir %s --only primary", dir);
    expect_program(0, line);
    expect_program(0, line);
    /* Its servers ask for a password, which lies in a file of ours alone. */
    (void)snprintf(file, sizeof file, "%s/password", dir);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    (void)snprintf(line, sizeof line, "demo --dir %s --destroy", dir);
    expect_program(1, line); /* nobody said yes */
    assert_true(file_exists(file));
    (void)snprintf(line, sizeof line, "demo --dir %s --stop", dir);
    expect_program(0, line);
    (void)snprintf(line, sizeof line, "demo --dir %s --destroy --yes", dir);
    expect_program(0, line);
    assert_false(file_exists(dir));
    expect_program(2, line); /* gone: not ours */
    (void)snprintf(line, sizeof line, "demo --dir %s/foreign --destroy --yes", fixture_dir());
    expect_program(2, line);
    (void)snprintf(file, sizeof file, "%s/foreign/thesis.txt", fixture_dir());
    assert_true(file_exists(file));
    expect_program(2, "demo --only primary,hadoop");
}

/* Waits until it has the state folder. */
static void start_by_hand(struct harness *h)
{
    char path[700];

    (void)snprintf(path, sizeof path, "%s/state/by_hand.sock", h->dir);
    harness_engine_start(h);
    for (int64_t until = fixture_deadline(20); !file_exists(path); (void)usleep(10000))
        if (clock_mono_us() > until)
            fail_msg("no socket; the engine's log:\n%s", harness_log(h));
}

/* Started as the demo's last lines say, and on a socket of its own: it goes with the demo, and
 * while it does not end nothing of the demo goes. */
struct ended {
    struct harness *h;
    int status;
};

static bool has_ended(void *arg)
{
    struct ended *x = arg;
    return harness_engine_ended(x->h, &x->status);
}

/* Its lock is free a moment before its process is gone. */
static void expect_ended(struct harness *h)
{
    struct ended x = {h, -1};
    fixture_wait("the engine ends", 30, has_ended, &x);
    assert_true(WIFEXITED(x.status) && WEXITSTATUS(x.status) == 0);
}

static void an_engine_started_by_hand_ends_with_the_demo(void **state)
{
    struct harness h;
    char line[1500], pid[32];

    (void)state;
    (void)snprintf(line, sizeof line, "demo --dir %s/by_hand --only primary", fixture_dir());
    expect_program(0, line);
    harness_init(&h, "by_hand", fixture_conninfo(), "control: {socket: state/by_hand.sock}\n");
    start_by_hand(&h);
    (void)snprintf(pid, sizeof pid, "pid %ld ", (long)h.engine);
    assert_int_equal(kill(h.engine, SIGSTOP), 0);
    (void)snprintf(line, sizeof line, "demo --dir %s --destroy --yes", h.dir);
    expect_program(1, line);
    assert_non_null(strstr(printed, pid));
    assert_true(file_exists(h.config));
    assert_int_equal(kill(h.engine, SIGCONT), 0);
    (void)snprintf(line, sizeof line, "demo --dir %s --stop", h.dir);
    expect_program(0, line);
    expect_ended(&h);
    start_by_hand(&h);
    (void)snprintf(line, sizeof line, "demo --dir %s --destroy --yes", h.dir);
    expect_program(0, line);
    expect_ended(&h);
    assert_false(file_exists(h.dir));
}

/* What was made to hold the default folder goes with it; a folder with something else in it stays.
 */
static void the_default_folder_leaves_nothing(void **state)
{
    char share[600], parent[700], other[800];

    (void)state;
    (void)snprintf(share, sizeof share, "%s/share", fixture_dir());
    (void)snprintf(parent, sizeof parent, "%s/flightdeck", share);
    (void)snprintf(other, sizeof other, "%s/other", parent);
    assert_int_equal(setenv("XDG_DATA_HOME", share, 1), 0);
    expect_program(0, "demo --only warehouse");
    assert_true(file_exists(parent));
    assert_int_equal(mkdir(other, 0700), 0);
    expect_program(0, "demo --destroy --yes");
    assert_true(file_exists(other));
    expect_program(0, "demo --only warehouse");
    assert_int_equal(rmdir(other), 0);
    expect_program(0, "demo --destroy --yes");
    assert_false(file_exists(parent));
    assert_true(file_exists(share));
    (void)unsetenv("XDG_DATA_HOME");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_servers_run),
        cmocka_unit_test(standby_streams),
        cmocka_unit_test(odbc_reaches_the_warehouse),
        cmocka_unit_test(each_server_comes_back_on_its_port),
        cmocka_unit_test(a_second_start_attaches),
        cmocka_unit_test(a_killed_start_is_carried_on),
        cmocka_unit_test(a_recycled_pid_is_not_ours),
        cmocka_unit_test(a_foreign_folder_is_refused),
        cmocka_unit_test(the_airline_is_coherent),
        cmocka_unit_test(the_same_settings_give_the_same_rows),
        cmocka_unit_test(the_airline_stays_coherent_while_it_is_played),
        cmocka_unit_test(a_source_without_an_airline_cannot_be_played),
        cmocka_unit_test(the_demo_command_starts_attaches_and_removes),
        cmocka_unit_test(an_engine_started_by_hand_ends_with_the_demo),
        cmocka_unit_test(the_default_folder_leaves_nothing),
    };
    cmocka_set_test_filter(getenv("TEST_FILTER")); /* NULL: all */
    return cmocka_run_group_tests(tests, setup, teardown);
}
