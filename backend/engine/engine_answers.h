/*
 * What servers answer, kept for looking back (kept_answers.h): whatever somebody asks, and what the
 * engine asks by itself every recorder.answers_s, so that there is something to go back to when
 * nobody looked: warehouse.show, source.show, and the dashboards whose mart has run since.
 *
 * One question at a time, each with a bound; one that somebody asked a moment ago is left out. What
 * fails is not kept, and no trouble: the probes tell of servers that are away.
 *
 * Thread rule: start, end and stop on one thread; the rest from any.
 */
#ifndef ENGINE_ENGINE_ANSWERS_H
#define ENGINE_ENGINE_ANSWERS_H

#include "backend/engine/engine.h"

struct engine_answers;

void engine_answers_keep(struct engine *g, const char *method, const json_t *params,
                         const json_t *answer);
/* An answer of dashboard.data with all panels, of a range that ends today: under its name and
 * number of days, once for each run of its mart. */
void engine_answers_keep_dashboard(struct engine *g, const json_t *answer);

/* Asks nothing any more, what is asked ends. NULL is fine, for both. */
void engine_answers_end(struct engine_answers *a);
void engine_answers_stop(struct engine_answers *a); /* waits for it, and frees */

#endif
