/*
 * The warehouse for whoever looks: nodes, sessions, running queries, sizes, loads, figures; and the
 * cancel of a query (docs/control.md). Asked in the caller's thread on a connection of its own that
 * is read only. Queries: queries/catalog/<dialect>/, what both dialects share in queries/catalog/.
 *
 * Ends with ERR_CANCELED when the stop of the caller's thread is asked (base/stop.h).
 * Thread rule: any thread.
 */
#ifndef ENGINE_WAREHOUSE_LOOK_H
#define ENGINE_WAREHOUSE_LOOK_H

#include <jansson.h>

#include "backend/model/mart.h"

struct warehouse_look {
    const char *odbc;
    const char *dialect;
    const char *raw_schema;
    const char *model_schema; /* NULL: there is no model */
    const struct marts *marts;
};

/* What one part of the answer cannot be had for is in its `errors`; the rest is there. */
enum err warehouse_look_show(const struct warehouse_look *l, json_t **result,
                             struct errbuf *e) MUST_CHECK;
/* The columns of one table. ERR_NOT_FOUND: there is none of that name. */
enum err warehouse_look_table(const struct warehouse_look *l, const char *schema, const char *table,
                              json_t **result, struct errbuf *e) MUST_CHECK;
/* Asks the server to end a running query; `id` as the answer above has it. ERR_NOT_FOUND: it does
 * not run (any more). */
enum err warehouse_look_cancel(const struct warehouse_look *l, const char *id,
                               struct errbuf *e) MUST_CHECK;

#endif
