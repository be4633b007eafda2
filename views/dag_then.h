/*
 * A run as it was at a moment: dag.run's answer of now, with what the times in it say of then. What
 * has no time (a task that was never tried) is waiting until its run was over. Pure.
 */
#ifndef VIEWS_DAG_THEN_H
#define VIEWS_DAG_THEN_H

#include <jansson.h>
#include <stdint.h>

#include "views/dag_data.h"
#include "views/snapshot.h"

/* A new reference; NULL without memory. A run that was not made yet has no tasks and the state "".
 */
json_t *dag_run_then(const json_t *answer, int64_t then_us);

/* A row of dag.list as it was: its runs by their times, the rest as it was recorded (`then`; NULL:
 * it was not). Borrows from both. */
struct dag_row dag_row_then(const struct dag_row *d, const struct snap_dag *then, int64_t then_us);

#endif
