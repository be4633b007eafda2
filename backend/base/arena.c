#include "backend/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t cap;
    size_t used;
    alignas(max_align_t) char bytes[];
};

struct arena {
    struct arena_block *first; /* the one that is being filled */
    size_t block;
    size_t used;
};

struct arena *arena_create(size_t block)
{
    struct arena *a = calloc(1, sizeof *a);
    if (a)
        a->block = block;
    return a;
}

static void free_blocks(struct arena_block *b)
{
    while (b) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_destroy(struct arena *a)
{
    if (a)
        free_blocks(a->first);
    free(a);
}

void arena_reset(struct arena *a)
{
    if (a->first) {
        free_blocks(a->first->next);
        a->first->next = NULL;
        a->first->used = 0;
        if (a->first->cap > a->block) {
            free(a->first);
            a->first = NULL;
        }
    }
    a->used = 0;
}

void *arena_alloc(struct arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    if (n > SIZE_MAX / 2)
        return NULL;
    n = (n + align - 1) / align * align;
    struct arena_block *b = a->first;
    if (!b || b->cap - b->used < n) {
        size_t cap = n > a->block ? n : a->block;
        b = malloc(sizeof *b + cap);
        if (!b)
            return NULL;
        b->cap = cap;
        b->used = 0;
        b->next = a->first;
        a->first = b;
    }
    void *p = b->bytes + b->used;
    b->used += n;
    a->used += n;
    return p;
}

char *arena_copy(struct arena *a, const void *p, size_t n)
{
    char *q = arena_alloc(a, n + 1);
    if (q) {
        if (n)
            memcpy(q, p, n);
        q[n] = '\0';
    }
    return q;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_copy(a, s, strlen(s));
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
