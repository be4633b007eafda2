/* Statements from the keyboard: a line editor with history and completion, lines until a semicolon.
 * Readline keeps its state in globals, and so do we the run that it asks about. */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <termios.h>
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

/* Readline's terminal, in which read() gives what is there and never waits. */
static void prepare_terminal(int meta)
{
    struct termios t;
    rl_prep_terminal(meta);
    if (tcgetattr(fileno(rl_instream), &t) != 0)
        return;
    t.c_cc[VMIN] = 0;
    t.c_cc[VTIME] = 0;
    (void)tcsetattr(fileno(rl_instream), TCSADRAIN, &t);
}

/* Nothing was read: is it the end? Not where a key was taken back; a terminal that a stop (Ctrl-Z)
 * has made the shell's again says the end so, though. */
static bool at_the_end(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    struct termios t;
    return (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR))) || tcgetattr(fd, &t) != 0 ||
           (t.c_lflag & ICANON);
}

/* What ends the line: within a key of several bytes, a search or the like that has to be left
 * first (Esc and a newline would be a command), readline then asks again. */
static int interruption(void)
{
    if (!RL_ISSTATE(RL_STATE_READCMD))
        return EOF;
    rl_replace_line("", 0);
    return '\n';
}

/* The next key. Ctrl-C ends the line, which is dropped. The terminal drops with it what was not
 * read yet, so a key that was there when we waited may be gone: a read that waited for another
 * would have that one dropped too. */
static int next_key(FILE *in)
{
    int fd = fileno(in);
    unsigned char key;
    for (;;) {
        if (sql_interrupt_wait(fd, -1))
            return interruption();
        ssize_t n = read(fd, &key, 1);
        if (n == 1 && !sql_interrupted())
            return key;
        if (n < 0 ? errno != EINTR : n == 0 && at_the_end(fd))
            return EOF;
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
    rl_prep_term_function = prepare_terminal;
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
