/*
 * Where a source connector stands, and how that is kept in Kafka.
 *
 * A point is (commit_lsn, ordinal): the transaction that commits at commit_lsn, of which `ordinal`
 * row messages have been published; ORDINAL_ALL means the whole of it. LSN alone would not do: rows
 * share one, and a COMMIT may equal the next BEGIN. confirmed_lsn is what the slot may be told once
 * the point is durable: the end of the last whole transaction, or the server's end of WAL when
 * nothing was in flight.
 *
 * The record lives in the compacted topic <prefix>.__offsets under the key {"connector":NAME} and
 * is written in the same Kafka transaction as the rows that it covers. The slot is told only
 * afterwards, so the slot can never be ahead of the record: one that is was moved or made anew by
 * somebody else, and changes are lost.
 *
 * Snapshot: `tables` lists those that are through. A table read later than the slot's consistent
 * point (a resumed snapshot) has a horizon: streamed transactions that commit before it are already
 * in the rows read.
 *
 * Thread rule: plain data, one thread at a time.
 */
#ifndef ENGINE_POSITION_H
#define ENGINE_POSITION_H

#include <stdint.h>

#include "backend/base/buf.h"
#include "backend/base/err.h"

enum { ORDINAL_ALL = -1 };

struct position_point {
    uint64_t commit_lsn;
    int64_t ordinal;
    uint64_t confirmed_lsn;
};

enum position_snapshot { SNAPSHOT_NONE, SNAPSHOT_RUNNING, SNAPSHOT_DONE };

struct position_table {
    char *name;       /* schema.table */
    uint64_t horizon; /* consistent point of the snapshot that read it */
};

struct position {
    struct position_point at;
    enum position_snapshot snapshot;
    int n_tables;
    struct position_table *tables;
};

void position_init(struct position *p);
void position_free(struct position *p);
enum err position_add_table(struct position *p, const char *name, uint64_t horizon,
                            struct errbuf *e) MUST_CHECK;
/* 0: not read yet. */
uint64_t position_horizon(const struct position *p, const char *name);

void position_write_key(const char *connector, struct buf *out);
void position_write_value(const struct position *p, struct buf *out);
enum err position_parse(const char *json, size_t n, struct position *out,
                        struct errbuf *e) MUST_CHECK;

/*
 * Reads the newest record of `connector` from the offsets topic, to its end (read committed).
 * ERR_NOT_FOUND: none. Returns ERR_CANCELED when *stop turns true.
 */
enum err position_read(const char *const *kafka, const char *topic, const char *connector,
                       const _Atomic bool *stop, struct position *out, struct errbuf *e) MUST_CHECK;

#endif
