/*
 * The terminal of the console: the only file that knows curses.
 *
 * It is given back on every way out: tui_terminal_close, and for signals that end the process a
 * handler that writes a reset string prepared beforehand, restores the termios and raises the
 * signal again. Ctrl-Z gives it back until fg. The signals that matter are blocked except while
 * tui_terminal_wait sleeps, so none is lost and none arrives in the middle of curses.
 *
 * There is one terminal, so there is one struct, static. Thread rule: one thread.
 */
#ifndef CONSOLE_TUI_TERMINAL_H
#define CONSOLE_TUI_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "console/tui_theme.h"
#include "views/grid.h"

struct tui_terminal_options {
    bool sync;       /* wrap frames in a synchronized update (CSI ? 2026 h/l) */
    bool monochrome; /* NO_COLOR */
    enum theme theme;
};

/* Can a screen be drawn here? Else *why says why not (static words). */
bool tui_terminal_usable(const char **why);

enum err tui_terminal_open(const struct tui_terminal_options *o, struct errbuf *e) MUST_CHECK;
void tui_terminal_close(void);

void tui_terminal_size(int *h, int *w);

/* How many colours it has, of those that may be used. */
enum colours tui_terminal_colours(void);

/*
 * Sleeps until a key, a signal, one of fds or the deadline (monotonic, INT64_MAX: none); fds[0] is
 * filled in for the terminal. False when the terminal is gone.
 */
bool tui_terminal_wait(struct pollfd *fds, int n, int64_t deadline_us);

/* The next key, VK_ or code point; false when there is none (now). *resized: the size changed. */
bool tui_terminal_key(uint32_t *key, bool *resized);

/* What a VK_MOUSE was. `again`: pressed a second time, soon and at the same place; `both`: and the
 * first press comes with it. */
struct tui_mouse {
    enum { TUI_MOUSE_NONE, TUI_MOUSE_PRESS, TUI_MOUSE_UP, TUI_MOUSE_DOWN } what;
    bool again, both;
    int y, x;
};
struct tui_mouse tui_terminal_mouse(void);
/* Turns the mouse on or off; false where the terminal has none. */
bool tui_terminal_use_mouse(bool on);
bool tui_terminal_has_mouse(void); /* it is on */

/* False when reading it found the terminal gone (end of file, again and again). */
bool tui_terminal_alive(void);

/* Paints what differs from the frame before; nothing at all when nothing does. */
enum err tui_terminal_paint(const struct grid *g, struct errbuf *e) MUST_CHECK;

/* Puts n bytes on the clipboard of the person's own terminal (OSC 52), also over SSH. */
void tui_terminal_copy(const char *text, size_t n);

/* Gives the terminal to a child process, and takes it back. */
void tui_terminal_leave(void);
void tui_terminal_return(void);

/* Whether Ctrl-C comes as a key; else it ends the console. */
void tui_terminal_interrupt_key(bool key);

/* The next paint draws everything anew. */
void tui_terminal_forget(void);

#endif
