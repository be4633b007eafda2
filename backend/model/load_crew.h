/*
 * Two connections that load entities side by side. Private to backend/model.
 *
 * Only where it pays: when several entities have never been loaded. Entities begin in the model's
 * order (what is referred to first), each on whichever connection is free. An entity is one
 * transaction on one connection, as ever. What two of them could both write is kept apart:
 *   knots    their values are inserted and committed before, from raw itself
 *   anchors  keys that only foreign keys name are added last, when the entity that owns them is
 *            through, by one transaction at a time
 * Whoever waits waits for one that began before it, so there is always one that does not wait.
 */
#ifndef MODEL_LOAD_CREW_H
#define MODEL_LOAD_CREW_H

#include <stdatomic.h>

#include "backend/model/load.h"
#include "backend/model/load_plan.h"
#include "backend/model/migrate.h"

struct model_loader {
    struct model *m;
    struct model_schema *s; /* NULL until bound */
    struct warehouse *w;
    char *raw_schema;
    struct load_plan *plans; /* one an entity */
    struct model_migration migration;
    /* for the second connection */
    int connections;
    int patience_ms;
    _Atomic bool canceled; /* sticky: a cancel request meets no statement now and then */
    char *options[6];      /* file, text, odbc, dialect, label; NULL */
    _Atomic(struct model_loader *) second;
    enum err (*enter_anchor)(void *arg, int entity, struct errbuf *e);
    void *arg;
};

/* What raw has and what was loaded. */
struct load_news {
    int64_t *newest; /* an entity */
    int64_t *marks;  /* an object of the schema */
};

/* load_bind.c: to raw as it is now. Entities that do not fit have a `misfit` afterwards. */
enum err load_bind(struct model_loader *l, struct errbuf *e) MUST_CHECK;
/* Has its raw table another shape than it was bound to? */
enum err load_bind_look(struct model_loader *l, int entity, bool *changed,
                        struct errbuf *e) MUST_CHECK;
/* The misfit as an error. */
enum err load_bind_misfit(const struct model_loader *l, int entity, struct errbuf *e) MUST_CHECK;

/* load.c */
enum err load_connect(const struct model_loader_options *o, struct model_loader **out,
                      struct errbuf *e) MUST_CHECK; /* model_loader_open without a look at raw */
enum err load_check_cancel(const struct model_loader *l, struct errbuf *e) MUST_CHECK;
bool load_is_pending(const struct model_loader *l, const struct load_news *n, int entity);
int64_t load_entity_mark(const struct model_loader *l, const struct load_news *n, int entity);
enum err load_entity(struct model_loader *l, struct load_news *n, int entity,
                     struct model_load *done, struct errbuf *e) MUST_CHECK;

/* Keeps copies of what opens a second connection. */
enum err load_crew_remember(struct model_loader *l, const struct model_loader_options *o,
                            struct errbuf *e) MUST_CHECK;
void load_crew_forget(struct model_loader *l);

/* Loads what has never been loaded, if that is several entities; else does nothing. The rest is
 * the caller's: tried[i] tells what was loaded or failed here. */
enum err load_crew_run(struct model_loader *l, struct load_news *n, const bool *wanted, bool *tried,
                       model_load_report *report, void *arg, struct errbuf *e) MUST_CHECK;

#endif
