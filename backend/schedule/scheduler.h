/*
 * The scheduler: makes runs of DAGs when their time has come, their inputs have changed or somebody
 * asks, and runs their tasks on threads.
 *
 * One dispatcher thread waits for the next due time or for an event; nothing is polled. A state is
 * written to the store before what follows from it is done: a task is `running` in the file before
 * it runs. So after a kill -9 the next start knows every task that may have run, and never runs one
 * that has ended. Such tasks run again as a new try ("the engine ended while it ran"), or fail with
 * that reason when it has happened SCHEDULER_LOSSES_MAX times.
 *
 * Pausing a DAG holds back what would begin by itself (schedule, changed inputs, backfill); a run
 * that is going on goes on, and one that somebody triggers runs.
 *
 * When the store cannot be written (disk full, read only) nothing new begins; tasks that run go on,
 * what came of them is kept in memory and written as soon as that works again. The view of each DAG
 * and scheduler_stats say so.
 *
 * The clock: due times follow the wall clock, delays and timeouts the monotonic one. When the wall
 * clock goes back, no logical time runs twice; a DAG that would wait for longer than its own period
 * runs once a period meanwhile, as if its inputs had changed.
 *
 * Ownership: DAG set, store and executor stay the caller's and outlive the scheduler. Thread rule:
 * create, start, stop, destroy on one thread; the rest from any. Nothing here waits but what is
 * named _wait, and scheduler_stop. Units: microseconds since 1970 UTC (`_us`).
 */
#ifndef SCHEDULE_SCHEDULER_H
#define SCHEDULE_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"
#include "backend/schedule/dag.h"
#include "backend/state/store_runs.h"

enum { SCHEDULER_LOSSES_MAX = 5 };

struct scheduler;

/* ---- what a task gets, and who runs it ---- */

struct task_run; /* one try that is going on */

/* What is known of the try: DAG, interval, logical time, run id, attempt, params. */
const struct dag_context *task_run_context(const struct task_run *t);
const struct dag_task *task_run_task(const struct task_run *t);
/* What of the task alone is wanted (scheduler_trigger_part); NULL: all of it. */
const char *task_run_only(const struct task_run *t);
/* True once it is to end: cancelled, out of time, or the engine stops. Then return ERR_CANCELED,
 * with nothing committed. */
bool task_run_canceled(const struct task_run *t);
/* Called once when it is to end, from another thread, to interrupt what blocks (SQLCancel); at once
 * when it already is. NULL takes it away: afterwards it is not called any more. Must not block. */
void task_run_on_cancel(struct task_run *t, void (*interrupt)(void *arg), void *arg);
/* A line (or several) of the try's log. Never a secret. */
void task_run_log(struct task_run *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void task_run_log_bytes(struct task_run *t, const char *p, size_t n);
/* Rows inserted, adds up; a run that inserted none starts no other DAG. */
void task_run_add_rows(struct task_run *t, int64_t rows);
/* It has nothing to do: what waits for it is skipped too. Then return ERR_OK. */
void task_run_skip(struct task_run *t, const char *why);

/*
 * One function a kind of task, from a thread of the scheduler's. NULL: such a task fails and says
 * that this build has no such kind. `shell` is the scheduler's own where it is NULL. ERR_OK:
 * success. An error is tried again as the task says, except those that trying again cannot help
 * (ERR_CONFIG, ERR_USAGE, ERR_UNSUPPORTED).
 */
struct scheduler_executor {
    enum err (*run[DAG_TASK_KINDS])(void *arg, struct task_run *t, struct errbuf *e);
    void *arg;
};

/* ---- events ---- */

enum scheduler_change {
    CHANGE_RUN_QUEUED,
    CHANGE_RUN_STARTED,
    CHANGE_RUN_SUCCEEDED,
    CHANGE_RUN_FAILED,
    CHANGE_RUN_CANCELED,
    CHANGE_TASK_FAILED, /* this try; text says whether it is tried again */
    CHANGE_DAG_PAUSED,
    CHANGE_DAG_RESUMED,
    CHANGE_TROUBLE, /* store or clock, in words; run 0 */
};
struct scheduler_event {
    enum scheduler_change what;
    const char *dag; /* "" */
    int64_t run;
    enum run_kind kind; /* of the run, for the CHANGE_RUN_ ones */
    const char *task;   /* "" */
    const char *who;    /* "scheduler" */
    const char *text;
};

/* ---- life ---- */

struct scheduler_clock {
    int64_t (*wall_us)(void *arg);
    int64_t (*mono_us)(void *arg);
    void *arg;
};

struct scheduler_options {
    const struct dag_set *dags;
    struct store *store;
    struct scheduler_executor executor;
    /* From the dispatcher's thread, without locks held; NULL: nobody listens. */
    void (*on_event)(void *arg, const struct scheduler_event *v);
    void *on_event_arg;
    /* "NAME=value", .., NULL: more environment for shell; NULL: none */
    const char *const *environment;
    bool asked_only;    /* nothing begins by itself, only what is triggered: for batch */
    int workers;        /* tasks side by side at the most; 0: the sum of all pools' slots */
    int64_t log_bytes;  /* kept of one try: its begin and its end; 0: 1 MiB */
    int64_t keep_days;  /* of runs that are over; 0: 90 */
    int64_t keep_runs;  /* of each DAG, those that are over; 0: 20000 */
    int64_t keep_bytes; /* of all logs together, about; 0: 256 MiB */
    /* For tests: then nothing happens by time alone, and scheduler_wake makes it look. NULL: the
     * machine's. */
    const struct scheduler_clock *clock;
};

/* Reads what the store has of earlier runs; nothing runs yet. */
enum err scheduler_create(const struct scheduler_options *o, struct scheduler **out,
                          struct errbuf *e) MUST_CHECK;
enum err scheduler_start(struct scheduler *s, struct errbuf *e) MUST_CHECK;
/* Nothing begins any more and every try is told to end; begins the stop without waiting. */
void scheduler_stop_begin(struct scheduler *s);
/* The same and waits until all have ended and are written: ERR_TIMEOUT names one that has not. */
enum err scheduler_stop(struct scheduler *s, int64_t timeout_us, struct errbuf *e) MUST_CHECK;
void scheduler_destroy(struct scheduler *s); /* NULL is fine; only after a stop that was good */
void scheduler_wake(struct scheduler *s);

/* ---- orders; ERR_NOT_FOUND, ERR_USAGE, ERR_STATE in words ---- */

/* A run now. Params as given; who asks goes into the record. */
enum err scheduler_trigger(struct scheduler *s, const char *dag, const struct dag_value *params,
                           int n_params, const char *who, int64_t *run,
                           struct errbuf *e) MUST_CHECK;
/* A run now that does one task alone, without waiting for those before it; the others are skipped.
 * only (may be NULL): what of that task, for its executor. Params have their defaults. */
enum err scheduler_trigger_part(struct scheduler *s, const char *dag, const char *task,
                                const char *only, const char *who, int64_t *run,
                                struct errbuf *e) MUST_CHECK;
/* Waits for the run's end: ERR_TIMEOUT, or *state. */
enum err scheduler_run_wait(struct scheduler *s, int64_t run, int64_t timeout_us,
                            enum run_state *state, struct errbuf *e) MUST_CHECK;

struct scheduler_backfill {
    int64_t from_us, to_us; /* intervals that begin in [from, to) */
    int parallel;           /* runs side by side; 0: the DAG's max_active_runs */
    const struct dag_value *params;
    int n_params;
};
struct scheduler_backfill_result {
    int n;         /* intervals */
    int created;   /* runs made */
    int again;     /* runs of an earlier backfill that are over, cleared to run again */
    int active;    /* runs of an earlier backfill that are still queued or running: left alone */
    int64_t first; /* logical times of the first and the last */
    int64_t last;
};
/* One run an interval, kind `backfill`. */
enum err scheduler_backfill(struct scheduler *s, const char *dag,
                            const struct scheduler_backfill *b, const char *who,
                            struct scheduler_backfill_result *out, struct errbuf *e) MUST_CHECK;

struct scheduler_clear {
    const char *task; /* NULL: all tasks */
    bool downstream;  /* and all that wait for it; without: only what did not run because of it */
    bool failed;      /* of those only what has not succeeded: failed, upstream_failed, canceled */
};
/* Tasks that are over are to run again; *n: how many. A task that runs: ERR_STATE. */
enum err scheduler_clear(struct scheduler *s, int64_t run, const struct scheduler_clear *c,
                         const char *who, int *n, struct errbuf *e) MUST_CHECK;
/* Its tasks are told to end; what has not begun never does. */
enum err scheduler_cancel(struct scheduler *s, int64_t run, const char *who,
                          struct errbuf *e) MUST_CHECK;
enum err scheduler_pause(struct scheduler *s, const char *dag, bool paused, const char *who,
                         struct errbuf *e) MUST_CHECK;

/* New rows in this table or entity: every DAG whose on_change names it (or "all") runs as soon as
 * its min_interval allows. Cheap, also when called for every batch. */
void scheduler_changed(struct scheduler *s, const char *name);

/* ---- looking ---- */

struct scheduler_dag_view {
    const struct dag *dag;
    bool paused;
    int64_t next_us; /* the next run by schedule; INT64_MAX: none (paused, no schedule) */
    int64_t queued;  /* runs */
    int active;      /* runs */
    int running_tasks;
    int64_t last_run; /* id; 0: none yet */
    enum run_state last_state;
    int64_t last_logical_us, last_started_us, last_ended_us; /* of that run; 0: not yet */
    const char *last_reason;                                 /* "" */
    int64_t failed_run; /* the newest one that succeeded or failed, when it failed; 0: it did not */
    int64_t failed_ended_us;
    const char *failed_reason; /* "" */
    const char *trouble;       /* what holds it up beside that, "" */
};
struct scheduler_dags {
    int n; /* as in the set */
    struct scheduler_dag_view *items;
    struct arena *arena;
};
enum err scheduler_dags_list(struct scheduler *s, struct scheduler_dags *out,
                             struct errbuf *e) MUST_CHECK;
void scheduler_dags_free(struct scheduler_dags *l);

/* Runs, tasks and tries: store_runs_list, store_run_get, store_tasks_list on the store; a state is
 * there as soon as it is true here. */

struct scheduler_log_line {
    int64_t ts_us;
    const char *text; /* without its line end */
};
struct scheduler_log {
    int n;
    struct scheduler_log_line *items;
    int attempt;     /* whose */
    int64_t next;    /* give it as `after` to read on */
    bool ended;      /* the try is over and this was the last of it */
    int64_t dropped; /* bytes left out among these lines, where a line says so */
    struct arena *arena;
};
/* Of one try (0: the newest), what stands behind `after` (0: from its begin), at most `limit`
 * bytes. */
enum err scheduler_log_read(struct scheduler *s, int64_t run, const char *task, int attempt,
                            int64_t after, int64_t limit, struct scheduler_log *out,
                            struct errbuf *e) MUST_CHECK;
void scheduler_log_free(struct scheduler_log *l);

struct scheduler_stats {
    int64_t queued_runs;
    int active_runs, running_tasks, waiting_tasks; /* waiting: for a slot */
    int64_t next_us;                               /* of any DAG; INT64_MAX */
    bool idle;                                     /* nothing queued, nothing running */
    bool stopped;
    int64_t wakeups;   /* of the dispatcher, since the start */
    char trouble[256]; /* "" */
};
void scheduler_stats(struct scheduler *s, struct scheduler_stats *out);

#endif
