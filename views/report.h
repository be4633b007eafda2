/*
 * The snapshot as plain text: for `flightdeck status` and for the console's line mode. Pure.
 */
#ifndef VIEWS_REPORT_H
#define VIEWS_REPORT_H

#include "backend/base/buf.h"
#include "views/snapshot.h"

/* The whole of it in w columns: the same panes as the console's, without their limits of height. */
enum err report_status(const struct snapshot *n, int w, bool ascii, struct buf *out,
                       struct errbuf *e) MUST_CHECK;

/* A line for each state that is another one than before ("12:04:31 connector x: RUNNING"); before
 * NULL: a line for each state. Figures that only move are no change. */
void report_changes(const struct snapshot *before, const struct snapshot *after, struct buf *out);

/* "12:04:31 error tickets-sink: text" */
void report_event(const struct event *v, struct buf *out);

#endif
