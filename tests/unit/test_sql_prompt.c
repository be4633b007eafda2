/* The pieces of the SQL prompt that need no server: arguments, variables, completion, the words of
 * an error, the history. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "console/sql_arguments.h"
#include "console/sql_catalog.h"
#include "console/sql_complete.h"
#include "console/sql_error.h"
#include "console/sql_history.h"
#include "console/sql_reads.h"

/* ---- backslash commands within statements ---- */

static void test_backslashes_are_found(void **state)
{
    (void)state;
    struct sql_splitter s;
    struct buf out;
    buf_init(&out, 0);
    sql_splitter_init(&s);
    s.backslashes = true;
    const char *text = "select '\\x' \\g |less\n select 2; \\x \\\\ select 3;\n";
    sql_splitter_add(&s, text, strlen(text));
    assert_int_equal(sql_splitter_next(&s, false, &out), SQL_TAKEN_BACKSLASH);
    assert_string_equal(buf_cstr(&out), "\\g |less");
    assert_int_equal(s.first_line, 1);
    buf_clear(&out);
    assert_true(sql_splitter_peek(&s, &out));
    assert_string_equal(buf_cstr(&out), "select '\\x' ");
    buf_clear(&out);
    assert_true(sql_splitter_take(&s, &out));
    assert_string_equal(buf_cstr(&out), "select '\\x'");
    buf_clear(&out);
    assert_int_equal(sql_splitter_next(&s, false, &out), SQL_TAKEN_STATEMENT);
    assert_string_equal(buf_cstr(&out), "select 2");
    buf_clear(&out);
    assert_int_equal(sql_splitter_next(&s, false, &out), SQL_TAKEN_BACKSLASH);
    assert_int_equal(s.first_line, 2);
    sql_splitter_put_back(&s, " select 3;", 10);
    buf_clear(&out);
    assert_int_equal(sql_splitter_next(&s, false, &out), SQL_TAKEN_STATEMENT);
    assert_string_equal(buf_cstr(&out), "select 3");
    assert_false(sql_splitter_take(&s, &out));
    sql_splitter_free(&s);
    buf_free(&out);
}

/* ---- arguments ---- */

static const char *find(void *arg, const char *name)
{
    (void)arg;
    return !strcmp(name, "v") ? "va'l" : NULL;
}

/* The words with "¦" behind each. */
static const char *words_of(const char *text, bool names)
{
    static struct buf all;
    struct sql_arguments a = {.at = text, .find = find, .names = names};
    struct buf word;
    struct errbuf e;
    enum err r;
    buf_clear(&all);
    buf_init(&word, 0);
    while (sql_arguments_next(&a, &word, &r, &e)) {
        buf_add(&all, word.p, word.len);
        buf_lit(&all, "¦");
    }
    buf_str(&all, r ? "error" : a.at);
    buf_free(&word);
    return buf_cstr(&all);
}

static void test_arguments(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"  a  b\t", "a¦b¦"},
        {"'two words' 'it''s' 'a\\tb'", "two words¦it's¦a\tb¦"},
        {"'' x", "¦x¦"},
        {"\"two words\"", "two words¦"},
        {"pre'fix 'ed", "prefix ed¦"},
        {":v :'v' :\"v\" :w a:v", "va'l¦'va''l'¦\"va'l\"¦:w¦ava'l¦"},
        {"`printf 'x y\\n\\n'`", "x y¦"},
        {"on \\g x", "on¦\\g x"},
        {"on \\\\ select 1", "on¦\\\\ select 1"},
        {"'no end", "error"},
        {"жук 'жу к'", "жук¦жу к¦"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(words_of(cases[i].in, false), cases[i].out);
    assert_string_equal(words_of("\"A b\".*", true), "\"A b\".*¦");
}

static void test_pure_readers(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        bool pure;
    } cases[] = {
        {"select 'delete' from t -- update", true},
        {" /* x */ with a as (select 1) table a", true},
        {"explain select 1", true},
        {"show work_mem", true},
        {"values (1)", true},
        {"with gone as (delete from t returning 1) select * from gone", false},
        {"select 1 into t", false},
        {"select * from t for update", false},
        {"explain analyze insert into t values (1)", false},
        {"insert into t values (1)", false},
        {"begin", false},
        {"copy t to stdout", false},
        {"select lo_create(0)", false},
        {"select nextval('s')", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (sql_is_pure_reader(cases[i].sql) != cases[i].pure)
            fail_msg("%s", cases[i].sql);
}

/* Functions of the servers that act beside what READ ONLY guards; word: what is refused. */
static void test_only_reads(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *word; /* NULL: it only reads */
    } cases[] = {
        {"select pg_terminate_backend(1)", "pg_terminate_backend"},
        {"SELECT Pg_Catalog.PG_CANCEL_BACKEND (1)", "PG_CANCEL_BACKEND"},
        {"select pg_catalog . \"pg_promote\" /* x */ -- y\n ()", "pg_promote"},
        {"with a as (select pg_drop_replication_slot('s')) table a", "pg_drop_replication_slot"},
        {"select * from pg_create_physical_replication_slot('s')",
         "pg_create_physical_replication_slot"},
        {"select * from pg_logical_slot_get_changes('s', null, null)",
         "pg_logical_slot_get_changes"},
        {"values ('(' || lo_unlink(5))", "lo_unlink"},
        {"select set_config('default_transaction_read_only', 'off', false)", "set_config"},
        {"select pg_stat_reset_shared('io')", "pg_stat_reset_shared"},
        {"select count(*), dblink_exec('x', 'y')", "dblink_exec"},
        {"select query_to_xml('select lo_create(0)', true, true, '')", "query_to_xml"},
        {"select U&\"lo!005fcreate\" uescape '!' (0)", "U&\"..\""},
        {"select 1 where 1=1or(lo_create(1)=1)", "lo_create"},
        {"select close_session('s')", "close_session"},
        {"select drop_partitions('t', 1, 2)", "drop_partitions"},
        {"select purge_table('t')", "purge_table"},
        {"select set_ahm_time(now())", "set_ahm_time"},
        {"delete from t", "DELETE"},
        {"select 'pg_terminate_backend(1)' as x -- lo_create(0)", NULL},
        {"select $$lo_create(0)$$, E'\\'lo_create(0)'", NULL},
        {"select pg_terminate_backend from lo_create where x in (1)", NULL},
        {"select \"lo_create\", (1)", NULL},
        {"select lo_get(5), my_lo_create(5), lo_create5(5)", NULL},
        {"select set_bit(b, 1, 1), start_of_week(d), pg_advisory_lock(1)", NULL},
        {"select pg_export_snapshot(), pg_get_replication_slots()", NULL},
        {"select * from pg_logical_slot_peek_changes('s', null, null)", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char word[64];
        bool reads = sql_only_reads(cases[i].sql, word, sizeof word);
        if (reads != !cases[i].word || (!reads && strcmp(word, cases[i].word) != 0))
            fail_msg("%s: %s", cases[i].sql, word);
    }
}

static void test_variables(void **state)
{
    (void)state;
    struct sql_variables v = {.n = 0};
    struct errbuf e;
    assert_int_equal(sql_variables_set(&v, "b", "1", &e), ERR_OK);
    assert_int_equal(sql_variables_set(&v, "a", "2", &e), ERR_OK);
    assert_int_equal(sql_variables_set(&v, "b", "off", &e), ERR_OK);
    assert_int_equal(sql_variables_set(&v, "b c", "x", &e), ERR_USAGE);
    assert_int_equal(sql_variables_set(&v, "", "x", &e), ERR_USAGE);
    assert_int_equal(v.n, 2);
    assert_string_equal(v.items[0].name, "a");
    assert_false(sql_variables_on(&v, "b"));
    assert_true(sql_variables_on(&v, "a"));
    sql_variables_unset(&v, "a");
    sql_variables_unset(&v, "a");
    assert_null(sql_variables_get(&v, "a"));
    assert_string_equal(sql_variables_get(&v, "b"), "off");
    sql_variables_free(&v);
}

/* ---- errors ---- */

static const char *explained(const char *sql, int position, const char *text)
{
    static struct buf out;
    buf_clear(&out);
    sql_error_explain(sql, position, text, &out);
    return buf_cstr(&out);
}

static void test_errors_show_the_place(void **state)
{
    (void)state;
    assert_string_equal(explained("select\n 'жж', selec x", 15,
                                  "ERROR: no selec\nDETAIL: d\nHINT: h (SQLSTATE 42703)"),
                        "ERROR: no selec (SQLSTATE 42703)\nLINE 2:  'жж', selec x\n"
                        "               ^\nDETAIL: d\nHINT: h");
    /* no place is told: the quoted word, where it stands in code once */
    assert_string_equal(
        explained("select 'fro' fro t -- fro", 0, "ERROR: syntax error at or near \"fro\""),
        "ERROR: syntax error at or near \"fro\"\nLINE 1: select 'fro' fro t -- fro\n"
        "                     ^");
    assert_string_equal(explained("fro fro t", 0, "ERROR: syntax error at or near \"fro\""),
                        "ERROR: syntax error at or near \"fro\"");
    assert_string_equal(explained("select 1/0", 0, "ERROR: division by zero (SQLSTATE 22012)"),
                        "ERROR: division by zero (SQLSTATE 22012)");
    /* Vertica's way */
    assert_string_equal(
        explained("selec 1", 0, "Syntax error at or near \"selec\" at character 1"),
        "Syntax error at or near \"selec\" at character 1\nLINE 1: selec 1\n        ^");
    /* a line of any length, control characters, a place behind the end */
    char *sql = calloc(1, 1 << 20);
    assert_non_null(sql);
    memset(sql, 'x', (1 << 20) - 1);
    sql[500] = '\x1b';
    const char *out = explained(sql, 501, "ERROR: x");
    assert_non_null(strstr(out, "LINE 1: ...xxx"));
    assert_non_null(strstr(out, "\\x1B"));
    assert_true(strlen(out) < 300);
    assert_non_null(strstr(explained("a", 9000, "ERROR: x"), "LINE 1: a\n         ^"));
    free(sql);
}

/* ---- completion ---- */

static const struct sql_words *some_words(void)
{
    static const char *rows[][SQL_GRID_COLUMNS] = {
        {"dwh", "flights", "flight_no", ""}, {"dwh", "flights", "status", ""},
        {"dwh", "planes", "model", ""},      {"pg_catalog", "pg_class", "oid", ""},
        {"public", "notes", "body", ""},     {"raw", "Odd one", "A b", ""},
        {"raw", "Odd one", "batch", ""},     {"raw", "flights_log", "op", ""},
    };
    const struct sql_grid g = {.rows = rows, .n = sizeof rows / sizeof rows[0]};
    const struct sql_words *w = sql_words_make(&g);
    assert_non_null(w);
    return w;
}

/* The candidates at the ^ of the text, with blanks between. */
static const char *offered(const struct sql_words *w, const char *marked)
{
    static struct buf out;
    struct sql_matches m;
    char text[300];
    const char *mark = strchr(marked, '^');
    size_t point = (size_t)(mark - marked);
    (void)snprintf(text, sizeof text, "%.*s%s", (int)point, marked, mark + 1);
    struct sql_variables v = {.n = 0};
    struct errbuf e;
    assert_int_equal(sql_variables_set(&v, "day", "1", &e), ERR_OK);
    buf_clear(&out);
    sql_complete(w, &v, text, point, &m);
    for (size_t i = 0; i < m.n; i++)
        buf_printf(&out, "%s%s", i ? " " : "", m.items[i]);
    if (m.files)
        buf_lit(&out, "<files>");
    sql_matches_free(&m);
    sql_variables_free(&v);
    return buf_cstr(&out);
}

static void test_completion(void **state)
{
    (void)state;
    const struct sql_words *w = some_words();
    static const struct {
        const char *at, *offered;
    } cases[] = {
        {"sel^", "select"},
        {"SEL^", "SELECT"},
        {"select * from ^", "dwh. notes public. raw."},
        {"select * from fl^", ""}, /* two, and each needs its schema */
        {"select * from pl^", "dwh.planes"},
        {"select * from dwh.^", "dwh.flights dwh.planes"},
        {"select * from raw.O^", "raw.\"Odd one\""},
        {"select * from raw.o^", "raw.\"Odd one\""},
        {"select ^ from dwh.flights", "flight_no status"},
        {"select ^ from dwh.flights f, notes", "body flight_no status"},
        {"select f.^ from dwh.flights f", "f.flight_no f.status"},
        {"select f.s^ from dwh.flights as f join dwh.planes p on true", "f.status"},
        {"select dwh.flights.fl^ from dwh.flights", "dwh.flights.flight_no"},
        {"select 1 from notes; select b^ from dwh.planes", "begin between by"},
        {"update dwh.flights set st^", "status"},
        {"insert into no^", "notes"},
        {"select 'fr^", ""},
        {"select -- fr^", ""},
        {"select :d^", "day"},
        {"select 1::da^", "date"},
        {"\\ti^", "\\timing"},
        {"  \\d dwh.f^", "dwh.flights"},
        {"\\x a^", "auto"},
        {"\\pset bo^", "border"},
        {"\\i ^", "<files>"},
        {"\\copy dwh.^", "dwh.flights dwh.planes"},
        {"\\nothing ^", ""},
        {"select (select s^ from dwh.flights) from notes", "schema select set show status sum"},
        {"ж^", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (strcmp(offered(w, cases[i].at), cases[i].offered) != 0)
            fail_msg("%s: %s, not %s", cases[i].at, offered(w, cases[i].at), cases[i].offered);
    assert_string_equal(offered(NULL, "select * from ^"), ""); /* nothing is known yet */
    assert_string_equal(offered(NULL, "sel^"), "select");
    sql_words_release(w);
    struct sql_matches m = {.n = 2, .items = {(char *)"flight_no", (char *)"flights"}};
    assert_int_equal(sql_matches_common(&m), 6);
}

/* ---- history ---- */

static void test_secrets_are_known(void **state)
{
    (void)state;
    static const char *const secret[] = {
        "ALTER USER x PASSWORD 'geheim'",
        "create role r login password\n 'x'",
        "CREATE USER v IDENTIFIED BY 'x'",
        "select dblink('host=a password=geheim')",
        "\\set url postgres://me:geheim@host/db",
        "insert into t (token) values ('a'); set my.token = 'b'",
        "select set_secret(api_key => 'x')",
        "alter role x encrypted password E'x'",
        "update u set client_secret='x'",
        "create user mapping for x options (user 'a', password 'b')",
    };
    static const char *const plain[] = {
        "select token from t where a = 'b'",   "select 1",      "select password from users",
        "alter role x password null",          "\\d passwords", "select 'https://a.b/c'",
        "select passwd_age + 1 from pg_roles",
    };
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
        if (!sql_history_secret(secret[i]))
            fail_msg("no secret in: %s", secret[i]);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (sql_history_secret(plain[i]))
            fail_msg("a secret in: %s", plain[i]);
}

static void test_history_is_kept(void **state)
{
    (void)state;
    char folder[] = "/tmp/flightdeck-test-XXXXXX";
    char path[64];
    struct errbuf e;
    struct stat st;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/a/history", folder);
    err_clear(&e);
    struct sql_history *h = sql_history_open(path, &e);
    struct sql_history *other = sql_history_open(path, &e);
    assert_string_equal(e.text, "");
    assert_true(sql_history_add(h, "select 1;"));
    assert_false(sql_history_add(h, "select 1;  "));
    assert_true(sql_history_add(other, "select\n  'ж';"));
    assert_false(sql_history_add(h, " select 'not kept';"));
    assert_false(sql_history_add(h, "alter user x password 'y'"));
    assert_false(sql_history_add(h, " \n"));
    assert_int_equal(sql_history_n(h), 1);
    sql_history_close(h);
    sql_history_close(other);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0644), 0);
    h = sql_history_open(path, &e);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(sql_history_n(h), 2);
    assert_string_equal(sql_history_get(h, 1), "select\n  'ж';");
    assert_int_equal(sql_history_find(h, 2, "1"), 0);
    assert_int_equal(sql_history_find(h, 2, "nothing"), 2);
    sql_history_close(h);
    (void)unlink(path);
    path[strlen(path) - strlen("/history")] = '\0';
    (void)rmdir(path);
    (void)rmdir(folder);
}

static void test_history_has_an_end(void **state)
{
    (void)state;
    char folder[] = "/tmp/flightdeck-test-XXXXXX";
    char path[64];
    char text[32];
    struct errbuf e;
    struct stat st;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/history", folder);
    err_clear(&e);
    struct sql_history *h = sql_history_open(path, &e);
    for (int i = 0; i < 11000; i++) {
        (void)snprintf(text, sizeof text, "select %d;", i);
        assert_true(sql_history_add(h, text));
    }
    sql_history_close(h);
    h = sql_history_open(path, &e); /* shortens the file */
    assert_int_equal(sql_history_n(h), 5000);
    assert_string_equal(sql_history_get(h, 4999), "select 10999;");
    sql_history_close(h);
    h = sql_history_open(path, &e);
    assert_int_equal(sql_history_n(h), 5000);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_size < 5000 * 15);
    sql_history_close(h);
    (void)unlink(path);
    (void)rmdir(folder);
}

static void test_history_that_cannot_be_kept(void **state)
{
    (void)state;
    struct errbuf e;
    struct stat st;
    err_clear(&e);
    struct sql_history *h = sql_history_open("/proc/nothing/here", &e);
    assert_non_null(strstr(e.text, "not kept"));
    assert_true(sql_history_add(h, "select 1;")); /* for the session */
    sql_history_close(h);
    /* what is no file keeps its rights */
    assert_int_equal(stat("/dev/null", &st), 0);
    mode_t before = st.st_mode;
    sql_history_close(sql_history_open("/dev/null", &e));
    assert_int_equal(stat("/dev/null", &st), 0);
    if (st.st_mode != before)
        (void)chmod("/dev/null", before & 07777);
    assert_int_equal(st.st_mode, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backslashes_are_found),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_variables),
        cmocka_unit_test(test_pure_readers),
        cmocka_unit_test(test_only_reads),
        cmocka_unit_test(test_errors_show_the_place),
        cmocka_unit_test(test_completion),
        cmocka_unit_test(test_secrets_are_known),
        cmocka_unit_test(test_history_is_kept),
        cmocka_unit_test(test_history_has_an_end),
        cmocka_unit_test(test_history_that_cannot_be_kept),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
