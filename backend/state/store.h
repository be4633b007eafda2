/*
 * The engine's memory on disk: connectors, events, settings, in one SQLite file (WAL,
 * synchronous=NORMAL: a killed process loses nothing, a power cut at most the last commits and
 * never the file). Offsets are not here: they live in Kafka and in the warehouse, inside the
 * transactions that they belong to.
 *
 * The file is <dir>/flightdeck.db, mode 0600, since a connector's configuration may hold secrets.
 * It is made on demand and brought to the present schema by the scripts
 * queries/store/migrate_N.sql; its version is SQLite's user_version. A file that is damaged,
 * foreign or of a newer version is left untouched.
 *
 * Ownership: what a list or get gives is the caller's, until its _free. Thread rule: any thread;
 * the store has one connection and a lock. Other processes may read the file.
 */
#ifndef STATE_STORE_H
#define STATE_STORE_H

#include <stdint.h>

#include "backend/base/err.h"

enum { STORE_EVENTS_KEPT = 10000 };

struct store;

/* Makes the folder (0700) and the file where they are missing. ERR_IO: cannot be read or written,
 * damaged, or not ours. ERR_UNSUPPORTED: written by a newer version. ERR_RETRY: another process
 * holds it. */
enum err store_open(const char *dir, struct store **out, struct errbuf *e) MUST_CHECK;
void store_close(struct store *s); /* NULL is fine */

/* ---- connectors ---- */
struct store_connector {
    char *name;
    char *config; /* Kafka Connect's JSON; NULL: it comes from a file, only the state is here */
    char *desired_state; /* a word of the engine's: "RUNNING", "PAUSED", "STOPPED", .. */
    int64_t created_us;
    int64_t updated_us;
};
struct store_connectors {
    int n;
    struct store_connector *items; /* by name */
};

enum err store_connectors_list(struct store *s, struct store_connectors *out,
                               struct errbuf *e) MUST_CHECK;
void store_connectors_free(struct store_connectors *list);
/* ERR_NOT_FOUND when it is not stored. */
enum err store_connector_get(struct store *s, const char *name, struct store_connector *out,
                             struct errbuf *e) MUST_CHECK;
void store_connector_free(struct store_connector *c);
/* Creates or replaces it; config may be NULL. */
enum err store_connector_put(struct store *s, const char *name, const char *config,
                             const char *desired_state, struct errbuf *e) MUST_CHECK;
/* Keeps the config; creates the connector without one when it is not stored. */
enum err store_connector_set_desired_state(struct store *s, const char *name, const char *state,
                                           struct errbuf *e) MUST_CHECK;
/* ERR_NOT_FOUND when it is not stored. */
enum err store_connector_delete(struct store *s, const char *name, struct errbuf *e) MUST_CHECK;

/* ---- events: what happened, and who did it (the audit) ---- */
struct store_event {
    int64_t id;
    int64_t ts_us;
    char *level; /* "info", "warning", "error" */
    char *area;
    char *who; /* "" for the engine itself */
    char *object;
    char *text;
};
struct store_events {
    int n;
    struct store_event *items; /* by id */
};

/* NULL strings are stored as "". *id (may be NULL) is the new event's, higher than all before, also
 * those that are gone. Keeps the newest STORE_EVENTS_KEPT. */
enum err store_event_add(struct store *s, int64_t ts_us, const char *level, const char *area,
                         const char *who, const char *object, const char *text, int64_t *id,
                         struct errbuf *e) MUST_CHECK;
/* The first `limit` events behind id `after`; after < 0: the newest `limit`. */
enum err store_events_list(struct store *s, int64_t after, int limit, struct store_events *out,
                           struct errbuf *e) MUST_CHECK;
void store_events_free(struct store_events *list);

/* ---- settings: small texts by name ---- */
/* *value is the caller's to free. ERR_NOT_FOUND. */
enum err store_setting_get(struct store *s, const char *name, char **value,
                           struct errbuf *e) MUST_CHECK;
/* value NULL takes it away. */
enum err store_setting_put(struct store *s, const char *name, const char *value,
                           struct errbuf *e) MUST_CHECK;

#endif
