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
 * Snapshot: `tables` lists those of which rows are out. One that is through has a horizon: streamed
 * transactions that commit before it are already in the rows read. That of a table which a resumed
 * snapshot read from the start is the later snapshot's; but where an interrupted run had rows of it
 * out, only the stream tells which of them have gone since, so nothing of the stream may be left
 * out.
 *
 * Forgetting: after a loss the tables are read again, and what was published before does not hold
 * where nobody knows what has gone since. Before a table's first row a truncate at `forget_lsn`
 * says so. It is kept until the snapshot is through: a resumed one owes it to the tables not begun.
 *
 * Thread rule: plain data, one thread at a time.
 */
#ifndef ENGINE_POSITION_H
#define ENGINE_POSITION_H

#include <stdbool.h>
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
    uint64_t horizon; /* 0: begun, not through */
};

struct position {
    struct position_point at;
    enum position_snapshot snapshot;
    uint64_t forget_lsn; /* behind all that was published before the loss; 0: there was none */
    int n_tables;
    struct position_table *tables;
};

void position_init(struct position *p);
void position_free(struct position *p);
/* horizon 0: the table is begun. One that is through stays so. */
enum err position_add_table(struct position *p, const char *name, uint64_t horizon,
                            struct errbuf *e) MUST_CHECK;
/* 0: not through. */
uint64_t position_horizon(const struct position *p, const char *name);
/* Rows of it are out, but it is not through. */
bool position_begun(const struct position *p, const char *name);

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
