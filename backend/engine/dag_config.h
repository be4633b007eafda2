/*
 * The DAGs that a configuration declares, or the one that is built in.
 *
 * Ownership: the set is the caller's (dag_set_free). Thread rule: any thread.
 */
#ifndef ENGINE_DAG_CONFIG_H
#define ENGINE_DAG_CONFIG_H

#include "backend/engine/declared.h"
#include "backend/schedule/dag.h"

/* ERR_CONFIG: every fault of every file is in `faults`, and in `e` as text; so are those that were
 * in it before, of the model and of marts: tasks name what is in them. A configuration without DAGs
 * and without a model has an empty set. */
enum err dag_load_all(const struct config *c, const struct declared *declared, struct dag_set **out,
                      struct faults *faults, struct errbuf *e) MUST_CHECK;

#endif
