/* Statements from the keyboard: a line editor, lines until a semicolon. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>
#include <stdlib.h>

#include "console/sql_backslash.h"

/* Waits for a key or a signal. SIGINT is let in while we wait only: one that came just before must
 * not be slept over. */
static int wait_for_key(FILE *in)
{
    struct pollfd p = {.fd = fileno(in), .events = POLLIN};
    sigset_t sigint;
    sigset_t before;
    (void)sigemptyset(&sigint);
    (void)sigaddset(&sigint, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &sigint, &before);
    int n = sql_interrupted() ? -1 : ppoll(&p, 1, NULL, &before);
    int why = n < 0 ? EINTR : 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return why;
}

/* The next key. Ctrl-C ends the line, which is dropped. */
static int next_key(FILE *in)
{
    unsigned char key;
    for (;;) {
        int why = wait_for_key(in);
        ssize_t n = why ? -1 : read(fileno(in), &key, 1);
        if (n == 1)
            return key;
        if (n == 0 || (!why && errno != EINTR))
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
        (void)sql_backslash_run(r, line); /* it has said what was wrong */
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
