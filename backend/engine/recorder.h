/*
 * The recorder: the status snapshot over time, so that a console can go back, and charts have a
 * past at once.
 *
 * Kept: each second for an hour, each 10 seconds for a day, each 5 minutes for 30 days (those that
 * came first in their 10 seconds or 5 minutes stay longer; nothing is averaged away). A record is
 * the snapshot as compressed JSON and the figures of the table in recorder.c, which charts are made
 * of without unpacking anything. Records are written ten at a time: a kill loses at most ten
 * seconds. A time without records is a gap, not zero.
 *
 * Thread rule: any thread.
 */
#ifndef ENGINE_RECORDER_H
#define ENGINE_RECORDER_H

#include <jansson.h>

#include "backend/state/store_records.h"

struct recorder;

enum { RECORDER_POINTS_MAX = 2000, RECORDER_FIGURES_MAX = 64 };
enum { RECORDER_OBJECTS_MAX = 200, RECORDER_SAMPLES_MAX = 60 };

/* bytes: of all records together, figures and bodies; 0: nothing is recorded, and what is there
 * stays readable. The store outlives it. */
enum err recorder_create(struct store *s, int64_t bytes, struct recorder **out,
                         struct errbuf *e) MUST_CHECK;
/* Without writing what is not written yet: recorder_flush does. */
void recorder_destroy(struct recorder *r); /* NULL is fine */

/* The status of the moment now_us (wall clock); period_us: how far apart these come. */
enum err recorder_add(struct recorder *r, const json_t *status, int64_t now_us, int64_t period_us,
                      struct errbuf *e) MUST_CHECK;
enum err recorder_flush(struct recorder *r, struct errbuf *e) MUST_CHECK;

/* ---- the methods of docs/control.md; now_us: wall clock ---- */
enum err recorder_at(struct recorder *r, const json_t *params, json_t **result,
                     struct errbuf *e) MUST_CHECK;
enum err recorder_series(struct recorder *r, const json_t *params, int64_t now_us, json_t **result,
                         struct errbuf *e) MUST_CHECK;
/* A figure of some connectors or topics, out of one record for each point: RECORDER_SAMPLES_MAX of
 * them at the most. */
enum err recorder_objects(struct recorder *r, const json_t *params, int64_t now_us, json_t **result,
                          struct errbuf *e) MUST_CHECK;
enum err recorder_range(struct recorder *r, json_t **result, struct errbuf *e) MUST_CHECK;

#endif
