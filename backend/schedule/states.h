/*
 * The states of runs and of their tasks, what moves them, and what follows: ONE table.
 *
 * Nothing else sets a state. An event that does not concern a state is not in the table:
 * states_task_next and states_run_next then say so, and the caller leaves all as it is.
 */
#ifndef SCHEDULE_STATES_H
#define SCHEDULE_STATES_H

#include <stdbool.h>

#include "backend/base/buf.h"
#include "backend/state/store_runs.h"

enum run_event {
    RUN_EV_BEGIN,    /* its turn has come */
    RUN_EV_DONE,     /* all tasks are over, none failed */
    RUN_EV_FAULT,    /* all are over, some failed; or it cannot run at all */
    RUN_EV_CANCEL,   /* asked to end */
    RUN_EV_CANCELED, /* and all tasks have */
    RUN_EV_CLEAR,    /* tasks of it are to run again */
};

enum task_event {
    TASK_EV_READY,            /* all tasks before it succeeded */
    TASK_EV_UPSTREAM_FAILED,  /* one before it failed */
    TASK_EV_UPSTREAM_SKIPPED, /* one before it had nothing to do */
    TASK_EV_LEFT_OUT,         /* its run is about another task alone */
    TASK_EV_DISPATCH,         /* a slot is free */
    TASK_EV_SUCCEEDED,
    TASK_EV_HAD_NOTHING_TO_DO,
    TASK_EV_FAULT,       /* this try failed, there are more */
    TASK_EV_LAST_FAULT,  /* there are none */
    TASK_EV_LOST,        /* the engine was killed while it ran */
    TASK_EV_LAST_LOST,   /* once too often */
    TASK_EV_INTERRUPTED, /* the engine stops, or its run's DAG has a new shape */
    TASK_EV_RETRY_DUE,
    TASK_EV_CANCEL, /* its run is to end */
    TASK_EV_CLEAR,  /* it is to run again */
};

enum run_action {
    RUN_DO_NOTHING,
    RUN_DO_TASKS,  /* begin with the tasks that wait for none */
    RUN_DO_CANCEL, /* tell its tasks */
    RUN_DO_FINISH, /* a place is free; who waits is told; DAGs that follow are told */
    RUN_DO_QUEUE,
};

enum task_action {
    TASK_DO_NOTHING,
    TASK_DO_QUEUE,   /* into its pool's queue */
    TASK_DO_DEQUEUE, /* out of it */
    TASK_DO_START,   /* a new try, on a thread */
    TASK_DO_BACKOFF, /* a timer for the retry */
    TASK_DO_FORGET,  /* the timer */
    TASK_DO_PASS_ON, /* those that wait for it are looked at */
    TASK_DO_RESET,   /* counters to zero */
};

/* False: the event does not concern this state, and nothing is set. */
bool states_run_next(enum run_state from, enum run_event ev, enum run_state *to,
                     enum run_action *action);
bool states_task_next(enum task_instance_state from, enum task_event ev,
                      enum task_instance_state *to, enum task_action *action);

/* Both tables as Markdown, for the docs. */
void states_markdown(struct buf *out);

#endif
