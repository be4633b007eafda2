/* The stack's servers and the fixture itself, on real servers. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sql.h>
#include <sqlext.h>

#include "backend/stack/process.h"
#include "backend/stack/stack.h"
#include "tests/fixture/fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_servers_run),
        cmocka_unit_test(standby_streams),
        cmocka_unit_test(odbc_reaches_the_warehouse),
        cmocka_unit_test(each_server_comes_back_on_its_port),
        cmocka_unit_test(a_recycled_pid_is_not_ours),
        cmocka_unit_test(a_foreign_folder_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
