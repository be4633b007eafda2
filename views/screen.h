/*
 * The whole console but for the terminal: data, panes, modes and keys as one value.
 *
 * The shell feeds it (screen_take_*, screen_key, screen_set_size) and paints what screen_render
 * draws; it does what an effect asks for. Nothing here blocks, reads a clock or knows curses, so a
 * test drives it with keystrokes and compares the grid.
 *
 * Ownership: the screen owns the data that it is given. Thread rule: one thread at a time.
 */
#ifndef VIEWS_SCREEN_H
#define VIEWS_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "views/grid.h"
#include "views/history.h"
#include "views/keymap.h"
#include "views/snapshot.h"
#include "views/spark.h"
#include "views/table.h"

enum pane_id { PANE_OVERVIEW, PANE_CONNECTORS, PANE_TOPICS, PANE_EVENTS, PANE_COUNT };

enum link_state {
    LINK_CONNECTING, /* nothing has been heard yet */
    LINK_UP,
    LINK_AWAY, /* refused or gone: waiting for retry_at_us */
};

enum screen_mode { MODE_BROWSE, MODE_HELP, MODE_FILTER, MODE_COMMAND, MODE_CONFIRM };

enum {
    SCREEN_INPUT_MAX = TABLE_FILTER_MAX,
    SCREEN_MESSAGE_US = 6 * 1000000,
    SCREEN_FRESH_US = 2 * 1000000,  /* data younger than this have no age */
    SCREEN_SILENT_US = 6 * 1000000, /* connected, but no answer for so long: said in words */
};

struct screen {
    /* how to draw */
    int h, w;
    bool ascii;
    enum glyphs glyphs;
    bool read_only; /* role viewer: nothing that changes the engine is offered */

    /* what is known */
    struct snapshot *snapshot; /* NULL until the first one; the last good one afterwards */
    struct event_list events;
    struct history history;
    struct connector_config config; /* of the connector that is open */
    enum link_state link;
    int64_t now_us;      /* monotonic; the shell sets it before each call */
    int64_t data_us;     /* when the snapshot came */
    int64_t retry_at_us; /* LINK_AWAY */
    char link_text[256]; /* why it is away */

    /* what the person looks at */
    enum pane_id pane;
    bool detail;                /* the selected row is open */
    char object[TABLE_KEY_MAX]; /* its key */
    struct table_state tables[PANE_COUNT];
    struct table_state parts; /* an open topic's partitions */
    size_t scroll;            /* of text: an open connector or event, the help */
    size_t scroll_max;        /* as the last frame had it */
    enum screen_mode mode;
    char input[SCREEN_INPUT_MAX];
    char before[SCREEN_INPUT_MAX]; /* the filter to put back on cancel */
    enum action confirm;           /* MODE_CONFIRM: this, with that object */
    char confirm_object[TABLE_KEY_MAX];
    char message[ERRBUF_TEXT_MAX];
    uint16_t message_style;
    int64_t message_until_us;
};

enum effect_kind {
    EFFECT_NOTHING,
    EFFECT_LEAVE,
    EFFECT_CALL,      /* method with {"name": object} */
    EFFECT_RECONNECT, /* now */
    EFFECT_REDRAW,    /* the terminal may show rubbish */
};

struct effect {
    enum effect_kind kind;
    const char *method;
    char object[TABLE_KEY_MAX];
};

void screen_init(struct screen *s, int h, int w, enum glyphs glyphs, bool ascii);
void screen_free(struct screen *s);
void screen_set_size(struct screen *s, int h, int w);

/* Data in. The screen takes the snapshot; the others are read. */
void screen_take_snapshot(struct screen *s, struct snapshot *snapshot);
enum err screen_take_events(struct screen *s, const json_t *answer, struct errbuf *e) MUST_CHECK;
enum err screen_take_config(struct screen *s, const json_t *answer, struct errbuf *e) MUST_CHECK;
void screen_forget_events(struct screen *s); /* another engine: its events count from 1 */
void screen_set_link(struct screen *s, enum link_state link, int64_t retry_at_us, const char *why);
void screen_say(struct screen *s, uint16_t style, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The connector whose configuration is missing on screen; NULL when none is. */
const char *screen_wants_config(const struct screen *s);

/* One keystroke. */
void screen_key(struct screen *s, uint32_t key, struct effect *out);

/* Opens a pane, with an object in it when `object` is not NULL. */
void screen_open(struct screen *s, enum pane_id pane, const char *object);
/* By name, alias or key ("2", "connectors", "conn"); false when there is none. */
bool screen_find_pane(const char *name, enum pane_id *out);

/* Which keys count now, and whether an action makes sense on what is selected. */
enum context screen_context(const struct screen *s);
bool screen_can(const struct screen *s, enum action a);

/* The skip-th name that begins with what is typed after `:`: panes, then what can be done here.
 * NULL behind the last. */
const char *screen_complete(const struct screen *s, int skip);

/* Draws a frame into g (which has the screen's size). */
void screen_render(struct screen *s, struct grid *g);

/* When the frame changes by itself (ages, countdowns, messages), monotonic; INT64_MAX: never. */
int64_t screen_next_change_us(const struct screen *s);

#endif
