/*
 * The publisher: takes chunks from capture threads and commits them to Kafka, rows, schema records
 * and position in one Kafka transaction. It is a source connector's only writer.
 *
 * When a transaction is committed: at once when the queue is empty and little has gathered
 * (latency), else when it has reached commit_rows, commit_bytes or the age commit_ms (throughput: a
 * commit costs milliseconds on both sides).
 *
 * Invariant: `confirmed` (and the on_commit call) moves only after rd_kafka_commit_transaction
 * returned well.
 *
 * Any error ends the publisher: the open transaction is aborted, the queue is closed, capture
 * threads get ERR_CANCELED from publisher_push and publisher_finish tells the reason. The whole run
 * is then started anew from the stored position (same transactional.id), which is the replay.
 *
 * Thread rule: publisher_push, publisher_chunk from any capture thread; the rest from the run's own
 * thread.
 */
#ifndef ENGINE_PUBLISHER_H
#define ENGINE_PUBLISHER_H

#include "backend/engine/chunk.h"
#include "backend/engine/figures.h"
#include "backend/kafka/kafka.h"

struct publisher;

struct publisher_options {
    struct kafka_producer *producer; /* transactional; stays the caller's */
    const char *offsets_topic;
    const char *connector;
    int64_t commit_rows;
    int64_t commit_bytes;
    int64_t commit_us;
    struct figures *figures;
    /* After each commit, on the publisher's thread. */
    void (*on_commit)(void *arg, uint64_t confirmed_lsn);
    /* The publisher has failed: wake whatever capture waits on. */
    void (*on_failure)(void *arg);
    void *arg;
};

/* `position` is taken over: its snapshot progress is carried on in every position record. */
enum err publisher_start(const struct publisher_options *o, struct position *position,
                         struct publisher **out, struct errbuf *e) MUST_CHECK;

/*
 * An empty chunk from the pool. While all are in flight it waits: back-pressure. ERR_TIMEOUT: still
 * none after timeout_us (< 0: waits for ever); ERR_CANCELED: the publisher has ended.
 */
enum err publisher_chunk(struct publisher *p, int64_t timeout_us, struct chunk **out,
                         struct errbuf *e) MUST_CHECK;

/* Hands a chunk over. ERR_CANCELED: the publisher has ended; the chunk is freed all the same. */
enum err publisher_push(struct publisher *p, struct chunk *c) MUST_CHECK;

/* Gives an unused chunk back. */
void publisher_give_back(struct publisher *p, struct chunk *c);

/* True when everything pushed so far is committed. */
bool publisher_idle(const struct publisher *p);
/* True when the publisher waits with nothing open: what is pushed now is committed at once. */
bool publisher_hungry(const struct publisher *p);

/* Everything pushed is committed, or left to be aborted with its producer: when `abort`, and what
 * is not committed within patience_us (-1: for ever). The thread is joined. The error that ended
 * it, if one did. */
enum err publisher_finish(struct publisher *p, bool abort, int64_t patience_us,
                          struct errbuf *e) MUST_CHECK;
void publisher_destroy(struct publisher *p);

#endif
