/*
 * A bounded queue of pointers between threads. Full means back-pressure: the producer waits.
 *
 * Ownership of an item goes with it. Closing wakes everyone: pushes are refused (ERR_CANCELED, the
 * item stays the caller's), pops drain what is left and then return ERR_CANCELED.
 * Thread rule: any number of producers and consumers.
 */
#ifndef BASE_QUEUE_H
#define BASE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "backend/base/err.h"

struct queue;

struct queue *queue_create(size_t capacity); /* NULL without memory */
void queue_destroy(struct queue *q);         /* the items left are the caller's to free first */
void queue_close(struct queue *q);
void queue_reopen(struct queue *q);

/* Waits up to timeout_us (< 0: for ever): ERR_OK, ERR_TIMEOUT or ERR_CANCELED. */
enum err queue_push(struct queue *q, void *item, int64_t timeout_us) MUST_CHECK;
enum err queue_pop(struct queue *q, void **item, int64_t timeout_us) MUST_CHECK;
size_t queue_length(struct queue *q);

#endif
