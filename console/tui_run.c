/*
 * The console on a terminal: one thread, one poll() over the terminal and the engine's socket.
 *
 * A turn: sleep until something happens or is due, take every key, let the link do its work, paint
 * once. A key is answered in its own turn, whatever the engine does; a turn in which nothing
 * changed paints nothing and writes no byte.
 */
#include "console/tui_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "backend/base/clock.h"
#include "console/tui_files.h"
#include "console/tui_link.h"
#include "console/tui_query.h"
#include "console/tui_terminal.h"

struct console {
    struct screen screen;
    struct tui_link link;
    struct tui_query *query; /* NULL: there is no configuration */
    struct grid frame;
    bool leave;
};

/* Hands the terminal to $EDITOR and the edited text back to the screen. */
static void edit(struct console *c, const struct effect *effect)
{
    struct errbuf e;
    struct effect next;
    char *text = NULL;
    tui_terminal_leave();
    enum err rc = tui_edit(effect->text, effect->text_len, &text, &e);
    tui_terminal_return();
    c->screen.now_us = clock_mono_us();
    if (rc != ERR_OK)
        screen_say(&c->screen, STYLE_BROKEN, "%s", e.text);
    screen_edited(&c->screen, rc == ERR_OK ? text : NULL, &next);
    free(text);
    if (next.kind == EFFECT_CALL)
        tui_link_call(&c->link, &c->screen, &next);
    effect_free(&next);
}

static void toggle_mouse(struct console *c)
{
    bool on = !tui_terminal_has_mouse();
    if (!tui_terminal_use_mouse(on))
        screen_say(&c->screen, STYLE_ATTENTION, "this terminal has no mouse");
    else
        screen_say(&c->screen, STYLE_PLAIN, "mouse: %s",
                   on ? "on; most terminals still select text with Shift held" : "the terminal's");
}

static void obey(struct console *c, struct effect *effect)
{
    struct errbuf e;
    switch (effect->kind) {
    case EFFECT_LEAVE:
        c->leave = true;
        break;
    case EFFECT_CALL:
        tui_link_call(&c->link, &c->screen, effect);
        break;
    case EFFECT_RECONNECT:
        tui_link_reconnect(&c->link, &c->screen);
        break;
    case EFFECT_REDRAW:
        tui_terminal_forget();
        break;
    case EFFECT_MOUSE:
        toggle_mouse(c);
        break;
    case EFFECT_COPY:
        tui_terminal_copy(effect->text, effect->text_len);
        break;
    case EFFECT_SAVE:
        if (tui_save(effect->path, effect->text, effect->text_len, &e) == ERR_OK)
            screen_say(&c->screen, STYLE_PLAIN, "written: %s", effect->path);
        else
            screen_say(&c->screen, STYLE_BROKEN, "%s", e.text);
        break;
    case EFFECT_QUERY:
        tui_query_call(c->query, &c->screen, effect);
        break;
    case EFFECT_EDIT:
        edit(c, effect);
        break;
    case EFFECT_NOTHING:
        break;
    }
    effect_free(effect);
}

static void take_mouse(struct console *c, struct effect *effect)
{
    struct tui_mouse m = tui_terminal_mouse();
    *effect = (struct effect){.kind = EFFECT_NOTHING};
    if (m.both)
        screen_mouse(&c->screen, MOUSE_PRESS, m.y, m.x, effect);
    if (m.what != TUI_MOUSE_NONE)
        screen_mouse(&c->screen,
                     m.what == TUI_MOUSE_UP     ? MOUSE_WHEEL_UP
                     : m.what == TUI_MOUSE_DOWN ? MOUSE_WHEEL_DOWN
                     : m.again                  ? MOUSE_AGAIN
                                                : MOUSE_PRESS,
                     m.y, m.x, effect);
}

static void take_keys(struct console *c)
{
    uint32_t key;
    bool resized;
    while (!c->leave && tui_terminal_key(&key, &resized)) {
        struct effect effect;
        if (resized) {
            int h, w;
            tui_terminal_size(&h, &w);
            screen_set_size(&c->screen, h, w);
        } else if (key != VK_NONE) {
            if (key == VK_MOUSE)
                take_mouse(c, &effect);
            else
                screen_key(&c->screen, key, &effect);
            obey(c, &effect);
        }
    }
}

static enum err paint(struct console *c, struct errbuf *e)
{
    if (c->frame.h != c->screen.h || c->frame.w != c->screen.w) {
        grid_free(&c->frame);
        enum err rc = grid_init(&c->frame, c->screen.h, c->screen.w, c->screen.ascii, e);
        if (rc != ERR_OK)
            return rc;
    }
    screen_render(&c->screen, &c->frame);
    return tui_terminal_paint(&c->frame, e);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum err loop(struct console *c, struct errbuf *e)
{
    struct pollfd fds[3];
    for (;;) {
        c->screen.now_us = clock_mono_us();
        tui_link_step(&c->link, &c->screen);
        tui_query_step(c->query, &c->screen);
        tui_terminal_interrupt_key(screen_wants_interrupt(&c->screen));
        enum err rc = paint(c, e);
        if (rc != ERR_OK || c->leave)
            return rc;
        int64_t deadline =
            earlier(tui_link_deadline_us(&c->link), screen_next_change_us(&c->screen));
        fds[1] = (struct pollfd){.fd = tui_link_fd(&c->link), .events = tui_link_events(&c->link)};
        fds[2] = (struct pollfd){.fd = tui_query_fd(c->query), .events = POLLIN};
        if (!tui_terminal_wait(fds, 3, deadline))
            return err_set(e, ERR_CANCELED, "the terminal is gone");
        c->screen.now_us = clock_mono_us();
        take_keys(c);
        if (!tui_terminal_alive())
            return err_set(e, ERR_CANCELED, "the terminal is gone");
        if (c->leave)
            return ERR_OK;
    }
}

enum err tui_run(const struct tui_options *o, struct errbuf *e)
{
    const char *no_colour = getenv("NO_COLOR");
    const struct tui_terminal_options terminal = {
        .sync = o->sync, .monochrome = no_colour && *no_colour, .theme = o->theme};
    struct console *c = calloc(1, sizeof *c);
    int h, w;
    if (!c)
        return err_set(e, ERR_NOMEM, "no memory for the console");
    enum err rc = tui_terminal_open(&terminal, e);
    if (rc == ERR_OK) {
        tui_terminal_size(&h, &w);
        rc = screen_init(&c->screen, h, w, o->glyphs, o->ascii, e);
    }
    if (rc == ERR_OK) {
        c->screen.now_us = clock_mono_us();
        c->screen.viewer = o->read_only;
        c->screen.colours = tui_terminal_colours();
        if (o->mouse && !tui_terminal_use_mouse(true))
            screen_say(&c->screen, STYLE_ATTENTION, "this terminal has no mouse");
        screen_open(&c->screen, o->pane, NULL);
        tui_link_init(&c->link, o->path, c->screen.now_us);
        c->query = o->places ? tui_query_open(o->places, e) : NULL;
        rc = loop(c, e);
    }
    tui_terminal_close();
    if (!tui_query_close(c->query) && o->abandoned) /* what it looks at has to stay */
        *o->abandoned = true;
    if (rc == ERR_OK && c->link.client && c->link.engine_pid > 0)
        (void)printf("The engine goes on (pid %lld). `flightdeck console` comes back to it.\n",
                     (long long)c->link.engine_pid);
    else if (rc == ERR_OK)
        (void)printf("No engine answered on %s.\n", o->path);
    tui_link_close(&c->link);
    screen_free(&c->screen);
    grid_free(&c->frame);
    free(c);
    return rc;
}
