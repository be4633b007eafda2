/*
 * A pane: what the console's tabs open. One struct each, in the table of screen.c.
 *
 * Rendering is pure but for the scroll positions, which settle to what fits. Thread rule: as the
 * screen's.
 */
#ifndef VIEWS_PANE_H
#define VIEWS_PANE_H

#include "views/screen.h"

struct pane {
    const char *name;    /* for `:`, and what the tab says */
    const char *aliases; /* more names, with blanks between */
    uint32_t key;
    context_t context;        /* of the list */
    context_t detail_context; /* of an opened row; 0: rows do not open */

    /* The list, in s->tables[pane]; of screens that need no snapshot too (needs_no_snapshot). */
    void (*model)(const struct screen *s, struct table_model *m);
    void (*render)(struct screen *s, struct grid *g, struct rect r);
    void (*render_detail)(struct screen *s, struct grid *g, struct rect r);
    bool needs_no_snapshot; /* has something to show while no engine ever answered */

    /* ---- all below may be NULL (0) ---- */

    /* State of its own: zeroed bytes in s->state[pane], then init; freed by free_state first. */
    size_t state_size;
    void (*init_state)(struct screen *s, void *state);
    void (*free_state)(void *state);

    /* Deeper than list and detail: where the person is (NULL: context or detail_context). */
    context_t (*where)(const struct screen *s);
    /* The table that keys move, sort, filter and export in an opened row; false: text scrolls. */
    bool (*table)(struct screen *s, struct table_model *m, struct table_state **t);
    /* A row was opened (s->object is its key), or is left: forget or make what belongs to it. */
    void (*opened)(struct screen *s);
    void (*left)(struct screen *s);
    /* Esc inside an opened row: true when it went a level up within. */
    bool (*back)(struct screen *s);

    /* What it wants of the engine while it is open, i = 0, 1, ..: false behind the last. */
    bool (*ask)(const struct screen *s, int i, struct ask *out);
    /* The answer to one of those. */
    void (*take)(struct screen *s, const struct answer *a);
    /* The answer to an action; true: it has said what came of it. */
    bool (*done)(struct screen *s, const struct answer *a, const char *label);

    /* Its own actions: whether one makes sense now, and doing it; act is asked first and says
     * whether it took the action. */
    bool (*can)(const struct screen *s, enum action a);
    bool (*act)(struct screen *s, enum action a, struct effect *out);
    /* What was typed at its prompt; what $EDITOR left. */
    void (*answered)(struct screen *s, int prompt, const char *text, struct effect *out);
    void (*edited)(struct screen *s, const char *text, struct effect *out);
    /* A key that no action has (an editor's letters): true when it was taken. */
    bool (*type)(struct screen *s, uint32_t key);
    /* A character that was pasted ('\n' and '\t' too): true when it is text here. NULL: it is not.
     */
    bool (*paste)(struct screen *s, uint32_t ch);
    /* What leaving the console would break, in words; false: nothing. */
    bool (*holds)(const struct screen *s, char *why, size_t n);
    /* An opened row without a table, as an object for a file; NULL: it has not come yet. */
    json_t *(*whole)(const struct screen *s);
    /* What COPY copies, instead of the selected row's key. */
    bool (*copy)(struct screen *s, struct buf *out);
    /* When its picture changes by itself, monotonic; INT64_MAX: never. */
    int64_t (*next_change_us)(const struct screen *s);
};

extern const struct pane pane_overview;
extern const struct pane pane_connectors;
extern const struct pane pane_topics;
extern const struct pane pane_dags;
extern const struct pane pane_airports;
extern const struct pane pane_flyers;
extern const struct pane pane_warehouse;
extern const struct pane pane_source;
extern const struct pane pane_query;
extern const struct pane pane_events;

const struct pane *pane_of(enum pane_id id);

/* What leaving would break, as panes have it, a line each; false: nothing. */
bool screen_holds(const struct screen *s, char *why, size_t n);

/* The pane's own state. */
#define PANE_STATE(s, pane, type) ((type *)(s)->state[pane])

/* ---- what panes ask of the screen ---- */

/* Brings a table's order up to date, a failure is said on screen. */
void screen_update_table(struct screen *s, struct table_state *t, const struct table_model *m);

/* Asks before something is changed; YES (or the typed name) makes the EFFECT_CALL. Takes q's
 * params, also when it refuses (read only, engine away): then it says why. */
void screen_confirm(struct screen *s, struct question *q);

/* Asks y or n about what is no method of the engine's (q->leave, q->prompt): also where the console
 * only looks. */
void screen_ask_first(struct screen *s, const struct question *q);

/* The same without a question, for what harms nothing (trigger, acknowledge). Takes params. */
void screen_call(struct screen *s, struct effect *out, const char *method, json_t *params,
                 const char *label);

/* Asks for a text, which goes to the pane's answered(); `value` is there to be edited. */
void screen_prompt(struct screen *s, int prompt, const char *label, const char *value);

/* Writes text (taken, malloc) to a new file, copies it, opens it in $EDITOR. */
void effect_text(struct effect *out, enum effect_kind kind, char *text, size_t n, const char *path);

/* Writes a table's rows, by the end of the path; what is wrong with that is said. */
void screen_export_rows(struct screen *s, const struct table_model *m, const struct table_state *t,
                        const char *path, struct effect *out);

/* The key of the row that an action is about: the opened one, else the selected one; or NULL. */
const char *screen_object(const struct screen *s);

/* The pane that shows a connector, topic, DAG of that name. */
bool screen_object_pane(const struct screen *s, const char *object, enum pane_id *pane);

/* Held still, and not the past: what is there stays. A pane asks for nothing more then but for what
 * it has nothing of yet; an answer to anything else is dropped. */
bool screen_is_still(const struct screen *s);
/* The monotonic moment of what is shown: ages stand still with it. */
int64_t screen_shown_now_us(const struct screen *s);

/* How many of the events had happened at the moment that is looked at. */
size_t screen_event_count(const struct screen *s);

/* ---- pieces that panes share ---- */

/* "─ Title ────"; returns the row below. */
int draw_section(struct grid *g, struct rect r, int y, const char *title);

/* Style and sign of an engine's state word: colour never stands alone. */
uint16_t state_style(const char *state);
const char *state_sign(const char *state, bool ascii);
uint16_t level_style(const char *level);
const char *level_sign(const char *level, bool ascii);

/* Bytes of s that one row of w columns takes (at least a character), broken at a blank where that
 * costs less than half the row; *next is where the next row starts. A newline ends a row. */
size_t wrap_row(const char *s, int w, bool ascii, size_t *next);

/* A scrolled list of "label  value" lines (label NULL: the value alone), long values wrapped. */
struct lines {
    struct grid *g;
    struct rect r;
    size_t skip; /* scroll */
    size_t n;    /* lines so far */
    int label;   /* columns of the label */
};
void lines_section(struct lines *l, const char *title);
void lines_add(struct lines *l, const char *label, uint16_t style, const char *text);
void lines_printf(struct lines *l, const char *label, uint16_t style, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* Text with a style (enum style_role) for each of its bytes; newlines end lines. */
void lines_styled(struct lines *l, const char *text, const char *styles);

/* Runs draw once to count and once to show, so that the scroll is never past the end. */
void lines_draw(struct screen *s, struct grid *g, struct rect r, int label,
                void (*draw)(struct screen *s, struct lines *l));

#endif
