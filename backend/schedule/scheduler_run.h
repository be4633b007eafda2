/*
 * What the scheduler's files share. Not for others.
 *
 *   scheduler.c   life, the dispatcher's loop        orders.c   trigger, backfill, clear, ..
 *   due.c         schedules, changed inputs, clock   runs.c     a run in memory, its states
 *   tasks.c       queues, slots, threads, tries      look.c     views, logs
 *   recover.c     what an earlier engine left        timers.c   a heap of deadlines
 *
 * One mutex guards all of it (the store's is inside of it). Whoever changes a run does it between
 * run_change_begin and run_change_commit: the states move in memory, then what moved is written in
 * one transaction, then what follows is done (queue, start, timer). When the write fails all is as
 * it was. So memory and file never disagree, and nothing is done that the file does not know of.
 *
 * A run is in memory while it is running or canceling; queued ones are in the file only, counted
 * here, and found by an index: their number costs nothing.
 */
#ifndef SCHEDULE_SCHEDULER_RUN_H
#define SCHEDULE_SCHEDULER_RUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "backend/schedule/scheduler.h"
#include "backend/schedule/states.h"
#include "backend/schedule/timers.h"

enum { REASON_MAX = 512, RUN_TEXT_MAX = 24 };

/* Among a run's stored params, which cannot have such names: what a run of a part is about. */
#define PART_TASK "@task"
#define PART_ONLY "@only"

/* The struct that a timer is a member of. */
#define TIMER_OWNER(t, type, member) ((type *)(void *)((char *)(t)-offsetof(type, member)))

enum lane { LANE_ASKED, LANE_ITSELF, LANE_BACKFILL };

struct run;
struct dag_state;

/* What the store has of a task: struct store_task with its own texts. */
struct ti_state {
    enum task_instance_state state;
    int attempt, failures, losses;
    int64_t queued_us, started_us, ended_us, retry_us, rows;
    char reason[REASON_MAX];
};

/* A task of a run that is in memory. */
struct ti {
    struct ti_state v;
    struct run *run;
    int index;
    bool touched;          /* by the change that is going on */
    bool try_touched;      /* and its newest try with it */
    struct ti_state saved; /* as it was before */
    enum task_action action;
    struct ti *next, *prev; /* in its queue */
    bool queued;
    struct timer retry;
    int64_t retry_wait_us; /* known since its try ended; 0: an earlier engine's, see v.retry_us */
    struct task_run *running;
};

struct run {
    int64_t id;
    char id_text[RUN_TEXT_MAX];
    struct dag_state *dag;
    enum run_kind kind;
    int64_t logical_us, begin_us, end_us, created_us;
    char *who;
    char *params_json;
    struct arena *arena; /* the params' values */
    const struct dag_value *params;
    int part;         /* the one task that it is about; -1: all */
    const char *only; /* what of that task, for the executor; NULL. In the arena */
    int n_tasks;
    struct ti *tasks;
    int open; /* tasks that are not over */
    struct timer timeout;
    bool timed_out;
    char *broken; /* why it cannot run: params that its DAG does not take any more; NULL */
    struct run *next, *prev; /* active ones of the DAG */
    bool active;

    struct run_head { /* what a change may change */
        enum run_state state;
        int lane;
        int64_t started_us, ended_us, rows;
        char reason[REASON_MAX];
    } v, saved;
    bool head_touched;
    enum run_action action;
    bool tells; /* DAGs that follow are to be told, in this change */
    int n_touched;
    int *touched; /* indices of tasks */
};

struct queue_of_tasks {
    struct ti *first, *last;
    int n;
};

struct dag_state {
    const struct dag *dag;
    int index;
    struct store_dag kept;
    int64_t next_fire_us;        /* wall; INT64_MAX: none */
    int64_t queued[STORE_LANES]; /* runs in the file */
    int active[2];               /* runs: others, backfill */
    int running_tasks;
    struct run *runs;
    int64_t last_start_mono;        /* of a run; INT64_MIN: none known */
    struct timer change;            /* when changed inputs are taken up */
    struct queue_of_tasks *waiting; /* for a slot, a queue a pool */
    int ends_until_prune;
    struct { /* of the newest run */
        int64_t id;
        enum run_state state;
        int64_t logical_us, started_us, ended_us;
        char reason[REASON_MAX];
    } last;
    struct { /* of the newest run that succeeded or failed: what follows it may be under way */
        int64_t id, ended_us;
        bool failed;
        char reason[REASON_MAX];
    } over;
};

struct pool_state {
    int slots, used;
    int turn; /* the DAG that is asked first, so that none is starved */
};

enum cancel_reason { NOT_CANCELED, BY_STOP, BY_ORDER, BY_TIMEOUT };

struct task_run {
    struct scheduler *s;
    struct ti *ti;
    const struct dag_task *task;
    const char *only; /* the run's */
    struct dag_context context;
    pthread_mutex_t mutex; /* guards interrupt */
    void (*interrupt)(void *arg);
    void *interrupt_arg;
    _Atomic bool canceled;
    enum cancel_reason why; /* the scheduler's mutex */
    struct timer timeout;
    /* its thread's alone until it has ended */
    struct store_log_writer log;
    struct buf unwritten;
    int64_t rows;
    bool skipped;
    char skip_reason[REASON_MAX];
    enum err rc;
    struct errbuf error;
    struct task_run *next; /* jobs, then outcomes */
};

struct note {
    struct scheduler_event v; /* its texts are own copies */
    struct note *next;
};

struct scheduler {
    struct scheduler_options o;
    pthread_mutex_t mutex;
    pthread_cond_t run_ended; /* and stops: whoever waits looks again */
    struct dag_state *dags;
    struct pool_state *pools;
    struct timers *timers;
    int wake_fd, wall_fd;
    pthread_t thread;
    bool started, quit, stopping;
    int64_t wakeups;
    int64_t offset_us; /* wall minus monotonic at the last look */
    uint64_t random;

    int running; /* tries */
    int waiting; /* tasks, for a slot */
    int n_workers, idle_workers, workers_max;
    pthread_t *workers;
    pthread_cond_t job_there;
    struct task_run *first_job, *last_job;
    struct task_run *first_outcome, *last_outcome;

    bool in_trouble;
    char trouble[ERRBUF_TEXT_MAX];
    struct timer trouble_timer;
    int64_t trouble_us; /* the wait */
    struct note *first_note, *last_note;
};

/* ---- scheduler.c ---- */
int64_t wall_now(const struct scheduler *s);
int64_t mono_now(const struct scheduler *s);
/* For the callback, from the dispatcher's thread later. The mutex is held. */
void note_add(struct scheduler *s, enum scheduler_change what, const char *dag, int64_t run,
              const char *task, const char *who, const char *text);
void note_run(struct scheduler *s, enum scheduler_change what, const char *dag, int64_t run,
              enum run_kind kind, const char *who, const char *text);
/* The store cannot be written: remembered, tried again later. */
void trouble_begin(struct scheduler *s, const struct errbuf *e);
void trouble_end(struct scheduler *s);
/* Wakes the dispatcher; any thread. */
void scheduler_poke(struct scheduler *s);
struct dag_state *scheduler_find(struct scheduler *s, const char *dag, struct errbuf *e);

/* ---- runs.c; the mutex is held ---- */
/* A stored run with its tasks, in memory but not among the active ones. */
enum err run_load(struct scheduler *s, struct dag_state *d, const struct store_run *row,
                  struct run **out, struct errbuf *e) MUST_CHECK;
void run_free(struct scheduler *s, struct run *r);
void run_change_begin(struct run *r);
bool run_move(struct scheduler *s, struct run *r, enum run_event ev, const char *reason);
void ti_touch(struct ti *t); /* it is written, even if it does not move */
bool ti_move(struct scheduler *s, struct ti *t, enum task_event ev, const char *reason);
/* Looks at the tasks that wait, and at whether the run is over. */
void run_settle(struct scheduler *s, struct run *r);
void run_change_undo(struct run *r); /* all is as before run_change_begin */
/* Writes and does what follows. A run that is over with it is freed: *r is NULL then. On an error
 * all is as before run_change_begin. */
enum err run_change_commit(struct scheduler *s, struct run **r, struct errbuf *e) MUST_CHECK;
void arm_retry(struct scheduler *s, struct ti *t);
/* Among the active ones of its DAG, as it is. */
void run_activate(struct scheduler *s, struct run *r);
/* Its tasks are told to end, or never begin; one that is queued ends at once. */
enum err run_cancel(struct scheduler *s, struct run **r, const char *reason,
                    struct errbuf *e) MUST_CHECK;
struct run *run_find_active(struct scheduler *s, int64_t id);
/* Begins queued runs as far as the DAG's limits allow; false: the store is in trouble. */
bool runs_begin(struct scheduler *s, struct dag_state *d);

/* ---- due.c; the mutex is held ---- */
enum err due_init(struct scheduler *s, struct errbuf *e) MUST_CHECK;
void due_plan(struct scheduler *s, struct dag_state *d); /* next_fire_us, from what was last */
/* Makes the runs whose time has come. */
void due_fire(struct scheduler *s);
/* Changed inputs of d are taken up as soon as they may be: arms the timer, no more. */
void due_change(struct scheduler *s, struct dag_state *d);
void due_look_at_clock(struct scheduler *s);
/* The clock stands before what has fired by more than a period. */
bool clock_is_behind(const struct scheduler *s, const struct dag_state *d);
int64_t due_next(const struct scheduler *s); /* wall; INT64_MAX */
/* A queued run about this moment, unique by its logical time (moved on until it is); *id. */
enum err due_insert(struct scheduler *s, struct dag_state *d, enum run_kind kind,
                    const char *params, const char *who, int64_t *id, struct errbuf *e) MUST_CHECK;
/* The params' values as JSON; malloc'ed. */
enum err due_params(const struct dag *d, const struct dag_interval *iv, int64_t logical_us,
                    const struct dag_value *given, int n_given, char **json,
                    struct errbuf *e) MUST_CHECK;

/* ---- tasks.c; the mutex is held unless said otherwise ---- */
void ti_queue(struct scheduler *s, struct ti *t);
void ti_dequeue(struct scheduler *s, struct ti *t);
/* Gives free slots to waiting tasks; false: the store is in trouble. */
bool tasks_dispatch(struct scheduler *s);
/* Tries that have ended: their tasks move on; false: the store is in trouble. */
bool tasks_collect(struct scheduler *s);
void ti_start(struct scheduler *s, struct ti *t);
struct task_run *try_create(struct scheduler *s, struct ti *ti);
void try_free(struct task_run *t);
void try_flush(struct task_run *t); /* its log; without the mutex, or when it has ended */
void try_cancel(struct task_run *t, enum cancel_reason why);
int64_t ti_backoff_us(struct scheduler *s, const struct ti *t);
void workers_end(struct scheduler *s); /* without the mutex */
/* Of the try: what identifies its processes in their environment. */
void try_token(const struct store *store, int64_t run, const char *task, int attempt, char *out,
               size_t n);

/* ---- recover.c ---- */
enum err recover_runs(struct scheduler *s, struct errbuf *e) MUST_CHECK;

/* Ends the processes of a try that an earlier engine began. */
void recover_end_leftovers(struct scheduler *s, int64_t run, const char *task, int attempt);

/* ---- shell.c ---- */
enum err shell_task(void *arg, struct task_run *t, struct errbuf *e) MUST_CHECK;
/* Ends what an earlier engine's try left running. */
void shell_kill_leftovers(const char *token);

#endif
