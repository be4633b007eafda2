/*
 * Refresh by keypress: an entity of the model, a mart or a DAG is made anew, what goes on and what
 * came of it is said in the message line, whatever pane is open.
 *
 * The engine's refresh.run (dag.trigger for a whole DAG with params) makes a run; that run is
 * looked at until it is over. Up to REFRESHES_MAX at a time; a further one is refused in words.
 * Thread rule: as the screen's.
 */
#ifndef VIEWS_REFRESH_H
#define VIEWS_REFRESH_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "views/grid.h"

struct screen;
struct effect;
struct ask;
struct answer;

enum { REFRESHES_MAX = 4, REFRESH_NAME_MAX = 128, REFRESH_WORDS_MAX = 400 };

struct refresh_item {
    char name[REFRESH_NAME_MAX];
    char task[REFRESH_NAME_MAX]; /* of the run, that it is about; "": all of them */
    int64_t run;                 /* 0: the item is free */
    char words[REFRESH_WORDS_MAX];
    bool ended; /* the words are about what came of it */
    uint16_t style;
};

struct refreshes {
    struct refresh_item items[REFRESHES_MAX];
    char said[REFRESH_WORDS_MAX]; /* what stands in the message line because of them */
};

/*
 * Makes name anew: a mart (or its table), an entity or a DAG. What a pane's REFRESH does; says why
 * not where it cannot.
 */
void screen_refresh(struct screen *s, const char *name, struct effect *out);

/* What goes on of it, or came of it since it was asked for; NULL: nothing was asked for. */
const struct refresh_item *screen_refresh_of(const struct screen *s, const char *name);

/*
 * dag.run's answer in words: "refreshing flights: 1,204 rows so far, 1.2 s", "flights: 1,204 rows
 * in 0.21 s", "flights: failed after 1.9 s: why". task "": the whole run. now_us is the engine's
 * wall clock. True when the run is over.
 */
bool refresh_words(const json_t *answer, const char *name, const char *task, int64_t now_us,
                   char *out, size_t n, uint16_t *style);

/* ---- for screen.c alone ---- */

/* The i-th of theirs; behind the last *i is less by their number. */
bool screen_refresh_ask(const struct screen *s, int *i, struct ask *out);
/* True when it has said what came of the action. label as screen_take_answer's. */
bool screen_refresh_take(struct screen *s, const struct answer *a, const char *label);

#endif
