/*
 * Refresh on demand: each DAG once, those that load the model first, then what follows from it; and
 * wait for all of it. What batch does, through the same runs, tasks and logs as the schedule.
 *
 * The engine's schedule must have been started. Thread rule: one thread a call; any thread.
 */
#ifndef ENGINE_ENGINE_REFRESH_H
#define ENGINE_ENGINE_REFRESH_H

#include "backend/engine/engine.h"
#include "backend/state/store_runs.h"

struct engine_refresh_options {
    const char *const *dags;     /* NULL-terminated; NULL: all. ERR_NOT_FOUND: no such DAG */
    const char *const *backfill; /* "DAG=N", NULL-terminated: also its N - 1 intervals before */
    const char *who;
    bool (*canceled)(void *arg); /* may be NULL */
    void (*progress)(void *arg, const char *dag);
    void *arg;
};

/* One task of one run; or, with runs > 1, a backfill as a whole (task ""). */
struct engine_refresh_task {
    const char *dag, *task;
    int64_t run;
    int runs;
    enum task_instance_state state;
    int64_t rows; /* -1: not known */
    double seconds;
    const char *reason; /* "" */
    /* a task of the kind test: what its log says, a line a test */
    int n_lines;
    const char **lines;
};
struct engine_refresh_report {
    bool ok; /* every run succeeded */
    int n;
    struct engine_refresh_task *items;
    struct arena *arena;
};

/* ERR_OK even where runs fail: report->ok tells. */
enum err engine_refresh(struct engine *g, const struct engine_refresh_options *o,
                        struct engine_refresh_report *out, struct errbuf *e) MUST_CHECK;
/* Whether a refresh of these DAGs (NULL: all) would load the model. */
bool engine_refresh_loads_model(const struct engine *g, const char *const *dags);
void engine_refresh_report_free(struct engine_refresh_report *r);

#endif
