/* The console: on a terminal, in lines, or as one frame. Each returns an exit code. */
#ifndef CONSOLE_TUI_RUN_H
#define CONSOLE_TUI_RUN_H

#include <stdbool.h>

#include "backend/base/err.h"
#include "console/tui_theme.h"
#include "views/screen.h"

struct sql_places;

struct tui_options {
    const char *path;   /* the engine's socket */
    enum pane_id pane;  /* the first one */
    enum glyphs glyphs; /* of charts */
    enum theme theme;
    bool ascii; /* the locale is not UTF-8 */
    bool read_only;
    bool sync;
    bool mouse;
    const struct sql_places *places; /* of pane 9; NULL: there is no configuration */
    bool *abandoned;                 /* set when a thread still looks at places at the end */
    int h, w;                        /* of tui_once */
};

/* Until the person leaves. */
enum err tui_run(const struct tui_options *o, struct errbuf *e) MUST_CHECK;

/* One line a change of state on stdout, until interrupted or stdout is closed. */
enum err tui_plain(const struct tui_options *o, struct errbuf *e) MUST_CHECK;

/* One frame as text on stdout. ERR_CONNECT when no engine answers. */
enum err tui_once(const struct tui_options *o, struct errbuf *e) MUST_CHECK;

#endif
