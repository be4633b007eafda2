/*
 * The engine's look at itself: each second it makes the status, finds alerts in it and hands it to
 * the recorder.
 *
 * An engine with nothing to do stays idle: where a look costs more than usual (thousands of topics)
 * the next record comes so much later that recording takes no more than 1/300 of a core. Alerts
 * wait less: they are looked for as often as 1/100 of a core allows, and every ten seconds at the
 * latest. The servers are not asked more often for it: what the probes bring is as old as their
 * last round, 30 seconds at the most while nobody looks.
 *
 * Thread rule: engine_watch_start and engine_watch_stop on one thread.
 */
#ifndef ENGINE_ENGINE_WATCH_H
#define ENGINE_ENGINE_WATCH_H

#include "backend/engine/engine.h"

struct engine_watch;

/* How far apart looks for alerts, and records, come where a look costs so much. */
void engine_watch_periods(int64_t cost_us, int64_t *alerts_us, int64_t *record_us);

/* Goes on with what was recorded last: alerts, what was loaded today. Before the start. */
void engine_watch_restore(struct engine *g);
enum err engine_watch_start(struct engine *g, struct engine_watch **out,
                            struct errbuf *e) MUST_CHECK;
/* Ends it, and what was recorded is written. NULL is fine. */
void engine_watch_stop(struct engine_watch *w);

#endif
