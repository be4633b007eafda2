/*
 * The source connector's run: position, slot, publication, snapshot, then the stream.
 *
 * Order of a start, and why:
 *  1. the transactional producer first: init_transactions fences any older one of the same id and
 * settles its open transaction, so that the offsets topic read next is final;
 *  2. the stored position; the slot is held against it (a slot that is ahead was moved or made
 * anew: changes are lost, and the run fails in words rather than carry on);
 *  3. without a finished snapshot: the tables that are not through, from an exported snapshot;
 *  4. the stream from the position on; what the position covers is skipped by (commit_lsn,
 * ordinal).
 *
 * A run ends by capture_stop (everything in flight is committed first) or by an error; the
 * supervisor decides what next. Thread rule: capture_run on the connector's thread; capture_stop
 * from any.
 */
#ifndef ENGINE_CAPTURE_H
#define ENGINE_CAPTURE_H

#include "backend/engine/connector_config.h"
#include "backend/engine/figures.h"

struct capture_options {
    const char *name; /* the connector's */
    const struct source_config *source;
    const char *const *kafka;
    int64_t commit_rows, commit_bytes, commit_us;
    int64_t grace_us; /* for what is in flight, after capture_stop */
    struct figures *figures;
    /* Words for the status ("snapshot", "streaming"); called on the run's thread. */
    void (*on_detail)(void *arg, bool running, const char *detail);
    void *arg;
};

struct capture;
struct capture *capture_create(
    const struct capture_options *o); /* the options stay the caller's, and outlive it */
void capture_destroy(struct capture *c);
enum err capture_run(struct capture *c, struct errbuf *e) MUST_CHECK;
void capture_stop(struct capture *c);

#endif
