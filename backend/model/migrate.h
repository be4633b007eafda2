/*
 * Makes a warehouse's schema what the model says: creates what is missing, adds and widens columns,
 * renews views whose text changed. What the model no longer has stays where it is (its history is
 * not ours to drop); only its views go.
 *
 * Each step can be repeated, so an interrupted migration goes on where it was. An attribute or tie
 * that is new begins with mark 0: the next load fills it from all of raw (load.h).
 * Thread rule: the connection's.
 */
#ifndef MODEL_MIGRATE_H
#define MODEL_MIGRATE_H

#include "backend/model/schema.h"
#include "backend/warehouse/warehouse.h"

struct model_migration {
    int made;      /* tables and views that were not there, or not like this */
    int source_id; /* of the model's source system in anchor_source_systems */
};

enum err model_migrate(struct warehouse *w, const struct model_schema *s,
                       struct model_migration *out, struct errbuf *e) MUST_CHECK;

/* warehouse_exec of model_query(name) with slots filled. */
enum err model_exec(struct warehouse *w, const struct dialect *d, const char *query,
                    const struct sql_slot *slots, int n_slots, int n_params,
                    const char *const *params, int64_t *affected, struct errbuf *e) MUST_CHECK;
/* The single number that a query gives; 0 for NULL or no row. */
enum err model_number(struct warehouse *w, const char *sql, int n_params, const char *const *params,
                      int64_t *out, struct errbuf *e) MUST_CHECK;

#endif
