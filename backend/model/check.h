/*
 * A model against what it is made from: the source's catalog, or the columns of raw tables.
 *
 * Faults are mistakes: the load could not run or would lose something. Warnings are what a person
 * should look at. Both begin with file:line. Pure: the catalog comes from
 * backend/engine/model_source.h. Thread rule: any thread.
 */
#ifndef MODEL_CHECK_H
#define MODEL_CHECK_H

#include "backend/model/infer.h"

void model_check_source(const struct model *m, const struct infer_catalog *c, struct faults *faults,
                        struct faults *warnings);

/* One entity's raw table; n 0: it is not there (yet), a warning. dialect: of the warehouse. */
void model_check_raw(const struct model *m, int entity, const char *dialect,
                     const struct wcolumn *columns, int n, struct faults *faults,
                     struct faults *warnings);

#endif
