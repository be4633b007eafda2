/*
 * The engine's scheduler: DAGs of the configuration on the engine's store, each kind of task bound
 * to what carries it out.
 *
 * A kind more: a function of this shape in a file of its own, declared here, and its row in the
 * table of schedule_run.c. It gets the engine, runs on a thread of the scheduler's, owns whatever
 * connection it opens, and looks at task_run_canceled (or hands an interrupt to
 * task_run_on_cancel), see backend/schedule/scheduler.h. It never succeeds silently: what it did
 * stands in the log of the try and in its rows.
 *
 * Thread rule: engine_schedule_load and _close as engine_create and engine_destroy, the rest as
 * said in engine.h.
 */
#ifndef ENGINE_SCHEDULE_RUN_H
#define ENGINE_SCHEDULE_RUN_H

#include <jansson.h>

#include "backend/engine/engine.h"
#include "backend/engine/sink.h"
#include "backend/schedule/scheduler.h"

typedef enum err engine_task_fn(struct engine *g, struct task_run *t, struct errbuf *e);

/* check_task.c: compares tables with the source; runs tests, of which none can be declared yet. */
engine_task_fn engine_task_verify, engine_task_test;
/* refresh_task.c: loads entities of the model; runs an SQL file, or the mart that it makes. */
engine_task_fn engine_task_model, engine_task_sql;

/* Reads and checks the configuration's DAGs, model and marts; nothing runs yet. */
enum err engine_schedule_load(struct engine *g, struct errbuf *e) MUST_CHECK;
/* A sink has loaded rows: DAGs that wait for such are told. Any thread; c's on_rows. */
void engine_schedule_rows(void *engine, const struct sink_told *told);
void engine_schedule_stop_begin(struct engine *g);
enum err engine_schedule_stop(struct engine *g, int64_t timeout_us, struct errbuf *e) MUST_CHECK;
void engine_schedule_close(struct engine *g);

/* The status's `dags`; a new reference. */
json_t *engine_schedule_json(struct engine *g);

/* NULL: there is no DAG, or it has not been started. Lives as long as the engine. Any thread. */
struct scheduler *engine_scheduler(struct engine *g);

#endif
