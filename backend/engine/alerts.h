/*
 * Alerts: what is wrong now, by a small table of rules over the status snapshot.
 *
 * A rule finds the objects that its condition holds for. An alert is raised when that has held for
 * the rule's time, and cleared when it holds no more; both are told once. Where a rule cannot tell
 * (the server that knows is away) the alert stays as it is. An operator may acknowledge one: it
 * stays in the list until its condition is gone. Of each rule the first hundred are in the list.
 *
 * Thread rule: any thread; alerts_look from one.
 */
#ifndef ENGINE_ALERTS_H
#define ENGINE_ALERTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"

/* The configuration's section; 0 turns a rule off. */
struct alert_limits {
    int64_t lag_records;   /* of one topic, more than so many .. */
    int64_t lag_for_s;     /* .. for so long */
    int64_t away_for_s;    /* a server away, a slot without a reader, a connector that retries */
    int64_t standby_lag_s; /* the standby's replay is so far behind, for away_for_s */
    int64_t full_within_s; /* a time to disaster below this, for away_for_s */
    int64_t mart_late_s;   /* a mart is not made so long after its time */
    int64_t dead_letters;  /* of one sink since the engine's start: so many or more */
};

struct alerts;

enum err alerts_create(const struct alert_limits *l, struct alerts **out,
                       struct errbuf *e) MUST_CHECK; /* copies l */
void alerts_destroy(struct alerts *a);               /* NULL is fine */

/* Goes on from the status that was recorded last: what was raised is not told again. */
void alerts_restore(struct alerts *a, const json_t *status);

/* level "warning" or "error" when it is raised, "info" when it is cleared. */
typedef void alerts_tell_fn(void *arg, const char *level, const char *object, const char *text);
/* status: of docs/control.md, of the moment now_us (wall clock). tell is called without locks. */
enum err alerts_look(struct alerts *a, const json_t *status, int64_t now_us, alerts_tell_fn *tell,
                     void *arg, struct errbuf *e) MUST_CHECK;

/* Those that are raised, the oldest first; a new reference. */
json_t *alerts_json(struct alerts *a);
/* ERR_NOT_FOUND: no such alert is raised. */
enum err alerts_acknowledge(struct alerts *a, const char *name, const char *who, int64_t now_us,
                            struct errbuf *e) MUST_CHECK;

#endif
