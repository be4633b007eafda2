/* Unit tests of the command line: dispatch, arguments, help and what else derives from the table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "config/assets.h"
#include "console/exit_codes.h"
#include "console/options.h"
#include "console/report.h"
#include "console/sql_backslash.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static char dir[] = "/tmp/flightdeck-test-XXXXXX";
static char out_text[1 << 18], err_text[1 << 14];

static void slurp(const char *name, char *to, size_t n)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    to[fread(to, 1, n - 1, f)] = '\0';
    (void)fclose(f);
}

static int redirect(const char *name, FILE *stream)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    (void)fflush(stream);
    int saved = dup(fileno(stream));
    FILE *f = fopen(path, "w");
    assert_true(saved >= 0 && f);
    assert_true(dup2(fileno(f), fileno(stream)) >= 0);
    (void)fclose(f);
    return saved;
}

static void restore(int saved, FILE *stream)
{
    (void)fflush(stream);
    assert_true(dup2(saved, fileno(stream)) >= 0);
    (void)close(saved);
}

/* Runs `flightdeck ARGS..` in this process; its output is in out_text and err_text. */
static int run(const char *first, ...)
{
    char *argv[32] = {(char *)"flightdeck"};
    int argc = 1;
    va_list ap;
    va_start(ap, first);
    for (const char *a = first; a && argc < 31; a = va_arg(ap, const char *))
        argv[argc++] = (char *)a;
    va_end(ap);
    int out = redirect("out", stdout), err = redirect("err", stderr);
    int rc = command_main(argc, argv);
    restore(out, stdout);
    restore(err, stderr);
    slurp("out", out_text, sizeof out_text);
    slurp("err", err_text, sizeof err_text);
    return rc;
}

static void expect_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("`%s` is not in:\n%s", part, text);
}

static const char *write_file(const char *name, const char *text)
{
    static char path[2][PATH_MAX];
    static int at;
    at = !at;
    (void)snprintf(path[at], sizeof path[at], "%s/%s", dir, name);
    FILE *f = fopen(path[at], "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    return path[at];
}

static const char *write_config(const char *text)
{
    return write_file("c.yaml", text);
}

/* ---- dispatch ---- */

static void test_unknown_command(void **state)
{
    (void)state;
    assert_int_equal(run("confg", NULL), EXIT_USAGE);
    expect_in(err_text, "no such command `confg` (did you mean `config`?)");
    assert_int_equal(run("zzzzzz", NULL), EXIT_USAGE);
    assert_null(strstr(err_text, "did you mean"));
    assert_int_equal(run("--nonsense", "help", NULL), EXIT_USAGE);
    expect_in(err_text, "unknown option `--nonsense` before the command");
}

static void test_arguments(void **state)
{
    (void)state;
    assert_int_equal(run("version", "--jsn", NULL), EXIT_USAGE);
    expect_in(err_text, "flightdeck version: unknown option `--jsn` (did you mean `--json`?)");
    assert_int_equal(run("version", "-x", NULL), EXIT_USAGE);
    expect_in(err_text, "unknown option `-x`");
    assert_int_equal(run("version", "--json=yes", NULL), EXIT_USAGE);
    expect_in(err_text, "--json takes no value");
    assert_int_equal(run("version", "--config", NULL), EXIT_USAGE);
    expect_in(err_text, "--config needs a value: --config FILE");
    assert_int_equal(run("version", "more", NULL), EXIT_USAGE);
    expect_in(err_text, "`more` is too much: flightdeck version");
    assert_int_equal(run("config", NULL), EXIT_USAGE);
    expect_in(err_text, "say which: check, show");
    assert_int_equal(run("config", "chekc", NULL), EXIT_USAGE);
    expect_in(err_text, "unknown `chekc` (did you mean `check`?); known: check, show");
    expect_in(err_text, "See `flightdeck help config`.");
}

static void test_version(void **state)
{
    (void)state;
    assert_int_equal(run("version", NULL), EXIT_DONE);
    expect_in(out_text, "flightdeck " FLIGHTDECK_VERSION);
    assert_int_equal(run("--version", NULL), EXIT_DONE);
    expect_in(out_text, "librdkafka ");
    assert_int_equal(run("version", "--json", NULL), EXIT_DONE);
    json_t *tree = json_loads(out_text, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(tree, "version")), FLIGHTDECK_VERSION);
    json_decref(tree);
}

static void test_alone(void **state)
{
    (void)state;
    char path[PATH_MAX + 64], text[PATH_MAX + 128];
    (void)snprintf(path, sizeof path, "%s", write_config("state_dir: nowhere\n"));
    assert_int_equal(setenv("FLIGHTDECK_CONFIG", path, 1), 0);
    assert_int_equal(run(NULL, NULL), EXIT_CONNECT);
    (void)snprintf(text, sizeof text, "No engine answers for %s.", path);
    expect_in(err_text, text);
    expect_in(err_text, "flightdeck demo");
    int lines = 0;
    for (const char *p = err_text; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 3);
    (void)write_config("stat_dir: x\n");
    assert_int_equal(run(NULL, NULL), EXIT_USAGE);
    expect_in(err_text, "c.yaml:1: unknown key `stat_dir` (did you mean `state_dir`?)");
    assert_int_equal(unsetenv("FLIGHTDECK_CONFIG"), 0);
}

/* Without any configuration the demo's is named to whoever needs one. */
static void test_demo_is_named(void **state)
{
    (void)state;
    if (access("/etc/flightdeck/flightdeck.yaml", F_OK) == 0) {
        print_message("skip: this machine has a configuration in /etc\n");
        skip();
    }
    char path[PATH_MAX + 64], command[2 * PATH_MAX];
    assert_int_equal(chdir(dir), 0);
    assert_int_equal(setenv("HOME", dir, 1), 0);
    assert_int_equal(setenv("XDG_CONFIG_HOME", dir, 1), 0);
    assert_int_equal(setenv("XDG_DATA_HOME", dir, 1), 0);
    assert_int_equal(run("config", "show", NULL), EXIT_USAGE);
    expect_in(err_text, "no configuration found; looked at ./flightdeck.yaml, ");
    assert_null(strstr(err_text, "A demo is on this machine"));
    (void)snprintf(command, sizeof command,
                   "mkdir -p '%s/flightdeck/demo' && echo 'state_dir: x' "
                   ">'%s/flightdeck/demo/flightdeck.yaml'",
                   dir, dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("config", "show", NULL), EXIT_USAGE);
    (void)snprintf(path, sizeof path,
                   "A demo is on this machine: --config %s/flightdeck/demo/flightdeck.yaml", dir);
    expect_in(err_text, path);
    assert_int_equal(run(NULL, NULL), EXIT_CONNECT);
    expect_in(err_text, "No engine answers for ");
    assert_int_equal(chdir("/"), 0);
}

/* One table of backslash commands: what it has, the page of `sql` names. */
static void test_help_names_each_backslash_command(void **state)
{
    (void)state;
    struct sql_backslash b;
    char word[40];
    int n = 0;
    assert_int_equal(run("help", "sql", NULL), EXIT_DONE);
    for (; sql_backslash_get(n, &b); n++) {
        (void)snprintf(word, sizeof word, "\\%s", b.name);
        expect_in(out_text, word);
        assert_true(*b.help != '\0');
    }
    assert_true(n > 0);
}

/* ---- config ---- */

static void test_config_check(void **state)
{
    (void)state;
    const char *path = write_config("source: {connection: host=a}\nkafka: {bootstrap.servers: k}\n"
                                    "warehouse: {odbc: DSN=x}\n");
    assert_int_equal(run("config", "check", "--config", path, NULL), EXIT_DONE);
    expect_in(out_text, "c.yaml: good; 1 source, 1 sink (built in)");
    assert_null(strstr(out_text, "there is no"));
    assert_int_equal(run("--config", path, "config", "check", "--json", NULL), EXIT_DONE);
    json_t *tree = json_loads(out_text, 0, NULL);
    assert_true(json_is_true(json_object_get(tree, "ok")));
    assert_int_equal(json_array_size(json_object_get(tree, "connectors")), 2);
    json_decref(tree);

    /* connectors of one's own replace the built-in two: half of them is easily forgotten */
    (void)write_file(
        "only.json",
        "{\"name\":\"s\",\"config\":{\"connector.class\":\"io.debezium.connector.postgresql."
        "PostgresConnector\",\"topic.prefix\":\"s\"}}");
    path = write_config("source: {connection: host=a}\nkafka: {bootstrap.servers: k}\n"
                        "warehouse: {odbc: DSN=x}\nconnectors: [only.json]\n");
    assert_int_equal(run("config", "check", "--config", path, NULL), EXIT_DONE);
    expect_in(out_text, "warning: there is no sink");

    path = write_config("a: 1\nb: 2\n");
    assert_int_equal(run("config", "check", "--config", path, NULL), EXIT_USAGE);
    expect_in(err_text, "c.yaml:1: unknown key `a`");
    expect_in(err_text, "c.yaml:2: unknown key `b`");
    expect_in(err_text, "2 faults");
    assert_int_equal(run("config", "check", "--json", "--config", path, NULL), EXIT_USAGE);
    tree = json_loads(out_text, 0, NULL);
    assert_true(json_is_false(json_object_get(tree, "ok")));
    assert_int_equal(json_array_size(json_object_get(tree, "faults")), 2);
    json_decref(tree);
    assert_int_equal(run("config", "check", "--config", "/nowhere/x.yaml", NULL), EXIT_USAGE);
    expect_in(err_text, "cannot read the configuration /nowhere/x.yaml (from --config)");
}

/* What no connector of the configuration brings is named, with its place; what one may bring is
 * not. */
static void test_config_check_names_what_nothing_captures(void **state)
{
    (void)state;
    static const char config[] =
        "source: {connection: host=a dbname=shop, tables: ['public\\..*']}\n"
        "kafka: {bootstrap.servers: k}\nwarehouse: {odbc: DSN=x}\n"
        "model: captured.yaml\ndags: [captured_dag.yaml]\ntests: [captured_tests.yaml]\n";
    (void)write_file("captured.yaml",
                     "model: m\nsource_system: s\ntopic_prefix: shop\nentities:\n"
                     "  orders:\n    source: public.order_lines\n    key: {id: integer}\n"
                     "  users:\n    source: other.users\n    key: {id: integer}\n");
    (void)write_file("captured_dag.yaml",
                     "tasks:\n"
                     "  good: {kind: verify, tables: [public.x, order_lines, anything]}\n"
                     "  bad: {kind: verify, tables: [order_line, other.users]}\n");
    (void)write_file("captured_tests.yaml", "tests:\n"
                                            "  - table: raw.shop_public_order_lines\n"
                                            "    not_null: [id]\n"
                                            "  - table: raw.shop_other_users\n"
                                            "    not_null: [id]\n"
                                            "  - table: dwh.anything\n"
                                            "    not_null: [id]\n");
    const char *path = write_config(config);
    assert_int_equal(run("config", "check", "--config", path, NULL), EXIT_DONE);
    expect_in(out_text, "/captured.yaml:8: entity users: no source connector of the configuration "
                        "captures other.users\n");
    expect_in(out_text, "/captured_tests.yaml:4: shop_other_users.not_null.id: no sink of the "
                        "configuration loads raw.shop_other_users\n");
    expect_in(out_text, "/captured_dag.yaml:3: task bad: no source connector of the configuration "
                        "captures order_line (did you mean `order_lines`?)\n");
    expect_in(out_text, "task bad: no source connector of the configuration captures other.users");
    assert_null(strstr(out_text, "task good"));
    assert_null(strstr(out_text, "entity orders"));
    assert_null(strstr(out_text, "captured_tests.yaml:2"));
    assert_null(strstr(out_text, "dwh.anything"));
    assert_int_equal(run("config", "check", "--json", "--config", path, NULL), EXIT_DONE);
    json_t *tree = json_loads(out_text, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(tree, "warnings")), 4);
    json_decref(tree);

    path = write_config("source:\n  connection: host=a\n  tables: [flights]\n");
    assert_int_equal(run("config", "check", "--config", path, NULL), EXIT_USAGE);
    expect_in(err_text,
              "c.yaml:3: source.tables: `flights` can match no table: it is compared with "
              "schema.table, as `public\\.flights`");
    (void)write_file("words.json",
                     "{\"name\":\"s\",\"config\":{\"connector.class\":\"io.debezium.connector."
                     "postgresql.PostgresConnector\",\"topic.prefix\":\"s\",\n"
                     "\"table.include.list\":\"public\\\\.a, flights ,b.*\"}}");
    path = write_config("source: {connection: host=a}\nkafka: {bootstrap.servers: k}\n"
                        "warehouse: {odbc: DSN=x}\nconnectors: [words.json]\n");
    assert_int_equal(run("config", "check", "--config", path, NULL), EXIT_DONE);
    expect_in(out_text, "/words.json:2: table.include.list: `flights` can match no table");
    assert_null(strstr(out_text, "`b.*`"));
}

static void test_config_show(void **state)
{
    (void)state;
    const char *path = write_config("source: {connection: host=a password=geheim}\n");
    assert_int_equal(run("config", "show", "--config", path, NULL), EXIT_DONE);
    expect_in(out_text, "connection: \"host=a password=***\"");
    assert_null(strstr(out_text, "geheim"));
    assert_int_equal(run("config", "show", "--json", "--config", path, NULL), EXIT_DONE);
    json_t *tree = json_loads(out_text, 0, NULL);
    const json_t *source = json_object_get(tree, "source");
    assert_string_equal(json_string_value(json_object_get(source, "connection")),
                        "host=a password=***");
    json_decref(tree);
}

/* The model is the configuration's, relative to it; the dialect is the warehouse's. */
static void test_model_ddl(void **state)
{
    (void)state;
    const char *path = write_config("warehouse: {odbc: DSN=x}\n");
    assert_int_equal(run("model", "ddl", "--config", path, NULL), EXIT_USAGE);
    expect_in(err_text, "c.yaml names no model. Give one with --model FILE");
    (void)write_file("model.yaml", asset_text("config/airline/model.yaml"));
    path = write_config("model: model.yaml\nwarehouse: {dialect: vertica}\n");
    assert_int_equal(run("model", "ddl", "--config", path, NULL), EXIT_DONE);
    expect_in(out_text, "CREATE TABLE IF NOT EXISTS \"dwh\".\"attr_flights_status\"");
    expect_in(out_text, "SEGMENTED BY HASH(\"flights_sk\") ALL NODES");
    assert_int_equal(run("model", "ddl", "--config", path, "--dialect", "postgresql", NULL),
                     EXIT_DONE);
    assert_null(strstr(out_text, "SEGMENTED"));
    (void)write_file("model.yaml",
                     "entities:\n  a:\n    source: public.a\n    key: {id: integr}\n");
    assert_int_equal(run("model", "ddl", "--config", path, NULL), EXIT_USAGE);
    expect_in(err_text, "model.yaml:4: key column id: `integr` is no type");
    assert_int_equal(run("model", "ddl", "--model", "/nowhere/m.yaml", NULL), EXIT_USAGE);
    expect_in(err_text, "the model /nowhere/m.yaml cannot be read");
}

/* ---- pages ---- */

static void each_option(const struct command_option *o, const char *text, const char *before)
{
    for (; o && o->name; o++) {
        char word[96];
        (void)snprintf(word, sizeof word, "%s--%s", before, o->name);
        expect_in(text, word);
        if (o->letter) {
            (void)snprintf(word, sizeof word, "%s-%c", before, o->letter);
            expect_in(text, word);
        }
    }
}

static void test_help_names_everything(void **state)
{
    (void)state;
    const struct command *c;
    assert_int_equal(run("help", NULL), EXIT_DONE);
    for (int i = 0; (c = command_at(i)); i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "\n  %-10s ", c->name);
        expect_in(out_text, line);
    }
    expect_in(out_text, "130  interrupted");
    for (int i = 0; (c = command_at(i)); i++) {
        assert_int_equal(run("help", c->name, NULL), EXIT_DONE);
        expect_in(out_text, c->summary);
        each_option(c->options, out_text, "");
        each_option(command_global_options(), out_text, "");
        for (const struct command_verb *v = c->verbs; v && v->name; v++)
            expect_in(out_text, v->summary);
        static char by_name[sizeof out_text];
        memcpy(by_name, out_text, sizeof by_name);
        assert_int_equal(run(c->name, "--help", NULL), EXIT_DONE);
        assert_string_equal(out_text, by_name);
    }
    assert_int_equal(run("help", "hepl", NULL), EXIT_USAGE);
    expect_in(err_text, "no such command `hepl` (did you mean `help`?)");
}

/* The part of a completion that belongs to a command. */
static void section(const char *text, const char *begin, const char *end, char *out, size_t n)
{
    const char *from = strstr(text, begin);
    if (!from || !strstr(from, end))
        fail_msg("no `%s`", begin);
    const char *to = from ? strstr(from, end) : NULL;
    if (!from || !to)
        return;
    assert_true((size_t)(to - from) < n);
    memcpy(out, from, (size_t)(to - from));
    out[to - from] = '\0';
}

static void test_completions_name_every_option(void **state)
{
    (void)state;
    static char part[16384];
    const struct command *c;
    for (int shell = 0; shell < 2; shell++) {
        assert_int_equal(run("help", shell ? "--zsh" : "--bash", NULL), EXIT_DONE);
        for (int i = 0; (c = command_at(i)); i++) {
            char begin[64];
            (void)snprintf(begin, sizeof begin, shell ? "        %s)\n" : "    %s)\n", c->name);
            section(out_text, begin, shell ? "'*:file:_files' ;;" : "\" ;;\n", part, sizeof part);
            each_option(c->options, part, shell ? "'" : " ");
            each_option(command_global_options(), part, shell ? "'" : " ");
            for (const struct command_verb *v = c->verbs; v && v->name; v++)
                expect_in(part, v->name);
        }
    }
}

static void test_manual_and_references(void **state)
{
    (void)state;
    const struct command *c;
    assert_int_equal(run("help", "--man", NULL), EXIT_DONE);
    expect_in(out_text, ".TH FLIGHTDECK 1");
    for (int i = 0; (c = command_at(i)); i++) {
        char line[64];
        (void)snprintf(line, sizeof line, ".SS flightdeck %s", c->name);
        expect_in(out_text, line);
        for (const struct command_option *o = c->options; o && o->name; o++)
            expect_in(out_text, o->argument ? o->argument : "\\fB\\-\\-");
    }
    assert_int_equal(run("help", "--markdown", NULL), EXIT_DONE);
    for (int i = 0; (c = command_at(i)); i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "\n## %s\n", c->name);
        expect_in(out_text, line);
    }
    assert_int_equal(run("help", "--configuration", NULL), EXIT_DONE);
    expect_in(out_text, "`source.connection`");
    expect_in(out_text, "`snapshot.mode`");
    expect_in(out_text, "`vertica.host`");
}

/* ---- the reader of arguments, on a table row ---- */

static void test_arguments_reader(void **state)
{
    (void)state;
    struct arguments a;
    int64_t n;
    char *help[] = {(char *)"help", (char *)"--man", (char *)"--", (char *)"--bash", NULL};
    assert_int_equal(arguments_read(4, help, &a), EXIT_DONE);
    assert_true(arguments_flag(&a, "man"));
    assert_false(arguments_flag(&a, "bash"));
    assert_int_equal(a.n, 1);
    assert_string_equal(a.words[0], "--bash"); /* behind -- everything is a word */
    assert_null(a.words[1]);
    assert_null(a.config);
    char *config[] = {(char *)"config", (char *)"--config=x.yaml", (char *)"show", (char *)"--json",
                      NULL};
    assert_int_equal(arguments_read(4, config, &a), EXIT_DONE);
    assert_string_equal(a.config, "x.yaml");
    assert_string_equal(a.verb->name, "show");
    assert_int_equal(a.n, 0);
    assert_int_equal(arguments_number(&a, "json", 1, 9, 5, &n), EXIT_USAGE); /* "" is no number */
    char *plain[] = {(char *)"config", (char *)"show", NULL};
    assert_int_equal(arguments_read(2, plain, &a), EXIT_DONE);
    assert_int_equal(arguments_number(&a, "json", 1, 9, 5, &n), EXIT_DONE);
    assert_int_equal(n, 5);
}

static void test_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(exit_code_of(ERR_OK), 0);
    assert_int_equal(exit_code_of(ERR_SQL), 1);
    assert_int_equal(exit_code_of(ERR_CONFIG), 2);
    assert_int_equal(exit_code_of(ERR_USAGE), 2);
    assert_int_equal(exit_code_of(ERR_CONNECT), 3);
    assert_int_equal(exit_code_of(ERR_DIFFER), 4);
    assert_int_equal(exit_code_of(ERR_CANCELED), 130);
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static void test_json_has_three_decimals(void **state)
{
    (void)state;
    struct errbuf e;
    json_t *j = json_pack("{s:f, s:[f, i], s:{s:f}}", "a", 0.1 + 0.2, "b", 12.34567890123, 7, "c",
                          "d", 19.2);
    int saved = redirect("out", stdout);
    enum err rc = report_json(j, JSON_COMPACT, stdout, &e);
    restore(saved, stdout);
    slurp("out", out_text, sizeof out_text);
    assert_int_equal(rc, ERR_OK);
    assert_string_equal(out_text, "{\"a\":0.3,\"b\":[12.346,7],\"c\":{\"d\":19.2}}\n");
    json_decref(j);
}

/* A mart that is behind or was never made is said, and is no failure. */
static void test_verify_tells_of_marts(void **state)
{
    (void)state;
    struct verify_table marts[] = {{.name = (char *)"a",
                                    .raw_schema = "presentation",
                                    .raw_table = "a",
                                    .outcome = VERIFY_STALE,
                                    .since = "2026-11-28 12:05:01 UTC"},
                                   {.name = (char *)"b",
                                    .raw_schema = "presentation",
                                    .raw_table = "b",
                                    .outcome = VERIFY_NOT_MADE}};
    struct verify_report r = {
        .n_marts = 2, .marts = marts, .same = true, .unseen = (char *)"crm, erp"};
    int saved = redirect("out", stdout);
    report_verify_text(&r, stdout);
    restore(saved, stdout);
    slurp("out", out_text, sizeof out_text);
    assert_non_null(
        strstr(out_text, "verify: source and marts\n  mart  table           source rows "));
    assert_non_null(strstr(out_text, "  stale since 2026-11-28 12:05:01 UTC\n"));
    assert_non_null(strstr(out_text, "  not made yet\nnot compared, as they are of other sources: "
                                     "the tables of crm, erp\n"
                                     "2 marts were not compared: a (stale), b (not made yet)\n"
                                     "the tables that were compared are the same\n"));
    assert_non_null(strstr(out_text, "  a     presentation.a            -            -  -      "
                                     "                -  stale since "));
    json_t *j = report_verify(&r);
    const json_t *first = json_array_get(json_object_get(j, "marts"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "table")), "presentation.a");
    assert_string_equal(json_string_value(json_object_get(first, "stale_since")),
                        "2026-11-28 12:05:01 UTC");
    assert_string_equal(json_string_value(json_object_get(j, "sources_not_compared")), "crm, erp");
    json_decref(j);
}

/* Who compares wants to look: the raw table stands beside the source's. */
static void test_verify_names_the_raw_table(void **state)
{
    (void)state;
    struct verify_table tables[] = {{.name = (char *)"public.a",
                                     .raw_schema = "raw",
                                     .raw_table = "postgres_public_a",
                                     .source_rows = 1234567,
                                     .raw_rows = 1234567,
                                     .source_sum = 0xabc,
                                     .raw_sum = 0xabc,
                                     .seconds = 0.25},
                                    {.name = (char *)"public.alone", .outcome = VERIFY_NO_SINK}};
    struct verify_report r = {.n = 2, .tables = tables, .lsn = 0x100000020, .waited_seconds = 1.5};
    int saved = redirect("out", stdout);
    report_verify_text(&r, stdout);
    restore(saved, stdout);
    slurp("out", out_text, sizeof out_text);
    assert_string_equal(out_text, "verify: source and raw as of 1/20 (arrived after 1.5 s)\n"
                                  "  table         raw table              source rows     raw rows "
                                  " checksum         seconds  "
                                  "result\n"
                                  "  public.a      raw.postgres_public_a    1,234,567    1,234,567 "
                                  " 0000000000000abc    0.25  "
                                  "same\n"
                                  "  public.alone  -                                -            - "
                                  " -                      -  "
                                  "NO SINK\n"
                                  "DATA DIFFER\n");
}

/* Columns are aligned by what a letter takes on the screen, not by its octets. */
static void test_reports_align_letters(void **state)
{
    (void)state;
    struct verify_table tables[] = {
        {.name = (char *)"public.Заказы", .raw_schema = "raw", .raw_table = "p_Заказы"},
        {.name = (char *)"public.orders", .raw_schema = "raw", .raw_table = "p_orders"}};
    struct engine_refresh_task tasks[] = {
        {.dag = "заказы", .task = "x", .state = TI_SUCCESS, .reason = "", .rows = 1},
        {.dag = "orders", .task = "x", .state = TI_SUCCESS, .reason = "", .rows = 1}};
    const struct verify_report r = {.n = 2, .tables = tables};
    const struct engine_refresh_report f = {.n = 2, .items = tasks};
    int saved = redirect("out", stdout);
    report_verify_text(&r, stdout);
    report_refresh_text(&f, stdout);
    restore(saved, stdout);
    slurp("out", out_text, sizeof out_text);
    assert_non_null(strstr(out_text, "  public.Заказы  raw.p_Заказы            0 "));
    assert_non_null(strstr(out_text, "  public.orders  raw.p_orders            0 "));
    assert_non_null(strstr(out_text, "  заказы.x              1 "));
    assert_non_null(strstr(out_text, "  orders.x              1 "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_command),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_demo_is_named),
        cmocka_unit_test(test_config_check),
        cmocka_unit_test(test_config_check_names_what_nothing_captures),
        cmocka_unit_test(test_config_show),
        cmocka_unit_test(test_model_ddl),
        cmocka_unit_test(test_help_names_everything),
        cmocka_unit_test(test_completions_name_every_option),
        cmocka_unit_test(test_manual_and_references),
        cmocka_unit_test(test_arguments_reader),
        cmocka_unit_test(test_exit_codes),
        cmocka_unit_test(test_help_names_each_backslash_command),
        cmocka_unit_test(test_json_has_three_decimals),
        cmocka_unit_test(test_verify_names_the_raw_table),
        cmocka_unit_test(test_reports_align_letters),
        cmocka_unit_test(test_verify_tells_of_marts),
    };
    return cmocka_run_group_tests_name("cli", tests, setup, teardown);
}
