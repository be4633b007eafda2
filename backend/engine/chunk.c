#include "backend/engine/chunk.h"

#include <stdlib.h>

/* One row can be 1 GB in PostgreSQL; Kafka refuses it long before. */
static const size_t CHUNK_BYTES_MAX = (size_t)512 << 20;

struct chunk *chunk_create(void)
{
    struct chunk *c = calloc(1, sizeof *c);
    if (c)
        buf_init(&c->bytes, CHUNK_BYTES_MAX);
    return c;
}

void chunk_destroy(struct chunk *c)
{
    if (!c)
        return;
    buf_free(&c->bytes);
    free(c->begun_table);
    free(c->finished_table);
    free(c);
}

void chunk_reset(struct chunk *c)
{
    if (c->bytes.cap > (size_t)4 * CHUNK_BYTES)
        buf_free(&c->bytes); /* one huge row must not stay in memory for ever */
    else
        buf_clear(&c->bytes);
    free(c->begun_table);
    c->begun_table = NULL;
    free(c->finished_table);
    c->finished_table = NULL;
    c->finished_horizon = 0;
    c->finishes_snapshot = false;
    c->moves_position = false;
    c->n = 0;
    c->changes = 0;
    c->newest_commit_us = 0;
}

struct chunk_record *chunk_append(struct chunk *c, const char *topic)
{
    struct chunk_record *r = &c->records[c->n++];
    *r = (struct chunk_record){.topic = topic};
    return r;
}
