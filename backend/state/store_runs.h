/*
 * The store's tables of DAGs, their runs, the tasks of each run by try, and what tries wrote.
 *
 * A run is unique by (dag, logical time, kind). Whatever changes of one run at one moment is
 * written by one call, in one transaction: after a kill -9 a run is as it was before or after it,
 * never between. The words of states, and which may follow which, are the scheduler's
 * (backend/schedule/states.h); here they are only kept.
 *
 * Ownership: lists own an arena, freed by their _free. Thread rule: any thread (store.h).
 * Units: wall clock, microseconds since 1970 UTC (`_us`); 0 stands for "not yet".
 */
#ifndef STATE_STORE_RUNS_H
#define STATE_STORE_RUNS_H

#include "backend/base/arena.h"
#include "backend/state/store.h"

/* What made a run. Stored and shown as the words. */
#define RUN_KINDS(X)                                                                               \
    X(SCHEDULE, "schedule") /* its time came */                                                    \
    X(MANUAL, "manual")     /* somebody triggered it */                                            \
    X(BACKFILL, "backfill") /* one of a span of intervals that somebody asked for */               \
    X(CHANGE, "change")     /* its inputs changed */

#define RUN_STATES(X)                                                                              \
    X(QUEUED, "queued")                                                                            \
    X(RUNNING, "running")                                                                          \
    X(CANCELING, "canceling") /* asked to end: its tasks are being told */                         \
    X(SUCCESS, "success")                                                                          \
    X(FAILED, "failed")                                                                            \
    X(CANCELED, "canceled")

#define TASK_INSTANCE_STATES(X)                                                                    \
    X(WAITING, "waiting") /* for the tasks before it */                                            \
    X(QUEUED, "queued")   /* for a free slot */                                                    \
    X(RUNNING, "running")                                                                          \
    X(UP_FOR_RETRY, "up_for_retry")                                                                \
    X(SUCCESS, "success")                                                                          \
    X(FAILED, "failed")                                                                            \
    X(UPSTREAM_FAILED, "upstream_failed")                                                          \
    X(SKIPPED, "skipped")                                                                          \
    X(CANCELED, "canceled")

enum run_kind {
#define X(name, word) RUN_KIND_##name,
    RUN_KINDS(X)
#undef X
        RUN_KIND_COUNT
};
enum run_state {
#define X(name, word) RUN_##name,
    RUN_STATES(X)
#undef X
        RUN_STATE_COUNT
};
enum task_instance_state {
#define X(name, word) TI_##name,
    TASK_INSTANCE_STATES(X)
#undef X
        TI_STATE_COUNT
};

const char *run_kind_word(enum run_kind k);
const char *run_state_word(enum run_state s);
const char *task_instance_state_word(enum task_instance_state s);
/* ERR_NOT_FOUND in words that list what there is. */
enum err run_kind_parse(const char *word, enum run_kind *out, struct errbuf *e) MUST_CHECK;
enum err run_state_parse(const char *word, enum run_state *out, struct errbuf *e) MUST_CHECK;

/* Over: nothing more happens by itself. */
bool run_state_ended(enum run_state s);
bool task_instance_ended(enum task_instance_state s);

/* ---- DAGs ---- */

struct store_dag {
    const char *name;
    bool paused;
    int64_t last_fire_us;     /* of its newest run by schedule; INT64_MIN: none */
    int64_t changed_us;       /* its inputs changed, and no run has taken it up; 0: nothing new */
    int64_t backfill_running; /* runs of a backfill side by side */
};
struct store_dags {
    int n;
    struct store_dag *items;
    struct arena *arena;
};

/* What a set of DAGs is stored as, by name. */
enum err store_dags_list(struct store *s, struct store_dags *out, struct errbuf *e) MUST_CHECK;
void store_dags_free(struct store_dags *l);
/* Writes all members of one DAG. */
enum err store_dag_put(struct store *s, const struct store_dag *d, struct errbuf *e) MUST_CHECK;

/* ---- runs ---- */

struct store_run {
    int64_t id; /* grows */
    const char *dag;
    enum run_kind kind;
    int lane; /* which of the DAG's queues: 0 asked for, 1 by itself, 2 backfill */
    enum run_state state;
    int64_t logical_us, begin_us, end_us; /* the data interval [begin, end) */
    const char *params;                   /* a JSON object of texts */
    const char *who;                      /* asked for it; "scheduler" */
    int64_t created_us, started_us, ended_us;
    int64_t rows;       /* inserted by its tasks; -1: not known */
    const char *reason; /* why it is as it is; "" */
};
struct store_runs {
    int n;
    struct store_run *items;
    struct arena *arena;
};

struct store_run_filter {
    const char *dag; /* NULL: all */
    bool by_kind, by_state;
    enum run_kind kind;
    enum run_state state;
    int64_t from_us, to_us; /* logical time, from <= t < to; to 0: no bound */
    int64_t before;         /* ids below; 0: from the newest */
    int64_t at_us;          /* made by then; 0: all */
    int limit;              /* 1 to STORE_RUNS_MAX */
};
enum { STORE_RUNS_MAX = 1000 };

/* The newest first. */
enum err store_runs_list(struct store *s, const struct store_run_filter *f, struct store_runs *out,
                         struct errbuf *e) MUST_CHECK;
/* One, as a list of one; ERR_NOT_FOUND. */
enum err store_run_get(struct store *s, int64_t id, struct store_runs *out,
                       struct errbuf *e) MUST_CHECK;
enum err store_run_by_key(struct store *s, const char *dag, int64_t logical_us, enum run_kind kind,
                          struct store_runs *out, struct errbuf *e) MUST_CHECK;
/* The newest of a DAG; n is 0 where there is none. */
enum err store_run_newest(struct store *s, const char *dag, struct store_runs *out,
                          struct errbuf *e) MUST_CHECK;
/* The newest of those that succeeded or failed. */
enum err store_run_newest_over(struct store *s, const char *dag, struct store_runs *out,
                               struct errbuf *e) MUST_CHECK;
/* The one that has been queued for longest in a DAG's lane; n is 0 where there is none. However
 * many are queued, it costs the same. */
enum err store_run_next(struct store *s, const char *dag, int lane, struct store_runs *out,
                        struct errbuf *e) MUST_CHECK;
/* Those that are running or canceling. */
enum err store_runs_active(struct store *s, struct store_runs *out, struct errbuf *e) MUST_CHECK;
void store_runs_free(struct store_runs *l);
/* Intervals of a DAG from .. to (both included) that its schedule or a backfill has been through
 * with success. */
enum err store_runs_succeeded(struct store *s, const char *dag, int64_t from_us, int64_t to_us,
                              int64_t *n, struct errbuf *e) MUST_CHECK;

enum { STORE_LANES = 3 };
/* How many are queued, called once a DAG and lane; under the store's lock: it may not call it. */
typedef void store_queued_fn(void *arg, const char *dag, int lane, int64_t n);
enum err store_runs_queued(struct store *s, store_queued_fn *fn, void *arg,
                           struct errbuf *e) MUST_CHECK;

/* Adds n runs that are queued and sets their ids: 0 where the run (DAG, logical time, kind) is
 * there already. dag (may be NULL) is written in the same transaction. */
enum err store_runs_insert(struct store *s, struct store_run *runs, int n,
                           const struct store_dag *dag, struct errbuf *e) MUST_CHECK;

/* Deletes runs of a DAG that are over, with their tasks and logs: those that ended before, and
 * those behind the `keep` newest; at most `limit`. *n: how many. */
enum err store_runs_prune(struct store *s, const char *dag, int64_t ended_before_us, int64_t keep,
                          int limit, int *n, struct errbuf *e) MUST_CHECK;

/* ---- tasks of a run ---- */

struct store_task {
    const char *task;
    enum task_instance_state state;
    int attempt;  /* the try that runs or ran last, from 1; 0: none yet */
    int failures; /* tries that failed by themselves: what `retries` counts */
    int losses;   /* tries that ended because the engine was killed */
    int64_t queued_us, started_us, ended_us;
    int64_t retry_us; /* up_for_retry: not before */
    int64_t rows;     /* -1: not known */
    const char *reason;
};
/* A try that is over, or runs. */
struct store_try {
    const char *task;
    int attempt;
    enum task_instance_state state;
    int64_t started_us, ended_us, rows;
    const char *reason;
    int64_t log_bytes, log_dropped; /* kept; left out of its middle */
};
struct store_tasks {
    int n;
    struct store_task *items;
    int n_tries; /* by task, attempt */
    struct store_try *tries;
    struct arena *arena;
};

enum err store_tasks_list(struct store *s, int64_t run, struct store_tasks *out,
                          struct errbuf *e) MUST_CHECK;
void store_tasks_free(struct store_tasks *l);

/* What changes at one moment, of one run and of DAGs: one transaction. */
struct store_run_changes {
    int64_t run;
    const struct store_run *state; /* NULL: unchanged; all but id, key, interval, created_us */
    int n_tasks;
    const struct store_task *tasks;
    int n_tries;
    const struct store_try *tries;
    int n_dags;
    const struct store_dag *dags;
};
enum err store_run_write(struct store *s, const struct store_run_changes *c,
                         struct errbuf *e) MUST_CHECK;

/* ---- logs ---- */

/* One or more whole lines. */
struct store_log_piece {
    int64_t id;
    int64_t ts_us;
    const char *text;
};
struct store_log {
    int n;
    struct store_log_piece *items;
    int attempt;
    enum task_instance_state state; /* of the try */
    int64_t dropped;                /* bytes left out, behind the piece `head` */
    int64_t head;
    bool more; /* there is more behind the last of these */
    struct arena *arena;
};

/* Where a try's log stands; zero to begin with, kept by whoever writes it. */
struct store_log_writer {
    int64_t run;
    const char *task;
    int attempt;
    int64_t max; /* bytes: when there are more, some go between the first quarter and the end */
    int64_t bytes, dropped, head, head_bytes;
};
/* Adds text to the try's log; the try must have been written. */
enum err store_log_add(struct store *s, struct store_log_writer *w, int64_t ts_us, const char *text,
                       struct errbuf *e) MUST_CHECK;
/* What stands behind the piece `after`, about `limit` bytes. attempt 0: the newest. ERR_NOT_FOUND:
 * no such try. */
enum err store_log_read(struct store *s, int64_t run, const char *task, int attempt, int64_t after,
                        int64_t limit, struct store_log *out, struct errbuf *e) MUST_CHECK;
void store_log_free(struct store_log *l);
/* When the file holds more than max bytes the oldest `pieces` of all logs go; *n: how many. */
enum err store_logs_prune(struct store *s, int64_t max, int pieces, int *n,
                          struct errbuf *e) MUST_CHECK;

#endif
