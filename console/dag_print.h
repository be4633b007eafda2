/*
 * DAGs, runs and tasks as a person reads them, from the engine's JSON (docs/control.md). Texts from
 * outside are made printable. Thread rule: one thread.
 */
#ifndef CONSOLE_DAG_PRINT_H
#define CONSOLE_DAG_PRINT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "backend/base/buf.h"

void dag_print_list(const json_t *answer); /* of dag.list */
void dag_print_show(const json_t *dag);    /* of dag.show */
/* Names the files that are newer than what the engine holds, if any. */
void dag_print_changed(const json_t *answer, FILE *out);
void dag_print_runs(const json_t *answer); /* of dag.runs */
void dag_print_run(const json_t *answer);  /* of dag.run */

/* "2026-11-28 success  0.4 s, 1,234 rows": one run that is over, without a line end. */
void dag_print_outcome(const json_t *run);

/* Is a run's state one that ends it? */
bool dag_state_ended(const char *state);

#endif
