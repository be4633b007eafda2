/* What capture.c, snapshot.c and stream.c share of one run. Not for others. */
#ifndef ENGINE_CAPTURE_RUN_H
#define ENGINE_CAPTURE_RUN_H

#include <pthread.h>

#include "backend/engine/capture.h"
#include "backend/engine/changes.h"
#include "backend/engine/publisher.h"
#include "backend/postgres/replication.h"
#include "backend/postgres/source.h"

struct capture {
    const struct capture_options *o;
    _Atomic bool stop;
    pthread_mutex_t mutex; /* guards `replication` against capture_stop of another thread */
    char *offsets_topic;
    char *schemas_topic;
    struct changes_options changes;

    /* this run's */
    struct kafka_producer *producer;
    struct publisher *publisher;
    struct replication *replication;
    struct source *source;
    struct source *rows;         /* for unsent values; NULL until the first */
    bool unsent_told;            /* that they cannot be had: once a run */
    struct source_tables tables; /* those that are captured */
    char *database;              /* its name, for the events */
    struct position position;    /* as read; the publisher carries its own copy on */
    struct change_tables *stream_tables;
    struct change_tables *
        *worker_tables; /* registries of snapshot workers: records point into them */
    int n_workers;
};

/* Position record before the first row: the point from which the stream will start. */
struct snapshot_plan {
    const char *snapshot; /* exported name */
    uint64_t horizon;     /* its consistent point */
    int64_t taken_us;     /* by the source's clock, before every commit that it does not hold */
    /* What the rows are said to be of. Changes that are not in the snapshot may be older than the
     * horizon (a transaction that was open then), but not than the slot's restart_lsn: the server
     * reads from there; and what was published earlier lies before it. */
    uint64_t lsn;
};

/* Reads every captured table that the position does not list, through the publisher. */
enum err snapshot_run(struct capture *c, const struct snapshot_plan *plan,
                      struct errbuf *e) MUST_CHECK;

/* struct changes_options.unsent; arg: struct capture. Waits until the transaction is visible. */
enum err unsent_fill(void *arg, const struct relation *r, struct cell *row, uint32_t xid,
                     struct buf *bytes, struct errbuf *e) MUST_CHECK;

/* Streams until stopped (ERR_OK) or broken. */
enum err stream_run(struct capture *c, struct errbuf *e) MUST_CHECK;

#endif
