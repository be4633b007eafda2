/*
 * What a server answered at the moment that is looked at: the engine keeps answers over time
 * (recorder.answer), and a pane shows the newest one at or before that moment, with its own time in
 * words.
 *
 * Ownership: it owns its answer (past_free). Thread rule: one thread at a time.
 */
#ifndef VIEWS_PAST_H
#define VIEWS_PAST_H

#include <jansson.h>

#include "views/screen.h"

struct past {
    json_t *answer;   /* until the one of another moment came, that before; NULL: there is none */
    int64_t at_us;    /* wall clock: when it was answered */
    int64_t next_us;  /* when the next one was; 0: not known */
    int64_t asked_us; /* the moment of the newest reply; 0: none came yet */
    char why[160];    /* why there is no answer; "": there is one */
};

void past_free(struct past *p);

/* Asks for what a method answered (params NULL: it has one question) at the moment that is looked
 * at; false while that is now, or when it is known. Takes params. */
bool past_ask(const struct past *p, const struct screen *s, const char *method, json_t *params,
              struct ask *out);
/* True: a reply to past_ask of that method and params, and of this moment: it has been taken. */
bool past_take(struct past *p, const struct screen *s, const char *method, const json_t *params,
               const struct answer *a);
/* Is what it holds (an answer, or that there is none) of the moment that is looked at? */
bool past_is_known(const struct past *p, const struct screen *s);

/* "as of 18:05:02 UTC", with the date where that is another day than the moment's; or that it is
 * asked for, or why there is none. */
void past_words(const struct past *p, const struct screen *s, char *out, size_t n);

#endif
