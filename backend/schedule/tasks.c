/*
 * Tasks that may run: queues, slots, threads, tries and what came of them.
 *
 * A task that may run waits in a queue of its DAG and pool. A free slot of a pool goes to the DAG
 * whose turn it is, so a backfill of one does not starve the others. Handing out a slot costs the
 * number of DAGs at the most, never that of runs or tasks.
 *
 * A try is the thread's alone from ti_start until it stands in the list of outcomes; the
 * dispatcher then moves its task on. When that cannot be written it stays in the list.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/log.h"
#include "backend/schedule/scheduler_run.h"

enum { LOG_BYTES = 1 << 20, UNWRITTEN_MAX = 1 << 18 };

/* ---- queues ---- */

void ti_queue(struct scheduler *s, struct ti *t)
{
    struct dag_state *d = t->run->dag;
    struct queue_of_tasks *q = &d->waiting[d->dag->tasks[t->index].pool];
    t->next = NULL;
    t->prev = q->last;
    *(q->last ? &q->last->next : &q->first) = t;
    q->last = t;
    q->n++;
    t->queued = true;
    s->waiting++;
}

void ti_dequeue(struct scheduler *s, struct ti *t)
{
    struct dag_state *d = t->run->dag;
    struct queue_of_tasks *q = &d->waiting[d->dag->tasks[t->index].pool];
    if (!t->queued)
        return;
    *(t->prev ? &t->prev->next : &q->first) = t->next;
    *(t->next ? &t->next->prev : &q->last) = t->prev;
    t->next = t->prev = NULL;
    t->queued = false;
    q->n--;
    s->waiting--;
}

static bool may_run(const struct dag_state *d, int pool)
{
    return d->waiting[pool].n &&
           (d->dag->concurrency <= 0 || d->running_tasks < d->dag->concurrency);
}

static struct ti *next_of_pool(struct scheduler *s, int pool)
{
    struct pool_state *p = &s->pools[pool];
    int n = s->o.dags->n;
    for (int i = 0; i < n; i++) {
        struct dag_state *d = &s->dags[(p->turn + i) % n];
        if (!may_run(d, pool))
            continue;
        p->turn = (d->index + 1) % n;
        return d->waiting[pool].first;
    }
    return NULL;
}

/* A slot for this one; what cannot be written leaves it where it was. */
static bool dispatch(struct scheduler *s, struct ti *t)
{
    struct errbuf e;
    struct run *r = t->run;
    run_change_begin(r);
    if (!ti_move(s, t, TASK_EV_DISPATCH, ""))
        return false;
    if (run_change_commit(s, &r, &e) == ERR_OK)
        return true;
    trouble_begin(s, &e);
    return false;
}

bool tasks_dispatch(struct scheduler *s)
{
    for (int p = 0; p < s->o.dags->n_pools && s->waiting; p++)
        while (s->pools[p].used < s->pools[p].slots && s->running < s->workers_max) {
            struct ti *t = next_of_pool(s, p);
            if (!t)
                break;
            if (!dispatch(s, t))
                return false;
        }
    return true;
}

/* ---- threads ---- */

static void execute(struct scheduler *s, struct task_run *t)
{
    enum err (*run)(void *, struct task_run *, struct errbuf *) = s->o.executor.run[t->task->kind];
    if (run)
        t->rc = run(s->o.executor.arg, t, &t->error);
    else
        t->rc = err_set(&t->error, ERR_UNSUPPORTED, "tasks of kind %s are not built in yet",
                        dag_task_kind_word(t->task->kind));
    if (t->rc)
        task_run_log(t, "%s: %s", err_word(t->rc), t->error.text);
    try_flush(t);
}

static void *worker_main(void *arg)
{
    struct scheduler *s = arg;
    (void)pthread_mutex_lock(&s->mutex);
    for (;;) {
        s->idle_workers++;
        while (!s->first_job && !s->quit)
            (void)pthread_cond_wait(&s->job_there, &s->mutex);
        s->idle_workers--;
        struct task_run *t = s->first_job;
        if (!t)
            break;
        s->first_job = t->next;
        if (!s->first_job)
            s->last_job = NULL;
        t->next = NULL;
        (void)pthread_mutex_unlock(&s->mutex);
        execute(s, t);
        (void)pthread_mutex_lock(&s->mutex);
        *(s->last_outcome ? &s->last_outcome->next : &s->first_outcome) = t;
        s->last_outcome = t;
        scheduler_poke(s);
    }
    (void)pthread_mutex_unlock(&s->mutex);
    return NULL;
}

/* As many threads as tries run side by side, made when they are first needed. */
static void want_worker(struct scheduler *s)
{
    int jobs = 0;
    for (const struct task_run *t = s->first_job; t && jobs <= s->idle_workers; t = t->next)
        jobs++;
    if (jobs <= s->idle_workers || s->n_workers >= s->workers_max)
        return;
    if (pthread_create(&s->workers[s->n_workers], NULL, worker_main, s) == 0)
        s->n_workers++;
    else if (!s->n_workers)
        log_error("schedule", "no thread can be made for a task: it waits");
}

void workers_end(struct scheduler *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    s->quit = true;
    (void)pthread_cond_broadcast(&s->job_there);
    (void)pthread_mutex_unlock(&s->mutex);
    for (int i = 0; i < s->n_workers; i++)
        (void)pthread_join(s->workers[i], NULL);
    s->n_workers = 0;
}

/* ---- a try ---- */

static void on_timeout(void *arg, struct timer *timer)
{
    (void)arg;
    try_cancel(TIMER_OWNER(timer, struct task_run, timeout), BY_TIMEOUT);
}

void ti_start(struct scheduler *s, struct ti *ti)
{
    struct run *r = ti->run;
    struct task_run *t = ti->running; /* made before the state was written */
    ti_dequeue(s, ti);
    s->running++;
    r->dag->running_tasks++;
    s->pools[t->task->pool].used++;
    if (t->task->timeout_ms > 0) {
        t->timeout.fire = on_timeout;
        (void)timer_set(s->timers, &t->timeout, mono_now(s) + t->task->timeout_ms * 1000);
    }
    *(s->last_job ? &s->last_job->next : &s->first_job) = t;
    s->last_job = t;
    want_worker(s);
    (void)pthread_cond_signal(&s->job_there);
}

struct task_run *try_create(struct scheduler *s, struct ti *ti)
{
    struct task_run *t = calloc(1, sizeof *t);
    struct run *r = ti->run;
    if (!t)
        return NULL;
    t->s = s;
    t->ti = ti;
    t->task = &r->dag->dag->tasks[ti->index];
    t->context = (struct dag_context){.dag = r->dag->dag,
                                      .interval = {.begin_us = r->begin_us, .end_us = r->end_us},
                                      .logical_us = r->logical_us,
                                      .run = r->id_text,
                                      .attempt = ti->v.attempt,
                                      .params = r->params,
                                      .n_params = r->params ? r->dag->dag->n_params : 0};
    t->only = r->only;
    t->rows = -1;
    t->log = (struct store_log_writer){.run = r->id,
                                       .task = t->task->name,
                                       .attempt = ti->v.attempt,
                                       .max = s->o.log_bytes > 0 ? s->o.log_bytes : LOG_BYTES};
    buf_init(&t->unwritten, UNWRITTEN_MAX);
    (void)pthread_mutex_init(&t->mutex, NULL);
    return t;
}

void try_free(struct task_run *t)
{
    if (!t)
        return;
    timer_clear(t->s->timers, &t->timeout);
    buf_free(&t->unwritten);
    (void)pthread_mutex_destroy(&t->mutex);
    free(t);
}

void try_cancel(struct task_run *t, enum cancel_reason why)
{
    if (t->why == NOT_CANCELED || why == BY_STOP)
        t->why = why;
    (void)pthread_mutex_lock(&t->mutex);
    bool told = atomic_exchange(&t->canceled, true);
    if (!told && t->interrupt)
        t->interrupt(t->interrupt_arg);
    (void)pthread_mutex_unlock(&t->mutex);
}

void try_token(const struct store *store, int64_t run, const char *task, int attempt, char *out,
               size_t n)
{
    (void)snprintf(out, n, "FLIGHTDECK_TRY_ID=%s:%lld:%s:%d", store_path(store), (long long)run,
                   task, attempt);
}

/* ---- outcomes ---- */

int64_t ti_backoff_us(struct scheduler *s, const struct ti *t)
{
    const struct dag_task *task = &t->run->dag->dag->tasks[t->index];
    int64_t ms = task->retry_delay_ms;
    for (int i = 1; i < t->v.failures && ms < task->retry_delay_max_ms; i++)
        ms *= 2;
    if (ms > task->retry_delay_max_ms)
        ms = task->retry_delay_max_ms;
    s->random ^= s->random << 13; /* xorshift: it need only differ from run to run */
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    double unit = (double)(s->random >> 11) / (double)(UINT64_C(1) << 53); /* 0 to 1 */
    double us = (double)ms * 1000 * (1 + task->retry_jitter * (2 * unit - 1));
    return us < 1 ? 1 : (int64_t)us;
}

static bool hopeless(enum err rc)
{
    return rc == ERR_CONFIG || rc == ERR_USAGE || rc == ERR_UNSUPPORTED;
}

/* What the end of a try means for its task, with the reason that is kept. */
static enum task_event judge(const struct task_run *t, char *reason, size_t n)
{
    const struct ti *ti = t->ti;
    reason[0] = '\0';
    if (t->rc == ERR_OK) {
        if (!t->skipped)
            return TASK_EV_SUCCEEDED;
        (void)snprintf(reason, n, "%s", t->skip_reason);
        return TASK_EV_HAD_NOTHING_TO_DO;
    }
    if (t->why == BY_ORDER) {
        (void)snprintf(reason, n, "cancelled");
        return TASK_EV_CANCEL;
    }
    if (t->why == BY_STOP) {
        (void)snprintf(reason, n, "the engine stopped while it ran");
        return TASK_EV_INTERRUPTED;
    }
    if (t->why == BY_TIMEOUT)
        (void)snprintf(reason, n, "out of time after %.1f s", (double)t->task->timeout_ms / 1000);
    else
        (void)snprintf(reason, n, "%.500s", t->error.text);
    return ti->v.failures < t->task->retries && !hopeless(t->rc) ? TASK_EV_FAULT
                                                                 : TASK_EV_LAST_FAULT;
}

static void tell_failure(struct scheduler *s, const struct task_run *t, enum task_event ev,
                         const char *reason, int64_t delay_us)
{
    char text[REASON_MAX + 64];
    if (ev == TASK_EV_FAULT)
        (void)snprintf(text, sizeof text, "try %d: %s; again in %.1f s", t->context.attempt, reason,
                       (double)delay_us / 1e6);
    else
        (void)snprintf(text, sizeof text, "try %d: %s", t->context.attempt, reason);
    note_add(s, CHANGE_TASK_FAILED, t->context.dag->name, t->log.run, t->task->name, "scheduler",
             text);
}

/* Takes back what the try had: after this its task has no try that runs. */
static void give_back(struct scheduler *s, struct task_run *t, struct dag_state *d)
{
    s->running--;
    d->running_tasks--;
    s->pools[t->task->pool].used--;
}

/* While the change is not written the task keeps its try; a run that ends by it is freed. */
static bool collect(struct scheduler *s, struct task_run *t)
{
    struct errbuf e;
    char reason[REASON_MAX];
    struct ti *ti = t->ti;
    struct run *r = ti->run;
    struct dag_state *d = r->dag;
    int64_t retry_us = 0;
    enum task_event ev = judge(t, reason, sizeof reason);
    run_change_begin(r);
    ti->running = NULL;
    if (!ti_move(s, ti, ev, reason))
        log_error("schedule", "run %lld: task %s was %s when its try ended", (long long)r->id,
                  t->task->name, task_instance_state_word(ti->v.state));
    if (t->rows >= 0)
        ti->v.rows = t->rows;
    if (ev == TASK_EV_FAULT) {
        retry_us = ti_backoff_us(s, ti);
        ti->v.retry_us = wall_now(s) + retry_us;
        ti->retry_wait_us = retry_us;
    }
    run_settle(s, r);
    if (run_change_commit(s, &r, &e) != ERR_OK) {
        ti->running = t;
        trouble_begin(s, &e);
        return false;
    }
    /* when the run is over with it, the run's reason has been told */
    if (ev == TASK_EV_FAULT || (ev == TASK_EV_LAST_FAULT && r))
        tell_failure(s, t, ev, reason, retry_us);
    give_back(s, t, d);
    return true;
}

bool tasks_collect(struct scheduler *s)
{
    while (s->first_outcome) {
        struct task_run *t = s->first_outcome;
        timer_clear(s->timers, &t->timeout);
        try_flush(t);
        if (!collect(s, t))
            return false;
        s->first_outcome = t->next;
        if (!s->first_outcome)
            s->last_outcome = NULL;
        try_free(t);
    }
    return true;
}
