#include "console/sql_backslash.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "console/sql_describe.h"

/* ---- arguments ---- */

/* "on", "off" and their kin; "" is the other way round than `now`. */
static enum err read_switch(const char *text, bool now, bool *out, struct errbuf *e)
{
    static const struct {
        const char *word;
        bool on;
    } words[] = {{"on", true},   {"true", true},   {"yes", true}, {"1", true},
                 {"off", false}, {"false", false}, {"no", false}, {"0", false}};
    *out = !now;
    if (!*text)
        return ERR_OK;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (!strcasecmp(text, words[i].word)) {
            *out = words[i].on;
            return ERR_OK;
        }
    return err_set(e, ERR_USAGE, "on or off, not %s", text);
}

/* 'a name' without its quotes, in place. */
static char *unquoted(char *text)
{
    size_t n = strlen(text);
    if (n < 2 || *text != '\'' || text[n - 1] != '\'')
        return text;
    text[n - 1] = '\0';
    return text + 1;
}

/* ---- settings ---- */

static enum err back_quit(struct sql_run *r, char *rest, struct errbuf *e)
{
    (void)rest;
    (void)e;
    r->quit = true;
    return ERR_OK;
}

static enum err back_expanded(struct sql_run *r, char *rest, struct errbuf *e)
{
    bool on;
    enum err rc = read_switch(rest, r->format.format == FORMAT_EXPANDED, &on, e);
    if (rc)
        return rc;
    r->format.format = on ? FORMAT_EXPANDED : r->normal_format;
    if (!r->quiet)
        (void)fprintf(r->main, "Expanded display is %s.\n", on ? "on" : "off");
    return ERR_OK;
}

static enum err back_timing(struct sql_run *r, char *rest, struct errbuf *e)
{
    enum err rc = read_switch(rest, r->timing, &r->timing, e);
    if (!rc && !r->quiet)
        (void)fprintf(r->main, "Timing is %s.\n", r->timing ? "on" : "off");
    return rc;
}

static enum err back_set(struct sql_run *r, char *rest, struct errbuf *e)
{
    size_t n = strcspn(rest, " \t=");
    char *value = rest + n;
    if (!*rest) {
        for (int i = 0; i < r->n_variables; i++)
            (void)fprintf(r->main, "%s = '%s'\n", r->variables[i].name, r->variables[i].value);
        return ERR_OK;
    }
    if (*value) {
        *value++ = '='; /* NAME VALUE -> NAME=VALUE */
        size_t blanks = strspn(value, " \t=");
        memmove(value, value + blanks, strlen(value + blanks) + 1);
        char *bare = unquoted(value);
        memmove(value, bare, strlen(bare) + 1);
    }
    return sql_run_set(r, rest, e);
}

/* ---- input and output ---- */

static enum err back_echo(struct sql_run *r, char *rest, struct errbuf *e)
{
    struct buf b;
    buf_init(&b, 0);
    sql_run_substitute(r, rest, &b);
    enum err rc = buf_check(&b, "a line to echo", e);
    (void)fprintf(r->main, "%s\n", buf_cstr(&b));
    (void)fflush(r->main);
    buf_free(&b);
    return rc;
}

static enum err back_include(struct sql_run *r, char *rest, struct errbuf *e)
{
    enum { DEEPEST = 16 };
    if (!*rest)
        return err_set(e, ERR_USAGE, "\\i needs a file");
    if (r->depth == DEEPEST)
        return err_set(e, ERR_LIMIT, "\\i within \\i too deep");
    r->depth++;
    enum sql_exit rc = sql_run_file(r, unquoted(rest));
    r->depth--;
    return rc == SQL_EXIT_DONE ? ERR_OK : ERR_SQL; /* it has said what */
}

static enum err back_output(struct sql_run *r, char *rest, struct errbuf *e)
{
    if (*rest == '|')
        return err_set(e, ERR_USAGE,
                       "\\o takes a file; for a program use the shell: "
                       "flightdeck sql .. | program");
    return sql_run_output(r, *rest ? unquoted(rest) : NULL, e);
}

/* ---- the catalog ---- */

static enum err back_describe(struct sql_run *r, char *rest, struct errbuf *e)
{
    return *rest ? sql_describe_relation(r, rest, e)
                 : sql_describe_list(r, SQL_LIST_RELATIONS, rest, e);
}

static enum err back_tables(struct sql_run *r, char *rest, struct errbuf *e)
{
    return sql_describe_list(r, SQL_LIST_TABLES, rest, e);
}

static enum err back_views(struct sql_run *r, char *rest, struct errbuf *e)
{
    return sql_describe_list(r, SQL_LIST_VIEWS, rest, e);
}

static enum err back_schemas(struct sql_run *r, char *rest, struct errbuf *e)
{
    return sql_describe_list(r, SQL_LIST_SCHEMAS, rest, e);
}

static enum err back_roles(struct sql_run *r, char *rest, struct errbuf *e)
{
    return sql_describe_list(r, SQL_LIST_ROLES, rest, e);
}

static enum err back_databases(struct sql_run *r, char *rest, struct errbuf *e)
{
    return sql_describe_list(r, SQL_LIST_DATABASES, rest, e);
}

/* ---- the table ---- */

static enum err back_help(struct sql_run *r, char *rest, struct errbuf *e);

static const struct {
    const char *name;
    const char *arguments;
    const char *help;
    enum err (*run)(struct sql_run *r, char *rest, struct errbuf *e);
} backslashes[] = {
    {"d", "[NAME]", "tables, views and sequences; of NAME: columns, keys, indexes", back_describe},
    {"dt", "[PATTERN]", "tables", back_tables},
    {"dv", "[PATTERN]", "views", back_views},
    {"dn", "[PATTERN]", "schemas", back_schemas},
    {"du", "[PATTERN]", "users and roles", back_roles},
    {"l", "[PATTERN]", "databases", back_databases},
    {"x", "[on|off]", "one column a line", back_expanded},
    {"timing", "[on|off]", "show how long statements take", back_timing},
    {"i", "FILE", "run a script", back_include},
    {"o", "[FILE]", "results go to FILE; without it, back here", back_output},
    {"echo", "[TEXT]", "print TEXT", back_echo},
    {"set", "[NAME [VALUE]]", "set a variable, or list them", back_set},
    {"?", "", "this list", back_help},
    {"q", "", "end", back_quit},
};
enum { N_BACKSLASHES = sizeof backslashes / sizeof backslashes[0] };

bool sql_backslash_name(int i, const char **name, const char **arguments, const char **help)
{
    if (i < 0 || i >= N_BACKSLASHES)
        return false;
    *name = backslashes[i].name;
    *arguments = backslashes[i].arguments;
    *help = backslashes[i].help;
    return true;
}

static enum err back_help(struct sql_run *r, char *rest, struct errbuf *e)
{
    enum { NAME_WIDTH = 8, ARGUMENTS_WIDTH = 15 };
    (void)rest;
    (void)e;
    for (int i = 0; i < N_BACKSLASHES; i++)
        (void)fprintf(r->main, "  \\%-*s%-*s %s\n", NAME_WIDTH, backslashes[i].name,
                      ARGUMENTS_WIDTH, backslashes[i].arguments, backslashes[i].help);
    (void)fputs("PATTERN: [schema.]name, where * is any characters and ? one, in any case;\n"
                "\"in quotes\" as it stands.\n",
                r->main);
    return ERR_OK;
}

static enum err run_named(struct sql_run *r, const char *name, char *rest, struct errbuf *e)
{
    for (int i = 0; i < N_BACKSLASHES; i++)
        if (!strcmp(name, backslashes[i].name))
            return backslashes[i].run(r, rest, e);
    return err_set(e, ERR_USAGE, "\\%s is not known here: \\? lists what is", name);
}

enum err sql_backslash_run(struct sql_run *r, const char *line)
{
    char name[32];
    struct errbuf e;
    size_t n = strcspn(line + 1, " \t\r\n;");
    err_clear(&e);
    (void)snprintf(name, sizeof name, "%.*s", (int)n, line + 1);
    /* \d+ and \dt+ come from the fingers: what they add is not known here */
    size_t last = strlen(name);
    if (last > 1 && name[last - 1] == '+')
        name[last - 1] = '\0';
    char *rest = strdup(line + 1 + n + strspn(line + 1 + n, " \t"));
    if (!rest)
        return ERR_NOMEM;
    bool text = !strcmp(name, "echo") || !strcmp(name, "set");
    for (size_t len = strlen(rest); len; len--) {
        if (!isspace((unsigned char)rest[len - 1]) && (text || rest[len - 1] != ';'))
            break;
        rest[len - 1] = '\0';
    }
    enum err rc = run_named(r, name, rest, &e);
    r->lost = r->lost || rc == ERR_CONNECT;
    if (rc && *e.text)
        sql_run_say(r, 0, e.text);
    free(rest);
    return rc;
}
