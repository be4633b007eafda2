/*
 * The store's connectors laid over the configuration's: what really runs.
 *
 * A name at a time:
 *   nothing stored             the file's connector
 *   a state stored             the file's connector (in that state: the engine's affair)
 *   DELETED stored             the file's connector is left out
 *   a configuration stored     it goes before the file's: it was applied later
 *   .. the same as the file's  the file's: it counts again, the stored one can be forgotten
 *   .. that has faults         neither: the file's could read and write something else than what
 *                              the operator asked for
 * All that is to go has gone before anything stored is added, so that a slot can change its owner.
 * Thread rule: any thread; nothing is written.
 */
#ifndef ENGINE_CONNECTOR_OVERLAY_H
#define ENGINE_CONNECTOR_OVERLAY_H

#include "backend/engine/connector_config.h"
#include "backend/state/store.h"

enum overlay_word {
    OVERLAY_HIDDEN,   /* a file's connector is left out */
    OVERLAY_REPLACED, /* a file's connector gives way to the stored one */
    OVERLAY_SAME,     /* both say the same: the file's counts */
    OVERLAY_FAULTY,   /* the stored one cannot be used; text has the faults */
};

/* Told of each name where the two meet, and of each that has faults. text: a whole sentence. */
typedef void overlay_fn(void *arg, enum overlay_word word, const char *name, const char *text);

/* `l`: the configuration's, changed in place. */
enum err connector_overlay(const struct config *c, struct store *s, struct connector_list *l,
                           overlay_fn *told, void *arg, struct errbuf *e) MUST_CHECK;

/* The order of lists: sources first, then by name. */
bool connector_stands_before(const struct connector *a, const struct connector *b);

/* ERR_CONFIG: two sources of one slot would starve each other, two of one topic prefix would write
 * one offsets topic. */
enum err connector_check_pair(const struct connector *a, const struct connector *b,
                              struct errbuf *e) MUST_CHECK;

#endif
