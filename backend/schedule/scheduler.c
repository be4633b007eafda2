/*
 * Life of the scheduler, and its dispatcher: one thread that sleeps until something is due (a timer
 * of the kernel for each of the two clocks) or somebody wakes it (an eventfd), then looks in this
 * order: what has ended, what is due, what may begin, what has a free slot.
 */
#include "backend/schedule/scheduler.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/schedule/scheduler_run.h"

enum { TROUBLE_US = 1000000, TROUBLE_MAX_US = 10000000, WORKERS_MAX = 256 };

int64_t wall_now(const struct scheduler *s)
{
    return s->o.clock ? s->o.clock->wall_us(s->o.clock->arg) : clock_wall_us();
}

int64_t mono_now(const struct scheduler *s)
{
    return s->o.clock ? s->o.clock->mono_us(s->o.clock->arg) : clock_mono_us();
}

void scheduler_poke(struct scheduler *s)
{
    const uint64_t one = 1;
    if (write(s->wake_fd, &one, sizeof one) != sizeof one)
        log_debug("schedule", "the dispatcher is awake already");
}

void scheduler_wake(struct scheduler *s)
{
    scheduler_poke(s);
}

/* ---- notes ---- */

static void note_free(struct note *n)
{
    free((char *)n->v.dag);
    free((char *)n->v.task);
    free((char *)n->v.who);
    free((char *)n->v.text);
    free(n);
}

void note_add(struct scheduler *s, enum scheduler_change what, const char *dag, int64_t run,
              const char *task, const char *who, const char *text)
{
    struct note *n = s->o.on_event ? calloc(1, sizeof *n) : NULL;
    if (!n)
        return;
    n->v = (struct scheduler_event){.what = what,
                                    .dag = strdup(dag),
                                    .run = run,
                                    .task = strdup(task),
                                    .who = strdup(who),
                                    .text = strdup(text)};
    if (!n->v.dag || !n->v.task || !n->v.who || !n->v.text) {
        note_free(n);
        return;
    }
    *(s->last_note ? &s->last_note->next : &s->first_note) = n;
    s->last_note = n;
}

void note_run(struct scheduler *s, enum scheduler_change what, const char *dag, int64_t run,
              enum run_kind kind, const char *who, const char *text)
{
    const struct note *before = s->last_note;
    note_add(s, what, dag, run, "", who, text);
    if (s->last_note && s->last_note != before)
        s->last_note->v.kind = kind;
}

static struct note *take_notes(struct scheduler *s)
{
    struct note *n = s->first_note;
    s->first_note = s->last_note = NULL;
    return n;
}

static void deliver(struct scheduler *s, struct note *n)
{
    while (n) {
        struct note *next = n->next;
        s->o.on_event(s->o.on_event_arg, &n->v);
        note_free(n);
        n = next;
    }
}

/* ---- trouble with the store ---- */

static void on_trouble(void *arg, struct timer *timer)
{
    (void)arg;
    (void)timer; /* it has woken the dispatcher, which tries again */
}

void trouble_begin(struct scheduler *s, const struct errbuf *e)
{
    if (!s->in_trouble) {
        s->trouble_us = TROUBLE_US;
        note_add(s, CHANGE_TROUBLE, "", 0, "", "scheduler", e->text);
    } else if (!timer_armed(&s->trouble_timer)) {
        s->trouble_us = s->trouble_us * 2 > TROUBLE_MAX_US ? TROUBLE_MAX_US : s->trouble_us * 2;
    }
    s->in_trouble = true;
    memcpy(s->trouble, e->text, sizeof s->trouble);
    s->trouble_timer.fire = on_trouble;
    (void)timer_set(s->timers, &s->trouble_timer, mono_now(s) + s->trouble_us);
}

void trouble_end(struct scheduler *s)
{
    if (!s->in_trouble)
        return;
    s->in_trouble = false;
    s->trouble[0] = '\0';
    timer_clear(s->timers, &s->trouble_timer);
    note_add(s, CHANGE_TROUBLE, "", 0, "", "scheduler", "the store can be written again");
}

/* ---- the dispatcher ---- */

/* The mutex is held. While the store is in trouble nothing is tried but by its timer. */
static void look(struct scheduler *s)
{
    due_look_at_clock(s);
    timers_fire(s->timers, mono_now(s));
    if (s->in_trouble && timer_armed(&s->trouble_timer))
        return;
    if (!tasks_collect(s) || s->stopping)
        return;
    due_fire(s);
    for (int i = 0; i < s->o.dags->n; i++)
        if (!runs_begin(s, &s->dags[i]))
            return;
    (void)tasks_dispatch(s);
}

static void set_wall_timer(struct scheduler *s, int64_t at_us)
{
    struct itimerspec t = {.it_value = {.tv_sec = (time_t)(at_us / 1000000),
                                        .tv_nsec = (long)(at_us % 1000000) * 1000}};
    if (at_us == INT64_MAX)
        t = (struct itimerspec){0};
    else if (at_us <= 0)
        t.it_value.tv_nsec = 1; /* zero would disarm it */
    (void)timerfd_settime(s->wall_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &t, NULL);
}

/* Without the mutex. A timer on the wall clock also ends when somebody sets that clock. */
static void sleep_until(struct scheduler *s, int64_t mono_us, int64_t wall_us)
{
    struct pollfd fds[2] = {{.fd = s->wake_fd, .events = POLLIN},
                            {.fd = s->wall_fd, .events = POLLIN}};
    struct timespec t = {0};
    uint64_t count;
    bool by_time = !s->o.clock;
    if (by_time)
        set_wall_timer(s, wall_us);
    int64_t left = mono_us == INT64_MAX ? INT64_MAX : mono_us - mono_now(s);
    if (left < 0 || wall_us <= wall_now(s))
        left = 0;
    t.tv_sec = (time_t)(left / 1000000);
    t.tv_nsec = (long)(left % 1000000) * 1000;
    bool endless = left == INT64_MAX || (!by_time && left > 0);
    (void)ppoll(fds, by_time ? 2 : 1, endless ? NULL : &t, NULL);
    for (int i = 0; i < 2; i++)
        if (fds[i].revents && read(fds[i].fd, &count, sizeof count) < 0 && errno != ECANCELED &&
            errno != EAGAIN)
            log_warning("schedule", "a timer cannot be read: %s", strerror(errno));
}

/* What is due on the wall clock; never while the store is in trouble: its timer is sooner. */
static int64_t next_fire(const struct scheduler *s)
{
    return s->in_trouble || s->stopping ? INT64_MAX : due_next(s);
}

static void *dispatcher_main(void *arg)
{
    struct scheduler *s = arg;
    (void)pthread_mutex_lock(&s->mutex);
    while (!s->quit) {
        s->wakeups++;
        look(s);
        if (s->stopping && !s->running)
            (void)pthread_cond_broadcast(&s->run_ended);
        int64_t mono = timers_next(s->timers);
        int64_t wall = next_fire(s);
        struct note *notes = take_notes(s);
        (void)pthread_mutex_unlock(&s->mutex);
        deliver(s, notes);
        sleep_until(s, mono, wall);
        (void)pthread_mutex_lock(&s->mutex);
    }
    struct note *notes = take_notes(s);
    (void)pthread_mutex_unlock(&s->mutex);
    deliver(s, notes);
    return NULL;
}

/* ---- life ---- */

static enum err make_pools(struct scheduler *s, struct errbuf *e)
{
    const struct dag_set *set = s->o.dags;
    s->dags = calloc((size_t)set->n + 1, sizeof *s->dags);
    s->pools = calloc((size_t)set->n_pools + 1, sizeof *s->pools);
    if (!s->dags || !s->pools)
        return err_set(e, ERR_NOMEM, "no memory for the scheduler");
    for (int i = 0; i < set->n_pools; i++) {
        s->pools[i].slots = set->pools[i].slots;
        s->workers_max += set->pools[i].slots;
    }
    if (s->o.workers > 0 && s->o.workers < s->workers_max)
        s->workers_max = s->o.workers;
    if (s->workers_max > WORKERS_MAX)
        s->workers_max = WORKERS_MAX;
    s->workers = calloc((size_t)s->workers_max + 1, sizeof *s->workers);
    for (int i = 0; i < set->n; i++) {
        s->dags[i].dag = set->dags[i];
        s->dags[i].index = i;
        s->dags[i].waiting = calloc((size_t)set->n_pools + 1, sizeof *s->dags[i].waiting);
        if (!s->dags[i].waiting)
            return err_set(e, ERR_NOMEM, "no memory for the scheduler");
    }
    return s->workers ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the scheduler");
}

static void init_locks(struct scheduler *s)
{
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&s->mutex, NULL);
    (void)pthread_cond_init(&s->run_ended, &attr);
    (void)pthread_cond_init(&s->job_there, &attr);
    (void)pthread_condattr_destroy(&attr);
}

enum err scheduler_create(const struct scheduler_options *o, struct scheduler **out,
                          struct errbuf *e)
{
    struct scheduler *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return err_set(e, ERR_NOMEM, "no memory for the scheduler");
    s->o = *o;
    if (!s->o.executor.run[DAG_SHELL])
        s->o.executor.run[DAG_SHELL] = shell_task;
    init_locks(s);
    s->random = (uint64_t)clock_wall_ns() | 1;
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->wall_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    s->timers = timers_create();
    enum err rc = s->timers ? ERR_OK : err_set(e, ERR_NOMEM, "no memory for the scheduler");
    if (!rc && (s->wake_fd < 0 || s->wall_fd < 0))
        rc = err_errno(e, ERR_IO, "cannot make the scheduler's timers");
    if (!rc)
        rc = make_pools(s, e);
    if (!rc)
        rc = due_init(s, e);
    if (!rc)
        rc = recover_runs(s, e);
    if (rc)
        scheduler_destroy(s);
    else
        *out = s;
    return rc;
}

enum err scheduler_start(struct scheduler *s, struct errbuf *e)
{
    if (pthread_create(&s->thread, NULL, dispatcher_main, s) != 0)
        return err_set(e, ERR_NOMEM, "cannot start the scheduler's thread");
    s->started = true;
    return ERR_OK;
}

void scheduler_stop_begin(struct scheduler *s)
{
    (void)pthread_mutex_lock(&s->mutex);
    s->stopping = true;
    for (int i = 0; i < s->o.dags->n; i++)
        for (const struct run *r = s->dags[i].runs; r; r = r->next)
            for (int k = 0; k < r->n_tasks; k++)
                if (r->tasks[k].running)
                    try_cancel(r->tasks[k].running, BY_STOP);
    (void)pthread_mutex_unlock(&s->mutex);
    scheduler_poke(s);
}

/* The mutex is held. */
static enum err still_running(struct scheduler *s, struct errbuf *e)
{
    for (int i = 0; i < s->o.dags->n; i++)
        for (const struct run *r = s->dags[i].runs; r; r = r->next)
            for (int k = 0; k < r->n_tasks; k++)
                if (r->tasks[k].running)
                    return err_set(
                        e, ERR_TIMEOUT, "task %s of run %lld of %s %s%.1000s",
                        s->dags[i].dag->tasks[k].name, (long long)r->id, s->dags[i].dag->name,
                        s->in_trouble ? "has ended, and that cannot be written: " : "has not ended",
                        s->trouble);
    return ERR_OK;
}

enum err scheduler_stop(struct scheduler *s, int64_t timeout_us, struct errbuf *e)
{
    int waited = 0;
    scheduler_stop_begin(s);
    struct timespec until = clock_mono_after(timeout_us);
    (void)pthread_mutex_lock(&s->mutex);
    while (s->started && s->running && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&s->run_ended, &s->mutex, &until);
    enum err rc = still_running(s, e);
    (void)pthread_mutex_unlock(&s->mutex);
    if (rc)
        return rc;
    workers_end(s);
    (void)pthread_mutex_lock(&s->mutex);
    (void)pthread_cond_broadcast(&s->run_ended);
    (void)pthread_mutex_unlock(&s->mutex);
    scheduler_poke(s);
    if (s->started)
        (void)pthread_join(s->thread, NULL);
    s->started = false;
    return ERR_OK;
}

static void free_dag(struct scheduler *s, struct dag_state *d)
{
    for (struct run *r = d->runs, *next; r; r = next) {
        next = r->next;
        run_free(s, r);
    }
    timer_clear(s->timers, &d->change);
    free(d->waiting);
}

void scheduler_destroy(struct scheduler *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->o.dags->n && s->dags; i++)
        free_dag(s, &s->dags[i]);
    for (struct note *n = s->first_note, *next; n; n = next) {
        next = n->next;
        note_free(n);
    }
    free(s->dags);
    free(s->pools);
    free(s->workers);
    timers_destroy(s->timers);
    if (s->wake_fd >= 0)
        (void)close(s->wake_fd);
    if (s->wall_fd >= 0)
        (void)close(s->wall_fd);
    (void)pthread_cond_destroy(&s->run_ended);
    (void)pthread_cond_destroy(&s->job_there);
    (void)pthread_mutex_destroy(&s->mutex);
    free(s);
}
