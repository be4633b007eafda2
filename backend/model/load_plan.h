/*
 * What the loader knows of one entity: its raw table as it is, and the expressions made from it.
 * Private to backend/model.
 */
#ifndef MODEL_LOAD_PLAN_H
#define MODEL_LOAD_PLAN_H

#include "backend/base/buf.h"
#include "backend/model/schema.h"
#include "backend/warehouse/warehouse.h"

struct load_plan {
    bool bound;
    bool raw_is_there;
    uint64_t raw_shape; /* of raw's columns when it was bound */
    char *misfit;       /* why it cannot be loaded; NULL: it can */
    bool delta_is_made; /* in this session */
    bool indexed;
    bool has_us, has_lsn, has_unchanged;
    struct buf raw;   /* "raw"."postgres_public_flights" */
    struct buf delta; /* the temporary table, quoted */
    struct buf delta_columns;
    struct buf delta_names;
    struct buf raw_columns;
    struct buf values;
    struct buf keys_known;
    struct buf moment, lsn; /* of a row r of raw */
};

void load_plan_init(struct load_plan *p);
void load_plan_free(struct load_plan *p);

/* The shape of a raw table; 0: it is not there. */
uint64_t load_plan_shape(const struct wcolumn *columns, int n);

/*
 * Checks the entity against raw's columns: ERR_CONFIG with file:line where raw lacks a column or
 * gives another type. Where raw has become wider than the model says, the model's type follows.
 */
enum err load_plan_bind(struct load_plan *p, struct model *m, int entity, const struct dialect *d,
                        const char *raw_schema, const struct wcolumn *raw, int n,
                        struct errbuf *e) MUST_CHECK;

/* The expressions, once all entities are bound (types of referenced keys are final then). */
enum err load_plan_build(struct load_plan *p, const struct model *m, int entity,
                         const struct dialect *d, const struct wcolumn *raw, int n,
                         struct errbuf *e) MUST_CHECK;

#endif
