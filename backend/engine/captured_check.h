/*
 * What a configuration names and nothing of it brings: tables of the model, of `verify` tasks and
 * of data tests that no source connector captures, or no sink loads. Connectors may be added at run
 * time, so these are warnings.
 *
 * Thread rule: any thread.
 */
#ifndef ENGINE_CAPTURED_CHECK_H
#define ENGINE_CAPTURED_CHECK_H

#include "backend/engine/connector_config.h"
#include "backend/engine/dag_config.h"

/* dags may be NULL. Each warning begins with file:line. */
void captured_check(const struct config *c, const struct connector_list *connectors,
                    const struct declared *declared, const struct dag_set *dags,
                    struct faults *warnings);

#endif
