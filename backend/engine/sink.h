/*
 * A sink connector's run: from Kafka topics into raw tables.
 *
 * Two threads: the reader polls committed records, decodes them and fills a batch; the loader
 * writes the other batch: rows, offsets and the batch's row in one warehouse transaction. While the
 * loader is busy the reader gathers, so batches grow with the load and stay small when there is
 * little (latency), unless the dialect asks for few and large ones (linger).
 *
 * Exactly once: the offsets in the warehouse are the only truth. A run starts from them; whatever
 * was in flight when a run ended is read again; an unknown outcome of a COMMIT is settled by
 * reading them. They move by compare-and-set, so a second engine that writes is found out
 * (ERR_FENCED), not duplicated.
 *
 * A row at fault (ERR_DATA) is found by halving the batch and goes to the dead-letter topic with
 * the reason, before the transaction that moves the offset past it commits. A server at fault ends
 * the run: the supervisor waits and starts it anew.
 *
 * Thread rule: sink_run on the connector's thread; sink_stop from any.
 */
#ifndef ENGINE_SINK_H
#define ENGINE_SINK_H

#include <stdbool.h>

#include "backend/base/err.h"
#include "backend/engine/connector_config.h"
#include "backend/engine/figures.h"

/* What a batch brought to one table. */
struct sink_told {
    const char *topic, *table;
    int64_t rows;
    int64_t newest_commit_us; /* in the source; 0: not known */
};

struct sink_options {
    const char *name;
    const struct sink_config *sink;
    const char *const *kafka;
    const char *dialect;
    const char *schema;            /* where the stored offsets are: raw */
    const char *dead_letter_topic; /* never NULL */
    int64_t batch_rows;
    int64_t batch_bytes;        /* of all sinks together: memory does not grow with their number */
    const _Atomic int *n_sinks; /* how many share it */
    int64_t linger_us; /* a batch waits this long for more; 0: goes as soon as the loader is free */
    int64_t timeout_us; /* of one statement */
    int64_t grace_us;   /* for statements after sink_stop */
    struct figures *figures;
    void (*on_detail)(void *arg, bool running, const char *detail);
    /* Rows of this topic are in its raw table now. From the loader's thread, after the commit. */
    void (*on_rows)(void *arg, const struct sink_told *told);
    void *arg;
};

struct sink;
struct sink *sink_create(
    const struct sink_options *o); /* the options stay the caller's, and outlive it */
void sink_destroy(struct sink *s);
enum err sink_run(struct sink *s, struct errbuf *e) MUST_CHECK;
void sink_stop(struct sink *s);

/* From any thread: the offset up to which the sink has committed a partition, -1 while that is not
 * known yet; false when it does not read it. */
bool sink_position(struct sink *s, const char *topic, int partition, int64_t *at);
/* All of them, in the order of topics; none before its first run has begun. `told` must not call
 * the sink. */
void sink_positions(struct sink *s,
                    void (*told)(void *arg, const char *topic, int partition, int64_t at),
                    void *arg);
/* From any thread: what has been read and is in no commit yet. */
void sink_held(const struct sink *s, int64_t *rows, int64_t *bytes);

#endif
