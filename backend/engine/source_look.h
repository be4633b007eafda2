/*
 * The source for whoever looks: servers, readers of the WAL, slots, publications, open
 * transactions, tables and what a delete of theirs carries (docs/control.md). Asked in the caller's
 * thread on connections of its own. Queries: queries/source/look/, each answers one JSON text.
 *
 * What grows is told from two looks: the object keeps the one before. Ends with ERR_CANCELED when
 * the stop of the caller's thread is asked (base/stop.h).
 * Thread rule: create and destroy on one thread; show from any.
 */
#ifndef ENGINE_SOURCE_LOOK_H
#define ENGINE_SOURCE_LOOK_H

#include <jansson.h>

#include "backend/base/err.h"

struct source_look;

struct source_look *source_look_create(void);    /* NULL without memory */
void source_look_destroy(struct source_look *l); /* NULL is fine */

/* conninfos are libpq's; standby NULL: none. What a part, or the standby, cannot be had for is in
 * the answer; ERR_CONNECT: the primary is away. */
enum err source_look_show(struct source_look *l, const char *primary, const char *standby,
                          json_t **result, struct errbuf *e) MUST_CHECK;

#endif
