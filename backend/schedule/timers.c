#include "backend/schedule/timers.h"

#include <stdlib.h>

struct timers {
    struct timer **heap; /* from 1 */
    int n, room;
};

struct timers *timers_create(void)
{
    return calloc(1, sizeof(struct timers));
}

void timers_destroy(struct timers *h)
{
    if (h)
        free(h->heap);
    free(h);
}

static void put(struct timers *h, int at, struct timer *t)
{
    h->heap[at] = t;
    t->place = at;
}

static void move_up(struct timers *h, int at)
{
    struct timer *t = h->heap[at];
    for (; at > 1 && h->heap[at / 2]->at_us > t->at_us; at /= 2)
        put(h, at, h->heap[at / 2]);
    put(h, at, t);
}

static void move_down(struct timers *h, int at)
{
    struct timer *t = h->heap[at];
    for (int child = at * 2; child <= h->n; child = at * 2) {
        if (child < h->n && h->heap[child + 1]->at_us < h->heap[child]->at_us)
            child++;
        if (h->heap[child]->at_us >= t->at_us)
            break;
        put(h, at, h->heap[child]);
        at = child;
    }
    put(h, at, t);
}

bool timer_set(struct timers *h, struct timer *t, int64_t at_us)
{
    if (!t->place) {
        if (h->n + 2 > h->room) {
            int room = h->room ? h->room * 2 : 64;
            struct timer **grown = realloc(h->heap, (size_t)room * sizeof(*grown));
            if (!grown)
                return false;
            h->heap = grown;
            h->room = room;
        }
        put(h, ++h->n, t);
    }
    t->at_us = at_us;
    move_up(h, t->place);
    move_down(h, t->place);
    return true;
}

void timer_clear(struct timers *h, struct timer *t)
{
    int at = t->place;
    if (!at)
        return;
    t->place = 0;
    struct timer *last = h->heap[h->n--];
    if (last == t)
        return;
    put(h, at, last);
    move_up(h, at);
    move_down(h, last->place);
}

int64_t timers_next(const struct timers *h)
{
    return h->n ? h->heap[1]->at_us : INT64_MAX;
}

void timers_fire(struct timers *h, int64_t now_us)
{
    while (h->n && h->heap[1]->at_us <= now_us) {
        struct timer *t = h->heap[1];
        timer_clear(h, t);
        t->fire(t->arg, t);
    }
}
