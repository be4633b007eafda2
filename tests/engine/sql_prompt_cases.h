/* Cases of test_sql.c: scripts with psql's habits, and the prompt in a terminal. */

static const char *slurp(const char *path)
{
    static char text[1 << 14];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    (void)fclose(f);
    return text;
}

static const char *in_dir(const char *name)
{
    static char path[8][600];
    static int at;
    at = (at + 1) % 8;
    (void)snprintf(path[at], sizeof path[at], "%s/%s", fixture_dir(), name);
    return path[at];
}

static void test_statements_end_with_backslashes(void **state)
{
    (void)state;
    EXPECT(
        SQL("select 1 as a, 'x' as b \\g\nselect 2 \\gx\n\\t \\\\ select 3;\n\\g |sed s/3/three/\n"
            "select 4 as n, null as z, 'k''l' as k \\gset p_\n\\echo :p_n :z :'p_k'\n"
            "select 5 \\watch c=2 i=0\nselect 6\n\\r\n\\p\n\\g\nselect\n  7 \\p \\g\n",
            "-q"),
        0,
        " a | b\n---+---\n 1 | x\n(1 row)\n-[ RECORD 1 ]-------\n?column? | 2\n        3\n"
        "        three\n4 :z 'k''l'\n        5\n        5\nselect 5\n        5\nselect\n  7\n"
        "        7\n");
    const struct ran *r = SQL("select 1, 2 where false \\gset\nselect 1 as a union select 2 "
                              "\\gset\n\\g\n\\watch x\n\\g 'q\n",
                              "-At");
    assert_non_null(strstr(r->err, "\\gset takes one row, and there is none"));
    assert_non_null(strstr(r->err, "and there are more"));
    assert_non_null(strstr(r->err, "\\watch takes seconds"));
    r = SQL("\\g\n\\tming\n\\dz\n\\lst\n\\zzzzzz\n\\pset colour\n\\pset format xml\n\\pset border "
            "3\n\\i\n\\w\n"
            "\\unset\n\\e\n\\refresh x\n\\source x\nselect 1;\n",
            "--odbc", fixture_odbc(), "-At");
    assert_non_null(strstr(r->err, "there is no statement yet"));
    assert_non_null(strstr(r->err, "\\tming is not known here (did you mean \\timing?)"));
    assert_non_null(strstr(r->err, "\\dz is not known here (did you mean \\d"));
    assert_non_null(strstr(r->err, "\\lst is not known here (did you mean \\list?)"));
    assert_non_null(strstr(r->err, "\\zzzzzz is not known here: \\? lists what is"));
    assert_non_null(strstr(r->err, "\\pset knows no `colour`"));
    assert_non_null(strstr(r->err, "no format `xml`"));
    assert_non_null(strstr(r->err, "a border is 0, 1 or 2"));
    assert_non_null(strstr(r->err, "\\i needs a file"));
    /* one -c is commands, or statements */
    EXPECT(SQL(NULL, "-c", "\\t on \\a"), 0, "tuples_only  on\nformat       list\n");
    assert_int_equal(SQL(NULL, "-c", "\\x \\\\ select 1")->code, 1);
}

static void test_settings(void **state)
{
    (void)state;
    EXPECT(SQL("\\pset border 2\nselect 1 as a, null as b;\n\\pset border 0\n\\pset null '(null)'\n"
               "select 1 as a, null as b;\n\\pset format csv\nselect 'a,b' as c;\n\\pset format "
               "aligned\n\\pset border 1\n\\pset footer off\n\\pset linestyle unicode\nselect 1 as "
               "a;\n",
               "-q"),
           0,
           "+---+---+\n| a | b |\n+---+---+\n| 1 |   |\n+---+---+\n(1 row)\na   b\n- ------\n"
           "1 (null)\n(1 row)\nc\n\"a,b\"\n a\n───\n 1\n");
    EXPECT(
        SQL("\\set COLUMNS 20\n\\x auto\nselect 1 as a;\nselect 'long text here' as a, 'more' as "
            "b;\n\\x off\nselect 'long text here' as a, 'more' as b;\n",
            "-q"),
        0,
        " a\n---\n 1\n(1 row)\n-[ RECORD 1 ]\na | long text here\nb | more\n       a        |  b\n"
        "----------------+------\n long text here | more\n(1 row)\n");
    EXPECT(
        SQL("\\pset\n", "-q"), 0,
        "border       1\nexpanded     off\nfieldsep     '|'\nfooter       on\nformat       table\n"
        "linestyle    ascii\nnull         ''\npager        on\ntuples_only  off\n");
    /* the error's parts are there to be looked at */
    EXPECT(
        SQL("select 1/0;\n\\echo :ERROR :SQLSTATE :LAST_ERROR_SQLSTATE\nselect 1 union select 2;\n"
            "\\echo :ERROR :SQLSTATE :ROW_COUNT\n",
            "-Atq"),
        0, "true 22012 22012\n1\n2\nfalse 00000 2\n");
}

static void test_charts_in_characters(void **state)
{
    (void)state;
    const struct ran *r =
        SQL("select 'Pulkovo' as a, 30 as n union all select 'Sochi', 10 \\chart bars\n"
            "select 1 \\chart cake\n\\chart line x nothing\n\\chart\n",
            "-q");
    assert_non_null(strstr(r->out, "Pulkovo"));
    assert_non_null(strstr(r->out, "Sochi"));
    assert_non_null(strstr(r->err, "no chart `cake`"));
    assert_non_null(strstr(r->err, "the result has no column `x`"));
    assert_non_null(strstr(r->err, "\\chart line|bars|donut|histogram"));
}

static void test_errors_have_a_place(void **state)
{
    (void)state;
    const struct ran *r = SQL("select 'жж',\n  selec;\n", "--source");
    assert_non_null(strstr(r->err, "<stdin>:1: ERROR: column \"selec\" does not exist (SQLSTATE "
                                   "42703)\nLINE 2:   selec\n          ^\n"));
    r = SQL("select 'жж', selec\n;", "-q");
    assert_non_null(strstr(r->err, "\nLINE 1: select 'жж', selec\n                     ^\n"));
    r = SQL(
        "do $$ begin raise exception 'boo\x1b[31m' using detail = 'det', hint = 'hin'; end $$;\n",
        "--source");
    assert_non_null(strstr(r->err, "ERROR: boo\\x1B[31m (SQLSTATE P0001)\nDETAIL: det\nHINT: hin\n"
                                   "CONTEXT: PL/pgSQL function"));
    r = SQL("do $$ begin raise notice 'a\x1b[31m'; end $$;\n", "--source", "-q");
    assert_non_null(strstr(r->err, "NOTICE:  a\\x1B[31m\n"));
}

static void test_copy_to_files(void **state)
{
    (void)state;
    free(
        fixture_warehouse_psql("CREATE TABLE cp (i int, t text, q text); INSERT INTO cp VALUES (1, "
                               "NULL, 'a\"b,c'), (2, '', E'l1\\nl2\\tx\\\\y;'), (3, 'NULL', 'ж')"));
    char script[2000];
    (void)snprintf(
        script, sizeof script,
        "\\copy cp to '%s' csv header\n\\copy (select * from cp order by 1 desc) to %s\n"
        "\\copy cp (q, i) to stdout (format csv, delimiter ';', null 'NULL')\n"
        "\\copy cp (t) to stdout (format csv, null 'NULL')\n"
        "\\copy cp to program 'tail -1' with jsonl\n\\copy cp from x\n\\copy cp\n"
        "\\copy to x\n\\copy cp to /no/where\n\\copy cp to x.csv wild\n\\copy nix to %s\n",
        in_dir("c opy.csv"), in_dir("copy.txt"), in_dir("nix"));
    const struct ran *r = SQL(script, "-X");
    EXPECT(r, 0,
           "COPY 3\nCOPY 3\n\"a\"\"b,c\";1\n\"l1\nl2\tx\\y;\";2\nж;3\nNULL\n\"\"\n\"NULL\"\n"
           "{\"i\":3,\"t\":\"NULL\",\"q\":\"ж\"}\nCOPY 3\n");
    assert_string_equal(slurp(in_dir("c opy.csv")),
                        "i,t,q\n1,,\"a\"\"b,c\"\n2,\"\",\"l1\nl2\tx\\y;\"\n3,NULL,ж\n");
    assert_string_equal(slurp(in_dir("copy.txt")),
                        "3\tNULL\tж\n2\t\tl1\\nl2\\tx\\\\y;\n1\t\\N\ta\"b,c\n");
    assert_non_null(strstr(r->err, "\\copy brings rows out, not in"));
    assert_non_null(strstr(r->err, "/no/where: No such file"));
    assert_non_null(strstr(r->err, "\\copy: what is `wild`?"));
    assert_non_null(strstr(r->err, "relation \"nix\" does not exist"));
}

static void test_rc_file_and_switch(void **state)
{
    (void)state;
    free(fixture_psql("CREATE TABLE only_source (i int)"));
    (void)setenv("FLIGHTDECK_SQLRC", file("rc.sql", "\\pset null '~'\n\\set rc 7\n\\x\nselec;\n"),
                 1);
    EXPECT(SQL(NULL, "-Atc", "select null, :rc"), 0, "~|7\n");
    EXPECT(SQL(NULL, "-c", "select null as a"), 0, "-[ RECORD 1 ]\na | ~\n");
    EXPECT(SQL(NULL, "-X", "-Atc", "select null, 1"), 0, "|1\n");
    (void)unsetenv("FLIGHTDECK_SQLRC");
    EXPECT(SQL("\\source\nselect count(*) from only_source;\nbegin;\n\\warehouse\ncommit;\n"
               "\\warehouse\nselect count(*) from only_source;\nselect 2;\n",
               "-Atq"),
           0, "0\n2\n");
    const struct ran *r = SQL("\\source\n\\conninfo\nbegin;\n\\warehouse\n", "-Atq");
    assert_non_null(strstr(r->out, "The source: PostgreSQL "));
    assert_non_null(strstr(r->err, "a transaction is open"));
    r = SQL("\\source\nselect 1;\n\\conninfo\n", "--odbc", fixture_odbc(), "--config",
            "/nowhere.yaml");
    assert_int_equal(r->code, 2);
}

static void test_a_large_statement(void **state)
{
    (void)state;
    enum { LARGE = 1 << 20 };
    char *text = malloc(LARGE + 100);
    assert_non_null(text);
    int n = sprintf(text, "select length('");
    memset(text + n, 'x', LARGE);
    (void)strcpy(text + n + LARGE, "');\n");
    EXPECT(SQL(text, "-At"), 0, "1048576\n");
    EXPECT(SQL(text, "-At", "--source"), 0, "1048576\n");
    for (int i = n; i < n + LARGE; i += 100) /* and over many lines */
        text[i] = '\n';
    EXPECT(SQL(text, "-At"), 0, "1048576\n");
    free(text);
}

/* The most memory that a run had which sent this query's rows through a pipe. */
static long most_kb(const char *query, const char *format, const char *side)
{
    char script[400];
    (void)snprintf(script, sizeof script,
                   "\\o |cat >/dev/null\n%s;\n\\o\n\\! grep VmHWM /proc/$PPID/status | tr -dc "
                   "0-9\n",
                   query);
    const struct ran *r = SQL(script, format, side);
    assert_int_equal(r->code, 0);
    return strtol(r->out, NULL, 10);
}

/* Rows of any number go through a memory that does not grow, in each form and on both sides; a
 * comment before the SELECT is no reason for psqlODBC to fetch all of it, and neither is TABLE. */
static void test_memory_is_bounded(void **state)
{
    (void)state;
    static const char many[] =
        "/* c */ select g, repeat('x', 100) from generate_series(1, 300000) g";
    static const struct {
        const char *query, *format, *side;
    } runs[] = {{many, "--csv", "-q"},
                {"table many", "--csv", "-q"},
                {many, "--format=table", "-q"},
                {many, "--format=box", "-q"},
                {many, "--json", "-q"},
                {many, "--format=vertical", "-q"},
                {many, "--format=markdown", "-q"},
                {many, "--format=table", "--source"},
                {many, "--json", "--source"}};
    if (!FIGURE_KB)
        skip();
    free(fixture_warehouse_psql("CREATE VIEW many AS SELECT g, repeat('x', 100) FROM "
                                "generate_series(1, 300000) g"));
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        long kb = most_kb(runs[i].query, runs[i].format, runs[i].side);
        if (kb <= 0 || kb > FIGURE_KB)
            fail_msg("%s, %s, %s: %ld KB", runs[i].query, runs[i].format, runs[i].side, kb);
    }
}

/* ---- in a terminal ---- */

static struct terminal *prompt(const char *const *env)
{
    char *const argv[] = {program, (char *)"sql", (char *)"--config", config, NULL};
    struct terminal *t = terminal_start(24, 80, env, argv);
    assert_non_null(t);
    if (!terminal_shows(t, "warehouse=>"))
        fail_msg("%s", terminal_text(t));
    return t;
}

static void shows(struct terminal *t, const char *text, int line)
{
    if (!terminal_shows(t, text))
        fail_msg("line %d: no \"%s\" in:\n%s", line, text, terminal_text(t));
}
#define SHOWS(t, text) shows((t), (text), __LINE__)

/* What is typed while no line is read is echoed by the kernel. */
static void ready(struct terminal *t, const char *prompted, int line)
{
    if (!terminal_prompts(t, prompted))
        fail_msg("line %d: no new \"%s\" in:\n%s", line, prompted, terminal_text(t));
}
#define READY(t) ready((t), "warehouse=>", __LINE__)

static void leave(struct terminal *t)
{
    int status = -1;
    terminal_type(t, "\\q\r");
    assert_true(terminal_ended(t, &status));
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    terminal_stop(t);
}

static void test_typing(void **state)
{
    (void)state;
    const char *const env[] = {"FLIGHTDECK_SQLHISTORY=/dev/null", "PAGER=", NULL};
    free(fixture_warehouse_psql("CREATE SCHEMA deck; CREATE TABLE deck.planes_of_ours (wing_span "
                                "int)"));
    struct terminal *t = prompt(env);
    /* an edit within two-byte characters: ё and ж are typed, ж is taken back, щ put before ё */
    terminal_type(t, "select 'ёж\x7f\x1b[Dщ\x1b[C' || 'end' as x;\r");
    SHOWS(t, " щёend");
    READY(t);
    /* names come from the server by themselves; retyped until they are there */
    for (int i = 0; i < 200 && !strstr(terminal_text(t), "planes_of_ours"); i++) {
        terminal_type(t, "\x15select wing from deck.pla\t");
        (void)terminal_idle(t, 50);
    }
    SHOWS(t, "deck.planes_of_ours");
    terminal_type(t, "\x15select  from deck.planes_of_ours\x1b[H");
    for (int i = 0; i < 7; i++)
        terminal_type(t, "\x1b[C");
    terminal_type(t, "wing\t\r");
    SHOWS(t, "select wing_span from");
    terminal_type(t, ";\r");
    SHOWS(t, "(0 rows)");
    READY(t);
    terminal_type(t, "begin;\r");
    SHOWS(t, "warehouse=*>");
    terminal_type(t, "rollback;\r");
    SHOWS(t, "ROLLBACK");
    READY(t);
    terminal_type(t, "\\x auto\rselect 'a' as long_name, repeat('b', 90) as other;\r");
    SHOWS(t, "-[ RECORD 1 ]");
    READY(t);
    terminal_type(t, "select 'again' \\watch 1000\r");
    SHOWS(t, " again\n(1 row)\n");
    terminal_type(t, "\x03");
    READY(t);
    leave(t);
}

static void test_what_was_typed_before(void **state)
{
    (void)state;
    char history[700];
    char editor[700];
    (void)snprintf(history, sizeof history, "FLIGHTDECK_SQLHISTORY=%s", in_dir("history"));
    const char *script = file("editor.sh", "#!/bin/sh\nsed -i \"s/'old'/'edited'/\" \"$1\"\n");
    (void)snprintf(editor, sizeof editor, "EDITOR=sh %s", script);
    const char *const env[] = {history, editor, "PAGER=", NULL};
    struct terminal *t = prompt(env);
    /* several lines are one entry; a secret is none */
    terminal_type(t, "select 'one'\r|| 'two' as both;\r");
    SHOWS(t, " onetwo");
    READY(t);
    terminal_type(t, "select 'x' as y, 'password' as z; -- password 'geheim'\r");
    SHOWS(t, " x | password");
    READY(t);
    terminal_type(t, "\x1b[A");
    SHOWS(t, "\n|| 'two' as both;"); /* typed it stood behind a prompt */
    terminal_type(t, "\x03");
    READY(t);
    terminal_type(t, "select 'old' as e\r\\e\r");
    SHOWS(t, "'edited' as e");
    ready(t, "warehouse->", __LINE__);
    terminal_type(t, ";\r");
    SHOWS(t, " edited");
    READY(t);
    leave(t);
    const char *kept = slurp(in_dir("history"));
    assert_non_null(strstr(kept, "select 'one'\001|| 'two' as both;\n"));
    assert_null(strstr(kept, "geheim"));
    struct stat st;
    assert_int_equal(stat(in_dir("history"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    t = prompt(env);
    terminal_type(t, "\x12onetw\x07\x12'two'"); /* Ctrl-R, over the sessions */
    SHOWS(t, "|| 'two' as both;");
    terminal_type(t, "\x07");
    leave(t);
}

/* Ctrl-C drops the line, at whatever moment it comes, and what is typed behind it is whole; it
 * leaves the editor as it was also behind Esc or in a search. */
static void test_ctrl_c_at_the_prompt(void **state)
{
    (void)state;
    const char *const env[] = {"PAGER=", "FLIGHTDECK_SQLHISTORY=/dev/null", NULL};
    struct terminal *t = prompt(env);
    for (int i = 0; i < 200; i++) {
        for (int keys = i % 8; keys >= 0; keys--)
            terminal_type(t, "x");
        terminal_type(t, "\x03");
        READY(t);
    }
    static const char *const begun[] = {"\x1b", "\x12sel", "\x1b\x35", "\x18"};
    for (size_t i = 0; i < sizeof begun / sizeof begun[0]; i++) {
        terminal_type(t, "dropped");
        SHOWS(t, "dropped");
        terminal_type(t, begun[i]);
        (void)terminal_idle(t, 20);
        terminal_type(t, "\x03");
        READY(t);
        terminal_type(t, "'wh' || 'ole' as x;\x01select \r"); /* Ctrl-A is none of vi's */
        SHOWS(t, " whole\n");
        READY(t);
        terminal_type(t, "\\! clear\r");
        READY(t);
    }
    leave(t);
}

/* More than the screen goes to the pager, and leaving it ends the query on the server. */
static void test_the_pager(void **state)
{
    (void)state;
    const char *const env[] = {"PAGER=head -5; echo left; true", "FLIGHTDECK_SQLHISTORY=/dev/null",
                               NULL};
    struct terminal *t = prompt(env);
    terminal_type(t, "select 'short' as x;\r");
    SHOWS(t, "(1 row)");
    assert_null(strstr(terminal_text(t), "left"));
    READY(t);
    terminal_type(t, "select generate_series(1, 2000000000) as n;\r");
    SHOWS(t, "left");
    READY(t);
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
                     "'%2000000000%' AND pid <> pg_backend_pid()",
                     "0", 20);
    terminal_type(t, "\\pset pager off\rselect 'still' || 'here' as x;\r");
    SHOWS(t, "stillhere");
    leave(t);
}

static void test_memory_is_bounded_in_the_pager(void **state)
{
    (void)state;
    const char *const env[] = {"PAGER=cat >/dev/null", "FLIGHTDECK_SQLHISTORY=/dev/null", NULL};
    if (!FIGURE_KB)
        skip();
    struct terminal *t = prompt(env);
    terminal_type(t, "select g, repeat('x', 100) from generate_series(1, 300000) g;\r");
    READY(t);
    terminal_type(t, "\\! grep VmHWM /proc/$PPID/status\r");
    READY(t);
    const char *figure = strstr(terminal_text(t), "VmHWM:");
    long kb = figure ? strtol(figure + strlen("VmHWM:"), NULL, 10) : 0;
    if (kb <= 0 || kb > FIGURE_KB)
        fail_msg("%ld KB in:\n%s", kb, terminal_text(t));
    leave(t);
}

/* Words come over a connection of their own: one that hangs keeps nobody from typing. */
static void test_a_server_that_hangs_stops_nobody(void **state)
{
    (void)state;
    const char *const env[] = {"FLIGHTDECK_SQLHISTORY=/dev/null", NULL};
    free(fixture_warehouse_psql("CREATE TABLE locked_one (i int)"));
    struct terminal *t = prompt(env);
    terminal_type(t, "begin; lock table pg_catalog.pg_attribute in access exclusive mode;\r");
    SHOWS(t, "LOCK");
    terminal_type(t,
                  "create table other_one (i int);\r"); /* reads the names again, behind the lock */
    SHOWS(t, "CREATE TABLE");
    terminal_type(t, "sel\t'typed' || 'well';\r");
    SHOWS(t, "typedwell");
    terminal_type(t, "rollback;\r");
    SHOWS(t, "ROLLBACK");
    leave(t);
}

/* ---- servers that hang: stopped, with their connections open ---- */

static const char *const hang_env[] = {"PAGER=", "FLIGHTDECK_SQLHISTORY=/dev/null", NULL};

/* Types a statement and waits until the server is at it; returns the backend's pid. */
static pid_t busy(struct terminal *t, const char *conninfo, const char *sleep, const char *enter)
{
    char query[200];
    (void)snprintf(query, sizeof query, "select %s;%s", sleep, enter);
    terminal_type(t, query);
    (void)snprintf(query, sizeof query,
                   "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
                   "'%%%s%%' AND pid <> pg_backend_pid()",
                   sleep);
    fixture_wait_sql(conninfo, query, "1", 20);
    (void)snprintf(query, sizeof query,
                   "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
                   "'%%%s%%' AND pid <> pg_backend_pid()",
                   sleep);
    return (pid_t)fixture_number(conninfo, query);
}

static bool takes_no_line(void *arg)
{
    return terminal_is_cooked(arg);
}

static void hung_server(struct terminal *t, unsigned server, const char *conninfo,
                        const char *prompted)
{
    (void)busy(t, conninfo, "pg_sleep(64)", "\r");
    fixture_server_freeze(server, true);
    terminal_type(t, "\x03");
    SHOWS(t, "neither the statement nor its cancel");
    ready(t, prompted, __LINE__);
    terminal_type(t, "select 1;\r"); /* nor does it let anybody in */
    fixture_wait("the line is taken", 20, takes_no_line, t);
    terminal_type(t, "\x03");
    SHOWS(t, "the server has not answered yet: not connected");
    ready(t, prompted, __LINE__);
    fixture_server_freeze(server, false);
    terminal_type(t, "select 'back' || 'again' as x;\r");
    SHOWS(t, "Connected anew");
    SHOWS(t, " backagain");
    ready(t, prompted, __LINE__);
    terminal_type(t, "\\! clear\r");
    ready(t, prompted, __LINE__);
}

/* The server takes the cancel, but its process for us does nothing. */
static void hung_backend(struct terminal *t, const char *conninfo, const char *prompted)
{
    pid_t backend = busy(t, conninfo, "pg_sleep(65)", "\r");
    assert_int_equal(kill(backend, SIGSTOP), 0);
    terminal_type(t, "\x03");
    SHOWS(t, "the server took the cancel");
    terminal_type(t, "\x03");
    SHOWS(t, "the connection is given up; the server may");
    ready(t, prompted, __LINE__);
    assert_int_equal(kill(backend, SIGCONT), 0);
    terminal_type(t, "\\dn\r"); /* lists connect anew as well */
    SHOWS(t, "Connected anew");
    SHOWS(t, "public");
    ready(t, prompted, __LINE__);
}

static void test_ctrl_c_at_a_server_that_hangs(void **state)
{
    (void)state;
    struct terminal *t = prompt(hang_env);
    hung_server(t, FIXTURE_WAREHOUSE, fixture_warehouse_conninfo(), "warehouse=>");
    hung_backend(t, fixture_warehouse_conninfo(), "warehouse=>");
    terminal_type(t, "\\source\r");
    ready(t, "source=>", __LINE__);
    hung_server(t, FIXTURE_PRIMARY, fixture_conninfo(), "source=>");
    hung_backend(t, fixture_conninfo(), "source=>");
    leave(t);
}

/* A script has nobody who would go on: psql's code for a lost connection. */
static void test_ctrl_c_in_a_script_at_a_server_that_hangs(void **state)
{
    (void)state;
    char *const argv[] = {program, (char *)"sql", (char *)"--config",
                          config,  (char *)"-c",  (char *)"select pg_sleep(66)",
                          NULL};
    struct ran *r = calloc(1, sizeof *r);
    int out;
    int err;
    pid_t pid = start(argv, NULL, &out, &err);
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
                     "'%pg_sleep(66)%' AND pid <> pg_backend_pid()",
                     "1", 20);
    fixture_server_freeze(FIXTURE_WAREHOUSE, true);
    assert_int_equal(kill(pid, SIGINT), 0);
    finish(pid, out, err, r);
    fixture_server_freeze(FIXTURE_WAREHOUSE, false);
    assert_int_equal(r->code, 2);
    assert_non_null(strstr(r->err, "the connection is given up"));
    free(r);
}

/* ---- pane 9 of the console, with its own connection ---- */

static struct terminal *pane(int w, const char *const *env)
{
    char *const argv[] = {
        program,          (char *)"console",  (char *)"--config",
        config,           (char *)"--socket", (char *)"/tmp/flightdeck-nobody.sock",
        (char *)"--pane", (char *)"query",    NULL};
    struct terminal *t = terminal_start(24, w, env, argv);
    SHOWS(t, "Query of the warehouse, reading only"); /* no engine says where we are */
    return t;
}

static void leave_pane(struct terminal *t, const char *keys)
{
    int status = -1;
    terminal_type(t, keys);
    assert_true(terminal_ended(t, &status));
    assert_true(terminal_is_cooked(t));
    terminal_stop(t);
}

static void test_the_pane_refuses_fails_and_cancels(void **state)
{
    (void)state;
    const char *const env[] = {"FLIGHTDECK_SQLHISTORY=/dev/null", NULL};
    struct terminal *t = pane(80, env);
    terminal_type(t, "delete from legs;\r");
    SHOWS(t, "DELETE: this console only reads now");
    terminal_type(t, "\x03select lo_create(78);\r");
    SHOWS(t, "lo_create: this console only reads now");
    terminal_type(t, "\x03select 1/0;\r");
    SHOWS(t, "division by zero");
    terminal_type(t, "\x03select pg_sleep(63);\r");
    SHOWS(t, "Running");
    fixture_wait_sql(fixture_warehouse_conninfo(),
                     "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE "
                     "'%pg_sleep(63)%' AND pid <> pg_backend_pid()",
                     "1", 20);
    terminal_type(t, "\x1b"
                     "1\x03"); /* elsewhere Ctrl-C asks first */
    SHOWS(t, "A query runs in pane 9: it is canceled.");
    terminal_type(t, "n9i\x03");
    SHOWS(t, "canceling statement");
    leave_pane(t, "\x1bq");
}

static void test_the_pane_in_the_console(void **state)
{
    (void)state;
    char history[700];
    char data[700];
    (void)snprintf(history, sizeof history, "FLIGHTDECK_SQLHISTORY=%s", in_dir("pane-history"));
    (void)snprintf(data, sizeof data, "XDG_DATA_HOME=%s", fixture_dir());
    const char *const env[] = {history, data, NULL};
    free(
        fixture_warehouse_psql("CREATE TABLE legs (airport text, passengers int); INSERT INTO legs "
                               "SELECT 'A' || g, g FROM generate_series(1, 7000) g"));
    struct terminal *t = pane(80, env);
    terminal_type(t, "select airport,\r passengers from legs order by 2;\r");
    SHOWS(t, "Rows 1 to 500 of more");
    SHOWS(t, "A1 ");
    terminal_type(t, "\x1b");
    SHOWS(t, "i or Tab to type");
    for (int page = 2; page <= 14; page++) { /* further rows as they are wanted */
        char want[32];
        (void)snprintf(want, sizeof want, " to %d", page * 500);
        terminal_type(t, "G");
        SHOWS(t, want);
    }
    SHOWS(t, "Rows 3001 to 7000; those before were let go");
    SHOWS(t, "7000 rows, ");
    terminal_type(t, "i");
    terminal_type(t, "\x03select airport, passengers from legs where passengers < 9;\r");
    SHOWS(t, "8 rows");
    terminal_type(t, "\x03\\chart bars airport passengers\r");
    SHOWS(t, "A8");
    terminal_type(t, "\\chart off\r\x1bx\x15");
    terminal_type(t, in_dir("rows.csv"));
    terminal_type(t, "\r");
    SHOWS(t, "written: ");
    assert_non_null(strstr(slurp(in_dir("rows.csv")), "airport,passengers\nA1,1\nA2,2\n"));
    terminal_type(t, "wsmall\r");
    SHOWS(t, "saved: ");
    assert_non_null(strstr(slurp(in_dir("flightdeck/queries/small.sql")), "passengers < 9;"));
    terminal_type(t, "s");
    SHOWS(t, "> small ");
    terminal_type(t, "i\\source\rselect 'of the ' || current_database() as x;\r");
    SHOWS(t, "Query of the source");
    SHOWS(t, "of the postgres");
    terminal_type(t, "\x1b"
                     "1");
    SHOWS(t, "No engine answers");
    terminal_type(t, "\x03"); /* nothing would break */
    int status = -1;
    assert_true(terminal_ended(t, &status));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    assert_true(terminal_is_cooked(t));
    terminal_stop(t);
    assert_non_null(
        strstr(slurp(in_dir("pane-history")), "select airport,\001 passengers from legs"));
    free(fixture_warehouse_psql("DROP TABLE legs"));
}

static void test_the_pane_at_a_server_that_hangs(void **state)
{
    (void)state;
    struct terminal *t = pane(110, hang_env);
    pid_t backend = busy(t, fixture_warehouse_conninfo(), "pg_sleep(67)", "\r");
    assert_int_equal(kill(backend, SIGSTOP), 0);
    terminal_type(t, "\x03");
    SHOWS(t, "the server took the cancel, and the statement has not ended yet");
    terminal_type(t, "\x03");
    SHOWS(t, "the connection is given up");
    assert_int_equal(kill(backend, SIGCONT), 0);
    terminal_type(t, "\x03select 'back' || 'again' as x;\r");
    SHOWS(t, "backagain");
    (void)busy(t, fixture_warehouse_conninfo(), "pg_sleep(68)", "\r");
    fixture_server_freeze(FIXTURE_WAREHOUSE, true);
    terminal_type(t, "\x03");
    SHOWS(t, "neither the statement nor its cancel");
    fixture_server_freeze(FIXTURE_WAREHOUSE, false);
    terminal_type(t, "\x03select 'once' || 'more' as x;\r");
    SHOWS(t, "oncemore");
    leave_pane(t, "\x1bq");
}
