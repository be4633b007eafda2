/*
 * What the DAGs' tasks do in the warehouse: load the model, run SQL files and marts.
 *
 * It keeps the model's connection between runs
 * (its statements, temporary tables and what it knows of raw stay warm); other tasks open their
 * own. One load of the model at a time; a second one waits.
 *
 * Thread rule: create and destroy on one thread; the rest from any.
 */
#ifndef ENGINE_REFRESH_H
#define ENGINE_REFRESH_H

#include "backend/engine/declared.h"
#include "backend/model/load.h"
#include "backend/schedule/scheduler.h"

struct refresh;

/* Takes what is declared, of which nothing is left. Connects to nothing. The configuration outlives
 * it. */
enum err refresh_create(const struct config *c, struct declared *declared, struct refresh **out,
                        struct errbuf *e) MUST_CHECK;
void refresh_destroy(struct refresh *r); /* NULL is fine */

const struct datatests *refresh_tests(const struct refresh *r);
const struct marts *refresh_marts(const struct refresh *r);
const char *refresh_model_schema(const struct refresh *r); /* NULL: there is no model */

/*
 * Loads entities (NULL-terminated; NULL: all) now, in the caller's thread. report may be NULL.
 * ERR_NOT_FOUND: no such entity, or no model. canceled is asked between entities.
 */
struct refresh_load {
    const char *const *entities;
    model_load_report *report;
    void *arg;
    struct task_run *task; /* whose cancel interrupts it; NULL */
};
enum err refresh_model(struct refresh *r, const struct refresh_load *o,
                       struct errbuf *e) MUST_CHECK;

#endif
