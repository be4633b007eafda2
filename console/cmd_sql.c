/* flightdeck sql: the warehouse (or the source) in SQL. Keeps psql's exit codes. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "console/exit_codes.h"
#include "console/options.h"
#include "console/sql_run.h"

static enum format chosen_format(const struct arguments *a)
{
    static const struct {
        const char *flag;
        enum format format;
    } flags[] = {{"csv", FORMAT_CSV},   {"json", FORMAT_JSON},         {"jsonl", FORMAT_JSONL},
                 {"tsv", FORMAT_TSV},   {"markdown", FORMAT_MARKDOWN}, {"box", FORMAT_BOX},
                 {"html", FORMAT_HTML}, {"expanded", FORMAT_EXPANDED}, {"no-align", FORMAT_LIST}};
    enum format f = FORMAT_TABLE;
    for (int i = 0; i < a->n_given; i++) { /* the last one wins */
        if (!strcmp(a->given[i].name, "format"))
            f = format_find(a->given[i].value);
        for (size_t k = 0; k < sizeof flags / sizeof flags[0]; k++)
            if (!strcmp(a->given[i].name, flags[k].flag))
                f = flags[k].format;
    }
    return f;
}

/* Data are UTF-8 whatever the locale: so must be the widths of their letters. */
static bool terminal_has_utf8(void)
{
    if (!strcmp(nl_langinfo(CODESET), "UTF-8"))
        return true;
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return false;
}

static int set_up(const struct arguments *a, struct sql_run *r)
{
    struct errbuf e;
    const char *output = arguments_value(a, "output");
    bool unicode = terminal_has_utf8();
    err_clear(&e);
    r->main = r->out = output ? fopen(output, "we") : stdout;
    if (!r->out)
        return command_fail(a, SQL_EXIT_FAILED, "%s: %s", output, strerror(errno));
    r->quiet = arguments_flag(a, "quiet");
    r->format = (struct format_options){.format = chosen_format(a),
                                        .null = arguments_value(a, "null"),
                                        .separator = arguments_value(a, "field-separator"),
                                        .rows_only = arguments_flag(a, "tuples-only"),
                                        .terminal = isatty(fileno(r->out)) == 1,
                                        .unicode = unicode};
    r->normal_format = r->format.format == FORMAT_EXPANDED ? FORMAT_TABLE : r->format.format;
    for (int i = 0; i < a->n_given; i++)
        if (!strcmp(a->given[i].name, "variable") && sql_run_set(r, a->given[i].value, &e))
            return command_fail(a, EXIT_USAGE, "-v: %s", e.text);
    return EXIT_DONE;
}

static int open_session(const struct arguments *a, struct sql_session **out)
{
    struct errbuf e;
    struct config *c = NULL;
    bool source = arguments_flag(a, "source");
    const char *odbc = arguments_value(a, "odbc");
    const char *dialect = arguments_value(a, "dialect");
    const char *conninfo = arguments_value(a, "conninfo");
    int rc = EXIT_DONE;
    enum err r = ERR_OK;
    err_clear(&e);
    if (source ? !conninfo : !odbc) {
        rc = arguments_config(a, &c);
        if (rc != EXIT_DONE)
            return rc;
        r = config_require(c, source ? NEEDS_SOURCE : NEEDS_WAREHOUSE, &e);
        conninfo = c->source.connection;
        odbc = c->warehouse.odbc;
        dialect = config_dialect_word(c);
    }
    if (!r && source && !conninfo)
        r = err_set(&e, ERR_CONFIG, "no source: set source.connection, or give --conninfo");
    if (!r)
        r = source ? sql_session_open_libpq(conninfo, out, &e)
                   : sql_session_open_odbc(odbc, dialect ? dialect : "postgresql", out, &e);
    config_free(c);
    return r ? command_fail(a, SQL_EXIT_CONNECTION, "%s", e.text) : EXIT_DONE;
}

/* -c and -f in their order; as in psql the last one's code is the code, and an error ends the row
 * with ON_ERROR_STOP. */
static int run_actions(const struct arguments *a, struct sql_run *r, bool *any)
{
    enum sql_exit rc = SQL_EXIT_DONE;
    *any = false;
    for (int i = 0; i < a->n_given && !r->quit; i++) {
        const struct argument_given *g = &a->given[i];
        if (!strcmp(g->name, "command"))
            rc = sql_run_command(r, g->value);
        else if (!strcmp(g->name, "file"))
            rc = sql_run_file(r, g->value);
        else
            continue;
        *any = true;
        if (rc != SQL_EXIT_DONE && (sql_run_stops(r) || r->lost || sql_interrupted()))
            return (int)rc;
    }
    if (a->n > 0) {
        rc = sql_run_command(r, a->words[0]);
        *any = true;
    }
    return (int)rc;
}

static int run_all(const struct arguments *a, struct sql_run *r)
{
    bool any;
    struct errbuf e;
    err_clear(&e);
    if (sql_interrupts_start(r->session, &e))
        return command_fail(a, SQL_EXIT_FAILED, "%s", e.text);
    int rc = run_actions(a, r, &any);
    if (!any) {
        bool keyboard =
            isatty(STDIN_FILENO) == 1 && r->main == stdout && isatty(STDOUT_FILENO) == 1;
        if (keyboard && !r->quiet)
            (void)fprintf(r->main, "%s; \\? for help, \\q to end\n",
                          sql_session_server(r->session));
        rc =
            (int)(keyboard ? sql_run_prompt(r, arguments_flag(a, "source") ? "source" : "warehouse")
                           : sql_run_file(r, "-"));
    }
    sql_interrupts_stop();
    return rc;
}

int cmd_sql(int argc, char **argv)
{
    struct arguments *a = calloc(1, sizeof *a);
    struct sql_run r = {.session = NULL};
    struct errbuf e;
    if (!a)
        return SQL_EXIT_FAILED;
    int rc = arguments_read(argc, argv, a);
    if (rc == EXIT_DONE)
        rc = set_up(a, &r);
    if (rc == EXIT_DONE)
        rc = open_session(a, &r.session);
    if (rc == EXIT_DONE)
        rc = run_all(a, &r);
    sql_session_close(r.session);
    err_clear(&e);
    if (r.out != r.main && sql_run_output(&r, NULL, &e) && rc == EXIT_DONE)
        rc = command_fail(a, SQL_EXIT_FAILED, "%s", e.text);
    if (r.main && r.main != stdout && fclose(r.main) != 0 && rc == EXIT_DONE)
        rc = command_fail(a, SQL_EXIT_FAILED, "%s: %s", arguments_value(a, "output"),
                          strerror(errno));
    sql_run_free(&r);
    free(a);
    return rc;
}
