/* What sink.c (reader), sink_table.c (tables and plans) and sink_load.c (loader) share of one run.
 * Not for others. */
#ifndef ENGINE_SINK_RUN_H
#define ENGINE_SINK_RUN_H

#include <pthread.h>

#include "backend/base/arena.h"
#include "backend/engine/schemas.h"
#include "backend/engine/sink.h"
#include "backend/kafka/kafka.h"
#include "backend/warehouse/warehouse.h"

/* How one schema's flat row goes into the table. */
struct sink_plan {
    struct flat_plan *plan; /* a reference */
    char fingerprint[17];   /* "" for inline and foreign schemas */
    char *inline_schema;    /* the schema member that it was made from */
    size_t inline_len;
    int *to_table; /* plan column -> table column */
    struct sink_plan *next;
};

/*
 * A truncate comes in one partition only, its table's rows in all of them: whatever is older, by
 * LSN, goes, and what is older but comes later is left out. The LSN is stored as the offset of a
 * partition that no topic has.
 */
enum { TRUNCATE_PARTITION = -1 };

struct sink_partition {
    _Atomic int64_t committed; /* read by the status; -1: nothing yet */
    int64_t stored; /* what the warehouse has, as of the last batch handed over; -1: nothing */
    int64_t next;   /* after the last record or the end seen */
    bool touched;   /* by the batch being filled */
    bool at_end;
};

/* One topic and its table. */
struct sink_topic {
    char *name;
    char schemas_topic[300];
    struct schemas *schemas; /* one of the sink's */
    char schema[256];
    char table[256];
    int n_partitions;
    struct sink_partition *partitions;
    struct sink_plan *plans;
    struct sink_plan *last_plan;
    int n_columns; /* of the table; 0: not known yet */
    struct wcolumn *columns;
    int batch_column, partition_column, offset_column;
    int *key; /* upsert: table columns of the key, and where a delete's key stands */
    int *key_before;
    int n_key;
    int op_column;
    int lsn_column;           /* source_lsn, a number; -1: it has none */
    int64_t truncated;        /* upsert: LSN of the last truncate; older rows are gone */
    int64_t truncated_stored; /* as the warehouse will have it; -1: nothing */
    struct cell *cells;       /* n_columns: the row being built */
    int index;
};

struct sink_rows {
    struct wbatch *rows; /* NULL: no row of this topic */
    int32_t *partitions; /* of each row, to find it again in Kafka */
    int64_t *offsets;
    int capacity;
    bool truncate_first;      /* upsert: the source was truncated before these rows .. */
    int64_t truncate_lsn;     /* .. here; 0: not known */
    int64_t newest_commit_us; /* of its rows, in the source; 0: not known */
};

struct sink_dead {
    const char *topic;
    int32_t partition;
    int64_t offset;
    char *reason; /* may quote the row: for the record's header, never for the log */
    char sqlstate[6];
};

struct sink_batch {
    int64_t id;
    int n_topics;
    struct sink_rows *topics;    /* by sink_topic.index */
    _Atomic int64_t rows, bytes; /* read by the status */
    int64_t began_us;
    int64_t newest_commit_us;
    struct offset_move *moves;
    int n_moves, moves_capacity;
    struct sink_dead *dead;
    int n_dead;
};

struct sink {
    const struct sink_options *o;
    _Atomic bool stop;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    _Atomic bool placed;        /* the stored offsets have been read: what has none begins at 0 */
    pthread_mutex_t view_mutex; /* guards the list of topics against readers of the status */

    bool link_lost; /* the run before lost its connection: its last COMMIT may come late */

    /* this run's; the reader's unless said otherwise */
    struct warehouse *warehouse; /* the loader's while it is busy */
    struct kafka_consumer *consumer;
    struct kafka_producer *dead_producer; /* the loader's */
    struct schemas **schemas;             /* one a prefix; the topics point to theirs */
    int n_schemas;
    struct arena *arena;
    struct cell *flat; /* a decoded row */
    int n_flat;
    int n_topics;
    struct sink_topic *topics;
    int64_t last_batch;
    struct sink_batch batches[2];
    struct sink_batch *filling;

    /* handed between the threads, under the mutex */
    struct sink_batch *work;
    bool closing;
    bool failed;
    enum err load_result;
    struct errbuf load_error;
    pthread_t loader;
    bool loader_started;
};

/* ---- sink_table.c ---- */
/* The plan for this record, its table made and wide enough. May hand the filling batch over and
 * wait (a table cannot be altered under it). */
enum err sink_plan_for(struct sink *s, struct sink_topic *t, const struct kafka_record *r,
                       const struct cell *schema, struct sink_plan **out,
                       struct errbuf *e) MUST_CHECK;
void sink_topic_free(struct sink_topic *t);

/* ---- sink_load.c ---- */
enum err sink_loader_start(struct sink *s, struct errbuf *e) MUST_CHECK;
/* Hands the filling batch over (waits for the loader) and makes the other one the filling one. */
enum err sink_hand_over(struct sink *s, struct errbuf *e) MUST_CHECK;
bool sink_loader_idle(struct sink *s);
/* Waits until the loader has nothing to do; its error if it failed. */
enum err sink_loader_wait(struct sink *s, struct errbuf *e) MUST_CHECK;
void sink_loader_join(struct sink *s);
/* why: what refused the record; e may be the same. */
enum err sink_batch_dead(struct sink_batch *b, const char *topic, int32_t partition, int64_t offset,
                         const struct errbuf *why, struct errbuf *e) MUST_CHECK;
void sink_batch_free(struct sink_batch *b);
void sink_batch_clear(struct sink_batch *b);

#endif
