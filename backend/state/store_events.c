/*
 * The store's table of events: the newest STORE_EVENTS_KEPT.
 *
 * Every PRUNE_EVERY-th event takes the oldest away, by their ids and not by counting: a range of
 * the primary key, as cheap as the insert. The first event after an opening does too, so that short
 * runs prune as well.
 */
#include <stdlib.h>

#include "backend/base/arena.h"
#include "backend/state/store_internal.h"

enum { PRUNE_EVERY = 100, ARENA_BLOCK = 16384 };

static enum err prune_sometimes(struct store *s, struct errbuf *e)
{
    (void)pthread_mutex_lock(&s->mutex);
    bool due = s->events_until_prune-- <= 0;
    if (due)
        s->events_until_prune = PRUNE_EVERY - 1;
    (void)pthread_mutex_unlock(&s->mutex);
    return due ? STORE_RUN(s, QUERY_events_prune, "delete old events", e, "i",
                           (int64_t)STORE_EVENTS_KEPT)
               : ERR_OK;
}

enum err store_event_add(struct store *s, const struct store_event *event, struct errbuf *e)
{
    enum err rc = STORE_RUN(s, QUERY_event_add, "keep an event", e, "ittttt", event->ts_us,
                            event->level, event->area, event->who, event->object, event->text);
    return rc ? rc : prune_sometimes(s, e);
}

static enum err append(struct store_events *l, sqlite3_stmt *st, struct errbuf *e)
{
    struct store_event *v = &l->items[l->n++];
    *v = (struct store_event){
        .id = sqlite3_column_int64(st, 0),
        .ts_us = sqlite3_column_int64(st, 1),
        .level = arena_strdup(l->arena, store_text(st, 2)),
        .area = arena_strdup(l->arena, store_text(st, 3)),
        .who = arena_strdup(l->arena, store_text(st, 4)),
        .object = arena_strdup(l->arena, store_text(st, 5)),
        .text = arena_strdup(l->arena, store_text(st, 6)),
    };
    return v->level && v->area && v->who && v->object && v->text
               ? ERR_OK
               : err_set(e, ERR_NOMEM, "no memory for the events");
}

enum err store_events_list(struct store *s, int64_t after, int64_t before, int limit,
                           struct store_events *out, struct errbuf *e)
{
    bool row = true;
    enum err rc = ERR_OK;
    *out = (struct store_events){0};
    if (limit < 1 || limit > STORE_EVENTS_KEPT)
        limit = limit < 1 ? 1 : STORE_EVENTS_KEPT;
    out->items = malloc((size_t)limit * sizeof *out->items);
    out->arena = arena_create(ARENA_BLOCK);
    if (!out->items || !out->arena) {
        store_events_free(out);
        return err_set(e, ERR_NOMEM, "no memory for the events");
    }
    sqlite3_stmt *st = store_begin(s, QUERY_events_list, "iii", after, before ? before : INT64_MAX,
                                   (int64_t)limit);
    while (!rc && row) {
        rc = store_step(s, st, &row, "read the events", e);
        if (!rc && row)
            rc = append(out, st, e);
    }
    store_end(s, st);
    if (rc)
        store_events_free(out);
    return rc;
}

void store_events_free(struct store_events *l)
{
    free(l->items);
    arena_destroy(l->arena);
    *l = (struct store_events){0};
}
