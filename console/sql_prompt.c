/* Statements from the keyboard: a line editor, lines until a semicolon. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>
#include <stdlib.h>

#include "console/sql_run.h"

/* The next key. Ctrl-C ends the line, which is dropped. */
static int next_key(FILE *in)
{
    unsigned char key;
    for (;;) {
        ssize_t n = read(fileno(in), &key, 1);
        if (n == 1)
            return key;
        if (n == 0 || errno != EINTR)
            return EOF;
        if (sql_interrupted()) {
            rl_replace_line("", 0);
            return '\n';
        }
        rl_check_signals(); /* the window has another size */
    }
}

static void take_line(struct sql_run *r, struct sql_splitter *s, const char *line)
{
    struct buf sql;
    if (*line == '\\' && !sql_splitter_open(s)) {
        (void)sql_run_backslash(r, line); /* it has said what was wrong */
        return;
    }
    sql_splitter_add(s, line, strlen(line));
    sql_splitter_add(s, "\n", 1);
    buf_init(&sql, 0);
    while (!r->lost && sql_splitter_next(s, false, &sql)) {
        (void)sql_run_statement(r, buf_cstr(&sql), 0); /* as above */
        buf_clear(&sql);
    }
    buf_free(&sql);
    if (!sql_splitter_open(s))
        sql_splitter_reset(s);
}

enum sql_exit sql_run_prompt(struct sql_run *r, const char *name)
{
    struct sql_splitter s;
    char prompt[64];
    sql_splitter_init(&s);
    rl_catch_signals = 0;
    rl_getc_function = next_key;
    rl_readline_name = "flightdeck";
    while (!r->quit && !r->lost) {
        (void)snprintf(prompt, sizeof prompt, "%s%c> ", name, sql_splitter_prompt(&s));
        char *line = readline(prompt);
        if (sql_interrupted()) {
            sql_interrupted_clear();
            sql_splitter_reset(&s);
            free(line);
            continue;
        }
        if (!line)
            break;
        if (*line)
            add_history(line);
        take_line(r, &s, line);
        sql_interrupted_clear();
        free(line);
    }
    if (!r->quit && !r->lost)
        (void)fputc('\n', stdout);
    sql_splitter_free(&s);
    return r->lost ? SQL_EXIT_CONNECTION : SQL_EXIT_DONE;
}
