/*
 * The text of a query that is being typed: several lines, a cursor, keys as readline has them, the
 * statements that were typed before. Pure; bytes are UTF-8, the cursor never stands within a
 * character. Thread rule: one thread at a time.
 */
#ifndef VIEWS_QUERY_EDIT_H
#define VIEWS_QUERY_EDIT_H

#include "backend/base/buf.h"
#include "views/grid.h"

enum { QUERY_TEXT_MAX = 1 << 20 };

struct query_edit {
    struct buf text;
    size_t at;         /* the cursor, in bytes */
    struct buf killed; /* for Ctrl-Y */
    struct buf draft;  /* what was typed before the history was looked at */
    char **history;    /* oldest first; owned */
    size_t n_history;
    size_t place; /* in the history; n_history: the draft */
};

void query_edit_init(struct query_edit *e);
void query_edit_free(struct query_edit *e);
void query_edit_set(struct query_edit *e, const char *text); /* the cursor goes to its end */
/* Text for text[start, at). */
void query_edit_replace(struct query_edit *e, size_t start, const char *text);
/* Takes the list. */
void query_edit_take_history(struct query_edit *e, char **history, size_t n);

/* True when the key was one of an editor's; Enter, Tab and Esc are not. */
bool query_edit_key(struct query_edit *e, uint32_t key);

/* A character as it is, newlines and tabs too; other controls are not text (false). */
bool query_edit_put(struct query_edit *e, uint32_t ch);

/* Draws it with the cursor in sight. */
void query_edit_draw(const struct query_edit *e, struct grid *g, struct rect r, bool cursor);
int query_edit_lines(const struct query_edit *e);

#endif
