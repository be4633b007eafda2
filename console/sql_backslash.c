#include "console/sql_backslash.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "backend/base/nearest.h"
#include "console/sql_back.h"
#include "console/sql_describe.h"

/* ---- arguments ---- */

bool back_next(struct back *b, enum err *rc)
{
    return sql_arguments_next(&b->arguments, &b->word, rc, b->e);
}

bool back_name(struct back *b, enum err *rc)
{
    while (back_next(b, rc)) {
        while (b->word.len && b->word.p[b->word.len - 1] == ';')
            b->word.len--;
        if (b->word.len)
            return true;
    }
    return false;
}

const char *back_rest(struct back *b)
{
    const char *p = b->arguments.at;
    size_t n = strlen(p);
    while (n && isspace((unsigned char)p[n - 1]))
        n--;
    while (n && isspace((unsigned char)*p)) {
        p++;
        n--;
    }
    buf_clear(&b->word);
    buf_add(&b->word, p, n);
    b->arguments.at += strlen(b->arguments.at);
    return buf_cstr(&b->word);
}

enum err back_switch(const char *text, bool now, bool *out, struct errbuf *e)
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
    *out = now;
    return err_set(e, ERR_USAGE, "on or off, not %s", text);
}

/* ---- the catalog ---- */

static enum err describe_list(struct back *b, enum sql_list what)
{
    enum err rc = ERR_OK;
    b->arguments.names = true;
    const char *pattern = back_name(b, &rc) ? buf_cstr(&b->word) : "";
    return rc ? rc : sql_describe_list(b->r, what, pattern, b->e);
}

static enum err back_describe(struct back *b)
{
    enum err rc = ERR_OK;
    b->arguments.names = true;
    if (back_name(b, &rc))
        return sql_describe_relation(b->r, buf_cstr(&b->word), b->e);
    return rc ? rc : sql_describe_list(b->r, SQL_LIST_RELATIONS, "", b->e);
}

static enum err back_tables(struct back *b)
{
    return describe_list(b, SQL_LIST_TABLES);
}

static enum err back_views(struct back *b)
{
    return describe_list(b, SQL_LIST_VIEWS);
}

static enum err back_materialized(struct back *b)
{
    return describe_list(b, SQL_LIST_MATERIALIZED);
}

static enum err back_sequences(struct back *b)
{
    return describe_list(b, SQL_LIST_SEQUENCES);
}

static enum err back_schemas(struct back *b)
{
    return describe_list(b, SQL_LIST_SCHEMAS);
}

static enum err back_roles(struct back *b)
{
    return describe_list(b, SQL_LIST_ROLES);
}

static enum err back_databases(struct back *b)
{
    return describe_list(b, SQL_LIST_DATABASES);
}

static enum err back_functions(struct back *b)
{
    return describe_list(b, SQL_LIST_FUNCTIONS);
}

static enum err back_indexes(struct back *b)
{
    return describe_list(b, SQL_LIST_INDEXES);
}

/* ---- the table ---- */

static enum err back_quit(struct back *b)
{
    b->r->quit = true;
    return ERR_OK;
}

static back_fn back_help;

static const struct {
    struct sql_backslash words;
    back_fn *run;
} backslashes[] = {
    {{"d", "[NAME]", "tables, views and sequences; of NAME: columns, keys, indexes",
      SQL_OPERAND_RELATION},
     back_describe},
    {{"dt", "[PATTERN]", "tables", SQL_OPERAND_RELATION}, back_tables},
    {{"dv", "[PATTERN]", "views", SQL_OPERAND_RELATION}, back_views},
    {{"dm", "[PATTERN]", "materialized views", SQL_OPERAND_RELATION}, back_materialized},
    {{"ds", "[PATTERN]", "sequences", SQL_OPERAND_RELATION}, back_sequences},
    {{"di", "[PATTERN]", "indexes; Vertica: projections", SQL_OPERAND_SCHEMA}, back_indexes},
    {{"df", "[PATTERN]", "functions", SQL_OPERAND_SCHEMA}, back_functions},
    {{"dn", "[PATTERN]", "schemas", SQL_OPERAND_SCHEMA}, back_schemas},
    {{"du", "[PATTERN]", "users and roles", SQL_OPERAND_NONE}, back_roles},
    {{"l", "[PATTERN]", "databases", SQL_OPERAND_NONE}, back_databases},
    {{"g", "[FILE||COMMAND]", "run what was typed (else the last statement)", SQL_OPERAND_FILE},
     back_go},
    {{"gx", "[FILE||COMMAND]", "the same, one column a line", SQL_OPERAND_FILE}, back_go_expanded},
    {{"gset", "[PREFIX]", "the same, and its one row becomes variables", SQL_OPERAND_NONE},
     back_go_set},
    {{"watch", "[SECONDS]", "run it every 2 or so many seconds; c=N: N times", SQL_OPERAND_NONE},
     back_watch},
    {{"chart", "TYPE [X [Y ..]]", "its rows as line, bars, donut or histogram", SQL_OPERAND_NONE},
     back_chart},
    {{"p", "", "show what was typed (else the last statement)", SQL_OPERAND_NONE}, back_print},
    {{"r", "", "forget what was typed", SQL_OPERAND_NONE}, back_reset},
    {{"e", "[FILE]", "edit it (or FILE) in $EDITOR", SQL_OPERAND_FILE}, back_edit},
    {{"w", "FILE", "write it to FILE", SQL_OPERAND_FILE}, back_write},
    {{"s", "[TEXT]", "what was typed before, with TEXT in it", SQL_OPERAND_NONE}, back_history},
    {{"i", "FILE", "run a script", SQL_OPERAND_FILE}, back_include},
    {{"o", "[FILE||COMMAND]", "results go there; without it, back here", SQL_OPERAND_FILE},
     back_output},
    {{"copy", "TABLE|(QUERY) to FILE", "rows to a file: [csv|tsv|json|jsonl|..] [header]",
      SQL_OPERAND_STATEMENT},
     back_copy},
    {{"x", "[on|off|auto]", "one column a line; auto: where a table is too wide",
      SQL_OPERAND_SWITCH},
     back_expanded},
    {{"a", "", "the form `list`, or back to the table", SQL_OPERAND_NONE}, back_unaligned},
    {{"t", "[on|off]", "rows only", SQL_OPERAND_SWITCH}, back_rows_only},
    {{"pset", "[NAME [VALUE]]", "how results look, or all that can be set", SQL_OPERAND_SETTING},
     back_pset},
    {{"timing", "[on|off]", "show how long statements take", SQL_OPERAND_SWITCH}, back_timing},
    {{"set", "[NAME [VALUE]]", "set a variable, or list them", SQL_OPERAND_VARIABLE}, back_set},
    {{"unset", "NAME", "forget a variable", SQL_OPERAND_VARIABLE}, back_unset},
    {{"echo", "[TEXT]", "print TEXT", SQL_OPERAND_NONE}, back_echo},
    {{"warn", "[TEXT]", "print TEXT on stderr", SQL_OPERAND_NONE}, back_warn},
    {{"!", "[COMMAND]", "run it in a shell", SQL_OPERAND_FILE}, back_shell},
    {{"cd", "[DIRECTORY]", "go there", SQL_OPERAND_FILE}, back_cd},
    {{"source", "", "talk to the source from now on", SQL_OPERAND_NONE}, back_source},
    {{"warehouse", "", "talk to the warehouse from now on", SQL_OPERAND_NONE}, back_warehouse},
    {{"conninfo", "", "whom we talk to", SQL_OPERAND_NONE}, back_conninfo},
    {{"refresh", "MART|ENTITY|DAG", "make it anew, wait, tell its rows", SQL_OPERAND_RELATION},
     back_refresh},
    {{"?", "", "this list", SQL_OPERAND_NONE}, back_help},
    {{"q", "", "end", SQL_OPERAND_NONE}, back_quit},
};
enum { N_BACKSLASHES = sizeof backslashes / sizeof backslashes[0] };

/* What fingers type as well. */
static const struct {
    const char *also, *name;
} aliases[] = {{"quit", "q"},  {"edit", "e"},  {"include", "i"}, {"write", "w"}, {"out", "o"},
               {"print", "p"}, {"reset", "r"}, {"ir", "i"},      {"list", "l"},  {"dg", "du"}};

bool sql_backslash_get(int i, struct sql_backslash *out)
{
    if (i < 0 || i >= N_BACKSLASHES)
        return false;
    *out = backslashes[i].words;
    return true;
}

static enum err back_help(struct back *b)
{
    enum { NAME_WIDTH = 10, ARGUMENTS_WIDTH = 22 };
    struct sql_run *r = b->r;
    sql_run_page_begin(r);
    for (int i = 0; i < N_BACKSLASHES; i++)
        (void)fprintf(r->out, "  \\%-*s%-*s %s\n", NAME_WIDTH, backslashes[i].words.name,
                      ARGUMENTS_WIDTH, backslashes[i].words.arguments, backslashes[i].words.help);
    (void)fputs("PATTERN: [schema.]name, where * is any characters and ? one, in any case;\n"
                "\"in quotes\" as it stands. :NAME, :'NAME' and :\"NAME\" are variables.\n",
                r->out);
    (void)sql_run_page_end(r);
    return ERR_OK;
}

/* ---- running ---- */

static back_fn *find(const char *name, struct errbuf *e)
{
    struct nearest near;
    char hint[128] = "";
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (!strcmp(name, aliases[i].also))
            name = aliases[i].name;
    nearest_start(&near, name);
    for (size_t i = 0; strlen(name) > 1 && i < sizeof aliases / sizeof aliases[0]; i++)
        nearest_offer(&near, aliases[i].also);
    for (int i = 0; i < N_BACKSLASHES; i++) {
        if (!strcmp(name, backslashes[i].words.name))
            return backslashes[i].run;
        if (strlen(name) > 1) /* to one letter everything is near */
            nearest_offer(&near, backslashes[i].words.name);
    }
    if (near.best)
        (void)snprintf(hint, sizeof hint, " (did you mean \\%s?)", near.best);
    (void)err_set(e, ERR_USAGE, "\\%s is not known here%s: \\? lists what is", name, hint);
    return NULL;
}

/* The name behind the backslash; a sign is one by itself. Returns what follows. */
static const char *read_name(const char *p, char *out, size_t n)
{
    size_t len = 0;
    if (isalnum((unsigned char)*p))
        while (isalnum((unsigned char)p[len]) || p[len] == '_')
            len++;
    else if (*p)
        len = 1;
    (void)snprintf(out, n, "%.*s", (int)len, p);
    /* \d+ and \dt+ come from the fingers: what they add is not known here */
    return p + len + (p[len] == '+' ? 1 : 0);
}

enum err sql_backslash_run(struct sql_run *r, struct buf *line)
{
    char name[32];
    struct errbuf e;
    const char *text = buf_cstr(line);
    struct back b = {.r = r, .e = &e};
    enum err rc = ERR_USAGE;
    err_clear(&e);
    buf_init(&b.word, 0);
    if (text[1] == '\\') { /* only separates */
        memmove(line->p, line->p + 2, line->len - 2);
        line->len -= 2;
        return ERR_OK;
    }
    b.arguments = (struct sql_arguments){
        .at = read_name(text + 1, name, sizeof name), .find = sql_run_variable, .arg = r};
    back_fn *run = find(name, &e);
    if (run)
        rc = run(&b);
    else
        b.arguments.at += strlen(b.arguments.at);
    enum err ignored;
    while (!rc && sql_arguments_next(&b.arguments, &b.word, &ignored, NULL))
        continue; /* what it did not want */
    if (rc)
        b.arguments.at += strlen(b.arguments.at);
    size_t left = strlen(b.arguments.at);
    memmove(line->p, b.arguments.at, left);
    line->len = left;
    sql_run_note_lost(r, rc);
    if (rc && *e.text)
        sql_run_say(r, 0, e.text);
    buf_free(&b.word);
    return rc;
}

enum err sql_backslash_line(struct sql_run *r, const char *line)
{
    struct buf b;
    enum err rc = ERR_OK;
    buf_init(&b, 0);
    buf_str(&b, line);
    while (!rc && !r->quit && *buf_cstr(&b) == '\\')
        rc = sql_backslash_run(r, &b);
    for (const char *p = buf_cstr(&b); !rc && *p; p++)
        if (!isspace((unsigned char)*p)) {
            sql_run_say(r, 0, "a -c is statements or backslash commands, not both: use -c twice");
            rc = ERR_USAGE;
        }
    buf_free(&b);
    return rc;
}
