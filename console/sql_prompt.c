/* Statements from the keyboard: a line editor with history and completion, lines until a semicolon.
 * Readline keeps its state in globals, and so do we the run that it asks about. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>
#include <stdlib.h>

#include "console/sql_complete.h"
#include "console/sql_history.h"

static struct {
    struct sql_run *run;
    const struct sql_splitter *input;
    struct sql_matches matches; /* of the completion that goes on */
} self;

/* The next key. Ctrl-C ends the line, which is dropped. */
static int next_key(FILE *in)
{
    unsigned char key;
    for (;;) {
        ssize_t n = -1;
        if (sql_interrupt_wait(fileno(in), -1))
            errno = EINTR;
        else
            n = read(fileno(in), &key, 1);
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

/* ---- completion ---- */

static char *next_match(const char *text, int state)
{
    static size_t at;
    (void)text;
    if (state == 0)
        at = 0;
    return at < self.matches.n ? strdup(self.matches.items[at++]) : NULL;
}

/* Readline's word begins behind its break characters, of which there are none but blanks: ours may
 * begin later, and then the part before it is put before each candidate. */
static char **complete(const char *text, int start, int end)
{
    struct buf whole;
    struct sql_matches m;
    char **out = NULL;
    buf_init(&whole, 0);
    (void)sql_splitter_peek(self.input, &whole);
    size_t before = whole.len;
    buf_str(&whole, rl_line_buffer);
    const struct sql_words *words = sql_completer_words(self.run->completer);
    sql_complete(words, &self.run->variables, buf_cstr(&whole), before + (size_t)end, &m);
    sql_words_release(words);
    rl_attempted_completion_over = !m.files;
    size_t word = m.start >= before + (size_t)start ? m.start - before - (size_t)start : 0;
    self.matches = (struct sql_matches){.n = 0};
    for (size_t i = 0; i < m.n; i++) {
        struct buf b;
        buf_init(&b, 0);
        buf_add(&b, text, word);
        buf_str(&b, m.items[i]);
        char *item = strdup(buf_cstr(&b));
        if (item)
            self.matches.items[self.matches.n++] = item;
        buf_free(&b);
    }
    if (self.matches.n)
        out = rl_completion_matches(text, next_match);
    if (self.matches.n == 1 && strchr(".", m.items[0][strlen(m.items[0]) - 1]))
        rl_completion_append_character = '\0'; /* a schema's name goes on */
    sql_matches_free(&self.matches);
    sql_matches_free(&m);
    buf_free(&whole);
    return out;
}

static void set_up(struct sql_run *r, struct sql_splitter *s)
{
    self.run = r;
    self.input = s;
    r->input = s;
    rl_catch_signals = 0;
    rl_getc_function = next_key;
    rl_readline_name = "flightdeck";
    rl_attempted_completion_function = complete;
    rl_basic_word_break_characters = " \t\n";
    rl_completer_quote_characters = NULL;
    rl_basic_quote_characters = "";
    clear_history();
    for (size_t i = 0; r->history && i < sql_history_n(r->history); i++)
        add_history(sql_history_get(r->history, i));
    stifle_history(10000);
}

/* ---- lines ---- */

static void prompt_of(const struct sql_run *r, const struct sql_splitter *s, char *out, size_t n)
{
    char block[2] = {sql_session_block(r->session), '\0'};
    (void)snprintf(out, n, "%s%c%s> ", r->on_source ? "source" : "warehouse",
                   sql_splitter_prompt(s), block);
}

/* What was typed since the last statement becomes one entry, as a whole. */
static void remember(struct sql_run *r, struct buf *typed)
{
    if (r->history && !buf_failed(typed) && sql_history_add(r->history, buf_cstr(typed)))
        add_history(sql_history_get(r->history, sql_history_n(r->history) - 1));
    buf_clear(typed);
}

static void take_line(struct sql_run *r, struct sql_splitter *s, struct buf *typed,
                      const char *line)
{
    bool failed = false;
    if (typed->len)
        buf_ch(typed, '\n');
    buf_str(typed, line);
    sql_splitter_add(s, line, strlen(line));
    sql_splitter_add(s, "\n", 1);
    (void)sql_run_finished(r, s, false, &failed); /* each has said what was wrong */
    if (!sql_splitter_open(s)) {
        sql_splitter_reset(s);
        remember(r, typed);
    }
}

enum sql_exit sql_run_prompt(struct sql_run *r)
{
    struct sql_splitter s;
    struct buf typed;
    char prompt[64];
    sql_splitter_init(&s);
    buf_init(&typed, 0);
    s.backslashes = true;
    set_up(r, &s);
    while (!r->quit && !r->lost) {
        prompt_of(r, &s, prompt, sizeof prompt);
        char *line = readline(prompt);
        if (sql_interrupted()) {
            sql_interrupted_clear();
            sql_splitter_reset(&s);
            buf_clear(&typed);
            free(line);
            continue;
        }
        if (!line)
            break;
        take_line(r, &s, &typed, line);
        sql_interrupted_clear();
        free(line);
    }
    if (!r->quit && !r->lost)
        (void)fputc('\n', stdout);
    r->input = NULL;
    buf_free(&typed);
    sql_splitter_free(&s);
    return r->lost ? SQL_EXIT_CONNECTION : SQL_EXIT_DONE;
}
