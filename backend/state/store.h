/*
 * What an engine remembers on its own disk: which connectors were applied at run time, what was
 * last asked of each, and the newest events. One SQLite file, <dir>/flightdeck.db, mode 0600 (a
 * configuration may hold a password).
 *
 * Every call is one transaction that is in the file when the call returns: kill -9 loses nothing of
 * it. (A machine that loses its power may lose the last moments, never the file's consistency.)
 * Positions are not here: they live with the data, in Kafka and the warehouse (docs/connectors.md).
 *
 * Ownership: lists are the caller's to free. Thread rule: any thread; one connection behind one
 * mutex, store_open and store_close on one thread.
 */
#ifndef STATE_STORE_H
#define STATE_STORE_H

#include <stdint.h>

#include "backend/base/err.h"

struct store;

/*
 * Opens or makes <dir>/flightdeck.db; dir must be there. A file that is damaged, of a newer version
 * or not ours is left as it is: ERR_IO or ERR_UNSUPPORTED says which and what to do.
 */
enum err store_open(const char *dir, struct store **out, struct errbuf *e) MUST_CHECK;
/* For another process, to read only: nothing is made, migrated or written. ERR_NOT_FOUND: there is
 * no file. */
enum err store_open_to_read(const char *dir, struct store **out, struct errbuf *e) MUST_CHECK;
void store_close(struct store *s); /* NULL is fine */
const char *store_path(const struct store *s);

/* ---- connectors ---- */

/* What was asked for last. DELETED: a configuration file's connector that is not to run. */
#define STORE_STATES(X)                                                                            \
    X(RUNNING)                                                                                     \
    X(PAUSED)                                                                                      \
    X(STOPPED)                                                                                     \
    X(DELETED)

enum store_state {
#define X(name) STORE_##name,
    STORE_STATES(X)
#undef X
        STORE_STATE_COUNT
};
const char *store_state_word(enum store_state s);
/* ERR_NOT_FOUND: no such word. */
enum err store_state_parse(const char *word, enum store_state *out, struct errbuf *e) MUST_CHECK;

struct store_connector {
    char *name;
    char *config; /* as applied; NULL: a file of the configuration has it */
    enum store_state state;
    int64_t created_us,
        updated_us; /* wall clock; the configuration's first, the row's last write */
};
struct store_connectors {
    int n;
    struct store_connector *items;
};

/* A configuration applied at run time, and what is wanted of it. */
enum err store_connector_put(struct store *s, const char *name, const char *config,
                             enum store_state state, struct errbuf *e) MUST_CHECK;
/* The wanted state alone; an applied configuration stays. */
enum err store_connector_set_state(struct store *s, const char *name, enum store_state state,
                                   struct errbuf *e) MUST_CHECK;
/* Forgets an applied configuration (a file has it again), keeps the wanted state. */
enum err store_connector_forget_config(struct store *s, const char *name,
                                       struct errbuf *e) MUST_CHECK;
/* Keeps a name as DELETED, without a configuration. */
enum err store_connector_hide(struct store *s, const char *name, struct errbuf *e) MUST_CHECK;
/* Forgets all of it; fine where nothing is stored. */
enum err store_connector_delete(struct store *s, const char *name, struct errbuf *e) MUST_CHECK;
/* One connector as a list of one; ERR_NOT_FOUND: nothing is stored. */
enum err store_connector_get(struct store *s, const char *name, struct store_connectors *out,
                             struct errbuf *e) MUST_CHECK;
/* All of them, in the order in which they were first stored. */
enum err store_connectors_list(struct store *s, struct store_connectors *out,
                               struct errbuf *e) MUST_CHECK;
void store_connectors_free(struct store_connectors *l);

/* ---- events ---- */

enum { STORE_EVENTS_KEPT = 10000 }; /* the newest; a few more may be there */

struct store_event {
    int64_t id; /* grows by one; 0 when adding */
    int64_t ts_us;
    const char *level, *area, *who, *object, *text;
};
struct store_events {
    int n;
    struct store_event *items;
    struct arena *arena; /* has the texts */
};

enum err store_event_add(struct store *s, const struct store_event *event,
                         struct errbuf *e) MUST_CHECK;
/* The newest `limit` with an id above `after` and below `before` (0: no bound), ascending. */
enum err store_events_list(struct store *s, int64_t after, int64_t before, int limit,
                           struct store_events *out, struct errbuf *e) MUST_CHECK;
void store_events_free(struct store_events *l);

#endif
