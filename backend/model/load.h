/*
 * The load of a model: raw -> dwh, by the change, insert-only.
 *
 * Design. An entity is one warehouse transaction:
 *   1. lo = the mark of its tables, hi = the newest committed batch in raw, read once
 *   2. delta = the rows of raw in (lo, hi], as keys, values and surrogates, in a temporary table
 *   3. late: where the delta begins before something that was loaded already, the rows of those
 *      keys in the batches that may lie after it come along (loads of old: `newest_at`)
 *   4. anchors: keys that are not there; also those that only foreign keys name
 *   5. attributes, ties, existence: the delta together with the stored history of just its keys, in
 *      order of (time of the change in the source, lsn, offset); what differs from its predecessor
 *      is inserted
 *   6. the marks move by compare-and-set, with the rows
 * So a repeated load, a replay of all of raw, and a row that Kafka delivered twice insert nothing.
 * Nothing is updated or deleted but the marks.
 *
 * An attribute that joins the model later has mark 0 and is filled from all of raw before the
 * entity's next load. A raw table that begins anew (its newest batch is below the mark) is read
 * from its start.
 *
 * A first load takes a second connection: entities side by side, in an order in which what is
 * referred to begins first (load_crew.c).
 *
 * One engine at a time: load_lock.h.
 *
 * Cost follows the delta: raw is read by its index on _batch, the tables by key.
 *
 * Thread rule: one thread a loader; model_loader_cancel from any thread.
 */
#ifndef MODEL_LOAD_H
#define MODEL_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"

struct model;
struct model_loader;

struct model_loader_options {
    const char *file; /* model.yaml; the loader has its own copy of the model */
    const char *text; /* its content, where it is not to be read from the file */
    const char *odbc; /* as warehouse_options */
    const char *dialect;
    const char *raw_schema; /* "raw" */
    const char *label;
    int connections; /* side by side in a first load: 1 or 2; 0 is 1 */
    int patience_ms; /* how long to wait for another engine's load; 0: a minute (load_lock.h) */
};

/* Reads the model and connects; looks at raw and makes or migrates the schema. */
enum err model_loader_open(const struct model_loader_options *o, struct model_loader **out,
                           struct errbuf *e) MUST_CHECK;
void model_loader_close(struct model_loader *l); /* NULL is fine */
/* Ends a refresh that runs, or the next one that begins: ERR_CANCELED. */
void model_loader_cancel(struct model_loader *l);
/* Forgets a cancel that came too late. */
void model_loader_arm(struct model_loader *l);
const struct model *model_loader_model(const struct model_loader *l);

/* What one entity's load did. */
struct model_load {
    const char *entity;
    bool waiting;       /* its raw table is not there yet: nothing has arrived */
    int64_t batch_from; /* exclusive */
    int64_t batch_to;
    int64_t raw_rows;
    int64_t keyless;  /* more rows of raw, without a value of the key: they are in no table */
    int64_t inserted; /* rows, over all tables of the entity */
    int64_t microseconds;
    enum err code;
    char text[512]; /* of a failure */
};
typedef void model_load_report(void *arg, const struct model_load *done);

/*
 * Loads the entities whose index is set in `wanted` (NULL: all) that have something new. The report
 * comes once an entity that was loaded, waits or failed. An entity's failure does not stop the
 * others, unless the warehouse is away; the first one is returned.
 */
enum err model_loader_refresh(struct model_loader *l, const bool *wanted, model_load_report *report,
                              void *arg, struct errbuf *e) MUST_CHECK;

#endif
