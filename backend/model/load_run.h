/*
 * One transaction of a load: a range of batches of one entity into some of its tables. Private to
 * backend/model: load.c decides what is loaded, load_run.c does it.
 */
#ifndef MODEL_LOAD_RUN_H
#define MODEL_LOAD_RUN_H

#include <stdatomic.h>

#include "backend/model/load_plan.h"

enum { LOAD_MOMENT_MAX = 64 };

struct load_run {
    struct warehouse *w;
    const struct model_schema *s;
    int entity;
    struct load_plan *plan;
    int source_id;
    const struct model_object *const *targets; /* the tables that it fills */
    int n_targets;
    int64_t lo, hi;
    bool empty;    /* the targets hold nothing yet */
    bool is_main;  /* the entity's own load, not the filling of a table that came later */
    bool restarts; /* raw began anew: lo is 0, the marks are not */
    int64_t mark;  /* what the targets' marks say */

    /* Called before keys are added to another entity's anchor: waits until nobody else does, and
     * the other entity's own load is over. All are entered, one call each, before the first key is
     * added. NULL: there is nobody beside this one. */
    enum err (*enter_anchor)(void *arg, int entity, struct errbuf *e);
    void *arg;
    const _Atomic bool *canceled; /* NULL: nobody cancels */

    int64_t raw_rows, inserted; /* out */
    int64_t keyless;            /* out: rows of raw without a key, which no table has */

    char stamp[LOAD_MOMENT_MAX]; /* _created_at of the rows, in UTC; load_run.c's own */
};

/* Begins, loads, moves the marks and commits; rolls back on an error. ERR_FENCED: another engine
 * has moved the marks. */
enum err load_run(struct load_run *x, struct errbuf *e) MUST_CHECK;

/* The values of its knots in that range, committed at once; outside of a transaction. */
enum err load_run_knots(struct load_run *x, struct errbuf *e) MUST_CHECK;

#endif
