/* What is known of DAGs, and what tries wrote. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/schedule/scheduler_run.h"

enum { ARENA_BLOCK = 8192 };

static const char *trouble_of(const struct scheduler *s, const struct dag_state *d)
{
    if (s->in_trouble)
        return s->trouble;
    if (!d->kept.paused && clock_is_behind(s, d))
        return "the clock stands before the last time that has fired";
    return "";
}

static void fill_view(const struct scheduler *s, const struct dag_state *d,
                      struct scheduler_dag_view *v, struct arena *a)
{
    *v = (struct scheduler_dag_view){
        .dag = d->dag,
        .paused = d->kept.paused,
        .next_us = d->kept.paused ? INT64_MAX : d->next_fire_us,
        .active = d->active[0] + d->active[1],
        .running_tasks = d->running_tasks,
        .last_run = d->last.id,
        .last_state = d->last.state,
        .last_logical_us = d->last.logical_us,
        .last_started_us = d->last.started_us,
        .last_ended_us = d->last.ended_us,
        .last_reason = arena_strdup(a, d->last.reason),
        .failed_run = d->over.failed ? d->over.id : 0,
        .failed_ended_us = d->over.failed ? d->over.ended_us : 0,
        .failed_reason = arena_strdup(a, d->over.failed ? d->over.reason : ""),
        .trouble = arena_strdup(a, trouble_of(s, d)),
    };
    for (int i = 0; i < STORE_LANES; i++)
        v->queued += d->queued[i];
}

enum err scheduler_dags_list(struct scheduler *s, struct scheduler_dags *out, struct errbuf *e)
{
    *out = (struct scheduler_dags){.arena = arena_create(ARENA_BLOCK)};
    out->items = calloc((size_t)s->o.dags->n + 1, sizeof *out->items);
    if (!out->items || !out->arena) {
        scheduler_dags_free(out);
        return err_set(e, ERR_NOMEM, "no memory for the DAGs");
    }
    (void)pthread_mutex_lock(&s->mutex);
    bool whole = true;
    for (int i = 0; i < s->o.dags->n; i++) {
        struct scheduler_dag_view *v = &out->items[out->n++];
        fill_view(s, &s->dags[i], v, out->arena);
        whole &= v->last_reason && v->failed_reason && v->trouble;
    }
    (void)pthread_mutex_unlock(&s->mutex);
    if (whole)
        return ERR_OK;
    scheduler_dags_free(out);
    return err_set(e, ERR_NOMEM, "no memory for the DAGs");
}

void scheduler_dags_free(struct scheduler_dags *l)
{
    free(l->items);
    arena_destroy(l->arena);
    *l = (struct scheduler_dags){0};
}

void scheduler_stats(struct scheduler *s, struct scheduler_stats *out)
{
    *out = (struct scheduler_stats){0};
    (void)pthread_mutex_lock(&s->mutex);
    for (int i = 0; i < s->o.dags->n; i++) {
        for (int k = 0; k < STORE_LANES; k++)
            out->queued_runs += s->dags[i].queued[k];
        out->active_runs += s->dags[i].active[0] + s->dags[i].active[1];
    }
    out->running_tasks = s->running;
    out->waiting_tasks = s->waiting;
    out->next_us = due_next(s);
    out->idle = !out->queued_runs && !out->active_runs;
    out->stopped = s->stopping;
    out->wakeups = s->wakeups;
    if (s->in_trouble)
        (void)snprintf(out->trouble, sizeof out->trouble, "%.255s", s->trouble);
    (void)pthread_mutex_unlock(&s->mutex);
}

/* ---- logs ---- */

static bool add_line(struct scheduler_log *l, int64_t ts_us, const char *p, size_t n)
{
    if ((l->n & (l->n - 1)) == 0) { /* it doubles */
        size_t room = l->n ? (size_t)l->n * 2 : 1;
        struct scheduler_log_line *grown = realloc(l->items, room * sizeof *grown);
        if (!grown)
            return false;
        l->items = grown;
    }
    struct scheduler_log_line *line = &l->items[l->n];
    line->ts_us = ts_us;
    line->text = arena_copy(l->arena, p, n);
    l->n += line->text != NULL;
    return line->text != NULL;
}

static bool add_piece(struct scheduler_log *l, const struct store_log_piece *piece)
{
    for (const char *p = piece->text; *p;) {
        size_t n = strcspn(p, "\n");
        if (!add_line(l, piece->ts_us, p, n))
            return false;
        p += n + (p[n] == '\n');
    }
    return true;
}

static bool add_gap(struct scheduler_log *l, int64_t ts_us, int64_t bytes)
{
    char text[96];
    int n = snprintf(text, sizeof text, ".. %lld bytes are left out here ..", (long long)bytes);
    return add_line(l, ts_us, text, (size_t)n);
}

enum err scheduler_log_read(struct scheduler *s, int64_t run, const char *task, int attempt,
                            int64_t after, int64_t limit, struct scheduler_log *out,
                            struct errbuf *e)
{
    struct store_log l = {0};
    *out = (struct scheduler_log){.arena = arena_create(ARENA_BLOCK), .next = after};
    enum err rc = out->arena ? store_log_read(s->o.store, run, task, attempt, after, limit, &l, e)
                             : err_set(e, ERR_NOMEM, "no memory for a log");
    bool whole = true;
    for (int i = 0; i < l.n && !rc && whole; i++) {
        if (l.dropped && l.items[i].id > l.head && out->next <= l.head) {
            out->dropped = l.dropped;
            whole = add_gap(out, l.items[i].ts_us, l.dropped);
        }
        whole = whole && add_piece(out, &l.items[i]);
        out->next = l.items[i].id;
    }
    if (!rc && !whole)
        rc = err_set(e, ERR_NOMEM, "no memory for a log");
    out->attempt = l.attempt;
    out->ended = !l.more && l.state != TI_RUNNING;
    store_log_free(&l);
    if (rc)
        scheduler_log_free(out);
    return rc;
}

void scheduler_log_free(struct scheduler_log *l)
{
    free(l->items);
    arena_destroy(l->arena);
    *l = (struct scheduler_log){0};
}
