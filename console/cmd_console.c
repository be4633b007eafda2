/* flightdeck console: the flight deck itself, attached to the running engine. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/attach.h"
#include "console/child.h"
#include "console/commands.h"
#include "console/exit_codes.h"
#include "console/sql_targets.h"
#include "console/tui_run.h"
#include "console/tui_terminal.h"

enum { ONCE_COLUMNS = 100, ONCE_ROWS = 30 };

static int read_size(const struct arguments *a, struct tui_options *o)
{
    const char *size = arguments_value(a, "size");
    char rest;
    o->w = ONCE_COLUMNS;
    o->h = ONCE_ROWS;
    if (!size)
        return EXIT_DONE;
    if (sscanf(size, "%dx%d%c", &o->w, &o->h, &rest) == 2 && o->w >= 1 && o->h >= 1 &&
        o->w <= GRID_SIDE_MAX && o->h <= GRID_SIDE_MAX)
        return EXIT_DONE;
    return command_fail(a, EXIT_USAGE, "--size takes columns and rows, as in 100x30; not \"%s\"",
                        size);
}

static enum theme read_theme(const char *word)
{
    return !word                        ? theme_guess(getenv("COLORFGBG"))
           : strcmp(word, "light") == 0 ? THEME_LIGHT
           : strcmp(word, "safe") == 0  ? THEME_SAFE
                                        : THEME_DARK;
}

/* The fonts of Linux' own console have blocks, but no braille. */
static enum glyphs glyphs_of_terminal(const char *name)
{
    return name && strncmp(name, "linux", 5) == 0 ? GLYPHS_EIGHTHS : GLYPHS_BRAILLE;
}

static int read_options(const struct arguments *a, struct tui_options *o)
{
    const char *pane = arguments_value(a, "pane");
    const char *glyphs = arguments_value(a, "glyphs");
    *o = (struct tui_options){.ascii = !attach_is_utf8(),
                              .sync = !arguments_flag(a, "no-sync"),
                              .mouse = arguments_flag(a, "mouse")};
    o->theme = read_theme(arguments_value(a, "theme"));
    o->glyphs = o->ascii ? GLYPHS_ASCII : glyphs_of_terminal(getenv("TERM"));
    if (glyphs && !o->ascii)
        o->glyphs = strcmp(glyphs, "ascii") == 0     ? GLYPHS_ASCII
                    : strcmp(glyphs, "braille") == 0 ? GLYPHS_BRAILLE
                                                     : GLYPHS_EIGHTHS;
    if (pane && !screen_find_pane(pane, &o->pane))
        return command_fail(
            a, EXIT_USAGE,
            "there is no pane \"%s\": overview, connectors, topics, .. (`?` lists them)", pane);
    return read_size(a, o);
}

static int finish(const struct arguments *a, enum err rc, const struct errbuf *e)
{
    if (rc == ERR_OK)
        return EXIT_DONE;
    if (rc == ERR_CANCELED) /* Ctrl-C, or the terminal is gone: nobody to tell */
        return EXIT_INTERRUPTED;
    return attach_fail(a, e);
}

static enum err run_screen(const struct arguments *a, const struct tui_options *given,
                           struct errbuf *e)
{
    struct tui_options o = *given;
    struct sql_targets *t = sql_targets_of_config(a->config);
    struct sql_places places;
    bool abandoned = false;
    if (t) {
        places = sql_targets_places(t);
        places.engine = o.path; /* what it is attached to has the record */
        o.places = &places;
    }
    o.abandoned = &abandoned;
    enum err rc = tui_run(&o, e);
    if (abandoned) /* exit() would take the driver away from under the thread */
        child_leave(finish(a, rc, e));
    sql_targets_free(t);
    return rc;
}

int cmd_console(int argc, char **argv)
{
    struct arguments a;
    struct attach at;
    struct tui_options o;
    struct errbuf e;
    const char *why;
    int code = arguments_read(argc, argv, &a);
    if (!code)
        code = read_options(&a, &o);
    if (!code)
        code = attach_find(&a, &at);
    if (code)
        return code;
    o.path = at.path;
    o.read_only = at.read_only;
    if (arguments_flag(&a, "once"))
        return finish(&a, tui_once(&o, &e), &e);
    bool plain = arguments_flag(&a, "plain");
    if (!plain && !tui_terminal_usable(&why)) {
        (void)fprintf(stderr, "flightdeck console: %s: a line a change instead of a screen\n", why);
        plain = true;
    }
    if (plain)
        return finish(&a, tui_plain(&o, &e), &e);
    return finish(&a, run_screen(&a, &o, &e), &e);
}
