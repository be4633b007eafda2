/*
 * A text that a person edits in $EDITOR to say what is to be done: JSON with lines of explanation
 * that begin with '#'. What was refused is kept, so that nothing typed is lost: the next time it is
 * opened again, with what was wrong in lines "#! .." on top.
 *
 * Ownership: a draft owns its texts (draft_forget). Thread rule: one thread at a time.
 */
#ifndef VIEWS_DRAFT_H
#define VIEWS_DRAFT_H

#include <jansson.h>

#include "backend/base/buf.h"
#include "backend/base/err.h"
#include "views/table.h"

struct draft {
    char about[TABLE_KEY_MAX]; /* the object; of what is kept, or is edited now */
    char *text;                /* NULL: nothing is kept */
    char *faults;              /* what was wrong with it, a line each; NULL: nothing yet */
};

void draft_forget(struct draft *d);
bool draft_is_about(const struct draft *d, const char *about);

/* What $EDITOR left, to be kept until it is forgotten. */
void draft_keep(struct draft *d, const char *text);
void draft_refuse(struct draft *d, const char *faults);

/* What the editor is to begin with: what is kept about this, else `fresh`. malloc; NULL: no memory.
 * From now on the draft is about this. */
char *draft_open(struct draft *d, const char *about, const char *fresh);

/* Leaving would lose it: "The configuration of x that you edited is lost". what: "configuration".
 */
bool draft_holds(const struct draft *d, const char *what, char *why, size_t n);

/* The JSON in a text, an object. ERR_DATA in words with the line, ERR_NOMEM. */
enum err draft_read(const char *text, json_t **out, struct errbuf *e) MUST_CHECK;

#endif
