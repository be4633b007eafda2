/* flightdeck sql: the warehouse (or the source) in SQL. Keeps psql's exit codes. */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "console/attach.h"
#include "console/exit_codes.h"
#include "console/options.h"
#include "console/sql_history.h"
#include "console/sql_targets.h"
#include "console/sql_words.h"
#include "console/user_path.h"

/* By the options; `otherwise` where there are none. */
static enum format chosen_format(const struct arguments *a, enum format otherwise)
{
    static const struct {
        const char *flag;
        enum format format;
    } flags[] = {{"csv", FORMAT_CSV},   {"json", FORMAT_JSON},         {"jsonl", FORMAT_JSONL},
                 {"tsv", FORMAT_TSV},   {"markdown", FORMAT_MARKDOWN}, {"box", FORMAT_BOX},
                 {"html", FORMAT_HTML}, {"expanded", FORMAT_EXPANDED}, {"no-align", FORMAT_LIST}};
    enum format f = otherwise;
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
    (void)setenv("LC_CTYPE", "C.UTF-8", 1); /* psqlODBC sets the environment's at each connection */
    return false;
}

/* What the options say; again behind the rc file, which they overrule. */
static int apply_options(const struct arguments *a, struct sql_run *r)
{
    struct errbuf e;
    err_clear(&e);
    r->format.format = chosen_format(a, r->format.format);
    if (arguments_value(a, "null"))
        r->format.null = arguments_value(a, "null");
    if (arguments_value(a, "field-separator"))
        r->format.separator = arguments_value(a, "field-separator");
    r->format.rows_only = r->format.rows_only || arguments_flag(a, "tuples-only");
    r->quiet = r->quiet || arguments_flag(a, "quiet");
    r->normal_format = r->format.format == FORMAT_EXPANDED ? FORMAT_TABLE : r->format.format;
    for (int i = 0; i < a->n_given; i++)
        if (!strcmp(a->given[i].name, "variable") && sql_run_set(r, a->given[i].value, &e))
            return command_fail(a, EXIT_USAGE, "-v: %s", e.text);
    return EXIT_DONE;
}

static int set_up(const struct arguments *a, struct sql_run *r)
{
    const char *output = arguments_value(a, "output");
    bool unicode = terminal_has_utf8();
    r->main = r->out = output ? fopen(output, "we") : stdout;
    if (!r->out)
        return command_fail(a, SQL_EXIT_FAILED, "%s: %s", output, strerror(errno));
    r->format.terminal = isatty(fileno(r->out)) == 1;
    r->format.unicode = unicode;
    return apply_options(a, r);
}

/* $FLIGHTDECK_SQLRC, else ~/.config/flightdeck/sqlrc: its errors are said and stop nothing. */
static int run_rc(const struct arguments *a, struct sql_run *r)
{
    char path[USER_PATH_MAX];
    const char *said = getenv("FLIGHTDECK_SQLRC");
    bool quiet = r->quiet;
    if (arguments_flag(a, "no-rc"))
        return EXIT_DONE;
    if (said ? snprintf(path, sizeof path, "%s", said) >= (int)sizeof path
             : !user_path(USER_CONFIG, "sqlrc", path))
        return EXIT_DONE;
    if (access(path, R_OK) != 0)
        return EXIT_DONE;
    r->quiet = true;
    (void)sql_run_file(r, path);
    r->quiet = quiet || sql_variables_on(&r->variables, "QUIET");
    return apply_options(a, r);
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

/* A person at a terminal. */
static int run_keyboard(const struct arguments *a, struct sql_run *r)
{
    struct errbuf e;
    err_clear(&e);
    r->keyboard = true;
    r->history = sql_history_open(NULL, &e);
    if (*e.text)
        (void)command_fail(a, 0, "%s", e.text);
    r->completer = sql_completer_start(r->places, r->on_source);
    if (!r->quiet)
        (void)fprintf(r->main, "%s; \\? for help, \\q to end\n", sql_session_server(r->session));
    if (!r->quiet && r->places->looks_only)
        (void)fprintf(r->main, "%s: only what reads runs here; --elevate %s allows more\n",
                      r->places->looks_only, r->places->environment);
    return (int)sql_run_prompt(r);
}

static int run_all(const struct arguments *a, struct sql_run *r)
{
    bool any = false;
    struct errbuf e;
    err_clear(&e);
    if (sql_interrupts_start(r->session, &e))
        return command_fail(a, SQL_EXIT_FAILED, "%s", e.text);
    int rc = run_rc(a, r);
    if (rc == EXIT_DONE)
        rc = r->lost ? (int)SQL_EXIT_CONNECTION : run_actions(a, r, &any);
    else
        any = true;
    if (!any && !r->lost && !r->quit) {
        bool keyboard =
            isatty(STDIN_FILENO) == 1 && r->main == stdout && isatty(STDOUT_FILENO) == 1;
        rc = keyboard ? run_keyboard(a, r) : (int)sql_run_file(r, "-");
    }
    sql_interrupts_stop();
    return rc;
}

/* Returns `rc`, or what failed at the very end. */
static int end(const struct arguments *a, struct sql_run *r, int rc)
{
    struct errbuf e;
    err_clear(&e);
    sql_note_close(&r->note);
    sql_session_close(r->session);
    sql_history_close(r->history);
    if (r->out != r->main && sql_run_output(r, NULL, &e) && rc == EXIT_DONE)
        rc = command_fail(a, SQL_EXIT_FAILED, "%s", e.text);
    if (r->main && r->main != stdout && fclose(r->main) != 0 && rc == EXIT_DONE)
        rc = command_fail(a, SQL_EXIT_FAILED, "%s: %s", arguments_value(a, "output"),
                          strerror(errno));
    return rc;
}

int cmd_sql(int argc, char **argv)
{
    struct arguments *a = calloc(1, sizeof *a);
    struct sql_targets *t = NULL;
    struct sql_places places;
    struct sql_run r = {.session = NULL};
    struct errbuf e;
    if (!a)
        return SQL_EXIT_FAILED;
    err_clear(&e);
    int rc = arguments_read(argc, argv, a);
    if (rc == EXIT_DONE)
        rc = set_up(a, &r);
    if (rc == EXIT_DONE)
        rc = sql_targets_find(a, &t);
    if (rc == EXIT_DONE) {
        places = sql_targets_places(t);
        r.places = &places;
        r.on_source = arguments_flag(a, "source");
        sql_note_init(&r.note, places.engine, r.on_source);
        if (places.open(places.arg, r.on_source, &r.session, &e))
            rc = command_fail(a, e.code == ERR_CONFIG ? EXIT_USAGE : SQL_EXIT_CONNECTION, "%s",
                              e.text);
    }
    if (rc == EXIT_DONE)
        rc = run_all(a, &r);
    bool alone = sql_completer_stop(r.completer);
    rc = end(a, &r, rc);
    if (!alone ||
        r.left) /* exit() would take the driver away from under the thread that waits for a server
                 */
        child_leave(rc);
    sql_targets_free(t);
    sql_run_free(&r);
    free(a);
    return rc;
}
