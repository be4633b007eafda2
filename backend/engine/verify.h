/*
 * verify: is the current state in raw what the source table holds, and in dwh what raw holds?
 *
 * Exact on a busy system: one repeatable-read snapshot of the source says which transactions count
 * (pg_current_snapshot); raw keeps the transaction of every change, so its state as of that very
 * snapshot is computed from the same set. The snapshot's LSN is waited for first: the slot must
 * have confirmed it, and the sinks must have stored the offsets of all that was in Kafka then. All
 * of it is read from the three servers, not asked from the engine: verify is a second opinion.
 *
 * Per table: row count and an order-independent checksum (sum of 64-bit hashes) over canonical text
 * of every column, in buckets by key; only the buckets that differ are read again to name the keys.
 * With a model each entity's latest view is then compared with raw's state as of the batch that the
 * view holds (its mark): the same on both sides, however fast raw moves. So view = raw = source.
 * A mart is compared with its `verify.source`, which runs at the source (verify_marts.c).
 * A record that was loaded twice does not show in the state of its key: raw is looked through for
 * such. Columns that have no canonical text on both sides are named, not passed over. Memory:
 * bounded by the buckets and VERIFY_DIFFERENCES_MAX. Thread rule: one thread.
 */
#ifndef ENGINE_VERIFY_H
#define ENGINE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/buf.h"
#include "backend/base/err.h"

enum { VERIFY_DIFFERENCES_MAX = 20, VERIFY_NAME_MAX = 256, VERIFY_MOMENT_MAX = 32 };

struct model;
struct marts;

struct verify_options {
    const char *conninfo;
    const char *const *kafka;
    const char *odbc;
    const char *dialect;
    const char *schema; /* of the stored offsets: raw */
    const char *prefix; /* topics */
    const char *slot;
    const char *source_connector; /* whose position is stored in <prefix>.__offsets */
    bool snapshot;                /* the connector takes one: it has to be through */
    int64_t timeout_us;           /* without any progress */
    const char *tables_key;       /* the keys that choose the tables, for messages */
    const char *const *only;      /* NULL-terminated schema.table or table names; NULL: all */
    bool (*included)(void *arg, const char *schema, const char *table);
    /* The sink of a topic: its connector name, target schema and table (VERIFY_NAME_MAX bytes each)
     * and whether it keeps current state; false: none. */
    bool (*sink_of)(void *arg, const char *topic, const char **connector, char *schema, char *table,
                    bool *upsert);
    const struct model *model; /* what dwh is made by; NULL: none */
    const struct marts *marts; /* what is made from dwh; NULL: none. Looked at with a model, and
                                  where all tables are. */
    /* Appends what the engine says of a connector that does not get on (its state and error), if it
     * can be asked. NULL: it cannot. */
    void (*state_of)(void *arg, const char *connector, struct buf *out);
    bool (*canceled)(void *arg);
    void (*progress)(void *arg, const char *what);
    /* Called once raw holds the snapshot: for whoever refreshes what is made from raw. NULL:
     * somebody else does. */
    enum err (*arrived)(void *arg, struct errbuf *e);
    void *arg;
};

struct verify_difference {
    char *key;
    /* "column=value, ..", all of them or, where both are there, only those that differ */
    char *source_row; /* NULL: not in the source */
    char *raw_row;    /* NULL: not in raw */
};

enum verify_outcome {
    VERIFY_SAME,
    VERIFY_DIFFERS,
    VERIFY_NO_SINK,
    VERIFY_STALE,    /* a mart that was made before dwh was loaded last: not compared, no failure */
    VERIFY_NOT_MADE, /* a mart that was never made: the same */
};

struct verify_table {
    char *name; /* schema.table */
    char raw_schema[VERIFY_NAME_MAX];
    char raw_table[VERIFY_NAME_MAX]; /* "" without a sink */
    enum verify_outcome outcome;
    int64_t source_rows, raw_rows;
    uint64_t source_sum, raw_sum;
    int64_t differing;    /* keys that differ; -1: more than were looked at */
    int64_t not_a_number; /* of these, keys where only a numeric's NaN or infinity came as NULL */
    int n_differences;
    struct verify_difference differences[VERIFY_DIFFERENCES_MAX];
    int64_t doubled; /* records that are in raw more than once, and the first of them */
    int32_t doubled_partition;
    int64_t doubled_offset;
    char since[VERIFY_MOMENT_MAX]; /* VERIFY_STALE: "2026-11-28 12:05:01 UTC" */
    char *left_out;                /* columns that were not compared, ", " between; "" none */
    double seconds;
};

struct verify_report {
    int n;
    struct verify_table *tables;
    /* The model's layer: name is the view (dwh.flights_latest), source_.. is raw as of the batch
     * that dwh holds, raw_.. is the view. */
    int n_views;
    struct verify_table *views;
    /* The marts: name is the mart, source_.. what the source says, raw_.. what the mart holds. */
    int n_marts;
    struct verify_table *marts;
    uint64_t lsn;
    double waited_seconds;
    char *unseen; /* source connectors that were not compared, "b, c"; NULL: none */
    bool same;
};

/* ERR_OK even where data differ (report->same tells). ERR_TIMEOUT: the LSN did not arrive;
 * ERR_STATE: nobody streams from the slot. */
enum err verify_run(const struct verify_options *o, struct verify_report *out,
                    struct errbuf *e) MUST_CHECK;
void verify_report_free(struct verify_report *r);

#endif
