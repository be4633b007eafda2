/*
 * An arena: many small allocations, freed together. One per batch or frame.
 *
 * Memory is not zeroed. arena_reset keeps the first block for reuse, so that a batch loop settles
 * at a constant footprint. Thread rule: one thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "backend/base/err.h"

struct arena;

/* block: bytes of a block (larger requests get one of their own). NULL without memory. */
struct arena *arena_create(size_t block);
void arena_destroy(struct arena *a);
void arena_reset(struct arena *a);

/* Aligned for any type; NULL without memory. */
void *arena_alloc(struct arena *a, size_t n) MUST_CHECK;
char *arena_copy(struct arena *a, const void *p, size_t n) MUST_CHECK; /* adds a NUL */
char *arena_strdup(struct arena *a, const char *s) MUST_CHECK;

/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *a);

#endif
