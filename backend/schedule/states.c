/*
 * The table. How it is meant to be read, for a task:
 *
 *   waiting -> queued -> running -> success
 *                ^          |-> failed            no try is left: what waits is upstream_failed
 *                |          |-> up_for_retry      after a delay back to queued
 *                '----------'                     the engine ended under it: another try
 *
 * and for a run: queued -> running -> success | failed, by way of canceling -> canceled.
 * Whatever is over can be cleared; then it begins anew.
 */
#include "backend/schedule/states.h"

static const struct {
    enum run_state from;
    enum run_event event;
    enum run_state to;
    enum run_action action;
    const char *when;
} run_table[] = {
    {RUN_QUEUED, RUN_EV_BEGIN, RUN_RUNNING, RUN_DO_TASKS, "its turn has come"},
    {RUN_QUEUED, RUN_EV_FAULT, RUN_FAILED, RUN_DO_FINISH,
     "its DAG is gone, or its params are wrong"},
    {RUN_QUEUED, RUN_EV_CANCEL, RUN_CANCELED, RUN_DO_FINISH, "cancelled before it began"},
    {RUN_RUNNING, RUN_EV_DONE, RUN_SUCCESS, RUN_DO_FINISH, "all tasks are over, none failed"},
    {RUN_RUNNING, RUN_EV_FAULT, RUN_FAILED, RUN_DO_FINISH, "all tasks are over, some failed"},
    {RUN_RUNNING, RUN_EV_CANCEL, RUN_CANCELING, RUN_DO_CANCEL, "cancelled, or out of time"},
    {RUN_CANCELING, RUN_EV_CANCELED, RUN_CANCELED, RUN_DO_FINISH, "all its tasks have ended"},
    {RUN_CANCELING, RUN_EV_FAULT, RUN_FAILED, RUN_DO_FINISH, "the same, when it was out of time"},
    {RUN_SUCCESS, RUN_EV_CLEAR, RUN_QUEUED, RUN_DO_QUEUE, "cleared"},
    {RUN_FAILED, RUN_EV_CLEAR, RUN_QUEUED, RUN_DO_QUEUE, "cleared"},
    {RUN_CANCELED, RUN_EV_CLEAR, RUN_QUEUED, RUN_DO_QUEUE, "cleared"},
};

static const struct {
    enum task_instance_state from;
    enum task_event event;
    enum task_instance_state to;
    enum task_action action;
    const char *when;
} task_table[] = {
    {TI_WAITING, TASK_EV_READY, TI_QUEUED, TASK_DO_QUEUE, "all tasks before it succeeded"},
    {TI_WAITING, TASK_EV_UPSTREAM_FAILED, TI_UPSTREAM_FAILED, TASK_DO_PASS_ON,
     "one before it failed"},
    {TI_WAITING, TASK_EV_UPSTREAM_SKIPPED, TI_SKIPPED, TASK_DO_PASS_ON,
     "one before it had nothing to do"},
    {TI_WAITING, TASK_EV_LEFT_OUT, TI_SKIPPED, TASK_DO_PASS_ON,
     "its run refreshes what another task makes"},
    {TI_WAITING, TASK_EV_CANCEL, TI_CANCELED, TASK_DO_NOTHING, "its run is cancelled"},
    {TI_QUEUED, TASK_EV_DISPATCH, TI_RUNNING, TASK_DO_START, "a slot is free"},
    {TI_QUEUED, TASK_EV_CANCEL, TI_CANCELED, TASK_DO_DEQUEUE, "its run is cancelled"},
    {TI_RUNNING, TASK_EV_SUCCEEDED, TI_SUCCESS, TASK_DO_PASS_ON, "it succeeded"},
    {TI_RUNNING, TASK_EV_HAD_NOTHING_TO_DO, TI_SKIPPED, TASK_DO_PASS_ON, "it had nothing to do"},
    {TI_RUNNING, TASK_EV_FAULT, TI_UP_FOR_RETRY, TASK_DO_BACKOFF, "it failed, a try is left"},
    {TI_RUNNING, TASK_EV_LAST_FAULT, TI_FAILED, TASK_DO_PASS_ON, "it failed, no try is left"},
    {TI_RUNNING, TASK_EV_LOST, TI_QUEUED, TASK_DO_QUEUE, "the engine was killed under it"},
    {TI_RUNNING, TASK_EV_LAST_LOST, TI_FAILED, TASK_DO_PASS_ON, "the same, once too often"},
    {TI_RUNNING, TASK_EV_INTERRUPTED, TI_QUEUED, TASK_DO_QUEUE, "the engine stops"},
    {TI_RUNNING, TASK_EV_CANCEL, TI_CANCELED, TASK_DO_NOTHING,
     "it has ended, its run is cancelled"},
    {TI_UP_FOR_RETRY, TASK_EV_RETRY_DUE, TI_QUEUED, TASK_DO_QUEUE, "the delay is over"},
    {TI_UP_FOR_RETRY, TASK_EV_CANCEL, TI_CANCELED, TASK_DO_FORGET, "its run is cancelled"},
    {TI_SUCCESS, TASK_EV_CLEAR, TI_WAITING, TASK_DO_RESET, "cleared"},
    {TI_FAILED, TASK_EV_CLEAR, TI_WAITING, TASK_DO_RESET, "cleared"},
    {TI_UPSTREAM_FAILED, TASK_EV_CLEAR, TI_WAITING, TASK_DO_RESET, "cleared"},
    {TI_SKIPPED, TASK_EV_CLEAR, TI_WAITING, TASK_DO_RESET, "cleared"},
    {TI_CANCELED, TASK_EV_CLEAR, TI_WAITING, TASK_DO_RESET, "cleared"},
};

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

bool states_run_next(enum run_state from, enum run_event ev, enum run_state *to,
                     enum run_action *action)
{
    for (size_t i = 0; i < LENGTH(run_table); i++)
        if (run_table[i].from == from && run_table[i].event == ev) {
            *to = run_table[i].to;
            *action = run_table[i].action;
            return true;
        }
    return false;
}

bool states_task_next(enum task_instance_state from, enum task_event ev,
                      enum task_instance_state *to, enum task_action *action)
{
    for (size_t i = 0; i < LENGTH(task_table); i++)
        if (task_table[i].from == from && task_table[i].event == ev) {
            *to = task_table[i].to;
            *action = task_table[i].action;
            return true;
        }
    return false;
}

void states_markdown(struct buf *out)
{
    buf_lit(out, "| run | becomes | when |\n|---|---|---|\n");
    for (size_t i = 0; i < LENGTH(run_table); i++)
        buf_printf(out, "| %s | %s | %s |\n", run_state_word(run_table[i].from),
                   run_state_word(run_table[i].to), run_table[i].when);
    buf_lit(out, "\n| task | becomes | when |\n|---|---|---|\n");
    for (size_t i = 0; i < LENGTH(task_table); i++)
        buf_printf(out, "| %s | %s | %s |\n", task_instance_state_word(task_table[i].from),
                   task_instance_state_word(task_table[i].to), task_table[i].when);
}
