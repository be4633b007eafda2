/*
 * Lists of one answer of the engine (a server's tables, queries, slots): which one is shown, its
 * rows as a table, one row as lines. What the panes Warehouse and Source are made of.
 *
 * Ownership: a look owns its copy of the answer (look_free). Thread rule: one thread at a time.
 */
#ifndef VIEWS_LOOK_H
#define VIEWS_LOOK_H

#include <jansson.h>

#include "views/look_cell.h"
#include "views/pane.h"
#include "views/past.h"

struct look_field {
    const char *member; /* of each row */
    enum look_kind kind;
};

struct look_list {
    const char *part;  /* member of the answer: an array */
    const char *title; /* its name in the line of lists */
    const char *empty; /* in words */
    int n;             /* columns and fields */
    int more;          /* fields behind them, in files alone */
    const struct table_column *columns;
    const struct look_field *fields;
    const char *key[2]; /* members that tell rows apart; the second may be NULL */
    /* of a cell; NULL: plain */
    uint16_t (*style)(const json_t *row, const char *member);
};

struct look {
    const char *method;              /* whose answer */
    void (*prepare)(json_t *answer); /* adds a list to it; NULL: nothing */
    const struct look_list *lists;
    int n_lists;
    int list;   /* the one that is shown */
    bool begun; /* it was chosen: by a person, or by what the first answer had */
    bool ascii;
    json_t *answer;   /* what is shown: the last good one, or the past one; NULL: none (yet) */
    json_t *live;     /* the last good one while a past one is shown */
    int64_t taken_us; /* monotonic: when the last good one came */
    struct past past;
    bool is_past; /* `answer` is that of `past` */
    bool failed;  /* the last question was answered with an error */
    char why[256];
};

void look_free(struct look *l);
/* Asks for the answer, every 5 s, less often where the servers have to work for it; for the past
 * one while the past is looked at. False: that is there, or what is there is held still. */
bool look_ask(const struct look *l, const struct screen *s, struct ask *out);
/* An answer to that is kept, or the reason why there is none; others are left alone. */
void look_take(struct look *l, const struct screen *s, const struct answer *a);

/* Rows of the list that is shown, each with its key as `_key`. What is live comes back here when
 * the past is left. */
void look_model(struct look *l, const struct screen *s, struct table_model *m);
const json_t *look_rows(const struct look *l);
/* The row of that key in the list that is shown; NULL: it is gone. */
const json_t *look_row(const struct look *l, const char *key);

/* Another list: by so many, round the ends. The table begins anew. */
void look_turn(struct look *l, struct screen *s, struct table_state *t, int by);

/* Why there is nothing, or only something old, or of when it is where the past is looked at, in
 * words; STYLE_PLAIN and "": all is well. */
uint16_t look_trouble(const struct look *l, const struct screen *s, char *out, size_t n);
/* When that text changes by itself. */
int64_t look_next_change_us(const struct look *l, const struct screen *s);

/* The line of lists, with how many rows each has where there is room; returns the row below. */
int look_draw_lists(const struct look *l, struct grid *g, struct rect r, int y);
/* All members of a row as lines: those of the list's columns first, in their words. */
void look_draw_row(const struct look *l, const json_t *row, struct lines *to);

/* "Title" and up to `most` rows, a member on the left, one on the right; returns the row below. */
struct look_side {
    const char *title, *part, *left, *right;
    enum look_kind kind;
    int most;
};
int look_draw_side(const struct look *l, struct grid *g, struct rect r, int y,
                   const struct look_side *side);

#endif
