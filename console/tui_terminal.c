#include "console/tui_terminal.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

#include "backend/base/buf.h"
#include "backend/base/clock.h"
#include "views/keymap.h"

enum {
    ESCAPE_MS = 25,
    RESET_MAX = 256,
    STACK_BYTES = 64 << 10,
    PAIRS_MAX = 100, /* every role on the terminal's background, every series on every other */
    KEY_PASTE_BEGIN = KEY_MAX + 4000, /* behind those that terminfo's own names get */
    KEY_PASTE_END,
    AGAIN_US = 400000,   /* a second press that comes later is a first one */
    EMPTY_READS_MAX = 3, /* readable without a byte, in a row: the other side is gone */
};

static struct {
    bool open;
    bool sync;
    SCREEN *screen;
    struct termios saved;
    char reset[RESET_MAX]; /* what gives the terminal back */
    size_t reset_length;
    void *stack; /* of the handler: the ordinary one may be what overflowed */
    attr_t attrs[STYLE_COUNT];
    short fg[STYLE_COUNT];
    enum colours colours;
    struct colour_pair {
        short fg, bg;
    } pairs[PAIRS_MAX];
    short pair_count;
    struct grid last; /* what is on the screen */
    int empty_reads;
    bool readable;      /* the last wait saw input */
    sigset_t unblocked; /* the mask while sleeping */
    cc_t suspend;       /* the key: Ctrl-Z */
    bool interrupt_key; /* Ctrl-C is one too */
    bool pasting;       /* between the marks of a paste: Ctrl-Z is text */
    bool mouse;         /* it is ours */
    struct tui_mouse pressed;
    int64_t pressed_us;
    bool never_stops; /* SIGTSTP was ignored: a shell without job control */
} term;

static volatile sig_atomic_t continued;
static volatile sig_atomic_t asked_to_stop;

/* ---- signals ---- */

static const int fatal_signals[] = {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGSEGV,
                                    SIGBUS, SIGILL, SIGFPE,  SIGABRT};
static const int held_signals[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGQUIT};

/* Only what a signal handler may call. */
static void give_back(int sig)
{
    if (term.open) {
        const char *p = term.reset;
        size_t n = term.reset_length;
        while (n) {
            ssize_t k = write(STDOUT_FILENO, p, n);
            if (k <= 0)
                break;
            p += k;
            n -= (size_t)k;
        }
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
    }
    struct sigaction act = {.sa_handler = SIG_DFL};
    (void)sigaction(sig, &act, NULL);
    sigset_t one;
    (void)sigemptyset(&one);
    (void)sigaddset(&one, sig);
    (void)sigprocmask(SIG_UNBLOCK, &one, NULL);
    (void)raise(sig);
}

static void on_continue(int sig)
{
    (void)sig;
    continued = 1; /* the window may have got another size meanwhile */
}

static void on_stop(int sig)
{
    (void)sig;
    asked_to_stop = 1; /* curses' own handler would draw in here */
}

static void catch_signals(void)
{
    struct sigaction act = {.sa_handler = give_back, .sa_flags = SA_ONSTACK | SA_NODEFER};
    (void)sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < sizeof fatal_signals / sizeof fatal_signals[0]; i++)
        (void)sigaction(fatal_signals[i], &act, NULL);
    act = (struct sigaction){.sa_handler = on_continue};
    (void)sigaction(SIGCONT, &act, NULL);
    act = (struct sigaction){.sa_handler = on_stop};
    if (!term.never_stops)
        (void)sigaction(SIGTSTP, &act, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    sigset_t held;
    (void)sigemptyset(&held);
    for (size_t i = 0; i < sizeof held_signals / sizeof held_signals[0]; i++)
        (void)sigaddset(&held, held_signals[i]);
    (void)sigprocmask(SIG_BLOCK, &held, &term.unblocked);
    for (size_t i = 0; i < sizeof held_signals / sizeof held_signals[0]; i++)
        (void)sigdelset(&term.unblocked, held_signals[i]);
}

/* ---- the reset string ---- */

/* A terminfo string without its padding ("$<5>"), behind what is there. */
static void add_capability(const char *name)
{
    const char *s = tigetstr((char *)name);
    if (!s || s == (char *)-1)
        return;
    for (; *s && term.reset_length + 1 < RESET_MAX; s++) {
        const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;
        if (end)
            s = end;
        else
            term.reset[term.reset_length++] = *s;
    }
}

static void add_text(const char *s)
{
    for (; *s && term.reset_length + 1 < RESET_MAX; s++)
        term.reset[term.reset_length++] = *s;
}

static void prepare_reset(void)
{
    term.reset_length = 0;
    if (term.sync)
        add_text("\033[?2026l");
    add_text("\033[?2004l");
    if (term.mouse)
        add_text("\033[?1006;1000l");
    add_capability("sgr0");
    add_capability("op");
    add_capability("rmkx");
    add_capability("cnorm");
    add_capability("rmcup");
    add_text("\r");
}

/* ---- colours ---- */

/* Pairs are given out as cells ask for them: there may be as few as 64. */
static short pair_of(short fg, short bg)
{
    if (fg < 0 && bg < 0)
        return 0;
    for (short i = 0; i < term.pair_count; i++)
        if (term.pairs[i].fg == fg && term.pairs[i].bg == bg)
            return (short)(i + 1);
    if (term.pair_count == PAIRS_MAX || term.pair_count + 1 >= COLOR_PAIRS ||
        init_pair((short)(term.pair_count + 1), fg, bg) == ERR)
        return 0;
    term.pairs[term.pair_count++] = (struct colour_pair){fg, bg};
    return term.pair_count;
}

/* On the terminal's own background, be it light or dark. */
static void choose_styles(const struct tui_terminal_options *o)
{
    static const struct {
        unsigned look;
        attr_t curses;
    } attributes[] = {{LOOK_BOLD, A_BOLD},
                      {LOOK_DIM, A_DIM},
                      {LOOK_UNDERLINE, A_UNDERLINE},
                      {LOOK_REVERSE, A_REVERSE}};
    bool colour = !o->monochrome && has_colors() && start_color() == OK;
    term.pair_count = 0;
    term.colours = colour ? theme_colours(COLORS) : COLOURS_MONO;
    if (colour)
        (void)use_default_colors();
    for (int role = 0; role < STYLE_COUNT; role++) {
        struct look look = theme_look(o->theme, term.colours, (enum style_role)role);
        term.attrs[role] = 0;
        term.fg[role] = look.fg;
        for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
            term.attrs[role] |= look.attributes & attributes[i].look ? attributes[i].curses : 0;
    }
}

enum colours tui_terminal_colours(void)
{
    return term.colours;
}

/* ---- bracketed paste ---- */

/* The terminal puts marks around what is pasted. One that does not know it ignores it. */
static void bracket_pastes(bool on)
{
    const char *s = on ? "\033[?2004h" : "\033[?2004l";
    term.pasting = false;
    ssize_t k = write(STDOUT_FILENO, s, strlen(s));
    (void)k; /* a terminal that is gone shows at the next read */
}

/* ---- the mouse ---- */

/* Curses makes one event of presses that it reads together. */
#define MOUSE_ONE (BUTTON1_PRESSED | BUTTON1_CLICKED)
#define MOUSE_TWO (BUTTON1_DOUBLE_CLICKED | BUTTON1_TRIPLE_CLICKED)

bool tui_terminal_use_mouse(bool on)
{
    const mmask_t wanted = on ? MOUSE_ONE | MOUSE_TWO | BUTTON4_PRESSED | BUTTON5_PRESSED : 0;
    (void)mouseinterval(0); /* curses would wait whether a press becomes a click */
    term.mouse = mousemask(wanted, NULL) != 0 && on;
    term.pressed.what = TUI_MOUSE_NONE;
    prepare_reset();
    return term.mouse == on;
}

bool tui_terminal_has_mouse(void)
{
    return term.mouse;
}

struct tui_mouse tui_terminal_mouse(void)
{
    MEVENT event;
    struct tui_mouse m = {.what = TUI_MOUSE_NONE};
    int64_t now_us = clock_mono_us();
    if (getmouse(&event) != OK)
        return m;
    m.y = event.y;
    m.x = event.x;
    m.what = event.bstate & (MOUSE_ONE | MOUSE_TWO) ? TUI_MOUSE_PRESS
             : event.bstate & BUTTON4_PRESSED       ? TUI_MOUSE_UP
             : event.bstate & BUTTON5_PRESSED       ? TUI_MOUSE_DOWN
                                                    : TUI_MOUSE_NONE;
    if (m.what != TUI_MOUSE_PRESS)
        return m;
    m.both = (event.bstate & MOUSE_TWO) != 0;
    m.again = m.both || (term.pressed.what == TUI_MOUSE_PRESS && term.pressed.y == m.y &&
                         now_us - term.pressed_us < AGAIN_US);
    term.pressed = m;
    term.pressed_us = now_us;
    if (m.again)
        term.pressed.what = TUI_MOUSE_NONE; /* a third one is a first one */
    return m;
}

/* ---- open and close ---- */

bool tui_terminal_usable(const char **why)
{
    const char *name = getenv("TERM");
    int rc;
    *why = NULL;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        *why = "input or output is not a terminal";
    else if (!name || !*name)
        *why = "TERM is not set";
    else if (strcmp(name, "dumb") == 0 || strcmp(name, "unknown") == 0)
        *why = "TERM names a terminal that cannot place its cursor";
    else if (setupterm(NULL, STDOUT_FILENO, &rc) != OK)
        *why = "TERM names a terminal that this machine does not know";
    else {
        if (!cursor_address)
            *why = "this terminal cannot place its cursor";
        (void)del_curterm(cur_term); /* newterm reads its own */
    }
    return !*why;
}

/*
 * Ctrl-Z comes as a key: curses ignores SIGTSTP while it draws, and a signal that is ignored is
 * lost, a key is not.
 */
static void take_suspend_key(void)
{
    struct termios now;
    term.suspend = term.saved.c_cc[VSUSP];
    if (tcgetattr(STDIN_FILENO, &now) != 0)
        return;
    now.c_cc[VSUSP] = _POSIX_VDISABLE;
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
    (void)def_prog_mode(); /* what curses comes back to */
}

void tui_terminal_interrupt_key(bool key)
{
    struct termios now;
    if (key == term.interrupt_key || tcgetattr(STDIN_FILENO, &now) != 0)
        return;
    now.c_cc[VINTR] = key ? _POSIX_VDISABLE : term.saved.c_cc[VINTR];
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &now);
    (void)def_prog_mode(); /* what curses comes back to */
    term.interrupt_key = key;
}

enum err tui_terminal_open(const struct tui_terminal_options *o, struct errbuf *e)
{
    if (tcgetattr(STDIN_FILENO, &term.saved) != 0)
        return err_errno(e, ERR_IO, "cannot read the terminal's settings");
    term.sync = o->sync;
    term.stack = malloc(STACK_BYTES);
    const stack_t stack = {.ss_sp = term.stack, .ss_size = STACK_BYTES};
    if (!term.stack || sigaltstack(&stack, NULL) != 0)
        return err_errno(e, ERR_NOMEM, "no memory for the terminal");
    (void)unsetenv("LINES"); /* they would nail the size down */
    (void)unsetenv("COLUMNS");
    struct sigaction stop;
    term.never_stops = sigaction(SIGTSTP, NULL, &stop) == 0 && stop.sa_handler == SIG_IGN;
    term.screen = newterm(NULL, stdout, stdin);
    if (!term.screen)
        return err_set(e, ERR_IO, "the terminal \"%s\" cannot be set up: try --plain",
                       getenv("TERM"));
    prepare_reset();
    term.open = true;
    catch_signals();         /* after newterm, which has handlers of its own */
    if (!getenv("ESCDELAY")) /* a slow link may need more */
        (void)set_escdelay(ESCAPE_MS);
    (void)cbreak();
    (void)noecho();
    (void)nonl();
    take_suspend_key();
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)intrflush(stdscr, FALSE);
    (void)leaveok(stdscr, FALSE);
    (void)curs_set(0);
    choose_styles(o);
    (void)define_key("\033[200~", KEY_PASTE_BEGIN);
    (void)define_key("\033[201~", KEY_PASTE_END);
    bracket_pastes(true);
    return ERR_OK;
}

void tui_terminal_close(void)
{
    if (term.screen) {
        bracket_pastes(false);
        (void)endwin();
        term.open = false;
        struct sigaction act = {.sa_handler = SIG_DFL};
        for (size_t i = 0; i < sizeof fatal_signals / sizeof fatal_signals[0]; i++)
            (void)sigaction(fatal_signals[i], &act, NULL);
        (void)sigprocmask(SIG_SETMASK, &term.unblocked, NULL);
        delscreen(term.screen);
        term.screen = NULL;
    }
    const stack_t none = {.ss_flags = SS_DISABLE};
    if (term.stack)
        (void)sigaltstack(&none, NULL);
    free(term.stack);
    term.stack = NULL;
    grid_free(&term.last);
}

void tui_terminal_size(int *h, int *w)
{
    *h = LINES;
    *w = COLS;
}

/* ---- input ---- */

/* After Ctrl-Z and fg: perhaps another size, and whatever the shell printed. */
static void after_stop(void)
{
    struct winsize size;
    continued = 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0 &&
        (size.ws_row != LINES || size.ws_col != COLS))
        (void)resizeterm(size.ws_row, size.ws_col); /* posts KEY_RESIZE */
    tui_terminal_forget();
}

/*
 * The terminal is given back for as long as the shell has it. all: the whole foreground job stops,
 * as it does when the terminal itself makes the signal of Ctrl-Z.
 */
static void stop_here(bool all)
{
    struct sigaction act = {.sa_handler = SIG_DFL};
    sigset_t one;
    (void)sigemptyset(&one);
    (void)sigaddset(&one, SIGTSTP);
    asked_to_stop = 0;
    if (term.never_stops)
        return;
    bracket_pastes(false);
    (void)endwin();
    term.open = false;
    (void)sigaction(SIGTSTP, &act, NULL);
    if (all)
        (void)kill(0, SIGTSTP);
    else
        (void)raise(SIGTSTP);
    (void)sigprocmask(SIG_UNBLOCK, &one, NULL); /* it was blocked: here we stop */
    (void)sigprocmask(SIG_BLOCK, &one, NULL);
    act.sa_handler = on_stop;
    (void)sigaction(SIGTSTP, &act, NULL);
    term.open = true;
    (void)doupdate(); /* back into the modes of curses */
    bracket_pastes(true);
    after_stop();
}

bool tui_terminal_wait(struct pollfd *fds, int n, int64_t deadline_us)
{
    fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    struct timespec left = {0};
    int64_t us = deadline_us - clock_mono_us();
    if (us > 0 && deadline_us != INT64_MAX)
        left = (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    int rc = ppoll(fds, (nfds_t)n, deadline_us == INT64_MAX ? NULL : &left, &term.unblocked);
    if (rc < 0)
        for (int i = 0; i < n; i++)
            fds[i].revents = 0;
    if (asked_to_stop)
        stop_here(false);
    if (continued)
        after_stop();
    int bytes = 0;
    bool empty =
        (fds[0].revents & POLLIN) && (ioctl(STDIN_FILENO, FIONREAD, &bytes) != 0 || bytes == 0);
    term.empty_reads = empty ? term.empty_reads + 1 : 0;
    return !(fds[0].revents & (POLLHUP | POLLERR | POLLNVAL));
}

static uint32_t function_key(wint_t key)
{
    static const struct {
        wint_t curses;
        uint32_t key;
    } keys[] = {
        {KEY_UP, VK_UP},
        {KEY_DOWN, VK_DOWN},
        {KEY_LEFT, VK_LEFT},
        {KEY_RIGHT, VK_RIGHT},
        {KEY_PPAGE, VK_PAGE_UP},
        {KEY_NPAGE, VK_PAGE_DOWN},
        {KEY_HOME, VK_HOME},
        {KEY_END, VK_END},
        {KEY_BTAB, VK_BACKTAB},
        {KEY_ENTER, VK_ENTER},
        {KEY_BACKSPACE, VK_BACKSPACE},
        {KEY_DC, VK_BACKSPACE},
        {KEY_F(1), VK_F1},
        {KEY_PASTE_BEGIN, VK_PASTE_BEGIN},
        {KEY_PASTE_END, VK_PASTE_END},
        {KEY_MOUSE, VK_MOUSE},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (keys[i].curses == key)
            return keys[i].key;
    return VK_NONE;
}

bool tui_terminal_key(uint32_t *key, bool *resized)
{
    wint_t c;
    *key = VK_NONE;
    *resized = false;
    int rc = get_wch(&c);
    if (rc == ERR)
        return false;
    if (rc == KEY_CODE_YES && c == KEY_RESIZE)
        *resized = true;
    else if (rc == OK && c == term.suspend && !term.pasting && term.suspend != _POSIX_VDISABLE)
        stop_here(true);
    else if (rc == KEY_CODE_YES)
        *key = function_key(c);
    else
        *key = c == L'\n' ? VK_ENTER : (uint32_t)c;
    if (*key == VK_PASTE_BEGIN || *key == VK_PASTE_END)
        term.pasting = *key == VK_PASTE_BEGIN;
    return true;
}

bool tui_terminal_alive(void)
{
    return term.empty_reads < EMPTY_READS_MAX;
}

/* ---- output ---- */

static void put_row(const struct grid *g, int y)
{
    cchar_t row[GRID_SIDE_MAX + 1];
    int n = 0;
    int used = 0;
    for (int x = 0; x < g->w && used < COLS; x++) {
        const struct grid_cell *c = &g->cells[(size_t)y * (size_t)g->w + (size_t)x];
        if (!c->width)
            continue;
        wchar_t text[CELL_CHARS + 1] = {0};
        wmemcpy(text, c->ch, CELL_CHARS);
        int role = c->style & STYLE_ROLE_MASK;
        attr_t attrs = term.attrs[role];
        attrs |= c->style & STYLE_SELECTED ? A_REVERSE : 0;
        attrs |= c->style & STYLE_BOLD ? A_BOLD : 0;
        enum style_role back = style_back(c->style);
        short pair = pair_of(term.fg[role], back == STYLE_PLAIN ? -1 : term.fg[back]);
        if (setcchar(&row[n], text, attrs, pair, NULL) == OK)
            n++;
        used += c->width;
    }
    (void)mvadd_wchnstr(y, 0, row, n);
}

/* One frame to remember, so that the next one knows what to leave alone. */
static enum err remember(const struct grid *g, struct errbuf *e)
{
    if (term.last.h != g->h || term.last.w != g->w) {
        grid_free(&term.last);
        enum err rc = grid_init(&term.last, g->h, g->w, g->ascii, e);
        if (rc != ERR_OK)
            return rc;
    }
    (void)memcpy(term.last.cells, g->cells, (size_t)g->h * (size_t)g->w * sizeof *g->cells);
    term.last.cursor_y = g->cursor_y;
    term.last.cursor_x = g->cursor_x;
    return ERR_OK;
}

static void mark_frame(const char *s)
{
    if (!term.sync)
        return;
    ssize_t k = write(STDOUT_FILENO, s, strlen(s));
    (void)k; /* a terminal that is gone shows at the next read */
}

enum err tui_terminal_paint(const struct grid *g, struct errbuf *e)
{
    if (term.last.cells && grid_equal(g, &term.last))
        return ERR_OK;
    if (term.last.h != g->h || term.last.w != g->w)
        (void)erase();
    for (int y = 0; y < g->h && y < LINES; y++)
        if (!term.last.cells || !grid_row_equal(g, &term.last, y))
            put_row(g, y);
    bool shown = g->cursor_y >= 0 && g->cursor_y < LINES && g->cursor_x < COLS;
    (void)curs_set(shown ? 1 : 0);
    (void)move(shown ? g->cursor_y : 0, shown ? g->cursor_x : 0);
    mark_frame("\033[?2026h");
    (void)wnoutrefresh(stdscr);
    (void)doupdate();
    mark_frame("\033[?2026l");
    return remember(g, e);
}

void tui_terminal_forget(void)
{
    grid_free(&term.last);
    (void)redrawwin(stdscr);
}

void tui_terminal_leave(void)
{
    bracket_pastes(false);
    (void)endwin();
    term.open = false;
}

void tui_terminal_return(void)
{
    term.open = true;
    (void)doupdate();
    bracket_pastes(true);
    after_stop();
}

/* RFC 4648, as OSC 52 wants it. */
static void put_base64(struct buf *out, const unsigned char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? p[i + 2] : 0);
        char four[4] = {digits[v >> 18], digits[v >> 12 & 63],
                        i + 1 < n ? digits[v >> 6 & 63] : '=', i + 2 < n ? digits[v & 63] : '='};
        buf_add(out, four, sizeof four);
    }
}

void tui_terminal_copy(const char *text, size_t n)
{
    struct buf b;
    buf_init(&b, 0);
    buf_str(&b, "\033]52;c;");
    put_base64(&b, (const unsigned char *)text, n);
    buf_str(&b, "\a");
    size_t at = 0;
    while (!buf_failed(&b) && at < b.len) {
        ssize_t k = write(STDOUT_FILENO, b.p + at, b.len - at);
        if (k <= 0)
            break; /* a terminal that is gone shows at the next read */
        at += (size_t)k;
    }
    buf_free(&b);
}
