/*
 * What an operator may ask of the engine's DAGs. Methods of the control socket call these; what
 * params and results hold is in docs/control.md. Nothing here waits for a run or a server.
 *
 * Thread rule: any thread.
 */
#ifndef ENGINE_ENGINE_DAGS_H
#define ENGINE_ENGINE_DAGS_H

#include <jansson.h>

#include "backend/engine/engine.h"

/* who: for the record of the run. ERR_NOT_FOUND, ERR_USAGE, ERR_STATE in words. */
typedef enum err engine_dag_fn(struct engine *g, const json_t *params, const char *who,
                               json_t **result, struct errbuf *e);

/* Looking. */
engine_dag_fn engine_dag_list; /* runs: so many of the newest of each; may be missing */
engine_dag_fn engine_dag_show; /* name */
engine_dag_fn engine_dag_runs; /* name, kind, state, before, limit, tasks; all may be missing */
engine_dag_fn engine_dag_run;  /* run: with its tasks and their tries */
engine_dag_fn engine_dag_logs; /* run, task, try (0: the newest), after, limit */
engine_dag_fn engine_dag_intervals; /* name, from, to: what a backfill would be about */

/* Orders. */
engine_dag_fn engine_refresh_run;  /* name: of a mart, an entity or a DAG; a run of what makes it */
engine_dag_fn engine_dag_trigger;  /* name, params: an object of texts */
engine_dag_fn engine_dag_backfill; /* name, from, to (dates, both included), parallel, params */
engine_dag_fn engine_dag_clear;    /* run, task, downstream, failed */
engine_dag_fn engine_dag_cancel;   /* run */
engine_dag_fn engine_dag_pause;    /* name */
engine_dag_fn engine_dag_unpause;  /* name */

#endif
