/*
 * What an operator may ask that servers have to answer: the figures of dashboards, the warehouse,
 * the source. Methods of the control socket call these (docs/control.md). They wait for servers in
 * the caller's thread, on connections of their own, and end when the engine stops.
 *
 * Thread rule: any thread.
 */
#ifndef ENGINE_ENGINE_LOOK_H
#define ENGINE_ENGINE_LOOK_H

#include <jansson.h>

#include "backend/engine/engine.h"

/* who: for the record of what changes something. ERR_NOT_FOUND, ERR_USAGE, ERR_CONNECT in words. */
typedef enum err engine_look_fn(struct engine *g, const json_t *params, const char *who,
                                json_t **result, struct errbuf *e);

engine_look_fn engine_dashboard_list; /* does not wait */
engine_look_fn engine_dashboard_data; /* name, from, to, panel, rows, refresh */
engine_look_fn engine_topic_messages; /* name, partition, a place, limit, bytes, filter */
engine_look_fn engine_topic_figures;  /* names */
engine_look_fn engine_topic_produce;  /* name, partition, key, value, headers */
engine_look_fn engine_warehouse_show;
engine_look_fn engine_warehouse_table;  /* schema, table */
engine_look_fn engine_warehouse_cancel; /* id */
engine_look_fn engine_source_show;

/* No question is answered any more; those under way end. */
void engine_look_end(struct engine *g);

#endif
