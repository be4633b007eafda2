/*
 * A supervised task: a connector's run on a thread of its own, and what happens when it ends.
 *
 * The states and what moves between them stand in ONE table in task.c; nothing else sets a state.
 *   an outage (err_retriable)      RETRYING for ever, with backoff
 *   configuration, lost, fenced    FAILED at once: trying again would not help
 *   anything else                  RETRYING, up to `budget` times in budget_us, then FAILED;
 *                                  a budget of 0 has no end
 * Thread rule: any thread; task_destroy waits for the run to end.
 */
#ifndef ENGINE_TASK_H
#define ENGINE_TASK_H

#include <stdint.h>

#include "backend/base/err.h"
#include "backend/engine/figures.h"

#define TASK_STATES(X)                                                                             \
    X(STOPPED)                                                                                     \
    X(STARTING)                                                                                    \
    X(RUNNING)                                                                                     \
    X(RETRYING)                                                                                    \
    X(STOPPING)                                                                                    \
    X(PAUSED)                                                                                      \
    X(FAILED)

enum task_state {
#define X(name) TASK_##name,
    TASK_STATES(X)
#undef X
        TASK_STATE_COUNT
};
const char *task_state_word(enum task_state s);

struct task_options {
    const char *name; /* copied */
    /* Runs until `stop` is called (ERR_OK), or ends by itself: ERR_OK starts it anew, an error is
     * judged. */
    enum err (*run)(void *arg, struct errbuf *e);
    void (*stop)(void *arg);
    void *arg;
    struct figures *figures;
    int budget;
    int64_t budget_us;
    int64_t backoff_us, backoff_max_us;
    /* State changes, for the log and the event list. Called without locks held. */
    void (*on_change)(void *arg, enum task_state from, enum task_state to, const char *why);
};

struct task;
enum err task_create(const struct task_options *o, struct task **out, struct errbuf *e) MUST_CHECK;
/* Interrupts, waits for the run's end, frees. */
void task_destroy(struct task *t);

void task_start(struct task *t);
void task_pause(struct task *t);
void task_stop(struct task *t);
/* Ends the run and begins another, whatever the state. */
void task_restart(struct task *t);
/* Waits until no run is going on (after pause or stop): ERR_TIMEOUT when it takes longer. */
enum err task_wait_ended(struct task *t, int64_t timeout_us) MUST_CHECK;

/* From the run: it works now (or not yet), in words. */
void task_detail(struct task *t, bool running, const char *detail);

struct task_view {
    enum task_state state;
    int64_t since_us; /* wall clock */
    char detail[256];
    char last_error[ERRBUF_TEXT_MAX]; /* "" */
    enum err last_code;
    int64_t retry_at_us; /* wall clock; 0: not waiting */
};
void task_view_get(struct task *t, struct task_view *out);

#endif
