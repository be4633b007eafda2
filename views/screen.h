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
#include "views/refresh.h"
#include "views/snapshot.h"
#include "views/table.h"

enum pane_id {
    PANE_OVERVIEW,
    PANE_CONNECTORS,
    PANE_TOPICS,
    PANE_DAGS,
    PANE_AIRPORTS,
    PANE_FLYERS,
    PANE_WAREHOUSE,
    PANE_SOURCE,
    PANE_QUERY,
    PANE_EVENTS,
    PANE_COUNT
};

enum link_state {
    LINK_CONNECTING, /* nothing has been heard yet */
    LINK_UP,
    LINK_AWAY, /* refused or gone: waiting for retry_at_us */
};

enum screen_mode {
    MODE_BROWSE,
    MODE_HELP,
    MODE_FILTER,
    MODE_COMMAND,
    MODE_PROMPT,  /* a pane (or the core) wants a text */
    MODE_CONFIRM, /* y or n */
    MODE_TYPED,   /* the name of what will be destroyed has to be typed */
};

enum {
    SCREEN_INPUT_MAX = TABLE_FILTER_MAX,
    SCREEN_MESSAGE_US = 6 * 1000000,
    SCREEN_FRESH_US = 2 * 1000000,  /* data younger than this have no age */
    SCREEN_PASTE_US = 2 * 1000000,  /* a paste that is silent for so long has lost its end */
    SCREEN_SILENT_US = 6 * 1000000, /* connected, but no answer for so long: said in words */
    SCREEN_PREVIEW_MAX = 1024,
};

static const int64_t SCREEN_ELEVATED_US = 600 * INT64_C(1000000);

/*
 * What is asked before something is changed. `method` and `params` are what YES sends to the
 * engine; they are fixed when the question is asked, so a refresh that moves rows meanwhile cannot
 * change what is acted on.
 */
struct question {
    char label[TABLE_KEY_MAX +
               48]; /* "delete connector tickets-sink": asked, and said of it later */
    char
        preview[SCREEN_PREVIEW_MAX]; /* exactly what is touched, in words; "" where label says it */
    char name[TABLE_KEY_MAX];        /* has to be typed; "": y or n */
    bool twice;                      /* y or n first, then the name */
    bool leave;                      /* YES leaves the console, no method */
    int prompt;                      /* not 0: YES goes to the pane's answered(), no method */
    const char *method;              /* static */
    json_t *params;                  /* owned; NULL: none */
};

/* A method that a pane wants asked. The answer goes to the pane's take(). */
struct ask {
    const char *method; /* static */
    json_t *params;     /* new reference, or NULL */
    int64_t every_us;   /* 0: once, until method or params change */
};

/* What the engine said to a method. */
struct answer {
    const char *method;
    const json_t *params; /* as asked; NULL: none */
    enum err code;        /* ERR_OK, or why not: text */
    const json_t *result; /* borrowed; on an error its data or NULL */
    const char *text;
};

struct screen {
    /* how to draw */
    int h, w;
    bool ascii;
    enum glyphs glyphs;
    enum colours colours;      /* mono by itself */
    bool viewer;               /* role viewer: looks only, until elevated */
    int64_t elevated_until_us; /* monotonic; 0: not */

    /* what is known */
    struct snapshot *snapshot; /* what is shown: NULL until the first one, then the last good one */
    struct snapshot *live;     /* the newest one while a frozen or a past one is shown, else NULL */
    struct event_list events;
    struct history history;
    enum link_state link;
    int64_t now_us;      /* monotonic; the shell sets it before each call */
    int64_t data_us;     /* when the snapshot came */
    int64_t retry_at_us; /* LINK_AWAY */
    char link_text[256]; /* why it is away */
    int64_t live_us;     /* when `live` came */
    bool frozen;         /* held still by the person .. */
    int64_t held_us;     /* .. since then (monotonic) .. */
    int64_t held_event;  /* .. when this was the newest event .. */
    struct history held; /* .. and these the samples */
    int64_t past_us;     /* wall clock of the moment that is looked at; 0: now */
    int64_t shown_us;    /* wall clock of the recorded snapshot that is shown; 0: none yet */
    int64_t next_us;     /* of the one after it; 0: there is none */
    bool or_oldest;      /* stepping back ends at the oldest record */
    struct refreshes refreshes;

    /* what the person looks at */
    enum pane_id pane;
    bool detail;                /* the selected row is open */
    char object[TABLE_KEY_MAX]; /* its key */
    struct table_state tables[PANE_COUNT];
    void *state[PANE_COUNT]; /* each pane's own */
    size_t scroll;           /* of text: an open connector or event, the help */
    size_t scroll_max;       /* as the last frame had it */
    enum screen_mode mode;
    char input[SCREEN_INPUT_MAX];
    char before[SCREEN_INPUT_MAX]; /* the filter to put back on cancel */
    struct question question;      /* MODE_CONFIRM, MODE_TYPED */
    int prompt;                    /* MODE_PROMPT: the pane's number of it, or a PROMPT_ */
    char prompt_label[96];
    char message[ERRBUF_TEXT_MAX];
    uint16_t message_style;
    int64_t message_until_us;
    bool pasting;     /* between the two marks of a bracketed paste */
    bool paste_said;  /* that nothing here takes it */
    int64_t paste_us; /* its last key */
};

enum effect_kind {
    EFFECT_NOTHING,
    EFFECT_LEAVE,
    EFFECT_CALL,      /* method with params; label says it in words */
    EFFECT_RECONNECT, /* now */
    EFFECT_REDRAW,    /* the terminal may show rubbish */
    EFFECT_COPY,      /* text to the terminal's clipboard */
    EFFECT_SAVE,      /* text into the new file `path` */
    EFFECT_QUERY,     /* method with params, for the shell itself: see pane_query.c */
    EFFECT_MOUSE,     /* have it, or leave it to the terminal */
    EFFECT_EDIT,      /* text in $EDITOR; what comes back goes to screen_edited */
};

/* What the shell has to do. It owns params and text, and gives them back by effect_free. */
struct effect {
    enum effect_kind kind;
    const char *method;
    json_t *params;
    char label[TABLE_KEY_MAX + 48];
    char *text;
    size_t text_len;
    char path[TABLE_KEY_MAX];
};

void effect_free(struct effect *e);

enum err screen_init(struct screen *s, int h, int w, enum glyphs glyphs, bool ascii,
                     struct errbuf *e) MUST_CHECK;
void screen_free(struct screen *s);
void screen_set_size(struct screen *s, int h, int w);

/* Data in. The screen takes the snapshot; the others are read. */
void screen_take_snapshot(struct screen *s, struct snapshot *snapshot);
enum err screen_take_events(struct screen *s, const json_t *answer, struct errbuf *e) MUST_CHECK;
void screen_forget_events(struct screen *s); /* another engine: its events count from 1 */
void screen_set_link(struct screen *s, enum link_state link, int64_t retry_at_us, const char *why);
void screen_say(struct screen *s, uint16_t style, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The i-th method that is wanted now; false behind the last. out->params is the caller's. */
bool screen_ask(const struct screen *s, int i, struct ask *out);

/* The answer to a method of screen_ask, or of an effect (`label` is what was said of it, NULL for a
 * method of screen_ask). */
void screen_take_answer(struct screen *s, const struct answer *a, const char *label);

/* What $EDITOR left of an EFFECT_EDIT; NULL: it failed or nothing was changed. */
void screen_edited(struct screen *s, const char *text, struct effect *out);

/* One keystroke. */
void screen_key(struct screen *s, uint32_t key, struct effect *out);

/* The mouse at a cell: a press selects the row there, a second one opens it, the wheel moves. */
enum mouse_event { MOUSE_PRESS, MOUSE_AGAIN, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };
void screen_mouse(struct screen *s, enum mouse_event what, int y, int x, struct effect *out);

/* Opens a pane, with an object in it when `object` is not NULL. */
void screen_open(struct screen *s, enum pane_id pane, const char *object);
/* By name, alias or key ("2", "connectors", "conn"); false when there is none. */
bool screen_find_pane(const char *name, enum pane_id *out);

/* Which keys count now, and whether an action makes sense on what is selected. */
context_t screen_context(const struct screen *s);
bool screen_can(const struct screen *s, enum action a);

/* Ctrl-C is a key now (pane 9 cancels by it, or leaving would break something, which is asked about
 * first); else it ends the console. */
bool screen_wants_interrupt(const struct screen *s);

/* Why nothing can be changed now, in words; NULL: it can. */
const char *screen_why_not(const struct screen *s);

/* The skip-th name that begins with what is typed after `:`: panes, then what can be done here.
 * NULL behind the last. */
const char *screen_complete(const struct screen *s, int skip);

/* Draws a frame into g (which has the screen's size). */
void screen_render(struct screen *s, struct grid *g);

/* When the frame changes by itself (ages, countdowns, messages), monotonic; INT64_MAX: never. */
int64_t screen_next_change_us(const struct screen *s);

#endif
