/*
 * From decoded rows to records in a chunk: the registry of a source connector's tables, and what an
 * insert, an update, a delete, a key change and a truncate become (Debezium's rules,
 * docs/events.md).
 *
 * Thread rule: one registry, one thread (each snapshot worker has its own). Topic names and
 * fingerprints in records point into the registry: it outlives the publisher.
 */
#ifndef ENGINE_CHANGES_H
#define ENGINE_CHANGES_H

#include "backend/engine/chunk.h"
#include "backend/envelope/encode.h"

struct changes_options {
    struct envelope_options envelope;
    const char *schemas_topic;
    bool tombstones;
    bool skip_create, skip_update, skip_delete, skip_truncate;
    /* Is this table captured? */
    bool (*included)(void *arg, const char *schema, const char *table);
    void *included_arg;
    /* A captured table has been met for the first time: its topic may have to be made. */
    enum err (*met)(void *arg, const struct relation *r, struct errbuf *e);
    void *met_arg;
    /* A change of the key has left large values out. Fills the cells of `row` that are
     * CELL_UNCHANGED, memory in `bytes`, or leaves those that cannot be had. NULL: none is asked
     * for. */
    enum err (*unsent)(void *arg, const struct relation *r, struct cell *row, uint32_t xid,
                       struct buf *bytes, struct errbuf *e);
    void *unsent_arg;
    _Atomic int64_t *clamped; /* counts values that were clamped; may be NULL */
};

struct change_table {
    struct relation *relation;
    struct envelope_table *envelope;
    char *full_name; /* schema.table */
    char fingerprint[17];
    bool included;
    bool schema_sent;
    uint64_t horizon; /* streamed transactions that commit before it are in the snapshot */
    struct change_table *next;
};

struct change_tables;

struct change_tables *change_tables_create(const struct changes_options *o); /* copies the struct */
void change_tables_destroy(struct change_tables *t);

/* The table of this relation (a new one is made where its shape is new). Horizons come from
 * `position`, may be NULL. */
enum err change_tables_get(struct change_tables *t, struct relation *r,
                           const struct position *position, struct change_table **out,
                           struct errbuf *e) MUST_CHECK;

/* What all changes of a transaction share. */
struct change_context {
    uint64_t lsn;
    uint64_t last_commit_lsn;
    int64_t source_us;
    int64_t now_ns;
    uint32_t xid;
    bool has_xid;
    const char *snapshot;
};

/* CHANGE_FORGET: what is older is forgotten, a truncate that is ours (no setting skips it). */
enum change_kind {
    CHANGE_READ,
    CHANGE_CREATE,
    CHANGE_UPDATE,
    CHANGE_DELETE,
    CHANGE_TRUNCATE,
    CHANGE_FORGET
};

/* Appends the records of one change; the chunk has room (chunk_full was asked). Cells are borrowed
 * for the call. */
enum err change_append(struct change_tables *t, struct change_table *table, enum change_kind kind,
                       const struct cell *before, const struct cell *after,
                       const struct change_context *cx, struct chunk *c,
                       struct errbuf *e) MUST_CHECK;

#endif
