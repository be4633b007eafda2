/* Pages that derive from the command table: help, manual, reference, completions. */
#include <ctype.h>
#include <string.h>

#include "console/commands.h"
#include "console/exit_codes.h"

enum { WIDTH = 92 };

/* Words wrapped at WIDTH, each line behind `indent` blanks; the first may already be begun. */
static void wrap(struct buf *out, const char *text, int indent, int column)
{
    for (const char *p = text; *p;) {
        int n = (int)strcspn(p, " \n");
        if (column > indent && column + 1 + n > WIDTH) {
            buf_printf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent && p != text) {
            buf_ch(out, ' ');
            column++;
        }
        buf_add(out, p, (size_t)n);
        column += n;
        p += n;
        if (p[0] == '\n' && p[1] == '\n') {
            buf_printf(out, "\n\n%*s", indent, "");
            column = indent;
        }
        p += strspn(p, " \n");
    }
    buf_ch(out, '\n');
}

static void usage(const struct command *c, const struct command_verb *v, struct buf *out)
{
    const char *words = v ? v->arguments : c->arguments;
    buf_printf(out, "flightdeck %s%s%s%s%s%s", c->name, v ? " " : "", v ? v->name : "",
               *words ? " " : "", words, c->options ? " [OPTION..]" : "");
}

void command_page_overview(struct buf *out)
{
    const struct command *c;
    buf_lit(out, "flightdeck: PostgreSQL -> Kafka -> warehouse, exactly once, in one process\n\n"
                 "Usage: flightdeck [--config FILE] COMMAND [ARGUMENTS]\n"
                 "       flightdeck                  the console, where an engine answers\n\n"
                 "Commands:\n");
    for (int i = 0; (c = command_at(i)); i++) {
        buf_printf(out, "  %-10s ", c->name);
        wrap(out, c->summary, 13, 13);
    }
    buf_lit(out, "\n`flightdeck help COMMAND` tells more.\n\nExit codes:\n");
#define X(name, number, meaning) buf_printf(out, "  %3d  %s\n", number, meaning);
    EXIT_CODE_LIST(X)
#undef X
}

static void options_text(const struct command_option *o, struct buf *out)
{
    for (; o && o->name; o++) {
        struct buf head;
        buf_init(&head, 256);
        if (o->letter)
            buf_printf(&head, "-%c, ", o->letter);
        buf_printf(&head, "--%s%s%s", o->name, o->argument ? " " : "",
                   o->argument ? o->argument : "");
        buf_printf(out, "  %-20s ", buf_cstr(&head));
        wrap(out, o->help, 23, head.len > 20 ? (int)head.len + 3 : 23);
        if (o->words) {
            buf_printf(out, "%23s", "");
            for (int i = 0; o->words[i]; i++)
                buf_printf(out, "%s%s", i ? ", " : "One of ", o->words[i]);
            buf_lit(out, ".\n");
        }
        buf_free(&head);
    }
}

void command_page_one(const struct command *c, struct buf *out)
{
    buf_printf(out, "%s\n\n", c->summary);
    if (!c->verbs) {
        buf_lit(out, "Usage: ");
        usage(c, NULL, out);
        buf_ch(out, '\n');
    } else {
        buf_lit(out, "Usage:\n");
        for (const struct command_verb *v = c->verbs; v->name; v++) {
            buf_lit(out, "  ");
            usage(c, v, out);
            buf_lit(out, "\n      ");
            wrap(out, v->summary, 6, 6);
        }
    }
    if (c->details) {
        buf_ch(out, '\n');
        wrap(out, c->details, 0, 0);
    }
    buf_lit(out, "\nOptions:\n");
    options_text(c->options, out);
    options_text(command_global_options(), out);
    if (c->example) {
        buf_lit(out, "\nFor example:\n  ");
        for (const char *p = c->example; *p; p++) {
            buf_ch(out, *p);
            if (*p == '\n')
                buf_lit(out, "  ");
        }
        buf_ch(out, '\n');
    }
}

/* ---- man(7) ---- */

static void roff(struct buf *out, const char *text)
{
    bool line_start = true;
    for (const char *p = text; *p; p++) {
        if (line_start && (*p == '.' || *p == '\''))
            buf_lit(out, "\\&");
        if (*p == '\\')
            buf_lit(out, "\\e");
        else if (*p == '-')
            buf_lit(out, "\\-");
        else if (p[0] == '\n' && p[1] == '\n')
            buf_lit(out, "\n.PP");
        else
            buf_ch(out, *p);
        line_start = *p == '\n';
    }
}

static void roff_options(const struct command_option *o, struct buf *out)
{
    for (; o && o->name; o++) {
        buf_lit(out, ".TP\n");
        if (o->letter)
            buf_printf(out, "\\fB\\-%c\\fR, ", o->letter);
        buf_lit(out, "\\fB\\-\\-");
        roff(out, o->name);
        buf_lit(out, "\\fR");
        if (o->argument)
            buf_printf(out, " \\fI%s\\fR", o->argument);
        buf_ch(out, '\n');
        roff(out, o->help);
        for (int i = 0; o->words && o->words[i]; i++)
            buf_printf(out, "%s%s", i ? ", " : " One of ", o->words[i]);
        buf_str(out, o->words ? ".\n" : "\n");
    }
}

static void roff_command(const struct command *c, struct buf *out)
{
    if (!c->verbs) {
        buf_lit(out, ".SS ");
        usage(c, NULL, out);
        buf_ch(out, '\n');
        roff(out, c->summary);
        buf_ch(out, '\n');
    } else {
        buf_printf(out, ".SS flightdeck %s\n", c->name);
        roff(out, c->summary);
        buf_ch(out, '\n');
        for (const struct command_verb *v = c->verbs; v->name; v++) {
            buf_printf(out, ".TP\n\\fB%s\\fR \\fI%s\\fR\n", v->name, v->arguments);
            roff(out, v->summary);
            buf_ch(out, '\n');
        }
    }
    if (c->details) {
        buf_lit(out, ".PP\n");
        roff(out, c->details);
        buf_ch(out, '\n');
    }
    roff_options(c->options, out);
    if (c->example) {
        buf_lit(out, ".PP\n.nf\n.RS\n");
        roff(out, c->example);
        buf_lit(out, "\n.RE\n.fi\n");
    }
}

void command_page_manual(struct buf *out)
{
    const struct command *c;
    buf_printf(out,
               ".TH FLIGHTDECK 1 \"\" \"flightdeck %s\" \"User Commands\"\n"
               ".SH NAME\nflightdeck \\- PostgreSQL to Kafka to a warehouse, exactly once\n"
               ".SH SYNOPSIS\n.B flightdeck\n[\\fB\\-\\-config\\fR \\fIFILE\\fR] "
               "\\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n"
               ".SH DESCRIPTION\nCaptures the changes of a PostgreSQL database, publishes them to "
               "Apache Kafka as Debezium does, and loads them into a warehouse through ODBC, each "
               "once. Without a command it opens the console where an engine answers.\n"
               ".SH COMMANDS\n",
               FLIGHTDECK_VERSION);
    for (int i = 0; (c = command_at(i)); i++)
        roff_command(c, out);
    buf_lit(out, ".SH OPTIONS\nEvery command takes these.\n");
    roff_options(command_global_options(), out);
    buf_lit(out, ".SH EXIT STATUS\n");
#define X(name, number, meaning) buf_printf(out, ".TP\n.B %d\n%s\n", number, meaning);
    EXIT_CODE_LIST(X)
#undef X
    buf_lit(out, ".SH FILES\n.TP\n.I ./flightdeck.yaml\n.TQ\n"
                 ".I ~/.config/flightdeck/flightdeck.yaml\n.TQ\n"
                 ".I /etc/flightdeck/flightdeck.yaml\nThe configuration, the first that is there.\n"
                 ".SH ENVIRONMENT\n.TP\n.B FLIGHTDECK_CONFIG\nThe configuration's path.\n");
}

/* ---- Markdown ---- */

void command_page_markdown(struct buf *out)
{
    const struct command *c;
    buf_lit(out, "# Commands\n\nWritten by `flightdeck help --markdown`; `make docs` renews it.\n");
    for (int i = 0; (c = command_at(i)); i++) {
        buf_printf(out, "\n## %s\n\n```\n", c->name);
        command_page_one(c, out);
        buf_lit(out, "```\n");
    }
    buf_lit(out, "\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
#define X(name, number, meaning) buf_printf(out, "| %d | %s |\n", number, meaning);
    EXIT_CODE_LIST(X)
#undef X
    buf_lit(out,
            "\n`sql` keeps psql's codes: a file that is missing is 1 there, 2 everywhere else.\n");
}

/* ---- completions ---- */

static void option_words(const struct command_option *o, struct buf *out)
{
    for (; o && o->name; o++) {
        buf_printf(out, " --%s", o->name);
        if (o->letter)
            buf_printf(out, " -%c", o->letter);
    }
}

/* Options whose value the shell completes as a file, and those with listed values. */
static void bash_values(const struct command_option *o, struct buf *out)
{
    for (; o && o->name; o++) {
        if (!o->argument)
            continue;
        buf_printf(out, "            --%s", o->name);
        if (o->letter)
            buf_printf(out, "|-%c", o->letter);
        buf_lit(out, ") ");
        if (o->words) {
            buf_lit(out, "COMPREPLY=($(compgen -W \"");
            for (int i = 0; o->words[i]; i++)
                buf_printf(out, "%s%s", i ? " " : "", o->words[i]);
            buf_lit(out, "\" -- \"$cur\")); return ;;\n");
        } else if (strcmp(o->argument, "FILE") == 0 || strcmp(o->argument, "DIR") == 0) {
            buf_printf(out, "COMPREPLY=($(compgen -%c -- \"$cur\")); return ;;\n",
                       o->argument[0] == 'D' ? 'd' : 'f');
        } else {
            buf_lit(out, "return ;;\n");
        }
    }
}

void command_page_bash(struct buf *out)
{
    const struct command *c;
    buf_lit(out, "# bash completion for flightdeck, from its command table\n"
                 "_flightdeck() {\n"
                 "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                 "    local i command= words=\n"
                 "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                 "        case ${COMP_WORDS[i]} in\n"
                 "        --config) i=$((i + 1)) ;;\n"
                 "        -*) ;;\n"
                 "        *) command=${COMP_WORDS[i]}; break ;;\n"
                 "        esac\n"
                 "    done\n"
                 "    COMPREPLY=()\n"
                 "    case $command in\n"
                 "    '') words=\"");
    for (int i = 0; (c = command_at(i)); i++)
        buf_printf(out, "%s ", c->name);
    buf_lit(out, "--config --help --version\"\n"
                 "        case $prev in --config) COMPREPLY=($(compgen -f -- \"$cur\")); return ;; "
                 "esac ;;\n");
    for (int i = 0; (c = command_at(i)); i++) {
        buf_printf(out, "    %s)\n        case $prev in\n", c->name);
        bash_values(c->options, out);
        bash_values(command_global_options(), out);
        buf_lit(out, "        esac\n        words=\"");
        for (const struct command_verb *v = c->verbs; v && v->name; v++)
            buf_printf(out, "%s%s", v == c->verbs ? "" : " ", v->name);
        option_words(c->options, out);
        option_words(command_global_options(), out);
        if (strcmp(c->name, "help") == 0) {
            const struct command *other;
            for (int k = 0; (other = command_at(k)); k++)
                buf_printf(out, " %s", other->name);
        }
        buf_lit(out, "\" ;;\n");
    }
    buf_lit(out, "    esac\n"
                 "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                 "    [[ ${#COMPREPLY[@]} -eq 0 && $cur != -* ]] && "
                 "COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                 "    return 0\n"
                 "}\n"
                 "complete -o filenames -F _flightdeck flightdeck\n");
}

/* Text inside '..[..]' of zsh's _arguments. */
static void zsh_text(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text))
            buf_ch(out, '\\');
        if (*text == '\'')
            buf_lit(out, "'\\'");
        buf_ch(out, *text);
    }
}

static void zsh_option(const struct command_option *o, struct buf *out)
{
    for (int form = 0; form < (o->letter ? 2 : 1); form++) {
        buf_lit(out, " \\\n            '");
        if (form)
            buf_printf(out, "-%c[", o->letter);
        else
            buf_printf(out, "--%s[", o->name);
        zsh_text(out, o->help);
        buf_ch(out, ']');
        if (o->argument) {
            buf_printf(out, ":%s:", o->argument);
            if (o->words) {
                buf_ch(out, '(');
                for (int i = 0; o->words[i]; i++)
                    buf_printf(out, "%s%s", i ? " " : "", o->words[i]);
                buf_ch(out, ')');
            } else if (strcmp(o->argument, "FILE") == 0) {
                buf_lit(out, "_files");
            } else if (strcmp(o->argument, "DIR") == 0) {
                buf_lit(out, "_files -/");
            }
        }
        buf_ch(out, '\'');
    }
}

static void zsh_command(const struct command *c, struct buf *out)
{
    buf_printf(out, "        %s)\n            _arguments", c->name);
    for (const struct command_option *o = c->options; o && o->name; o++)
        zsh_option(o, out);
    for (const struct command_option *o = command_global_options(); o->name; o++)
        zsh_option(o, out);
    if (c->verbs) {
        buf_lit(out, " \\\n            '1:verb:((");
        for (const struct command_verb *v = c->verbs; v->name; v++) {
            buf_printf(out, "%s%s\\:\"", v == c->verbs ? "" : " ", v->name);
            zsh_text(out, v->summary);
            buf_ch(out, '"');
        }
        buf_lit(out, "))'");
    }
    buf_lit(out, " \\\n            '*:file:_files' ;;\n");
}

void command_page_zsh(struct buf *out)
{
    const struct command *c;
    buf_lit(out, "#compdef flightdeck\n# zsh completion for flightdeck, from its command table\n"
                 "_flightdeck() {\n"
                 "    local context state state_descr line\n"
                 "    typeset -A opt_args\n"
                 "    local -a commands\n"
                 "    commands=(\n");
    for (int i = 0; (c = command_at(i)); i++) {
        buf_printf(out, "        '%s:", c->name);
        zsh_text(out, c->summary);
        buf_lit(out, "'\n");
    }
    buf_lit(out, "    )\n"
                 "    _arguments -C '--config[The configuration]:FILE:_files' '--help[Help]' \\\n"
                 "        '--version[Version]' '1: :->command' '*:: :->arguments'\n"
                 "    case $state in\n"
                 "    command) _describe command commands ;;\n"
                 "    arguments)\n"
                 "        case $line[1] in\n");
    for (int i = 0; (c = command_at(i)); i++)
        zsh_command(c, out);
    buf_lit(out, "        esac ;;\n    esac\n}\n_flightdeck \"$@\"\n");
}
