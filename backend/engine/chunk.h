/*
 * A chunk: encoded Kafka records on their way from a capture thread to the publisher, and the
 * position that holds once all of them are committed.
 *
 * A chunk belongs to one thread at a time and moves through the publisher's queue; chunks are
 * recycled by a pool, so that a busy stream allocates nothing. Bytes of all records lie in one
 * buffer, records hold offsets.
 */
#ifndef ENGINE_CHUNK_H
#define ENGINE_CHUNK_H

#include "backend/base/buf.h"
#include "backend/engine/position.h"

enum { CHUNK_RECORDS_MAX = 2048, CHUNK_BYTES = 384 * 1024 };

enum chunk_header {
    HEADER_SCHEMA = 1,  /* flightdeck.schema: the row's fingerprint */
    HEADER_NEW_KEY = 2, /* __debezium.newkey: the extra bytes */
    HEADER_OLD_KEY = 4, /* __debezium.oldkey */
};

struct chunk_record {
    const char *topic;       /* lives as long as the capture run */
    const char *fingerprint; /* 16 hex digits, same lifetime; NULL: no header */
    size_t key, value, extra;
    uint32_t key_len, value_len, extra_len;
    uint8_t headers; /* enum chunk_header bits */
    bool has_key, has_value;
};

struct chunk {
    struct buf bytes;
    int n;
    struct chunk_record records[CHUNK_RECORDS_MAX];
    int changes;              /* row changes in it, for the figures */
    int64_t newest_commit_us; /* source clock of the newest change; 0: none */
    bool moves_position;      /* `at` holds (snapshot chunks do not move it) */
    struct position_point at;
    char *begun_table;    /* snapshot: "schema.table" whose first rows are in this chunk; owned */
    char *finished_table; /* snapshot: "schema.table" whose last row is in this chunk; owned */
    uint64_t finished_horizon;
    bool finishes_snapshot;
};

struct chunk *chunk_create(void);
void chunk_destroy(struct chunk *c);
void chunk_reset(struct chunk *c);

/* A change may take four records: schema, delete, tombstone, create. */
static inline bool chunk_full(const struct chunk *c)
{
    return c->n > CHUNK_RECORDS_MAX - 8 || c->bytes.len >= CHUNK_BYTES;
}

/* The next record, zeroed. The caller checks chunk_full between changes. */
struct chunk_record *chunk_append(struct chunk *c, const char *topic);

#endif
