/*
 * What a configuration declares for the warehouse: the model, the marts, the data tests. Read once;
 * DAGs, dashboards and the tasks that do the work are checked against the same.
 *
 * Ownership: the members are the struct's, until declared_free. Immutable once read, then any
 * thread.
 */
#ifndef ENGINE_DECLARED_H
#define ENGINE_DECLARED_H

#include "backend/base/faults.h"
#include "backend/engine/config.h"
#include "backend/model/datatest.h"
#include "backend/model/mart.h"
#include "backend/model/model.h"

struct declared {
    struct model *model; /* NULL: none is named, or none that can be read */
    struct marts *marts; /* without those whose files have faults */
    bool all_marts;      /* none has */
    struct datatests *tests;
};

/* ERR_CONFIG: the faults are in `faults`, and *out holds what has none. Any other error: *out is
 * empty. */
enum err declared_read(const struct config *c, struct declared *out, struct faults *faults,
                       struct errbuf *e) MUST_CHECK;
void declared_free(struct declared *d);

/* The marts alone. *out may hold some even on an error: marts_free. */
enum err declared_read_marts(const struct config *c, struct marts **out, struct faults *faults,
                             struct errbuf *e) MUST_CHECK;

#endif
