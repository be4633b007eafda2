/* `flightdeck sql` as a process, on a real warehouse and a real source: psql's exit codes, scripts,
 * transactions, Ctrl-C, a prompt on a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <pty.h>
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

#include "tests/fixture/fake_engine.h"
#include "tests/fixture/fixture.h"
#include "tests/fixture/terminal.h"
#include "tests/fixture/vertica.h"

static char program[512];
static char config[512];

struct ran {
    int code;
    char out[1 << 16];
    char err[1 << 14];
};

static void fill(int fd, char *to, size_t n, size_t *at)
{
    char spill[4096];
    ssize_t got = *at + 1 < n ? read(fd, to + *at, n - 1 - *at) : read(fd, spill, sizeof spill);
    if (got > 0 && *at + 1 < n)
        *at += (size_t)got;
    to[*at] = '\0';
}

static pid_t start(char *const argv[], const char *in, int *out, int *err)
{
    int o[2];
    int e[2];
    char path[600];
    (void)snprintf(path, sizeof path, "%s/stdin", fixture_dir());
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(in ? in : "", f) >= 0);
    (void)fclose(f);
    assert_int_equal(pipe2(o, O_CLOEXEC), 0);
    assert_int_equal(pipe2(e, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(open(path, O_RDONLY), STDIN_FILENO);
        (void)dup2(o[1], STDOUT_FILENO);
        (void)dup2(e[1], STDERR_FILENO);
        execv(program, argv);
        _exit(99);
    }
    (void)close(o[1]);
    (void)close(e[1]);
    *out = o[0];
    *err = e[0];
    return pid;
}

static void finish(pid_t pid, int out, int err, struct ran *r)
{
    size_t n_out = 0;
    size_t n_err = 0;
    struct pollfd p[] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
    int status = 0;
    r->out[0] = r->err[0] = '\0';
    for (int open_ends = 2; open_ends > 0;) {
        if (poll(p, 2, 60000) <= 0)
            break;
        for (int i = 0; i < 2; i++) {
            if (p[i].revents & POLLIN)
                fill(p[i].fd, i ? r->err : r->out, i ? sizeof r->err : sizeof r->out,
                     i ? &n_err : &n_out);
            else if (p[i].revents) {
                (void)close(p[i].fd);
                p[i].fd = -1;
                open_ends--;
            }
        }
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    r->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* "flightdeck sql --config .. ARGS"; in: stdin. */
static const struct ran *sql(const char *in, const char *const *args)
{
    enum { MOST = 40 };
    static struct ran r;
    char *argv[MOST] = {program, (char *)"sql", (char *)"--config", config};
    int n = 4;
    int out;
    int err;
    for (int i = 0; args[i] && n < MOST - 1; i++)
        argv[n++] = (char *)args[i];
    pid_t pid = start(argv, in, &out, &err);
    finish(pid, out, err, &r);
    return &r;
}
#define SQL(in, ...) sql((in), (const char *const[]){__VA_ARGS__, NULL})

static void expect(const struct ran *r, int code, const char *out, int line)
{
    if (r->code != code || strcmp(r->out, out) != 0)
        fail_msg("line %d: code %d, not %d\n--- out\n%s--- instead of\n%s--- err\n%s", line,
                 r->code, code, r->out, out, r->err);
}
#define EXPECT(r, code, out) expect((r), (code), (out), __LINE__)

/* A configuration for the fixture's servers, with more lines. */
static void write_config(const char *name, const char *lines)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", fixture_dir(), name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fprintf(f,
                  "%ssource:\n  connection: \"%s\"\nkafka:\n  bootstrap.servers: 127.0.0.1:1\n"
                  "warehouse:\n  odbc: \"%s\"\n  dialect: postgresql\n",
                  lines, fixture_conninfo(), fixture_odbc());
    assert_int_equal(fclose(f), 0);
}

static const char *file(const char *name, const char *text)
{
    static char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", fixture_dir(), name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    (void)fclose(f);
    return path;
}

static void test_codes(void **state)
{
    (void)state;
    EXPECT(SQL(NULL, "-c", "SELECT 1 AS a, 'x' AS b"), 0, " a | b\n---+---\n 1 | x\n(1 row)\n");
    EXPECT(SQL(NULL, "SELECT 7", "-At"), 0, "7\n");
    const struct ran *r = SQL(NULL, "-c", "SELEC 1");
    EXPECT(r, 1, "");
    assert_non_null(strstr(r->err, "syntax error"));
    assert_non_null(strstr(r->err, "42601"));
    const char *script = "SELECT 1;\nSELEC\n 2;\nSELECT 3";
    r = SQL(NULL, "-At", "-f", file("a.sql", script));
    EXPECT(r, 0, "1\n3\n");
    assert_non_null(strstr(r->err, "a.sql:2: "));
    EXPECT(SQL(NULL, "-At", "-v", "ON_ERROR_STOP=1", "-f", file("a.sql", script)), 3, "1\n");
    EXPECT(SQL(NULL, "-At", "-v", "ON_ERROR_STOP=0", "-f", file("a.sql", script)), 0, "1\n3\n");
    EXPECT(SQL(script, "-At", "-f", "-"), 0, "1\n3\n");
    EXPECT(SQL(script, "-At"), 0, "1\n3\n");
    EXPECT(SQL(script, "-At", "-v", "ON_ERROR_STOP=1"), 3, "1\n");
    r = SQL(NULL, "-f", "/nowhere.sql");
    EXPECT(r, 1, "");
    assert_non_null(strstr(r->err, "No such file"));
    /* the last one's code counts, ON_ERROR_STOP ends the row */
    EXPECT(SQL(NULL, "-At", "-c", "SELECT 1/0", "-c", "SELECT 2"), 0, "2\n");
    EXPECT(SQL(NULL, "-At", "-v", "ON_ERROR_STOP=1", "-c", "SELECT 1/0", "-c", "SELECT 2"), 1, "");
    EXPECT(SQL(NULL, "-At", "-c", "SELECT 2", "-c", "SELECT 1/0"), 1, "2\n");
}

static void test_no_connection(void **state)
{
    (void)state;
    char odbc[600];
    (void)snprintf(odbc, sizeof odbc, "%.*sServername=127.0.0.1;Port=1;UID=u;PWD=geheim",
                   (int)strcspn(fixture_odbc(), ";") + 1, fixture_odbc());
    const struct ran *r = SQL(NULL, "--odbc", odbc, "-c", "SELECT 1");
    EXPECT(r, 2, "");
    assert_non_null(strstr(r->err, "cannot connect"));
    assert_null(strstr(r->err, "geheim"));
    EXPECT(SQL(NULL, "--source", "--conninfo", "host=127.0.0.1 port=1", "-c", "SELECT 1"), 2, "");
    EXPECT(SQL(NULL, "--format", "xml", "-c", "SELECT 1"), 2, "");
    EXPECT(SQL(NULL, "-v", "a b=1", "-c", "SELECT 1"), 2, "");
}

static void test_transactions(void **state)
{
    (void)state;
    free(fixture_warehouse_psql("CREATE TABLE one (i int)"));
    /* one -c is one transaction */
    EXPECT(SQL(NULL, "-q", "-c", "INSERT INTO one VALUES (1); SELECT 1/0"), 1, "");
    EXPECT(SQL(NULL, "-At", "-c", "SELECT count(*) FROM one"), 0, "0\n");
    EXPECT(SQL(NULL, "-c", "INSERT INTO one VALUES (1); INSERT INTO one VALUES (2), (3);"), 0,
           "INSERT 0 1\nINSERT 0 2\n");
    EXPECT(SQL(NULL, "-At", "-c", "SELECT count(*) FROM one"), 0, "3\n");
    /* what a person begins is the person's to end */
    EXPECT(SQL("BEGIN;\nDELETE FROM one;\nROLLBACK;\nSELECT count(*) FROM one;\n"
               "BEGIN; SELECT 1/0; SELECT 5; END; SELECT 6; SELECT 1/0; SELECT 7;\n",
               "-At"),
           0, "3\n6\n7\n");
    EXPECT(SQL(NULL, "-c", "VACUUM one"), 0, "VACUUM\n");
    EXPECT(SQL(NULL, "-c", "UPDATE one SET i = 9 WHERE i > 1", "-c", "DELETE FROM one WHERE i = 9",
               "-c", "CREATE TEMP TABLE x (i int)", "-c", "DROP TABLE one"),
           0, "UPDATE 2\nDELETE 2\nCREATE TABLE\nDROP TABLE\n");
}

static void test_forms(void **state)
{
    (void)state;
    const char *q = "SELECT g AS id, 'a,'||g AS t, NULL::text AS n, g = 1 AS b "
                    "FROM generate_series(1, 2) AS g";
    EXPECT(SQL(NULL, "--csv", "-c", q), 0, "id,t,n,b\n1,\"a,1\",,t\n2,\"a,2\",,f\n");
    EXPECT(SQL(NULL, "--json", "-c", q), 0,
           "[{\"id\":1,\"t\":\"a,1\",\"n\":null,\"b\":true},\n"
           " {\"id\":2,\"t\":\"a,2\",\"n\":null,\"b\":false}]\n");
    EXPECT(SQL(NULL, "--source", "--jsonl", "-c", "SELECT '{\"a\":1}'::jsonb AS j, 1.5 AS n"), 0,
           "{\"j\":{\"a\": 1},\"n\":1.5}\n");
    EXPECT(SQL(NULL, "-x", "-c", "SELECT 1 AS a"), 0, "-[ RECORD 1 ]\na | 1\n");
    EXPECT(SQL(NULL, "-tAF", " / ", "--null", "~", "-c", q), 0,
           "1 / a,1 / ~ / t\n2 / a,2 / ~ / f\n");
    EXPECT(SQL(NULL, "--csv", "-c", "CREATE TEMP TABLE y (i int)"), 0, "");
    char path[600];
    (void)snprintf(path, sizeof path, "%s/out.csv", fixture_dir());
    EXPECT(SQL(NULL, "--csv", "-o", path, "-c", q), 0, "");
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 31);
}

static void test_variables_and_backslashes(void **state)
{
    (void)state;
    EXPECT(
        SQL("\\set who 'Wor ld'\n\\echo hello :who\nSELECT :'who', :n + 1;\n\\x\nSELECT 1 AS a;\n"
            "\\nope\nSELECT 2 AS b;\n\\q\nSELECT 'never';\n",
            "-At", "-q", "-v", "n=41"),
        0, "hello Wor ld\nWor ld|42\na | 1\nb | 2\n");
    const char *inner = file("inner.sql", "SELECT 'inner';\n");
    char script[700];
    (void)snprintf(script, sizeof script, "\\i %s\nSELECT 'outer';\n", inner);
    EXPECT(SQL(script, "-At"), 0, "inner\nouter\n");
}

static const char catalog_ddl[] =
    "CREATE SCHEMA shop; CREATE TABLE shop.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY "
    "KEY, name varchar(40) NOT NULL DEFAULT 'x', price numeric(12,2), total numeric, at "
    "timestamptz); CREATE TABLE shop.order_lines (id int, no int, code char(3), PRIMARY KEY (id, "
    "no)); CREATE TABLE shop.orderXlines (i int); CREATE VIEW shop.cheap AS SELECT id FROM "
    "shop.orders; CREATE TABLE shop.\"Odd %\" (\"A b\" text); CREATE INDEX by_name ON shop.orders "
    "(name); CREATE FUNCTION shop.twice(n int) RETURNS bigint LANGUAGE sql AS 'SELECT 2 * n'";

/* The same on both sides: the source's catalog, and the driver's functions for the warehouse. */
static void lists_of(const char *side, const char *owner, const char *lines)
{
    EXPECT(SQL(NULL, "-At", "-c", "\\dt shop.order*", side), 0,
           *owner ? "shop|order_lines|table|postgres\nshop|orders|table|postgres\n"
                    "shop|orderxlines|table|postgres\n"
                  : "shop|order_lines|table\nshop|orders|table\nshop|orderxlines|table\n");
    EXPECT(SQL(NULL, "--csv", "-t", "-c", "\\dv SHOP.c?eap", side), 0,
           *owner ? "shop,cheap,view,postgres\n" : "shop,cheap,view,\n");
    assert_non_null(strstr(SQL(NULL, "-At", "-c", "\\d", side)->out, "shop|Odd %|table"));
    assert_null(strstr(SQL(NULL, "-At", "-c", "\\d", side)->out, "pg_class"));
    assert_non_null(strstr(SQL(NULL, "-At", "-c", "\\dn", side)->out, "shop"));
    assert_non_null(strstr(SQL(NULL, "-At", "-c", "\\du post*", side)->out, "postgres|Superuser"));
    assert_non_null(strstr(SQL(NULL, "-At", "-c", "\\l", side)->out, "postgres"));
    EXPECT(SQL(NULL, "-At", "-c", "\\df shop.*", side), 0, "shop|twice|bigint|n integer\n");
    assert_null(strstr(SQL(NULL, "-At", "-c", "\\df", side)->out, "pg_catalog"));
    assert_non_null(
        strstr(SQL(NULL, "-At", "-c", "\\df lower", side)->out, "pg_catalog|lower|text"));
    EXPECT(SQL(NULL, "-At", "-c", "\\di+ shop.*", side), 0,
           "shop|by_name|index|orders\nshop|order_lines_pkey|primary key|order_lines\n"
           "shop|orders_pkey|primary key|orders\n");
    /* a name is a name, not a pattern of the driver: order_lines is not orderXlines */
    EXPECT(SQL("\\d shop.order_lines;\n", side), 0, lines);
    const struct ran *r = SQL(NULL, "-c", "\\d shop.nothing", side);
    EXPECT(r, 1, "");
    assert_non_null(strstr(r->err, "no table or view named shop.nothing"));
    r = SQL(NULL, "-c", "\\dt nothing", side);
    EXPECT(r, 0, "");
    assert_non_null(strstr(r->err, "no tables like nothing"));
}

static void test_catalog(void **state)
{
    (void)state;
    free(fixture_psql(catalog_ddl));
    free(fixture_psql("CREATE PUBLICATION several FOR TABLE shop.orders"));
    free(fixture_warehouse_psql(catalog_ddl));
    EXPECT(SQL("\\d shop.orders\n", "--source"), 0,
           "Table \"shop.orders\"\n"
           " Column |           Type           | Nullable |           Default\n"
           "--------+--------------------------+----------+------------------------------\n"
           " id     | bigint                   | not null | generated always as identity\n"
           " name   | character varying(40)    | not null | 'x'::character varying\n"
           " price  | numeric(12,2)            |          |\n"
           " total  | numeric                  |          |\n"
           " at     | timestamp with time zone |          |\n"
           "Indexes:\n    by_name btree (name)\n    orders_pkey PRIMARY KEY, btree (id)\n"
           "Publications:\n    several\n");
    lists_of("--source", "postgres",
             "Table \"shop.order_lines\"\n"
             " Column |     Type     | Nullable | Default\n"
             "--------+--------------+----------+---------\n"
             " id     | integer      | not null |\n"
             " no     | integer      | not null |\n"
             " code   | character(3) |          |\n"
             "Indexes:\n    order_lines_pkey PRIMARY KEY, btree (id, no)\n");
    lists_of("-q", "",
             "Table \"shop.order_lines\"\n"
             " Column |   Type    | Nullable | Default\n"
             "--------+-----------+----------+---------\n"
             " id     | int4      | not null |\n"
             " no     | int4      | not null |\n"
             " code   | bpchar(3) |          |\n"
             "Primary key:\n    id, no\n");
    EXPECT(SQL("\\d shop.orders\n\\d shop.cheap\n", "-q"), 0,
           "Table \"shop.orders\"\n"
           " Column |     Type      | Nullable |        Default\n"
           "--------+---------------+----------+------------------------\n"
           " id     | int8          | not null |\n"
           " name   | varchar(40)   | not null | 'x'::character varying\n"
           " price  | numeric(12,2) |          |\n"
           " total  | numeric       |          |\n"
           " at     | timestamptz   |          |\n"
           "Primary key:\n    id\n"
           "View \"shop.cheap\"\n"
           " Column | Type | Nullable | Default\n"
           "--------+------+----------+---------\n"
           " id     | int8 |          |\n");
    EXPECT(SQL("\\d shop.cheap\n", "--json"), 0,
           "[{\"Column\":\"id\",\"Type\":\"int8\",\"Nullable\":null,\"Default\":null}]\n");
}

/* The dialect's way through the same functions, before the stand-in for a Vertica. */
static void test_catalog_of_vertica(void **state)
{
    (void)state;
    if (vertica_start(NULL)) /* says why */
        skip();
    free(
        fixture_sql(vertica_conninfo(),
                    "CREATE SCHEMA shop; CREATE TABLE shop.t (i int NOT NULL PRIMARY KEY, v "
                    "varchar(7)); CREATE FUNCTION shop.twice(n int) RETURNS bigint LANGUAGE sql AS "
                    "'SELECT 2 * n'"));
    EXPECT(SQL(NULL, "--odbc", vertica_odbc(), "--dialect", "vertica", "-c", "\\dt shop.*", "-c",
               "\\d SHOP.T"),
           0,
           " Schema | Name | Type\n--------+------+-------\n shop   | t    | table\n(1 row)\n"
           "Table \"shop.t\"\n"
           " Column |    Type    | Nullable | Default\n"
           "--------+------------+----------+---------\n"
           " i      | int4       | not null |\n"
           " v      | varchar(7) |          |\n"
           "Primary key:\n    i\n");
    EXPECT(SQL(NULL, "--odbc", vertica_odbc(), "--dialect", "vertica", "-At", "-c", "\\di shop.*",
               "-c", "\\df shop.*", "-c", "\\du dbadm*", "-c", "\\l", "-c", "\\dn SHOP"),
           0,
           "shop|t_super|superprojection|t\nshop|twice|bigint|n integer\ndbadmin|Superuser\n"
           "vertica|dbadmin\nshop\n");
    vertica_check_log();
    vertica_stop();
}

static void test_output_goes_to_a_file(void **state)
{
    (void)state;
    char script[1500];
    char path[600];
    (void)snprintf(path, sizeof path, "%s/with blank.csv", fixture_dir());
    (void)snprintf(script, sizeof script,
                   "SELECT 1;\n\\o '%s'\nSELECT 2;\n\\echo here\n\\o\nSELECT 3;\n\\o /no/where\n"
                   "SELECT 4;\n\\x maybe\n\\o |cat\nSELECT 5;\n",
                   path);
    const struct ran *r = SQL(script, "--csv", "-t");
    EXPECT(r, 0, "1\nhere\n3\n4\n5\n");
    assert_non_null(strstr(r->err, "/no/where: No such file"));
    assert_non_null(strstr(r->err, "on or off, not maybe"));
    FILE *f = fopen(path, "r");
    char line[16] = "";
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(line, "2\n");
    assert_null(fgets(line, sizeof line, f));
    (void)fclose(f);
    /* what stands in the file at the end of a -c is there when the program has ended */
    (void)snprintf(script, sizeof script, "\\o '%s'", path);
    EXPECT(SQL(NULL, "-At", "-c", script, "-c", "SELECT 6"), 0, "");
    (void)snprintf(script, sizeof script, "\\i '%s'", path);
    assert_non_null(strstr(SQL(NULL, "-At", "-c", script)->err, "with blank.csv:1: "));
}

static void test_the_source(void **state)
{
    (void)state;
    free(fixture_psql("CREATE TABLE src (i int)"));
    EXPECT(SQL(NULL, "--source", "-q", "-c", "INSERT INTO src VALUES (1); SELECT 1/0"), 1, "");
    EXPECT(SQL(NULL, "--source", "-At", "-c", "SELECT count(*) FROM src; SELECT 'ж'"), 0, "0\nж\n");
    EXPECT(SQL("SELECT 1/0;\nSELECT 2;\nCOPY src FROM STDIN;\nCOPY src TO STDOUT;\nSELECT 3;\n",
               "--source", "-At"),
           0, "2\n3\n");
    EXPECT(SQL(NULL, "--source", "-At", "-c", "SELECT g FROM generate_series(1, 3) g"), 0,
           "1\n2\n3\n");
}

static void interrupted(const char *in, char *const argv[], const char *conninfo, int code)
{
    struct ran *r = calloc(1, sizeof *r);
    int out;
    int err;
    pid_t pid = start(argv, in, &out, &err);
    fixture_wait_sql(conninfo,
                     "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
                     "'%pg_sleep(61)%' AND pid <> pg_backend_pid()",
                     "1", 20);
    assert_int_equal(kill(pid, SIGINT), 0);
    finish(pid, out, err, r);
    assert_int_equal(r->code, code);
    fixture_wait_sql(conninfo,
                     "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(61)%' AND "
                     "state = 'active' AND pid <> pg_backend_pid()",
                     "0", 20);
    free(r);
}

static void test_ctrl_c_cancels_on_the_server(void **state)
{
    (void)state;
    char *const command[] = {program, (char *)"sql", (char *)"--config",
                             config,  (char *)"-c",  (char *)"SELECT pg_sleep(61)",
                             NULL};
    char *const script[] = {program, (char *)"sql", (char *)"--config", config, NULL};
    char *const source[] = {program,
                            (char *)"sql",
                            (char *)"--config",
                            config,
                            (char *)"--source",
                            (char *)"-c",
                            (char *)"SELECT pg_sleep(61)",
                            NULL};
    interrupted(NULL, command, fixture_warehouse_conninfo(), 1);
    interrupted("SELECT pg_sleep(61);\nSELECT 2;\n", script, fixture_warehouse_conninfo(), 1);
    interrupted(NULL, source, fixture_conninfo(), 1);
}

static void test_the_server_goes_away(void **state)
{
    (void)state;
    const char *kill_me = "SELECT pg_terminate_backend(pg_backend_pid()); SELECT 2;";
    EXPECT(SQL(kill_me, "-At"), 2, "");
    assert_int_equal(SQL(kill_me, "-At", "--source")->code, 2);
    EXPECT(SQL(NULL, "-At", "-c", kill_me), 2, "");
}

/* Reads from the terminal until the text is there. */
static void see(int fd, const char *text)
{
    static char seen[1 << 16];
    static size_t n;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (!text) {
        n = 0;
        return;
    }
    seen[n] = '\0';
    while (!strstr(seen, text)) {
        if (poll(&p, 1, 20000) <= 0 || n + 1024 > sizeof seen)
            fail_msg("no \"%s\" in: %s", text, seen);
        ssize_t got = read(fd, seen + n, 1024);
        if (got <= 0)
            fail_msg("the end, and no \"%s\" in: %s", text, seen);
        n += (size_t)got;
        seen[n] = '\0';
    }
    char *behind = strstr(seen, text) + strlen(text);
    n -= (size_t)(behind - seen);
    memmove(seen, behind, n + 1);
}

static void type(int fd, const char *keys)
{
    assert_int_equal(write(fd, keys, strlen(keys)), strlen(keys));
}

static void test_a_prompt_on_a_terminal(void **state)
{
    (void)state;
    int fd;
    int status;
    char *const argv[] = {program, (char *)"sql", (char *)"--config", config, NULL};
    see(-1, NULL);
    pid_t pid = forkpty(&fd, NULL, NULL, NULL);
    if (pid == 0) {
        (void)setenv("TERM", "dumb", 1);
        (void)setenv("LC_ALL", "C.UTF-8", 1);
        execv(program, argv);
        _exit(99);
    }
    see(fd, "warehouse=> ");
    type(fd, "select 'li' ||\n");
    see(fd, "warehouse-> ");
    type(fd, "'nes' as x, E'\\x1b[31m' as esc;\n");
    see(fd, "lines | \\x1B[31m"); /* no colour from the data */
    see(fd, "warehouse=> ");
    type(fd, "select (1\n");
    see(fd, "warehouse(> ");
    type(fd, "\x03"); /* Ctrl-C drops what was typed */
    see(fd, "warehouse=> ");
    type(fd, "select pg_sleep(62);\n");
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
                     "'%pg_sleep(62)%' AND pid <> pg_backend_pid()",
                     "1", 20);
    type(fd, "\x03");
    see(fd, "canceling statement");
    see(fd, "warehouse=> ");
    type(fd, "select 'still ' || 'here';\n");
    see(fd, " still here");
    see(fd, "warehouse=> ");
    type(fd, "\\q\n");
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    (void)close(fd);
}

/* Of a process that streams; 0: sanitizers keep what was freed, there is no figure. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { FIGURE_KB = 0 };
#else
enum { FIGURE_KB = 30000 };
#endif

#include "tests/engine/sql_prompt_cases.h"

/* Where one only looks nothing is written, by no way round; --elevate with the environment's name.
 */
static void test_only_what_reads(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "INSERT INTO looked VALUES (1)",
        "WITH x AS (INSERT INTO looked VALUES (1) RETURNING i) SELECT * FROM x",
        "SELECT bump()",
        "SELECT 1; SELECT bump()",
        "SELECT set_config('default_transaction_read_only', 'off', false); SELECT bump()",
        "BEGIN; SELECT bump(); COMMIT",
        "BEGIN READ WRITE; SELECT bump(); COMMIT",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
        "SET transaction_read_only = off",
        "EXPLAIN ANALYZE INSERT INTO looked VALUES (1)",
        "SELECT 1 AS a INTO made",
        "SELECT pg_create_physical_replication_slot('made')", /* READ ONLY lets it through */
        "SELECT pg_catalog.\"lo_create\" /* x */ (77)",
    };
    const char *kept = "SELECT (SELECT count(*) FROM looked), (SELECT count(*) FROM "
                       "pg_replication_slots), (SELECT count(*) FROM pg_largeobject_metadata)";
    static const char *const sides[] = {"-At", "--source"};
    char looks[600], script[600];
    free(fixture_warehouse_psql("CREATE TABLE looked (i int); CREATE FUNCTION bump() RETURNS int "
                                "LANGUAGE sql AS 'INSERT INTO looked VALUES (1) RETURNING 1'"));
    free(fixture_psql("CREATE TABLE looked (i int); CREATE FUNCTION bump() RETURNS int "
                      "LANGUAGE sql AS 'INSERT INTO looked VALUES (1) RETURNING 1'"));
    write_config("looks.yaml", "environment: {name: shop, kind: production}\n");
    (void)snprintf(looks, sizeof looks, "%s/looks.yaml", fixture_dir());
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            if (SQL(NULL, "--config", looks, sides[side], "-c", ways[i])->code == 0)
                fail_msg("%s %s: went well", sides[side], ways[i]);
            (void)snprintf(script, sizeof script, "%s;\n", ways[i]);
            (void)SQL(script, "--config", looks, sides[side]);
        }
        const char *begin = "BEGIN;\nSELECT 1;\nEND;\nSELECT count(*) FROM looked;\n";
        EXPECT(SQL(begin, "--config", looks, sides[side], "-At"), 0, "1\n0\n");
        EXPECT(SQL(NULL, "--config", looks, sides[side], "-At", "-c", kept), 0, "0|0|0\n");
    }
    const struct ran *r = SQL(NULL, "--config", looks, "-c", ways[0]);
    assert_non_null(strstr(r->err, "INSERT: only what reads runs here (production): start with "
                                   "--elevate shop"));
    r = SQL(NULL, "--config", looks, "-c", "SELECT pg_terminate_backend(0)");
    assert_non_null(strstr(r->err, "pg_terminate_backend: only what reads runs here"));
    r = SQL(NULL, "--config", looks, "-c", "\\refresh flights");
    assert_non_null(strstr(r->err, "--elevate shop"));
    EXPECT(SQL(NULL, "--config", looks, "--elevate", "other", "-c", ways[0]), 2, "");
    EXPECT(SQL(NULL, "--config", looks, "--elevate", "shop", "-c", ways[0]), 0, "INSERT 0 1\n");
    EXPECT(SQL(NULL, "-At", "-c", "SELECT count(*) FROM looked"), 0, "1\n");
}

static void noted(struct fake_engine *f, const char *text)
{
    char params[256];
    fake_engine_last_params(f, "audit.note", params, sizeof params);
    if (!strstr(params, text))
        fail_msg("`%s` is not in the note %s", text, params);
}

/* A savepoint and AND CHAIN: what is noted is what has become of the rows, on both sides. */
static void blocks_are_noted(struct fake_engine *f, const char *path)
{
    static const char *const sides[] = {"-qAt", "--source"};
    for (int side = 0; side < 2; side++) {
        (void)SQL("BEGIN;\nINSERT INTO noted VALUES (7);\nSAVEPOINT a;\nSELECT 1/0;\n"
                  "ROLLBACK WORK TO a;\nCOMMIT;\n",
                  "--config", path, sides[side]);
        noted(f, "\"COMMIT\"");
        (void)SQL("BEGIN;\nINSERT INTO noted VALUES (7);\nCOMMIT AND CHAIN;\nSELECT 1;\n",
                  "--config", path, sides[side]);
        noted(f, "\"COMMIT\"");
        (void)SQL("BEGIN;\nCOMMIT AND CHAIN;\nDELETE FROM noted WHERE i = 7;\nROLLBACK;\n",
                  "--config", path, sides[side]);
        noted(f, "\"ROLLBACK: what it had changed is undone\"");
        EXPECT(SQL(NULL, sides[side], "-qAt", "-c", "SELECT count(*) FROM noted WHERE i = 7"), 0,
               "2\n");
    }
}

/* What is changed here and in pane 9 is on record at the engine; without one nothing is missed. */
static void test_changes_are_noted(void **state)
{
    (void)state;
    char lines[128], path[600], socket[64];
    (void)snprintf(socket, sizeof socket, "/tmp/fd-noted-%d", (int)getpid());
    (void)snprintf(lines, sizeof lines, "control: {socket: %s}\n", socket);
    write_config("noted.yaml", lines);
    (void)snprintf(path, sizeof path, "%s/noted.yaml", fixture_dir());
    EXPECT(SQL(NULL, "--config", path, "-c", "CREATE TABLE noted (i int)"), 0, "CREATE TABLE\n");
    struct fake_engine *f = fake_engine_start(socket);
    assert_non_null(f);
    EXPECT(SQL(NULL, "--config", path, "-At", "-c", "SELECT count(*) FROM noted"), 0, "0\n");
    assert_int_equal(fake_engine_calls(f, "audit.note"), 0);
    EXPECT(SQL(NULL, "--config", path, "-c", "INSERT INTO noted VALUES (1), (2)"), 0,
           "INSERT 0 2\n");
    noted(f, "{\"object\":\"warehouse\",\"text\":\"INSERT INTO noted VALUES (1), (2): 2 rows\"}");
    EXPECT(SQL(NULL, "--config", path, "-q", "-c", "DELETE FROM noted; SELECT 1/0"), 1, "");
    noted(f, "\"ROLLBACK: what it had changed is undone\"");
    EXPECT(SQL("BEGIN;\nDELETE FROM noted;\n", "--config", path, "-q"), 0, "");
    noted(f, "ROLLBACK"); /* it was left open */
    EXPECT(SQL(NULL, "--config", path, "-qAt", "-c", "DELETE FROM noted WHERE i = 1; SELECT 1"), 0,
           "1\n");
    noted(f, "\"COMMIT\"");
    (void)SQL(NULL, "--config", path, "--source", "-c", "CREATE TABLE noted (i int)");
    noted(f, "{\"object\":\"source\",\"text\":\"CREATE TABLE noted (i int)\"}");
    (void)SQL(NULL, "--config", path, "-c", "SELECT lo_create(79)");
    noted(f, "\"SELECT lo_create(79): 1 row\"");
    blocks_are_noted(f, path);
    int before = fake_engine_calls(f, "audit.note");
    char script[8192] = "";
    for (int i = 0; i < 60; i++) /* more than are noted one by one */
        (void)strcat(script, "INSERT INTO noted VALUES (3);\n");
    EXPECT(SQL(script, "--config", path, "-q"), 0, "");
    assert_in_range(fake_engine_calls(f, "audit.note") - before, 20, 50);
    noted(f, "more statements than are noted (and ");

    char *const argv[] = {program, (char *)"console", (char *)"--config",
                          path,    (char *)"--pane",  (char *)"query",
                          NULL};
    struct terminal *t = terminal_start(24, 80, NULL, argv);
    assert_true(terminal_shows(t, "Query of the warehouse"));
    assert_true(terminal_hides(t, "reading only"));
    terminal_type(t, "delete from noted where i = 3;\r");
    assert_true(terminal_shows(t, "DELETE 60"));
    noted(f, "delete from noted where i = 3: 60 rows");
    terminal_type(t, "begin; commit and chain; delete from noted;\r");
    assert_true(terminal_shows(t, "TRANSACTION OPEN"));
    noted(f, "delete from noted: 3 rows (its transaction is open)");
    terminal_stop(t);
    fake_engine_stop(f);
    (void)strcat(socket, ".lock");
    (void)unlink(socket);
}

static int setup(void **state)
{
    (void)state;
    char self[400];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0 || fixture_start(FIXTURE_PRIMARY | FIXTURE_WAREHOUSE))
        return -1;
    self[n] = '\0'; /* build/tests/engine/test_sql -> build/flightdeck */
    (void)snprintf(program, sizeof program, "%s/flightdeck", dirname(dirname(dirname(self))));
    (void)snprintf(config, sizeof config, "%s/flightdeck.yaml", fixture_dir());
    write_config("flightdeck.yaml", "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return fixture_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_no_connection),
        cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_variables_and_backslashes),
        cmocka_unit_test(test_catalog),
        cmocka_unit_test(test_catalog_of_vertica),
        cmocka_unit_test(test_output_goes_to_a_file),
        cmocka_unit_test(test_the_source),
        cmocka_unit_test(test_only_what_reads),
        cmocka_unit_test(test_changes_are_noted),
        cmocka_unit_test(test_ctrl_c_cancels_on_the_server),
        cmocka_unit_test(test_the_server_goes_away),
        cmocka_unit_test(test_a_prompt_on_a_terminal),
        cmocka_unit_test(test_statements_end_with_backslashes),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_charts_in_characters),
        cmocka_unit_test(test_errors_have_a_place),
        cmocka_unit_test(test_copy_to_files),
        cmocka_unit_test(test_rc_file_and_switch),
        cmocka_unit_test(test_a_large_statement),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_typing),
        cmocka_unit_test(test_what_was_typed_before),
        cmocka_unit_test(test_ctrl_c_at_the_prompt),
        cmocka_unit_test(test_the_pager),
        cmocka_unit_test(test_memory_is_bounded_in_the_pager),
        cmocka_unit_test(test_a_server_that_hangs_stops_nobody),
        cmocka_unit_test(test_ctrl_c_at_a_server_that_hangs),
        cmocka_unit_test(test_ctrl_c_in_a_script_at_a_server_that_hangs),
        cmocka_unit_test(test_the_pane_refuses_fails_and_cancels),
        cmocka_unit_test(test_the_pane_in_the_console),
        cmocka_unit_test(test_the_pane_at_a_server_that_hangs),
    };
    cmocka_set_test_filter(getenv("TEST_FILTER")); /* NULL: all */
    return cmocka_run_group_tests(tests, setup, teardown);
}
