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
    enum context context;        /* of the list */
    enum context detail_context; /* of an opened row; 0: rows do not open */
    void (*model)(const struct screen *s, struct table_model *m);
    void (*render)(struct screen *s, struct grid *g, struct rect r);
    void (*render_detail)(struct screen *s, struct grid *g, struct rect r);
};

extern const struct pane pane_overview;
extern const struct pane pane_connectors;
extern const struct pane pane_topics;
extern const struct pane pane_events;

const struct pane *pane_of(enum pane_id id);

/* Table of an open topic's partitions. */
void topic_parts_model(const struct screen *s, struct table_model *m);

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

/* Runs draw once to count and once to show, so that the scroll is never past the end. */
void lines_draw(struct screen *s, struct grid *g, struct rect r, int label,
                void (*draw)(struct screen *s, struct lines *l));

/* How the pipeline does: the strip, one column a station (a row a station where it is narrow).
 * Returns the row below. */
int draw_pipeline(const struct screen *s, struct grid *g, struct rect r, bool sparks);

/* The bottleneck in words, and a line a server, slot and the connectors: at most `room` rows, the
 * worst ones where not all fit. Each returns the row below. */
int draw_bottleneck(const struct screen *s, struct grid *g, struct rect r, int y, int room);
int draw_health(const struct screen *s, struct grid *g, struct rect r, int y, int room);

#endif
