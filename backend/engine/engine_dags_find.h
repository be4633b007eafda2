/* What engine_dags.c and engine_dags_json.c share. Not for others. */
#ifndef ENGINE_ENGINE_DAGS_FIND_H
#define ENGINE_ENGINE_DAGS_FIND_H

#include <jansson.h>

#include "backend/engine/engine.h"
#include "backend/schedule/scheduler.h"

/* Said of DAGs before the scheduler is up and after it has ended, where nothing else is wrong. */
#define ENGINE_NO_SCHEDULER "the scheduler does not run yet, or no longer"

/* What params name: a DAG, the number of a run. ERR_USAGE, ERR_NOT_FOUND. */
enum err engine_dag_find(const struct engine *g, const json_t *params, const struct dag **out,
                         struct errbuf *e) MUST_CHECK;
enum err engine_dag_run_of(const json_t *params, int64_t *run, struct errbuf *e) MUST_CHECK;

/* ERR_STATE says why there is none. */
enum err engine_dag_scheduler(struct engine *g, struct scheduler **out,
                              struct errbuf *e) MUST_CHECK;

/* Files that are newer than what the engine holds (held_files.h). */
json_t *engine_dag_changed_files(const struct engine *g);

#endif
